# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # $work, $output, $status and what load brings; sh -c
# httpbroker-notify with a command; --test, --metrics-file and SIGUSR1.

load lib/daemons
load lib/redis
load lib/notify
load lib/prometheus
setup() { start_work; }
teardown() { stop_all; }

# notify [OPTION...] -- COMMAND...: for the events of standard input
notify() { httpbroker-notify "$@" 2>"$work/errors"; }

@test "the command gets the line on standard input, and the parts in its environment" {
	{
		event db-01 'disk \"x\"' critical 'full; $(rm -rf /)'
		event db-01 'disk \"x\"' ok fine
	} | NOTIFY_SOCKET=/nowhere REDIS_PASSWORD=secret NOTIFY_OTHER=x notify -- sh -c '
		cat >>"$0/lines"; env | grep -E "^NOTIFY_|PASSWORD" | sort >>"$0/env"' "$work"
	[ "$(cat "$work/lines")" = 'Problem: "disk "x"" on db-01 is Critical, full; $(rm -rf /)
Recovery: "disk "x"" on db-01 is OK, fine' ]
	[ "$(grep -vE 'KEY|SINCE' "$work/env")" = 'NOTIFY_CHECK=disk "x"
NOTIFY_ENTITY=db-01
NOTIFY_EVENT=problem
NOTIFY_STATE=critical
NOTIFY_SUMMARY=full; $(rm -rf /)
NOTIFY_CHECK=disk "x"
NOTIFY_ENTITY=db-01
NOTIFY_EVENT=recovery
NOTIFY_STATE=ok
NOTIFY_SUMMARY=fine' ]
	[ "$(grep -cE '^NOTIFY_SINCE=20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$' "$work/env")" -eq 2 ]
	[ "$(grep '^NOTIFY_KEY=[0-9a-f]\{16\}$' "$work/env" | sort -u | wc -l)" -eq 1 ]
	[ "$(grep -v warning "$work/errors")" = '' ]
}

@test "its output goes to standard error; with json the line is JSON" {
	event a b critical x | httpbroker-notify --output-format json -- cat >"$work/out" 2>"$work/errors"
	[ ! -s "$work/out" ]
	[ "$(jq -r .check "$work/errors")" = b ]
}

# Each run prints more than a pipe holds.
@test "a log that is not read does not hold up a command that prints" {
	mkfifo "$work/log"
	exec 6<>"$work/log"
	event a b critical x >"$work/events"
	event a b ok x >>"$work/events"
	run -0 timeout -k 1 25 bash -c 'exec httpbroker-notify -- \
		sh -c "cat >>$0/told; head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2" <"$0/events" 2>"$0/log"' "$work"
	exec 6>&-
	[ "$(cat "$work/told")" = 'Problem: "b" on a is Critical, x
Recovery: "b" on a is OK, x' ]
}

@test "a reader of the log that is slow gets all that a command prints" {
	mkfifo "$work/log"
	event a b critical x >"$work/events"
	start notify bash -c 'exec httpbroker-notify --test -- \
		sh -c "seq 20000; echo last >&2; exit 3" 2>"$0/log"' "$work"
	# shellcheck disable=SC2094 # a FIFO
	python3 -c '
import sys, time
got = b""
with open(sys.argv[1], "rb", buffering=0) as log:
    while data := log.read(3000):
        got += data
        time.sleep(0.01)
lines = got.decode().splitlines()
assert lines[:20001] == [str(i) for i in range(1, 20001)] + ["last"], lines[:3]
' "$work/log"
}

@test "a command that fails is run again, later changes of its check wait, others do not" {
	cat >"$work/tell" <<-'E'
		#!/bin/sh
		read -r line
		if [ "$NOTIFY_CHECK" = stuck ] && [ ! -e "$0.go" ]; then exit 3; fi
		echo "$line" >>"$0.out"
	E
	chmod +x "$work/tell"
	{
		event a stuck critical 1
		event a stuck ok 2
		event a free critical 3
	} >"$work/events"
	start notify bash -c 'exec httpbroker-notify --jobs 2 -- "$0/tell" <"$0/events"' "$work"
	poll 10 grep -q free "$work/tell.out"
	poll 10 log_has notify "error: output command: exit status 3; its notifications are kept and tried again"
	[ "$(cat "$work/tell.out")" = 'Problem: "free" on a is Critical, 3' ]
	touch "$work/tell.go"
	poll 60 grep -q 'Recovery' "$work/tell.out"
	[ "$(cat "$work/tell.out")" = 'Problem: "free" on a is Critical, 3
Problem: "stuck" on a is Critical, 1
Recovery: "stuck" on a is OK, 2' ]
	wait "${pids[notify]}"
	log_has notify 'info: output command: works again after'
}

@test "a command that does not exist is named; at the end of input what is left is counted" {
	event a b critical x >"$work/events"
	start notify bash -c 'exec httpbroker-notify -- "$0/missing" <"$0/events"' "$work"
	poll 10 log_has notify 'error: output command: cannot run .*/missing: No such file or directory'
	stop notify || status=$?
	[ "$status" -eq 75 ]
	log_has notify 'error: not delivered: 1 notification$'
}

@test "--jobs bounds how many run at once, and a check has one at a time" {
	local i
	for ((i = 0; i < 12; i++)); do
		event a "c$((i % 6))" "$([ $((i / 6)) = 0 ] && echo critical || echo ok)" "$i"
	done | notify --jobs 3 -- sh -c '
		mkdir "$0/$NOTIFY_CHECK" || echo twice >>"$0/wrong"
		: >"$0/run.$$"; ls "$0" | grep -c "^run\." >>"$0/counts"
		sleep 0.1; rm "$0/run.$$"; rmdir "$0/$NOTIFY_CHECK"; cat >>"$0/lines"' "$work"
	[ ! -e "$work/wrong" ]
	[ "$(sort -n "$work/counts" | tail -1)" -eq 3 ]
	[ "$(wc -l <"$work/lines")" -eq 12 ]
	for ((i = 0; i < 6; i++)); do
		[ "$(grep "\"c$i\"" "$work/lines" | sed 's/:.*//' | paste -sd' ')" = 'Problem Recovery' ]
	done
}

@test "SIGTERM waits for the command that runs; its notification is not sent again" {
	start_redis
	start_active -- sh -c 'echo begun >>"$0/begun"; sleep 2; cat >>"$0/told"' "$work"
	push a b critical 1
	poll 10 test -e "$work/begun"
	stop_within 10 notify
	[ "$(cat "$work/told")" = 'Problem: "b" on a is Critical, 1' ]
	[ "$(redis EXISTS httpbroker-notify:default:output:command)" = 0 ]
	start_active -- sh -c 'cat >>"$0/told"' "$work"
	push a b ok 2
	poll 10 eval '[ "$(cat "$work/told")" = "Problem: \"b\" on a is Critical, 1
Recovery: \"b\" on a is OK, 2" ]'
}

@test "what a killed one had not delivered waits in Redis, and is delivered" {
	start_redis
	start_active -- false
	push a b critical 1
	push a b warning 2
	poll 10 eval '[ "$(redis LLEN httpbroker-notify:default:output:command)" = 2 ]'
	poll 10 queue_is_empty
	kill -KILL "${pids[notify]}"
	redis DEL httpbroker-notify:default:lease >/dev/null
	start_active -- sh -c 'cat >>"$0/told"' "$work"
	poll 10 eval '[ "$(cat "$work/told")" = "Problem: \"b\" on a is Critical, 1
Problem: \"b\" on a is Warning, 2" ]'
	poll 10 eval '[ "$(redis EXISTS httpbroker-notify:default:output:command)" = 0 ]'
}

@test "--test: one marked notification, its result, the exit status" {
	run -0 --separate-stderr httpbroker-notify --test
	[[ $output = 'Test: "httpbroker-notify" on '*', a test by httpbroker-notify --test' ]]
	[ "$stderr" = 'httpbroker-notify: info: output stdout: the test was delivered' ]
	run -75 httpbroker-notify --test --server localhost:1 -- sh -c 'exit 9'
	[ "$output" = "httpbroker-notify: error: output command: exit status 9
httpbroker-notify: error: output command: the test was not delivered" ]
}

@test "SIGHUP is logged and ends nothing" {
	start_redis
	start_active -- sh -c 'cat >>"$0/told"' "$work"
	kill -HUP "${pids[notify]}"
	poll 10 log_has notify 'info: SIGHUP: there is nothing to reload; restart to change an option'
	push a b critical 1
	poll 10 test -s "$work/told"
	stop notify
}

@test "--metrics-file and SIGUSR1" {
	start_redis
	start_active --metrics-file "$work/metrics" -- sh -c 'exit "$(cat "$0/status")"' "$work"
	echo 1 >"$work/status"
	push a b critical 1
	redis LPUSH events nonsense >/dev/null
	poll 30 grep -qx 'httpbroker_notify_failures_total{output="command"} [1-9][0-9]*' "$work/metrics"
	sound "$work/metrics"
	grep -qx 'httpbroker_notify_events_total 1' "$work/metrics"
	grep -qx 'httpbroker_notify_events_skipped_total 1' "$work/metrics"
	grep -qx 'httpbroker_notify_notifications_total{event="problem"} 1' "$work/metrics"
	grep -qx 'httpbroker_notify_waiting{output="command"} 1' "$work/metrics"
	grep -qx 'httpbroker_notify_queue_length 0' "$work/metrics"
	grep -qx 'httpbroker_notify_problems 1' "$work/metrics"
	kill -USR1 "${pids[notify]}"
	poll 10 log_has notify 'info: active; events: 1, skipped: 1, notifications: 1, problems: 1; output command: 0 delivered, 1 waiting, failing'
	echo 0 >"$work/status"
	stop notify
	grep -q 'httpbroker_notify_active' "$work/metrics"
	run -0 httpbroker-notify --metrics-file /nowhere/x </dev/null
	[[ $output = *'error: --metrics-file: cannot write /nowhere/x: No such file or directory; it is tried again every 10 s' ]]
	# a disk that takes a part: here a limit
	run -0 bash -c 'ulimit -f 1; exec httpbroker-notify --metrics-file "$0/part" </dev/null 2>&1 | cat' "$work"
	[[ $output = *"error: --metrics-file: cannot write $work/part: File too large; it is tried again every 10 s" ]]
	[ ! -e "$work/part" ] && [ ! -e "$work/part.new" ]
}

# example NAME ARGUMENT...: the command of doc/examples, for one problem; the programs that it uses only
# say what they were given
example() {
	local tool name=$1
	shift
	mkdir -p "$work/bin"
	for tool in curl sendmail go-sendxmpp; do
		printf '#!/bin/sh\necho "$0 $*"; cat\n' >"$work/bin/$tool"
		chmod +x "$work/bin/$tool"
	done
	event db-01 disk critical full | PATH=$work/bin:$PATH httpbroker-notify -- \
		"$root/doc/examples/httpbroker-notify/$name" "$@" 2>&1 | sed "s|$work/bin/||"
}

@test "the examples: Jabber, ntfy, Slack, mail" {
	[ "$(example notify-jabber account room@conference.example.org)" = 'go-sendxmpp -f account -a notify -c room@conference.example.org
Problem: "disk" on db-01 is Critical, full' ]
	[ "$(example notify-ntfy https://ntfy.example.org/topic)" = 'curl -fsS --max-time 20 -o /dev/null -H Title: problem: disk on db-01 -H Priority: urgent -H Tags: rotating_light --data-binary @- https://ntfy.example.org/topic
Problem: "disk" on db-01 is Critical, full' ]
	[ "$(example notify-slack /etc/slack | tail -n +2 | jq -r .text)" = 'Problem: "disk" on db-01 is Critical, full' ]
	[ "$(example notify-mail ops@example.org)" = 'sendmail -i ops@example.org
To: ops@example.org
Subject: problem: disk on db-01
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

Problem: "disk" on db-01 is Critical, full' ]
}

@test "ntfy and Slack accept what the examples send" {
	local double examples=$root/doc/examples/httpbroker-notify
	start double "$root/t/tools/alert-double"
	poll 20 log_has double '^at http'
	double=$(sed -n 's/^at //p' "$work/double.log")
	printf 'url = "%s/services/T0/B0/x0"\n' "$double" >"$work/slack"
	event db-01 disk critical 'full; \"100 %\" é' | notify -- "$examples/notify-ntfy" "$double/our-secret-topic"
	event db-01 disk warning full | notify -- "$examples/notify-slack" "$work/slack"
	diff - <(tail -n +2 "$work/double.log") <<-'E'
		ntfy|urgent|rotating_light|problem: disk on db-01|Problem: "disk" on db-01 is Critical, full; "100 %" é
		slack|Problem: "disk" on db-01 is Warning, full
	E
}

@test "above 100,000 waiting notifications only the newest of each check is kept" {
	awk 'BEGIN { for (i = 0; i < 100100; i++)
		printf "{\"entity\":\"a\",\"check\":\"%d\",\"state\":\"%s\",\"summary\":\"%d\"}\n", i % 10,
			int(i / 10) % 2 ? "ok" : "critical", i }' >"$work/events"
	start notify bash -c 'exec httpbroker-notify --jobs 1 --metrics-file "$0/metrics" -- sh -c "[ -e $0/go ] && cat >>$0/told" <"$0/events"' "$work"
	poll 60 log_has notify 'warning: output command: more than 100000 notifications wait: only the newest of each check is kept'
	touch "$work/go"
	poll 60 ended "${pids[notify]}"
	# the newest of each check is the last that is told of it
	[ "$(tail -n 10 "$work/told" | sed 's/.*, //' | sort -n | paste -sd' ')" = "$(echo {100090..100099})" ]
	[ "$(wc -l <"$work/told")" -lt 1000 ]
	grep -Eq '^httpbroker_notify_dropped_total\{output="command"\} (99|100)[0-9]{3}$' "$work/metrics"
}

@test "the broker without Redis, and a pipe: the whole of it on one line" {
	local port
	port=$(free_port)
	start chain bash -c 'httpbroker --port "$0" --server none --output - | httpbroker-notify -- sh -c "cat >>$1/told"' "$port" "$work"
	poll 20 curl -fsS -o /dev/null -d '{"entity":"db-01","check":"disk","state":"critical","summary":"full"}' "http://localhost:$port/state"
	curl -fsS -o /dev/null -d '{"entity":"db-01","check":"disk","state":"ok","summary":"fine"}' "http://localhost:$port/state"
	poll 10 eval '[ "$(cat "$work/told")" = "Problem: \"disk\" on db-01 is Critical, full
Recovery: \"disk\" on db-01 is OK, fine" ]'
	kill "$(pgrep -o -P "${pids[chain]}")"
	poll 10 ended "${pids[chain]}"
}

@test "an Alertmanager that is away does not delay the command, and keeps its own list" {
	local i url
	url=http://localhost:$(free_port)/
	start_redis
	start_active --alertmanager "$url" -- sh -c 'cat >>"$0/told"' "$work"
	for ((i = 0; i < 50; i++)); do push a "c$i" critical x; done
	poll 20 eval '[ "$(wc -l <"$work/told")" -eq 50 ]'
	poll 10 eval '[ "$(redis EXISTS httpbroker-notify:default:output:command)" = 0 ]'
	[ "$(redis LLEN "httpbroker-notify:default:output:alertmanager $url")" -eq 50 ]
	log_has notify "error: output alertmanager $url: .*; its notifications are kept and tried again"
	stop notify
}

@test "it is ready without Redis, and notifies systemd: ready, watchdog, stopping" {
	start systemd systemd
	poll 10 log_has systemd bound
	NOTIFY_SOCKET=$work/systemd WATCHDOG_USEC=400000 start notify httpbroker-notify --server "localhost:$(free_port)" --ready-fd 1
	poll 10 log_has systemd '^READY=1$'
	poll 10 eval '[ "$(grep -c "^WATCHDOG=1$" "$work/systemd.log")" -ge 3 ]'
	[ "$(head -c 1 "$work/notify.log")" = '' ]
	stop notify
	poll 10 log_has systemd '^STOPPING=1$'
}

@test "wrong options and values are refused" {
	run -64 httpbroker-notify --jobs 0
	run -64 httpbroker-notify --output-format xml
	[ "$output" = "httpbroker-notify: error: --output-format: 'xml' is not text or json" ]
	run -64 httpbroker-notify --server redis
	run -64 httpbroker-notify --name 'a b'
	run -64 httpbroker-notify --
	run -64 httpbroker-notify -- '' </dev/null
	[ "$output" = 'httpbroker-notify: error: no command after --' ]
	run -64 httpbroker-notify operand
	run -78 httpbroker-notify --password-file /nowhere
	mkfifo "$work/metrics"
	run -64 httpbroker-notify --metrics-file "$work/metrics" </dev/null
	[ "$output" = "httpbroker-notify: error: --metrics-file: $work/metrics is no plain file" ]
	mkfifo "$work/file.new"
	run -0 timeout -k 5 5 httpbroker-notify --metrics-file "$work/file" </dev/null
	[ -f "$work/file" ]
}
