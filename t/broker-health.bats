#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring or read, a test's own
# httpbroker's health and metrics for monitoring.

load lib/daemons
load lib/redis
load lib/broker
load lib/prometheus

setup() { start_work; }
teardown() { stop_all; }

# look PATH: sets $code; the body is in $work/answer
look() {
	code=$(curl -sS -m 20 -o "$work/answer" -w '%{http_code}' "${url%/state}$1")
}

# health CODE FILTER: GET /health gets the status CODE and FILTER of jq is true of the body
health() {
	look /health
	echo "$code $(cat "$work/answer")"
	[ "$code" = "$1" ] && jq -e "$2" "$work/answer" >/dev/null
}

@test "GET /health: 200 while events reach Redis, with the numbers of checks and of stale checks" {
	local now
	start_redis
	now=$(date +%s)
	start_broker --interval 1h
	poll 10 health 200 .healthy
	health 200 '.states == 0 and .states_stale == 0 and .role == "active" and .redis_up and (has("why") | not)'
	health 200 ".since >= $now - 1 and .since <= $(date +%s) and .seconds >= 0"
	posts 200 "$(event a b ok)" "$(event a old ok "\"time\":$((now - 600)),\"ttl\":30")" \
		"$(event a week ok "\"time\":$((now - 7 * 86400 + 300)),\"ttl\":30")" \
		"$(event a older ok "\"time\":$((now - 7 * 86400 - 60)),\"ttl\":30")" \
		"$(event a ever ok "\"time\":$((now - 90 * 86400)),\"ttl\":-1")"
	health 200 '.states == 5 and .states_stale == 3 and .states_stale_7_days == 1 and .pending == 0'
	health 200 '.queue_length > 0 and .repeats_paused == false and .loading == false'
	look '/health?verbose'
	[ "$code" = 400 ]
	[ "$(curl -sS -o "$work/answer" -w '%{http_code}' -d x "${url%/state}/health")" = 405 ]
}

@test "GET /health: 503 while Redis is down, with the reason and since when" {
	local since
	start_redis
	start_broker --interval 1h
	poll 10 health 200 .healthy
	since=$(date +%s)
	stop redis
	poll 10 health 503 '.healthy == false and .redis_up == false'
	health 503 '.why | test("^Redis is away: .+")'
	health 503 ".since >= $since - 1 and .since <= $(date +%s)"
	posts 202 "$(event a b ok)"
	poll 10 health 503 '.pending == 1 and .states == 1'
	start_redis
	poll 20 health 200 '.healthy and .pending == 0'
}

@test "GET /health needs no token, GET /metrics does" {
	start_redis
	(umask 077 && echo secret >"$work/tokens")
	start_broker --token-file "$work/tokens"
	poll 10 health 200 .healthy
	look /metrics
	[ "$code" = 401 ]
	run -0 curl -sSf -H 'Authorization: Bearer secret' "${url%/state}/metrics"
	[[ "$output" == *httpbroker_redis_up* ]]
}

@test "GET /state before the first contact with Redis: the events answered with 202" {
	redis_port=$(free_port)
	start_broker
	posts 202 "$(event a b ok)" "$(event a b critical)" "$(event a c ok)" "$(event a old ok '"time":1000,"ttl":5')" \
		"$(event x y acknowledgement)" "[$(event d 1 ok),$(event d 2 'warning')]"
	run -0 curl -sSf "$url"
	echo "$output"
	[ "$(jq -Sc 'map_values(.state)' <<<"$output")" = \
		'{"a:b":"critical","a:c":"ok","a:old":"unknown","d:1":"ok","d:2":"warning"}' ]
	[ "$(jq -c '.["a:old"] | [.stale, .reported]' <<<"$output")" = '[true,"ok"]' ]
	[ "$(curl -sSf "$url?entity=a&state=ok" | jq -c keys)" = '["a:c"]' ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "$url?stat=ok")" = 400 ]
	start_redis
	poll 20 health 200 '.healthy and .pending == 0'
	[ "$(curl -sSf "$url" | jq -Sc 'map_values(.state)')" = \
		'{"a:b":"critical","a:c":"ok","a:old":"unknown","d:1":"ok","d:2":"warning"}' ]
}

@test "GET /health: 503 before the first contact with Redis" {
	redis_port=$(free_port)
	start_broker
	poll 10 health 503 '.role == "starting" and (.why | test("refused"))'
}

