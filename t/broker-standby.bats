#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# Two brokers of one name: which is active, and the handover of events from the other.

load lib/daemons
load lib/redis
load lib/broker
load lib/account
load lib/pair
load lib/losing
load lib/nginx

setup() {
	start_work
	start_redis
	pair_ports
}
teardown() { stop_all; }

answers() {
	[ "$(curl -s -m 5 -o "$work/answer" -w '%{http_code}' "$url")" = "$1" ]
}

# lists TEXT: GET /state contains it, perhaps only after the load
lists() {
	answers 200 && grep -qF "$1" "$work/answer"
}

waits_connected() {
	[ -n "$(ss -Htn state established "dport = :$port_a")" ]
}

# since MOMENT: milliseconds
since() {
	echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}

@test "one is active, the standby answers 503; it takes over at once when the first stops" {
	start_two
	at a
	posts 200 "$(event a b critical)"
	at b
	posts 503 "$(event a b ok)"
	[ "$answer" = '{"error": "another broker is the active one"}' ]
	curl -s -D "$work/head" -o /dev/null "$url"
	grep -i '^HTTP/1.1 503' "$work/head"
	grep -i '^Retry-After: ' "$work/head"
	before=$EPOCHREALTIME
	stop a
	poll 5 answers 200
	since "$before"
	[ "$(since "$before")" -lt 4000 ]
	poll 20 lists '"a:b":{"entity":"a","check":"b","type":"service","state":"critical"'
	posts 200 "$(event a b critical)"
	[ "$(redis LLEN events)" -eq 1 ]
	posts 200 "$(event a b ok)"
	[ "$(redis LLEN events)" -eq 2 ]
}

@test "the standby takes over within 6 s when the first is killed, with every state" {
	start_two
	at a
	for i in {1..5}; do posts 200 "$(event a "c$i" critical)"; done
	at b
	before=$EPOCHREALTIME
	kill_now a
	poll 20 answers 200
	took=$(since "$before")
	echo "$took ms"
	[ "$took" -lt 6000 ]
	poll 5 log_has b 'read 5 states'
	[ "$(curl -s "$url" | jq length)" -eq 5 ]
	start_one a
	poll 10 log_has a 'info: standing by'
	posts 200 "$(event a c1 critical)"
	[ "$(redis LLEN events)" -eq 5 ]
}

@test "a broker restarted at its address takes the lease at once, before that expires" {
	start_one a
	at a
	posts 200 "$(event a b critical)"
	kill_now a
	before=$EPOCHREALTIME
	start_one a
	posts 200 "$(event a b critical)"
	[ "$(since "$before")" -lt 4000 ]
	run ! log_has a 'standing by'
	[ "$(redis LLEN events)" -eq 1 ]
}

handover_is_empty() {
	[ "$(redis LLEN httpbroker:default:handover)" -eq 0 ]
}

@test "events handed over are pushed once, even if the reply to the handover is lost" {
	proxy_port=$(free_port)
	start_losing_proxy "$proxy_port" "$redis_port"
	redis_port=$proxy_port start_one a
	poll 20 log_has a 'info: active'
	start_one b
	poll 20 log_has b 'info: standing by'
	at a
	posts 200 "$(event a b critical '"summary":"1","time":1001,"ttl":-1')"
	freeze redis
	prefer=respond-async posts 202 "$(event a b ok '"summary":"2","time":1001,"ttl":-1')" "$(event a b critical '"summary":"3","time":1001,"ttl":-1')"
	freeze a
	kill -CONT "${pids[redis]}"
	at b
	poll 20 answers 200
	echo : >"$work/losing"
	echo RPUSH >"$work/lose"
	kill -CONT "${pids[a]}"
	poll 20 log_has a 'info: all events that were answered 202 are handed over'
	[ -e "$work/lost" ]
	poll 20 queued 3
	poll 20 log_has b 'info: taking 2 events'
	poll 20 handover_is_empty
	# later events follow it
	posts 200 "$(event x y ok)"
	[ "$(queue | sed -n 's/.*"summary":"\([0-9]*\)".*/\1/p' | tr '\n' ,)" = 1,2,3,, ]
	redis KEYS 'httpbroker:default:handover:*' | grep -Ex 'httpbroker:default:handover:[0-9a-f]{16}'
}

