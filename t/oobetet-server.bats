# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet while the Jabber server, or the room, fails: the alarm comes by the road that is left,
# and it comes back by itself.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# A server that accepts connections and never says a word, on $prosody_port.
start_mute() {
	prosody_port=$(free_port)
	start mute python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = []
while True: held.append(s.accept())' "$prosody_port"
	poll 20 listening "$prosody_port"
}

# A server that begins TLS and then says no more: libstrophe waits for it without limit.
start_stalling() {
	prosody_port=$(free_port)
	start stalling python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = []
while True:
    c = s.accept()[0]
    c.recv(4096)
    c.sendall(b"<?xml version=\x271.0\x27?><stream:stream xmlns=\x27jabber:client\x27 "
        b"xmlns:stream=\x27http://etherx.jabber.org/streams\x27 id=\x271\x27 from=\x27localhost\x27 "
        b"version=\x271.0\x27><stream:features><starttls xmlns=\x27urn:ietf:params:xml:ns:xmpp-tls\x27>"
        b"<required/></starttls></stream:features>")
    c.recv(4096)
    c.sendall(b"<proceed xmlns=\x27urn:ietf:params:xml:ns:xmpp-tls\x27/>")
    print("stalling", flush=True)
    held.append(c)' "$prosody_port"
	poll 20 listening "$prosody_port"
}

# How often oobetet has logged a line like this is how often it is logged, not how often it happens.
once() {
	[ "$(count_of oobetet "$1")" -eq 1 ]
}

@test "oobetet: the server is killed and comes back" {
	start_chain
	both
	poll 20 heard '<oobetet>.* is Critical'
	both
	poll 20 paged '202 resolve'
	kill -KILL "${pids[prosody]}"
	poll 20 said oobetet 'warning: ear: the server closed the connection; trying again'
	poll 20 paged '202 trigger .* is Critical.*; oobetet is out of the room ops@conference.localhost for [0-9]+ s \(cannot connect to the server\)"'
	stop flapjack || :
	stop eve || :
	stop prosody || :
	[ "$(count_of oobetet 'ear: cannot connect to the server; trying again')" -eq 1 ]
	start_prosody
	enter_room eve eve
	poll 20 heard 'presence oobetet is here'
	poll 20 heard '<oobetet>.* is Critical: [^;]*$'
	# once a start it says who it is, not each time it comes in
	run ! heard '<oobetet> oobetet on'
	enter_room flapjack flapjack
	both
	poll 20 heard '<oobetet>.* is OK'
	poll 20 at_least 2 pagerduty '202 resolve'
}

@test "oobetet: the server stands still and goes on" {
	start_chain
	both
	kill -STOP "${pids[prosody]}"
	poll 20 paged '202 trigger .* is Critical'
	poll 20 said oobetet 'out of the room ops@conference.localhost: the room does not answer our pings'
	poll 20 paged '202 trigger .* is Critical.*; oobetet is out of the room'
	poll 20 said oobetet 'ear: the server has fallen silent'
	kill -CONT "${pids[prosody]}"
	poll 30 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
	poll 20 heard '<oobetet>.* is Critical'
	both
	poll 20 heard '<oobetet>.* is OK'
	poll 20 paged '202 resolve'
}

@test "oobetet: a server that accepts and says nothing" {
	start_mute
	start_pagerduty
	write_ini
	mkfifo "$work/ready"
	exec 8<>"$work/ready"
	# shellcheck disable=SC2016 # $0 is the inner shell's
	start oobetet sh -c 'exec oobetet -c "$0" --ready-fd 8' "$work/oobetet.ini"
	begun=$EPOCHREALTIME
	read -rt 10 -u 8 # ready is who watches, not who hears something
	exec 8>&-
	poll 20 paged '202 trigger .*; oobetet is out of the room ops@conference.localhost for [0-9]+ s \(not there yet\)"'
	told=$(grep -m 1 ' 202 trigger ' "$work/pagerduty.log" | cut -d' ' -f1)
	awk -v b="$begun" -v t="$told" 'BEGIN { exit !(t - b < 4) }'
	poll 30 said oobetet 'ear: the server did not let us log in within 10 s; trying again'
	poll 20 paged '202 trigger .*\(the server did not let us log in within 10 s\)"'
	begun=${EPOCHREALTIME/./}
	stop oobetet
	[ $((${EPOCHREALTIME/./} - begun)) -lt 2000000 ]
}

