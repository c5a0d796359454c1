#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # eval; variables that load and run bring; a test is a subshell
# httpbroker restarted: restored states, no repeated pushes, unreadable records.

load lib/daemons
load lib/redis
load lib/broker
load lib/account

setup() {
	start_work
	start_redis
}
teardown() { stop_all; }

# state_of ENTITY:CHECK EXPRESSION: evaluates it on the answer of GET /state
state_of() {
	curl -sSf "$url" | jq -c ".\"$1\"$2"
}

states_counted() {
	[ "$(curl -sSf "$url" | jq length)" -eq "$1" ]
}

# record CHECK SENT DEADLINE: of entity a, as a broker would have written it
record() {
	redis HSET httpbroker:default:states $'a\x1f'"$1" \
		"1 $EPOCHSECONDS 60 $2 $3 {\"entity\":\"a\",\"check\":\"$1\",\"type\":\"service\",\"state\":\"$2\",\"summary\":\"s\"}"
}

@test "killed and restarted: the same states, nothing is pushed again, changes are" {
	start_broker --interval 24h
	posts 200 "$(event a b critical '"time":1001,"ttl":-1,"tags":["x"],"summary":"s"')" "$(event a c ok)" \
		"$(event x y warning '"details":"d"')"
	states=$(curl -sSf "$url" | jq -S 'map_values(del(.age, .received_age))')
	kill_now broker
	start_broker --interval 24h
	poll 10 states_counted 3
	[ "$(curl -sSf "$url" | jq -S 'map_values(del(.age, .received_age))')" = "$states" ]
	posts 200 "$(event a b critical)" "$(event x y warning)"
	[ "$(redis LLEN events)" -eq 3 ]
	posts 200 "$(event a b ok)"
	[ "$(redis LLEN events)" -eq 4 ]
	log_has broker 'info: read 3 states from Redis within '
}

# No check posted again was pushed again, except one. (Others may be repeated.)
pushed_once() {
	[ "$(queue | grep -Ec '"check":"(c[0-9]|c1999[0-9]|new)"')" -eq 22 ]
}

@test "the broker clock was lost: no state stays fresh for longer than its TTL" {
	redis HSET httpbroker:default:states $'a\x1fb' \
		"1 $EPOCHSECONDS 2 ok 100000000 {\"entity\":\"a\",\"check\":\"b\",\"type\":\"service\",\"state\":\"ok\",\"summary\":\"s\"}" \
		$'a\x1fc' "1 $EPOCHSECONDS -1 ok - {\"entity\":\"a\",\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\",\"summary\":\"s\"}"
	start_broker --interval 24h
	poll 10 states_counted 2
	poll 15 eval '[ "$(state_of a:b .stale)" = true ]'
	[ "$(state_of a:c .stale)" = false ]
	[ "$(queue | jq -r 'select(.check == "b").state')" = UNKNOWN ]
}

@test "a pushed state is not pushed again while the states are still loading" {
	start_broker --interval 24h
	client 20000 <<-'E'
		s = connect()
		count = int(sys.argv[2])
		for n in range(0, count, 1000):
		    code, body = post(s, "[" + ",".join(event("e", "c%d" % i, "critical") for i in range(n, n + 1000)) + "]")
		    assert code == 200, body
	E
	kill_now broker
	start_broker --interval 24h
	# at once, from the end and the beginning
	client 20000 <<-'E'
		s = connect()
		for i in list(range(19990, 20000)) + list(range(10)):
		    code, body = post(s, event("e", "c%d" % i, "critical"))
		    assert code == 200, body
		code, body = post(s, event("e", "new", "critical"))
		assert code == 200, body
		code, body = post(s, event("e", "c5", "ok"))
		assert code == 200, body
	E
	pushed_once
	poll 20 log_has broker 'read 2[0-9]* states|read 19[0-9]* states'
	states_counted 20001
	pushed_once
}

