# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $status and what load brings
# The Jabber server and the room client that other tests use.

load lib/daemons
load lib/prosody

setup() { start_work; }
teardown() { stop_all; }

@test "messages arrive once, without TLS" {
	start_prosody
	enter_room juliet Juliet
	enter_room romeo Romeo
	poll 10 log_has juliet 'presence Romeo is here'
	say romeo 'It is my lady — O, it is my love! <&>'
	poll 10 log_has juliet '^[0-9]{10}\.[0-9]{3} <Romeo> It is my lady — O, it is my love! <&>$'
	poll 10 log_has romeo '<Romeo> It is my lady'
	[ "$(grep -c 'It is my lady' "$work/juliet.log")" = 1 ]
	stop romeo
	poll 10 log_has juliet 'presence Romeo has left'
	stop juliet
}

@test "TLS with the test's certificate works, with another it fails" {
	start_prosody_tls
	enter_room juliet Juliet
	make_certificate other.example
	prosody_certificate=$work/prosody/other.example.pem
	prosody_account romeo secret
	run room --server "127.0.0.1:$prosody_port" --jid romeo@localhost --password secret \
		--room ops@conference.localhost --nick Romeo --ca "$prosody_certificate" </dev/null
	[ "$status" = 69 ]
	[[ "$output" == *' out: '* ]]
	stop juliet
}

@test "at end of file it leaves after all messages are confirmed" {
	start_prosody
	enter_room juliet Juliet
	prosody_account romeo secret
	seq -f 'line %.0f' 100 | room --server "127.0.0.1:$prosody_port" --jid romeo@localhost \
		--password secret --room ops@conference.localhost --nick Romeo >"$work/romeo.log"
	poll 10 log_has juliet '<Romeo> line 100$'
	[ "$(grep -c '<Romeo> line' "$work/romeo.log")" = 100 ]
	stop juliet
}

@test "earlier messages are printed as history" {
	start_prosody
	enter_room juliet Juliet
	say juliet 'Wherefore art thou?'
	poll 10 log_has juliet '<Juliet> Wherefore'
	enter_room romeo Romeo
	poll 10 log_has romeo ' history <Juliet> Wherefore'
}

@test "a wrong password, a nick in use and a killed server are reported" {
	start_prosody
	enter_room juliet Juliet
	prosody_account romeo secret
	local options=(--server "127.0.0.1:$prosody_port" --jid romeo@localhost
		--room ops@conference.localhost)
	run room "${options[@]}" --password wrong --nick Romeo </dev/null
	[ "$status" = 69 ]
	[[ "$output" == *' out: '*password* ]]
	run room "${options[@]}" --password secret --nick Juliet </dev/null
	[ "$status" = 69 ]
	[[ "$output" == *' out: conflict' ]]
	stop prosody
	poll 10 log_has juliet ' out: '
	local status=0
	stop juliet || status=$?
	[ "$status" = 69 ]
}
