#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# httpbroker's configurable limits: sizes, numbers and timeouts.

load lib/daemons
load lib/redis
load lib/broker

setup() { start_work; }
teardown() { stop_all; }

# start_alone OPTION...: starts the broker without a Redis
start_alone() {
	start broker httpbroker --port 127.0.0.1:0 --server 127.0.0.1:1 "$@"
	poll 10 broker_listens
}

@test "limit options: values out of range are refused" {
	local option
	for option in '--max-body 0' '--max-body 2G' '--max-body x' '--max-body -1' '--max-body 1T' \
		'--max-held 1023k' '--max-held x' '--max-held 16M' \
		'--max-states 0' '--max-states 100000001' '--max-connections 0' \
		'--max-connections 1000001' '--idle-timeout 999ms' '--idle-timeout 61m' \
		'--request-timeout 0' '--request-timeout x'; do
		# shellcheck disable=SC2086 # an option and its value
		run -64 timeout 10 httpbroker $option
		[[ "$output" == *"${option% *}: "* ]]
	done
}

@test "--max-body: one byte more gets 413, announced or not, and nothing is kept" {
	local json
	json=$(event a b ok '"summary":"twelve bytes"')
	start_alone --max-body "${#json}"
	posts 202 "$json"
	posts 413 "$json "
	[ "$answer" = "{\"error\": \"the body has more than ${#json} bytes\"}" ]
	post "$json " -H 'Transfer-Encoding: chunked'
	[ "$code" = 413 ]
	post "$json" -H 'Transfer-Encoding: chunked'
	[ "$code" = 202 ]
	stop broker
	start_alone --max-body 1k
	head -c 1025 /dev/zero | tr '\0' ' ' >"$work/blanks"
	post "@$work/blanks"
	[ "$code" = 413 ]
	[[ "$answer" == *'more than 1024 bytes'* ]]
}

@test "--max-states: one check more gets 503 with Retry-After; known checks continue" {
	start_redis
	start_broker --max-states 2 --interval 24h
	posts 200 "$(event a one ok)" "$(event a two ok)"
	posts 503 "$(event a three ok)"
	[[ "$answer" == *'"error"'* ]]
	post "$(event a three ok)" -D "$work/head"
	tr -d '\r' <"$work/head" | grep -Fx 'Retry-After: 5'
	posts 200 "$(event a two critical)"
	posts 207 "[$(event a one critical),$(event a three ok)]"
	[[ "$answer" == *'"index":1,"result":"busy"'* ]]
	[ "$(redis HLEN httpbroker:default:states)" -eq 2 ]
	[ "$(grep -c 'warning: events are refused, 503: .*(--max-states)' "$work/broker.log")" -eq 1 ]
	curl -sSf -X DELETE "$url?entity=a&check=one"
	posts 200 "$(event a three ok)"
}

@test "--max-connections: one more waits until another closes; logged at the start and at the end" {
	start_alone --max-connections 2
	client <<-'E'
		one, two, three = connect(), connect(), connect()
		assert get(one)[0] == 200
		assert get(two)[0] == 200
		three.sendall(b"GET /state HTTP/1.1\r\nHost: localhost\r\n\r\n")
		three.settimeout(0.5)
		try:
		    three.recv(1)
		    assert False, "a third one was served"
		except TimeoutError:
		    pass
		two.close()
		three.settimeout(20)
		assert answer(three)[0] == 200
	E
	log_has broker 'warning: 2 connections, the maximum \(--max-connections\): no more are accepted'
	poll 10 log_has broker 'info: (0 connections|1 connection): more are accepted again'
}

@test "--max-connections counts all sockets together" {
	read -r one two < <(free_port 2 | xargs)
	start broker httpbroker --port "127.0.0.1:$one" --port "127.0.0.1:$two" --server 127.0.0.1:1 \
		--max-connections 2
	poll 10 broker_listens
	poll 10 log_has broker "listening on 127.0.0.1:$two"
	broker_port=$one
	client "$two" <<-'E'
		first, second = connect(), connect()
		assert get(first)[0] == 200 and get(second)[0] == 200
		port = int(sys.argv[2])
		s = connect()
		try:
		    assert get(s)[0] == 0
		except (ConnectionResetError, BrokenPipeError):
		    pass
		first.close()
		def again():
		    try:
		        return get(connect())[0] == 200
		    except (ConnectionResetError, BrokenPipeError):
		        return False
		end = time.monotonic() + 20
		while not again():
		    assert time.monotonic() < end
		    time.sleep(0.02)
	E
}

