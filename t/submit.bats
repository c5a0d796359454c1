#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2016,SC2154 # $0 and $1 of a bash -c; $work, $output and what load brings
# httpbroker-submit against a broker that does what the test says (t/tools/broker-double).

load lib/daemons

setup() {
	start_work
	port=$(free_port)
	export HTTPBROKER_URL=http://127.0.0.1:$port/state
}

teardown() { stop_all; }

# broker ANSWER...: a double that gives these answers; what it got goes to $work/got
broker() {
	: >"$work/got"
	start broker "$root/t/tools/broker-double" "$port" "$work/got" "$@"
	poll 10 listening "$port"
}

# got: what the broker answered and got, a line an event
got() {
	cut -d' ' -f2- "$work/got"
}

got_lines() {
	[ "$(wc -l <"$work/got")" -ge "$1" ]
}

# A feed without end, from the named pipe $work/fifo, to which descriptor 8 writes.
feed() {
	mkfifo "$work/fifo"
	start submit httpbroker-submit "$work/fifo"
	exec 8<>"$work/fifo"
}

# catches_term: the program has come so far that SIGTERM does not just kill it
catches_term() {
	local caught
	caught=$(sed -n 's/^SigCgt:\s*//p' "/proc/${pids[submit]}/status")
	((16#$caught & 0x4000))
}

# submit JSON [OPTION...]: the program with this on its standard input
submit() {
	run httpbroker-submit "${@:2}" <<<"$1"
}

@test "events go out in order over one connection" {
	broker 200 202 200
	submit '{"a":1}{"b":2} [{"c":3},
{"d":
4}]'
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(cat "$work/got")" = '1 200 {"a":1}
1 202 {"b":2}
1 200 {"c":3}
1 200 {"d": 4}' ]
}

@test "nothing to send is no failure, and asks no broker" {
	submit ''
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
}

@test "-v says what became of each" {
	broker 200 202 400
	submit '{}{}
{}' -v
	[ "$status" -eq 65 ]
	[ "$output" = 'httpbroker-submit: info: line 1: accepted (HTTP 200)
httpbroker-submit: info: line 1: accepted (HTTP 202)
httpbroker-submit: error: line 2: "state" is not one of the known (HTTP 400)' ]
}

@test "an event is sent as soon as it is complete" {
	broker 200
	mkfifo "$work/pipe"
	exec 8<>"$work/pipe"
	start submit bash -c 'exec httpbroker-submit <"$1"' - "$work/pipe"
	printf '{"a":1}{"b":' >&8
	poll 10 got_lines 1
	printf '2}' >&8
	poll 10 got_lines 2
	[ "$(got)" = $'200 {"a":1}\n200 {"b":2}' ]
}

@test "a bad document is named, and the next line that begins one is read" {
	broker 200
	submit '{"a":1}
{"b":
{"c":3}
{"d":"x
{"e":tru}{"f":6}
nonsense
{"g":7}'
	[ "$status" -eq 65 ]
	[ "$(got)" = '200 {"a":1}
200 {"c":3}
200 {"f":6}
200 {"g":7}' ]
	[ "$output" = "httpbroker-submit: error: line 2: expected ',' or '}', found '{' (line 4, column 1)
httpbroker-submit: error: line 4: a string does not end in its line (line 4, column 8)
httpbroker-submit: error: line 5: invalid token near 'tru' (line 5, column 8)
httpbroker-submit: error: line 6: an event is a JSON object and begins with '{' (line 6, column 1)" ]
}

@test "100 MB of one document take no memory" {
	broker 200
	feed
	{ printf '{"a":"'; head -c 100M /dev/zero | tr '\0' x; printf '"}\n{}'; } >&8
	poll 20 got_lines 1
	[ "$(got)" = '200 {}' ]
	said submit 'line 1: longer than 1048576 bytes \(line 1, column 1048577\)$'
	[ "$(sed -n 's/^VmHWM:\s*\([0-9]*\) kB/\1/p' "/proc/${pids[submit]}/status")" -lt 80000 ]
	stop submit
}

@test "a broker that is not there: how many are left, and from which line on" {
	submit $'{}\n{}\n\n{}' --retry 0
	[ "$status" -eq 69 ]
	[[ ${lines[0]} == "httpbroker-submit: warning: $HTTPBROKER_URL is away: "*"Couldn't connect"* ]]
	[ "${lines[1]}" = "httpbroker-submit: error: $HTTPBROKER_URL took no more: 3 events not delivered, from line 1 on" ]
	[ "${#lines[@]}" -eq 2 ]
}

@test "a broker that goes away in between: those behind are counted" {
	broker 200 400 drop
	submit $'{}\n{}\n{}' --retry 1s
	[ "$status" -eq 69 ]
	[[ $output == *"line 2: "*" 1 event not delivered, from line 3 on" ]]
}

@test "--retry waits that long, and tries until the end" {
	local before=$EPOCHSECONDS
	submit '{}' --retry 2s
	[ "$status" -eq 69 ]
	[ $((EPOCHSECONDS - before)) -ge 1 ]
}

@test "503 and lost connections are tried again, said once and once when over" {
	broker 503 drop 503 200
	submit '{"a":1}{"b":2}'
	[ "$status" -eq 0 ]
	[ "$(got | sort -u)" = $'200 {"a":1}\n200 {"b":2}\n503 {"a":1}\ndrop {"a":1}' ]
	[ "$(got | tail -n 1)" = '200 {"b":2}' ]
	[ "${lines[0]}" = "httpbroker-submit: warning: $HTTPBROKER_URL is away: later (HTTP 503)" ]
	[[ ${lines[1]} == "httpbroker-submit: info: $HTTPBROKER_URL is back after "*", 2 events wait" ]]
	[ "${#lines[@]}" -eq 2 ]
}

@test "a broker that never answers does not keep SIGTERM waiting" {
	broker hang
	feed
	echo '{}' >&8
	poll 10 got_lines 1
	kill "${pids[submit]}"
	poll 10 eval '! running submit'
	run wait "${pids[submit]}"
	[ "$status" -eq 69 ]
	said submit '1 event not delivered, from line 1 on'
}

@test "a named pipe never ends, whoever writes to it" {
	broker 200
	mkfifo "$work/fifo"
	start submit httpbroker-submit "$work/fifo"
	echo '{"a":1}' >"$work/fifo"
	poll 10 got_lines 1
	echo '{"b":2}' >"$work/fifo"
	poll 10 got_lines 2
	running submit
	stop submit
}

@test "SIGTERM sends what was written before it and exits 0, refused or not" {
	broker 400 200
	feed
	echo '{"x":0}' >&8
	poll 10 said submit 'line 1: '
	kill -STOP "${pids[submit]}"
	for i in {1..500}; do echo "{\"n\":$i}"; done >&8
	kill -TERM "${pids[submit]}"
	kill -CONT "${pids[submit]}"
	stop submit
	[ "$(got | wc -l)" -eq 501 ]
	[ "$(got | tail -n 1)" = '200 {"n":500}' ]
	said submit 'stopped: 500 accepted, 1 refused'
}

@test "SIGTERM ends a program that waits for its standard input" {
	mkfifo "$work/pipe"
	exec 8<>"$work/pipe"
	start submit bash -c 'exec httpbroker-submit <"$1"' - "$work/pipe"
	poll 10 catches_term
	stop submit
	said submit 'stopped before the end of standard input'
}

@test "a feed outlives a broker that is away, and loses nothing" {
	feed
	for i in {1..2000}; do echo "{\"n\":$i}"; done >&8
	poll 10 said submit 'is away'
	broker 200
	poll 20 got_lines 2000
	[ "$(got | cut -d' ' -f2)" = "$(for i in {1..2000}; do echo "{\"n\":$i}"; done)" ]
	said submit 'is back after .* events wait'
	[ "$(grep -c 'is away' "$work/submit.log")" -eq 1 ]
	stop submit
}

@test "a feed whose broker is away reads on while there is room, and then says that it pauses" {
	feed
	head -c 100K /dev/zero | tr '\0' x >"$work/x"
	{ printf '{"x":"'; cat "$work/x"; printf '"}'; } >"$work/event"
	for i in {1..700}; do cat "$work/event"; done >&8 &
	writer=$!
	poll 20 said submit 'events wait: .*fifo is not read until the broker takes some'
	kill "$writer"
	wait "$writer" || :
	broker 200
	poll 20 said submit 'fifo is read again'
	stop submit
}

@test "Nagios lines become events, the bad ones are named" {
	broker 200
	t=$'\t'
	run httpbroker-submit --format nagios <<END
[SERVICEPERFDATA]${t}1795224305${t}db${t}load${t}WARNING${t}0.1${t}0.2${t}much$t${t}one\\ntwo
nonsense
[SERVICEPERFDATA]${t}1795224305${t}db${t}load${t}BANANA${t}0.1${t}0.2${t}much$t
[HOSTPERFDATA]${t}1795224305${t}db${t}HOST${t}DOWN${t}0.1${t}0.2${t}gone${t}p=1
END
	[ "$status" -eq 65 ]
	[ "$(got)" = '200 {"entity":"db","check":"load","state":"warning","summary":"much","details":"one\ntwo","time":1795224305}
200 {"entity":"db","check":"HOST","state":"critical","summary":"gone","perfdata":"p=1","time":1795224305}' ]
	[ "$output" = "httpbroker-submit: error: line 2: 'nonsense' is not [SERVICEPERFDATA] or [HOSTPERFDATA] and a tab
httpbroker-submit: error: line 3: 'BANANA' is not a state of a [SERVICEPERFDATA] line" ]
}

@test "a pipe that is missing: the error says mkfifo" {
	run httpbroker-submit --format nagios "$work/fifo"
	[ "$status" -eq 66 ]
	[ "$output" = "httpbroker-submit: error: $work/fifo does not exist; 'mkfifo $work/fifo' makes a named pipe" ]
}

@test "what cannot be read is named" {
	run httpbroker-submit "$work"
	[ "$status" -eq 66 ]
	[ "$output" = "httpbroker-submit: error: cannot read $work: Is a directory" ]
	run bash -c 'httpbroker-submit <&-'
	[ "$status" -eq 66 ]
	[ "$output" = 'httpbroker-submit: error: standard input is closed' ]
}

@test "a file by name ends, and - is standard input" {
	broker 200
	echo '{"a":1}' >"$work/file"
	run httpbroker-submit "$work/file"
	[ "$status" -eq 0 ]
	submit '{"b":2}' -
	[ "$status" -eq 0 ]
	[ "$(got)" = $'200 {"a":1}\n200 {"b":2}' ]
}

@test "wrong usage exits 64 and says what is wrong" {
	local wrong
	for wrong in '--format=xml' '--url=localhost:80' '--url=ftp://x/' '--url=' '--retry=soon' '--retry=-1' \
		'--frobnicate' '--url' 'one two'; do
		# shellcheck disable=SC2086 # the last are two words
		run httpbroker-submit $wrong </dev/null
		[ "$status" -eq 64 ]
		[ -n "$output" ]
	done
	HTTPBROKER_URL=nonsense run httpbroker-submit </dev/null
	[ "$status" -eq 64 ]
}

@test "a password in the URL is not logged" {
	submit '{}' --retry 0 --url "http://user:secret@127.0.0.1:$port/state?token=secret"
	[ "$status" -eq 69 ]
	[[ $output == *"http://127.0.0.1:$port/state is away"* ]]
	[[ $output != *secret* ]]
}

@test "--version and --help" {
	run httpbroker-submit --version
	[ "$status" -eq 0 ]
	[[ $output == 'httpbroker-submit '[0-9]* ]]
	run httpbroker-submit --help
	[ "$status" -eq 0 ]
	[[ $output == 'usage: httpbroker-submit '* ]]
}
