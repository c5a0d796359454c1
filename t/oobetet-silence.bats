# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet while it receives nothing: history, stops, and what counts as silence.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }

teardown() {
	family CONT || :
	stop_all
}

# family SIGNAL: sends it to oobetet and all its children
family() {
	local pid=${pids[oobetet]:-}
	[ -z "$pid" ] || kill "-$1" "$pid" $(pgrep -P "$pid") 2>/dev/null
}

# seconds_from_to NAME PATTERN PATTERN: from the last line of NAME.log that matches the one to
# the first that matches the other
seconds_from_to() {
	local from to
	from=$(grep -E "$2" "$work/$1.log" | tail -n 1 | cut -d' ' -f1)
	to=$(grep -Em 1 "$3" "$work/$1.log" | cut -d' ' -f1)
	awk -v from="$from" -v to="$to" 'BEGIN { print to - from }'
}

@test "oobetet: history of an absence counts at its stamps" {
	start_chain max_latency=8
	both
	poll 20 room_has '<flapjack> Recovery'
	old=$(worker_pid xmpp)
	freeze "$old"
	read -rt 3 <> <(:) || :
	both
	# the worker is stuck, killed and restarted; the alarm is due eight seconds after the missed
	# message, whose stamp has whole seconds
	poll 20 room_has '<oobetet>.* is Critical'
	ended "$old"
	[ "$(count_of oobetet 'info: in the room ops')" -eq 2 ]
	passed=$(seconds_from_to eve '<flapjack> Recovery' '<oobetet>.* is Critical')
	echo "$passed s"
	awk -v passed="$passed" 'BEGIN { exit !(passed > 6.5) }'
}

@test "oobetet: time while all processes are stopped is not counted, earlier silence is" {
	start_chain max_latency=4
	both
	poll 20 room_has '<flapjack> Recovery'
	read -rt 2 <> <(:) || :
	# shellcheck disable=SC2046 # numbers
	freeze oobetet $(pgrep -P "${pids[oobetet]}")
	read -rt 6 <> <(:) || :
	family CONT
	poll 20 room_has '<oobetet> oobetet on .* was stopped, or its machine was, for [0-9]+ s and could not hear "Flapper" on web-01'
	run ! room_has '<oobetet>.* is Critical'
	poll 20 room_has '<oobetet>.* is Critical'
	passed=$(seconds_from_to eve '<flapjack> Recovery' '<oobetet>.* is Critical')
	echo "$passed s"
	awk -v passed="$passed" 'BEGIN { exit !(passed > 9 && passed < 14) }'
	# its workers were not killed as stuck
	run ! log_has oobetet 'not responding'
}

@test "oobetet: only watched nicks in watched rooms count; only alert rooms get alarms" {
	start_chain watched_nick=flapjack watch_rooms=ops@conference.localhost \
		alert_rooms=loud@conference.localhost greeting=no
	run ! log_has oobetet 'watched_nick is not set'
	poll 20 log_has oobetet 'in the room loud@conference.localhost as oobetet'
	enter_room loud flapjack loud
	poll 20 log_has loud '<oobetet>.* is Critical'
	run ! log_has loud 'watching for'
	say eve 'Problem: "Flapper" on web-01 is Critical'
	say eve 'Recovery: "Flapper" on web-01 is OK'
	say loud 'Problem: "Flapper" on web-01 is Critical'
	say loud 'Recovery: "Flapper" on web-01 is OK'
	poll 20 room_has '<eve> Recovery'
	poll 20 log_has loud '<flapjack> Recovery'
	alarms=$(count_of loud '<oobetet>.* is Critical')
	poll 20 at_least $((alarms + 2)) loud '<oobetet>.* is Critical'
	run ! log_has loud 'Monitoring is OK'
	both
	poll 20 log_has loud 'Monitoring is OK'
	run ! room_has '<oobetet>'
}

@test "oobetet: configured patterns for another alerter, and for a heartbeat" {
	start_chain 'problem_pattern=^\[FIRING:[0-9]+\] Flapper' 'recovery_pattern=^\[RESOLVED\] Flapper'
	poll 20 room_has 'is Critical: haven.t seen a test (problem|recovery)'
	both
	say flapjack '[FIRING:1] Flapper'
	say flapjack '[RESOLVED] Flapper'
	poll 20 room_has 'Monitoring is OK'
	stop oobetet
	write_ini 'heartbeat_pattern=Watchdog.*firing'
	start_oobetet
	poll 20 room_has 'is Critical: haven.t seen a test heartbeat notification'
	say flapjack '[Watchdog] is firing'
	poll 20 at_least 2 eve 'Monitoring is OK'
}
