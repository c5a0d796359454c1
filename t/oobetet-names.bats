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

# A name server on port 53 of an address of loopback that nobody else uses, and never a word of it.
start_silent_names() {
	silent=127.53.$((RANDOM % 250)).$((RANDOM % 250 + 1))
	start names python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
while True: print(s.recvfrom(4096)[0], flush=True)' "$silent"
	printf 'nameserver %s\noptions timeout:10 attempts:3\n' "$silent" >"$work/resolv.conf"
}

@test "oobetet: the name server never answers: the room is told within a second, and SIGTERM within two" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	enter_room flapjack flapjack
	start_silent_names
	write_ini pagerduty_url=https://pagerduty.example/v2/enqueue heartbeat_url=https://beat.example/x heartbeat_interval=1
	start oobetet with_etc resolv.conf oobetet -c "$work/oobetet.ini"
	poll 20 said oobetet 'in the room ops@conference.localhost as oobetet'
	poll 20 said names pagerduty
	poll 20 said flapjack '<oobetet>.* is Critical'
	both
	poll 20 said flapjack '<oobetet>.* is OK'
	last=$(grep '<flapjack> Problem' "$work/flapjack.log" | tail -n 1 | cut -d' ' -f1)
	critical=$(count_of flapjack '<oobetet>.* is Critical')
	poll 20 at_least $((critical + 1)) flapjack '<oobetet>.* is Critical'
	told=$(sed '1,/<oobetet>.* is OK/d' "$work/flapjack.log" | grep -m 1 '<oobetet>.* is Critical' | cut -d' ' -f1)
	awk -v last="$last" -v told="$told" 'BEGIN { print told - last; exit !(told - last > 3 && told - last < 4) }'
	# the pager waits for names, too, but goes on living meanwhile
	poll 20 said oobetet 'error: heartbeat_url cannot be fetched: (Resolving timed out|Could not resolve)'
	poll 20 at_least 12 flapjack '<oobetet>.* is Critical'
	run ! said oobetet 'pager: it was stuck'
	begun=${EPOCHREALTIME/./}
	stop oobetet
	[ $((${EPOCHREALTIME/./} - begun)) -lt 2000000 ]
}

@test "oobetet: the name server never answers the ear: PagerDuty is told in time, SIGTERM within two seconds" {
	start_pagerduty
	start_silent_names
	write_ini server=jabber.example port=5222
	start oobetet with_etc resolv.conf oobetet -c "$work/oobetet.ini"
	poll 20 said oobetet 'watching for'
	begun=$EPOCHREALTIME
	poll 20 said names jabber
	poll 20 paged '202 trigger '
	told=$(grep -m 1 ' 202 trigger ' "$work/pagerduty.log" | cut -d' ' -f1)
	awk -v b="$begun" -v t="$told" 'BEGIN { print t - b; exit !(t - b < 4) }'
	begun=${EPOCHREALTIME/./}
	stop oobetet
	[ $((${EPOCHREALTIME/./} - begun)) -lt 2000000 ]
}

@test "oobetet: a server with several addresses, of which only the last can be reached" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	enter_room flapjack flapjack
	printf '127.0.0.3 jabber.example\n127.0.0.2 jabber.example\n127.0.0.1 jabber.example\n' >"$work/hosts"
	write_ini server=jabber.example pagerduty_contact=
	start oobetet with_etc hosts oobetet -c "$work/oobetet.ini"
	poll 20 said oobetet 'in the room ops@conference.localhost as oobetet'
	stop prosody
	poll 20 said oobetet 'ear: cannot connect to the server; trying again'
	start_prosody
	poll 20 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
	stop oobetet
	printf '127.0.0.3 jabber.example\n' >"$work/hosts"
	start oobetet with_etc hosts oobetet -c "$work/oobetet.ini"
	poll 20 said oobetet 'ear: cannot connect to the server; trying again'
}

# Two addresses, on one port: whichever is called first is mute from then on, the other is Prosody.
start_half_mute() {
	port=$(free_port)
	start half-mute python3 -c '
import socket, sys, threading
mute, held = None, []
def pump(a, b):
    while data := a.recv(4096): b.sendall(data)
def serve(address):
    global mute
    with socket.create_server((address, int(sys.argv[1]))) as s:
        print(f"at {address}\n", end="", flush=True)
        while True:
            c = s.accept()[0]
            mute = mute or address
            held.append(c)
            print("mute\n" if mute == address else "heard\n", end="", flush=True)
            if mute != address:
                p = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
                for ends in (c, p), (p, c): threading.Thread(target=pump, args=ends, daemon=True).start()
for address in "127.0.0.1", "127.0.0.2": threading.Thread(target=serve, args=(address,)).start()
' "$port" "$prosody_port"
	poll 20 at_least 2 half-mute '^at 127'
}

@test "oobetet: a server with several addresses, of which the first takes the connection and says nothing" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_half_mute
	printf '127.0.0.1 jabber.example\n127.0.0.2 jabber.example\n' >"$work/hosts"
	write_ini server=jabber.example port="$port" pagerduty_contact=
	start oobetet with_etc hosts oobetet -c "$work/oobetet.ini"
	poll 20 said half-mute '^mute'
	poll 60 said oobetet 'in the room ops@conference.localhost as oobetet'
}
