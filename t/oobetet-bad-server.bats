# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet and broken servers: the alarm is sent by the other channel, the monitor's memory
# stays flat, and with a good server it recovers.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# A server on $prosody_port that accepts connections and never sends anything.
start_mute() {
	prosody_port=$(free_port)
	start mute python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = []
while True: held.append(s.accept())' "$prosody_port"
	poll 20 listening "$prosody_port"
}

# A server that begins TLS and then stops: libstrophe has no timeout for it.
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

# A server on $prosody_port that sends this to each client, repeatedly, after a greeting.
start_endless() {
	prosody_port=$(free_port)
	start endless python3 -c '
import socket, sys, threading
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def talk(c):
    try:
        c.recv(4096)
        c.sendall(b"<?xml version=\x271.0\x27?><stream:stream xmlns=\x27jabber:client\x27 "
            b"xmlns:stream=\x27http://etherx.jabber.org/streams\x27 id=\x271\x27 from=\x27localhost\x27 "
            b"version=\x271.0\x27>")
        c.sendall(sys.argv[2].encode())
        sent = 0
        while True: sent += c.send(sys.argv[3].encode() * 4096)
    except OSError:
        print("gone after", sent >> 20, "MB", flush=True)
while True: threading.Thread(target=talk, args=s.accept()[:1]).start()' "$prosody_port" "$1" "$2"
	poll 20 listening "$prosody_port"
}

# A server that accepts each login and then sends too much in one piece, to each client in turn: a
# text without end, nested tags without end, a complete message with deep nesting.
start_flooding() {
	prosody_port=$(free_port)
	start flooding python3 -c '
import socket, sys, threading
stream = (b"<?xml version=\x271.0\x27?><stream:stream xmlns=\x27jabber:client\x27 "
    b"xmlns:stream=\x27http://etherx.jabber.org/streams\x27 id=\x271\x27 from=\x27localhost\x27 "
    b"version=\x271.0\x27><stream:features>%s</stream:features>")
number, turn = 0, threading.Lock()
begin = b"<message from=\x27ops@conference.localhost/x\x27 type=\x27groupchat\x27>"
def floods(kind):
    if kind == 0: yield begin + b"<body>"
    while kind == 0: yield b"x" * 65536
    if kind == 1: yield begin
    while kind == 1: yield b"<x>" * 20000
    yield begin + b"<x>" * 150000 + b"</x>" * 150000 + b"</message>"
    while True: yield b" " * 65536
sasl, bind = b"urn:ietf:params:xml:ns:xmpp-sasl", b"urn:ietf:params:xml:ns:xmpp-bind"
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def until(c, end):
    heard = b""
    while end not in heard:
        data = c.recv(4096)
        if not data: raise OSError
        heard += data
    return heard
def talk(c):
    global number
    sent = 0
    try:
        until(c, b"<stream:stream")
        c.sendall(stream % (b"<mechanisms xmlns=\x27%s\x27><mechanism>PLAIN</mechanism></mechanisms>" % sasl))
        until(c, b"</auth>")
        c.sendall(b"<success xmlns=\x27%s\x27/>" % sasl)
        until(c, b"<stream:stream")
        c.sendall(stream % (b"<bind xmlns=\x27%s\x27/>" % bind))
        asked = until(c, b"</iq>")
        asked_id = asked.split(b"id=\"")[1].split(b"\"")[0]
        c.sendall(b"<iq type=\x27result\x27 id=\x27%s\x27><bind xmlns=\x27%s\x27>"
            b"<jid>oobetet@localhost/x</jid></bind></iq>" % (asked_id, bind))
        until(c, b"<presence")
        with turn: kind, number = number % 3, number + 1
        print("logged in\n", end="", flush=True)
        for flood in floods(kind):
            c.sendall(flood)
            sent += len(flood)
    except OSError:
        print("gone after %d MB\n" % (sent >> 20), end="", flush=True)
while True: threading.Thread(target=talk, args=s.accept()[:1]).start()' "$prosody_port"
	poll 20 listening "$prosody_port"
}

# Starts oobetet and records its memory before the fault.
start_watching() {
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'watching for'
	before=$(monitor_memory)
}

# recovers SERVER START: the monitor's memory has stayed flat; START replaces that server; oobetet
# joins and ends the incident by itself
recovers() {
	after=$(monitor_memory)
	echo "$before KiB, then $after KiB"
	[ $((after - before)) -lt 1024 ]
	stop "$1" || :
	"$2"
	prosody_account oobetet secret-of-oobetet
	enter_room flapjack flapjack
	poll 60 log_has oobetet 'in the room ops@conference.localhost as oobetet'
	both
	poll 20 pagerduty_has '202 resolve'
}

@test "oobetet: a server that accepts connections and sends nothing" {
	start_mute
	start_pagerduty
	write_ini
	mkfifo "$work/ready"
	exec 8<>"$work/ready"
	# shellcheck disable=SC2016 # $0 is the inner shell's
	start oobetet sh -c 'exec oobetet -c "$0" --ready-fd 8' "$work/oobetet.ini"
	begun=$EPOCHREALTIME
	read -rt 10 -u 8 # ready is who watches, not who hears something
	before=$(monitor_memory)
	exec 8>&-
	poll 20 pagerduty_has '202 trigger .*; oobetet has been out of the room ops@conference.localhost for [0-9]+ s \(not joined yet\)'
	alarmed_at=$(grep -m 1 ' 202 trigger ' "$work/pagerduty.log" | cut -d' ' -f1)
	awk -v b="$begun" -v t="$alarmed_at" 'BEGIN { exit !(t - b < 4) }'
	poll 30 log_has oobetet 'xmpp: the server did not let us log in within 10 s; trying again'
	poll 20 pagerduty_has '202 trigger .*\(the server did not let us log in within 10 s\)'
	recovers mute start_prosody
	stop_within 2 oobetet
}

