#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# httpbroker with a Redis that refuses commands, loses data or is full; and its limits.

load lib/daemons
load lib/redis
load lib/broker
load lib/account

setup() { start_work; }
teardown() { stop_all; }

# refused SETTING VALUE WORD: with this setting Redis refuses with this word, logged once, until the
# setting is undone
refused() {
	local before
	before=$(redis CONFIG GET "$1" | tail -n 1)
	redis CONFIG SET "$1" "$2"
	posts 202 "$(event a b critical)" "$(event a b ok)"
	poll 10 log_has broker "error: Redis at 127.0.0.1:$redis_port: refuses [A-Z]+ [^ ]*: $3"
	[ "$(count_of broker "$3")" -eq 1 ]
	redis CONFIG SET "$1" "$before"
	poll 10 at_least 1 broker 'back after'
	poll 10 queued 3
	posts 200 "$(event a b ok)"
	[ "$(redis LLEN events)" -eq 3 ]
}

@test "Redis out of memory: OOM is logged once, delivered when there is space" {
	start_redis
	start_broker --interval 24h
	posts 200 "$(event a b ok)"
	refused maxmemory 1 OOM
}

@test "Redis is a replica (READONLY) or cannot write to disk (MISCONF)" {
	start_redis
	start_broker --interval 24h
	posts 200 "$(event a b ok)"
	redis REPLICAOF 127.0.0.1 1
	posts 202 "$(event a b critical)"
	poll 10 log_has broker 'refuses [A-Z]+ [^ ]*: READONLY'
	redis REPLICAOF NO ONE
	poll 10 queued 2
	poll 10 at_least 1 broker 'back after'
	posts 200 "$(event a b ok)"
	redis CONFIG SET save '3600 1'
	rm -r "$work/redis"
	redis BGSAVE
	misconf() { redis INFO persistence | grep -q 'rdb_last_bgsave_status:err'; }
	poll 10 misconf
	posts 202 "$(event a b critical)"
	poll 10 log_has broker 'refuses [A-Z]+ [^ ]*: MISCONF'
	redis CONFIG SET stop-writes-on-bgsave-error no
	poll 10 queued 4
	posts 200 "$(event a b critical)"
	[ "$(redis LLEN events)" -eq 4 ]
}

# Another Redis reads the append-only file of the first one; then the queue of the second
# follows.
empty_account() {
	local new=$redis_port
	touch "$work/enough"
	wait "${pids[changes]}"
	unset 'pids[changes]'
	cat "$work/changes.log"
	redis_port=$(free_port)
	start old redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work/first" --save '' --appendonly yes
	poll 20 redis_answers
	changes_arrived || :
	mv "$work/delivered" "$work/before"
	redis_port=$new
	together() { changes_arrived; sort -u "$work/before" "$work/delivered" | comm -13 - <(sort -u "$work/accepted") >"$work/lost"; [ ! -s "$work/lost" ]; }
	poll 20 together || :
	cp "$work/delivered" "$work/after"
	cat "$work/before" "$work/after" >"$work/delivered"
	changes_judge | tee "$work/account"
	echo "# $BATS_TEST_DESCRIPTION: $(cat "$work/account")" >&3
	# commands in flight at the kill are in its append-only file, without a reply
	repeated=$(sed 's/.*repeated \([0-9]*\).*/\1/' "$work/account")
	[ "$repeated" -le 4 ]
	grep -q 'lost 0, disordered 0$' "$work/account"
}

@test "Redis restarts empty: all states are written again, events in flight are delivered" {
	start_redis --appendonly yes --appendfsync always
	start_broker --interval 24h
	start_changes 4
	client 3000 <<-'E'
		s, count = connect(), int(sys.argv[2])
		for n in range(0, count, 1000):
		    code, body = post(s, "[" + ",".join(event("e", "c%d" % i, "critical") for i in range(n, n + 1000)) + "]")
		    assert code == 200, body
	E
	changes 100
	kill_now redis
	mv "$work/redis" "$work/first"
	start_redis
	poll 20 log_has broker 'warning: Redis has lost what it had: writing all states again'
	poll 20 records_are 3004
	changes 100
	empty_account
}

@test "Redis loses all or some states: all are written again; an eviction policy gives a warning" {
	start_redis --maxmemory-policy allkeys-lru
	start_broker --interval 24h
	poll 10 log_has broker 'warning: Redis may delete states and events .* maxmemory-policy is allkeys-lru; set it to noeviction'
	for i in 1 2 3 4 5; do posts 200 "$(event e "c$i" ok)"; done
	redis DEL httpbroker:default:states
	poll 10 records_are 5
	log_has broker 'warning: Redis has lost 5 of 5 states: writing all again'
	redis CONFIG SET maxmemory-policy noeviction
	redis RENAME httpbroker:default:states elsewhere
	# the next commit writes a record and detects that the others are missing
	posts 200 "$(event e c6 ok)"
	poll 10 records_are 6
	poll 10 log_has broker 'info: Redis deletes nothing'
	redis HDEL httpbroker:default:states "$(printf 'e\037c3')"
	poll 10 records_are 6
	log_has broker 'warning: Redis has lost 1 of 6 states: writing all again'
	# deleted records do not count as missing
	curl -sS -m 10 -X DELETE "$url?entity=e&check=c1"
	posts 200 "$(event e c2 critical)" "$(event e c2 ok)"
	records_are 5
	[ "$(count_of broker 'has lost')" -eq 3 ]
	[ "$(count_of broker 'may delete')" -eq 1 ]
	[ "$(redis LLEN events)" -eq 8 ]
}

