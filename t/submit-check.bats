# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # $ of another shell; $work, $output and what load brings
# httpbroker-submit -- COMMAND: real plugins, and commands that behave badly.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/redis
load lib/submit

setup() { start_submit_work; }

teardown() {
	stop_all
}

# check [OPTION...] -- COMMAND...: runs it; sets $status, $output (standard output), $stderr
check() {
	run --separate-stderr httpbroker-submit -e db "$@"
}

# The last event in Redis has this value.
last_is() {
	local found
	found=$(redis --raw LINDEX events 0 |
		python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1")
	[ "$found" = "$2" ] || {
		echo "$1: '$found', not '$2'"
		return 1
	}
}

last_matches() {
	redis --raw LINDEX events 0 | grep -Eq -- "$1"
}

@test "real plugins: state, output, exit code, perfdata and run time are reported" {
	local dead
	start_redis
	start_broker
	dead=$(free_port)
	check -- check_dummy 0 fine
	[ "$status" -eq 0 ]
	[ "$output" = 'OK: fine' ]
	[ "$stderr" = '' ]
	last_is check check_dummy
	last_is state ok
	last_is summary 'OK: fine'
	check -c two -- check_dummy 1
	[ "$status" -eq 1 ]
	last_is state warning
	check -c three -- /usr/lib/nagios/plugins/check_dummy 3 what
	[ "$status" -eq 3 ]
	last_is state unknown
	check -q -- check_tcp -H 127.0.0.1 -p "$port"
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	last_is check check_tcp
	last_matches '"perfdata":"time=[0-9.]+s;;;0.0+;10.0+ run_time=[0-9.]+s"'
	check -c down -- check_tcp -H 127.0.0.1 -p "$dead"
	[ "$status" -eq 2 ]
	last_is state critical
	last_matches '"summary":".*Connection refused'
	check -- check_http -H 127.0.0.1 -p "$port" -u /state
	[ "$status" -eq 0 ]
	last_matches '"summary":"HTTP OK.*"perfdata":"time=.*size=.* run_time='
	check -- check_load -w 1000 -c 1000
	[ "$status" -eq 0 ]
	last_matches '"summary":"(LOAD )?OK - .*load average.*"perfdata":"load1='
}

@test "output of several lines is split; a command without output gets a summary" {
	start_redis
	start_broker
	check -c long -- printf 'DISK OK | a=1\nfirst\n  "zweite" \303\244\nthird | b=2\nc=3\n'
	last_is summary 'DISK OK'
	last_is details $'first\n  "zweite" ä\nthird'
	last_matches '"perfdata":"a=1 b=2 c=3 run_time='
	check -c mute --exit-map plain -- sh -c 'exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = '' ]
	last_is state critical
	last_matches '"summary":"sh: exit code 7 after [0-9.]+ s"'
	check -c grumbling --exit-map plain -- sh -c 'echo no room >&2; exit 1'
	[ "$stderr" = 'no room' ]
	last_is summary 'no room'
}

@test "a failing job: the last line of standard error is the summary; '|' splits nothing" {
	start_redis
	start_broker --flapjack-version 2
	check -q -c backup --exit-map plain -- \
		sh -c 'echo "Starting | backup"; echo "dumping db" >&2; echo "error: refused | 5" >&2; exit 1'
	[ "$status" -eq 1 ]
	last_is summary 'error: refused | 5'
	last_is details $'Starting | backup\ndumping db'
}

@test "the exit code is that of the command, as with timeout(1)" {
	start_redis
	start_broker
	run -127 --separate-stderr httpbroker-submit -e db -- no-such-command
	[ "$stderr" = 'httpbroker-submit: error: no-such-command cannot be run: No such file or directory' ]
	last_is summary 'no-such-command: cannot be run: No such file or directory'
	check -- "$work"
	[ "$status" -eq 126 ]
	last_is state critical
	check -c killed -- sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
	last_matches '"summary":"sh: ended by signal 9 \(Killed\) after'
	check -c coded -- sh -c 'exit 200'
	[ "$status" -eq 200 ]
	last_is state critical
}

@test "an unreachable broker is reported on stderr and does not change the exit code" {
	check --retry 0 -- check_dummy 1 hm
	[ "$status" -eq 1 ]
	[ "$output" = 'WARNING: hm' ]
	[[ $stderr == *'cannot be reached'*'1 event not delivered' ]]
	HTTPBROKER_URL=http://127.0.0.1:$port/state check --retry 0 --spool /dev/null/x -- check_dummy 0
	[ "$status" -eq 0 ]
	[[ $stderr == *'--spool: /dev/null/x: Not a directory'* ]]
}

@test "a command runs even if the token or the certificates cannot be read" {
	start_redis
	start_broker
	check --token-file "$work/none" --cacert "$work/none" -- check_dummy 1 hm
	[ "$status" -eq 1 ]
	[ "$output" = 'WARNING: hm' ]
	[[ $stderr == *'error: --cacert: '*'error: --token-file: '* ]]
	last_is summary 'WARNING: hm'
	HTTPBROKER_TOKEN=$'a\nb' check -- check_dummy 0
	[ "$status" -eq 0 ]
	[ "$stderr" = 'httpbroker-submit: error: HTTPBROKER_TOKEN: there is a control character in the token' ]
}

@test "a command that exceeds its timeout is ended with its group, and reported" {
	start_redis
	start_broker
	check --timeout 200ms -- sleep 60
	[ "$status" -eq 124 ]
	last_is state critical
	last_is summary 'sleep: timed out after 200 ms'
	check -c state --timeout 200ms --timeout-state unknown -- \
		sh -c 'echo half; sleep 60 & echo $! >"$0"; wait' "$work/pid"
	[ "$status" -eq 124 ]
	last_is state unknown
	last_is summary 'sh: timed out after 200 ms: half'
	ended "$(cat "$work/pid")"
}

@test "a command that exceeds its timeout gets SIGTERM before SIGKILL" {
	start_redis
	start_broker
	check --timeout 300ms -- sh -c 'trap "echo tidied; exit 0" TERM; sleep 60 & wait'
	[ "$status" -eq 124 ]
	[ "$output" = tidied ]
	last_is summary 'sh: timed out after 300 ms: tidied'
}

@test "a command that ignores SIGTERM is killed, with its children" {
	start_redis
	start_broker
	check --timeout 200ms -- sh -c 'trap "" TERM; sleep 60 & echo $! >"$0"; wait' "$work/pid"
	[ "$status" -eq 124 ]
	last_is summary 'sh: timed out after 200 ms'
	ended "$(cat "$work/pid")"
}

@test "a flood of output is passed on, cut in the event, and uses little memory" {
	start_redis
	start_broker
	httpbroker-submit -e db -c flood -- sh -c 'yes ÄÖÜ | head -c 100M; echo the end' |
		wc -c >"$work/count"
	[ "$(cat "$work/count")" -eq 104857608 ]
	last_is summary 'ÄÖÜ'
	[ "$(redis --raw LINDEX events 0 | wc -c)" -lt 140000 ]
	last_matches '….*the end"'
	start submit httpbroker-submit -e db -c endless --timeout 60s -- yes
	poll 20 eval '[ "$(stat -c %s "$work/submit.log")" -gt 10000000 ]'
	[ "$(sed -n 's/^VmHWM:\s*\([0-9]*\) kB/\1/p' "/proc/${pids[submit]}/status")" -lt 60000 ]
	stop submit || [ $? -eq 143 ]
	last_is check endless
}

@test "a terminal that is not read does not extend the timeout" {
	start_redis
	start_broker
	run -124 timeout -k 1 20 "$root/t/tools/unread-terminal" 1 \
		httpbroker-submit -e db -c endless --timeout 500ms -- yes
	[[ $output != *'error'* ]]
	last_is check endless
}

@test "a closed standard output of ours does not end the command" {
	start_redis
	start_broker
	run bash -c 'httpbroker-submit -e db -c pipe -- sh -c "yes | head -c 1M; exit 2" | head -1; echo "${PIPESTATUS[0]}"'
	[ "$output" = $'y\n2' ]
	last_is state critical
}

@test "closed standard streams, ours and those of the command" {
	start_redis
	start_broker
	check -c closes -- sh -c 'echo said; exec >&- 2>&-; sleep 0.3; exit 2'
	[ "$status" -eq 2 ]
	last_is summary said
	run bash -c 'httpbroker-submit -e db -c ours -- echo said <&- >&- 2>&-'
	[ "$status" -eq 0 ]
	last_is summary said
}

@test "background processes of a command are not waited for" {
	local before=${EPOCHREALTIME/./}
	start_redis
	start_broker
	check -c forks -- sh -c 'sleep 60 & echo $! >"$0"; echo started' "$work/pid"
	[ "$status" -eq 0 ]
	last_is summary started
	[ $((${EPOCHREALTIME/./} - before)) -lt 30000000 ]
	kill "$(cat "$work/pid")"
}

@test "SIGTERM is passed on to the command, and its end is reported" {
	start_redis
	start_broker
	start submit httpbroker-submit -e db -c long -- sh -c 'echo $$ >"$0"; exec sleep 60' "$work/pid"
	poll 20 test -s "$work/pid"
	kill -TERM "${pids[submit]}"
	poll 20 eval '! running submit'
	run wait "${pids[submit]}"
	[ "$status" -eq 143 ]
	last_matches '"summary":"sh: ended by signal 15'
}

@test "quotes arrive, control characters and invalid UTF-8 are replaced" {
	start_redis
	start_broker
	check -c "a 'b' \ ü" -T 't"1' -T $'m\374ch' -- printf 'say "hi" \\ \001\033[1m \374 \000end\tx'
	[ "$status" -eq 0 ]
	last_is check "a 'b' \ ü"
	last_is tags "['t\"1', 'm�ch']"
	last_matches '"summary":"say \\"hi\\" \\\\  � end x"'
	check -c $'new\nline' --retry 0 -- true
	[ "$stderr" = '' ]
	last_is check 'new line'
	run httpbroker-submit --forget -e db -c $'new\nline'
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
}

@test "the lines of the cron example run unchanged" {
	local line
	start_redis
	start_broker
	while read -r line; do
		line=${line#*httpbroker-submit }
		# shellcheck disable=SC2086 # words, as cron's shell would have them
		output=$(httpbroker-submit ${line//\/var\/spool/$work} 2>&1 |
			grep -v 'error: /usr/local/bin/backup.sh cannot be run: No such file') || :
		echo "$line: $output"
		[[ $output != *httpbroker-submit:* ]]
	done < <(grep -E '^[0-9*]' "$root/doc/examples/httpbroker-submit/cron" |
		sed 's/\\%/%/g')
	grep -q '^PATH=/usr/local/bin:' "$root/doc/examples/httpbroker-submit/cron"
	# to cron, any other % ends the command
	run ! grep -E '^[^#]*[^\]%' "$root/doc/examples/httpbroker-submit/cron"
	[ "$(delivered | grep -c '"entity"')" -eq 3 ]
	delivered | grep -q '"check":"backup","state":"critical","summary":"backup.sh: cannot be run'
	delivered | grep -q '"check":"disk",.*"summary":"DISK '
}

@test "--start and --run-limit report the start; a failure is only logged" {
	start_redis
	start_broker
	run httpbroker-submit -e db/1 -c 'a b' --run-limit 1m --exit-map plain -- sh -c \
		'curl -sS -H "Accept: application/json" "$HTTPBROKER_URL/db%2F1/a%20b"'
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.state, .summary, .run_limit]' <<<"$output")" = '["ok","the first run has started",60]' ]
	curl -sS -H 'Accept: application/json' "$HTTPBROKER_URL/db%2F1/a%20b" >"$work/after"
	jq -e '.state == "ok" and (has("run_limit") | not) and (.summary | startswith("{"))' "$work/after"
	run httpbroker-submit -e db -c b --start -- sh -c 'exit 2'
	[ "$status" -eq 2 ]
	[ "$output" = '' ]
	[ "$(curl -sS "$HTTPBROKER_URL/db/b" | cut -d: -f1)" = critical ]
	run httpbroker-submit -e db -c c --start --url "http://127.0.0.1:$(free_port)" --url "$HTTPBROKER_URL/x" -- echo ran
	[[ "$output" == *"/state: the start of the run is not reported: "*"ran"* ]]
	run httpbroker-submit -e db -c d --start --dry-run -- echo ran
	[[ "$output" == *ran* ]]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "$HTTPBROKER_URL/db/d")" = 404 ]
	run httpbroker-submit --start -c c -s ok
	[ "$status" -eq 64 ]
}
