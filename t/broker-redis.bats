#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2154 # variables that load and run bring; a test is a subshell
# httpbroker when Redis is down, returns, hangs or refuses; many clients; a supervisor.

load lib/daemons
load lib/redis
load lib/broker
load lib/losing

setup() { start_work; }
teardown() { stop_all; }

# A Redis that syncs each write to disk before it answers.
start_lasting_redis() {
	start_redis --appendonly yes --appendfsync always
}

# logged N PATTERN: there are N matching lines
logged() {
	[ "$(count_of broker "$2")" -eq "$1" ]
}

# recorded SENT [STATE]: the last pushed state of a:b in its record; and its state
recorded() {
	redis HGET httpbroker:default:states $'a\x1fb' |
		grep -q "^1 [0-9]* 300 $1 .*\"state\":\"${2:-$1}\""
}

connected() {
	[ -n "$(ss -Htn state established "sport = :$broker_port")" ]
}

# start_stream CLIENTS: each posts changes of its own check, numbered in their summary, until
# $work/enough exists. $work/taken lists those that got 200 or 202, as `CHECK NUMBER`.
start_stream() {
	: >"$work/taken"
	start stream stream "$1" "$work"
	poll 20 taken 100
}

stream() {
	client "$@" <<-'E'
		clients, work = int(sys.argv[2]), sys.argv[3]
		lock, codes = threading.Lock(), {}
		log = open(work + "/taken", "w", 1)
		def run(i):
		    s, n = connect(), 0
		    while not os.path.exists(work + "/enough"):
		        n += 1
		        code, body = post(s, event("stream", "c%d" % i, ("ok", "critical")[n % 2], n))
		        assert code in (200, 202), body
		        with lock:
		            log.write("c%d %d\n" % (i, n))
		            codes[code] = codes.get(code, 0) + 1
		        if code == 202: time.sleep(0.001)
		together(clients, run)
		print(codes)
	E
}

taken() {
	[ "$(wc -l <"$work/taken")" -ge "$1" ]
}

# Waits until the stream has posted this number of further changes.
stream_on() {
	poll 60 taken $(($(wc -l <"$work/taken") + $1))
}

# Ends the stream: each accepted change is in the queue once, in the order of its check.
stream_arrives() {
	touch "$work/enough"
	wait "${pids[stream]}"
	unset 'pids[stream]'
	cat "$work/stream.log"
	poll 20 queued "$(wc -l <"$work/taken")"
	queue | sed 's/.*"check":"\(c[0-9]*\)".*"summary":"\([0-9]*\)".*/\1 \2/' >"$work/came"
	# a stable sort by check keeps the order of each
	sort -s -k1,1 "$work/taken" >"$work/taken.sorted"
	sort -s -k1,1 "$work/came" | diff "$work/taken.sorted" - | head -n 20 >"$work/differences"
	cat "$work/differences"
	[ ! -s "$work/differences" ]
}

@test "Redis down at the start: 202, delivered when it is up, logged once each way" {
	redis_port=$(free_port)
	start_broker --interval 1h
	poll 10 log_has broker "error: Redis at 127.0.0.1:$redis_port: cannot connect: Connection refused; until"
	posts 202 "$(event a b ok)" "$(event a b critical)" "$(event a b critical)" "$(event x y ok)"
	start_redis
	poll 10 queued 3
	[ "$(queue | sed -E 's/.*"check":"(.)".*"state":"([a-z]*)".*/\1 \2/')" = 'b ok
b critical
y ok' ]
	[ "$(redis HLEN httpbroker:default:states)" -eq 2 ]
	posts 200 "$(event a b ok)"
	kill_now redis
	poll 10 logged 2 'error: Redis at'
	posts 202 "$(event a b critical)"
	start_redis
	poll 10 queued 1
	[ "$(count_of broker 'error: ')" -eq 2 ]
	[ "$(count_of broker "info: Redis at 127.0.0.1:$redis_port: back after [0-9]")" -eq 2 ]
}

@test "Redis killed and restarted under a stream of changes: no loss, no duplicates, in order" {
	start_lasting_redis
	start_broker --interval 1h
	start_stream 8
	for i in 1 2 3; do
		stream_on 500
		kill_now redis
		stream_on 200
		start_lasting_redis
		poll 10 logged $i 'back after'
	done
	stream_on 500
	stream_arrives
	grep -E '202: [0-9]' "$work/stream.log"
}

@test "connections broken under a stream of changes, replies lost: no loss, no duplicates, in order" {
	start_redis
	start_broker --interval 1h
	start_stream 8
	# a busy machine needs more of them, for some break a connection that has sent nothing yet
	for ((i = 0; i < 100 || $(count_of broker 'back after') <= 10; i++)); do
		[ "$(redis CLIENT KILL TYPE normal SKIPME yes)" -ge 0 ]
		stream_on 5
		[ $i -lt 1000 ]
	done
	stream_arrives
}

@test "Redis hangs: 202 after five seconds, then at once, delivered when it continues" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)"
	freeze redis
	before=$EPOCHREALTIME
	posts 202 "$(event a b critical '"summary":"1"')"
	took=$((${EPOCHREALTIME/./} - ${before/./}))
	echo "$took us"
	[ $took -gt 4500000 ]
	[ $took -lt 8000000 ]
	before=$EPOCHREALTIME
	posts 202 "$(event a b ok '"summary":"2"')" "$(event c d ok '"summary":"3"')"
	[ $((${EPOCHREALTIME/./} - ${before/./})) -lt 4000000 ]
	[ "$(count_of broker 'error: ')" -eq 1 ]
	kill -CONT "${pids[redis]}"
	poll 20 queued 4
	posts 200 "$(event c d ok)"
	[ "$(queue | sed 's/.*"summary":"\([0-9]*\)".*/\1/' | tr '\n' ' ')" = ' 1 2 3 ' ]
	[ "$(count_of broker 'back after')" -eq 1 ]
}

