# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $work, $output, $pids and what load brings
# The link that an alarm names, on a real chain of which one link is broken.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/redis
load lib/nagios
load lib/prosody
load lib/oobetet
load lib/chain

setup() { start_work; }
teardown() { stop_all; }

@test "diagnosis: flapper stopped" {
	start_whole_chain
	stop flapper
	alarm_has "flapper at 127\.0\.0\.1:$flapper_port has refused every connection for [0-9]+ s"
}

@test "diagnosis: flapper stuck open" {
	start_whole_chain
	poll 20 eval 'exec 4<>"/dev/tcp/127.0.0.1/$flapper_port"' 2>/dev/null
	freeze flapper
	alarm_has "flapper at 127\.0\.0\.1:$flapper_port has been open for [0-9]+ s and does not close"
}

@test "diagnosis: Nagios frozen" {
	start_whole_chain
	freeze nagios
	alarm_has 'the last result for "Flapper" on web-01 reached the broker [0-9]+ s ago: the check engine or its feeder stands still'
}

@test "diagnosis: Nagios's feeder killed" {
	start_whole_chain
	kill -KILL "${pids[submit]}"
	alarm_has 'the last result for "Flapper" on web-01 reached the broker [0-9]+ s ago: the check engine or its feeder stands still'
}

@test "diagnosis: broker killed" {
	start_whole_chain
	kill -KILL "${pids[broker]}"
	alarm_has "the broker at 127\.0\.0\.1:$broker_port does not answer \(for [0-9]+ s\)"
}

@test "diagnosis: Redis frozen" {
	start_whole_chain
	freeze redis
	alarm_has "Redis at 127\.0\.0\.1:$redis_port does not answer \(for [0-9]+ s\)"
}

@test "diagnosis: event processor frozen" {
	start_whole_chain
	freeze notify
	alarm_has "[0-9]+ events wait in 'events' and none is taken \(for [0-9]+ s\)"
}

@test "diagnosis: alerter muted" {
	start_whole_chain
	freeze flapjack
	alarm_has 'events are taken, but nothing reaches the room'
}

# The first occupant of the room owns it.
@test "diagnosis: room destroyed" {
	start_whole_chain
	say flapjack "<iq to='ops@conference.localhost' type='set' id='end'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>"
	poll 20 log_has oobetet 'the room was destroyed'
	# eve is out of it as well
	alarm_outside_has 'the room did not exist [0-9]+ s ago, so oobetet created it: the sender of alerts is not in it'
}

@test "diagnosis: Jabber server frozen" {
	start_whole_chain
	freeze prosody
	alarm_outside_has 'oobetet was out of the room for [0-9]+ of these [0-9]+ s'
}

@test "diagnosis: own link cut" {
	for spaces in --net --map-root-user\ --net; do
		# shellcheck disable=SC2086 # words
		! unshare $spaces true 2>/dev/null || break
	done
	# shellcheck disable=SC2086
	unshare $spaces true || skip "name spaces are forbidden here"
	# shellcheck disable=SC2086
	run -0 env BATS_TEST_TMPDIR="$work" unshare $spaces bash "$BATS_TEST_DIRNAME/lib/cut" "$BATS_TEST_DIRNAME"
}

@test "diagnosis: without probes their keys are named" {
	start_whole_chain probe_flapper= probe_broker= probe_redis=
	freeze nagios
	alarm_has 'either flapper or any link after it, up to what sends to the room: probe_flapper, probe_broker and probe_redis would tell'
}
