# Arguments are checked against regular expressions and globs, by tool.
package bench

default decision := {"action": "DENY", "reason": "arguments not allowed"}

decision := {"action": "ALLOW", "reason": "select only"} if {
	input.tool == "db_query"
	regex.match(`(?i)^\s*select\s`, input.arguments.sql)
	not regex.match(`(?i)\b(drop|delete|update|insert|alter|grant)\b`, input.arguments.sql)
	not contains(input.arguments.sql, ";")
}

decision := {"action": "ALLOW", "reason": "known host"} if {
	input.tool == "http_get"
	glob.match("https://*.example.com/**", ["/", "."], input.arguments.url)
}

decision := {"action": "ALLOW", "reason": "internal mail"} if {
	input.tool == "send_mail"
	every address in input.arguments.to {
		regex.match(`^[a-z0-9._%+-]+@example\.com$`, address)
	}
}
