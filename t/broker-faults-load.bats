#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# httpbroker under load during maintenance of Redis: no loss, no duplicates.

load lib/daemons
load lib/redis
load lib/broker
load lib/account

setup() { start_work; }
teardown() { stop_all; }

start_all() {
	start_redis
	start_broker --interval 24h
	start_changes 6
}

# for_a_moment: sleeps up to a tenth of a second; this waits for no condition
for_a_moment() {
	read -rt "0.0$((RANDOM % 10))" <> <(:) || :
}

@test "CLIENT PAUSE for longer than the timeout for Redis" {
	start_all
	for round in 1 2; do
		changes 300
		redis CLIENT PAUSE 6000 "$([ $round = 1 ] && echo ALL || echo WRITE)"
		poll 20 at_least $round broker 'back after'
	done
	changes 300
	changes_account
	log_has broker 'no answer within 5 s'
}

# Each has a socket beside its port; the broker's path to Redis is a link to the master's socket.
start_replicated() {
	redis_port=$1 start_redis --unixsocket "$work/1.sock"
	mkdir "$work/replica"
	start replica redis-server --port "$2" --bind 127.0.0.1 --dir "$work/replica" --save '' \
		--unixsocket "$work/2.sock" --replicaof "127.0.0.1 $1"
	redis_port=$2
	poll 20 is_in_step
	redis_port=$1
	ln -s "$work/1.sock" "$work/redis.sock"
}

is_in_step() {
	redis INFO replication | grep -q 'master_link_status:up'
}

is_master() {
	redis INFO replication | grep -q 'role:master'
}

# fails_over PORT SOCKET: fails over to the Redis there
fails_over() {
	redis FAILOVER TO 127.0.0.1 "$1"
	redis_port=$1
	poll 20 is_master
	ln -s "$2" "$work/next.sock"
	mv -T "$work/next.sock" "$work/redis.sock"
}

@test "FAILOVER to the replica, and back, and again" {
	read -r one two <<<"$(free_port 2 | tr '\n' ' ')"
	start_replicated "$one" "$two"
	start broker httpbroker --port 0 --server "unix:$work/redis.sock" --interval 24h
	poll 10 broker_listens
	start_changes 6
	for round in 1 2 3; do
		changes 300
		if [ $round = 2 ]; then fails_over "$one" "$work/1.sock"; else fails_over "$two" "$work/2.sock"; fi
		poll 20 at_least $round broker 'back after'
	done
	changes 300
	changes_account
	run ! log_has broker 'Redis has lost what it had'
}

@test "one command after the other is forbidden for a moment" {
	start_all
	redis ACL SETUSER admin on '>secret' '~*' '&*' '+@all'
	admin() { REDISCLI_AUTH=secret redis --user admin "$@"; }
	for command in eval lpush hset hlen multi exec set watch pexpire get; do
		[ "$(admin ACL SETUSER default "-$command")" = OK ]
		for_a_moment
		admin ACL SETUSER default "+$command"
		changes 50
	done
	changes_account
	[ "$(count_of broker NOPERM)" -ge 1 ]
}

@test "the broker's own keys are deleted" {
	start_all
	for round in {1..50}; do
		redis DEL httpbroker:default:lease httpbroker:default:batch httpbroker:default:handover
		for_a_moment
		redis DEL httpbroker:default:lease
		for_a_moment
	done
	changes 300
	changes_account
	log_has broker 'Redis has lost what it had'
}

# The renamed former queues and the current one.
queue() {
	local list
	for list in $(redis KEYS 'taken:*' | sort) events; do redis LRANGE "$list" 0 -1 | tac; done
}

@test "the queue key changes its type and becomes a list again; connections break meanwhile" {
	start_all
	for round in {10..19}; do
		printf 'MULTI\nRENAME events taken:%d\nSET events precious\nEXEC\n' "$round" | redis
		for_a_moment
		redis CLIENT KILL TYPE normal SKIPME yes
		redis DEL events
		poll 20 queued 1
	done
	changes 300
	changes_account
}