@test "queue key of another type: logged by name, states are written, delivered once it is deleted" {
	start_redis
	redis SET events precious
	start_broker --interval 1h
	post "$(event a b critical)"
	[ "$code" = 202 ]
	poll 10 log_has broker "error: Redis at 127.0.0.1:$redis_port: refuses LPUSH events: WRONGTYPE .*; until"
	poll 20 recorded - critical
	posts 202 "$(event a b ok)"
	poll 20 recorded - ok
	[ "$(redis GET events)" = precious ]
	redis DEL events
	poll 20 queued 2
	[ "$(queue | sed 's/.*"state":"\([a-z]*\)".*/\1/')" = $'critical\nok' ]
	poll 10 recorded ok
	poll 20 logged 1 'back after'
	[ "$(count_of broker 'error: ')" -eq 1 ]
	posts 200 "$(event a b ok)"
}

@test "the next broker pushes the events that the queue refused before a crash, and no others" {
	start_redis
	start_broker --interval 24h
	posts 200 "$(event a b ok)" "$(event a c ok)"
	redis RENAME events taken
	redis SADD events precious
	posts 202 "$(event a b critical)"
	poll 20 recorded - critical
	kill_now broker
	redis DEL events
	start_broker --interval 24h
	poll 20 queued 1
	poll 20 recorded critical
	# once pushed it is no longer undelivered
	redis RENAME events taken
	redis SADD events precious
	posts 202 "$(event a b ok)"
	poll 20 recorded - ok
	redis DEL events
	poll 20 recorded ok
	kill_now broker
	start_broker --interval 24h
	posts 200 "$(event a b ok)" "$(event a c critical)"
	[ "$(queue | sed 's/.*"check":"\(.\)".*"state":"\([a-z]*\)".*/\1 \2/' | tr '\n' ,)" = 'b ok,c critical,' ]
	[ "$(queue taken | sed 's/.*"check":"\(.\)".*"state":"\([a-z]*\)".*/\1 \2/')" = 'b critical' ]
}

is_lost() {
	[ -e "$work/lost" ]
}

@test "no record lists a refused event as pushed, even if the broker dies at once" {
	proxy_port=$(free_port)
	start_redis
	start_losing_proxy "$proxy_port" "$redis_port"
	redis_port=$proxy_port start_broker --interval 24h
	posts 200 "$(event a b ok)"
	redis RENAME events taken
	redis SADD events precious
	echo "kill -KILL ${pids[broker]}" >"$work/losing"
	echo LPUSH >"$work/lose"
	post "$(event a b critical)" || :
	poll 10 is_lost
	wait "${pids[broker]}" 2>/dev/null || :
	unset 'pids[broker]'
	recorded ok
	redis DEL events
	start_broker --interval 24h
	posts 200 "$(event a b critical)"
	[ "$(redis LLEN events)" -eq 1 ]
}

@test "queue key changes its type: all states are written meanwhile; wrong states are logged as well" {
	start_redis
	start_broker --interval 24h
	posts 200 "$(event a b critical)"
	redis DEL events
	redis SADD events precious
	posts 202 "$(event a b ok)"
	poll 20 log_has broker 'refuses LPUSH events: WRONGTYPE '
	for i in 1 2 3; do posts 202 "$(event a "c$i" critical)"; done
	recorded_are() { [ "$(redis HLEN httpbroker:default:states)" -eq "$1" ]; }
	poll 20 recorded_are 4
	poll 20 recorded - ok
	redis DEL httpbroker:default:states
	redis SET httpbroker:default:states precious
	posts 202 "$(event a b warning)"
	poll 20 log_has broker 'refuses HSET httpbroker:default:states: WRONGTYPE '
	redis DEL httpbroker:default:states
	# former records are written again
	poll 20 recorded_are 4
	redis DEL events
	poll 20 queued 5
	[ "$(queue | sed 's/.*"check":"\([a-z0-9]*\)".*"state":"\([a-z]*\)".*/\1 \2/' | tr '\n' ,)" = \
		'b ok,c1 critical,c2 critical,c3 critical,b warning,' ]
	poll 20 logged 1 'back after'
	posts 200 "$(event a b ok)"
	[ "$(count_of broker 'error: ')" -eq 2 ]
}

