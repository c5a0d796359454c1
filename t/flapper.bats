# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # $work, $output, $status and what load brings; eval's
# One flapper: its port, its log, its connections, its exit.

load lib/daemons
load lib/flapper
setup() { start_work; }
teardown() { stop_all; }

# peer ARGUMENT...: runs standard input as Python, with s a socket connected to flapper's port as soon
# as that is open
peer() {
	python3 -c '
import socket, sys, time
def connect():
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
    s.settimeout(20)
    return s
end = time.time() + 20
while True:
    try: s = connect(); break
    except ConnectionRefusedError:
        if time.time() > end: raise
        time.sleep(0.02)
exec(sys.stdin.read())' "$port" "$@" 3>&-
}

@test "flapper: one log line per transition, and exit after --count periods" {
	port=$(free_port)
	run -0 flapper -i 1500ms -n 2 -p "$port"
	[ "$output" = "flapper: info: up on [::]:$port for 750 ms
flapper: info: down on [::]:$port for 750 ms
flapper: info: up on [::]:$port for 750 ms
flapper: info: down on [::]:$port for 750 ms" ]
}

@test "flapper: --quiet logs no transitions, SIGUSR1 still logs the state" {
	port=$(free_port)
	run -0 flapper -i 1500ms -n 2 -q -p "$port"
	[ "$output" = '' ]
	start flapper flapper -i 60 -q -p "$port"
	poll 10 check_tcp -H 127.0.0.1 -p "$port"
	kill -USR1 "${pids[flapper]}"
	poll 10 log_has flapper "info: up on \[::\]:$port, [0-9]+ connections?, [0-9.]+ s to the next"
	[ "$(wc -l <"$work/flapper.log")" -eq 1 ]
}

@test "flapper: a late SIGUSR1 logs the state after the overdue transitions" {
	start_flapper -i 400ms
	freeze flapper
	kill -USR1 "${pids[flapper]}"
	python3 -c 'import time; time.sleep(1)' # over a period
	kill -CONT "${pids[flapper]}"
	poll 10 log_has flapper 'to the next transition'
	log_has flapper 'info: skipped [0-9]+ transitions?$'
	log_has flapper "(up|down) on \[::\]:$port, 0 connections, [0-9.]+ m?s to the next transition\$"
}

@test "flapper: started with closed standard streams, it sends nothing to clients" {
	port=$(free_port)
	bash -c 'exec flapper -p "$0" -i 7d <&- >&- 2>&-' "$port" 3>&- &
	pids[flapper]=$!
	poll 20 listening "$port"
	peer "${pids[flapper]}" <<-'E'
		import os, signal
		os.kill(int(sys.argv[2]), signal.SIGUSR1)
		s.sendall(b"quit\n")
		assert s.recv(4096) == b""
	E
	stop flapper
}

@test "flapper: a blocked log does not stop the oscillation" {
	port=$(free_port)
	# more lines than a pipe holds
	python3 - "$port" <<-'E'
		import subprocess, sys
		p = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "flapper", "-i", "2ms", "-n", "1500", "-p", sys.argv[1]],
		    stderr=subprocess.PIPE)
		try:
		    assert p.wait(30) == 0
		finally:
		    p.kill()
	E
}

@test "flapper: a terminal that is not read does not stop the oscillation" {
	port=$(free_port)
	# more lines than a terminal holds
	run -0 timeout -k 1 20 "$root/t/tools/unread-terminal" 2 flapper -i 2ms -n 1500 -p "$port"
}

@test "flapper: port 0 picks a port and logs it" {
	port=0
	start_flapper -i 1h
	log_has flapper 'info: the port is \[::\]:[0-9]+$'
	port=$(sed -n 's/.* up on \[::\]:\([1-9][0-9]*\) for .*/\1/p' "$work/flapper.log")
	check_tcp -H ::1 -p "$port"
}

