package agentgate_test

import data.agentgate

lists := {
	"read_only_tools": ["peek", "both", "stray"],
	"write_tools": ["poke", "both"],
	"all_known_tools": ["peek", "poke", "both", "idle"],
}

decide(tool, approved) := decision if {
	decision := agentgate.decision with input as {"tool_name": tool, "has_approval_token": approved}
		with data.read_only_tools as lists.read_only_tools
		with data.write_tools as lists.write_tools
		with data.all_known_tools as lists.all_known_tools
}

test_read_only_tool_is_allowed if {
	every approved in [true, false] {
		decide("peek", approved) == {
			"action": "ALLOW",
			"reason": "Read-only tool",
			"matched_rule": "read_only_tools",
			"is_write_action": false,
		}
	}
}

test_write_tool_needs_approval if {
	decide("poke", false) == {
		"action": "REQUIRE_APPROVAL",
		"reason": "Write action requires human approval",
		"matched_rule": "write_requires_approval",
		"is_write_action": true,
	}
}

test_write_tool_runs_with_approval if {
	decide("poke", true) == {
		"action": "ALLOW",
		"reason": "Write action approved",
		"matched_rule": "write_with_approval",
		"is_write_action": true,
	}
}

test_unknown_tool_is_denied_whatever_the_token if {
	every approved in [true, false] {
		decide("hack_the_planet", approved).matched_rule == "unknown_tool"
		decide("hack_the_planet", approved).action == "DENY"
	}
}

test_read_only_tool_outside_the_allowlist_is_unknown if {
	decide("stray", false).matched_rule == "unknown_tool"
}

test_tool_in_both_lists_counts_as_a_write if {
	decide("both", false).matched_rule == "write_requires_approval"
	decide("both", true).matched_rule == "write_with_approval"
}

test_known_tool_in_no_list_falls_to_the_default if {
	every approved in [true, false] {
		decide("idle", approved) == {
			"action": "DENY",
			"reason": "No matching rule",
			"matched_rule": null,
			"is_write_action": false,
		}
	}
}

test_a_token_state_that_is_no_boolean_is_no_approval if {
	every state in ["true", 1, null, {}] {
		decide("poke", state).action == "REQUIRE_APPROVAL"
	}
}

test_a_name_that_is_no_string_is_unknown if {
	every name in [null, 7, ["peek"], {"peek": true}] {
		decide(name, true).matched_rule == "unknown_tool"
	}
}

test_a_call_without_a_tool_is_unknown if {
	decision := agentgate.decision with input as {}
	decision.matched_rule == "unknown_tool"
}

test_policy_without_lists_denies if {
	decision := agentgate.decision with input as {"tool_name": "peek"}
		with data.all_known_tools as []
	decision.action == "DENY"
}

# What ships: each tool of data.json, with and without a token.

shipped := {
	"db_query": "read_only_tools",
	"file_read": "read_only_tools",
	"api_get": "read_only_tools",
	"rate_limited_tool": "read_only_tools",
	"db_insert": "write_requires_approval",
	"db_update": "write_requires_approval",
	"file_write": "write_requires_approval",
	"api_post": "write_requires_approval",
}

test_shipped_tools if {
	every tool, rule in shipped {
		decision := agentgate.decision with input as {"tool_name": tool, "has_approval_token": false}
		decision.matched_rule == rule
	}
}

test_shipped_lists_name_every_known_tool if {
	{tool | some tool in data.all_known_tools} == object.keys(shipped)
}
