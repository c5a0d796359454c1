# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet while its workers die or are stopped.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }

teardown() {
	for name in xmpp http; do kill -CONT "$(worker_pid "$name")" 2>/dev/null || :; done
	stop_all
}

worker_replaced() {
	local now
	now=$(worker_pid "$1") && [ "$now" != "$2" ]
}

# The next incident reaches every channel.
second_incident() {
	sed '1,/<oobetet>.*is OK/d' "$work/eve.log" | grep -q '<oobetet>.* is Critical' &&
		sed '1,/ 202 resolve/d' "$work/pagerduty.log" | grep -q '202 trigger'
}

# trouble WORKER SIGNAL: the signal during an incident, which ends; the next one is sent
trouble() {
	local old
	poll 20 room_has '<oobetet>.* is Critical'
	old=$(worker_pid "$1")
	kill "-$2" "$old"
	poll 30 worker_replaced "$1" "$old"
	ended "$old"
	[ "$1" = http ] || poll 20 at_least 2 oobetet 'info: in the room ops@conference.localhost as'
	both
	poll 20 room_has '<oobetet>.* is OK'
	poll 20 pagerduty_has '202 resolve'
	poll 20 second_incident
	[ "$(incidents)" -eq 2 ]
}

@test "oobetet: the xmpp worker is killed" {
	start_chain
	trouble xmpp KILL
	log_has oobetet 'warning: xmpp: it ended without giving a reason; trying again'
}

@test "oobetet: the xmpp worker is stopped" {
	start_chain
	trouble xmpp STOP
	log_has oobetet 'warning: xmpp: not responding, killed; trying again'
}

@test "oobetet: the http worker is killed" {
	start_chain
	trouble http KILL
	log_has oobetet 'warning: http: it ended without giving a reason; trying again'
}

@test "oobetet: the http worker is stopped" {
	start_chain
	trouble http STOP
	log_has oobetet 'warning: http: not responding, killed; trying again'
}

@test "oobetet: SIGTERM is exit 0 within two seconds even if both workers are stopped" {
	start_chain
	xmpp=$(worker_pid xmpp) http=$(worker_pid http)
	freeze "$xmpp" "$http"
	stop_within 2 oobetet
	poll 5 eval "! grep -q '^State:.[^Z]' /proc/$xmpp/status /proc/$http/status 2>/dev/null"
}

@test "oobetet: its workers exit when it is killed" {
	start_chain
	xmpp=$(worker_pid xmpp) http=$(worker_pid http)
	freeze "$http"
	kill -KILL "${pids[oobetet]}"
	poll 10 eval "! grep -q '^State:.[^Z]' /proc/$xmpp/status /proc/$http/status 2>/dev/null"
	poll 20 room_has 'presence oobetet has left'
}
