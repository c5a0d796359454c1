# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # $work, $output, $status and what load brings; bash -c
# httpbroker-notify with events from Redis: restarts, stand-bys, outages, other consumers.

load lib/daemons
load lib/redis
load lib/notify
setup() { start_work; }
teardown() { stop_all; }

states() { redis HKEYS httpbroker-notify:default:states | tr '\037' ' '; }

@test "events leave the queue, oldest first; what is no event is skipped" {
	start_redis
	redis LPUSH events "$(event a b critical 1)" nonsense "$(event a b warning 2)" "$(event c d down 3)" >/dev/null
	redis LPUSH events_actions + + >/dev/null
	start_active
	poll 10 notify_printed 'Problem: "b" on a is Critical, 1' 'Problem: "b" on a is Warning, 2' 'Problem: "d" on c is Critical, 3'
	poll 10 queue_is_empty
	[ "$(redis EXISTS events_actions)" = 0 ]
	log_has notify "warning: queue events, event 2: it is not JSON: .*; the event is skipped"
	[ "$(states | sort)" = 'a b
c d' ]
	push a b ok 4
	push c d ok 5
	poll 10 eval '[ -z "$(states)" ]'
	poll 10 eval '[ "$(redis EXISTS httpbroker-notify:default:output:stdout)" = 0 ]'
	stop notify
}

@test "a restart repeats nothing, and a delay goes on over it" {
	start_redis
	start_active
	push a b critical bad
	redis LPUSH events '{"entity":"a","check":"late","state":"warning","initial_failure_delay":4}' >/dev/null
	poll 10 notify_printed 'Problem: "b" on a is Critical, bad'
	poll 10 queue_is_empty
	stop notify
	[ "$(redis EXISTS httpbroker-notify:default:lease)" = 0 ]
	start_active
	log_has notify 'active: takes events from events; lasting problems: 2'
	push a b critical bad
	redis LPUSH events '{"entity":"a","check":"late","state":"warning","initial_failure_delay":4}' >/dev/null
	poll 10 notify_printed 'Problem: "b" on a is Critical, bad' 'Problem: "late" on a is Warning'
	push a b ok good
	poll 10 notify_printed 'Problem: "b" on a is Critical, bad' 'Problem: "late" on a is Warning' \
		'Recovery: "b" on a is OK, good'
}

@test "the second of a name stands by and takes over within 6 s; another name does not" {
	start_redis
	start_active
	start_notify second
	poll 10 log_has second 'info: standing by: .* pid:[0-9]+ is active'
	push a b critical 1
	poll 10 notify_printed 'Problem: "b" on a is Critical, 1'
	kill -KILL "${pids[notify]}"
	local killed=${EPOCHREALTIME/./}
	poll 15 log_has second 'info: active: .*; lasting problems: 1'
	[ $((${EPOCHREALTIME/./} - killed)) -lt 8000000 ] # and what a slow machine adds
	push a b critical 1
	push a b ok 2
	poll 10 grep -q 'Recovery: "b" on a is OK, 2' "$work/second.out"
	[ "$(wc -l <"$work/second.out")" -eq 1 ]
	start_notify third --name other --queue others
	poll 10 log_has third 'info: active: takes events from others'
}

# Both take events from a long queue; the other one comes between a look and its commit, sooner or later.
compete() {
	redis EVAL 'for i = ARGV[1] + 1, ARGV[1] + 5000 do redis.call("LPUSH", KEYS[1], ARGV[2] .. i .. "\"}") end' 1 \
		events "$pushed" '{"entity":"e","check":"c","state":"test_notifications","summary":"' >/dev/null
	pushed=$((pushed + 5000))
	redis-benchmark -p "$redis_port" -c 1 -n 2000 EVAL \
		'local event = redis.call("RPOP", KEYS[1]) if event then redis.call("RPUSH", KEYS[2], event) end' \
		2 events popped >/dev/null
	log_has notify 'error: another program takes events from events as well'
}

# How many different events either of them has taken.
taken() {
	{
		grep -o '[0-9]*$' "$work/notify.out"
		redis --raw LRANGE popped 0 -1 | sed 's/.*"summary":"//; s/"}//'
	} | sort -u | wc -l
}

@test "another consumer of the queue is logged, and what it leaves is not lost" {
	local pushed=0
	start_redis
	start_active
	poll 60 compete
	poll 30 eval '[ "$(taken)" -eq "$pushed" ]'
	queue_is_empty
}

@test "Redis restarts with its data: nothing is lost; without: all is written again" {
	redis_port=$(free_port)
	start_redis --appendonly yes --appendfsync always
	start_active
	push a b critical 1
	poll 10 notify_printed 'Problem: "b" on a is Critical, 1'
	stop redis
	poll 10 log_has notify 'error: Redis at .*; until it is back, no events are read'
	start_redis --appendonly yes --appendfsync always
	push a b critical again
	push a b ok 2
	poll 20 notify_printed 'Problem: "b" on a is Critical, 1' 'Recovery: "b" on a is OK, 2'
	push a c warning 3
	poll 10 eval '[ "$(states)" = "a c" ]'
	redis FLUSHALL >/dev/null
	poll 10 log_has notify 'warning: Redis has lost what it had'
	poll 10 eval '[ "$(states)" = "a c" ]'
	# rolled back to when another check was not ok
	redis EVAL 'redis.call("HSET", KEYS[1], ARGV[1], ARGV[2]) redis.call("DEL", KEYS[2], KEYS[3])' 3 \
		httpbroker-notify:default:states httpbroker-notify:default:batch httpbroker-notify:default:lease \
		$'a\037b' '{"state":"critical","told":"critical","since":1,"heard":0,"summary":""}' >/dev/null
	poll 10 eval '[ "$(states)" = "a c" ]'
}

@test "the problems are deleted in Redis: they are written again, and a recovery is sent after a restart" {
	start_redis
	start_active
	push a b critical 1
	push a c warning 2
	poll 10 eval '[ "$(states | sort)" = "$(printf "a b\na c")" ]'
	redis DEL httpbroker-notify:default:states >/dev/null
	poll 10 log_has notify 'warning: Redis has lost what it had'
	poll 10 eval '[ "$(states | sort)" = "$(printf "a b\na c")" ]'
	kill -KILL "${pids[notify]}"
	push a b ok 3
	start_active
	poll 20 notify_printed 'Problem: "b" on a is Critical, 1' 'Problem: "c" on a is Warning, 2' 'Recovery: "b" on a is OK, 3'
	[ "$(grep -c 'Redis has lost' "$work/notify.log")" -le 1 ]
}

@test "the list of an output is deleted, or shortened, in Redis: it is written again" {
	local list=httpbroker-notify:default:output:command
	start_redis
	start_active -- false
	push a b critical 1
	push a c warning 2
	push a d unknown 3
	poll 10 eval '[ "$(redis LLEN "$list")" = 3 ]'
	redis DEL "$list" >/dev/null
	poll 10 eval '[ "$(redis LLEN "$list")" = 3 ]'
	log_has notify 'warning: Redis has lost what it had'
	redis LTRIM "$list" 1 1 >/dev/null
	poll 10 eval '[ "$(redis LLEN "$list")" = 3 ]'
	kill -KILL "${pids[notify]}"
	redis DEL httpbroker-notify:default:lease >/dev/null
	start_active -- sh -c 'cat >>"$0/told"' "$work"
	poll 10 eval '[ "$(sort "$work/told")" = "Problem: \"b\" on a is Critical, 1
Problem: \"c\" on a is Warning, 2
Problem: \"d\" on a is Unknown, 3" ]'
	poll 10 eval '[ "$(redis EXISTS "$list")" = 0 ]'
}

