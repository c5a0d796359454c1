#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # $1 of a sh -c; variables that load and run bring or read, a test's own
# httpbroker with a working Redis: its options, its responses, and its pushes.

load lib/daemons
load lib/redis
load lib/broker

setup() {
	start_work
	start_redis
}

teardown() { stop_all; }

# answers CODE PATTERN CURL-OPTION...: the response is a JSON error with CODE and a matching text
answers() {
	run -0 curl -sS -m 20 -w '\n%{http_code} %{content_type}' "${@:3}"
	echo "$output"
	[[ "${lines[0]}" =~ ^\{\"error\":\ \".*$2.*\"\}$ ]]
	[ "${lines[1]}" = "$1 application/json" ]
}

# pushes: the wall time, in µs, of every LPUSH to `events` that Redis saw, watched since `watch`
watch_redis() {
	start monitor redis-cli -p "$redis_port" MONITOR
	poll 10 log_has monitor '^OK$'
}

pushes() {
	sed -n 's/^\([0-9]*\)\.\([0-9]*\) \[.*\] "LPUSH" "events" .*/\1\2/p' "$work/monitor.log"
}

pushed() {
	[ "$(pushes | wc -l)" -ge "$1" ]
}

@test "--help and --version answer on standard output" {
	for option in -h --help; do
		run -0 --separate-stderr httpbroker $option
		[[ "$output" == "usage: httpbroker "* && "$stderr" == '' ]]
	done
	for option in -V --version; do
		run -0 --separate-stderr httpbroker $option
		[[ "$output" =~ ^httpbroker\ [0-9.]+$ && "$stderr" == '' ]]
	done
}

@test "--help and --version that cannot be written: exit 74, in every program" {
	local program option
	for program in flapper httpbroker httpbroker-submit httpbroker-notify oobetet; do
		for option in --help --version '--shell-completion bash'; do
			run -74 bash -c "$program $option >/dev/full"
			[ "$output" = "$program: error: cannot write to standard output: No space left on device" ]
		done
	done
}

@test "--help fits a terminal of 80 columns, in every program" {
	local program
	for program in flapper httpbroker httpbroker-submit httpbroker-notify oobetet; do
		run -0 "$program" --help
		run ! grep -E '.{81}' <<<"$output"
	done
}

@test "a bad option is refused, naming it and its value" {
	refuses "--port: port: 65536 is not from 0 to 65535" --port 65536
	refuses "--port: port: '80x' is not a whole number" --port=80x
	refuses "--port: the path after 'unix:' must begin with '/'" --port unix:x
	refuses "--server: port: '' is not a whole number" --server redis:
	refuses "--server: 'redis' is not port, host:port, [v6]:port, unix:/path or none: a host needs its port behind it, redis:6379" --server redis
	refuses "--server: 'nonne' is not port, host:port, [v6]:port, unix:/path or none" --server nonne
	refuses "--port: 'myhost' is not port, host:port, [v6]:port or unix:/path: a host needs its port behind it, myhost:PORT" --port myhost
	refuses "--max-body: '1X' is not a number of bytes such as 65536, 64k, 16M or 1G" --max-body 1X
	refuses "--max-body: 'xM' is not a number of bytes" --max-body xM
	refuses "--max-body: 0 is not from 1 to 1073741824" --max-body 0
	refuses "--max-held: 16777216 bytes are less than 4 times --max-body: 67108864 would do" --max-held 16M
	refuses "--server: there is no Redis at port 0" --server localhost:0
	refuses "--database: -1 is not from 0 to" --database -1
	refuses "--database: 'x' is not a whole number" --database x
	refuses "--interval: '0' is not from 1ms to 1d" --interval 0
	refuses "--interval: '25h' is not from 1ms to 1d" --interval 25h
	refuses "--interval: 'often' is not a duration" --interval often
	refuses "--queue: the value must have 1 to 512 bytes" --queue ''
	refuses "--flapjack-version: 3 is not from 1 to 2" --flapjack-version 3
	refuses "--ready-fd: 99: Bad file descriptor" --ready-fd 99
	refuses "--ready-fd: 2 is where the log goes" --ready-fd 2
	refuses "Try 'httpbroker --help'." --frobnicate
	refuses "Try 'httpbroker --help'." --port
	refuses "unexpected argument 'here'" here
	PORT=80x refuses "PORT: port: '80x' is not a whole number"
}

@test "a port in use: exit 75" {
	start_broker
	run -75 httpbroker --port "$broker_port"
	[[ "$output" == *"error: cannot listen on 127.0.0.1:$broker_port: Address already in use ('ss -ltnp' shows by whom)" ]]
	run -75 httpbroker --port "[::1]:$broker_port"
	[[ "$output" == *"error: cannot listen on [::1]:$broker_port: Address already in use ('ss -ltnp' shows by whom)" ]]
}

@test "a port that is not permitted: exit 77" {
	load lib/confined
	run -77 "${unprivileged[@]}" "$build/httpbroker/httpbroker" --port 127.0.0.1:80
	[[ "$output" == *'cannot listen on 127.0.0.1:80: Permission denied (a port below 1024 needs root or CAP_NET_BIND_SERVICE)' ]]
}

@test "port 0 chooses a port and logs it, on loopback only, in both families" {
	start_broker
	log_has broker "info: listening on \[::1\]:$broker_port$"
	[ "$(ss -Hltn "sport = :$broker_port" | awk '{print $4}' | sort)" = "127.0.0.1:$broker_port
[::1]:$broker_port" ]
	curl -sSf "http://[::1]:$broker_port/state"
}

@test "--port with a host listens only there; without IPv6, on IPv4" {
	start broker httpbroker --port '[::1]:0'
	poll 10 log_has broker 'listening on \[::1\]:[0-9]+$'
	[ "$(grep -c listening "$work/broker.log")" -eq 1 ]
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$work/broker.log")
	[ "$(ss -Hltn "sport = :$port" | awk '{print $4}')" = "[::1]:$port" ]
	stop broker
	start broker without ipv6 httpbroker --port 0
	poll 10 broker_listens
	[ "$(ss -Hltn "sport = :$broker_port" | awk '{print $4}')" = "127.0.0.1:$broker_port" ]
}

@test "PORT in the environment is a default, --port overrides it" {
	broker_port=$(free_port)
	PORT=$broker_port start broker httpbroker
	poll 10 log_has broker "listening on 127.0.0.1:$broker_port$"
	stop broker
	PORT=nonsense start broker httpbroker --port "$broker_port"
	poll 10 log_has broker "listening on 127.0.0.1:$broker_port$"
}

@test "without options: port 3090, and a hint when Redis is not at 6380" {
	load lib/confined # as ports 3090 or 6380 may be in use
	alone_free 3090 6380
	start broker "${alone[@]}" "$build/httpbroker/httpbroker"
	poll 10 log_has broker 'listening on 127\.0\.0\.1:3090$'
	poll 10 log_has broker 'Redis at localhost:6380: cannot connect: Connection refused .*port 6379'
}

@test "the example of the manual prints the output in the manual" {
	start_broker
	before=$EPOCHSECONDS
	run -0 curl -sS -m 20 -w 'response: %{http_code} \n' -X POST \
		-H "Content-type: application/json" -d \
		'{
			"entity": "foo-app-01",
			"check": "PING",
			"type": "service",
			"tags": "apps",
			"state": "OK",
			"summary": "3 ms round trip",
			"ttl": 30
		}' "$url"
	echo "$output"
	[[ "${lines[0]}" =~ ^'Caching state: {"entity":"foo-app-01","check":"PING","type":"service","state":"OK","summary":"3 ms round trip",'.*'"time":'([0-9]+)',"ttl":30}'$ ]]
	[ "${BASH_REMATCH[1]}" -ge "$before" ]
	[ "${BASH_REMATCH[1]}" -le "$EPOCHSECONDS" ]
	[ "${lines[1]}" = 'response: 200 ' ]
}

@test "a refused request gets a code and a reason in JSON, and nothing is kept" {
	start_broker --max-body 1M
	head -c 1048577 /dev/zero | tr '\0' x >"$work/large"
	answers 400 'the body is empty' -d '' "$url"
	answers 400 'line 1, column 4: premature end' -d '{"a:' "$url"
	answers 400 'duplicate' -d '{"entity":"a","entity":"b"}' "$url"
	answers 400 "'entity' is missing" -d '{}' "$url"
	answers 400 'the batch is empty' -d '[]' "$url"
	answers 400 "'check' is missing" -d '{"entity":"a","state":"ok"}' "$url"
	answers 400 "'check' is empty" -d "$(event a '' ok)" "$url"
	answers 400 "'state' is 'BANANA', not one of ok, warning" -d "$(event a b BANANA)" "$url"
	answers 400 "'entity' has a control character at byte 2" -d "$(event 'a\n' b ok)" "$url"
	answers 400 "'ttl' is .*30s.*, not whole seconds" -d "$(event a b ok '"ttl":"30s"')" "$url"
	answers 400 'milliseconds' -d "$(event a b ok '"time":1795224305123')" "$url"
	answers 404 'nothing at /nowhere' "${url%state}nowhere"
	for method in PATCH PUT OPTIONS TRACE CONNECT NONSENSE post; do
		answers 405 "/state does not accept $method, only DELETE, GET, HEAD, POST" -X $method "$url"
	done
	answers 413 'more than 1048576 bytes' --data-binary "@$work/large" "$url"
	answers 413 'more than 1048576 bytes' -T - -X POST "$url" <"$work/large"
	curl -sS -X PUT -D - -o "$work/answer" "$url" | tr -d '\r' | grep -Fx 'Allow: DELETE, GET, HEAD, POST'
	[ "$(curl -sSf "$url")" = '{}' ]
	[ "$(redis EXISTS events httpbroker:default:states)" -eq 0 ]
}

@test "a body of the maximum size is accepted" {
	start_broker --max-body 1M
	{
		printf '{"entity":"a","check":"b","state":"ok","summary":"'
		head -c $((1048576 - 52)) /dev/zero | tr '\0' x
		printf '"}'
	} >"$work/large"
	[ "$(wc -c <"$work/large")" -eq 1048576 ]
	post "@$work/large"
	[ "$code" = 200 ]
}

@test "GET /state: all fields of every check; checks with the same key are distinguished" {
	start_broker
	posts 200 "$(event a:b c ok '"time":1000,"ttl":-1')" "$(event a b:c critical '"time":1000,"ttl":5')" \
		"$(event x 'say \\y' warning)"
	run -0 curl -sSf -D "$work/headers" "$url"
	echo "$output"
	[ "${lines[0]}" = '{' ]
	[ "${lines[4]}" = '}' ]
	[[ "$output" =~ '"a:b:c":{"entity":"a:b","check":"c","type":"service","state":"ok","summary":"","time":1000,"ttl":-1,"age":'[0-9]+',"stale":false,"reported":"ok","received_age":'[0-5]'}' ]]
	[[ "$output" =~ '"a:b:c#2":{"entity":"a","check":"b:c","type":"service","state":"unknown","summary":"","time":1000,"ttl":5,"age":'[0-9]+',"stale":true,"reported":"critical","received_age":'[0-5]'}' ]]
	[[ "$output" =~ '"x:say \\y":{"entity":"x","check":"say \\y","type":"service","state":"warning","summary":"","time":'[0-9]+',"ttl":300,"age":'[0-5]',"stale":false,"reported":"warning","received_age":'[0-5]'}' ]]
	grep -i '^content-type: application/json' "$work/headers"
}

@test "HEAD answers like GET without the body" {
	start_broker
	posts 200 "$(event a b ok)"
	run -0 curl -sSf -m 20 -I "$url"
	[[ "$output" == 'HTTP/1.1 200 OK'* && "$output" != *'"a:b"'* ]]
	run -0 curl -sS -m 20 -o /dev/null -w '%{http_code}' -I "${url%state}nowhere"
	[ "$output" = 404 ]
	# the connection closes, so further data of the HTTP library is not read as the next response
	client <<-'E'
		s = connect()
		s.sendall(b"HEAD /state HTTP/1.1\r\nHost: localhost\r\n\r\n")
		data = b""
		while more := s.recv(65536): data += more
		assert b"\r\nConnection: close\r\n" in data, data
	E
	run -0 curl -sSf -m 20 -I "$url" --next -sSf "$url"
	[[ "$output" == *'"a:b"'* ]]
}

@test "a change is in the queue before its response, an unchanged state is not pushed" {
	start_broker --interval 1h
	posts 200 "$(event a b ok)" "$(event a b OK)" "$(event a b up)" "$(event a b down)" \
		"$(event a b critical)" "$(event a c ok)" "$(event a b ok)"
	queue
	[ "$(queue | sed -E 's/.*"check":"(.)".*"state":"([a-z]*)".*/\1 \2/')" = 'b ok
b critical
c ok
b ok' ]
}

@test "the newest event wins by its own time; an older one gets 200 and a note" {
	start_broker --interval 1h
	posts 200 "$(event a b ok '"time":2000,"ttl":-1')"
	post "$(event a b critical '"time":1999,"ttl":-1')"
	[ "$code $answer" = '200 {"kept": false, "reason": "a newer event of this check is cached"}' ]
	posts 200 "$(event a b warning '"time":2000,"ttl":-1')"
	[ "$(queue | wc -l)" -eq 2 ]
	last_queued '"state":"warning"'
	# a time in the future is set to now, so later events win
	posts 200 "$(event c d ok '"time":99999999999')" "$(event c d critical)"
	last_queued '"state":"critical"'
}

@test "a check is repeated each interval without drift, with the time of sending" {
	watch_redis
	start_broker --interval 200ms
	before=$EPOCHSECONDS
	posts 200 "$(event a b ok '"time":1000,"ttl":-1')"
	poll 30 pushed 30
	redis LINDEX events -1 | grep -F '"time":1000}'
	[[ "$(redis LINDEX events -2)" =~ \"time\":([0-9]+)} ]]
	[ "${BASH_REMATCH[1]}" -ge "$before" ]
	[ "${BASH_REMATCH[1]}" -le "$EPOCHSECONDS" ]
	pushes >"$work/pushes"
	# one may be late on a busy machine, but not six in a row
	awk 'NR == 1 { first = $1 }
		{ late = ($1 - first + 25000) % 200000 - 25000; print late; row = late > 60000 ? row + 1 : 0 }
		row == 6 { exit failed = 1 }
		END { exit failed }' "$work/pushes"
}

@test "a stale check is UNKNOWN within a second, at each repeat, until its next event" {
	watch_redis
	start_broker --interval 500ms
	post "$(event a b ok '"ttl":2,"tags":["t"],"summary":"fine"')"
	[[ "$answer" =~ \"time\":([0-9]+), ]]
	ends=$((BASH_REMATCH[1] + 2))
	poll 20 last_queued UNKNOWN
	first=$(queue | grep -n UNKNOWN | head -n 1)
	[[ "${first#*:}" =~ ^'{"entity":"a","check":"b","type":"service","state":"UNKNOWN","summary":"httpbroker: Cached state is stale (2s old, should be < 2s)","tags":["t"],"time":'([0-9]+)'}'$ ]]
	late=$(($(pushes | sed -n "${first%%:*}p") - ends * 1000000))
	echo "$late us late"
	[ $late -ge 0 ]
	[ $late -le 1000000 ]
	curl -sSf "$url" | grep -F '"stale":true'
	count=$(redis LLEN events)
	poll 20 queued $((count + 3))
	last_queued '"state":"UNKNOWN","summary":"httpbroker: Cached state is stale \([3-9]s old'
	posts 200 "$(event a b ok)"
	last_queued '"state":"ok"'
	count=$(queue | wc -l)
	poll 20 queued $((count + 2))
	last_queued '"state":"ok"'
}

@test "an event stale on arrival is UNKNOWN; a negative ttl never goes stale" {
	start_broker --interval 1h
	posts 200 "$(event a old critical '"time":1000,"ttl":5')" "$(event a never critical '"time":1000,"ttl":-7')"
	queue
	[[ "$(queue | head -n 1)" == '{"entity":"a","check":"old",'*'"state":"UNKNOWN"'* ]]
	last_queued '"check":"never".*"state":"critical"'
}

everything='"type":"host","summary":"s","details":"d","perfdata":"p=1","acknowledgement_id":"i","duration":7,"tags":"t","initial_failure_delay":1,"repeat_failure_delay":2,"initial_recovery_delay":3,"time":1000,"ttl":-1,"other":1'

@test "Flapjack 2 gets its keys, no perfdata, and one token a batch" {
	start_broker --interval 1h
	posts 200 "$(event a b ok "$everything")" "$(event a b test_notifications)"
	queue
	[ "$(queue | head -n 1)" = '{"entity":"a","check":"b","type":"service","state":"ok","summary":"s","details":"d","acknowledgement_id":"i","duration":7,"tags":["t"],"initial_failure_delay":1,"repeat_failure_delay":2,"initial_recovery_delay":3,"time":1000}' ]
	last_queued '"type":"action","state":"test_notifications"'
	[ "$(queue events_actions)" = $'+\n+' ]
}

@test "Flapjack 1 gets its keys, perfdata, and no token" {
	start_broker --interval 1h --flapjack-version 1
	posts 200 "$(event a b ok "$everything")"
	posts 400 "$(event a b test_notifications)"
	[ "$(queue)" = '{"entity":"a","check":"b","type":"service","state":"ok","summary":"s","details":"d","perfdata":"p=1","acknowledgement_id":"i","duration":7,"tags":["t"],"initial_failure_delay":1,"repeat_failure_delay":2,"time":1000}' ]
	[ "$(redis EXISTS events_actions)" -eq 0 ]
}

@test "an acknowledgement is pushed once, is not repeated, and does not change the state" {
	start_broker --interval 100ms
	posts 200 "$(event a b critical)"
	post "$(event a b acknowledgement '"summary":"on it"')"
	[ "$code" = 200 ]
	[[ "$answer" == 'Sending event: {"entity":"a","check":"b","type":"action","state":"acknowledgement","summary":"on it",'* ]]
	count=$(redis LLEN events)
	poll 20 queued $((count + 5))
	[ "$(queue | grep -c '"type":"action","state":"acknowledgement","summary":"on it"')" -eq 1 ]
	last_queued '"state":"critical"'
	curl -sSf "$url" | grep -F '"state":"critical"'
}

@test "a check's record and the batch are in Redis, in the documented form" {
	start_broker --interval 1h
	posts 200 "$(event a b critical '"time":1000,"ttl":-1')" "$(event a b critical '"time":1001,"ttl":-1')" \
		"$(event x y ok '"ttl":60')"
	redis HGETALL httpbroker:default:states
	[ "$(redis HLEN httpbroker:default:states)" -eq 2 ]
	[[ "$(redis HGET httpbroker:default:states $'a\x1fb')" =~ ^'1 1001 -1 critical - {"entity":"a","check":"b","type":"service","state":"critical","summary":"","since":'[0-9]+'}'$ ]]
	[[ "$(redis HGET httpbroker:default:states $'x\x1fy')" =~ ^'1 '([0-9]+)' 60 ok '([0-9]+)' {"entity":"x","check":"y","type":"service","state":"ok","summary":"","millis":'[0-9]+',"since":'[0-9]+'}'$ ]]
	# the broker clock began with the broker: the minute's deadline lies within its first minute and a bit
	[ "${BASH_REMATCH[2]}" -gt 55000 ]
	[ "${BASH_REMATCH[2]}" -le 80000 ]
	[[ "$(redis GET httpbroker:default:batch)" =~ ^[4-9]\ [0-9a-f]{16}\ [0-9]{1,5}\ ([0-9]+)(\ list)?$ ]]
	[ $((EPOCHSECONDS - BASH_REMATCH[1] / 1000)) -le 60 ]
}

@test "--queue and --database are used; nothing goes elsewhere" {
	start_broker --interval 1h --queue 'q 2' --database 3
	posts 200 "$(event a b ok)"
	[ "$(redis DBSIZE)" -eq 0 ]
	[ "$(redis -n 3 KEYS '*' | sort)" = 'httpbroker:default:batch
httpbroker:default:lease
httpbroker:default:states
q 2
q 2_actions' ]
}

@test "a missing database is logged; nothing goes to database 0" {
	start_broker --database 99
	poll 10 log_has broker "error: Redis at 127.0.0.1:$redis_port: refuses SELECT: ERR DB index is out of range; until"
	posts 202 "$(event a b ok)"
	[ "$(redis INFO keyspace)" = $'# Keyspace\r' ]
}

@test "readiness is reported when it serves, to s6 and systemd, even without Redis" {
	broker_port=$(free_port)
	stop redis
	client "$work/notify" "$redis_port" <<-'E'
		import subprocess
		notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		notify.bind(sys.argv[2])
		notify.settimeout(20)
		r, w = os.pipe()
		p = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "httpbroker", "--port", str(port), "--server", sys.argv[3],
		    "--ready-fd", str(w)], pass_fds=[w], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[2]))
		os.close(w)
		assert notify.recv(100) == b"READY=1"
		assert get(connect())[0] == 200
		assert os.read(r, 100) == b"\n"
		assert os.read(r, 100) == b""
		p.terminate()
		assert notify.recv(100) == b"STOPPING=1"
		assert p.wait(20) == 0
	E
}

@test "systemd is sent WATCHDOG=1 twice in the time that it allows" {
	start systemd systemd
	poll 10 log_has systemd bound
	NOTIFY_SOCKET=$work/systemd WATCHDOG_USEC=400000 start_broker --interval 1h
	poll 10 eval '[ "$(grep -c "^WATCHDOG=1$" "$work/systemd.log")" -ge 3 ]'
	log_has systemd '^READY=1$'
	stop broker
	poll 10 log_has systemd '^STOPPING=1$'
}

@test "SIGTERM with nothing left to do: exit 0 at once" {
	start_broker --interval 1h
	posts 200 "$(event a b ok)"
	stop_within 2 broker
}

@test "SIGTERM during posts: exit 0 within 5 s, and each event with a 200 is there" {
	start_broker --interval 1h
	client "${pids[broker]}" >"$work/taken" <<-'E'
		import signal
		taken, lock = [], threading.Lock()
		def run(i):
		    try:
		        s = connect()
		        for n in range(100000):
		            code, _ = post(s, event("e%d" % i, "c%d" % n, "ok"))
		            if code != 200: return
		            with lock: taken.append((i, n))
		            if len(taken) == 2000: os.kill(int(sys.argv[2]), signal.SIGTERM)
		    except ConnectionError: pass
		together(16, run)
		for i, n in taken: print("e%d c%d" % (i, n))
	E
	stop_within 5 broker
	[ "$(wc -l <"$work/taken")" -ge 2000 ]
	queue | sed 's/{"entity":"\(e[0-9]*\)","check":"\(c[0-9]*\)".*/\1 \2/' | sort >"$work/there"
	sort "$work/taken" | comm -23 - "$work/there" >"$work/missing"
	[ ! -s "$work/missing" ]
	run ! log_has broker error
}

@test "SIGTERM with a request that never ends: exit 0 within 5 s; SIGINT as well" {
	for signal in TERM INT; do
		broker_port=$(free_port)
		client $signal "$redis_port" <<-'E'
			import signal, subprocess
			p = subprocess.Popen(["httpbroker", "--port", str(port), "--server", sys.argv[3]],
			    stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
			try:
			    p.stderr.readline(); p.stderr.readline()
			    for i in range(200):
			        try: s = connect(); break
			        except ConnectionError: time.sleep(0.05)
			    s.sendall(request("{", 100))
			    assert post(connect(), event("a", "b", "ok"))[0] == 200
			    before = time.monotonic()
			    p.send_signal(getattr(signal, "SIG" + sys.argv[2]))
			    assert p.wait(20) == 0
			    assert time.monotonic() - before < 5
			    assert b"httpbroker: info: stopping: SIG%s\n" % sys.argv[2].encode() in p.stderr.read()
			finally: p.kill()
		E
	done
}

# The broker is suspended while they connect and send: it has accepted none at SIGTERM. Those that
# send nothing stay until the end.
@test "SIGTERM with 200 connections not yet accepted: each request is answered, and its event is there" {
	start_broker --interval 1h --port "unix:$work/socket"
	client "${pids[broker]}" "$work/socket" <<-'E'
		import signal
		broker = int(sys.argv[2])
		def connect_path():
		    s = socket.socket(socket.AF_UNIX)
		    s.connect(sys.argv[3])
		    s.settimeout(30)
		    return s
		os.kill(broker, signal.SIGSTOP)
		waiting, silent = [], []
		for i in range(200):
		    waiting.append(connect_path() if i % 4 == 0 else connect())
		    silent.append(connect_path())
		for i, s in enumerate(waiting): s.sendall(request(event("waiting", "%d" % i, "ok")))
		os.kill(broker, signal.SIGTERM)
		os.kill(broker, signal.SIGCONT)
		for s in waiting:
		    code, body = answer(s)
		    assert code == 200, (code, body)
		for s in silent: assert s.recv(100) == b""
	E
	stop broker
	[ "$(queue | jq -r .check | sort -u | wc -l)" -eq 200 ]
	run ! log_has broker 'error|Sanitizer'
}

@test "a request completed while the broker stops is answered, or its connection is closed" {
	start_broker --interval 1h
	client "${pids[broker]}" <<-'E'
		import signal
		event = event("a", "b", "ok")
		slow = [connect() for i in range(40)]
		for s in slow: s.sendall(request(event[:-1], len(event)))
		assert post(connect(), event)[0] == 200
		os.kill(int(sys.argv[2]), signal.SIGTERM)
		for s in slow:
		    time.sleep(0.05)
		    try:
		        s.sendall(b"}")
		        code = answer(s)[0]
		    except ConnectionError: code = 0
		    assert code in (200, 503, 0), code
	E
	stop broker
	run ! log_has broker 'error|Sanitizer'
}

@test "--debug logs the messages of the original" {
	start_broker --debug --interval 200ms --port "unix:$work/socket"
	posts 200 "$(event a b ok '"ttl":1')"
	poll 20 log_has broker 'State for a:b is stale. Sending UNKNOWN.$'
	log_has broker 'Booting with config: \{Port:0,unix:[^ ]*/socket Server:127.0.0.1:[0-9]+ Database:0 Interval:.* Debug:true\}$'
	log_has broker 'Caching state: \{"entity":"a","check":"b",.*,"ttl":1\}$'
	posts 200 "$(event c d ok)" # a:b may have gone stale before its first repeat
	poll 20 log_has broker 'Sending event data for c:d$'
	log_has broker 'Started POST /state for connection [0-9]+ from 127\.0\.0\.1:[0-9]+$'
	poll 20 log_has broker 'Completed 200 in [0-9]+\.[0-9]{3}ms for connection [0-9]+ from 127\.0\.0\.1:[0-9]+$'
	curl -sSf "http://[::1]:$broker_port/state" >"$work/answer"
	poll 20 log_has broker 'Completed 200 in .* for connection [0-9]+ from \[::1\]:[0-9]+$'
	curl -sSf --unix-socket "$work/socket" http://x/state >"$work/answer"
	poll 20 log_has broker 'Completed 200 in .* for connection [0-9]+ from a UNIX socket$'
	poll 20 log_has broker 'Number of cached states: 2$'
}
