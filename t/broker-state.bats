#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2034,SC2154 # variables that load and run bring or read
# GET /state and DELETE /state of httpbroker.

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

@test "DELETE /state deletes a check, or all of a host, in Redis before its 200" {
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
	[ "$(recorded)" -eq 2 ]
	[ "$(known)" = '"a:b:c""aa:b"' ]
	forget 'entity=a'
	[ "$code $answer" = "404 {\"error\": \"nothing is remembered of any check of 'a'\"}" ]
	count=$(queue | grep -c '"entity":"a",')
	total=$(redis LLEN events)
	poll 20 queued $((total + 6))
	[ "$(queue | grep -c '"entity":"a",')" -eq "$count" ]
	# a check that returns is new
	posts 200 "$(event a b ok '"time":1000,"ttl":-1')"
	[ "$(queue | grep -c '"entity":"a","check":"b".*"time":1000}$')" -eq 1 ]
	[ "$(recorded)" -eq 3 ]
}

@test "DELETE /state refuses an invalid query and deletes nothing" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)"
	local query
	for query in '' 'check=b' 'entity=' 'entity' 'entity=a&check=' 'entity=a&chck=b' 'entity=a&entity=b' \
		'entity=a%0a' 'entity=a%00' 'entity=%ff&check=%c3' "entity=$(head -c 1025 /dev/zero | tr '\0' x)"; do
		forget "$query"
		echo "$query: $code $answer"
		[ "$code" = 400 ]
		[[ "$answer" == '{"error": "'* ]]
	done
	forget 'entity=none'
	[ "$code" = 404 ]
	[ "$(known)" = '"a:b"' ]
	[ "$(recorded)" -eq 1 ]
}

@test "DELETE /state while Redis is down: 202, done when it is back" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)" "$(event a c ok)" "$(event a d ok)"
	redis SAVE
	stop redis
	poll 10 log_has broker 'error: Redis at'
	forget 'entity=a&check=b'
	[ "$code $answer" = '202 {"forgotten": 1}' ]
	forget 'entity=a&check=c'
	[ "$code" = 202 ]
	forget 'entity=a&check=c'
	[ "$code" = 404 ]
	posts 202 "$(event a c critical)"
	start_redis
	poll 20 log_has broker 'back after'
	posts 200 "$(event x y ok)"
	[ "$(redis HKEYS httpbroker:default:states | tr '\037' : | sort | tr '\n' ' ')" = 'a:c a:d x:y ' ]
	[[ "$(redis HGET httpbroker:default:states $'a\x1fc')" == *' critical '* ]]
}

# shown QUERY: the keys of GET /state?QUERY, sorted
shown() {
	curl -sSf "$@" -G "$url" | sed -n 's/^\("[^"]*"\):{.*/\1/p' | sort | tr -d '\n'
}

