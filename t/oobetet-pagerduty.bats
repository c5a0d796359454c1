# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet with a PagerDuty that fails, refuses or hangs.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

@test "oobetet: PagerDuty answers 500 and 429, then takes it: one incident, resolved" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --answer 500,429,500
	enter_room flapjack flapjack
	write_ini repeat_interval=30
	start_oobetet
	poll 20 paged '202 trigger'
	[ "$(count_of pagerduty ' (500|429) trigger ')" -eq 3 ]
	[ "$(count_of oobetet 'error: PagerDuty cannot be told: HTTP 500: .*this answer was asked for.*; trying again')" -ge 1 ]
	poll 20 said oobetet 'info: PagerDuty has been told again'
	both
	poll 20 paged '202 resolve'
	[ "$(count_of pagerduty ' 202 ')" -eq 2 ]
}

@test "oobetet: PagerDuty refuses with 400: not tried again, said loudly, and in the room" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	enter_room eve eve
	write_ini pagerduty_contact=too-short repeat_interval=5
	start_oobetet
	poll 20 said oobetet 'error: PagerDuty refuses what it is told, which is not tried again: HTTP 400: .*routing_key'
	poll 20 heard '<oobetet>.* is Critical.*; PagerDuty does not take what it is told \(HTTP 400'
	[ "$(count_of pagerduty ' 400 refused')" -le "$(count_of eve 'is Critical')" ]
	run ! grep -q too-short "$work/oobetet.log" "$work/eve.log"
}

@test "oobetet: PagerDuty takes the connection and never answers: the room is told in time" {
	start_chain
	stop pagerduty
	start_pagerduty --answer hang,hang,hang
	stop oobetet
	write_ini
	start_oobetet
	both
	poll 20 heard '<oobetet>.* is Critical'
	both
	poll 20 heard '<oobetet>.* is OK'
	poll 30 said oobetet 'error: PagerDuty cannot be told: .*(timed out|Timeout).*; trying again'
}
