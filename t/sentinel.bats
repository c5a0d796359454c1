#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2046,SC2154 # variables that load brings; a test is a subshell; sentinels prints words
# Real failovers of Redis's master by Sentinel, under load: what was answered 200 or 202 is in the queue of
# the last master.

load lib/daemons
load lib/broker
load lib/pair
load lib/account
load lib/sentinel

setup() {
	start_work
	start_sentinels 2
	poll 30 sentinels_know 2
}
teardown() { stop_all; }

redis() {
	redis-cli -p "$(master_port)" "$@"
}

# changes_account, but an event may be there twice, and then late
all_arrived() {
	changes_account 60 || :
	grep -q ', lost 0, ' "$work/account"
}

server_of() {
	local i
	for i in "${!redis_ports[@]}"; do
		[ "${redis_ports[i]}" != "$1" ] || echo "$i"
	done
}

master_is_another() {
	local now
	now=$(master_port) && [ "$now" != "$1" ] && is_master "$now"
}

# The next failover can come.
ready() {
	local port
	port=$(master_port) && is_master "$port" && replicas_online 2 "$port" && sentinels_know 2
}

# Sentinel gives up where it finds no replica in time.
asked_until_done() {
	master_is_another "$1" && return
	at_port "${sentinel_ports[0]}" SENTINEL FAILOVER mymaster >/dev/null
	return 1
}

failover_asked() {
	poll 60 asked_until_done "$1"
}

failover_killed() {
	local server
	server=$(server_of "$1")
	killed "server$server"
	poll 30 master_is_another "$1"
	changes 20
	start_server "$server"
}

failover_frozen() {
	local server
	server=$(server_of "$1")
	freeze "server$server"
	poll 30 master_is_another "$1"
	changes 20
	kill -CONT "${pids[server$server]}"
}

# rounds N WAY...: each way in turn, N times
rounds() {
	local i way port
	for ((i = 0; i < $1; i++)); do
		for way in "${@:2}"; do
			port=$(master_port)
			"failover_$way" "$port"
			changes 100
			poll 60 ready
		done
	done
}

@test "failovers, kills and freezes of the master lose nothing that was accepted" {
	start broker httpbroker --port 0 $(sentinels) --interval 24h
	poll 20 broker_listens
	poll 20 said broker 'info: active'
	start_changes 4 0.005
	rounds 4 asked killed frozen
	all_arrived
	grep -q '200: [1-9]' "$work/changes.log"
}
