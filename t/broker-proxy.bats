#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# Two brokers of one name behind nginx, stopped in turn for $PROXY_SECONDS.

load lib/daemons
load lib/redis
load lib/broker
load lib/account
load lib/nginx
load lib/pair

setup() {
	start_work
	start_redis
	pair_ports
}
teardown() { stop_all; }

# They stop in turn, every other time by KILL: each of them both ways.
one_goes() {
	local names=(a b) name
	name=${names[round % 2]}
	if [ $((round / 2 % 2)) = 0 ]; then kill_now "$name"; else stop "$name"; fi
	changes 100
	start_one "$name"
	poll 20 log_has "$name" 'standing by|active'
}

@test "two brokers behind nginx, one killed or stopped every few seconds for a minute: no loss, no duplicates" {
	start_two
	start_proxy "127.0.0.1:$port_a" "127.0.0.1:$port_b"
	broker_port=$proxy_port
	start_changes 8
	end=$((SECONDS + ${PROXY_SECONDS:-60}))
	for ((round = 0; round < 4 || SECONDS < end; round++)); do
		changes 200
		one_goes
	done
	changes 200
	changes_account 60
	echo "# $round rounds" >&3
}