# A body, or headers, with a byte each 0.1 s: no pause is long, but the request is. None is
# closed before the timeout; the delay after it depends on the machine, but stays below ten times.
@test "--request-timeout: a slow trickle does not extend it: 408, and the connection is closed" {
	start_alone --request-timeout 1s --idle-timeout 60s
	client <<-'E'
		def trickle(first, again):
		    s = connect()
		    if again:
		        assert get(s)[0] == 200
		    begin = time.monotonic()
		    s.sendall(first)
		    s.settimeout(0.1)
		    while time.monotonic() < begin + 10:
		        try:
		            data = s.recv(4096)
		            break
		        except TimeoutError:
		            s.sendall(b"x")
		    took = time.monotonic() - begin
		    assert 0.8 < took < 10, took
		    assert data.startswith(b"HTTP/1.1 408 "), data
		    assert b"error" in data
		    s.settimeout(10)
		    try:
		        assert s.recv(4096) == b""
		    except ConnectionResetError:
		        pass
		body = b"POST /state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{"
		head = b"GET /state HTTP/1.1\r\nHost: "
		together(4, lambda i: trickle((body, head)[i % 2], i > 1))
		# others are served as before
		s = connect()
		assert get(s)[0] == 200
	E
	log_has broker 'listening'
}

@test "--idle-timeout: an idle connection is closed after it, an active one is not" {
	start_alone --request-timeout 60s --idle-timeout 2s
	client <<-'E'
		def silent(first):
		    s = connect()
		    if first:
		        assert get(s)[0] == 200
		    begin = time.monotonic()
		    assert s.recv(4096) == b""
		    took = time.monotonic() - begin
		    assert 1.8 < took < 20, took
		def busy():
		    s = connect()
		    for i in range(10):
		        assert get(s)[0] == 200
		        time.sleep(0.25)
		together(3, lambda i: busy() if i == 2 else silent(i))
	E
}

# Half of them are in the middle of a body, half in the middle of the headers; each sends a byte
# now and then.
@test "2,000 slow clients beside a fast one: the fast one is answered, the others finally too" {
	ulimit -n 2100 || skip "no more descriptors are allowed"
	start_alone --idle-timeout 10m --request-timeout 10m
	client <<-'E'
		json = event("slow", "c", "ok")
		head = request(json)
		slow = [connect() for i in range(2000)]
		for i, s in enumerate(slow):
		    s.sendall(head[:-len(json) if i % 2 else 20])
		fast, took = connect(), []
		for n in range(100):
		    for s in slow[20 * n:20 * n + 20:2]:
		        s.sendall(head[20:21])
		    begin = time.monotonic()
		    assert post(fast, event("fast", "c%d" % n, "ok"))[0] == 202
		    took.append(time.monotonic() - begin)
		took.sort()
		print("median %.1f ms, worst %.1f ms" % (took[50] * 1000, took[99] * 1000))
		assert took[50] < 1
		for i, s in enumerate(slow):
		    s.sendall(head[-len(json) if i % 2 else 21:])
		for s in slow:
		    code, body = answer(s)
		    assert code == 202, body
	E
}