@test "flapper: SIGTERM and SIGINT end it at once with exit code 0" {
	for signal in TERM INT; do
		port=$(free_port)
		# started directly: a shell's background job would ignore SIGINT
		python3 - "$signal" "$port" <<-'E'
			import signal, subprocess, sys, time
			p = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "flapper", "-i", "7d", "-p", sys.argv[2]],
			    stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
			p.stderr.readline()
			before = time.monotonic()
			p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
			try:
			    code = p.wait(20)
			finally:
			    p.kill()
			after = time.monotonic()
			said = p.stderr.read().decode()
			print(sys.argv[1], code, after - before, said)
			sys.exit(code != 0 or after - before > 2 or
			    not said.endswith("flapper: info: stopping: SIG%s\n" % sys.argv[1]))
		E
	done
}

@test "flapper: SIGTERM ends it at once during a flood of connections" {
	port=$(free_port)
	python3 - "$port" <<-'E'
		import socket, subprocess, sys, threading, time
		p = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "flapper", "-i", "7d", "-p", sys.argv[1]],
		    stderr=subprocess.PIPE)
		p.stderr.readline()
		under_way = threading.Barrier(9)
		def flood():
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
		    s.sendall(bytes(65536))
		    under_way.wait()
		    try:
		        while True: s.sendall(bytes(65536))
		    except OSError:
		        pass
		for i in range(8): threading.Thread(target=flood, daemon=True).start()
		under_way.wait()
		p.terminate()
		try:
		    sys.exit(p.wait(5))
		finally:
		    p.kill()
	E
}

@test "flapper: a port in use at the start: exit 75, and how to find its owner" {
	start_flapper -i 1h
	for address in :: 127.0.0.1 ::1; do
		run -75 flapper -p "$port" -b $address
		[[ "$output" == "flapper: error: cannot bind to "*":$port: Address already in use ("* ]]
	done
}

@test "flapper: an address of another machine: exit 75" {
	run -75 flapper -p 0 -b 192.0.2.1
	[[ "$output" == *"cannot bind to 192.0.2.1:0: Cannot assign requested address"* ]]
}

@test "flapper: a port that is not permitted: exit 77" {
	load lib/confined
	run -77 "${unprivileged[@]}" "$build/flapper/flapper" -p 80
	[[ "$output" == *"cannot bind to [::]:80: Permission denied"*CAP_NET_BIND_SERVICE* ]]
}

@test "flapper: --bind serves only that address" {
	start_flapper -i 1h -b 127.0.0.1
	check_tcp -H 127.0.0.1 -p "$port"
	run -2 check_tcp -H ::1 -p "$port"
	stop flapper
	start_flapper -i 1h -b ::1
	check_tcp -H ::1 -p "$port"
	run -2 check_tcp -H 127.0.0.1 -p "$port"
}

@test "flapper: without IPv6 it serves IPv4" {
	port=$(free_port)
	start flapper without ipv6 flapper -i 1h -p "$port"
	poll 10 log_has flapper "up on 0\.0\.0\.0:$port for 1800 s"
	check_tcp -H 127.0.0.1 -p "$port"
}

@test "flapper: readiness is reported once it serves, to s6 and to systemd" {
	port=$(free_port)
	python3 - "$work/notify" "$port" <<-'E'
		import os, socket, subprocess, sys
		notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		notify.bind(sys.argv[1])
		notify.settimeout(20)
		r, w = os.pipe()
		p = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "flapper", "-i", "1h", "-p", sys.argv[2], "--ready-fd", str(w)],
		    pass_fds=[w], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[1]))
		os.close(w)
		try:
		    assert notify.recv(100) == b"READY=1"
		    socket.create_connection(("127.0.0.1", int(sys.argv[2])), 10)
		    assert os.read(r, 100) == b"\n"
		    assert os.read(r, 100) == b""
		    p.terminate()
		    assert notify.recv(100) == b"STOPPING=1"
		    assert p.wait(20) == 0
		finally:
		    p.kill()
	E
}

@test "flapper: systemd is sent WATCHDOG=1 twice in the time that it allows" {
	start systemd systemd
	poll 10 log_has systemd bound
	NOTIFY_SOCKET=$work/systemd WATCHDOG_USEC=400000 start flapper flapper -i 1h -p "$(free_port)"
	poll 10 eval '[ "$(grep -c "^WATCHDOG=1$" "$work/systemd.log")" -ge 3 ]'
	log_has systemd '^READY=1$'
	stop flapper
	poll 10 log_has systemd '^STOPPING=1$'
}

