# The shape of AgentGate's own policy, with a few rules that its users add.
package bench

default decision := {"action": "DENY", "reason": "No matching rule", "rule": null}

decision := {"action": "DENY", "reason": "Tool not in allowlist", "rule": "unknown_tool"} if {
	not known_tool
} else := {"action": "DENY", "reason": "Outside office hours", "rule": "hours"} if {
	write_tool
	not office_hours
} else := {"action": "DENY", "reason": "Table is protected", "rule": "protected"} if {
	input.tool_name in {"db_insert", "db_update", "db_delete"}
	input.arguments.table in data.protected_tables
} else := {"action": "ALLOW", "reason": "Write action approved", "rule": "write_with_approval"} if {
	write_tool
	input.has_approval_token == true
} else := {"action": "REQUIRE_APPROVAL", "reason": "Write action requires human approval", "rule": "write"} if {
	write_tool
} else := {"action": "ALLOW", "reason": "Read-only tool", "rule": "read"} if {
	input.tool_name in data.read_only_tools
}

known_tool if input.tool_name in data.all_known_tools

write_tool if input.tool_name in data.write_tools

office_hours if {
	input.hour >= 6
	input.hour <= 22
}
