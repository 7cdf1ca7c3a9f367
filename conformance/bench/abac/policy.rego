# Attributes of who asks, of what is asked for and of the circumstances.
package bench

default decision := {"allow": false}

decision := {"allow": true, "why": "owner"} if {
	input.subject.id == input.resource.owner
	not frozen
} else := {"allow": true, "why": "same department"} if {
	input.action in {"read", "comment"}
	input.subject.department == input.resource.department
	input.subject.clearance >= input.resource.classification
	working_hours
	not frozen
} else := {"allow": true, "why": "incident"} if {
	input.context.incident == true
	"responder" in input.subject.duties
	input.subject.clearance >= 3
}

working_hours if {
	input.context.hour >= 7
	input.context.hour < 19
}

frozen if input.resource.state == "frozen"