@test "time to live pauses while no broker runs, up to --grace" {
	now=$((EPOCHSECONDS * 1000))
	record forgiven ok 70000
	batch 60000 $((now - 3500000))
	start_broker --interval 200ms
	poll 10 last_queued '"check":"forgiven","type":"service","state":"ok"'
	[ "$(state_of a:forgiven .stale)" = false ]
	stop broker
	redis DEL httpbroker:default:states events
	record late ok 70000
	batch 60000 $((now - 3700000))
	start_broker --interval 200ms
	poll 10 last_queued '"check":"late","type":"service","state":"UNKNOWN","summary":"httpbroker: Cached state is stale'
	[ "$(state_of a:late .stale)" = true ]
	stop broker
	redis DEL httpbroker:default:states events
	record strict ok 70000
	batch 60000 $((now - 100000))
	start_broker --interval 200ms --grace 10s
	poll 10 last_queued '"check":"strict","type":"service","state":"UNKNOWN"'
}

@test "a pushed stale state is not pushed as a change" {
	record pushed unknown 1000
	record unpushed ok 1000
	redis HSET httpbroker:default:states $'a\x1fpushed' \
		'1 1000 60 unknown 1000 {"entity":"a","check":"pushed","type":"service","state":"ok","summary":""}'
	batch 60000 $((EPOCHSECONDS * 1000))
	start_broker --interval 24h
	poll 10 queued 1
	posts 200 "$(event x y ok)"
	[ "$(queue | sed 's/.*"check":"\([a-z]*\)".*/\1/' | tr '\n' ' ')" = 'unpushed y ' ]
	posts 200 "$(event a pushed ok)"
	last_queued '"check":"pushed","type":"service","state":"ok"'
}

@test "invalid records are logged, counted, skipped, and kept in Redis" {
	start_broker --interval 24h
	posts 200 "$(event a b ok)"
	stop broker
	rm "$work/broker.log"
	for i in {1..30}; do redis HSET httpbroker:default:states "garbage$i" x; done >/dev/null
	redis HSET httpbroker:default:states $'a\x1fc' '2 1 1 ok - {}'
	redis HSET httpbroker:default:states $'a\x1fd' '1 1 1 ok - {"entity":"a","check":"e","state":"ok"}'
	redis HSET httpbroker:default:states $'a\x1ff' '1 1 1 ok - {"entity":"a","check"'
	redis HSET httpbroker:default:states $'a\x1fg' '1 1 1 ok - []'
	start_broker --interval 24h
	poll 10 log_has broker 'info: read 1 state from Redis'
	log_has broker 'error: 34 records in Redis cannot be read and were left out'
	[ "$(grep -c 'cannot be read and is left out' "$work/broker.log")" -eq 20 ]
	[ "$(redis HLEN httpbroker:default:states)" -eq 35 ]
	posts 200 "$(event a c critical)"
	[ "$(redis HGET httpbroker:default:states $'a\x1fc' | cut -c 1,2)" = '1 ' ]
}

@test "records of another release are read, with missing or further keys; a later version is named" {
	redis HSET httpbroker:default:states \
		$'a\x1fbefore' '1 1000 -1 critical - {"entity":"a","check":"before","state":"critical"}' \
		$'a\x1fafter' '1 1000 -1 critical - {"entity":"a","check":"after","state":"critical","millis":5,"more":{"x":[1]}}' \
		$'a\x1flater' '2 1000 1 -1 critical - {"entity":"a","check":"later","state":"critical"}'
	batch 60000 $((EPOCHSECONDS * 1000))
	start_broker --interval 24h
	poll 10 log_has broker 'info: read 2 states from Redis'
	log_has broker "error: the record 'a.later' in Redis cannot be read and is left out: its version is '2', not 1"
	posts 200 "$(event a before critical)" "$(event a after critical)" "$(event a later critical)"
	[ "$(redis LLEN events)" -eq 1 ]
}

@test "--no-persist: no state is written or read" {
	record b critical 1000000
	batch 60000 $((EPOCHSECONDS * 1000))
	start_broker --interval 24h --no-persist
	posts 200 "$(event a b critical)" "$(event a c ok)"
	[ "$(redis LLEN events)" -eq 2 ]
	[ "$(redis HLEN httpbroker:default:states)" -eq 1 ]
}

@test "killed at random under a stream of changes: each change with a 200 is there, in order, once" {
	broker_port=$(free_port)
	start_broker --interval 24h
	start_changes 8
	for _ in {1..10}; do
		changes $((RANDOM % 400 + 50))
		kill_now broker
		start_broker --interval 24h
	done
	changes 300
	changes_account
}