@test "lost reply about a queue of another type: delivered once, when it is a list again" {
	start_redis
	proxy_port=$(free_port)
	start_losing_proxy "$proxy_port" "$redis_port"
	redis_port=$proxy_port start_broker --interval 24h
	posts 200 "$(event a b ok)"
	redis DEL events
	redis SET events precious
	echo "redis-cli -p $redis_port DEL events" >"$work/losing"
	echo LPUSH >"$work/lose"
	post "$(event a b critical)"
	[[ "$code" = 20[02] ]]
	poll 20 queued 1
	[ -e "$work/lost" ]
	poll 20 logged 1 'back after'
	posts 200 "$(event a b critical)"
	recorded critical
	# the reply was lost, but the commit ran: it is not repeated
	echo : >"$work/losing"
	mv "$work/lost" "$work/lose"
	post "$(event a b ok)"
	[[ "$code" = 20[02] ]]
	poll 20 logged 2 'back after'
	posts 200 "$(event a b warning)"
	[ -e "$work/lost" ]
	[ "$(queue | sed 's/.*"state":"\([a-z]*\)".*/\1/' | tr '\n' ,)" = critical,ok,warning, ]
	run ! log_has broker WRONGTYPE
}

@test "SIGTERM while the queue is of another type: states are written, the lease is released, the loss is logged" {
	start_redis
	redis SET events precious
	start_broker --interval 24h
	posts 202 "$(event a b critical)" "$(event a b ok)"
	stop_within 5 broker
	recorded - ok
	[ "$(redis EXISTS httpbroker:default:lease)" -eq 0 ]
	log_has broker 'error: stopping while Redis refuses some of it: 2 events were not delivered and 0 states not written$'
}

@test "states key of another type: logged by name, the queue still gets events" {
	start_redis
	redis SET httpbroker:default:states precious
	start_broker --interval 1h
	posts 202 "$(event a b critical)"
	poll 10 log_has broker 'refuses HSET httpbroker:default:states: WRONGTYPE '
	poll 10 queued 1
	redis DEL httpbroker:default:states
	poll 20 log_has broker 'back after'
	recorded critical
	posts 200 "$(event a b ok)"
	[ "$(queue | wc -l)" -eq 2 ]
}

@test "an unreadable batch number is logged and left unchanged" {
	start_redis
	redis SET httpbroker:default:batch nonsense
	start_broker --interval 1h
	poll 10 log_has broker 'holds a batch number that cannot be read: it is not NUMBER TOKEN CLOCK WALL'
	posts 202 "$(event a b critical)"
	[ "$(redis GET httpbroker:default:batch)" = nonsense ]
	redis DEL httpbroker:default:batch
	poll 20 queued 1
}

@test "a foreign value in the key of the lease is named, and all goes on when it is gone" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b critical)"
	redis SET httpbroker:default:lease foo
	poll 10 log_has broker 'error: Redis at .*: holds no lease in httpbroker:default:lease, but a foreign value: delete that key'
	posts 202 "$(event a b ok)"
	redis DEL httpbroker:default:lease
	poll 20 log_has broker 'back after'
	poll 10 recorded ok
	run ! log_has broker 'standing by'
}

@test "a foreign write to the lease only causes a retry" {
	start_redis
	start_broker --interval 1h
	start_stream 4
	for i in {1..300}; do echo 'PEXPIRE httpbroker:default:lease 5000'; done | redis >"$work/touched"
	stream_on 100
	stream_arrives
	run ! log_has broker error
}