@test "Redis with an append-only file killed, stopped and restarted under load: no loss, no duplicates" {
	start_redis --appendonly yes --appendfsync always
	start_broker --interval 24h
	start_changes 8
	for round in 1 2 3; do
		changes 300
		kill_now redis
		changes 50
		start_redis --appendonly yes --appendfsync always
		poll 10 at_least "$round" broker 'back after'
		changes 300
	done
	freeze redis
	poll 15 log_has broker 'no answer within 5 s'
	kill -CONT "${pids[redis]}"
	poll 15 at_least 4 broker 'back after'
	changes 300
	changes_account
	run ! log_has broker 'Redis has lost what it had'
}

@test "Redis loads a large file: LOADING is logged once, delivered afterwards" {
	start_redis
	start_broker --interval 24h
	posts 200 "$(event a b ok)"
	# slow to load on any machine: some 5 s
	redis EVAL "for i = 1, 5000 do redis.call('SET', 'key' .. i, i) end" 0
	redis SAVE
	kill_now redis
	start redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work/redis" --save '' \
		--key-load-delay 1000 --loading-process-events-interval-bytes 1024
	poll 20 log_has broker "error: Redis at 127.0.0.1:$redis_port: refuses [A-Z]+[^:]*[^ ]*: LOADING"
	posts 202 "$(event a b critical)" "$(event a b ok)"
	[ "$(count_of broker LOADING)" -eq 1 ]
	poll 60 at_least 1 broker 'back after'
	poll 20 queued 3
	posts 200 "$(event a b ok)"
	[ "$(redis LLEN events)" -eq 3 ]
	run ! log_has broker 'Redis has lost what it had'
}

@test "Redis starts to require a password: NOAUTH is logged once, delivered when it no longer does" {
	start_redis
	start_broker --interval 24h
	posts 200 "$(event a b ok)"
	redis CONFIG SET requirepass secret
	export REDISCLI_AUTH=secret
	redis CLIENT KILL TYPE normal SKIPME yes
	poll 20 log_has broker "error: Redis at 127.0.0.1:$redis_port: refuses [A-Z]+[^:]*: NOAUTH"
	posts 202 "$(event a b critical)" "$(event a b ok)"
	[ "$(count_of broker NOAUTH)" -eq 1 ]
	redis CONFIG SET requirepass ''
	poll 20 at_least 1 broker 'back after'
	unset REDISCLI_AUTH
	poll 20 queued 3
	posts 200 "$(event a b ok)"
	[ "$(redis LLEN events)" -eq 3 ]
}

@test "missing Redis database: logged once, no other is used, delivered when it exists" {
	start_redis --databases 4
	start_broker --interval 24h --database 7
	poll 20 log_has broker "error: Redis at 127.0.0.1:$redis_port: refuses SELECT: ERR DB index is out of range"
	posts 202 "$(event a b critical)"
	[ "$(count_of broker 'error: ')" -eq 1 ]
	redis INFO keyspace | run ! grep '^db'
	stop redis
	start_redis --databases 8
	poll 20 at_least 1 broker 'back after'
	poll 20 database_has_it
	posts 200 "$(event a b critical)"
	[ "$(redis INFO keyspace | grep -o '^db[0-9]*')" = db7 ]
}

database_has_it() {
	[ "$(redis -n 7 LLEN events)" -eq 1 ]
}

@test "--max-pending: further events get 503 and Retry-After; no event with a 202 is lost" {
	redis_port=$(free_port)
	start_broker --interval 24h --max-pending 5
	poll 10 log_has broker 'cannot connect'
	for i in 1 2 3 4 5; do posts 202 "$(event e "c$i" ok)"; done
	posts 202 "$(event e c3 ok)"
	posts 503 "$(event e c6 ok)"
	curl -s -D "$work/head" -d "$(event e c6 ok)" "$url"
	grep -i '^Retry-After: ' "$work/head"
	start_redis
	poll 10 queued 5
	posts 200 "$(event e c6 ok)"
	kill_now redis
	poll 10 log_has broker 'connection was closed|connection broke|cannot connect'
	for i in 1 2 3 4 5; do posts 202 "$(event e "c$i" critical)"; done
	posts 503 "$(event e c6 critical)"
	start_redis
	poll 10 queued 5
	posts 200 "$(event e c6 critical)"
}

llen_calls() {
	redis INFO commandstats | sed -n 's/^cmdstat_llen:calls=\([0-9]*\),.*/\1/p'
}

llen_called() {
	[ "$(llen_calls)" -ge "$1" ]
}

# The broker asks for the length once an interval: waits for five.
intervals_pass() {
	poll 10 llen_called $(($(llen_calls) + 5))
}

@test "--max-queue: repeats pause, changes continue, repeats resume with a shorter queue; logged once each way" {
	start_redis
	start_broker --interval 50ms --max-queue 20
	posts 200 "$(event a b critical)"
	poll 10 log_has broker 'warning: the queue has 2[0-9]* events, more than 20: repeats pause'
	length=$(redis LLEN events)
	posts 200 "$(event a b ok)" "$(event a b critical)"
	intervals_pass
	[ "$(redis LLEN events)" -eq $((length + 2)) ]
	redis LTRIM events 0 18
	intervals_pass
	[ "$(redis LLEN events)" -eq 19 ]
	redis LTRIM events 0 9
	poll 10 log_has broker 'info: the queue has [0-9]* events?: repeats go on'
	poll 10 queued 20
	[ "$(count_of broker 'repeats go on')" -ge 1 ]
}