@test "oobetet: a server that stalls in the TLS handshake" {
	start_stalling
	start_pagerduty
	write_ini tls=required
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 said stalling stalling
	begun=$EPOCHREALTIME
	poll 20 paged '202 trigger '
	told=$(grep -m 1 ' 202 trigger ' "$work/pagerduty.log" | cut -d' ' -f1)
	awk -v b="$begun" -v t="$told" 'BEGIN { exit !(t - b < 4) }'
	poll 20 said oobetet 'ear: it was stuck, and was killed; trying again'
	poll 20 at_least 2 stalling stalling
	poll 20 at_least 4 pagerduty '202 trigger '
	begun=${EPOCHREALTIME/./}
	stop oobetet
	[ $((${EPOCHREALTIME/./} - begun)) -lt 2000000 ]
}

@test "oobetet: a wrong password backs off and is logged once; the alarm goes to PagerDuty" {
	start_prosody
	prosody_account oobetet another-secret
	start_pagerduty
	write_ini max_latency=10
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 said oobetet 'ear: the server refuses the log-in of oobetet@localhost: is the password right\?; trying again'
	poll 30 paged '202 trigger .*out of the room .*refuses the log-in of oobetet@localhost: is the password right\?'
	once 'refuses the log-in of oobetet@localhost: is the password right.; trying again'
	# 0.25 s, 0.5 s, 1 s, 2 s, 2 s: at most ten attempts in these ten seconds
	attempts=$(count_of prosody 'Client connected')
	[ "$attempts" -ge 4 ] && [ "$attempts" -le 12 ]
	run ! grep -rE 'secret-of-oobetet|another-secret' "$work/oobetet.log"
}

@test "oobetet: kicked, it comes back; banned, it keeps trying, and says so by the other road" {
	start_chain
	start_beat
	change "nick='oobetet' role='none'"
	poll 20 said oobetet 'warning: out of the room ops@conference.localhost: kicked out of the room: off with you; trying again'
	poll 20 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
	ban oobetet
	poll 20 said oobetet 'out of the room ops@conference.localhost: banned from the room: off with you; trying again'
	poll 20 said oobetet 'out of the room ops@conference.localhost: forbidden'
	# it hears nothing: that is an alarm, whatever goes on in the room
	poll 20 paged '202 trigger .*; oobetet is out of the room ops@conference.localhost for [0-9]+ s \(forbidden'
	once 'out of the room ops@conference.localhost: forbidden'
	unban oobetet
	poll 20 paged '202 resolve'
	poll 20 heard '<oobetet>.* is OK'
}

@test "oobetet: a nick that is taken is varied" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	enter_room eve oobetet
	write_ini
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 said oobetet 'info: in the room ops@conference.localhost as oobetet_$'
	poll 20 heard '<oobetet_>.* is Critical'
	both
	poll 20 heard '<oobetet_>.* is OK'
}

@test "oobetet: TLS with the right authority, with none, and where there is no TLS" {
	start_prosody_tls
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	write_ini tls=required tls_ca_file="$prosody_certificate"
	start_oobetet
	stop oobetet
	write_ini tls=
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 said oobetet 'ear: the server.s certificate cannot be verified: .*\(tls_ca_file names the authority\); trying again'
	poll 20 paged '202 trigger .*certificate cannot be verified'
	stop oobetet
	stop prosody
	unset prosody_certificate prosody_port
	start_prosody
	write_ini tls=required
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 said oobetet 'ear: libstrophe: TLS is not supported, but set as mandatory'
	run ! said prosody 'Authenticated as'
	poll 20 paged '202 trigger .*TLS is not supported'
}
