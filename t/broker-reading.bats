#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2034,SC2154 # variables that load and run bring or read
# What an operator reads from httpbroker, and makes it forget.

load lib/daemons
load lib/redis
load lib/broker

setup() { start_work; }
teardown() { stop_all; }

# forget QUERY: DELETE /state?QUERY; sets $code and $answer
forget() {
	code=$(curl -sS -m 20 -o "$work/answer" -w '%{http_code}' -X DELETE "$url?$1")
	answer=$(cat "$work/answer")
}

# known: the keys of all checks, sorted
known() {
	curl -sSf "$url" | sed -n 's/^\("[^"]*"\):{.*/\1/p' | sort | tr -d '\n'
}

recorded() {
	redis HLEN httpbroker:default:states
}

@test "DELETE /state forgets a check, or a whole host, in Redis before its 200" {
	start_redis
	start_broker --interval 100ms
	posts 200 "$(event a b ok)" "$(event a c ok)" "$(event a 'd e%' ok)" "$(event aa b ok)" "$(event a:b c ok)"
	forget 'entity=a&check=d%20e%25'
	[ "$code $answer" = '200 {"forgotten": 1}' ]
	[ "$(recorded)" -eq 4 ]
	forget 'entity=a&check=d+e%25'
	[ "$code $answer" = "404 {\"error\": \"nothing is remembered of 'a:d e%'\"}" ]
	forget 'entity=a'
	[ "$code $answer" = '200 {"forgotten": 2}' ]
	[ "$(recorded)" -eq 2 ] && [ "$(known)" = '"a:b:c""aa:b"' ]
	forget 'entity=a'
	[ "$code $answer" = "404 {\"error\": \"nothing is remembered of any check of 'a'\"}" ]
	count=$(queue | grep -c '"entity":"a",')
	total=$(redis LLEN events)
	poll 20 queued $((total + 6))
	[ "$(queue | grep -c '"entity":"a",')" -eq "$count" ]
	# what comes back is new
	posts 200 "$(event a b ok '"time":1000,"ttl":-1')"
	[ "$(queue | grep -c '"entity":"a","check":"b".*"time":1000}$')" -eq 1 ]
	[ "$(recorded)" -eq 3 ]
}

@test "DELETE /state refuses what it does not understand, and forgets nothing then" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)"
	local query
	for query in '' 'check=b' 'entity=' 'entity' 'entity=a&check=' 'entity=a&chck=b' 'entity=a&entity=b' \
		'entity=a%0a' 'entity=a%00' "entity=$(head -c 1025 /dev/zero | tr '\0' x)"; do
		forget "$query"
		echo "$query: $code $answer"
		[ "$code" = 400 ] && [[ "$answer" == '{"error": "'* ]]
	done
	forget 'entity=%ff&check=%c3'
	[ "$code" = 404 ]
	[ "$(known)" = '"a:b"' ] && [ "$(recorded)" -eq 1 ]
}

@test "while Redis is away DELETE /state is answered 202, and done when it is back" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)" "$(event a c ok)" "$(event a d ok)"
	redis SAVE
	stop redis
	poll 10 said broker 'error: Redis at'
	forget 'entity=a&check=b'
	[ "$code $answer" = '202 {"forgotten": 1}' ]
	forget 'entity=a&check=c'
	[ "$code" = 202 ]
	forget 'entity=a&check=c'
	[ "$code" = 404 ]
	posts 202 "$(event a c critical)"
	start_redis
	poll 20 said broker 'back after'
	posts 200 "$(event x y ok)"
	[ "$(redis HKEYS httpbroker:default:states | tr '\037' : | sort | tr '\n' ' ')" = 'a:c a:d x:y ' ]
	[[ "$(redis HGET httpbroker:default:states $'a\x1fc')" == *' critical '* ]]
}

@test "a host of 20,000 checks is forgotten, and nothing else" {
	start_redis
	start_broker --interval 1h
	client <<-'E'
		def run(i):
		    s = connect()
		    for k in range(1250):
		        n = i * 1250 + k
		        for entity in ("big", "small%d" % n) if k % 125 == 0 else ("big",):
		            assert post(s, event(entity, "%d" % n, "ok"))[0] == 200
		together(16, run)
	E
	[ "$(recorded)" -eq 20160 ]
	forget 'entity=big'
	[ "$code $answer" = '200 {"forgotten": 20000}' ]
	[ "$(recorded)" -eq 160 ]
	[ "$(curl -sSf "$url" | grep -c '"entity":"small')" -eq 160 ]
	run ! grep -q '"entity":"big"' <(curl -sSf "$url")
}

@test "posts, reads and deletes at the same time: memory and Redis agree in the end" {
	start_redis
	start_broker --interval 50ms
	client <<-'E'
		import random
		def run(i):
		    s, r = connect(), random.Random(i)
		    for n in range(150):
		        entity, check = "e%d" % r.randrange(4), "c%d" % r.randrange(6)
		        what = r.randrange(10)
		        if what < 6:
		            assert post(s, event(entity, check, r.choice(["ok", "critical"])))[0] == 200
		        elif what < 9:
		            query = "entity=" + entity + ("&check=" + check if what < 8 else "")
		            s.sendall(("DELETE /state?%s HTTP/1.1\r\nHost: x\r\n\r\n" % query).encode())
		            assert answer(s)[0] in (200, 404)
		        else:
		            assert get(s)[0] == 200
		together(32, run)
	E
	[ "$(redis HKEYS httpbroker:default:states | tr '\037' : | sed 's/.*/"&"/' | sort | tr -d '\n')" = "$(known)" ]
	forget 'entity=e1'
	posts 200 "$(event e1 last ok)"
	[ "$(redis HKEYS httpbroker:default:states | tr '\037' : | sed 's/.*/"&"/' | sort | tr -d '\n')" = "$(known)" ]
	run ! said broker 'error|Sanitizer'
}
