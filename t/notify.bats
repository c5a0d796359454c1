# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # $work, $output, $status and what load brings; bash -c
# httpbroker-notify with events from standard input: its lines, its errors, its exit.

load lib/daemons
setup() { start_work; }
teardown() { stop_all; }

# event ENTITY CHECK STATE [SUMMARY]
event() { printf '{"entity":"%s","check":"%s","state":"%s","summary":"%s"}\n' "$@"; }

# notifications [OPTION...]: the lines of standard output for the events of standard input
notifications() {
	httpbroker-notify "$@" 2>"$work/errors"
}

story() {
	event db-01 disk ok fine
	event db-01 disk critical 'full \u001b[31mred\nx\u0000'
	event db-01 disk critical full
	event db-01 disk acknowledgement mine
	event db-01 disk test_notifications hello
	event db-01 disk ok ''
}

@test "a line for each change, worded as Flapjack 1 or 2" {
	[ "$(story | notifications)" = 'Problem: "disk" on db-01 is Critical, full red x
Acknowledgement: "disk" on db-01 has been acknowledged, mine
Test: "disk" on db-01, hello
Recovery: "disk" on db-01 is OK' ]
	[ "$(story | notifications --flapjack-version 2)" = 'Problem: "db-01:disk" is Critical
Acknowledgement: "db-01:disk" has been acknowledged, mine
Test: "db-01:disk", hello
Recovery: "db-01:disk" is OK' ]
	[ ! -s "$work/errors" ]
}

@test "--output-format json: a document for each change" {
	story | notifications --output-format json >"$work/out"
	[ "$(jq -c '[.event,.entity,.check,.state,.summary]' "$work/out")" = '["problem","db-01","disk","critical","full red x"]
["acknowledgement","db-01","disk","critical","mine"]
["test","db-01","disk","critical","hello"]
["recovery","db-01","disk","ok",""]' ]
	[ "$(jq -r 'select(.event != "test").key' "$work/out" | sort -u | wc -l)" -eq 1 ]
}

@test "what is no event is logged with its place and skipped" {
	run notifications < <(echo nonsense; echo; event a b banana ''; echo '[1]'; event a b critical bad
		echo '{"check":"x","state":"ok"}'
		printf '{"check":"%01100000d"}\n' 1
		event a '' critical x; printf '%s' "$(event z last critical unended)")
	[ "$status" -eq 0 ]
	[ "$output" = 'Problem: "b" on a is Critical, bad
Problem: "last" on z is Critical, unended' ]
	diff - "$work/errors" <<-'E'
	httpbroker-notify: warning: standard input, line 1: it is not JSON: invalid token near 'nonsense' (column 8); the event is skipped
	httpbroker-notify: warning: standard input, line 3: 'state' is 'banana', not one of ok, warning, critical, unknown, up, down, unreachable, acknowledgement, test_notifications; the event is skipped
	httpbroker-notify: warning: standard input, line 4: it is not a JSON object; the event is skipped
	httpbroker-notify: warning: standard input, line 6: 'entity' is missing; the event is skipped
	httpbroker-notify: warning: standard input, line 7: it is longer than 1 MiB; the event is skipped
	httpbroker-notify: warning: standard input, line 8: 'check' is empty; the event is skipped
	E
}

@test "a byte-order mark and a NUL are named; what follows a NUL is not ignored" {
	run notifications < <(printf '\357\273\277'; event a b critical x; event a c critical x
		printf '{"entity":"a","check":"d","state":"critical"}\0'; event a e critical x)
	[ "$status" -eq 0 ]
	[ "$output" = 'Problem: "c" on a is Critical, x' ]
	diff - "$work/errors" <<-'E'
	httpbroker-notify: warning: standard input, line 1: there is a byte-order mark: send UTF-8 without it; the event is skipped
	httpbroker-notify: warning: standard input, line 3: it is not JSON: end of file expected near end of file (column 46); the event is skipped
	E
}

@test "a standard input or output that is closed, or cannot be read: 66, 73" {
	run -66 bash -c 'httpbroker-notify <&-'
	[ "$output" = 'httpbroker-notify: error: standard input is closed' ]
	run -66 httpbroker-notify <"$work"
	[ "$output" = 'httpbroker-notify: error: standard input: Is a directory; it ends here' ]
	event a b critical x >"$work/event"
	run -73 bash -c 'httpbroker-notify <"$0" >&-' "$work/event"
	[ "$output" = 'httpbroker-notify: error: standard output is closed' ]
	run -0 bash -c 'httpbroker-notify -- true <"$0" >&-' "$work/event"
	[ -z "$output" ]
}

@test "an input without an event ends the program" {
	run -0 timeout 10 httpbroker-notify </dev/null
	[ "$output" = '' ]
}

@test "a time that is none, in milliseconds or in the future is replaced by now" {
	local time
	for time in 0 '"0"' 1795977708123 $((EPOCHSECONDS + 1000)); do
		echo '{"entity":"a","check":"b","state":"critical","time":'"$time"'}' | notifications --output-format json >"$work/out"
		[ "$(jq ".time >= $EPOCHSECONDS - 10 and .time <= $EPOCHSECONDS + 1 and .since == .time" "$work/out")" = true ]
	done
	[ "$(echo '{"entity":"a","check":"b","state":"critical","time":7}' | notifications --output-format json | jq .since)" = 7 ]
}

# feed FIFO: keeps the FIFO open for writing as descriptor 7
feed() {
	mkfifo "$work/in"
	start notify bash -c 'exec httpbroker-notify "$@" <"$0" >"${0%in}out"' "$work/in" "$@"
	exec 7>"$work/in"
}

has_line() { [ "$(tail -n 1 "$work/out")" = "$1" ]; }

@test "a line is written at once, and a delay ends without another event" {
	feed --initial-failure-delay 1s
	echo '{"entity":"a","check":"b","state":"critical","initial_failure_delay":0}' >&7
	poll 10 has_line 'Problem: "b" on a is Critical'
	event a c warning slow >&7
	poll 10 has_line 'Problem: "c" on a is Warning, slow'
	exec 7>&-
	wait "${pids[notify]}"
}

# into_head LINES: the program's standard output goes to a reader that ends after so many lines
into_head() {
	{
		httpbroker-notify <"$work/in" 2>"$work/errors" || status=$?
		echo "exit ${status:-0}" >"$work/status"
	} | head -n "$1" >"$work/out"
}

@test "the reader of standard output is gone: exit 75" {
	mkfifo "$work/in"
	into_head 1 3>&- &
	pids[head]=$!
	exec 7>"$work/in"
	event a b critical one >&7
	poll 10 has_line 'Problem: "b" on a is Critical, one'
	event a c critical two >&7
	poll 10 test -s "$work/status"
	exec 7>&-
	[ "$(cat "$work/status")" = 'exit 75' ]
	grep -q 'output stdout: Broken pipe$' "$work/errors"
	grep -q 'not delivered: 1 notification$' "$work/errors"
}

@test "the terminal of standard output is gone: exit 75" {
	event a b critical x >"$work/event"
	run -75 python3 -c '
import os, pty, subprocess, sys
reader, writer = pty.openpty()
notify = subprocess.Popen(["httpbroker-notify"], stdin=subprocess.PIPE, stdout=writer)
os.close(writer)
os.close(reader)
notify.stdin.write(open(sys.argv[1], "rb").read())
notify.stdin.flush() # it is not closed
sys.exit(notify.wait(timeout=20))' "$work/event"
	[ "$output" = 'httpbroker-notify: error: output stdout: Input/output error
httpbroker-notify: error: not delivered: 1 notification' ]
}

@test "a file that ends within a line, as a full disk leaves it, gets a newline first" {
	printf 'Problem: "b"' >"$work/file"
	event a b critical x | httpbroker-notify >>"$work/file"
	event a c critical x | httpbroker-notify >>"$work/file"
	[ "$(cat "$work/file")" = 'Problem: "b"
Problem: "b" on a is Critical, x
Problem: "c" on a is Critical, x' ]
}

@test "a terminal that is not read: events are still taken, and SIGTERM is obeyed" {
	local i
	mkfifo "$work/in"
	start notify bash -c 'exec "$1" 1 httpbroker-notify --debug <"$0"' "$work/in" "$root/t/tools/unread-terminal"
	exec 7>"$work/in"
	for ((i = 0; i < 5000; i++)); do event a "check-$i" critical x; done >"$work/events"
	timeout 20 cat "$work/events" >&7
	poll 20 log_has notify check-4999
	stop_within 5 notify || status=$?
	exec 7>&-
	[ "$status" -eq 75 ]
	log_has notify 'not delivered: [0-9]+ notifications'
}

@test "standard output cannot be written: tried again while events may come, exit 74 at their end" {
	event a b critical x >"$work/event"
	run -74 timeout 20 bash -c 'httpbroker-notify <"$0" >/dev/full' "$work/event"
	[ "$(tail -n 2 <<<"$output")" = 'httpbroker-notify: error: output stdout: No space left on device
httpbroker-notify: error: not delivered: 1 notification' ]
	run -74 timeout 20 bash -c 'httpbroker-notify --test >/dev/full'
	[ "$output" = 'httpbroker-notify: error: output stdout: No space left on device
httpbroker-notify: error: output stdout: the test was not delivered' ]
	mkfifo "$work/in"
	start notify bash -c 'exec httpbroker-notify <"$0" >/dev/full' "$work/in"
	exec 7>"$work/in"
	event a b critical x >&7
	poll 10 log_has notify 'output stdout: No space left on device; its notifications are kept and tried again'
	running notify
	exec 7>&-
	poll 20 ended "${pids[notify]}"
	wait "${pids[notify]}" || status=$?
	[ "$status" -eq 74 ]
	log_has notify 'output stdout: No space left on device$'
	log_has notify 'not delivered: 1 notification$'
}

@test "a reader that is slow holds back and loses nothing; SIGTERM is obeyed meanwhile" {
	local i
	mkfifo "$work/pipe"
	for ((i = 0; i < 3000; i++)); do event a "check-$i" critical x; done >"$work/events"
	start notify bash -c 'exec httpbroker-notify <"$0/events" >"$0/pipe"' "$work"
	exec 6<"$work/pipe"
	[ "$(head -n 3000 <&6 | grep -c '^Problem: "check-[0-9]*" on a is Critical, x$')" -eq 3000 ]
	wait "${pids[notify]}"
	start notify bash -c 'exec httpbroker-notify --debug <"$0/events" >"$0/pipe"' "$work"
	exec 6<"$work/pipe"
	poll 10 log_has notify check-2999
	stop_within 5 notify || status=$?
	[ "$status" -eq 75 ]
	log_has notify 'not delivered: [0-9]+ notifications'
}
