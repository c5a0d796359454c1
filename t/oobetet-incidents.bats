# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet and manual changes at PagerDuty; version 1 of its API; the heartbeat.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# by_hand ACTION: somebody does this at PagerDuty to all open incidents
by_hand() {
	curl -sS -X POST "${pagerduty_url%/v2*}/by-hand/$1"
}

ok_sent() {
	both
	poll 20 pagerduty_has "$1"
}

@test "oobetet: each outage is a new incident, after manual changes to the last one too" {
	start_chain max_latency=1
	poll 20 pagerduty_has 'incident 1 opened'
	by_hand maintenance-on
	ok_sent 'incident 1 stays open: maintenance'
	by_hand maintenance-off
	poll 20 pagerduty_has 'incident 2 opened'
	by_hand acknowledge
	poll 20 pagerduty_has 'incident 2 goes on, unheard: acknowledged'
	ok_sent 'incident 2 resolved'
	poll 20 pagerduty_has 'incident 3 opened'
	by_hand resolve
	# the outage continues: the next repeat opens a new incident
	poll 20 pagerduty_has 'incident 4 opened'
	ok_sent 'incident 4 resolved'
	poll 20 pagerduty_has 'incident 5 opened'
	run ! log_has pagerduty refused
}

@test "oobetet: one kind returns before the other is missing: one incident" {
	start_chain max_latency=4
	recovery
	read -rt 2 <> <(:) || :
	problem
	poll 20 pagerduty_has 'incident 1 opened'
	recovery
	poll 20 room_has "<oobetet>.* is Critical: haven't seen a test problem"
	run ! pagerduty_has 'resolve'
	problem
	poll 20 pagerduty_has 'incident 1 resolved'
	both
	run ! pagerduty_has 'incident 2'
}

@test "oobetet: version 1 of the API: 403 is retried, 200 is success" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --api 1 --answer 403,403
	enter_room flapjack flapjack
	write_ini pagerduty_api=v1 pagerduty_contact=0123456789abcdef0123456789abcdef repeat_interval=30
	start_oobetet
	poll 20 pagerduty_has '200 trigger "Flapjack Self Monitoring from [^ ]+, 2[-0-9]+T[0-9:.]+Z, ..Flapper.. on web-01" "Flapjack Self Monitoring is Critical: haven.t seen'
	[ "$(count_of pagerduty ' 403 trigger ')" -eq 2 ]
	log_has oobetet 'error: delivery to PagerDuty is failing: HTTP 403: this answer was asked for; trying again'
	poll 20 log_has oobetet 'info: delivery to PagerDuty works again'
	ok_sent '200 resolve'
	log_has pagerduty ' incident 1 resolved$'
}

@test "oobetet: a key of a version 1 integration: room and log name the setting to change" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --api 1
	enter_room eve eve
	write_ini pagerduty_url="${pagerduty_url%/generic*}/v2/enqueue"
	start_oobetet
	poll 20 log_has oobetet 'error: PagerDuty rejected .*: HTTP 400 \(if that key is for version 1 of the Events API: set pagerduty_api = v1\)'
	poll 20 room_has '<oobetet>.* is Critical.*; delivery to PagerDuty is failing \(.*set pagerduty_api = v1\)'
}

@test "oobetet: the configured severity is sent" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --payload
	write_ini pagerduty_severity=warning max_latency=1
	start_oobetet
	poll 20 pagerduty_has '202 trigger'
	log_has pagerduty '"severity": "warning"'
}

@test "oobetet: the heartbeat is sent only while in the room, without PagerDuty too" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	write_ini pagerduty_contact= heartbeat_url="${pagerduty_url%/v2*}/heartbeat" heartbeat_interval=1
	start_oobetet
	poll 20 at_least 2 pagerduty ' 200 heartbeat'
	ban oobetet
	poll 20 log_has oobetet 'out of the room ops@conference.localhost: banned'
	read -rt 1 <> <(:) || : # one that is under way may still arrive
	fetched=$(count_of pagerduty ' 200 heartbeat')
	poll 20 log_has oobetet 'out of the room ops@conference.localhost: forbidden'
	read -rt 2 <> <(:) || : # that nothing comes is only seen by waiting
	[ "$(count_of pagerduty ' 200 heartbeat')" -eq "$fetched" ]
	unban oobetet
	poll 20 at_least $((fetched + 1)) pagerduty ' 200 heartbeat'
}

@test "oobetet: heartbeat failure and recovery are logged once each" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	port=${pagerduty_url##*127.0.0.1:} port=${port%%/*}
	write_ini pagerduty_contact= heartbeat_url="${pagerduty_url%/v2*}/heartbeat" heartbeat_interval=1
	start_oobetet
	poll 20 pagerduty_has '200 heartbeat'
	stop pagerduty
	# while the server exits, a request may fail with another error first
	poll 20 log_has oobetet 'error: heartbeat_url cannot be fetched: Failed to connect .*; trying again'
	read -rt 2.5 <> <(:) || : # time for a second message
	start_pagerduty --port "$port"
	poll 20 log_has oobetet 'info: heartbeat_url is fetched again'
	[ "$(count_of oobetet 'heartbeat_url cannot be fetched: Failed to connect')" -eq 1 ]
}
