# Where a tool may connect to: addresses in ranges, ports, and none that is private.
package bench

default decision := {"allow": false, "reason": "no rule allows the destination"}

decision := {"allow": false, "reason": "private address"} if {
	private
} else := {"allow": true, "reason": "allowed range"} if {
	some rule in data.egress
	net.cidr_contains(rule.range, input.destination.address)
	input.destination.port in rule.ports
}

private if {
	some range in data.private_ranges
	net.cidr_contains(range, input.destination.address)
}
