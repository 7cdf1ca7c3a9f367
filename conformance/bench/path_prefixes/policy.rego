# Files below some folders may be read, fewer may be written, and none that climbs out.
package bench

default decision := {"action": "DENY", "reason": "outside the workspace"}

decision := {"action": "DENY", "reason": "path is not plain"} if {
	not plain
} else := {"action": "DENY", "reason": "secret"} if {
	secret
} else := {"action": "ALLOW", "reason": "below a folder for writing"} if {
	input.tool == "file_write"
	some folder in data.writable
	startswith(input.arguments.path, folder)
} else := {"action": "ALLOW", "reason": "below a folder for reading"} if {
	input.tool == "file_read"
	some folder in data.readable
	startswith(input.arguments.path, folder)
}

plain if {
	startswith(input.arguments.path, "/")
	not contains(input.arguments.path, "..")
	not contains(input.arguments.path, "//")
}

secret if {
	some suffix in data.secret_suffixes
	endswith(input.arguments.path, suffix)
}
