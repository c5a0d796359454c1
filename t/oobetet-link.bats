# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet while its link to the server is cut and the room continues.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# A link to the server that can be cut: connections to $linked_port.
start_link() {
	linked_port=${linked_port:-$(free_port)}
	start link python3 -c '
import socket, sys, threading
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def pump(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    for end in (a, b):
        try: end.shutdown(2)
        except OSError: pass
while True:
    c = s.accept()[0]
    d = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    for ends in ((c, d), (d, c)): threading.Thread(target=pump, args=ends, daemon=True).start()' \
		"$linked_port" "$prosody_port"
	poll 20 listening "$linked_port"
}

# The chain is heard for some seconds after the cut
chain_continues() {
	heard=$(count_of flapjack '<flapjack> Recovery')
	poll 20 at_least $((heard + 10)) flapjack '<flapjack> Recovery'
	stop_beat
	run ! log_has flapjack '<oobetet>.* is Critical'
	run ! pagerduty_has 202
}

# A fifth of max_latency is what a busy machine has to be in the room again.
start_linked() {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	start_link
	write_ini port="$linked_port" max_latency=75
	start_oobetet
	start_beat
	poll 20 at_least 3 flapjack '<flapjack> Recovery'
}

@test "oobetet: no data on the link for 0.8 of max_latency while the room continues: no alarm" {
	start_linked
	freeze link
	read -rt 60 <> <(:) || : # the length of the outage, which is what is tested
	kill -CONT "${pids[link]}"
	chain_continues
}

@test "oobetet: the link is down for 0.8 of max_latency while the room continues: no alarm" {
	start_linked
	stop link || :
	read -rt 60 <> <(:) || : # the length of the outage, which is what is tested
	start_link
	poll 60 at_least 2 oobetet 'in the room'
	chain_continues
}