@test "oobetet: a server that stalls in the TLS handshake" {
	start_stalling
	start_pagerduty
	make_certificate localhost
	write_ini tls=required tls_ca_file="$work/prosody/localhost.pem"
	start_watching
	poll 20 log_has stalling stalling
	begun=$EPOCHREALTIME
	poll 20 pagerduty_has '202 trigger '
	alarmed_at=$(grep -m 1 ' 202 trigger ' "$work/pagerduty.log" | cut -d' ' -f1)
	awk -v b="$begun" -v t="$alarmed_at" 'BEGIN { exit !(t - b < 4) }'
	poll 20 log_has oobetet 'xmpp: not responding, killed; trying again'
	poll 20 at_least 2 stalling stalling
	poll 20 at_least 4 pagerduty '202 trigger '
	recovers stalling start_prosody_tls
	stop_within 2 oobetet
}

# Does the memory limit hold for the xmpp worker? This one may end at any time, then there is another.
worker_is_limited() {
	grep -Eqs '^Max data size +67108864 +67108864' "/proc/$(worker_pid xmpp)/limits"
}

@test "oobetet: a server that sends endlessly: memory is bounded, the alarm is in time" {
	start_endless '<stream:features><x>' x
	start_pagerduty
	write_ini tls=off
	start_watching
	begun=$EPOCHREALTIME
	poll 20 worker_is_limited
	poll 20 log_has endless 'gone after'
	poll 20 log_has oobetet 'warning: xmpp: the server sends more than 4 MB in one piece; trying again'
	poll 20 pagerduty_has '202 trigger '
	alarmed_at=$(grep -m 1 ' 202 trigger ' "$work/pagerduty.log" | cut -d' ' -f1)
	awk -v b="$begun" -v t="$alarmed_at" 'BEGIN { print t - b; exit !(t - b < 4.5) }'
	recovers endless start_prosody
}

@test "oobetet: invalid XML ends the connection, and the alarm is sent" {
	start_endless '<stream:features></wrong>' '<&>'
	start_pagerduty
	write_ini tls=off
	start_watching
	poll 20 log_has oobetet 'warning: xmpp: .*; trying again'
	poll 20 pagerduty_has '202 trigger '
	[ "$(count_of oobetet 'warning: xmpp: .*; trying again')" -le 2 ]
	recovers endless start_prosody
}

# Has the xmpp worker disconnected N times for that reason? Records its peak memory meanwhile.
left_often() {
	local xmpp now
	xmpp=$(pgrep -P "${pids[oobetet]}" -x oobetet-xmpp) || :
	now=$(awk '/^VmHWM/ { print $2 }' "/proc/${xmpp:-none}/status" 2>/dev/null) || :
	[ "${now:-0}" -le "$peak" ] || peak=$now
	at_least "$1" oobetet 'warning: xmpp: the server sends more than 4 MB in one piece; trying again'
}

@test "oobetet: a server that floods after login: disconnected, logged, and the alarm is sent" {
	start_flooding
	start_pagerduty
	write_ini tls=off max_latency=20
	start_watching
	poll 30 log_has flooding 'logged in'
	# twice each kind of flood
	peak=0
	poll 120 left_often 6
	echo "the xmpp worker had $peak KiB at most"
	[ "$peak" -gt 0 ]
	[ "$peak" -lt 32768 ]
	run ! log_has oobetet 'by signal|without giving a reason|out of memory'
	poll 40 pagerduty_has '202 trigger '
	recovers flooding start_prosody
}

# A server on $prosody_port that ends each stream with this error.
start_ending() {
	prosody_port=$(free_port)
	start ending python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c = s.accept()[0]
    c.recv(4096)
    c.sendall(("<?xml version=\x271.0\x27?><stream:stream xmlns=\x27jabber:client\x27 "
        "xmlns:stream=\x27http://etherx.jabber.org/streams\x27 id=\x271\x27 from=\x27localhost\x27 "
        "version=\x271.0\x27><stream:error>" + sys.argv[2] + "</stream:error></stream:stream>").encode())
    c.close()' "$prosody_port" "$1"
	poll 20 listening "$prosody_port"
}

@test "oobetet: the log names the condition with which a server ends the stream, and where it sends us" {
	local ns="xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
	start_ending "<see-other-host $ns>other.example.org:5223</see-other-host>"
	write_ini pagerduty_contact= max_latency=60
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'warning: xmpp: the server ended the stream: see-other-host \(other.example.org:5223\): set server and port; trying again$'
	stop oobetet
	stop ending || :
	start_ending "<text $ns>later</text><odd xmlns='x:y'/><connection-timeout $ns/>"
	write_ini pagerduty_contact= max_latency=60
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'warning: xmpp: the server ended the stream: connection-timeout: later; trying again$'
}
