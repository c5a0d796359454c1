# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # $work and the functions come from daemons.bash; url is for tests
#
# Two brokers with one name, a and b, on the Redis at $redis_port.
#
#   pair_ports               sets $port_a, $port_b, and $proxy_port for a proxy before them
#   start_one a|b OPTION...  starts one of them
#   start_two                starts both: a is active, b stands by
#   at a|b                   later posts go to that one

pair_ports() {
	read -r port_a port_b proxy_port <<<"$(free_port 3 | tr '\n' ' ')"
}

start_one() {
	local port=port_$1
	start "$1" httpbroker --port "${!port}" --server "127.0.0.1:$redis_port" --interval 24h "${@:2}"
	poll 20 log_has "$1" "listening on 127.0.0.1:${!port}"
}

start_two() {
	start_one a
	poll 20 log_has a 'info: active'
	start_one b
	poll 20 log_has b 'info: standing by: [^ ]* 127.0.0.1:'"$port_a is active"
}

at() {
	local port=port_$1
	url=http://127.0.0.1:${!port}/state
}
