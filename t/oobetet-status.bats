# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet is asked for its status in a room.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

answers() {
	count_of eve '<oobetet> oobetet on [^:]+: "Flapper" on web-01: '
}

# ask QUESTION: eve asks, again if it was too soon, and has got one answer more
ask() {
	local before
	before=$(answers)
	say eve "$1"
	poll 3 more_than "$before" && return
	say eve "$1"
	poll 20 more_than "$before"
}

# the two messages may still be under way when it is asked first
it_is_well() {
	ask 'oobetet: status'
	room_has '<oobetet> oobetet on [^:]+: "Flapper" on web-01: well; last problem [0-9]+ s ago, last recovery [0-9]+ s ago; no alarm so far'
}

more_than() { [ "$(answers)" -gt "$1" ]; }

@test "oobetet: asked for its status, it answers with a line for each watch of the room" {
	start_chain max_latency=60
	both
	poll 20 it_is_well
	run ! grep -E '0123456789abcdef|secret-of-oobetet' "$work/eve.log"
	# a second oobetet, which the room knows by another nick, and others' texts
	prosody_account other secret-of-oobetet
	sed 's/^jabberid.*/jabberid = other@localhost\nalias = oobetet/' "$work/oobetet.ini" >"$work/other.ini"
	start other oobetet -c "$work/other.ini"
	poll 60 log_has other 'in the room ops@conference.localhost as oobetet_$'
	local before
	before=$(answers)
	say_with old1 '<delay xmlns="urn:xmpp:delay" stamp="2026-11-20T10:29:06Z" from="ops@conference.localhost"/>' 'oobetet: status'
	say_with new1 '<replace xmlns="urn:xmpp:message-correct:0" id="old"/>' 'oobetet: status'
	say_with oobetet-1 '' 'oobetet: status'
	say eve 'oobetet on x: status'
	say eve 'status'
	say eve 'oobetet_, status'
	poll 20 room_has '<oobetet_> oobetet on [^:]+: "Flapper" on web-01: '
	[ "$(answers)" -eq "$before" ]
	ask 'Oobetet, status?'
	[ "$(answers)" -eq $((before + 1)) ]
	[ "$(count_of eve '<oobetet_> oobetet on [^:]+: "Flapper" on web-01: ')" -eq 1 ]
}

@test "oobetet: a room gets at most one answer a second" {
	start_chain max_latency=60
	local i began=$SECONDS
	for i in {1..30}; do say eve "oobetet: status"; done
	poll 20 more_than 0
	poll 20 at_least 30 eve '<eve> oobetet: status'
	ask 'oobetet: status'
	[ "$(answers)" -le $((SECONDS - began + 1)) ]
}

@test "oobetet: the status in a room is of its own watches only, and of as many as fit" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	enter_room eve eve
	write_ini max_latency=60 watched_check= watched_entity= pagerduty_contact= watched_nick=flapjack
	local i
	for i in {1..60}; do printf '\n[watch w%s]\nwatched_check = Flapper %s of a data centre\n' "$i" "$i"; done >>"$work/oobetet.ini"
	printf '\n[watch elsewhere]\nwatched_check = Elsewhere\nrooms = dev@conference.localhost\n' >>"$work/oobetet.ini"
	start_oobetet
	say eve 'oobetet: status'
	poll 20 room_has '<oobetet> oobetet on [^:]+: "Flapper 1 of a data centre": well; no problem for [0-9.]+ m?s, no recovery for [0-9.]+ m?s; no alarm so far'
	room_has 'and [0-9]+ more'
	run ! grep 'Elsewhere' "$work/eve.log"
	[ "$(grep -o 'of a data centre": well' "$work/eve.log" | wc -l)" -ge 20 ]
	[ "$(wc -c <"$work/eve.log")" -lt 20000 ]
}
