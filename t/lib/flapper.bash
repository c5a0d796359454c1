# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
#   start_flapper OPTION...    flapper on $port (a free one, unless set); waits for its first half
#   start_stamped OPTION...    the same; each log line begins with the wall time
#   transitions [up|down]      prints the number of such lines in its log
#   wait_for up|down           waits until that half begins again
#   status_of FIELD            prints a number from /proc/PID/status
#   descriptors                prints the number of its open descriptors
#   allow_no_more_descriptors  lowers its limit to that number

start_flapper() {
	port=${port:-$(free_port)}
	start flapper flapper -p "$port" "$@"
	poll 10 log_has flapper ' (up|down) on '
}

stamp() {
	local line
	while IFS= read -r line; do echo "$EPOCHREALTIME $line"; done
}

start_stamped() {
	port=${port:-$(free_port)}
	flapper -p "$port" "$@" 2> >(stamp >"$work/flapper.log" 3>&-) </dev/null 3>&- &
	pids[flapper]=$!
	poll 10 log_has flapper ' (up|down) on '
}

transitions() {
	grep -Ec -- "info: (${1:-up|down}) on " "$work/flapper.log" || :
}

more_transitions_than() {
	[ "$(transitions "$1")" -gt "$2" ]
}

wait_for() {
	poll 20 more_transitions_than "$1" "$(transitions "$1")"
}

status_of() {
	sed -n "s/^$1:[^0-9]*\([0-9]*\).*/\1/p" "/proc/${pids[flapper]}/status"
}

descriptors() {
	find "/proc/${pids[flapper]}/fd" -mindepth 1 2>/dev/null | wc -l
}

allow_no_more_descriptors() {
	local free=0
	while [ -e "/proc/${pids[flapper]}/fd/$free" ]; do free=$((free + 1)); done
	prlimit --pid "${pids[flapper]}" --nofile=$free:
}
