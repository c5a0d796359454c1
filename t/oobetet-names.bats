# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet and names: a name server that never answers, a server with several addresses.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() {
	start_work
	[ "$(id -u)" -eq 0 ] || skip "only root may be a name server"
	for spaces in -m -rm; do ! unshare "$spaces" true 2>/dev/null || return 0; done
	skip "name spaces are forbidden here, and /etc is everybody's"
}
teardown() { stop_all; }

# with_etc FILE COMMAND...: runs it where /etc/FILE is $work/FILE
with_etc() {
	# shellcheck disable=SC2016 # $0 and $@ are the inner shell's
	exec unshare "$spaces" sh -c 'mount --bind "$0" "/etc/${0##*/}" && exec "$@"' "$work/$1" "${@:2}"
}

# A name server on port 53 of an address of loopback that nothing else uses; it never answers.
start_silent_names() {
	silent=127.53.$((RANDOM % 250)).$((RANDOM % 250 + 1))
	start names python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
while True: print(s.recvfrom(4096)[0], flush=True)' "$silent"
	printf 'nameserver %s\noptions timeout:10 attempts:3\n' "$silent" >"$work/resolv.conf"
}

@test "oobetet: the name server never answers: messages reach the room within a second, SIGTERM works within two" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	enter_room flapjack flapjack
	start_silent_names
	write_ini pagerduty_url=https://pagerduty.example/v2/enqueue heartbeat_url=https://beat.example/x heartbeat_interval=1
	start oobetet with_etc resolv.conf oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'in the room ops@conference.localhost as oobetet'
	poll 20 log_has names pagerduty
	poll 20 log_has flapjack '<oobetet>.* is Critical'
	both
	poll 20 log_has flapjack '<oobetet>.* is OK'
	last=$(grep '<flapjack> Problem' "$work/flapjack.log" | tail -n 1 | cut -d' ' -f1)
	critical=$(count_of flapjack '<oobetet>.* is Critical')
	poll 20 at_least $((critical + 1)) flapjack '<oobetet>.* is Critical'
	alarmed_at=$(sed '1,/<oobetet>.* is OK/d' "$work/flapjack.log" | grep -m 1 '<oobetet>.* is Critical' | cut -d' ' -f1)
	awk -v last="$last" -v alarmed_at="$alarmed_at" 'BEGIN { print alarmed_at - last; exit !(alarmed_at - last > 3 && alarmed_at - last < 4) }'
	# the http worker waits for names too, but stays alive
	poll 20 log_has oobetet 'error: heartbeat_url cannot be fetched: (Resolving timed out|Could not resolve)'
	poll 20 at_least 12 flapjack '<oobetet>.* is Critical'
	run ! log_has oobetet 'http: not responding'
	stop_within 2 oobetet
}

@test "oobetet: the name server never answers the xmpp worker: PagerDuty gets the alarm, SIGTERM works within two seconds" {
	start_pagerduty
	start_silent_names
	write_ini server=jabber.example port=5222
	start oobetet with_etc resolv.conf oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'watching for'
	begun=$EPOCHREALTIME
	poll 20 log_has names jabber
	poll 20 pagerduty_has '202 trigger '
	alarmed_at=$(grep -m 1 ' 202 trigger ' "$work/pagerduty.log" | cut -d' ' -f1)
	awk -v b="$begun" -v t="$alarmed_at" 'BEGIN { print t - b; exit !(t - b < 4) }'
	stop_within 2 oobetet
}

@test "oobetet: a server with several addresses, only the last is reachable" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	enter_room flapjack flapjack
	printf '127.0.0.3 jabber.example\n127.0.0.2 jabber.example\n127.0.0.1 jabber.example\n' >"$work/hosts"
	write_ini server=jabber.example pagerduty_contact=
	start oobetet with_etc hosts oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'in the room ops@conference.localhost as oobetet'
	stop prosody
	poll 20 log_has oobetet 'xmpp: cannot connect to jabber\.example:[0-9]+( \([0-9.]+\))?: Connection refused; trying again'
	start_prosody
	poll 20 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
	stop oobetet
	printf '127.0.0.3 jabber.example\n' >"$work/hosts"
	start oobetet with_etc hosts oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'xmpp: cannot connect to jabber\.example:[0-9]+( \([0-9.]+\))?: Connection refused; trying again'
}

