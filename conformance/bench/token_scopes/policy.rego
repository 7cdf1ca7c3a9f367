# What a token's scopes and claims allow: sets against sets.
package bench

default decision := {"allow": false, "missing": []}

decision := {"allow": true, "missing": []} if {
	valid
	count(missing) == 0
} else := {"allow": false, "missing": missing} if {
	valid
}

valid if {
	input.token.iss in data.issuers
	input.now >= input.token.nbf
	input.now < input.token.exp
	data.audience in input.token.aud
}

scopes := {scope | some scope in split(input.token.scope, " ")}

missing := data_scopes - scopes

data_scopes := {scope | some scope in data.required[input.method][input.resource]}
