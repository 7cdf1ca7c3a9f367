# Roles in data: a user has roles, a role grants actions on kinds of resources.
package bench

default decision := {"allow": false, "reason": "no role grants it"}

decision := {"allow": true, "reason": "granted by role"} if granted

granted if {
	some role in data.user_roles[input.user]
	some grant in data.role_grants[role]
	grant.action == input.action
	grant.kind == input.resource.kind
}
