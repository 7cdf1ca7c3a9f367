# What may leave in a tool's answer: names of fields that are secret, and texts that look like secrets.
package bench

decision := {"redact": paths, "text": text, "count": count(paths)}

paths := [concat("/", ["", "records", format_int(index, 10), field]) |
	some index, record in input.result.records
	some field, _ in record
	lower(field) in data.secret_fields
]

text := regex.replace(masked_mail, `\b(?:\d[ -]?){13,16}\b`, "[card]")

masked_mail := regex.replace(input.result.summary, `[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`, "[mail]")
