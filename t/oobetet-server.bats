# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet while the Jabber server or the room fails: the alarm is sent by the other channel, and it
# reconnects by itself.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

@test "oobetet: the server is killed and comes back" {
	start_chain
	both
	poll 20 room_has '<oobetet>.* is Critical'
	both
	poll 20 pagerduty_has '202 resolve'
	kill -KILL "${pids[prosody]}"
	poll 20 log_has oobetet 'warning: xmpp: the server closed the connection; trying again'
	poll 20 pagerduty_has '202 trigger .* is Critical.*; oobetet has been out of the room ops@conference.localhost for [0-9]+ s \(cannot connect to 127\.0\.0\.1:[0-9]+: Connection refused\); [^;]*"'
	stop flapjack || :
	stop eve || :
	stop prosody || :
	[ "$(count_of oobetet 'xmpp: cannot connect to 127\.0\.0\.1:[0-9]+: Connection refused; trying again')" -eq 1 ]
	start_prosody
	enter_room eve eve
	poll 20 room_has 'presence oobetet is here'
	poll 20 room_has '<oobetet>.* is Critical: [^;]*; [^;]*$'
	# the greeting is sent once a start, not at each join
	run ! room_has '<oobetet> oobetet on'
	enter_room flapjack flapjack
	both
	poll 20 room_has '<oobetet>.* is OK'
	poll 20 at_least 2 pagerduty '202 resolve'
}

@test "oobetet: the server stops and continues" {
	start_chain
	both
	freeze prosody
	poll 20 pagerduty_has '202 trigger .* is Critical'
	poll 20 log_has oobetet 'out of the room ops@conference.localhost: the room does not answer our pings'
	poll 20 pagerduty_has '202 trigger .* is Critical.*; oobetet has been out of the room'
	poll 20 log_has oobetet 'xmpp: the server does not answer'
	kill -CONT "${pids[prosody]}"
	poll 30 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
	poll 20 room_has '<oobetet>.* is Critical'
	both
	poll 20 room_has '<oobetet>.* is OK'
	poll 20 pagerduty_has '202 resolve'
}

@test "oobetet: a wrong password: back-off, logged once, and the alarm goes to PagerDuty" {
	start_prosody
	prosody_account oobetet another-secret
	start_pagerduty
	write_ini max_latency=10
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'xmpp: the server rejects the login of oobetet@localhost: is the password right\?; trying again'
	poll 30 pagerduty_has '202 trigger .*out of the room .*rejects the login of oobetet@localhost: is the password right\?'
	once 'rejects the login of oobetet@localhost: is the password right.; trying again'
	# 0.25 s, 0.5 s, then 1 s each, less up to a quarter: in these ten seconds at most sixteen (without
	# back-off it would be forty), and fewer on a busy machine
	attempts=$(count_of prosody 'Client connected')
	[ "$attempts" -ge 2 ]
	[ "$attempts" -le 17 ]
	run ! grep -rE 'secret-of-oobetet|another-secret' "$work/oobetet.log"
	# the password is corrected
	prosody_account oobetet secret-of-oobetet
	poll 20 log_has oobetet 'in the room ops@conference.localhost as oobetet'
}

@test "oobetet: kicked, it joins again; banned, it keeps trying, and PagerDuty gets the alarm" {
	start_chain
	start_beat
	change "nick='oobetet' role='none'"
	poll 20 log_has oobetet 'warning: out of the room ops@conference.localhost: kicked out of the room: off with you; trying again'
	poll 20 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
	ban oobetet
	poll 20 log_has oobetet 'out of the room ops@conference.localhost: banned from the room: off with you; trying again'
	poll 20 log_has oobetet 'out of the room ops@conference.localhost: forbidden'
	# it receives nothing: an alarm, even if the room works
	poll 20 pagerduty_has '202 trigger .*; oobetet has been out of the room ops@conference.localhost for [0-9]+ s \(forbidden'
	once 'out of the room ops@conference.localhost: forbidden'
	unban oobetet
	poll 20 pagerduty_has '202 resolve'
	poll 20 room_has '<oobetet>.* is OK'
}
