# SPDX-License-Identifier: MIT
#
# From what a bench said (bench.bash) to a table for people; notes and goals come last. Rows that follow each other and have
# the same keys are one table; whole numbers of five digits and more get their thousands parted.

BEGIN { FS = "\t" }

function parted(number,    whole, rest) {
	if (number !~ /^[0-9][0-9][0-9][0-9][0-9]+$/)
		return number
	whole = number
	rest = ""
	while (length(whole) > 3) {
		rest = "," substr(whole, length(whole) - 2) rest
		whole = substr(whole, 1, length(whole) - 3)
	}
	return whole rest
}

function cell_put(column, text) {
	cells[rows, column] = text
	if (length(text) > widths[column])
		widths[column] = length(text)
}

function rows_print(    r, c) {
	for (r = 0; r < rows; r++) {
		printf " "
		for (c = 2; c <= columns; c++)
			printf "  %*s", widths[c], cells[r, c]
		printf "\n"
	}
	rows = 0
	heads = ""
	split("", widths)
}

$1 == "title" { print name ": " $2 }
$1 == "row" {
	keys = ""
	for (i = 2; i <= NF; i++)
		keys = keys substr($i, 1, index($i, "=")) FS
	if (keys != heads) {
		rows_print()
		heads = keys
		columns = NF
		for (i = 2; i <= NF; i++)
			cell_put(i, substr($i, 1, index($i, "=") - 1))
		rows++
	}
	for (i = 2; i <= NF; i++)
		cell_put(i, parted(substr($i, index($i, "=") + 1)))
	rows++
}
$1 == "goal" { goals = goals sprintf("  %-6s  %s: %s (%s %s)\n", $6, $2, parted($3), $4, parted($5)) }
$1 == "note" { notes = notes "  " $2 "\n" }
END {
	rows_print()
	gsub(/\(at-/, "(at ", goals)
	printf "%s%s", notes, goals
}
