# SPDX-License-Identifier: MIT
#
# From what the benches said (bench.bash), a file each after that of the machine, to JSON:
#
#   {"machine": "…", …, "benches": {"post": {"title": "…", "rows": [{…}], "goals": [{…}], "notes": ["…"]}}}

BEGIN { FS = "\t"; printf "{" }

function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\""
}

function value(text) {
	return text ~ /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/ ? text : quoted(text)
}

function row_json(    i, at, out) {
	for (i = 2; i <= NF; i++) {
		at = index($i, "=")
		out = out (i > 2 ? ", " : "") quoted(substr($i, 1, at - 1)) ": " value(substr($i, at + 1))
	}
	return "{" out "}"
}

function goal_json() {
	return "{\"goal\": " quoted($2) ", \"value\": " value($3) ", " quoted($4) ": " value($5) \
		", \"met\": " ($6 == "met" ? "true" : "false") "}"
}

function bench_end() {
	if (bench != "")
		printf "{\"title\": %s,\n  \"rows\": [%s],\n  \"goals\": [%s],\n  \"notes\": [%s]}",
			quoted(title), rows, goals, notes
	rows = goals = notes = ""
}

FILENAME == "machine" { printf "%s: %s,\n", quoted($1), quoted($2); next }
FNR == 1 {
	bench_end()
	printf "%s%s: ", bench == "" ? "\"benches\": {\n " : ",\n ", quoted(FILENAME)
	bench = FILENAME
}
$1 == "title" { title = $2 }
$1 == "row" { rows = rows (rows == "" ? "\n    " : ",\n    ") row_json() }
$1 == "goal" { goals = goals (goals == "" ? "\n    " : ",\n    ") goal_json() }
$1 == "note" { notes = notes (notes == "" ? "\n    " : ",\n    ") quoted($2) }
END { bench_end(); print bench == "" ? "\"benches\": {}}" : "\n}}" }
