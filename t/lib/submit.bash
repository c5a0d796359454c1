# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
#   start_submit_work        start_work; a free $port, which $HTTPBROKER_URL names
#   submit TEXT [OPTION...]  runs httpbroker-submit with TEXT on standard input
#   feed [OPTION...]         starts one that reads the named pipe $work/fifo; descriptor 8 writes to it
#
#   start_broker [OPTION...] httpbroker for $HTTPBROKER_URL on the Redis of start_redis, with a long
#                            interval: with many checks, some first repeats are due at once
#   delivered                prints the events in Redis, oldest first, one a line, without type, time
#                            and repeats
#   spooled_files            prints the names of the files in $spool
#   catches_term             succeeds if the program (no longer bash before exec) handles SIGTERM
#   ok N                     prints an event of check N

start_submit_work() {
	start_work
	port=$(free_port)
	export HTTPBROKER_URL=http://127.0.0.1:$port/state
}

submit() {
	run httpbroker-submit "${@:2}" <<<"$1"
}

feed() {
	mkfifo "$work/fifo"
	start submit httpbroker-submit "$@" "$work/fifo"
	exec 8<>"$work/fifo"
}

start_broker() {
	start broker httpbroker --port "127.0.0.1:$port" --server "127.0.0.1:$redis_port" \
		--interval 24h --flapjack-version 1 "$@"
	poll 20 listening "$port"
}

# For an empty list redis-cli prints an empty line.
delivered() {
	redis --raw LRANGE events 0 -1 | tac | sed -E 's/"type":"service",//; s/,"time":[0-9]+//' |
		awk 'NF > 0 && !seen[$0]++'
}

delivered_count() {
	[ "$(delivered | wc -l)" -ge "$1" ]
}

spooled_files() {
	find "$spool" -mindepth 1 -printf '%f\n' | sort
}

catches_term() {
	local caught
	[ "$(readlink "/proc/${pids[submit]}/exe")" = "$build/httpbroker/submit/httpbroker-submit" ] || return
	caught=$(sed -n 's/^SigCgt:\s*//p' "/proc/${pids[submit]}/status")
	((16#$caught & 0x4000))
}

ok() {
	printf '{"entity":"e","check":"%s","state":"ok"}' "$1"
}

# The same, as Flapjack gets it.
ok_delivered() {
	printf '{"entity":"e","check":"%s","state":"ok","summary":""}\n' "$1"
}
