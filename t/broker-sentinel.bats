#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2046,SC2154 # sentinels prints words; variables that load and run bring
# --sentinel and --master: where the master is, and 200 only for what a replica has. Failovers under load are
# in sentinel.bats.

load lib/daemons
load lib/broker
load lib/pair
load lib/sentinel

setup() { start_work; }
teardown() { stop_all; }

redis() {
	redis-cli -p "$(master_port)" "$@"
}

@test "--sentinel and --master need each other, an address and a name" {
	local program
	for program in httpbroker httpbroker-notify; do
		run -64 $program --sentinel localhost:26379
		[[ "$output" == *'--sentinel: needs --master'* ]]
		run -64 $program --master mymaster
		[[ "$output" == *'--master: needs --sentinel'* ]]
		run -64 $program --sentinel localhost:26379 --master mymaster --server localhost:6379
		[[ "$output" == *'give no --server'* ]]
		run -64 $program --sentinel localhost --master mymaster
		[[ "$output" == *'localhost:26379'* ]]
		run -64 $program --sentinel localhost:0 --master mymaster
		[[ "$output" == *'no sentinel at port 0'* ]]
		run -64 $program --sentinel localhost:26379 --master 'my master'
		[[ "$output" == *"'my master' is not 1 to 64 letters"* ]]
		run -64 $program $(printf -- '--sentinel 127.0.0.1:%d ' {1..17}) --master m
		[[ "$output" == *'more than 16'* ]]
	done
}

@test "the master is found by the second sentinel; an unknown name is logged" {
	start_sentinels 1
	stop sentinel0
	start notify httpbroker-notify $(sentinels)
	poll 20 log_has notify "Redis at 127.0.0.1:${redis_ports[0]} \\(mymaster\\): connected"
	start broker httpbroker --port 0 $(sentinels)
	poll 10 broker_listens
	poll 20 log_has broker "Redis at 127.0.0.1:${redis_ports[0]} \\(mymaster\\): connected"
	posts 200 "$(event a b critical)"
	poll 10 log_has notify '^Problem: .* on a is Critical'
	stop broker
	start broker httpbroker --port 0 --sentinel "127.0.0.1:${sentinel_ports[1]}" --master other
	poll 10 broker_listens
	poll 20 log_has broker "Redis at master other: no sentinel says where other is: sentinel 127.0.0.1:${sentinel_ports[1]}: knows no master other; until"
	posts 202 "$(event a b ok)"
}

# replicated BOOLEAN NUMBER: so say /health, the data of the page, and the metrics
replicated() {
	local base=${url%/state}
	[ "$(curl -sS "$base/health" | jq -c '[.healthy, .replicated]')" = "[true,$1]" ] &&
		[ "$(curl -sS "$base/page.json" | jq .replicated)" = "$1" ] &&
		curl -sS "$base/metrics" | grep -qx "httpbroker_redis_replicated $2"
}

@test "200 only for what a replica has; else 202, until one has it" {
	start_sentinels 1
	start broker httpbroker --port 0 $(sentinels) --interval 24h
	poll 10 broker_listens
	poll 20 log_has broker 'info: active'
	posts 200 "$(event a b critical)"
	replicated true 1
	freeze server1
	posts 202 "$(event a b ok)" "$(event a b warning)"
	log_has broker 'no replica has what was written last'
	[ "$(redis LLEN events)" -eq 3 ]
	poll 10 replicated false 0
	kill -CONT "${pids[server1]}"
	poll 20 log_has broker 'a replica has all that was written, after'
	poll 10 replicated true 1
	posts 200 "$(event a b critical)"
	[ "$(redis LLEN events)" -eq 4 ]
}