@test "handover key of another type: logged once each way, delays nothing" {
	redis SET httpbroker:default:handover precious
	start_one a
	at a
	posts 200 "$(event a b critical)"
	poll 20 log_has a 'error: cannot read the events that other brokers have handed over: Redis refuses LRANGE: WRONGTYPE'
	posts 200 "$(event a b ok)"
	redis DEL httpbroker:default:handover
	redis RPUSH httpbroker:default:handover "$(event x y critical)"
	poll 20 log_has a 'info: events that other brokers have handed over can be read again'
	poll 20 queued 3
	poll 20 handover_is_empty
	[ "$(grep -c 'cannot read the events' "$work/a.log")" -eq 1 ]
}

@test "events handed over older than posted ones are skipped, counted and logged" {
	start_one a
	at a
	posts 200 "$(event a b ok '"summary":"known"')"
	second=$(curl -sS "$url?entity=a" | jq '."a:b".time')
	# an earlier release writes no milliseconds; a handed over event of the same second loses as well
	redis RPUSH httpbroker:default:handover \
		"$(event a b critical "\"summary\":\"same second\",\"time\":$second")" \
		"$(event a b critical "\"summary\":\"earlier\",\"time\":$second,\"millis\":0")" \
		"$(event x y ok)" 'no JSON'
	poll 20 log_has a 'warning: 2 of 3 events that another broker has handed over are older than what is known and change nothing, of a:b and others'
	poll 20 handover_is_empty
	poll 20 queued 2
	[ "$(queue | sed -n 's/.*"check":"b".*"summary":"\([^"]*\)".*/\1/p')" = known ]
	curl -sS "${url%state}metrics" >"$work/metrics"
	grep -qxF 'httpbroker_handover_lost_total{reason="older"} 2' "$work/metrics"
	grep -qxF 'httpbroker_handover_lost_total{reason="unreadable"} 1' "$work/metrics"
	redis RPUSH httpbroker:default:handover \
		"$(event a b critical "\"summary\":\"newer\",\"time\":$((second + 1))")"
	poll 20 last_queued '"summary":"newer"'
	[ "$(grep -c 'older than what is known' "$work/a.log")" -eq 1 ]
}

@test "a broker suspended for too long notices it, and hands over its events with a 202" {
	start_two
	at a
	posts 200 "$(event a b critical '"summary":"1"')"
	freeze redis
	prefer=respond-async posts 202 "$(event a b ok '"summary":"2"')" "$(event a b critical '"summary":"3"')" \
		"$(event a b critical '"summary":"4"')" "$(event a new warning '"summary":"5"')"
	freeze a
	kill -CONT "${pids[redis]}"
	at b
	poll 20 answers 200
	posts 200 "$(event x y ok '"summary":"6"')"
	kill -CONT "${pids[a]}"
	poll 10 log_has a 'info: standing by: [^ ]* 127.0.0.1:'"$port_b is active"
	poll 10 log_has a 'info: all events that were answered 202 are handed over'
	poll 10 queued 5
	posts 200 "$(event x y ok)"
	poll 10 log_has b 'info: taking [1-3] events? that another broker has handed over'
	poll 10 handover_is_empty
	# in order for each check; 4 is the same state as 3
	queue
	[ "$(queue | sed -n 's/.*"check":"b".*"summary":"\([0-9]*\)".*/\1/p' | tr '\n' ' ')" = '1 2 4 ' ]
	[ "$(redis LLEN events)" -eq 5 ]
	at a
	posts 503 "$(event a b ok)"
}

# forgotten CODE QUERY: DELETE /state?QUERY gets CODE
forgotten() {
	[ "$(curl -sS -m 20 -o "$work/answer" -w '%{http_code}' -X DELETE -H "Prefer: ${prefer-}" "$url?$2")" = "$1" ]
}

later_than() {
	[ "$EPOCHSECONDS" -gt "$1" ]
}

keys_are() {
	[ "$(curl -sS -m 5 "$url" | sed -n 's/^\("[^"]*"\):{.*/\1/p' | sort | tr -d '\n')" = "$1" ] &&
		[ "$(redis HKEYS httpbroker:default:states | tr '\037' : | sort | tr '\n' ' ')" = "$(tr -d '"' <<<"${1//\"\"/ }") " ]
}

@test "deletions with a 202 are handed over; newer checks are kept" {
	start_two
	at a
	posts 200 "$(event a b critical)" "$(event a c ok)" "$(event e 1 ok)" "$(event e 2 ok)" "$(event f g ok)"
	freeze redis
	prefer=respond-async
	posts 202 "$(event f h ok)"
	forgotten 202 'entity=a&check=b'
	forgotten 202 'entity=e'
	forgotten 202 'entity=f&check=g'
	forgotten 202 'entity=f&check=h'
	posts 202 "$(event a b warning)"
	second=$EPOCHSECONDS
	freeze a
	kill -CONT "${pids[redis]}"
	at b
	poll 20 lists '"e:2"'
	poll 5 later_than "$second"
	posts 200 "$(event f g critical)"
	kill -CONT "${pids[a]}"
	poll 10 log_has a 'info: all events that were answered 202 are handed over'
	poll 10 handover_is_empty
	poll 10 keys_are '"a:b""a:c""f:g"'
	# the event before and the one after the deletion; f:h was pushed as well
	queue
	[ "$(queue | sed -n 's/.*"entity":"a","check":"b".*"state":"\([a-z]*\)".*/\1/p' | tr '\n' ' ')" = 'critical warning ' ]
	[ "$(redis LLEN events)" -eq 8 ]
	run ! log_has b 'cannot be read'
}

read_all() {
	curl -sS -m 5 "${url%/state}/health" | grep -q '"loading": *false'
}

@test "a check deleted by handover does not come back with the load from Redis" {
	start_one a
	at a
	seq 3000 | sed 's/.*/{"entity":"gone","check":"c&","state":"ok"}/' | paste -sd, | sed 's/.*/[&]/' >"$work/many"
	posts 200 "@$work/many"
	kill_now a
	# so many events that the deletions are not in the first commit
	{
		seq 60 | sed "s/.*/{\"entity\":\"big\",\"check\":\"c&\",\"state\":\"critical\",\"details\":\"$(printf '%064000d' 0)\"}/"
		seq 400 | sed "s/.*/{\"entity\":\"gone\",\"check\":\"c&\",\"forgotten\":$EPOCHSECONDS}/"
	} | sed "s/.*/RPUSH httpbroker:default:handover '&'/" | redis >"$work/pushed"
	start_one a
	poll 20 handover_is_empty
	poll 20 read_all
	curl -sS "$url?entity=gone" | jq length
	[ "$(curl -sS "$url?entity=gone" | jq length)" -eq 2600 ]
	[ "$(redis HLEN httpbroker:default:states)" -eq 2660 ]
}

@test "a broker suspended during a take-over refuses the requests of that time" {
	start_two
	freeze a
	at b
	poll 20 answers 200
	start waits curl -sS -m 20 -w '%{http_code}' -d "$(event a b ok)" "http://127.0.0.1:$port_a/state"
	poll 10 waits_connected
	kill -CONT "${pids[a]}"
	wait "${pids[waits]}"
	unset 'pids[waits]'
	cat "$work/waits.log"
	grep -q '503$' "$work/waits.log"
	[ "$(redis LLEN events)" -eq 0 ]
}

@test "a lease that expired while Redis hung is acquired again, and no request is refused" {
	start_one a
	at a
	posts 200 "$(event a b critical)"
	freeze redis
	posts 202 "$(event a b ok)"
	redis_stands() { [ "$(grep -c 'no answer within 5 s' "$work/a.log")" -ge 1 ]; }
	poll 10 redis_stands
	posts 202 "$(event a b critical)"
	kill -CONT "${pids[redis]}"
	poll 10 queued 3
	posts 200 "$(event a b critical)"
	[ "$(redis LLEN events)" -eq 3 ]
	run ! log_has a 'standing by|read .* states'
}

@test "Redis restarts empty: the formerly active broker restores the data, even if the other connects first" {
	start_two
	at a
	for i in {1..5}; do posts 200 "$(event a "c$i" critical)"; done
	kill_now redis
	freeze a
	start_redis
	poll 20 log_has b 'info: Redis at [^ ]*: back after'
	kill -CONT "${pids[a]}"
	poll 20 log_has a 'warning: Redis has lost what it had: writing all states again'
	poll 20 records_are 5
	posts 200 "$(event a c1 critical)"
	run ! log_has b 'info: active'
	[ "$(redis LLEN events)" -eq 0 ]
}

@test "Redis loses all data while running: the active broker restores it" {
	start_two
	at a
	for i in {1..5}; do posts 200 "$(event a "c$i" critical)"; done
	redis FLUSHALL
	poll 20 log_has a 'warning: Redis has lost what it had: writing all states again'
	poll 20 records_are 5
	posts 200 "$(event a c1 critical)"
	run ! log_has b 'info: active'
	[ "$(redis LLEN events)" -eq 0 ]
}

@test "the active broker is dead and the replica lags: another takes over within 12 s" {
	start_two
	at a
	posts 200 "$(event a b critical)"
	redis SAVE
	posts 200 "$(event a c critical)"
	kill_now a
	kill_now redis
	before=$EPOCHREALTIME
	start_redis
	at b
	poll 30 answers 200
	took=$(since "$before")
	echo "$took ms"
	[ "$took" -lt 12000 ]
	poll 5 lists '"a:b":'
}

# start_redis_proxy NAME PORT: starts a proxy to Redis, as the process proxy_NAME, that can be stopped
start_redis_proxy() {
	start "proxy_$1" python3 -c '
import select, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def pump(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
while True:
    a, _ = listener.accept()
    b = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    for pair in ((a, b), (b, a)): threading.Thread(target=pump, args=pair, daemon=True).start()
' "$2" "$redis_port"
	poll 10 listening "$2"
}

in_queue() {
	queue | grep -qF "$1"
}

@test "only the active broker loses Redis: after the lease it answers 503, and 202 without another broker" {
	proxy_a=$(free_port)
	start_redis_proxy a "$proxy_a"
	redis_port=$proxy_a start_one a
	poll 10 log_has a 'info: active'
	start_one b
	poll 10 log_has b 'info: standing by'
	start_proxy "127.0.0.1:$port_a" "127.0.0.1:$port_b"
	known() { [[ $(redis GET httpbroker:default:standby) == *" 127.0.0.1:$port_b "* ]]; }
	poll 10 known
	at a
	posts 200 "$(event a first ok)" "$(event a b ok)"
	# the next commit has seen the standby
	sees() { posts 200 "$(event a sees ok)" && [ "$(redis LLEN events)" -ge 3 ]; }
	poll 5 sees
	freeze proxy_a
	poll 15 log_has b 'info: active'
	poll 15 posts 503 "$(event a cut critical)"
	[ "$answer" = '{"error": "Redis is away, and another broker can take over"}' ]
	forgotten 503 'entity=a&check=b'
	[ "$(grep -c 'warning: the lease has run out while Redis is away, and another broker stood by: events are answered 503 until Redis is back' "$work/a.log")" -eq 1 ]
	# nor does it show outdated states
	answers 503
	[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Prefer: respond-async' "$url")" = 200 ]
	[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Prefer: wait=5' -H 'Prefer: respond-async' \
		-H 'Prefer: return=minimal' "$url")" = 200 ]
	posts 503 "[$(event a cut critical)]"
	prefer=respond-async posts 202 "$(event a kept critical)"
	posts 503 "$(event a cut critical)"
	# through nginx the other broker delivers all
	url=http://127.0.0.1:$proxy_port/state
	for i in {1..6}; do posts 200 "$(event a "through$i" critical)"; done
	for i in {1..4}; do lists '"a:through6"'; done
	[ "$(queue | grep -c '"check":"through')" -eq 6 ]
	both=(--retry 0 --url "http://127.0.0.1:$port_a/state" --url "http://127.0.0.1:$port_b/state")
	httpbroker-submit -e a -c client1 -s critical "${both[@]}"
	in_queue '"check":"client1"'
	# kept as a last resort when the other is gone as well
	kill_now b
	for i in {1..4}; do posts 202 "$(event a "last$i" critical)"; done
	prefer=wait=1 posts 202 "$(event a last5 critical)"
	httpbroker-submit -e a -c client2 -s critical "${both[@]}"
	kill -CONT "${pids[proxy_a]}"
	poll 20 in_queue '"check":"last5"'
	[ "$(queue | grep -c '"check":"last')" -eq 5 ]
	in_queue '"check":"kept"'
	in_queue '"check":"client2"'
	run ! in_queue '"check":"cut"'
}

@test "take-over while the queue key has another type: events handed over are pushed once, in order" {
	start_two
	at a
	posts 200 "$(event a b ok '"summary":"0","ttl":-1')"
	redis EVAL "redis.call('RENAME', 'events', 'aside') redis.call('SET', 'events', 'no list') return 1" 0
	posts 202 "$(event a b warning '"summary":"1","ttl":-1')" "$(event a b critical '"summary":"2","ttl":-1')"
	poll 10 record_is_unpushed
	freeze a
	at b
	poll 20 lists '"a:b":'
	kill -CONT "${pids[a]}"
	poll 20 log_has a 'info: all events that were answered 202 are handed over'
	redis EVAL "redis.call('RENAME', 'aside', 'events') return 1" 0
	poll 20 handover_is_empty
	poll 20 record_is_pushed
	queue
	[ "$(queue | sed -n 's/.*"summary":"\([0-9]\)".*/\1/p' | tr '\n' ,)" = 0,1,2, ]
}

# the record lists the state still to be pushed, or the pushed one
record_is_unpushed() {
	redis HGET httpbroker:default:states "$(printf 'a\037b')" | grep '^1 [0-9]* -1 - - .*"critical"'
}

record_is_pushed() {
	redis HGET httpbroker:default:states "$(printf 'a\037b')" | grep '^1 [0-9]* -1 critical - '
}

@test "two brokers separated from each other reconnect: nothing is lost" {
	read -r proxy_a proxy_b <<<"$(free_port 2 | tr '\n' ' ')"
	start_redis_proxy a "$proxy_a"
	start_redis_proxy b "$proxy_b"
	redis_port=$proxy_a start_one a
	poll 10 log_has a 'info: active'
	redis_port=$proxy_b start_one b
	poll 10 log_has b 'info: standing by'
	# no other broker is reachable for events posted to the separated one
	client_header='Prefer: respond-async' broker_port=$port_a start_changes 4
	changes 200
	freeze proxy_a
	poll 15 log_has b 'info: active'
	at b
	posts 200 "$(event other c critical)" "$(event other c ok)"
	changes 200
	kill -CONT "${pids[proxy_a]}"
	poll 20 log_has a 'info: standing by'
	poll 10 log_has a 'all events that were answered 202 are handed over'
	# refused events are posted again until it is active
	stop b
	changes 100
	changes_account
}