@test "GET /state selects by entity, by check, by state" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)" "$(event a c CRITICAL)" "$(event b b down)" "$(event a:b c warning)" \
		"$(event a 'b:c' unknown)" "$(event 'd+e &=' 'ü%' ok)" "$(event a 'x#2' ok '"time":1000')"
	[ "$(shown)" = '"a:b""a:b:c""a:b:c#2""a:c""a:x#2""b:b""d+e &=:ü%"' ]
	[ "$(shown -d entity=a)" = '"a:b""a:b:c#2""a:c""a:x#2"' ]
	[ "$(shown -d entity=a:b)" = '"a:b:c"' ]
	[ "$(shown -d check=b)" = '"a:b""b:b"' ]
	[ "$(shown -d entity=a -d check=b:c)" = '"a:b:c#2"' ]
	[ "$(shown -d check=b -d state=OK)" = '"a:b"' ]
	[ "$(shown -d state=critical)" = '"a:c""b:b"' ]
	[ "$(shown -d state=Down -d entity=b)" = '"b:b"' ]
	[ "$(shown -d state=ok -d entity=a)" = '"a:b"' ]
	[ "$(shown -d state=unknown)" = '"a:b:c#2""a:x#2"' ] # the pushed state: the second is stale
	[ "$(shown -d stale=true)" = '"a:x#2"' ]
	[ "$(shown -d stale=false -d entity=a)" = '"a:b""a:b:c#2""a:c"' ]
	[ "$(shown -d stale=true -d state=ok)" = '' ]
	# as in a form: a pair that is empty is skipped, a name is not
	[ "$(curl -sSf "$url?&entity=b&&&&&&&&&state=critical&" | jq -c keys)" = '["b:b"]' ]
	[ "$(curl -sSf "$url?&" | jq length)" = 7 ]
	[[ "$(curl -sS "$url?=b")" == *"there is no parameter '' here"* ]]
	run -0 curl -sS -w '%{http_code}' "$url?stale=yes"
	[[ "$output" == *"'stale' is 'yes', not true or false"*400 ]]
	[ "$(curl -sSf "$url" | jq -c '.["a:x#2"] | [.state, .reported, .stale]')" = '["unknown","ok",true]' ]
	[ "$(curl -sSf "$url" | jq -c '.["a:c"] | [.state, .reported, .stale]')" = '["CRITICAL","CRITICAL",false]' ]
	[ "$(shown --data-urlencode 'entity=d+e &=' --data-urlencode 'check=ü%')" = '"d+e &=:ü%"' ]
	[ "$(curl -sSf "$url?entity=d%2Be+%26%3D" | grep -c '^"')" -eq 1 ]
	for query in entity=b%00 entity=none 'entity=a&check=b%20' 'check=B' 'entity=a&check=c&state=ok'; do
		run -0 curl -sS -w '%{http_code}' "$url?$query"
		[ "$output" = '{}
200' ] || [[ "$query" == *%00 && "$output" == *NUL*400 ]]
	done
	# HTTP/1.0 clients get it without chunks
	[ "$(curl -sSf -0 "$url?entity=a&state=critical" | sed -n 's/^"\(.*\)":{.*,"state":"\([^"]*\)".*/\1 \2/p')" = 'a:c CRITICAL' ]
	curl -sSf "$url" >"$work/all"
	python3 -c 'import json, sys
all = json.load(open(sys.argv[1]))
assert len(all) == 7
for value in all.values():
    for key in "entity", "check", "state", "time", "ttl", "age", "stale", "reported", "received_age": assert key in value, key
assert all["a:x#2"]["stale"] and all["a:x#2"]["age"] > 1e9 and all["a:x#2"]["received_age"] < 60 and not all["a:b"]["stale"]' "$work/all"
}

# one PATH CURL-OPTION...: GET /state/PATH; prints the body and the status
one() {
	curl -sS -m 20 -w '%{http_code}\n' "${@:2}" "$url/$1"
}

@test "GET /state/ENTITY/CHECK: 200 while a check is ok, 503 otherwise, 404 if it is not known" {
	local path accept
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok '"summary":"fine \"all\"","details":"more"')" "$(event a c warning '"summary":"1\n2"')" \
		"$(event 'x/y' 'ü%:+' ok)" "$(event a old ok '"ttl":1,"summary":"was fine"')" "$(event h HOST up)"
	[ "$(one a/b)" = $'ok: a:b: fine "all"\n200' ]
	[ "$(one a/c)" = $'warning: a:c: 1 2\n503' ]
	[ "$(one 'x%2Fy/%C3%BC%25:+')" = $'ok: x/y:ü%:+: \n200' ]
	[ "$(one h/HOST)" = $'ok: h:HOST: \n200' ]
	gone_stale() { [[ "$(one a/old)" == 'unknown: a:old: stale for '*'s, was ok: was fine'$'\n503' ]]; }
	poll 10 gone_stale
	[ "$(one a/b -H 'Accept: text/html, application/json;q=0.9' | head -1 | jq -c '[.entity, .state, .stale, .details, .ttl]')" = \
		'["a","ok",false,"more",300]' ]
	[ "$(one a/old -H 'Accept: application/json' | head -1 | jq -c '[.state, .reported, .stale]')" = '["unknown","ok",true]' ]
	[ "$(one a/old -H 'Accept: application/json' | tail -1)" = 503 ]
	for accept in '*/*' 'application/json;q=0' 'application/json;q=0.000, */*' 'application/json;q=0.2, */*;q=0.3' \
		'text/html, */*;q=0.8' 'text/plain, application/json;q=0.9' 'application/jsonx' 'x;a=application/json'; do
		[ "$(one a/b -H "Accept: $accept")" = $'ok: a:b: fine "all"\n200' ]
	done
	for accept in 'text/plain;q=0.1, application/json' 'application/json, text/plain, */*' 'application/*' \
		'text/*;q=0.9, APPLICATION/JSON; charset=utf-8;Q=1.000'; do
		[[ "$(one a/b -H "Accept: $accept")" == '{"entity":"a"'* ]]
	done
	# several lines are one list
	[[ "$(one a/b -H 'Accept: text/plain;q=0.5' -H 'Accept: application/json')" == '{"entity":"a"'* ]]
	[[ "$(one a/b -H 'Accept: text/html' -H 'Accept: text/plain' -H 'Accept: application/json;q=0.9')" == 'ok: a:b: '* ]]
	[ "$(one a/b -I | tr -d '\r' | grep -c 'Content-Length: 20')" -eq 1 ]
	[ "$(one a/c -I | tail -1)" = 503 ]
	[ "$(one a/none)" = $'{"error": "there is no check \'none\' of \'a\'"}\n404' ]
	for path in a a/b/c a/b/ a/b/c/d/e x/y/z; do
		[[ "$(one "$path")" == *'there is /state/ENTITY/CHECK, where a slash in a name is written %2F'*404 ]]
	done
	for path in a/%zz a/%2 a/%0a /b 'a/b?ttl=1' "a/$(printf 'x%.0s' {1..1025})" a/%ff a/b%00; do
		[[ "$(one "$path")" == '{"error": "'*'"}'$'\n400' ]]
	done
	[[ "$(one a/x%ff)" == *"'check' has no valid UTF-8 character at byte 2"* ]]
	[[ "$(one a/x%07)" == *"'check' has a control character at byte 2"* ]]
	[[ "$(one a/b -X DELETE)" == *'does not accept DELETE, only GET, HEAD'*405 ]]
	# as a check of Nagios and the like
	check_http -H 127.0.0.1 -p "$broker_port" -u /state/a/b -s 'ok: a:b'
	run -2 check_http -H 127.0.0.1 -p "$broker_port" -u /state/a/c
	stop redis
	[ "$(one a/b | tail -1)" = 200 ]
}

# A cache between a monitor and the broker would go on with the 200 of before; it would swallow a ping.
@test "no cache may store what a GET says at this moment" {
	local path
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)"
	for path in state state/a/b state/a/none health metrics metrics/states ping/a/b ping/a/b/fail nowhere; do
		echo "$path"
		curl -sS -o "$work/answer" -D "$work/headers" "$url/../$path" -X GET
		[ "$(grep -ic '^cache-control: no-store' "$work/headers")" -eq 1 ]
	done
	curl -sS -o "$work/answer" -D "$work/headers" "$url/.."
	grep -i '^cache-control: no-cache, private' "$work/headers"
	[ "$(grep -ic '^cache-control' "$work/headers")" -eq 1 ]
}

@test "GET /state/ENTITY/CHECK: 503, not 404, until the checks are read from Redis" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)"
	stop broker
	freeze redis
	start broker httpbroker --port "$broker_port" --server "127.0.0.1:$redis_port"
	poll 10 broker_listens
	[ "$(one a/b)" = $'{"error": "the checks are not read from Redis yet"}\n503' ]
	kill -CONT "${pids[redis]}"
	known_again() { [ "$(one a/b | tail -1)" = 200 ]; }
	poll 20 known_again
}

@test "GET /state/ENTITY/CHECK needs a token, whatever it may write" {
	printf 'all\nother x*\n' >"$work/tokens"
	chmod 600 "$work/tokens"
	start broker httpbroker --port 0 --server none --token-file "$work/tokens"
	poll 10 broker_listens
	posts 401 "$(event a b ok)"
	curl -sSf -u :all -d "$(event a b ok)" "$url"
	[ "$(one a/b | tail -1)" = 401 ]
	[ "$(one a/none | tail -1)" = 401 ]
	[ "$(one a/b -u :other | tail -1)" = 200 ]
}

# Otherwise an attacker could choose names that all collide in the hash table.
@test "the hash table has a new secret at each start" {
	local i orders=()
	for i in 1 2; do
		start broker httpbroker --port 0 --server none
		poll 10 broker_listens
		posts 200 "[$(for n in {1..50}; do event host "$n" ok; echo ,; done)$(event host 51 ok)]"
		orders+=("$(curl -sSf "$url" | sed -n 's/^\("[^"]*"\):{.*/\1/p')")
		stop broker
	done
	[ "$(sort <<<"${orders[0]}")" = "$(sort <<<"${orders[1]}")" ]
	[ "${orders[0]}" != "${orders[1]}" ]
}

@test "keys are unique whatever the names of the checks" {
	start broker httpbroker --port 0 --server none
	poll 10 broker_listens
	posts 200 "$(event a b:c ok)" "$(event a:b c ok)" "$(event a b:c#2 ok)" "$(event a:b c#2 ok)" \
		"$(event x y#2 ok)" "$(event x y ok)" "$(event x:y z ok)" "$(event x y:z ok)"
	[ "$(known)" = '"a:b:c""a:b:c#2""a:b:c#2#2""a:b:c#2#3""x:y""x:y#2""x:y:z""x:y:z#2"' ]
	[ "$(curl -sSf "$url" | jq 'length == 8 and ([.[] | .entity + " " + .check] | unique | length) == 8')" = true ]
	[ "$(shown -d entity=a --data-urlencode check=b:c#2)" = '"a:b:c#2#2"' ]
	forget 'entity=a&check=b:c'
	[ "$(known)" = '"a:b:c#2""a:b:c#2#2""a:b:c#2#3""x:y""x:y#2""x:y:z""x:y:z#2"' ]
}

@test "GET /state refuses an invalid query" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)"
	local query
	for query in entity= check entity=a%01 entiti=a entity=a\&entity=b state= state=BANANA \
		state=acknowledgement "check=$(head -c 1025 /dev/zero | tr '\0' x)"; do
		run -0 curl -sS -w '%{http_code}' "$url?$query"
		echo "$query: $output"
		[[ "${lines[0]}" == '{"error": "'*'"}' && "${lines[1]}" == 400 ]]
	done
}

@test "GET /state makes no copy of the table, however slow the client" {
	start_redis
	start_broker --interval 1h
	client <<-'E'
		def run(i):
		    s = connect()
		    for k in range(1000):
		        assert post(s, event("e%d" % i, "%d" % k, "ok", "x" * 4000))[0] == 200
		together(8, run)
	E
	before=$(most_memory)
	client <<-'E'
		def slow(i):
		    s = connect()
		    s.sendall(b"GET /state HTTP/1.1\r\nHost: localhost\r\n\r\n")
		    rest = s.recv(1000)
		    other = connect()
		    assert post(other, event("x", "%d" % i, "ok"))[0] == 200
		    # a small part is enough: unread data must not wait in the broker
		    for k in range(200): rest = s.recv(65536)
		    assert len(rest) > 0
		    assert post(other, event("y", "%d" % i, "ok"))[0] == 200
		together(8, slow)
	E
	[ "$(curl -sSf "$url" | wc -c)" -gt 32000000 ]
	after=$(most_memory)
	echo "$before, then $after KiB"
	[ "$before" -gt 32000 ]
	[ $((after - before)) -lt 12000 ]
}

@test "DELETE /state of a host with 20,000 checks deletes only these" {
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

@test "concurrent posts, reads and deletes: memory and Redis agree in the end" {
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
		            s.sendall(("DELETE /state?%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % query).encode())
		            assert answer(s)[0] in (200, 404)
		        else:
		            assert get(s)[0] == 200
		together(32, run)
	E
	[ "$(redis HKEYS httpbroker:default:states | tr '\037' : | sed 's/.*/"&"/' | sort | tr -d '\n')" = "$(known)" ]
	forget 'entity=e1'
	posts 200 "$(event e1 last ok)"
	[ "$(redis HKEYS httpbroker:default:states | tr '\037' : | sed 's/.*/"&"/' | sort | tr -d '\n')" = "$(known)" ]
	run ! log_has broker 'error|Sanitizer'
}
