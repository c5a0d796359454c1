# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # $work and the functions come from daemons.bash; redis_port is for tests
#
# One master of Redis with replicas, and three sentinels that watch it by the name mymaster.
#
#   start_sentinels REPLICAS   starts them all; sets ${redis_ports[@]} (the first is the master's at
#                              the beginning) and ${sentinel_ports[@]}
#   start_server N             starts the Nth of the servers as a replica of the master that the
#                              sentinels name; they tell it if that changes
#   at_port PORT COMMAND...    runs redis-cli there
#   master_port                the port of the master by the first sentinel that answers
#   sentinels                  the options for the programs

at_port() {
	redis-cli -p "$1" "${@:2}"
}

at_port_answers() {
	[ "$(timeout 2 redis-cli -p "$1" PING 2>/dev/null)" = PONG ]
}

master_port() {
	local port found
	for port in "${sentinel_ports[@]}"; do
		found=$(timeout 2 redis-cli -p "$port" SENTINEL get-master-addr-by-name mymaster 2>/dev/null | sed -n 2p)
		[ -z "$found" ] || {
			echo "$found"
			return
		}
	done
	return 1
}

is_master() {
	[ "$(timeout 2 redis-cli -p "$1" ROLE 2>/dev/null | head -1)" = master ]
}

# By a file, which Redis rewrites when a sentinel changes the role.
start_server() {
	local port=${redis_ports[$1]} file=$work/server$1.conf
	[ -e "$file" ] || {
		mkdir -p "$work/server$1"
		cat >"$file" <<-C
			port $port
			bind 127.0.0.1
			dir $work/server$1
			save ""
			appendonly no
			repl-diskless-sync-delay 0
			repl-ping-replica-period 1
			repl-timeout 5
		C
		[ "$1" -eq 0 ] || echo "replicaof 127.0.0.1 ${redis_ports[0]}" >>"$file"
	}
	start "server$1" redis-server "$file"
	poll 20 at_port_answers "$port"
}

start_sentinel() {
	local port=${sentinel_ports[$1]} file=$work/sentinel$1.conf
	mkdir -p "$work/sentinel$1"
	[ -e "$file" ] || cat >"$file" <<-C
		port $port
		bind 127.0.0.1
		dir $work/sentinel$1
		sentinel monitor mymaster 127.0.0.1 ${redis_ports[0]} 2
		sentinel down-after-milliseconds mymaster 1000
		sentinel failover-timeout mymaster 3000
		sentinel parallel-syncs mymaster 5
	C
	start "sentinel$1" redis-server "$file" --sentinel
	poll 20 at_port_answers "$port"
	# they look at the servers every 10 s else
	at_port "$port" SENTINEL DEBUG info-period 500 publish-period 500 ask-period 500 >/dev/null
}

# replicas_online REPLICAS PORT: so many are connected to this master
replicas_online() {
	[ "$(at_port "$2" INFO replication 2>/dev/null | grep -c 'state=online')" -ge "$1" ]
}

# sentinels_know REPLICAS: each sentinel sees that many replicas and both others
sentinels_know() {
	local port
	for port in "${sentinel_ports[@]}"; do
		at_port "$port" INFO sentinel | grep -q "status=ok,.*slaves=$1,sentinels=3" || return
	done
}

start_sentinels() {
	local i
	mapfile -t redis_ports < <(free_port $((1 + $1)))
	mapfile -t sentinel_ports < <(free_port 3)
	for ((i = 0; i <= $1; i++)); do start_server "$i"; done
	for i in 0 1 2; do start_sentinel "$i"; done
	poll 20 replicas_online "$1" "${redis_ports[0]}"
	redis_port=${redis_ports[0]}
}

sentinels() {
	printf -- '--sentinel 127.0.0.1:%s ' "${sentinel_ports[@]}"
	echo --master mymaster
}
