#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $work, $root and what load brings; words of Nagios
# doc/examples/oobetet/patterns: the messages of other alerters, as each file has them, are taken for
# what the file says.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/oobetet

setup() {
	start_work
	patterns=$root/doc/examples/oobetet/patterns
}
teardown() { stop_all; }

# transcript FILE: lines of what a message is, a tab and the message
transcript() {
	sed -En 's/^#   (problem|recovery|acknowledgement|ignored) +(.*)/\1\t\2/p' "$1"
}

# judged FILE: the same, as oobetet --explain with that configuration sees these messages
judged() {
	write_ini watched_check= watched_entity= watched_nick=alerter
	cat "$1" >>"$work/oobetet.ini"
	transcript "$1" | cut -f 2 >"$work/log"
	oobetet -c "$work/oobetet.ini" --explain <"$work/log" >"$work/explained" 2>"$work/errors"
	sed -En 's/^([0-9]+): ([a-z]+).*/\2/p' "$work/explained" | paste - "$work/log"
}

@test "oobetet: the patterns for other alerters judge their messages as they say" {
	local file
	for file in "$patterns"/*.ini; do
		echo "$file"
		transcript "$file" >"$work/expected"
		[ "$(grep -c '^problem' "$work/expected")" -ge 1 ]
		[ "$(grep -c '^recovery' "$work/expected")" -ge 1 ]
		[ "$(grep -c '^ignored' "$work/expected")" -ge 2 ]
		judged "$file" | diff "$work/expected" -
		grep -qF "  ${file##*/} " "$patterns/README"
	done
}

# The subject of the real script; the others' are quoted from their sources.
@test "oobetet: the messages of Nagios are those of Debian's commands.cfg" {
	local subject
	subject=$(sed -n '/notify-service-by-email/,/}/s/.*mail -s "\([^"]*\)".*/\1/p' /etc/nagios4/objects/commands.cfg)
	[ -n "$subject" ]
	transcript "$patterns/nagios.ini" | grep -Fq "$(sed 's/\$NOTIFICATIONTYPE\$/PROBLEM/; s/\$HOSTALIAS\$/lab/
		s/\$SERVICEDESC\$/Flapper/; s/\$SERVICESTATE\$/CRITICAL/' <<<"$subject")"
}
