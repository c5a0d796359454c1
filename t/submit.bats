# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # $0 and $1 of a bash -c; $work, $output and what load brings
# httpbroker-submit, a broker and a Redis: every event arrives or is reported.

load lib/daemons
load lib/redis
load lib/submit

setup() { start_submit_work; }

teardown() {
	stop_all
	exec 8>&-
}

@test "documents and the elements of arrays arrive in order" {
	start_redis
	start_broker
	submit "$(ok 1)$(ok 2) [$(ok 3),
{\"entity\":\"e\",
 \"check\":\"4\",\"state\":\"ok\"}]"
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(delivered)" = "$(for i in {1..4}; do ok_delivered "$i"; done)" ]
}

@test "empty input is no failure, and no broker is contacted" {
	submit ''
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
}

@test "refused events are reported with the broker's message, others arrive; -v lists them" {
	start_redis
	start_broker
	submit "$(ok 1)
{\"entity\":\"e\",\"check\":\"2\",\"state\":\"banana\"}
$(ok 3)" -v
	[ "$status" -eq 65 ]
	[ "${lines[0]}" = 'httpbroker-submit: info: line 1: accepted (HTTP 207)' ]
	[[ ${lines[1]} == "httpbroker-submit: error: line 2: "*"banana"*": {\"entity\":\"e\",\"check\":\"2\","* ]]
	[ "${lines[2]}" = 'httpbroker-submit: info: line 3: accepted (HTTP 207)' ]
	[ "${#lines[@]}" -eq 3 ]
	[ "$(delivered)" = "$(ok_delivered 1; ok_delivered 3)" ]
}

@test "202 counts as accepted" {
	export redis_port=1 # where nobody listens
	start_broker
	submit "$(ok 1)" -v
	[ "$status" -eq 0 ]
	[ "$output" = 'httpbroker-submit: info: line 1: accepted (HTTP 202)' ]
}

@test "every success response of the broker is recognized" {
	local old='{"entity":"e","check":"1","state":"ok","time":1000000000}' line
	start_redis
	start_broker
	submit "$(ok 1)"
	submit "$old
{\"entity\":\"e\",\"check\":\"1\",\"state\":\"acknowledgement\"}
$(ok 2)" -v --batch 1 --retry 0
	[ "$status" -eq 0 ]
	for line in 0 1 2; do
		[ "${lines[line]}" = "httpbroker-submit: info: line $((line + 1)): accepted (HTTP 200)" ]
	done
	submit "$old$old" -v --retry 0
	[ "$status" -eq 0 ]
	stop broker
	redis_port=1 start_broker
	submit "$(ok 3)$(ok 4)" -v --retry 0
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = 'httpbroker-submit: info: line 1: accepted (HTTP 202)' ]
}

@test "an event is sent as soon as it is complete" {
	start_redis
	start_broker
	mkfifo "$work/pipe"
	exec 8<>"$work/pipe"
	start submit bash -c 'exec httpbroker-submit <"$1"' - "$work/pipe"
	printf '%s{"entity":' "$(ok 1)" >&8
	poll 20 delivered_count 1
	printf '"e","check":"2","state":"ok"}' >&8
	poll 20 delivered_count 2
	[ "$(delivered)" = "$(ok_delivered 1; ok_delivered 2)" ]
}

@test "an invalid document is reported, and reading continues at the next one" {
	start_redis
	start_broker
	submit "$(ok 1)
{\"entity\":
$(ok 2)
{\"d\":\"x
{\"e\":tru}$(ok 3)
nonsense
$(ok 4)"
	[ "$status" -eq 65 ]
	[ "$(delivered)" = "$(for i in {1..4}; do ok_delivered "$i"; done)" ]
	[ "$output" = "httpbroker-submit: error: line 2: expected ',' or '}', found '{' (line 4, column 1)
httpbroker-submit: error: line 4: a string does not end in its line (line 4, column 8)
httpbroker-submit: error: line 5: invalid token near 'tru' (line 5, column 8)
httpbroker-submit: error: line 6: an event is a JSON object and begins with '{' (line 6, column 1)" ]
}

@test "a document of 100 MB uses little memory" {
	start_redis
	start_broker
	feed
	# with descriptor 8 it would wait forever for a program that has died
	{ printf '{"a":"'; head -c 100M /dev/zero | tr '\0' x; printf '"}\n%s' "$(ok 1)"; } >"$work/fifo" 8>&- &
	poll 60 delivered_count 1
	log_has submit 'line 1: longer than 1048576 bytes \(line 1, column 1048577\)$'
	[ "$(sed -n 's/^VmHWM:\s*\([0-9]*\) kB/\1/p' "/proc/${pids[submit]}/status")" -lt 80000 ]
	stop submit
}

@test "an unreachable broker: the error has the number of unsent events and the first line" {
	submit $'{}\n{}\n\n{}' --retry 0
	[ "$status" -eq 69 ]
	[[ ${lines[0]} == "httpbroker-submit: warning: $HTTPBROKER_URL cannot be reached: "?* ]]
	[ "${lines[1]}" = "httpbroker-submit: error: $HTTPBROKER_URL accepted no more: 3 events not delivered, from line 1 on" ]
	[ "${#lines[@]}" -eq 2 ]
}

@test "--retry limits the time of retries" {
	local before=${EPOCHREALTIME/./}
	submit '{}' --retry 1500ms
	[ "$status" -eq 69 ]
	[ $((${EPOCHREALTIME/./} - before)) -ge 1500000 ]
}

@test "a file waits for a broker that starts later" {
	start_redis
	ok 1 >"$work/file"
	start submit httpbroker-submit "$work/file"
	poll 20 log_has submit 'cannot be reached'
	start_broker
	poll 20 eval '! running submit'
	wait "${pids[submit]}"
	[ "$(delivered)" = "$(ok_delivered 1)" ]
}

@test "a named pipe is read on after each writer closes it" {
	start_redis
	start_broker
	mkfifo "$work/fifo"
	start submit httpbroker-submit "$work/fifo"
	ok 1 >"$work/fifo"
	poll 20 delivered_count 1
	ok 2 >"$work/fifo"
	poll 20 delivered_count 2
	running submit
	stop submit
}

@test "a log that is not read does not stop a named pipe" {
	local i
	start_redis
	start_broker
	mkfifo "$work/fifo" "$work/log"
	exec 6<>"$work/log"
	start submit bash -c 'exec httpbroker-submit "$0/fifo" 2>"$0/log"' "$work"
	# more lines than a pipe holds
	for ((i = 0; i < 3000; i++)); do echo "{no event $i"; done >"$work/invalid"
	timeout 20 cat "$work/invalid" >"$work/fifo"
	ok 1 >"$work/event"
	timeout 20 cat "$work/event" >"$work/fifo"
	poll 20 delivered_count 1
	stop submit
	exec 6>&-
}

@test "SIGTERM sends what was written before it and exits 0, refused or not" {
	start_redis
	start_broker
	feed
	echo '{}' >&8
	poll 20 log_has submit 'line 1: '
	freeze submit
	for i in {1..500}; do ok "$i"; done >&8
	kill -TERM "${pids[submit]}"
	kill -CONT "${pids[submit]}"
	stop submit
	[ "$(delivered)" = "$(for i in {1..500}; do ok_delivered "$i"; done)" ]
	log_has submit 'stopped: 500 accepted, 1 refused'
}

@test "SIGTERM ends the wait for standard input" {
	mkfifo "$work/pipe"
	exec 8<>"$work/pipe"
	start submit bash -c 'exec httpbroker-submit <"$1"' - "$work/pipe"
	poll 20 catches_term
	stop submit
	log_has submit 'stopped before the end of standard input'
}

@test "SIGTERM ends a program with endless input" {
	local option
	for option in '' --dry-run; do
		# shellcheck disable=SC2086 # an option, or none
		start submit httpbroker-submit --format nsca $option /dev/zero
		poll 20 catches_term
		stop submit || [ $? -eq 65 ] # what it read is no event
	done
}

@test "a feed survives a restart of the broker and loses nothing" {
	start_redis
	start_broker
	feed
	ok 0 >&8
	poll 20 delivered_count 1
	kill -KILL "${pids[broker]}"
	poll 20 eval '! running broker'
	for i in {1..2000}; do ok "$i"; done >&8
	poll 20 log_has submit 'cannot be reached'
	start_broker
	poll 20 delivered_count 2001
	[ "$(delivered)" = "$(for i in {0..2000}; do ok_delivered "$i"; done)" ]
	log_has submit 'accepts events again after .* wait'
	[ "$(grep -c 'cannot be reached' "$work/submit.log")" -eq 1 ]
	stop submit
}

@test "a feed without its broker reads until its queue is full, and then reports a pause" {
	feed
	{
		printf '{"entity":"e","check":"c","state":"ok","details":"'
		head -c 200K /dev/zero | tr '\0' x
		printf '"}'
	} >"$work/event"
	start writer python3 -c '
import sys
event, fifo = open(sys.argv[1], "rb").read(), open(sys.argv[2], "wb", 0)
for i in range(350): fifo.write(event)' "$work/event" "$work/fifo"
	poll 60 log_has submit 'events wait: .*fifo is not read until the broker accepts some'
	stop writer || :
	start_redis
	start_broker
	poll 20 log_has submit 'fifo is read again'
	# on a busy machine there may be no time to send all events
	stop submit || [ $? -eq 69 ]
}

@test "Nagios lines become events, invalid ones are reported" {
	local t=$'\t' now=$EPOCHSECONDS latin=$'m\374ch'
	start_redis
	start_broker
	run httpbroker-submit --format nagios <<END
[SERVICEPERFDATA]${t}$now${t}db${t}load${t}WARNING${t}0.1${t}0.2${t}$latin$t${t}one\ntwo
nonsense
[SERVICEPERFDATA]${t}$now${t}db${t}load${t}BANANA${t}0.1${t}0.2${t}much$t
[HOSTPERFDATA]${t}$now${t}db${t}HOST${t}DOWN${t}0.1${t}0.2${t}gone${t}p=1
END
	[ "$status" -eq 65 ]
	[ "$(delivered)" = '{"entity":"db","check":"load","state":"warning","summary":"m�ch","details":"one\ntwo"}
{"entity":"db","check":"HOST","state":"critical","summary":"gone","perfdata":"p=1"}' ]
	[ "$output" = "httpbroker-submit: error: line 2: 'nonsense' is not [SERVICEPERFDATA] or [HOSTPERFDATA] and a tab
httpbroker-submit: error: line 3: 'load' on 'db': 'BANANA' is not a state of a [SERVICEPERFDATA] line" ]
}

@test "a missing pipe: the error mentions mkfifo" {
	run httpbroker-submit --format nagios "$work/fifo"
	[ "$status" -eq 66 ]
	[ "$output" = "httpbroker-submit: error: $work/fifo does not exist; 'mkfifo $work/fifo' makes a named pipe" ]
}

@test "unreadable input is reported" {
	run httpbroker-submit "$work"
	[ "$status" -eq 66 ]
	[ "$output" = "httpbroker-submit: error: cannot read $work: Is a directory" ]
	run bash -c 'httpbroker-submit <&-'
	[ "$status" -eq 66 ]
	[ "$output" = 'httpbroker-submit: error: standard input is closed' ]
}

@test "a named file is read to its end, and - is standard input" {
	start_redis
	start_broker
	ok 1 >"$work/file"
	run httpbroker-submit "$work/file"
	[ "$status" -eq 0 ]
	submit "$(ok 2)" -
	[ "$status" -eq 0 ]
	[ "$(delivered)" = "$(ok_delivered 1; ok_delivered 2)" ]
}

@test "wrong usage is exit 64 with the reason" {
	local wrong
	for wrong in '--format=xml' '--url=localhost:80' '--url=ftp://x/' '--url=' '--retry=soon' \
		'--retry=-1' '--frobnicate' '--url' '--batch=0' '--batch=30001' '--spool=' \
		'--spool-max=1k' '--spool-max=x' '-c x' '-s ok' '-s fine -c x' '-s ok -c x file' \
		'-s ok -c x -- true' '--' '--forget' '--forget -e x -s ok' '--forget -e x -- true' \
		'-m x' '--time=1' '--time=now -s ok -c x' '-t 0 -s ok -c x' '--timeout=1s' '-q' \
		'--exit-map=x -- true' '--timeout-state=x -- true' '--delimiter=ab' '--forget -e x -t 1'; do
		# shellcheck disable=SC2086 # several words
		run httpbroker-submit $wrong </dev/null
		[ "$status" -eq 64 ]
		[ -n "$output" ]
	done
	run -64 httpbroker-submit -- ''
	[ "$output" = 'httpbroker-submit: error: a command must stand behind --' ]
	HTTPBROKER_URL=nonsense run httpbroker-submit </dev/null
	[ "$status" -eq 64 ]
	[[ $output == *"error: HTTPBROKER_URL: 'nonsense' is not a URL"* ]]
	run httpbroker-submit --url nonsense </dev/null
	[[ $output == *"error: --url: 'nonsense' is not a URL"* ]]
}

@test "a password in the URL is not logged" {
	submit '{}' --retry 0 --url "http://user:secret@127.0.0.1:$port/state?token=secret"
	[ "$status" -eq 69 ]
	[[ $output == *"http://127.0.0.1:$port/state cannot be reached"* ]]
	[[ $output != *secret* ]]
	local wrong
	for wrong in http://user:secret@host:99999/ ftp://user:secret@host/ user:secret@host \
		'http://user:sec/secret@host' 'http://a b/?token=secret'; do
		run httpbroker-submit --url "$wrong" </dev/null
		[ "$status" -eq 64 ]
		[[ $output != *secret* ]]
	done
}

@test "--version and --help" {
	run httpbroker-submit --version
	[ "$status" -eq 0 ]
	[[ $output == 'httpbroker-submit '[0-9]* ]]
	run httpbroker-submit --help
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'usage: httpbroker-submit [OPTION...] [FILE... | -- COMMAND...]' ]
}
