# How often a session may call a tool, by tool and by the agent's tier; a budget for what calls cost.
package bench

default decision := {"action": "DENY", "reason": "unknown tool"}

decision := {"action": "DENY", "reason": "limit reached", "limit": limit} if {
	input.session.calls[input.tool] >= limit
} else := {"action": "DENY", "reason": "budget spent", "limit": limit} if {
	input.session.spent + data.costs[input.tool] > data.budgets[input.agent.tier]
} else := {"action": "ALLOW", "reason": "within limits", "limit": limit} if {
	limit
}

limit := data.limits[input.agent.tier][input.tool]
