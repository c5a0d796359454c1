#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2154 # the functions and their variables come from lib
# All threads of httpbroker at the same time. `make check-threads` runs this with a broker under
# ThreadSanitizer: any report makes the exit status of the broker a failure.

load lib/daemons
load lib/redis
load lib/broker

setup() {
	start_work
	(umask 077 && echo secret >"$work/tokens")
}

teardown() { stop_all; }

# start_crowd: 64 connections, each of which posts changes of its own check, one by one and many at
# once, reads and deletes, until the broker is gone. A number in $work/answers for each response, a
# summary in $work/accepted for each event with a 200.
start_crowd() {
	: >"$work/answers"
	start crowd crowd "$work"
}

crowd() {
	client "$@" <<-'E'
		import random
		lock = threading.Lock()
		answers, accepted = (open(sys.argv[2] + name, "w", 1) for name in ("/answers", "/accepted"))
		def ask(s, method, target, body=""):
		    s.sendall(("%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\nContent-Length: %d\r\n\r\n%s"
		        % (method, target, len(body), body)).encode())
		    try: code, text = answer(s)
		    except AssertionError: # a long response may take longer than a stopping broker waits
		        if not os.path.exists(sys.argv[2] + "/stopping"): raise
		        raise ConnectionError
		    with lock: answers.write("%d\n" % code)
		    if code == 0: raise ConnectionError
		    return code, text
		def change(i, n):
		    return event("e%d" % (i % 8), "c%d" % i, ("ok", "critical")[n % 2], "%d.%d" % (i, n))
		def say(s, i, n):
		    many = n % 5 == 0
		    numbers = range(n, n + 4) if many else [n]
		    body = ",".join(change(i, k) for k in numbers)
		    code, text = ask(s, "POST", "/state", "[%s]" % body if many else body)
		    assert code in (200, 202, 207, 503), (code, text)
		    if code == 200:
		        with lock: accepted.writelines("%d.%d\n" % (i, k) for k in numbers)
		    return n + len(numbers)
		def say_old(s, i, n):
		    code, text = ask(s, "POST", "/state",
		        event("old%d" % i, "%d" % n, "ok")[:-1] + ',"time":1000,"ttl":%d}' % (n % 2 or -1))
		    assert code in (200, 202, 503), (code, text)
		def look(s, i, r):
		    target = r.choice(["/state", "/state?entity=e%d" % (i % 8), "/metrics", "/metrics/states", "/health"])
		    code, text = ask(s, "GET", target)
		    assert code in (200, 503), (code, text)
		def forget(s, i, r):
		    code, text = ask(s, "DELETE", "/state?entity=e%d" % (i % 8) + r.choice(["", "&check=c%d" % i]))
		    assert code in (200, 202, 404, 503), (code, text)
		def run(i):
		    r, n = random.Random(i), 0
		    while True:
		        s = connect()
		        try:
		            for k in range(r.randrange(1, 60)):
		                what = r.randrange(10)
		                if what < 6: n = say(s, i, n)
		                elif what < 7: say_old(s, i, n)
		                elif what < 9: look(s, i, r)
		                else: forget(s, i, r)
		        except ConnectionError:
		            pass
		        s.close()
		def until_gone(i):
		    try: run(i)
		    except ConnectionRefusedError: pass
		together(64, until_gone)
	E
}

answered() {
	[ "$(wc -l <"$work/answers")" -ge "$1" ]
}

# answers N: waits for N further responses
answers() {
	poll 60 answered $(($(wc -l <"$work/answers") + $1))
}

# Without a sanitizer report: that would make the status non-zero.
ends_well() {
	local status=0
	touch "$work/stopping"
	stop broker || status=$?
	cat "$work/broker.log"
	[ "$status" -eq 0 ]
	wait "${pids[crowd]}" || status=$?
	unset 'pids[crowd]'
	cat "$work/crowd.log"
	[ "$status" -eq 0 ]
	run ! log_has broker Sanitizer
}

@test "64 connections, repeated disconnects from Redis, new tokens, then SIGTERM: no accepted event is lost" {
	start_redis
	start_broker --interval 50ms --token-file "$work/tokens"
	start_crowd
	for _ in 1 2 3 4 5 6; do
		answers 400
		redis CLIENT KILL TYPE normal >"$work/killed"
		kill -HUP "${pids[broker]}"
	done
	answers 400
	ends_well
	[ "$(grep -c 'tokens reloaded' "$work/broker.log")" -ge 1 ]
	queue | jq -r .summary | sort -u >"$work/pushed"
	[ "$(wc -l <"$work/accepted")" -ge 500 ]
	sort -u "$work/accepted" | comm -23 - "$work/pushed" >"$work/lost"
	wc -l "$work/accepted" "$work/lost"
	[ ! -s "$work/lost" ]
}

@test "64 connections to a broker without Redis while checks go stale and are forgotten" {
	start broker httpbroker --port 0 --server none --interval 50ms --token-file "$work/tokens" \
		--forget-after 1s
	poll 10 broker_listens
	start_crowd
	answers 3000
	ends_well
}
