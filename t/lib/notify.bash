# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $work, $redis_port and the functions come from daemons.bash and redis.bash
#
#   start_notify [NAME] [OPTION...]  httpbroker-notify on $redis_port; NAME (default notify) is that of
#                                    its log; its lines are appended to $notify_out, or $work/NAME.out
#   event ENTITY CHECK STATE [SUMMARY]   prints an event
#   push ENTITY CHECK STATE [SUMMARY]    puts it into the queue

start_notify() {
	local name=notify
	[[ ${1--} == -* ]] || { name=$1 && shift; }
	start "$name" bash -c 'out=$0; exec httpbroker-notify "$@" >>"$out"' "${notify_out:-$work/$name.out}" \
		--server "localhost:$redis_port" "$@"
}

start_active() {
	start_notify "$@"
	poll 15 log_has notify 'info: active'
}

event() { printf '{"entity":"%s","check":"%s","state":"%s","summary":"%s"}\n' "$1" "$2" "$3" "${4-}"; }

push() { redis LPUSH events "$(event "$@")" >/dev/null; }

# notify_printed LINE...: these are all lines so far
notify_printed() {
	[ "$(cat "$work/notify.out" 2>/dev/null)" = "$(printf '%s\n' "$@")" ]
}

queue_is_empty() { [ "$(redis LLEN events)" = 0 ]; }