# libmicrohttpd's epoll loop waits for more when exactly 128 events come at once, so it is not used.
# Here they come at once: the broker is stopped while each connection sends its request.
@test "64, 126 to 131, 256, 1,000 and 2,000 busy connections, repeatedly: no request is delayed" {
	ulimit -n 2100 || skip "no more descriptors are allowed"
	start_alone --idle-timeout 10m
	client "${pids[broker]}" <<-'E'
		import selectors, signal
		broker, asked = int(sys.argv[2]), request(event("e", "c", "ok"))
		def ask_all(crowd):
		    os.kill(broker, signal.SIGSTOP)
		    for s in crowd: s.sendall(asked)
		    os.kill(broker, signal.SIGCONT)
		def answers_await(crowd, each):
		    """Each asks again as soon as it was answered, so many times."""
		    selector, left = selectors.DefaultSelector(), {}
		    for s in crowd:
		        selector.register(s, selectors.EVENT_READ)
		        left[s] = each
		    while selector.get_map():
		        ready = selector.select(30)
		        assert ready, "%d of %d wait" % (len(selector.get_map()), len(crowd))
		        for key, _ in ready:
		            s = key.fileobj
		            code, body = answer(s)
		            assert code == 202, body
		            left[s] -= 1
		            if left[s]: s.sendall(asked)
		            else: selector.unregister(s)
		for size in [64, 126, 127, 128, 129, 130, 131, 256, 1000, 2000] * 3:
		    crowd = [connect() for i in range(size)]
		    ask_all(crowd)
		    answers_await(crowd, max(2, 1000 // size))
		    for s in crowd: s.close()
	E
}

# memory_flat COMMAND...: the broker's memory grows at most by a few MiB; the freed memory
# that a sanitizer keeps does not count
memory_flat() {
	local before after
	before=$(most_memory)
	"$@"
	after=$(most_memory)
	echo "$before, then $after KiB"
	[ $((after - before)) -lt 10000 ]
}

header_bombs() {
	client <<-'E'
		post = b"POST /state HTTP/1.1\r\nHost: localhost\r\n"
		def bomb(first, piece):
		    """Up to 64 MiB of it; what the broker answers before it closes the connection."""
		    s, data = connect(), b""
		    s.sendall(first)
		    try:
		        for i in range(1024): s.sendall(piece * (65536 // len(piece)))
		        assert False, "all of it was read"
		    except (ConnectionResetError, BrokenPipeError):
		        pass
		    try: data = s.recv(65536)
		    except ConnectionResetError: pass # the response was lost with it
		    return data
		def code_of(first):
		    s = connect()
		    s.sendall(first)
		    return answer(s)[0]
		together(16, lambda i: bomb(*[
		    (post, b"X-Header: y\r\n"),
		    (post + b"X-Header: ", b"y"),
		    (post + b"X-Header: y\r\n", b" folded\r\n"),
		    (b"GET /state?entity=", b"y"),
		    (b"GET /state?", b"a=b&"),
		    (b"", b"G"),
		    (b"GET ", b" "),
		    (post + b"Cookie: ", b"a=b;"),
		][i % 8]))
		# just above the limit
		assert code_of(post + b"X-Header: y\r\n" * 600 + b"\r\n") == 431
		assert code_of(post + b"X-Header: " + b"y" * 16384) == 431
		assert code_of(b"GET /state?entity=" + b"y" * 16384) == 414
		# and just below it
		assert code_of(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Header: " + b"y" * 8000 + b"\r\n\r\n") in (200, 503)
	E
}

@test "header bombs: many headers, an endless header, an endless request line; memory stays flat" {
	start_alone
	posts 202 "$(event a b ok)"
	memory_flat header_bombs
	posts 202 "$(event a b ok)"
}

# Without `Expect: 100-continue` the broker reads the complete body before it answers: a client
# that still sends would never see the response.
huge_bodies() {
	client <<-'E'
		head = b"POST /state HTTP/1.1\r\nHost: localhost\r\n"
		part, parts = b"x" * 100000, 1000
		def huge(chunked):
		    s = connect()
		    if chunked:
		        s.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
		        for i in range(parts): s.sendall(b"%x\r\n%s\r\n" % (len(part), part))
		        s.sendall(b"0\r\n\r\n")
		    else:
		        s.sendall(head + b"Content-Length: %d\r\n\r\n" % (len(part) * parts))
		        for i in range(parts): s.sendall(part)
		    code, body = answer(s)
		    assert code == 413 and "more than 1048576 bytes" in body, (code, body)
		    assert post(s, event("a", "b", "ok"))[0] == 202 # the connection remains usable
		together(4, lambda i: huge(i % 2 == 0))
		# a client with Expect need not send the body
		s = connect()
		s.sendall(head + b"Content-Length: 104857600\r\nExpect: 100-continue\r\n\r\n")
		assert answer(s)[0] == 413
	E
}

memory_now() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/${pids[broker]}/status"
}

# Many slow bodies of 1 MiB each; a faster one and small ones have space meanwhile.
@test "--max-held: slow large bodies are dropped, small ones accepted, memory is bounded and released" {
	local before
	start_alone --max-held 16M --max-body 1M --request-timeout 10m --idle-timeout 10m
	posts 202 "$(event a b ok)"
	before=$(memory_now)
	client <<-'E'
		size, part = 1 << 20, b" " * 65536
		json = event("large", "c", "ok").encode()
		head = b"POST /state HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
		slow = [connect() for i in range(100)]
		for s in slow: s.sendall(head)
		for n in range(15):
		    for s in slow: s.sendall(part)
		    assert post(connect(), event("small", "c%d" % n, "ok"))[0] == 202
		time.sleep(1) # slow bodies must have a measurable age
		fast = connect()
		fast.sendall(head + json + b" " * (size - len(json)))
		got = answer(fast)
		assert got[0] == 202, got
		codes = []
		for s in slow:
		    s.sendall(json + b" " * (65536 - len(json)))
		    codes.append(answer(s)[0])
		assert 85 < codes.count(503) < 100, codes.count(503)
		assert codes.count(202) == 100 - codes.count(503)
		assert post(slow[codes.index(503)], event("again", "c", "ok"))[0] == 202
	E
	echo "$before, at most $(most_memory), now $(memory_now) KiB"
	sanitized broker || [ $(($(most_memory) - before)) -lt 40000 ]
	sanitized broker || [ $(($(memory_now) - before)) -lt 12000 ]
	[ "$(grep -c 'warning: events are refused, 503: .*--max-held' "$work/broker.log")" -eq 1 ]
	[ "$(curl -sS "${url%state}metrics" | sed -n 's/^httpbroker_held_bytes //p')" -eq 0 ]
}

@test "--max-held: a document that grows a hundredfold when parsed is refused, its memory is released" {
	local before
	start_alone --max-held 64M --max-body 16M
	posts 202 "$(event a b ok)"
	before=$(memory_now)
	client <<-'E'
		def wide(i):
		    s = connect()
		    code, body = post(s, "[%s{}]" % ("{}," * (1 << 20)))
		    assert code == 413 and "--max-held" in body, (code, body)
		    assert post(s, event("e%d" % i, "c", "ok"))[0] == 202
		wide(0)
		codes = []
		def many(i): codes.append(post(connect(), "[%s{}]" % ("{}," * (1 << 20)))[0])
		together(6, many)
		assert set(codes) <= {413, 503}, codes
		# a large document that does not grow like this
		code, body = post(connect(), "[%s]" % ",".join([event("e%d" % i, "c", "ok", "x" * 400) for i in range(12000)]))
		assert code == 202, (code, body[:200])
	E
	echo "$before, at most $(most_memory), now $(memory_now) KiB"
	sanitized broker || [ $(($(most_memory) - before)) -lt 140000 ]
	sanitized broker || [ $(($(memory_now) - before)) -lt 40000 ]
	[ "$(curl -sS "${url%state}metrics" | sed -n 's/^httpbroker_held_bytes //p')" -eq 0 ]
}

@test "bodies of 100 MB, announced or in chunks: 413, and memory stays flat" {
	start_alone --max-body 1M
	posts 202 "$(event a b ok)"
	memory_flat huge_bodies
}

# The broker's log is a pipe without a reader: it is full after some hundred lines.
@test "a blocked log does not stop the broker" {
	broker_port=$(free_port)
	start unread python3 -c '
import os, subprocess, sys, time
p = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "httpbroker", "--debug", "--server", "none", "--port", sys.argv[1]],
    stderr=subprocess.PIPE)
print(p.pid, flush=True)
sys.exit(p.wait())' "$broker_port"
	url=http://127.0.0.1:$broker_port/state
	poll 10 listening "$broker_port"
	client <<-'E'
		def many(i):
		    s = connect()
		    for n in range(500):
		        assert post(s, event("e%d" % i, "c%d" % n, "ok", "x" * 4000))[0] == 200
		together(8, many)
	E
	kill "$(cat "$work/unread.log")"
	wait "${pids[unread]}"
}

# start_within HARD OPTION...: starts a broker with the soft descriptor limit 64 and this hard limit
start_within() {
	start broker prlimit --nofile="64:$1" \
		httpbroker --port 127.0.0.1:0 --server none --idle-timeout 10m "${@:2}"
	poll 10 broker_listens
}

@test "the descriptor limit is raised for --max-connections, up to the hard limit" {
	start_within 1000 --max-connections 400
	client <<-'E'
		crowd = [connect() for i in range(300)]
		for s in crowd: assert get(s)[0] == 200
	E
	awk '/^Max open files/ { raised = $4 >= 400 && $5 == 1000 } END { exit !raised }' "/proc/${pids[broker]}/limits"
	run ! log_has broker warning
	stop broker
	start_within 200
	log_has broker 'warning: only 136 connections at a time: no more descriptors are allowed, see ulimit -n$'
	client <<-'E'
		crowd = [connect() for i in range(136)]
		for s in crowd: assert get(s)[0] == 200
	E
	stop broker
	start_within 100
	log_has broker 'warning: only 36 connections at a time'
	client "${pids[broker]}" <<-'E'
		crowd = [connect() for i in range(36)]
		for s in crowd: assert get(s)[0] == 200
		# the reserve for the broker itself is still free
		assert len(os.listdir("/proc/%s/fd" % sys.argv[2])) <= 100 - 30
	E
	stop broker
	run -71 timeout 10 prlimit --nofile=64:64 httpbroker --port 127.0.0.1:0 --server none
	[[ "$output" == *'error: only 64 descriptors are allowed, more than 64 are needed: see ulimit -n'* ]]
}
