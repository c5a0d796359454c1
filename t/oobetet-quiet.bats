# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet --quiet: planned work, during which no alarm goes out.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# quiet [OPTION...]: oobetet --quiet with these options, and the configuration of the test
quiet() {
	oobetet -c "$work/oobetet.ini" --quiet "$@" 2>"$work/quiet.log"
}

# refuses CODE MESSAGE OPTION...: exits with CODE and a message that contains MESSAGE
refuses() {
	exits "$1" "$2" oobetet -c "$work/oobetet.ini" "${@:3}"
}

held() {
	log_has oobetet 'info: "Flapper" on web-01: an incident begins during planned work: it is reported at the end of the work if it lasts'
}

@test "oobetet: --quiet refuses what it cannot do, with the reason" {
	write_ini
	refuses 64 '--quiet needs --reason' --quiet 1h
	refuses 64 "'25h'" --quiet 25h --reason switches
	refuses 64 '--reason and --watch are only for --quiet' --reason switches
	refuses 64 'exclude each other' --quiet 0 -n
	refuses 64 '--reason' --quiet 1h --reason "$(head -c 201 /dev/zero | tr '\0' x)"
	refuses 78 '--quiet needs a state file, beside which it is kept: set state_file' --quiet 1h --reason switches
	write_ini state_file="$work/state"
	refuses 64 'expected one line of UTF-8' --quiet 1h --reason $'two\nlines'
	refuses 64 '--watch nobody: there is no section [watch nobody]' --quiet 1h --reason x --watch nobody
	[ ! -e "$work/state.quiet" ]
	write_ini state_file="$work/none/state"
	refuses 73 "planned work is not set: $work/none/state.quiet: No such file" --quiet 1h --reason x
}

@test "oobetet: planned work holds back the alarm; its end in time sends it" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	enter_room eve eve
	write_ini state_file="$work/state" heartbeat_url="${pagerduty_url%/v2*}/heartbeat" heartbeat_interval=1
	quiet 1h --reason 'new switches' >"$work/told"
	grep -q 'no oobetet runs with the state file' "$work/quiet.log"
	quiet 0 | grep -x 'planned work is over'
	quiet 0 | grep -x 'no planned work was set'
	start_oobetet
	both
	poll 20 test -s "$work/state"
	quiet 1h --reason 'new switches' >"$work/told"
	grep -E '^planned work until [-0-9]+ [0-9:]+ [+][0-9]+: no alarm for any watch$' "$work/told"
	run ! grep 'no oobetet runs' "$work/quiet.log"
	poll 20 room_has '<oobetet> oobetet on .*: planned work until .* \(new switches\): no alarm for "Flapper" on web-01 until then'
	poll 20 held
	run ! room_has 'Monitoring is Critical'
	# the dead man's switch hears of oobetet all the same
	poll 20 at_least $(($(count_of pagerduty ' 200 heartbeat') + 2)) pagerduty ' 200 heartbeat'
	# it survives a restart, and is announced again
	stop oobetet
	start_oobetet
	poll 20 log_has oobetet 'planned work until .* \(new switches\)'
	run ! room_has 'Monitoring is Critical'
	run ! pagerduty_has '202 trigger'
	quiet 0 | grep -x 'planned work is over'
	poll 20 room_has '<oobetet> oobetet on .*: planned work is over \(new switches\): alarms for "Flapper" on web-01 are sent again'
	poll 20 room_has "<oobetet> .* is Critical: haven't seen a test (problem|recovery)"
	poll 20 pagerduty_has 'incident 1 opened'
	both
	poll 20 pagerduty_has 'incident 1 resolved'
	[ "$(incidents)" -eq 1 ]
}

@test "oobetet: planned work ends by itself; an incident that is over by then is not reported" {
	start_chain state_file="$work/state" max_latency=4
	start_beat
	poll 20 test -s "$work/state"
	run ! room_has 'Monitoring is Critical'
	quiet 15 --reason 'new switches'
	poll 20 room_has 'planned work until'
	stop_beat
	poll 20 held
	start_beat
	poll 20 log_has oobetet 'info: "Flapper" on web-01: the incident is over during planned work: it is not reported'
	poll 30 room_has 'planned work is over'
	run ! room_has 'Monitoring is Critical'
	stop_beat
	poll 20 room_has 'Monitoring is Critical'
	[ "$(incidents)" -le 1 ]
}