@test "64 clients post and read at the same time: each gets its response" {
	start_redis
	start_broker --interval 200ms
	client <<-'E'
		def run(i):
		    s = connect()
		    for n in range(40):
		        code, body = post(s, event("e%d" % i, "c%d" % (n % 4), ("ok", "critical")[n // 4 % 2], n))
		        assert code == 200 and body.startswith("""Caching state: {"entity":"e%d",""" % i), body
		        code, body = get(s)
		        assert code == 200
		        assert """"e%d:c%d":{""" % (i, n % 4) in body, body
		together(64, run)
	E
	[ "$(curl -sSf "$url" | grep -c '^"e[0-9]*:c[0-3]":{"entity":"e[0-9]*",.*"summary":"3[6-9]".*}')" -eq 256 ]
	[ "$(redis HLEN httpbroker:default:states)" -eq 256 ]
}

@test "slow clients do not delay others" {
	start_redis
	start_broker --interval 1h --idle-timeout 10m --request-timeout 10m
	client <<-'E'
		json = event("slow", "c", "ok")
		slow = [connect() for i in range(32)]
		for s in slow[:16]: s.sendall(request(json)[:20])
		for s in slow[16:]: s.sendall(request(json)[:-1])
		s, longest = connect(), 0
		for n in range(500):
		    before = time.monotonic()
		    assert post(s, event("fast", "c%d" % n, "ok"))[0] == 200
		    longest = max(longest, time.monotonic() - before)
		assert longest < 2, longest
		for s in slow[:16]: s.sendall(request(json)[20:])
		for s in slow[16:]: s.sendall(request(json)[-1:])
		for s in slow: assert answer(s)[0] == 200
	E
}

@test "clients disconnect while Redis hangs: the others get their responses" {
	start_redis
	start_broker --interval 1h --idle-timeout 10m --request-timeout 10m
	posts 200 "$(event a b ok)"
	freeze redis
	client "${pids[redis]}" <<-'E'
		import signal, struct
		def unread():
		    rows = [line.split() for line in open("/proc/net/tcp")][1:]
		    return [r for r in rows if int(r[1].split(":")[1], 16) == port and not r[4].endswith(":00000000")]
		clients = [connect() for i in range(40)]
		for first in 0, 20: # the kernel's table is long: not after each one
		    for i in range(first, first + 20): clients[i].sendall(request(event("e", "c%d" % i, "ok")))
		    while unread(): time.sleep(0.001)
		for s in clients[:20]:
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.close()
		os.kill(int(sys.argv[2]), signal.SIGCONT)
		for s in clients[20:]: assert answer(s)[0] in (200, 202)
		# if all this took over 5 s, Redis is down for another moment
		end = time.monotonic() + 20
		while post(connect(), event("e", "last", "ok"))[0] != 200: assert time.monotonic() < end
	E
}

@test "SIGTERM while Redis is down: the loss is logged, exit 0 within 5 s" {
	redis_port=$(free_port)
	start_broker
	poll 10 log_has broker 'cannot connect'
	posts 202 "$(event a b ok)" "$(event a b critical)" "$(event x y ok)"
	stop_within 5 broker
	log_has broker 'error: stopping without Redis: 3 events were not delivered and 2 states not written$'
}

@test "SIGTERM while Redis hangs: waiting clients are answered, exit 0 within 5 s" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)"
	freeze redis
	start poster curl -sS -m 20 -w '%{http_code}' -d "$(event a b critical)" "$url"
	poll 10 connected
	stop_within 5 broker
	wait "${pids[poster]}"
	unset 'pids[poster]'
	cat "$work/poster.log"
	grep -F '{"error": "the broker is stopping"}' "$work/poster.log"
	grep -x 503 "$work/poster.log"
	log_has broker 'error: stopping without Redis: 1 events? w[a-z]* not delivered and 1 states? not written'
}

@test "SIGTERM while Redis is coming back: delivered first" {
	redis_port=$(free_port)
	start_broker
	poll 10 log_has broker 'cannot connect'
	posts 202 "$(event a b ok)"
	start_redis
	stop_within 2 broker
	[ "$(redis LLEN events)" -eq 1 ]
	run ! log_has broker 'stopping without'
}

@test "under runsv: starts, stops on command, and restarts after a kill" {
	load lib/supervised
	start_redis
	broker_port=$(free_port)
	mkdir "$work/httpbroker"
	printf '#!/bin/sh\nexec 2>&1\nexec httpbroker --port 127.0.0.1:%d --server 127.0.0.1:%d\n' \
		"$broker_port" "$redis_port" >"$work/httpbroker/run"
	chmod +x "$work/httpbroker/run"
	start broker runsv "$work/httpbroker"
	poll 10 broker_listens
	posts 200 "$(event a b ok)"
	pid=$(cat "$work/httpbroker/supervise/pid")
	kill -KILL "$pid"
	poll 20 logged 2 listening
	[ "$(cat "$work/httpbroker/supervise/pid")" != "$pid" ]
	posts 200 "$(event a b critical)"
	poll 20 service_up "$work/httpbroker"
	sv -w 10 down "$work/httpbroker"
	run ! listening "$broker_port"
	sv -w 10 up "$work/httpbroker"
	poll 20 logged 3 listening
	posts 200 "$(event a b ok)"
	sv -w 10 exit "$work/httpbroker"
}