# start_half FAULT: two addresses, on one port. The first to be connected has FAULT from then on, the
# other is Prosody. mute: it accepts and sends nothing; leaving: it closes connections at once;
# stalling: it begins TLS, and then sends nothing.
start_half() {
	port=$(free_port)
	start half python3 -c '
import socket, sys, threading
port, prosody, fault = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
bad, held = None, []
def pump(a, b):
    while data := a.recv(4096): b.sendall(data)
    b.shutdown(socket.SHUT_WR)
def spoil(c):
    held.append(c)
    if fault == "leaving": c.close()
    if fault != "stalling": return
    c.recv(4096)
    c.sendall(b"<?xml version=\x271.0\x27?><stream:stream xmlns=\x27jabber:client\x27 "
        b"xmlns:stream=\x27http://etherx.jabber.org/streams\x27 id=\x271\x27 from=\x27localhost\x27 "
        b"version=\x271.0\x27><stream:features><starttls xmlns=\x27urn:ietf:params:xml:ns:xmpp-tls\x27>"
        b"<required/></starttls></stream:features>")
    c.recv(4096)
    c.sendall(b"<proceed xmlns=\x27urn:ietf:params:xml:ns:xmpp-tls\x27/>")
def serve(address):
    global bad
    with socket.create_server((address, port)) as s:
        print(f"at {address}\n", end="", flush=True)
        while True:
            c = s.accept()[0]
            bad = bad or address
            print(f"{fault}\n" if bad == address else "heard\n", end="", flush=True)
            if bad == address:
                spoil(c)
                continue
            try: p = socket.create_connection(("127.0.0.1", prosody))
            except OSError:
                c.close()
                continue
            for ends in (c, p), (p, c): threading.Thread(target=pump, args=ends, daemon=True).start()
for address in "127.0.0.1", "127.0.0.2": threading.Thread(target=serve, args=(address,)).start()
' "$port" "$prosody_port" "$1"
	poll 20 at_least 2 half '^at 127'
	printf '127.0.0.1 jabber.example\n127.0.0.2 jabber.example\n' >"$work/hosts"
}

@test "oobetet: a server with several addresses, the first accepts and sends nothing" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_half mute
	write_ini server=jabber.example port="$port" pagerduty_contact=
	start oobetet with_etc hosts oobetet -c "$work/oobetet.ini"
	poll 20 log_has half '^mute'
	poll 60 log_has oobetet 'in the room ops@conference.localhost as oobetet'
}

@test "oobetet: a server with several addresses, the first closes the connection before login" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_half leaving
	write_ini server=jabber.example port="$port" pagerduty_contact=
	start oobetet with_etc hosts oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'xmpp: the server closed the connection before login; trying again'
	poll 60 log_has oobetet 'in the room ops@conference.localhost as oobetet'
}

@test "oobetet: a server with several addresses, the first stalls in the TLS handshake" {
	start_prosody_tls
	prosody_account oobetet secret-of-oobetet
	start_half stalling
	write_ini server=jabber.example port="$port" pagerduty_contact= tls=required \
		tls_ca_file="$prosody_certificate"
	start oobetet with_etc hosts oobetet -c "$work/oobetet.ini"
	poll 20 log_has half '^stalling'
	poll 20 log_has oobetet 'xmpp: not responding, killed; trying again'
	poll 60 log_has oobetet 'in the room ops@conference.localhost as oobetet'
	# at each attempt; the failure is logged once until it is connected again
	stop prosody
	poll 20 log_has oobetet 'out of the room|xmpp: the server closed the connection; trying again'
	poll 60 at_least 4 half '^stalling'
	[ "$(count_of oobetet 'xmpp: not responding, killed')" -eq 2 ]
	start_prosody_tls
	poll 60 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
}
