#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# httpbroker after a reboot of its machine, and with a million states to read.

load lib/daemons
load lib/redis
load lib/broker
load lib/account

setup() {
	start_work
	start_redis
}
teardown() { stop_all; }

# reboots POLICY: appendfsync of Redis. The broker stops first, so it sends no 202 in between.
reboots() {
	stop redis
	start_redis --appendonly yes --appendfsync "$1"
	broker_port=$(free_port)
	start_broker --interval 24h
	start_changes 8
	for _ in 1 2 3; do
		changes 300
		kill_now broker
		kill_now redis
		start_redis --appendonly yes --appendfsync "$1"
		start_broker --interval 24h
		poll 20 log_has broker 'info: read 8 states from Redis'
	done
	changes 300
	changes_account
}

@test "a reboot: broker and Redis killed and restarted, with each write synced to disk: no loss" {
	reboots always
}

@test "a reboot: the same, with the append-only file synced each second" {
	reboots everysec
}

# A million records, as written by a broker, in the Redis protocol.
million() {
	python3 -c '
import sys, time
def command(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
record = "1 %d 3600 ok 9000000 " % time.time()
for i in range(1000000):
    json = """{"entity":"e","check":"c%d","type":"service","state":"ok","summary":"s"}""" % i
    sys.stdout.buffer.write(command(b"HSET", b"httpbroker:default:states", b"e\x1fc%d" % i, (record + json).encode()))
' | redis-cli -p "$redis_port" --pipe
}

@test "a million states at the start: requests are served meanwhile, each against its record in Redis" {
	million
	batch 60000 $((EPOCHSECONDS * 1000))
	start_broker --interval 24h
	client "$work/broker.log" <<-'E'
		s, n, end = connect(), 0, time.monotonic() + 120
		while "info: read" not in open(sys.argv[2]).read():
		    assert time.monotonic() < end
		    code, body = post(s, event("e", "c%d" % (n * 7919 % 1000000), "ok", "again"))
		    assert code == 200, body
		    n += 1
		print(n, "posted meanwhile")
		assert n > 10
	E
	log_has broker 'info: read 1000000 states from Redis'
	# the posted states are unchanged: they are in the queue only as repeats
	[ "$(redis LLEN events)" -lt 1000 ]
	posts 200 "$(event e c999999 critical)"
	queue | grep -q '"check":"c999999","type":"service","state":"critical"'
}
