# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $stderr, $pids and what load brings
# oobetet --test-alert: one test message through every channel, and its result.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

start_channels() {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty "$@"
	enter_room flapjack flapjack
	enter_room eve eve
}

# tested CODE OPTION...
tested() {
	run "-$1" --separate-stderr timeout 60 oobetet -c "$work/oobetet.ini" --test-alert
	echo "$output"
	echo "$stderr"
}

@test "oobetet: --test-alert sends through every channel once, and resolves its incident" {
	start_channels
	write_ini 'rooms=ops@conference.localhost, second@conference.localhost'
	start_oobetet # the test is nobody's alert, and no trouble for who watches
	poll 20 log_has oobetet 'in the room second@'
	tested 0
	[ "$output" = 'ops@conference.localhost: arrived
second@conference.localhost: arrived
PagerDuty: arrived' ]
	[ "$(count_of eve '<oobetet> TEST by oobetet on [^ ]+ at [-0-9]+ [0-9:]+ [+-][0-9]+: nothing is wrong')" -eq 1 ]
	log_has pagerduty '202 trigger "TEST by oobetet on [^ ]+, [-0-9T:.]+Z" "TEST by oobetet'
	log_has pagerduty '202 resolve "TEST by oobetet on [^ ]+, [-0-9T:.]+Z"$'
	run ! log_has oobetet '(warning|error): (xmpp|out of)'
}

@test "oobetet: --test-alert resolves its incident when its http worker dies in between" {
	# the response to the resolve does not come: its worker is killed
	start_pagerduty --answer 202,hang
	write_ini server=127.0.0.1 port=1
	start oobetet oobetet -c "$work/oobetet.ini" --test-alert
	poll 20 pagerduty_has '202 trigger'
	read -rt 0.5 <> <(:) || : # until the resolve is sent
	kill -KILL "$(worker_pid http)"
	poll 20 log_has oobetet '^PagerDuty: arrived'
	log_has pagerduty '202 resolve "TEST by oobetet'
	[ "$(count_of pagerduty ' 202 trigger ')" -eq 1 ]
}

@test "oobetet: --test-alert reports an incident that it could not resolve" {
	start_pagerduty --answer 202,500
	write_ini server=127.0.0.1 port=1
	tested 69
	[[ "$output" == *'PagerDuty: did not arrive: HTTP 500'* ]]
	[[ "$stderr" == *'warning: PagerDuty: the test'"'"'s incident is perhaps still open ("TEST by oobetet on '* ]]
}

@test "oobetet: --test-alert reports which channel does not work, and why" {
	start_channels --api 1
	ban oobetet
	enter_room second eve second
	write_ini 'rooms=ops@conference.localhost, second@conference.localhost' \
		pagerduty_url="${pagerduty_url%/generic*}/v2/enqueue"
	tested 69
	[[ "$output" == *'ops@conference.localhost: did not arrive: forbidden'* ]]
	[[ "$output" == *'second@conference.localhost: arrived'* ]]
	[[ "$output" == *'PagerDuty: did not arrive: HTTP 400 '*'set pagerduty_api = v1'* ]]
	[[ "$stderr" == *'warning: '*'ops@conference.localhost: forbidden'* ]]
}

@test "oobetet: --test-alert without a server exits with an error" {
	start_pagerduty
	write_ini
	tested 69
	[[ "$output" == *'ops@conference.localhost: did not arrive: cannot connect to 127.0.0.1:1: Connection refused'* ]]
	[[ "$output" == *'PagerDuty: arrived'* ]]
	write_ini enabled=no
	tested 78
}

@test "oobetet: --test-alert fails in a room that it had to create: a possible typo" {
	start_channels
	write_ini 'rooms=ops@conference.localhost, pos@conference.localhost'
	tested 69
	[ "$output" = 'ops@conference.localhost: arrived
pos@conference.localhost: did not arrive: the room did not exist; it was created
PagerDuty: arrived' ]
	write_ini watch_rooms=pos@conference.localhost rooms=ops@conference.localhost
	tested 69
	[[ "$stderr" == *'warning: the room pos@conference.localhost did not exist; it was created'* ]]
	write_ini 'rooms=ops@conference.localhost, pos@conference.localhost'
	run -0 --separate-stderr timeout 60 oobetet -c "$work/oobetet.ini" --test-alert --create-rooms
	[[ "$output" == *'pos@conference.localhost: arrived'* ]]
	[[ "$stderr" == *'warning: the room pos@conference.localhost did not exist; it was created'* ]]
	# in normal operation it is logged too
	start_oobetet
	poll 20 log_has oobetet 'warning: the room pos@conference.localhost did not exist; it was created: is its name right\?$'
	run ! log_has oobetet 'the room ops@.* did not exist'
}
