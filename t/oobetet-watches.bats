# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $stderr, $pids, $pagerduty_url and what load brings
# oobetet with several watches: each has its own rooms, channels, incidents and state.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet
load lib/watches

setup() { start_work; }
teardown() { stop_all; }

@test "oobetet: each watch raises its own alarm, in its own room, with its own key" {
	start_rooms
	two_watches
	start_watching
	start_beat
	poll 20 mail_room_has '<oobetet>.* is Critical: .* for "Flapper" on mail-01, from'
	poll 20 pagerduty_has '202 trigger "Flapjack Self Monitoring from [^ ]+, [-0-9T:.]+Z, mail, [^ ]*Flapper[^ ]* on mail-01"'
	# what counts for one watch is nothing to the other, whatever the room
	say mailer 'Problem: "Flapper" on web-01 is Critical'
	say flapjack 'Problem: "Flapper" on mail-01 is Critical'
	say flapjack 'Recovery: "Flapper" on mail-01 is OK'
	poll 20 at_least 2 mailreader '<oobetet>.* is Critical'
	run ! room_has '<oobetet>.* is Critical'
	run ! mail_room_has '<oobetet>.* is OK'
	mail_both
	poll 20 mail_room_has '<oobetet> Flapjack Self Monitoring is OK \(it was not for [0-9.]+ m?s\) for "Flapper" on mail-01, from'
	poll 20 pagerduty_has '202 resolve "Flapjack Self Monitoring from [^ ]+, [-0-9T:.]+Z, mail, '
	run ! pagerduty_has '202 trigger "[^"]*, web, '
	run ! room_has '<oobetet>.* is Critical'
	log_has oobetet 'info: watch web: watching for "Flapper" on web-01 in 1 room; alarm after 3 s'
	# the greeting
	[ "$(count_of eve '<oobetet> oobetet on .*: watching for "Flapper" on web-01, telling')" -eq 1 ]
	[ "$(count_of mailreader '<oobetet> oobetet on .*: watching for "Flapper" on mail-01, telling')" -eq 1 ]
}

@test "oobetet: watches in one room: one greeting, one message counts for each, alarms by max_latency" {
	start_rooms
	write_ini rooms=ops@conference.localhost max_latency=60
	watch slow repeat_interval=60
	watch fast max_latency=2
	watch other watched_entity=db-01 max_latency=2 'alert_rooms=mail@conference.localhost'
	start_watching
	[ "$(count_of eve '<oobetet> oobetet on')" -eq 1 ]
	room_has '<oobetet> oobetet on .*: watching for 2 checks, telling you after so much silence of each: "Flapper" on web-01 \(60 s\), "Flapper" on web-01 \(2 s\)'
	poll 20 mail_room_has 'watching for "Flapper" on db-01, telling'
	poll 20 pagerduty_has '202 trigger "[^"]*, fast, '
	poll 20 pagerduty_has '202 trigger "[^"]*, other, '
	run ! room_has 'Critical: .* on db-01'
	both
	poll 20 pagerduty_has '202 resolve "[^"]*, fast, '
	run ! pagerduty_has '202 resolve "[^"]*, other, '
	run ! pagerduty_has '202 trigger "[^"]*, slow, '
	kill -USR1 "${pids[oobetet]}"
	poll 20 log_has oobetet 'info: watch slow: status: "Flapper" on web-01: well; last problem [0-9]+ s ago, last recovery [0-9]+ s ago; no alarm so far$'
	log_has oobetet 'info: watch fast: status: .*: (well|alarm for [0-9]+ s, no (problem|recovery)); last problem [0-9]+ s ago, last recovery [0-9]+ s ago; last alarm [0-9]+ s ago'
	log_has oobetet 'info: watch other: status: "Flapper" on db-01: alarm for [0-9]+ s, no (problem|recovery); no problem for [0-9]+ s, no recovery for [0-9]+ s; last alarm '
	log_has oobetet 'info: status: in the room ops@conference.localhost$'
	log_has oobetet 'info: status: xmpp: online for [0-9]+ s; started 1 times$'
}

