# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # $work, $output, $status and what load brings; eval's
# flapper's resource usage, many connections, and a port in use.

load lib/daemons
load lib/flapper
setup() { start_work; }
teardown() { stop_all; }

@test "flapper: of 5,000 connections in one period the newest 1,024 stay open" {
	ulimit -n 6000
	start_flapper -i 30
	python3 - "$port" "/proc/${pids[flapper]}" <<-'E' 3>&-
		import os, select, socket, sys
		def connect():
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
		    s.settimeout(20)
		    return s
		before = len(os.listdir(sys.argv[2] + "/fd"))
		crowd = [connect() for i in range(5000)]
		for s in crowd[:-1024]:
		    assert s.recv(1) == b"", "an orderly end"
		assert len(os.listdir(sys.argv[2] + "/fd")) == before + 1024
		poll = select.poll()
		for s in crowd[-1024:]:
		    poll.register(s)
		    s.sendall(b"still here?\n")
		poll = select.poll()
		for s in crowd[-1024:]:
		    poll.register(s, select.POLLIN)
		assert poll.poll(500) == [], "nobody else was sent off"
		for s in crowd[-1024:]:
		    assert s.recv(1) == b"", "closing ends them in order"
		assert len(os.listdir(sys.argv[2] + "/fd")) == before - 1
	E
	log_has flapper 'down on'
	run ! log_has flapper error
}

@test "flapper: a port in use after a closed half: logged once, retried, recovery logged" {
	start_flapper -i 4
	wait_for down
	mkfifo "$work/release"
	start thief python3 -c '
import socket, sys, time
def thieve():
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind(("::", int(sys.argv[1])))
        s.listen()
        return s
    except OSError: # it is open again
        s.close()
while not (stolen := thieve()): time.sleep(0.01)
open(sys.argv[2]).read()' "$port" "$work/release"
	poll 20 log_has flapper "error: cannot listen on \[::\]:$port: Address already in use; retrying every second\$"
	local before
	before=$(transitions)
	kill -USR1 "${pids[flapper]}"
	poll 10 log_has flapper 'down on .* \(it could not be opened\), .* to the next transition'
	# more than a period later: no further message
	python3 -c 'import time; time.sleep(5)'
	[ "$(grep -c 'cannot listen' "$work/flapper.log")" -eq 1 ]
	[ "$(transitions)" -eq $((before + 1)) ] || [ "$(transitions)" -eq "$before" ]
	before=$(transitions up)
	echo >"$work/release"
	poll 20 log_has flapper "info: \[::\]:$port works again\$"
	poll 20 more_transitions_than up "$before"
	wait_for up
	check_tcp -H 127.0.0.1 -p "$port"
}

# A random port of the ephemeral range, of the parity that the kernel uses first.
ephemeral_port() {
	local low high
	read -r low high </proc/sys/net/ipv4/ip_local_port_range
	echo $((low + 2 * ((RANDOM * 32768 + RANDOM) % ((high - low) / 2))))
}

@test "flapper: a probe of its closed port in the ephemeral range never connects to itself" {
	# an interval whose closed half lasts for minutes from now
	local interval=1000
	until [ $((EPOCHSECONDS % interval)) -ge $((interval / 2)) ] &&
		[ $((EPOCHSECONDS % interval)) -lt $((interval - 300)) ]; do interval=$((interval + 2)); done
	poll 30 ephemeral_flapper --align -i $interval
	self-connect "$port" 300000
	[ "$(transitions)" -eq 1 ]
	stop flapper
	# without flapper the same probe does connect to itself
	run -1 self-connect "$port" 1000000
	[[ "$output" == 'connected to itself at attempt'* ]]
}

# Succeeds once flapper has started on an unused ephemeral port.
ephemeral_flapper() {
	port=$(ephemeral_port)
	start flapper flapper -p "$port" "$@"
	poll 10 eval "log_has flapper 'down on' || ! running flapper"
	log_has flapper 'down on'
}

# wakes SECONDS: how often flapper went to sleep in that time, and how many µs it was at most
wakes() {
	local begun=${EPOCHREALTIME/./} before after
	before=$(status_of voluntary_ctxt_switches)
	python3 -c 'import sys, time; time.sleep(float(sys.argv[1]))' "$1"
	after=$(status_of voluntary_ctxt_switches)
	echo $((after - before)) $((${EPOCHREALTIME/./} - begun))
}

# In hundredths of a second: a process that never sleeps never wakes up either.
processor_time() {
	awk '{ print $14 + $15 }' "/proc/${pids[flapper]}/stat"
}

@test "flapper: it wakes up for transitions and connections only" {
	port=$(free_port)
	start flapper flapper -q -i 1h -p "$port"
	poll 10 check_tcp -H 127.0.0.1 -p "$port"
	# on a busy machine the connection may still be pending
	poll 20 eval '[[ "$(wakes 3)" == "0 "* ]]'
	[ "$(processor_time)" -lt 10 ]
	stop flapper
	# twenty halves in four seconds; more where a busy machine takes longer for it
	start flapper flapper -q -i 400ms -p "$port"
	poll 10 check_tcp -H 127.0.0.1 -p "$port"
	local woke took
	read -r woke took < <(wakes 4)
	echo "woke $woke times in $took us"
	[ "$woke" -ge 15 ]
	[ "$woke" -le $((took / 125000)) ] # 1.6 a half
}

@test "flapper: its resident memory stays under 2 MiB, also with 1,024 connections" {
	ulimit -n 6000
	start_flapper -i 20s
	echo "at the start: $(status_of VmRSS) kB"
	[ "$(status_of VmRSS)" -lt 2048 ]
	python3 - "$port" "/proc/${pids[flapper]}/fd" <<-'E' 3>&-
		import os, socket, sys, time
		crowd = [socket.create_connection(("::1", int(sys.argv[1])), 10) for i in range(1024)]
		for s in crowd:
		    s.sendall(b"x" * 10000)
		assert len(os.listdir(sys.argv[2])) >= 1024
		for s in crowd:
		    s.settimeout(20)
		    assert s.recv(1) == b""
	E
	echo "after 1,024 clients: $(status_of VmRSS) kB"
	[ "$(status_of VmRSS)" -lt 2048 ]
	poll 10 log_has flapper 'down on'
	[ "$(status_of VmRSS)" -lt 2048 ]
}
