# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # $ of another shell; a test is a subshell; $work, $output and what load brings
# httpbroker-submit --spool: events on the disk are sent later, in order, and once.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/redis
load lib/submit
load lib/confined

setup() {
	start_submit_work
	spool=$work/spool
}

teardown() {
	stop_all
	exec 8>&-
}

# spooled N: puts an event of check N into the spool
spooled() {
	run httpbroker-submit --spool "$spool" --retry 0 -e e -c "$1" -s ok
	[ "$status" -eq 75 ]
}

is_empty() {
	[ -z "$(spooled_files)" ]
}

drain() {
	run httpbroker-submit --spool "$spool" </dev/null
}

@test "unsent events are kept, and sent later in order with their own time" {
	spooled 1
	[[ $output == *"cannot be reached"*"warning: 1 event kept in $spool" ]]
	spooled 2
	spooled 3
	[ "$(spooled_files | wc -l)" -eq 3 ]
	[ "$(stat -c %a "$spool")" = 700 ]
	start_redis
	start_broker
	run httpbroker-submit --spool "$spool" -e e -c 4 -s ok
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	is_empty
	[ "$(delivered)" = "$(for i in {1..4}; do ok_delivered "$i"; done)" ]
}

@test "the time of an event is that of the run, not of the delivery" {
	local stamp before=$EPOCHSECONDS
	spooled 1
	stamp=$(sed -n 's/.*"time":\([0-9]*\).*/\1/p' "$spool"/*)
	[ "$stamp" -ge "$before" ]
	[ "$stamp" -le "$EPOCHSECONDS" ]
	sed -i "s/\"time\":$stamp/\"time\":$((stamp - 100))/" "$spool"/*
	start_redis
	start_broker
	drain
	[ "$status" -eq 0 ]
	redis --raw LINDEX events 0 | grep -q "\"time\":$((stamp - 100))"
}

@test "a whole feed is spooled, and sent in order" {
	for i in {1..1201}; do ok "$i"; done >"$work/feed"
	run httpbroker-submit --spool "$spool" --retry 0 "$work/feed"
	[ "$status" -eq 75 ]
	[[ $output == *"1201 events kept in $spool" ]]
	[ "$(spooled_files | wc -l)" -lt 10 ]
	start_redis
	start_broker
	drain
	[ "$status" -eq 0 ]
	is_empty
	[ "$(delivered)" = "$(for i in {1..1201}; do ok_delivered "$i"; done)" ]
}

@test "a spooled check keeps the exit code of its command" {
	run httpbroker-submit --spool "$spool" --retry 0 -q -- check_dummy 1
	[ "$status" -eq 1 ]
	[ "$(spooled_files | wc -l)" -eq 1 ]
}

@test "a full spool keeps its events and reports the lost ones" {
	local before
	printf '{"entity":"e","check":"1","state":"ok","details":"%s"}' "$(head -c 3000 /dev/zero | tr '\0' x)" >"$work/one"
	run httpbroker-submit --spool "$spool" --spool-max 4k --retry 0 "$work/one"
	[ "$status" -eq 75 ]
	before=$(spooled_files)
	run httpbroker-submit --spool "$spool" --spool-max 4k --retry 0 "$work/one"
	[ "$status" -eq 69 ]
	[[ $output == *"$spool is full: "*' of 4096 bytes'*'1 event not delivered, from line 1 on'* ]]
	[ "$(spooled_files)" = "$before" ]
	ok 2 >"$work/two"
	cat "$work/two" "$work/one" "$work/two" >"$work/three"
	run httpbroker-submit --spool "$spool" --spool-max 4k --retry 0 "$work/three"
	[ "$status" -eq 69 ]
	[[ $output == *'1 event kept'*'2 events not delivered, from line 1 on'* ]]
}

@test "a full disk is reported" {
	mkdir "$spool"
	run bash -c 'ulimit -f 1; httpbroker-submit --spool "$0" --retry 0 "$1"' "$spool" \
		<(printf '{"entity":"e","check":"1","state":"ok","details":"%s"}' "$(head -c 9000 /dev/zero | tr '\0' x)")
	[ "$status" -eq 69 ]
	[[ $output == *'cannot write to the spool: File too large'* ]]
	is_empty
}

@test "a spool that cannot be opened: events are sent, and the exit status reports the spool" {
	local bad=/dev/null/x
	run httpbroker-submit --spool "$bad" --retry 0 -e e -c 1 -s ok
	[ "$status" -eq 69 ]
	[ "${lines[0]}" = "httpbroker-submit: error: --spool: $bad: Not a directory; events that cannot be sent are not kept" ]
	start_redis
	start_broker
	run httpbroker-submit --spool "$bad" -e e -c 1 -s ok
	[ "$status" -eq 73 ]
	run httpbroker-submit --spool "$bad" <<<"$(ok 2)"
	[ "$status" -eq 73 ]
	[ "$(delivered)" = "$(ok_delivered 1; ok_delivered 2)" ]
	run without locks httpbroker-submit --spool "$spool" -e e -c 4 -s ok
	[ "$status" -eq 73 ]
	[ "$output" = "httpbroker-submit: error: --spool: $spool cannot be locked: Bad file descriptor; events that cannot be sent are not kept" ]
	[ "$(delivered)" = "$(ok_delivered 1; ok_delivered 2; ok_delivered 4)" ]
	feed --spool "$bad"
	ok 3 >&8
	poll 20 delivered_count 4
	stop submit
}

@test "a spool that cannot be written to is reported before it is needed" {
	mkdir -m 500 "$spool"
	start_redis
	start_broker
	run "${mortal[@]}" "$(placed httpbroker-submit)" --spool "$spool" -e e -c 1 -s ok
	[ "$status" -eq 73 ]
	[ "$output" = "httpbroker-submit: error: --spool: $spool cannot be written to: Permission denied; events that cannot be sent are not kept" ]
	[ "$(delivered)" = "$(ok_delivered 1)" ]
	stop broker
	run "${mortal[@]}" "$(placed httpbroker-submit)" --retry 0 --spool "$spool" -e e -c 2 -s ok
	chmod 700 "$spool"
	[ "$status" -eq 69 ]
	[[ $output == *'cannot write to the spool: Permission denied'*'1 event not delivered' ]]
}

@test "a damaged file is reported, set aside, and does not delay the others" {
	local names
	for i in 1 2 3 4; do spooled $i; done
	mapfile -t names < <(spooled_files)
	truncate -s -5 "$spool/${names[0]}"
	head -c 50 /dev/urandom >"$spool/${names[2]}"
	start_redis
	start_broker
	drain
	[ "$status" -eq 65 ]
	[[ $output == *"$spool/${names[0]} is damaged: it has "*"set aside as ${names[0]}.damaged"* ]]
	[[ $output == *"$spool/${names[2]} is damaged: it does not begin"* ]]
	[ "$(delivered)" = "$(ok_delivered 2; ok_delivered 4)" ]
	[ "$(spooled_files)" = "${names[0]}.damaged
${names[2]}.damaged" ]
	drain
	[ "$status" -eq 0 ]
}

@test "files that cannot be deleted are sent once per run, and do not delay new events" {
	spooled 1
	spooled 2
	start_redis
	start_broker
	chmod 500 "$spool"
	run timeout 30 "${mortal[@]}" "$(placed httpbroker-submit)" -v --spool "$spool" -e e -c 3 -s ok
	chmod 700 "$spool"
	[ "$status" -eq 75 ]
	[ "$(grep -c 'cannot be removed from the spool: Permission denied; the next run finds it again$' <<<"$output")" -eq 2 ]
	[ "$(grep -c 'accepted (HTTP 200)$' <<<"$output")" -eq 3 ]
	[ "$(grep -c 'cannot be written to: Permission denied; ' <<<"$output")" -eq 1 ]
	[ "${#lines[@]}" -eq 6 ]
	[ "$(delivered)" = "$(for i in {1..3}; do ok_delivered "$i"; done)" ]
	[ "$(spooled_files | wc -l)" -eq 2 ]
	drain
	[ "$status" -eq 0 ]
	is_empty
}

@test "a file without read permission is reported once and kept" {
	local before
	for i in 1 2 3; do spooled $i; done
	before=$(spooled_files | sed -n 2p)
	chmod 000 "$spool/$before"
	start_redis
	start_broker
	run "${mortal[@]}" "$(placed httpbroker-submit)" --spool "$spool" <<<"$(ok 4)$(ok 5)" --batch 1
	[ "$status" -eq 75 ]
	[ "$output" = "httpbroker-submit: error: $spool/$before cannot be read: Permission denied; it stays" ]
	[ "$(spooled_files)" = "$before" ]
	[ "$(delivered)" = "$(for i in 1 3 4 5; do ok_delivered "$i"; done)" ]
	chmod 600 "$spool/$before"
	drain
	[ "$status" -eq 0 ]
	is_empty
}

@test "a spool that cannot be listed is not taken as empty: new events are spooled" {
	spooled 1
	start_redis
	start_broker
	run without lists httpbroker-submit --spool "$spool" -e e -c 2 -s ok
	[ "$status" -eq 75 ]
	[ "$output" = "httpbroker-submit: warning: the spool cannot be read: Input/output error
httpbroker-submit: warning: 1 event kept in $spool" ]
	[ "$(delivered)" = '' ]
	drain
	[ "$status" -eq 0 ]
	[ "$(delivered)" = "$(ok_delivered 1; ok_delivered 2)" ]
}

@test "a damaged file that cannot be set aside is reported once" {
	spooled 1
	truncate -s -5 "$spool/$(spooled_files)"
	chmod 500 "$spool"
	start_redis
	start_broker
	run "${mortal[@]}" "$(placed httpbroker-submit)" --spool "$spool" <<<"$(ok 2)$(ok 3)" --batch 1
	chmod 700 "$spool"
	[ "$status" -eq 65 ]
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[0]} == *'cannot be written to: Permission denied; '* ]]
	[[ ${lines[2]} == *'cannot be renamed in the spool: Permission denied; the next run finds it again' ]]
	[ "$(delivered)" = "$(ok_delivered 2; ok_delivered 3)" ]
}

@test "old temporary files of a killed run are removed, recent ones are kept" {
	spooled 1
	echo half >"$spool/.new-999999999" # no process here, but who knows of other containers
	echo half >"$spool/.new-0123456789abcdef"
	touch -d '61 minutes ago' "$spool/.new-0123456789abcdef"
	start_redis
	start_broker
	drain
	[ "$status" -eq 0 ]
	[ "$(spooled_files)" = .new-999999999 ]
}

@test "a temporary file of another container's process with the same pid is kept" {
	mkdir "$spool"
	run -75 bash -c 'echo half >"$0/.new-$$"; exec httpbroker-submit --spool "$0" --retry 0 -e e -c 1 -s ok' \
		"$spool"
	[ "$(cat "$spool"/.new-*)" = half ]
	[ "$(cat "$spool"/*.events | grep -c '^{')" -eq 1 ]
}

@test "a spooled event that is refused is reported and removed" {
	echo '{"entity":"e","check":"1","state":"banana"}' >"$work/feed"
	run httpbroker-submit --spool "$spool" --retry 0 "$work/feed"
	[ "$status" -eq 75 ]
	start_redis
	start_broker
	drain
	[ "$status" -eq 65 ]
	[[ $output == *'.events: line 2: '*banana* ]]
	is_empty
}

@test "two runs on one spool: the second waits, no event is lost or sent twice" {
	for i in {1..700}; do ok "$i"; done >"$work/feed"
	run httpbroker-submit --spool "$spool" --retry 0 "$work/feed"
	[ "$status" -eq 75 ]
	start_redis
	start_broker
	for i in 1 2 3 4; do
		start "run$i" httpbroker-submit -v --spool "$spool" -e e -c "run$i" -s ok
	done
	for i in 1 2 3 4; do
		poll 30 eval "! running run$i"
		wait "${pids[run$i]}"
	done
	is_empty
	[ "$(delivered | grep -v run)" = "$(for i in {1..700}; do ok_delivered "$i"; done)" ]
	[ "$(delivered | grep -c run)" -eq 4 ]
	[ "$(cat "$work"/run?.log | grep -c 'accepted (HTTP 200)$')" -eq 704 ]
}

@test "SIGTERM ends the wait for the lock: events read until then are kept" {
	mkdir "$spool"
	start holder flock --no-fork "$spool" sleep 300
	poll 20 eval '! flock -n "$spool" true'
	feed --spool "$spool" --retry forever
	ok 1 >&8
	poll 20 catches_term
	poll 20 log_has submit reading
	kill -TERM "${pids[submit]}"
	poll 20 eval '! running submit'
	run wait "${pids[submit]}"
	[ "$status" -eq 75 ]
	log_has submit 'is in use by another run'
	log_has submit '1 event kept'
	[ "$(spooled_files | wc -l)" -eq 1 ]
}

@test "a run that does not get the lock in time spools its event after the others" {
	mkdir "$spool"
	start holder flock --no-fork "$spool" sleep 300
	poll 20 eval '! flock -n "$spool" true'
	start_redis
	start_broker
	run httpbroker-submit --spool "$spool" --retry 300ms -e e -c 1 -s ok
	[ "$status" -eq 75 ]
	[[ $output == *"$spool is in use by another run"*'1 event kept'* ]]
	[ "$(delivered)" = '' ]
	stop holder || :
	poll 20 flock -n "$spool" true
	drain
	[ "$status" -eq 0 ]
	[ "$(delivered)" = "$(ok_delivered 1)" ]
}

@test "a feed that does not get the lock in time is spooled to its end" {
	mkdir "$spool"
	start holder flock --no-fork "$spool" sleep 300
	poll 20 eval '! flock -n "$spool" true'
	for i in {1..700}; do ok "$i"; done >"$work/events"
	run httpbroker-submit --spool "$spool" --retry 100ms <"$work/events"
	[ "$status" -eq 75 ]
	[[ $output == *"$spool is in use by another run"*'700 events kept'* ]]
	# a named pipe has no end: what is in it
	mkfifo "$work/fifo"
	exec 8<>"$work/fifo"
	for i in {701..750}; do ok "$i"; done >&8
	run httpbroker-submit --spool "$spool" --retry 100ms "$work/fifo"
	[ "$status" -eq 75 ]
	[[ $output == *'50 events kept'* ]]
	stop holder || :
	poll 20 flock -n "$spool" true
	start_redis
	start_broker
	drain
	[ "$status" -eq 0 ]
	[ "$(delivered)" = "$(for i in {1..750}; do ok_delivered "$i"; done)" ]
}

# kept_by SIGNAL: on this signal a feed keeps the events that it has read and those in the pipe
kept_by() {
	mkfifo "$work/fifo"
	# the tests themselves may be run by nohup
	start submit env --default-signal=HUP httpbroker-submit --spool "$spool" --retry 100ms "$work/fifo"
	exec 8<>"$work/fifo"
	for i in {1..50}; do ok "$i"; done >&8
	poll 20 eval '! is_empty 2>/dev/null'
	for i in {51..60}; do ok "$i"; done >&8
	kill "-$1" "${pids[submit]}"
	poll 20 eval '! running submit'
	run wait "${pids[submit]}"
	[ "$status" -eq 75 ]
}

@test "a feed through a named pipe: SIGHUP keeps unsent events" {
	kept_by HUP
	[ "$(cat "$spool"/* | grep -c '^{')" -eq 60 ]
}

@test "a feed through a named pipe: SIGTERM keeps unsent events, and the next run sends them" {
	kept_by TERM
	start_redis
	start_broker
	drain
	[ "$status" -eq 0 ]
	is_empty
	[ "$(delivered)" = "$(for i in {1..60}; do ok_delivered "$i"; done)" ]
}

@test "a feed through a named pipe continues when the broker is back, the spool first" {
	feed --spool "$spool" --retry 100ms
	for i in {1..50}; do ok "$i"; done >&8
	poll 20 eval '! is_empty 2>/dev/null'
	for i in {51..60}; do ok "$i"; done >&8
	start_redis
	start_broker
	poll 30 delivered_count 60
	for i in {61..70}; do ok "$i"; done >&8
	poll 30 delivered_count 70
	[ "$(delivered)" = "$(for i in {1..70}; do ok_delivered "$i"; done)" ]
	poll 20 is_empty
	stop submit
}

@test "a broker that goes away during a file: the rest is kept, no event is sent twice" {
	for i in {1..20}; do ok "$i"; done >"$work/feed"
	run httpbroker-submit --spool "$spool" --retry 0 "$work/feed"
	: >"$work/got"
	start broker "$root/t/tools/broker-double" "$port" "$work/got" 200 200 200 503
	poll 20 listening "$port"
	run httpbroker-submit --spool "$spool" --retry 0 --batch 5 </dev/null
	[ "$status" -eq 75 ]
	stop broker || :
	[ "$(spooled_files | wc -l)" -eq 1 ]
	start_redis
	start_broker
	drain
	[ "$status" -eq 0 ]
	[ "$(delivered)" = "$(for i in {16..20}; do ok_delivered "$i"; done)" ]
	is_empty
}