@test "GET /health: 503 from a standby until it becomes active" {
	start_redis
	start_broker
	poll 10 health 200 .healthy
	broker_port=''
	start other httpbroker --port 0 --server "127.0.0.1:$redis_port"
	poll 10 log_has other 'standing by'
	url=http://127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$work/other.log")/state
	health 503 '.role == "standby" and .why == "another broker is the active one" and .redis_up'
	look /metrics
	[ "$code $(figure httpbroker_active)" = '200 0' ]
	# its states may be old: only the active broker shows them
	look /metrics/states
	[ "$code" = 503 ]
	[ "$(cat "$work/answer")" = '{"error": "another broker is the active one"}' ]
	curl -sS -D - -o "$work/answer" "${url%/state}/metrics/states" | tr -d '\r' | grep -Fx 'Retry-After: 5'
	stop broker
	poll 10 health 200 '.role == "active"'
	look /metrics/states
	[ "$code" = 200 ]
}

@test "GET /health: 503 from a broker that is stopping" {
	start_redis
	start_broker
	poll 10 health 200 .healthy
	# Redis stops answering: the event that waits for it makes the stop take a while
	client "${pids[broker]}" "${pids[redis]}" <<-'E'
		def health(s):
		    s.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
		    return answer(s)
		s, waiting, end = connect(), connect(), time.time() + 20
		assert health(s)[0] == 200
		os.kill(int(sys.argv[3]), 19)
		body = b'{"entity": "a", "check": "b", "state": "ok"}'
		waiting.sendall(b"POST /state HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
		os.kill(int(sys.argv[2]), 15)
		code = 200
		while code == 200 and time.time() < end: code, body = health(s)
		assert code == 503 and '"why": "the broker is stopping"' in body, (code, body)
	E
}

# figure NAME[{LABELS}]: its value in the last answer of GET /metrics
figure() {
	awk -v name="$1" '$1 == name { print $2 }' "$work/answer"
}

# figures NAME VALUE...: reads /metrics; each NAME has its VALUE
figures() {
	look /metrics
	[ "$code" = 200 ] || return 1
	while [ $# -gt 0 ]; do
		[ "$(figure "$1")" = "$2" ] || {
			echo "$1: '$(figure "$1")', not '$2'"
			return 1
		}
		shift 2
	done
}

@test "GET /metrics: received and delivered events, accepted by promtool" {
	start_redis
	start_broker --interval 100ms
	poll 10 figures httpbroker_redis_up 1 httpbroker_active 1 httpbroker_pushed_total 0
	sound "$work/answer"
	posts 200 "$(event a b ok)" "$(event a c ok '"time":1000')" "$(event a d ok '"nonsense":1')" \
		"[$(event a e ok),$(event a f ok)]"
	posts 200 "$(event a b warning '"time":5')" # older
	posts 400 '{' '[]' "$(event a b BANANA)" '{"a":1}'
	head -c 16777217 /dev/zero | tr '\0' ' ' >"$work/large"
	posts 413 "@$work/large"
	# a repeat may be waiting for Redis at this moment
	poll 20 figures 'httpbroker_events_accepted_total{format="flapjack",result="delivered"}' 5 \
		'httpbroker_events_accepted_total{format="flapjack",result="older"}' 1 \
		'httpbroker_events_refused_total{format="flapjack",reason="invalid"}' 1 \
		'httpbroker_events_refused_total{format="none",reason="syntax"}' 1 \
		'httpbroker_events_refused_total{format="none",reason="too_large"}' 1 \
		'httpbroker_events_refused_total{format="none",reason="shape"}' 2 \
		'httpbroker_events_refused_total{format="alertmanager",reason="invalid"}' 0 \
		'httpbroker_left_out_total{what="key"}' 1 \
		httpbroker_states 5 httpbroker_states_stale 1 httpbroker_states_stale_long 1 \
		httpbroker_pending_events 0 httpbroker_repeats_paused 0 \
		"httpbroker_build_info{version=\"$(httpbroker --version | cut -d' ' -f2)\"}" 1
	sound "$work/answer"
	[ "$(figure 'httpbroker_request_duration_seconds_count')" -ge 10 ]
	[ "$(figure 'httpbroker_request_duration_seconds_bucket{le="+Inf"}')" = "$(figure httpbroker_request_duration_seconds_count)" ]
	[ "$(figure 'httpbroker_commit_duration_seconds_count')" -ge 4 ]
	grep -Eq '^httpbroker_commit_duration_seconds_sum 0\.[0-9]*[1-9]' "$work/answer"
	queued_are_repeats_and_five
}

# Five were pushed at once; the others are repeats. The queue grows meanwhile: length before and after.
queued_are_repeats_and_five() {
	local before after pushed
	poll 20 queued 30
	before=$(redis LLEN events)
	poll 10 queued $((before + 1))
	look /metrics
	after=$(redis LLEN events)
	pushed=$(figure httpbroker_pushed_total)
	echo "$before, $pushed, $after; $(figure httpbroker_repeats_total) repeats"
	[ "$pushed" -ge "$before" ]
	[ "$pushed" -le "$after" ]
	[ "$(figure httpbroker_repeats_total)" -ge $((pushed - 5)) ]
	[ "$(figure httpbroker_repeats_total)" -le $((after + 5)) ]
	[ "$(figure httpbroker_queue_length)" -le "$after" ]
	[ "$(figure httpbroker_queue_length)" -ge 5 ]
}

@test "GET /metrics: no counter restarts when Redis goes and comes back" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event a b ok)" "$(event a c ok)"
	figures httpbroker_redis_up 1 httpbroker_pushed_total 2
	stop redis
	poll 10 figures httpbroker_redis_up 0
	posts 202 "$(event a b warning)"
	poll 10 figures httpbroker_pending_events 1 httpbroker_pushed_total 2 \
		'httpbroker_events_accepted_total{format="flapjack",result="kept"}' 1
	sound "$work/answer"
	start_redis
	poll 20 figures httpbroker_redis_up 1 httpbroker_pushed_total 3 httpbroker_pending_events 0
}

