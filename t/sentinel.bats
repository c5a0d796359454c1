#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2046,SC2154 # variables that load brings; a test is a subshell; sentinels prints words
# Real failovers of Redis's master by Sentinel, under load: what was answered 200 or 202 is in the queue of
# the last master.

load lib/daemons
load lib/broker
load lib/pair
load lib/account
load lib/nginx
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

# failover_WAY PORT COMMAND...: the command runs before the former master is back
failover_killed() {
	local server
	server=$(server_of "$1")
	kill_now "server$server"
	poll 30 master_is_another "$1"
	"${@:2}"
	start_server "$server"
}

failover_frozen() {
	local server
	server=$(server_of "$1")
	freeze "server$server"
	poll 30 master_is_another "$1"
	"${@:2}"
	kill -CONT "${pids[server$server]}"
}

# rounds N WAY...: each way in turn, N times
rounds() {
	local i way port
	for ((i = 0; i < $1; i++)); do
		for way in "${@:2}"; do
			port=$(master_port)
			"failover_$way" "$port" changes 20
			changes 100
			poll 60 ready
		done
	done
}

@test "failovers, kills and freezes of the master lose nothing that was accepted" {
	start broker httpbroker --port 0 $(sentinels) --interval 24h
	poll 20 broker_listens
	poll 20 log_has broker 'info: active'
	start_changes 4 0.005
	rounds 4 asked killed frozen
	all_arrived
	grep -q '200: [1-9]' "$work/changes.log"
}

# Which of the brokers has the lease.
active_broker() {
	local found
	found=$(redis GET httpbroker:default:lease) || return
	[[ "$found" != *":$port_a "* ]] || echo a
	[[ "$found" != *":$port_b "* ]] || echo b
}

another_is_active() {
	local now
	now=$(active_broker) && [ -n "$now" ] && [ "$now" != "$1" ]
}

@test "the active broker freezes while the master fails: the other takes over, and nothing is lost" {
	local name way frozen port
	pair_ports
	for name in a b; do
		port=port_$name
		start "$name" httpbroker --port "${!port}" $(sentinels) --interval 24h
		poll 20 log_has "$name" 'listening on 127'
	done
	start_proxy "127.0.0.1:$port_a" "127.0.0.1:$port_b"
	poll 20 another_is_active none
	# of an event that was handed over and a newer one of the same check, only the newer one counts
	broker_port=$proxy_port start_changes 4 0.005 new
	for way in asked killed frozen asked; do
		frozen=$(active_broker)
		port=$(master_port)
		freeze "$frozen"
		"failover_$way" "$port" true
		poll 40 another_is_active "$frozen"
		kill -CONT "${pids[$frozen]}"
		changes 50
		poll 60 ready
	done
	all_arrived
}

# The last change of each check is the last line of it.
told_last() {
	local check number
	while read -r check number; do
		tac "$work/notify.log" | grep -m 1 "\"check\":\"$check\"" | grep -q "\"summary\":\"$number\"" || return
	done < <(tac "$work/accepted" | awk '!seen[$1]++')
}

@test "httpbroker-notify follows the master: the last state of a check is sent" {
	start broker httpbroker --port 0 $(sentinels) --interval 24h
	poll 20 broker_listens
	start notify httpbroker-notify $(sentinels) --output-format json
	poll 20 log_has notify 'active: takes events'
	start_changes 4 0.02
	rounds 1 asked killed frozen
	touch "$work/enough"
	wait "${pids[changes]}"
	unset 'pids[changes]'
	poll 30 told_last
	[ "$(redis LLEN events)" -eq 0 ]
}
