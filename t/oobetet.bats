# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet in a real room: when it raises an alarm, when not, and which messages count.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

@test "oobetet: silence raises an alarm in the room and at PagerDuty, which is repeated and resolved" {
	start_chain
	both
	poll 20 room_has '<oobetet> Flapjack Self Monitoring is Critical: haven.t seen a test problem notification in the last 3 seconds for "Flapper" on web-01, from [^ ]+ at [-0-9]+ [0-9:]+ [+-][0-9]+; '
	poll 20 pagerduty_has '202 trigger "Flapjack Self Monitoring from [^ ]+, 2[-0-9]+T[0-9:.]+Z, ..Flapper.. on web-01" "Flapjack Self Monitoring is Critical: haven.t seen'
	poll 20 at_least 3 eve '<oobetet>.* is Critical'
	poll 20 at_least 3 pagerduty ' 202 trigger '
	problem
	poll 20 room_has '<flapjack> Problem.*is Critical, refused'
	recovery
	poll 20 room_has '<oobetet> Flapjack Self Monitoring is OK \(it was not for [0-9.]+ m?s\), from [^ ]+ at [-0-9]+ [0-9:]+ [+-][0-9]+$'
	poll 20 pagerduty_has '202 resolve '
	# one incident, one key; no refusal, and nothing after the resolve
	[ "$(incidents)" -eq 1 ]
	run ! log_has pagerduty refused
	run ! log_has oobetet NOTICE
	[[ "$(tail -n 1 "$work/pagerduty.log")" == *' incident 1 resolved' ]]
}

@test "oobetet: no alarm while both kinds arrive, an alarm with only one" {
	start_chain max_latency=6
	room_has '<oobetet> oobetet on .*: watching for "Flapper" on web-01'
	start_beat
	poll 60 at_least 30 eve '<flapjack> Recovery' # some ten seconds
	run ! room_has 'Flapjack Self Monitoring'
	run ! pagerduty_has 202
	stop_beat
	SECONDS=0
	until room_has 'is Critical: haven.t seen a test problem notification'; do
		[ $SECONDS -lt 30 ]
		recovery
		read -rt 0.3 <> <(:) || :
	done
}

@test "oobetet: the alarm is sent within a second after max_latency" {
	start_chain
	both
	poll 20 room_has '<oobetet>.* is Critical'
	last=$(grep '<flapjack> Problem' "$work/eve.log" | tail -n 1 | cut -d' ' -f1)
	alarmed_at=$(grep -m 1 '<oobetet>.* is Critical' "$work/eve.log" | cut -d' ' -f1)
	paged=$(grep -m 1 ' 202 trigger ' "$work/pagerduty.log" | cut -d' ' -f1)
	awk -v last="$last" -v alarmed_at="$alarmed_at" -v paged="$paged" 'BEGIN {
		print alarmed_at - last, paged - last
		exit !(alarmed_at - last > 3 && alarmed_at - last < 4 && paged - last > 3 && paged - last < 4) }'
}

@test "oobetet: both of Flapjack's formats count, look-alikes do not" {
	start_chain
	poll 20 room_has 'is Critical: haven'
	say flapjack 'Problem: "Flapper" on web-012 is Critical'
	say flapjack 'Recovery: "Flapper" on web-012 is OK'
	say flapjack 'I saw: Problem: "Flapper" on web-01 is Critical'
	poll 20 room_has 'I saw: '
	run ! room_has 'Monitoring is OK'
	say flapjack 'PROBLEM: flapjack: ACKID , "WEB-01:Flapper" is Critical'
	say flapjack 'Recovery: "web-01:Flapper" is OK'
	poll 20 room_has 'Monitoring is OK'
}