@test "of many large events 16 MiB are taken at once; one that is too long is skipped" {
	start_redis
	start_active
	freeze notify
	redis EVAL 'for i = 1, 40 do
			redis.call("LPUSH", KEYS[1], ARGV[1] .. ("x"):rep(1000000) .. "\"}")
		end
		redis.call("LPUSH", KEYS[1], ("x"):rep(30000000))' 1 events \
		'{"entity":"a","check":"b","state":"critical","summary":"' >/dev/null
	kill -CONT "${pids[notify]}"
	poll 60 queue_is_empty
	log_has notify 'warning: queue events, event 41: it is longer than 1 MiB; the event is skipped'
	run ! log_has notify 'another program takes events'
	# it has had 16 MiB of them at most, in the reply and where it was read
	sanitized notify || [ "$(awk '/^VmHWM:/ { print $2 }' "/proc/${pids[notify]}/status")" -lt 55000 ]
}

@test "a key of the wrong type is named, and all goes on when it is gone" {
	start_redis
	redis SET httpbroker-notify:default:states x >/dev/null
	start_notify
	poll 10 log_has notify 'error: Redis at .*: refuses HSCAN httpbroker-notify:default:states: WRONGTYPE'
	redis DEL httpbroker-notify:default:states >/dev/null
	poll 15 log_has notify 'info: active'
	redis SET httpbroker-notify:default:output:stdout x >/dev/null
	push a b critical 1
	poll 10 log_has notify 'refuses EVAL httpbroker-notify:default:batch: WRONGTYPE httpbroker-notify:default:output:stdout is a string'
	[ "$(redis LLEN events)" = 1 ]
	[ -z "$(states)" ]
	redis DEL httpbroker-notify:default:output:stdout >/dev/null
	poll 15 notify_printed 'Problem: "b" on a is Critical, 1'
}

# refused_calls COMMAND N: Redis has refused it at least N times
refused_calls() {
	[ "$(redis INFO commandstats | sed -n "s/^cmdstat_$1:.*failed_calls=\([0-9]*\).*/\1/p")" -ge "$2" ]
}

@test "a queue of the wrong type is logged once until it is gone" {
	start_redis
	start_active
	redis HSET events a b
	poll 10 log_has notify 'error: Redis at .*: refuses BLMOVE events: WRONGTYPE'
	poll 20 refused_calls blmove 8
	[ "$(grep -c 'refuses BLMOVE' "$work/notify.log")" -eq 1 ]
	run ! log_has notify 'info: Redis at .*: back'
	redis DEL events
	push a b critical x
	poll 20 notify_printed 'Problem: "b" on a is Critical, x'
	log_has notify 'info: Redis at .*: back'
	# the list of the output, while nothing else is asked
	redis SET httpbroker-notify:default:output:stdout x
	poll 10 log_has notify 'error: Redis at .*: refuses LLEN httpbroker-notify:default:output:stdout: WRONGTYPE'
	poll 20 refused_calls llen 8
	[ "$(grep -c 'refuses LLEN' "$work/notify.log")" -eq 1 ]
	redis DEL httpbroker-notify:default:output:stdout
	poll 10 eval '[ "$(grep -c "info: Redis at .*: back" "$work/notify.log")" -eq 2 ]'
}

@test "a foreign value in the key of the lease is named, and all goes on when it is gone" {
	start_redis
	redis SET httpbroker-notify:default:lease foo >/dev/null
	push a b critical 1
	start_notify
	poll 10 log_has notify 'error: Redis at .*: holds no lease in httpbroker-notify:default:lease, but a foreign value: delete that key; until it is back, no events are read'
	redis DEL httpbroker-notify:default:lease >/dev/null
	poll 15 notify_printed 'Problem: "b" on a is Critical, 1'
	redis SET httpbroker-notify:default:lease foo >/dev/null
	push a b ok 2
	poll 10 eval '[ "$(grep -c "holds no lease" "$work/notify.log")" -eq 2 ]'
	[ "$(redis LLEN events)" = 1 ]
	redis DEL httpbroker-notify:default:lease >/dev/null
	poll 15 notify_printed 'Problem: "b" on a is Critical, 1' 'Recovery: "b" on a is OK, 2'
}

@test "Redis's memory is full: it is logged, nothing is lost, and all goes on when there is some" {
	start_redis
	start_active
	push a b critical 1
	poll 10 notify_printed 'Problem: "b" on a is Critical, 1'
	freeze notify
	push a b warning 2
	redis CONFIG SET maxmemory 1 >/dev/null
	kill -CONT "${pids[notify]}"
	poll 10 log_has notify "error: Redis at .*: refuses .*: OOM command not allowed"
	run ! log_has notify 'another program takes events'
	redis CONFIG SET maxmemory 0 >/dev/null
	poll 20 notify_printed 'Problem: "b" on a is Critical, 1' 'Problem: "b" on a is Warning, 2'
	poll 10 queue_is_empty
}

# its line is longer than what is written at once, twice: a pipe is full in the middle of one
large() {
	printf '{"entity":"a","check":"%d","state":"critical","summary":"%s"}' "$1" "$(printf '\\"%.0s' {1..4090})"
}

@test "a line that was half written when the lease was lost is continued" {
	local i
	start_redis
	mkfifo "$work/pipe"
	exec 6<>"$work/pipe"
	notify_out=$work/pipe start_active --output-format json
	for i in {1..20}; do large "$i"; done | redis -x EVAL \
		'for event in ARGV[1]:gmatch("{[^}]*}") do redis.call("LPUSH", KEYS[1], event) end' 1 events
	poll 10 queue_is_empty
	poll 10 eval '[ "$(redis LLEN httpbroker-notify:default:output:stdout)" -lt 20 ]'
	redis SET httpbroker-notify:default:lease "other pid:1 $(printf '%016x' 1)" PX 2000
	poll 10 log_has notify 'info: standing by'
	poll 20 eval '[ "$(grep -c "info: active" "$work/notify.log")" -eq 2 ]'
	start reader timeout 20 cat "$work/pipe"
	poll 15 eval '[ "$(redis EXISTS httpbroker-notify:default:output:stdout)" = 0 ]'
	exec 6>&-
	# each line is whole; the one that was under way may be told again
	jq -e . "$work/reader.log" >/dev/null
	[ "$(jq -r .check "$work/reader.log" | uniq | paste -sd' ')" = "$(echo {1..20})" ]
}

@test "a password from a file or the environment, another database; the command does not get it" {
	start_redis
	redis CONFIG SET requirepass hush >/dev/null
	export REDISCLI_AUTH=hush
	echo hush >"$work/password"
	chmod 600 "$work/password"
	start_active --password-file "$work/password" --database 3
	redis -n 3 LPUSH events "$(event a b critical 1)" >/dev/null
	poll 10 notify_printed 'Problem: "b" on a is Critical, 1'
	stop notify
	REDIS_PASSWORD=hush start_active --database 3 -- sh -c 'echo "${REDIS_PASSWORD-none}" >"$0"' "$work/seen"
	redis -n 3 LPUSH events "$(event a b ok 1)" >/dev/null
	poll 10 test -s "$work/seen"
	[ "$(cat "$work/seen")" = none ]
	stop notify
	start_notify
	poll 10 log_has notify 'error: Redis at .*: refuses SELECT: NOAUTH'
}

@test "killed again and again under load: every change is sent, in order" {
	start_redis
	start_notify
	start feed "$root/t/tools/notify-check" feed "$redis_port" 20 100 800
	for _ in 1 2 3; do
		poll 20 log_has notify 'info: active'
		python3 -c 'import random, time; time.sleep(random.random() / 2)'
		kill -KILL "${pids[notify]}"
		redis DEL httpbroker-notify:default:lease >/dev/null # the test need not wait for its end
		start_notify
	done
	wait "${pids[feed]}"
	poll 30 queue_is_empty
	poll 30 eval '[ "$(redis EXISTS httpbroker-notify:default:output:stdout)" = 0 ]'
	"$root/t/tools/notify-check" count "$work/notify.out" 20 100
}
