#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2154 # the functions and their variables come from lib
# httpbroker --server none --output: what readers of pipes and files get, and what clients are answered.

load lib/daemons
load lib/broker

setup() { start_work; }

teardown() { stop_all; }

# start_output FILE OPTION...
start_output() {
	start broker httpbroker --port "${broker_port:-0}" --server none --output "$@"
	poll 10 broker_listens
}

# read_slowly FILE: a reader that waits for a line in the FIFO $work/gate, then reads everything
read_slowly() {
	exec <"$1"
	read -r _ <"$work/gate"
	exec cat
}

# has FILE PATTERN
has() {
	grep -Eq -- "$2" "$work/$1"
}

# health EXPRESSION: jq's, of /health
health() {
	curl -sS -m 20 "${url%/state}/health" >"$work/health"
	jq -e "$1" "$work/health" ||
		{ cat "$work/health"; return 1; }
}

metric() {
	curl -sSf -m 20 "${url%/state}/metrics" | sed -n "s/^httpbroker_$1 //p"
}

# post_many N FIRST: N new checks in one request, with long details
post_many() {
	jq -nc --argjson n "$1" --argjson first "$2" \
		'[range($n) | {entity: "many", check: "c\(. + $first)", state: "critical", details: ("x" * 500)}]' \
		>"$work/body"
	post "@$work/body"
}

@test "--output - on a terminal that is not read: 202, and SIGTERM is obeyed" {
	start broker "$root/t/tools/unread-terminal" 1 httpbroker --port 0 --server none --output -
	poll 10 broker_listens
	post_many 500 0
	poll 20 health '.status != "ok"'
	[ "$(curl -sS -m 20 -o /dev/null -w '%{http_code}' -d "$(event a b ok)" "$url")" = 202 ]
	stop_within 10 broker
}

@test "--output -: changes, repeats and stale states as lines; a reader that goes ends the broker with 75" {
	mkfifo "$work/pipe"
	start reader head -n 5 "$work/pipe"
	# shellcheck disable=SC2016 # $0 is the inner shell's
	start broker bash -c 'exec httpbroker --port 0 --interval 1s --server none --output - >"$0"' "$work/pipe"
	poll 10 broker_listens
	posts 200 "$(event a two warning '"ttl":1')" "$(event a two acknowledgement)"
	poll 10 ended "${pids[reader]}"
	diff - <(jq -r '"\(.entity) \(.check) \(.state)"' "$work/reader.log" | sort | uniq) <<-E
		a two UNKNOWN
		a two acknowledgement
		a two warning
	E
	head -n 2 "$work/reader.log" | jq -e '.time > 1e9 and (has("ttl") | not)'
	has reader.log 'httpbroker: Cached state is stale'
	poll 10 ended "${pids[broker]}"
	run -75 stop broker
	log_has broker 'error: --output -: the reader of standard output has gone: stopping'
}

@test "a slow reader: 202 after 5 s, then at once; --max-pending is the limit; it gets all in order" {
	mkfifo "$work/pipe" "$work/gate"
	start reader read_slowly "$work/pipe"
	start_output "$work/pipe" --max-pending 2500 --interval 1h
	poll 10 health .healthy
	post_many 1000 0
	[ "$code" = 202 ]
	poll 20 log_has broker 'error: --output .*pipe: its reader does not read; until it accepts events'
	health '.healthy == false and .output_up == false and .repeats_paused and .pending >= 1000 and (.why | test("its reader does not read"))'
	[ "$(metric output_up)" = 0 ]
	[ "$(metric pending_events)" -ge 1000 ]
	before=${EPOCHREALTIME/./}
	post_many 1000 1000
	[ "$code" = 202 ]
	[ $((${EPOCHREALTIME/./} - before)) -lt 4000000 ] # not the 5 s of before
	post_many 1000 2000
	[ "$code" = 207 ]
	accepted=$(jq .accepted <<<"$answer")
	posts 503 "$(event a late ok)"
	[[ $answer == *'--max-pending'* ]]
	curl -sSf -m 5 "$url" | jq -e "length == 2000 + $accepted"
	echo go >"$work/gate"
	poll 20 health '.healthy and .pending == 0'
	posts 200 "$(event a late ok)"
	log_has broker 'info: --output .*pipe: accepts events again after'
	poll 10 has reader.log '"check":"late"'
	# with a repeat here or there, for a crowd of checks is spread over the interval
	diff <(jq -r .check "$work/reader.log" | awk '!seen[$0]++') \
		<(seq -f 'c%g' 0 $((2000 + accepted - 1)) && echo late)
	[ "$(metric pushed_total)" -eq "$(wc -l <"$work/reader.log")" ]
	[ "$(metric output_up)" = 1 ]
}

@test "a FIFO: without a reader events wait, and the next reader gets them" {
	mkfifo "$work/pipe"
	start_output "$work/pipe" --interval 1h
	poll 10 health '.healthy == false and (.why | test("nobody reads it"))'
	posts 202 "$(event a one ok)" "$(event a two ok)"
	start reader cat "$work/pipe"
	poll 10 has reader.log two
	poll 10 health .healthy
	posts 200 "$(event a three ok)"
	stop reader || :
	poll 10 health '.healthy == false'
	posts 202 "$(event a four ok)"
	rm "$work/pipe"
	mkfifo "$work/pipe"
	start second cat "$work/pipe"
	poll 10 has second.log four
	posts 200 "$(event a five ok)"
	stop broker
	poll 10 ended "${pids[second]}"
	[ "$(jq -r .check "$work/reader.log" "$work/second.log" | xargs)" = 'one two three four five' ]
}

@test "a file is appended to, and opened again at SIGHUP; a full disk holds events back" {
	echo before >"$work/file"
	start_output "$work/file" --interval 1h
	posts 200 "$(event a one ok)"
	mv "$work/file" "$work/file.1"
	posts 200 "$(event a two ok)"
	kill -HUP "${pids[broker]}"
	poll 10 test -e "$work/file"
	posts 200 "$(event a three ok)"
	[ "$(cat "$work/file.1" "$work/file" | sed 's/.*"check":"\([a-z]*\)".*/\1/' | xargs)" = 'before one two three' ]
	stop broker
	ln -s /dev/full "$work/full"
	broker_port=''
	start_output "$work/full" --interval 1h
	posts 202 "$(event a one ok)" "$(event a two ok)"
	health '.healthy == false and .pending == 2 and (.why | test("No space left on device"))'
	ln -sfn file "$work/full"
	poll 10 health '.healthy and .pending == 0'
	[ "$(tail -n 2 "$work/file" | jq -r .check | xargs)" = 'one two' ]
	ln -sfn /dev/full "$work/full"
	kill -HUP "${pids[broker]}"
	poll 10 log_has broker 'SIGHUP: the --output is opened again'
	posts 202 "$(event a three ok)"
	stop broker
	log_has broker 'error: stopping: [1-9][0-9]* events? w(as|ere) not written to '
}

@test "--output is refused without --server none, and with a path that cannot be written" {
	run -64 httpbroker --port 0 --output -
	[[ $output == *'--output: needs --server none'* ]]
	run -73 httpbroker --port 0 --server none --output "$work/none/file"
	[[ $output == *"--output $work/none/file: No such file or directory"* ]]
	run -73 httpbroker --port 0 --server none --output "$work"
	run -64 httpbroker --port 0 --server none --output ''
	run -73 bash -c 'exec timeout 20 httpbroker --port 0 --server none --output - >&-'
	[ "$output" = 'httpbroker: error: --output -: standard output is closed' ]
}
