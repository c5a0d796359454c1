# SPDX-License-Identifier: MIT
#
# Starts, awaits and always stops the parts of a test. Source it, set $work to an empty directory
# (start_work does so), and call stop_all at the end (teardown, trap EXIT).
#
#   start NAME COMMAND...   runs it in the background; its output goes to $work/NAME.log
#   stop NAME               sends TERM, KILL after twenty seconds; returns the exit status
#   stop_within SECONDS NAME   the same; fails if it takes longer
#   kill_now NAME [SIGNAL]  sends SIGNAL (default KILL); returns when it is gone
#   freeze NAME|PID...      sends STOP; returns when they are stopped
#   poll SECONDS COMMAND... repeats the command until it succeeds; fails after that time
#   log_has NAME PATTERN    succeeds if a line of NAME.log matches the extended regular expression
#   count_of NAME PATTERN   prints the number of matching lines in NAME.log
#   at_least N NAME PATTERN succeeds if there are at least N
#   exits CODE MESSAGE COMMAND...   succeeds if it exits with CODE, and its output contains MESSAGE
#   sanitized NAME          succeeds if it has a sanitizer, which keeps freed memory: a limit of memory
#                           is for the others
#   free_port [N]           prints N unused ports

# for `run -75 command`; the demo is not bats, but a bats test may run it
! declare -F bats_require_minimum_version >/dev/null || bats_require_minimum_version 1.5.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${QN_BUILD:-$root/build}
PATH=$build/flapper:$build/httpbroker:$build/httpbroker/notify:$build/httpbroker/submit:$build/oobetet:$build/t/tools:/usr/lib/nagios/plugins:/usr/sbin:/sbin:$PATH
PATH=${QN_WRAPPERS:+$QN_WRAPPERS:}$PATH # t/lib/valgrind
export PATH LC_ALL=C.UTF-8

declare -gA pids=() # -g: bats loads this file in a function

start_work() {
	work=${BATS_TEST_TMPDIR:-$(mktemp -d)}
}

free_port() {
	free-port "$@"
}

start() {
	local name=$1
	shift
	# emptied here: the background shell opens it later, and until then it has the previous log
	: >"$work/$name.log"
	# 3 is a descriptor of bats: bats would wait for a daemon that keeps it
	"$@" >"$work/$name.log" 2>&1 </dev/null 3>&- &
	pids[$name]=$!
}

running() {
	kill -0 "${pids[$1]:-none}" 2>/dev/null
}

# The kernel's letter for a process: T stopped, Z zombie; empty: it does not exist.
process_state() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || :
	stat=${stat##*) }
	printf '%s' "${stat%% *}"
}

# On a busy machine a thread may run for a while after the signal.
freeze() {
	local who
	for who; do kill -STOP "${pids[$who]:-$who}"; done
	for who; do poll 20 frozen "${pids[$who]:-$who}" || return; done
}

# Or gone: a supervisor may kill a stopped process.
frozen() {
	local thread
	for thread in "/proc/$1/task/"*; do
		[[ $(process_state "$1/task/${thread##*/}") == ?([TZ]) ]] || return 1
	done
}

# A process that ends during a trap stays Z: bash reaps it later.
ended() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || stat=
	stat=${stat##*) }
	[[ ${stat%% *} == ?(Z) ]]
}

stop() {
	local pid=${pids[$1]:-} status=0
	[ -n "$pid" ] || return 0
	unset "pids[$1]"
	# the process may end at any step, which is no failure here: its status is returned
	kill -TERM "$pid" 2>/dev/null || :
	# not to a running process: CONT during its exit can make LeakSanitizer hang forever
	[ "$(process_state "$pid")" != T ] || kill -CONT "$pid" 2>/dev/null || :
	poll 20 ended "$pid" || kill -KILL "$pid" || :
	wait "$pid" 2>/dev/null || status=$?
	return $status
}

# Counts sleeps, not time: a busy machine delays these as it delays what is awaited.
stop_within() {
	local limit=$(($1 * 20)) naps=0
	kill -TERM "${pids[$2]}" 2>/dev/null || :
	until ended "${pids[$2]}"; do
		if [ $((++naps)) -gt $limit ]; then
			echo "$2 takes longer than $1 s to stop" >&2
			return 1
		fi
		nap
	done
	stop "$2"
}

kill_now() {
	kill "-${2:-KILL}" "${pids[$1]}"
	wait "${pids[$1]}" 2>/dev/null || :
	unset "pids[$1]"
}

# nap [SECONDS]: reads from a pipe that nobody writes to, which needs no process
nap() {
	[ -p "$work/.nap" ] || mkfifo "$work/.nap"
	read -rt "${1:-0.05}" <>"$work/.nap" || :
}

stop_all() {
	local name
	for name in "${!pids[@]}"; do stop "$name" || :; done
}

# bats traces each command, which costs more than most of them: not here.
poll() {
	local -
	set +T
	poll_untraced "$@"
}

poll_untraced() {
	local limit=$1 deadline naps=0
	shift
	deadline=$((${EPOCHREALTIME/./} + limit * 1000000))
	until "$@"; do
		if [ "${EPOCHREALTIME/./}" -ge "$deadline" ]; then
			echo "poll: not within $limit s: $*" >&2
			return 1
		fi
		if ((++naps > 10)); then nap 0.1; else nap 0.05; fi
	done
}

log_has() {
	grep -Eq -- "$2" "$work/$1.log"
}

count_of() {
	grep -Ec -- "$2" "$work/$1.log" || :
}

at_least() {
	[ "$(count_of "$2" "$3")" -ge "$1" ]
}

# shellcheck disable=SC2154 # $output is of bats
exits() {
	run "-$1" timeout 10 "${@:3}"
	echo "$output"
	[[ "$output" == *"$2"* ]]
}

# The shadow memory has terabytes.
sanitized() {
	[ "$(awk '/^VmSize:/ { print $2 }' "/proc/${pids[$1]}/status")" -gt 1000000000 ]
}

listening() {
	[ -n "$(ss -Hltn "sport = :$1")" ]
}

# The other end of NOTIFY_SOCKET=$work/systemd: `start systemd systemd`; then `log_has systemd bound`.
# It prints a line for each datagram and ends after STOPPING=1.
systemd() {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
print("bound", flush=True)
last = ""
while last != "STOPPING=1":
    last = s.recv(100).decode()
    print(last, flush=True)' "$work/systemd"
}