# states QUERY: the answer of GET /metrics/states, sorted
states() {
	curl -sSf "${url%/state}/metrics/states$1" >"$work/answer"
	sound "$work/answer" >&2 || return
	grep -v '^#' "$work/answer" | sort
}

@test "GET /metrics/states: state, age and staleness of each check" {
	local now
	start_redis
	# an earlier version accepted double quotes in names
	redis HSET httpbroker:default:states $'a\x1fq"\\x' \
		'1 1000 -1 warning - {"entity":"a","check":"q\"\\x","type":"service","state":"warning","summary":""}' >/dev/null
	start_broker --interval 1h --stale-state critical
	posts 200 "$(event a b ok)" "$(event 'a:ü{}' b unknown)" "$(event b b down '"time":1000')" \
		"$(event b old ok '"time":1000')" "$(event b ever ok '"time":1000,"ttl":-1')"
	now=$(date +%s)
	[ "$(states '' | grep -v age_seconds)" = 'httpbroker_check_stale{entity="a",check="b"} 0
httpbroker_check_stale{entity="a",check="q\"\\x"} 0
httpbroker_check_stale{entity="a:ü{}",check="b"} 0
httpbroker_check_stale{entity="b",check="b"} 1
httpbroker_check_stale{entity="b",check="ever"} 0
httpbroker_check_stale{entity="b",check="old"} 1
httpbroker_check_state{entity="a",check="b"} 0
httpbroker_check_state{entity="a",check="q\"\\x"} 1
httpbroker_check_state{entity="a:ü{}",check="b"} 3
httpbroker_check_state{entity="b",check="b"} 2
httpbroker_check_state{entity="b",check="ever"} 0
httpbroker_check_state{entity="b",check="old"} 2' ]
	[ "$(grep -c '^# TYPE httpbroker_check_[a-z_]* gauge$' "$work/answer")" -eq 3 ]
	[ "$(grep -c '' "$work/answer")" -eq $((3 * 2 + 3 * 6)) ]
	[ "$(figure 'httpbroker_check_age_seconds{entity="b",check="ever"}')" -ge $((now - 1001)) ]
	[ "$(figure 'httpbroker_check_age_seconds{entity="a",check="b"}')" -le 30 ]
	[ "$(states '?entity=b&check=old' | grep -vc age)" -eq 2 ]
	look '/metrics/states?entty=b'
	[ "$code" = 400 ]
	sed 's/{.*//; /^#/d' <(curl -sSf "${url%/state}/metrics/states") | uniq >"$work/families"
	[ "$(grep -c '' "$work/families")" -eq 3 ] # each in one block
}

@test "the alert rules raise the expected alerts" {
	promtool check rules "$root/doc/examples/prometheus/alerts.yml"
	promtool test rules "$root/doc/examples/prometheus/alerts_test.yml"
}
