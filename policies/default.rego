# What AgentGate asks about every call: data.agentgate.decision, with the call as input.
#
# The chain below is read from the top and its first match decides, so that a tool in two lists can't be in conflict
# with itself: unknown before write, write before read-only, and a denial when nothing matches.
package agentgate

default decision := {
	"action": "DENY",
	"reason": "No matching rule",
	"matched_rule": null,
	"is_write_action": false,
}

decision := {
	"action": "DENY",
	"reason": "Tool not in allowlist",
	"matched_rule": "unknown_tool",
	"is_write_action": false,
} if {
	not known_tool
} else := {
	"action": "ALLOW",
	"reason": "Write action approved",
	"matched_rule": "write_with_approval",
	"is_write_action": true,
} if {
	write_tool
	input.has_approval_token == true
} else := {
	"action": "REQUIRE_APPROVAL",
	"reason": "Write action requires human approval",
	"matched_rule": "write_requires_approval",
	"is_write_action": true,
} if {
	write_tool
} else := {
	"action": "ALLOW",
	"reason": "Read-only tool",
	"matched_rule": "read_only_tools",
	"is_write_action": false,
} if {
	read_only_tool
}

known_tool if input.tool_name in data.all_known_tools

write_tool if input.tool_name in data.write_tools

read_only_tool if input.tool_name in data.read_only_tools