@test "oobetet: history, corrections and copies do not count" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	both
	poll 20 log_has flapjack '<flapjack> Recovery'
	# the room sends both to a new occupant ...
	enter_room eve eve
	poll 20 room_has 'history <flapjack> Recovery'
	# ... but not to oobetet, which asks for no history, and recognises it anyway
	write_ini
	start_oobetet
	poll 20 room_has '<oobetet>.* is Critical'
	for kind in 'Problem: "Flapper" on web-01 is Critical' 'Recovery: "Flapper" on web-01 is OK'; do
		say_with old1 '<delay xmlns="urn:xmpp:delay" stamp="2026-11-20T10:29:06Z"/>' "$kind"
		say_with old2 '<x xmlns="jabber:x:delay" stamp="20261120T10:29:06"/>' "$kind"
		say_with new1 '<replace xmlns="urn:xmpp:message-correct:0" id="old"/>' "$kind"
		say_with new2 '<forwarded xmlns="urn:xmpp:forward:0"/>' "$kind"
		say_with new3 '<sent xmlns="urn:xmpp:carbons:2"/>' "$kind"
		say_with gone1 '<retracted xmlns="urn:xmpp:message-retract:1" id="x" stamp="2026-11-20T10:29:06Z"/>' "$kind"
		say_with gone2 '<retracted xmlns="urn:xmpp:message-retract:0" stamp="2026-11-20T10:29:06Z"/>' "$kind"
		say_with other "<body xmlns='urn:other'>$kind</body>" 'nothing else'
		say_with oobetet-0123456789abcdef-1 '' "$kind"
	done
	say_with last '' 'that was all'
	poll 20 room_has '<flapjack> that was all'
	poll 20 at_least 4 eve '<oobetet>.* is Critical'
	run ! room_has 'Monitoring is OK'
	# a delay stamp of the sender or its server: still live
	say_with last '<delay xmlns="urn:xmpp:delay" from="localhost" stamp="2026-11-20T10:29:06Z"/>' \
		'Problem: "Flapper" on web-01 is Critical'
	say_with last '' 'Recovery: "Flapper" on web-01 is OK'
	poll 20 room_has 'Monitoring is OK'
}

@test "oobetet: messages of its own or of another oobetet do not end an incident" {
	start_chain
	prosody_account other secret-of-other
	write_ini jabberid=other@localhost password=secret-of-other pagerduty_contact=
	start other oobetet -c "$work/oobetet.ini"
	poll 20 room_has '<other>.* is Critical'
	poll 20 at_least 3 eve '<oobetet>.* is Critical'
	run ! room_has 'Monitoring is OK'
	both
	poll 20 room_has '<other>.*Monitoring is OK'
	poll 20 room_has '<oobetet>.*Monitoring is OK'
}

@test "oobetet: the alarm mentions an acknowledgement" {
	start_chain
	say flapjack 'Acknowledgement: "Flapper" on web-01 has been acknowledged, unscheduled maintenance created for 1 hour'
	poll 20 room_has 'is Critical.*; it was acknowledged [0-9]+ s ago, which silences Flapjack'
}

@test "oobetet: SIGTERM leaves the room and is exit 0 within two seconds; SIGHUP with the same file changes nothing" {
	start_chain
	workers="$(worker_pid xmpp) $(worker_pid http)"
	kill -HUP "${pids[oobetet]}"
	poll 20 log_has oobetet 'info: SIGHUP: the configuration was read again; watches: 1 unchanged, 0 changed, 0 new, 0 removed$'
	[ "$workers" = "$(worker_pid xmpp) $(worker_pid http)" ]
	stop_within 2 oobetet
	poll 20 room_has 'presence oobetet has left'
	for worker in $workers; do ended "$worker"; done
}

@test "oobetet: several rooms; an alert in any of them counts, the alarm goes to all" {
	start_chain 'rooms=ops@conference.localhost, Second@conference.localhost'
	poll 20 log_has oobetet 'in the room Second@conference.localhost as oobetet'
	enter_room second flapjack second
	poll 20 room_has '<oobetet>.* is Critical'
	poll 20 log_has second '<oobetet>.* is Critical'
	say second 'Problem: "Flapper" on web-01 is Critical'
	say second 'Recovery: "Flapper" on web-01 is OK'
	poll 20 room_has 'Monitoring is OK'
	poll 20 log_has second 'Monitoring is OK'
}
