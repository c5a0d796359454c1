# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2154,SC2034 # $work comes from daemons.bash; $requests to $most are for benches
#
# What every bench begins with. A bench is a bash script t/bench/NAME: it starts real programs in a
# directory of its own, measures, compares with what is measured in the same run, and says:
#
#   title TEXT                     what is measured, once, first
#   row KEY=NUMBER...              one line of its table; the same keys in each row of a table
#   goal TEXT NUMBER at-least|at-most NUMBER   whether a target was met
#   note TEXT                      what the reader has to know
#   progress TEXT                  to the terminal only
#
# It may use
#
#   size FULL TINY                 the one or the other: `run --tiny` is the test that it works
#   calc FORMAT EXPRESSION         awk's arithmetic
#   cpu_us PID...                  processor time that these have used so far, in microseconds
#   equal TEXT A B, between TEXT N LOW HIGH   an accounting: the bench has failed if it is not so
#
# It exits with a failure only when something did not work or did not add up: a target that is
# missed is a result.

set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/../lib/daemons.bash"
. "$here/../lib/redis.bash"
. "$here/../lib/broker.bash"

PATH=$build/t/bench:$PATH

unset BATS_TEST_TMPDIR # a test may run us; this directory we remove ourselves
start_work
ulimit -n "$(ulimit -Hn)"

# What is known when a bench ends badly is what its programs said last.
bench_end() {
	local status=$? log
	trap '' INT TERM
	if [ "$status" -ne 0 ]; then
		for log in "$work"/*.log; do
			[ ! -s "$log" ] || { echo "-- the end of ${log##*/}:"; tail -n 5 "$log"; } >&2
		done
	fi
	stop_all
	rm -rf "$work"
	exit "$status"
}
trap bench_end EXIT
trap 'exit 130' INT TERM

record() {
	local IFS=$'\t'
	printf '%s\n' "$*" >>"${BENCH_OUT:-/dev/stdout}"
}

title() { record title "$1"; }
row() { record row "$@"; }
note() { record note "$1"; }
progress() { echo "bench: ${0##*/}: $1" >&2; }

goal() {
	local verdict=missed
	case $3 in
	at-least) [ "$(calc %d "$2 >= $4")" = 0 ] || verdict=met ;;
	at-most) [ "$(calc %d "$2 <= $4")" = 0 ] || verdict=met ;;
	esac
	record goal "$@" "$verdict"
}

size() {
	if [ -n "${BENCH_TINY-}" ]; then echo "$2"; else echo "$1"; fi
}

calc() {
	awk "BEGIN { printf \"$1\", ($2) }" </dev/null
}

cpu_us() {
	local pid stat ticks=0
	for pid; do
		stat=$(cat "/proc/$pid/stat")
		read -ra stat <<<"${stat##*) }"
		ticks=$((ticks + stat[11] + stat[12]))
	done
	echo $((ticks * 1000000 / $(getconf CLK_TCK)))
}

equal() {
	[ "$2" = "$3" ] || { echo "bench: ${0##*/}: $1: $2, not $3" >&2; return 1; }
}

between() {
	[[ $2 -ge $3 && $2 -le $4 ]] ||
		{ echo "bench: ${0##*/}: $1: $2, not from $3 to $4" >&2; return 1; }
}

# events SECONDS CONNECTIONS SETTING... [URL]: wrk posts events (see events.lua for the settings);
# what came of it is then in $requests, $errors, $seconds, and $p50, $p99, $most in milliseconds.
events() {
	local threads=$(($2 < 2 ? 1 : 2))
	wrk -d "$1s" -t "$threads" -c "$2" -s "$here/events.lua" "${target:-$url}" -- \
		threads=$threads "${@:3}" >"$work/wrk.log"
	events_read
}

events_read() {
	local line
	line=$(grep '^events: ' "$work/wrk.log")
	read -r requests errors seconds p50 p99 most <<<"${line#events: }"
	equal 'requests that failed' "$errors" 0
}

# accepted RESULT: how many events the broker says came to that
accepted() {
	curl -fsS "${url%/state}/metrics" |
		sed -n "s/^httpbroker_events_accepted_total{format=\"flapjack\",result=\"$1\"} //p"
}

# fill FIRST COUNT: that many states of the manual's event, as fast as it goes.
fill() {
	local first=$1 count=$2 wanted
	wanted=$(($(states_in_redis) + count))
	start fill wrk -d 600s -t 2 -c 64 -s "$here/events.lua" "$url" -- \
		threads=2 first="$first" checks="$count" changes=no
	poll 600 has_states "$wanted"
	kill -INT "${pids[fill]}"
	stop fill || :
}

states_in_redis() {
	redis HLEN httpbroker:default:states
}

has_states() {
	[ "$(states_in_redis)" -ge "$1" ]
}

# Private memory of a process, in bytes.
memory_of() {
	awk '/^Private/ { kb += $2 } END { print kb * 1024 }' "/proc/$1/smaps_rollup"
}