@test "oobetet: the end of an incident from before planned work is reported" {
	start_chain state_file="$work/state" max_latency=1
	poll 20 pagerduty_has 'incident 1 opened'
	quiet 1h --reason 'repair'
	poll 20 room_has 'planned work until'
	both
	poll 20 pagerduty_has 'incident 1 resolved'
	poll 20 room_has 'Monitoring is OK'
	poll 20 held
}

@test "oobetet: a file of planned work that is damaged, foreign or open to others holds back nothing" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	write_ini state_file="$work/state" max_latency=1
	quiet 1h --reason switches
	grep -q 'no oobetet runs with the state file' "$work/quiet.log"
	cp "$work/state.quiet" "$work/good"
	start_oobetet
	poll 20 held
	# the next alarm is due at once whenever the file does not count
	local reason
	for reason in damaged: 'other users may write it' 'it is no plain file' 'it is empty' 'longer than 65536'; do
		rm -rf "$work/state.quiet"
		case $reason in
		damaged:) sed 's/switches/switched/' "$work/good" >"$work/new" ;;
		other*) cp "$work/good" "$work/new" && chmod 646 "$work/new" ;;
		*plain*) mkdir "$work/new" ;;
		*empty) : >"$work/new" ;;
		longer*) head -c 100000 "$work/good" >"$work/new" && head -c 100000 /dev/zero >>"$work/new" ;;
		esac
		mv "$work/new" "$work/state.quiet"
		poll 20 log_has oobetet "error: planned work: $work/state.quiet: .*$reason.*; it holds back no alarm"
		poll 20 log_has oobetet 'planned work is over'
		poll 20 log_has oobetet 'error: .*is Critical'
		rm -rf "$work/state.quiet"
		: >"$work/oobetet.log"
		cp "$work/good" "$work/new" && mv "$work/new" "$work/state.quiet"
		poll 20 log_has oobetet 'planned work until'
	done
	[ "$(id -u)" -eq 0 ] || skip 'only root can give a file away'
	cp "$work/good" "$work/new" && chown nobody "$work/new" && mv "$work/new" "$work/state.quiet"
	poll 20 log_has oobetet 'error: planned work: .*: it belongs to another user'
	poll 20 log_has oobetet 'error: .*is Critical'
}

@test "oobetet: planned work for one watch leaves the others alone; the status shows it" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room eve eve
	write_ini state_file="$work/state" watched_entity=
	printf '\n[watch web]\nwatched_entity = web-01\n[watch mail]\nwatched_entity = mail-01\n' >>"$work/oobetet.ini"
	quiet 1h --watch web --reason 'new switches' | grep -x 'planned work until .*: no alarm for watch web'
	start_oobetet
	poll 20 room_has 'planned work until .* \(new switches\): no alarm for "Flapper" on web-01 until then'
	poll 20 room_has 'is Critical: .* "Flapper" on mail-01'
	poll 20 log_has oobetet 'info: watch web: "Flapper" on web-01: an incident begins during planned work'
	kill -USR1 "${pids[oobetet]}"
	poll 20 log_has oobetet 'info: watch web: status: "Flapper" on web-01: alarm held back for [0-9.]+ m?s, no (problem|recovery); planned work until .* \(new switches\);'
	run ! room_has 'is Critical: .*web-01'
	run ! pagerduty_has '202 trigger .*web-01'
	# one for all watches is another: each end is announced, to all of whom it holds back
	quiet 1h --reason 'all of them'
	poll 20 room_has 'planned work until .* \(all of them\): no alarm for "Flapper" on web-01, "Flapper" on mail-01 until then'
	quiet 0 --watch mail | grep -x 'no planned work was set for that watch alone'
	quiet 0 | grep -x 'planned work is over'
	poll 20 room_has 'planned work is over \(all of them\): alarms for "Flapper" on web-01, "Flapper" on mail-01 are sent again'
	poll 20 room_has 'is Critical: .*web-01'
}