@test "oobetet: each watch posts with its own key, address and version to PagerDuty" {
	start_rooms
	start second pagerduty-standin --api 1
	poll 20 log_has second 'at http'
	second_url=$(grep -Eo 'http://.*' "$work/second.log")
	two_watches
	sed -i "/^\[watch mail\]/a pagerduty_api = v1\npagerduty_url = $second_url\npagerduty_contact = 99999999999999999999999999999999" \
		"$work/oobetet.ini"
	start_watching
	poll 20 pagerduty_has '202 trigger "[^"]*, web, '
	poll 20 log_has second '200 trigger "[^"]*, mail, '
	run ! pagerduty_has '"[^"]*, mail, '
	run ! log_has second '"[^"]*, web, '
}

@test "oobetet: a command that hangs for one watch delays no other" {
	start_rooms
	two_watches pagerduty_contact= repeat_interval=60
	# shellcheck disable=SC2016 # the variables are the command's
	printf '%s\n' '#!/bin/sh' "cd $work" \
		'[ "$OOBETET_WATCH_NAME" = web ] && echo hangs >hangs && exec sleep 600' 'env | grep ^OOBETET_' 'echo "$OOBETET_WATCH_NAME $OOBETET_EVENT"' >"$work/command"
	chmod +x "$work/command"
	sed -i "1i alert_command = $work/command" "$work/oobetet.ini"
	start_watching
	poll 20 log_has oobetet 'info: watch mail: alert_command: mail alarm$'
	log_has oobetet 'info: watch mail: alert_command: OOBETET_WATCH="Flapper" on mail-01$'
	poll 20 test -s "$work/hangs"
	mail_both
	poll 20 log_has oobetet 'info: watch mail: alert_command: mail ok$'
	run ! log_has oobetet 'watch web: alert_command: web'
}

@test "oobetet: each watch continues over a restart; a new one starts, one that is gone is dropped" {
	start_rooms
	# the one watch of a file without sections, which gets its section later
	write_ini rooms=mail@conference.localhost watched_entity=mail-01 state_file="$work/state"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 pagerduty_has '202 trigger "Flapjack Self Monitoring from [^ ]+, [-0-9T:.]+Z, [^ ]*Flapper[^ ]* on mail-01"'
	stop oobetet
	two_watches state_file="$work/state" max_latency=60
	watch gone watched_check=Other rooms=ops@conference.localhost
	start_watching
	log_has oobetet "warning: watch mail: state file $work/state: an incident is open since "
	[ "$(incidents)" -eq 1 ]
	mail_both
	poll 20 pagerduty_has '202 resolve "Flapjack Self Monitoring from [^ ]+, [-0-9T:.]+Z, [^ ]*Flapper[^ ]* on mail-01"'
	stop oobetet
	two_watches state_file="$work/state" max_latency=60
	start_watching
	log_has oobetet "warning: state file $work/state: the watch of \"Other\" \\(gone\\) is not configured any more: its state is dropped$"
	run ! log_has oobetet 'an incident is open'
	[ "$(incidents)" -eq 1 ]
}

@test "oobetet: --test-alert tests the channels of each watch" {
	start_rooms
	two_watches alert_command=false
	run -69 --separate-stderr timeout 60 oobetet -c "$work/oobetet.ini" --test-alert
	echo "$output"
	[ "$output" = 'watch web: ops@conference.localhost: arrived
watch web: PagerDuty: arrived
watch web: alert_command: did not arrive: exit status 1
watch mail: mail@conference.localhost: arrived
watch mail: PagerDuty: arrived
watch mail: alert_command: did not arrive: exit status 1' ]
	room_has '<oobetet> TEST by oobetet on .* \(watch web\): nothing is wrong'
	log_has pagerduty '202 resolve "TEST by oobetet on [^ ]+, [-0-9T:.]+Z \(watch mail\)"'
	[ "$(count_of pagerduty '202 resolve')" -eq 2 ]
}
