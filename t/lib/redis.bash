# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
#   start_redis [OPTION...]  a private redis-server on $redis_port, without persistence by default
#   redis COMMAND...         runs redis-cli on it

start_redis() {
	redis_port=${redis_port:-$(free_port)}
	mkdir -p "$work/redis"
	start redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work/redis" \
		--save '' --appendonly no --daemonize no "$@"
	poll 10 redis_answers
}

redis() {
	redis-cli -p "$redis_port" "$@"
}

redis_answers() {
	[ "$(redis PING 2>/dev/null)" = PONG ]
}