@test "flapper: readiness is reported in a closed half too" {
	port=$(free_port)
	# an interval whose closed half lasts for another minute at least
	interval=240
	until [ $((EPOCHSECONDS % interval)) -ge $((interval / 2)) ] &&
		[ $((EPOCHSECONDS % interval)) -lt $((interval - 60)) ]; do interval=$((interval + 2)); done
	flapper --align -i $interval -p "$port" --ready-fd 1 >"$work/ready" 2>"$work/flapper.log" 3>&- &
	pids[flapper]=$!
	poll 10 test -s "$work/ready"
	log_has flapper "info: down on \[::\]:$port for [0-9.]+ s"
	run -2 check_tcp -H 127.0.0.1 -p "$port"
	[[ "$output" == *refused* ]]
}

@test "flapper: the line quit ends a connection, nothing else does" {
	start_flapper -i 1h
	peer <<-'E'
		other = connect()
		s.sendall(b"hello\n" + b"x" * 200000 + b"\nnot quit\nqu")
		time.sleep(0.2)
		s.sendall(b"it\r\n")
		assert s.recv(1) == b""
		other.sendall(b"still there\n")
		other.setblocking(False)
		try:
		    other.recv(1)
		    raise SystemExit("the other was sent off too")
		except BlockingIOError:
		    pass
		other.setblocking(True)
		other.shutdown(socket.SHUT_WR)
		assert other.recv(1) == b""
	E
	check_tcp -H 127.0.0.1 -p "$port" -s hello -q quit
}

@test "flapper: closing ends all connections orderly, those not yet accepted too" {
	start_flapper -i 6
	wait_for up
	# three clients that send and do not read; flapper is stopped over the end of the half, which
	# has just begun when they connect
	peer "${pids[flapper]}" <<-'E'
		import os, signal
		def refused():
		    try: connect().close()
		    except ConnectionRefusedError: return True
		while not refused(): time.sleep(0.02)
		while refused(): time.sleep(0.02)
		first, inside = connect(), connect()
		os.kill(int(sys.argv[2]), signal.SIGSTOP)
		try:
		    late = connect()
		    for who in first, inside, late:
		        who.sendall(b"x" * 20000)
		    time.sleep(3.2)
		finally:
		    os.kill(int(sys.argv[2]), signal.SIGCONT)
		for who in first, inside, late:
		    assert who.recv(1) == b"", "an orderly end"
	E
	log_has flapper 'down on'
}

@test "flapper: without free descriptors the oldest connection is closed" {
	start_flapper -i 1h
	local inside=$(($(descriptors) + 6))
	mkfifo "$work/go"
	peer "$work/go" <<-'E' &
		visitors = [s] + [connect() for i in range(5)]
		open(sys.argv[2]).read()
		visitors += [connect(), connect()]
		for visitor in visitors[:2]:
		    assert visitor.recv(1) == b""
		for visitor in visitors[2:]:
		    visitor.setblocking(False)
		    try:
		        visitor.recv(1)
		        raise SystemExit("one who should stay was sent off")
		    except BlockingIOError:
		        pass
	E
	pids[peer]=$!
	poll 10 eval "[ \"\$(descriptors)\" -eq $inside ]"
	allow_no_more_descriptors
	echo go >"$work/go"
	wait "${pids[peer]}"
	run ! log_has flapper error
}

@test "flapper: failing accepts are logged once, and so is the recovery" {
	start_flapper -i 1h
	allow_no_more_descriptors
	check_tcp -H 127.0.0.1 -p "$port" || :
	poll 10 log_has flapper 'error: cannot accept connections: Too many open files; retrying every second'
	prlimit --pid "${pids[flapper]}" --nofile=1024:
	poll 10 log_has flapper 'works again'
	check_tcp -H 127.0.0.1 -p "$port"
}
