#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# Checks without new events in httpbroker: stale, forgotten, or kept in memory only.

load lib/daemons
load lib/redis
load lib/broker
load lib/prometheus

setup() { start_work; }
teardown() { stop_all; }

record() {
	redis HGET httpbroker:default:states "$1"$'\x1f'"$2"
}

recorded_as() {
	[[ "$(record "$1" "$2")" == "1 "*" $3 "* ]]
}

@test "--stale-state: the state pushed for a stale check and known after a restart" {
	start_redis
	start_broker --interval 24h --stale-state Critical --debug
	# the last one to go stale: on a busy machine it is stale before the next post
	posts 200 "$(event a c critical '"ttl":-1')" "$(event a b ok '"ttl":1')"
	poll 20 queued 3
	last_queued '"check":"b",.*"state":"CRITICAL","summary":"httpbroker: Cached state is stale \([0-9]+s old, should be < 1s\)"'
	log_has broker 'State for a:b is stale. Sending CRITICAL\.'
	poll 10 recorded_as a b critical
	stop broker
	start_broker --interval 24h --stale-state critical
	# an event stale on arrival, or critical, does not change the state in Flapjack
	posts 200 "$(event a b ok "\"ttl\":1,\"time\":$((EPOCHSECONDS - 1))")" "$(event a b critical)"
	[ "$(redis LLEN events)" -eq 3 ]
	posts 200 "$(event a b unknown)" "$(event a b ok '"ttl":1')"
	poll 20 queued 6
	last_queued '"check":"b",.*"state":"CRITICAL"'
	# pushed as another state now
	poll 10 recorded_as a b critical
	stop broker
	start_broker --interval 24h --stale-state warning
	poll 20 queued 7
	last_queued '"check":"b",.*"state":"WARNING"'
}

@test "--stale-state refuses an invalid state" {
	refuses "--stale-state: 'ok' is not unknown, critical or warning" --stale-state ok
	refuses "--stale-state: 'down' is not unknown, critical or warning" --stale-state down
	refuses "--stale-state: '' is not" --stale-state ''
	refuses "--stale-state: 'acknowledgement' is not" --stale-state acknowledgement
}

@test "--forget-after: checks stale for this time are forgotten, in Redis too" {
	start_redis
	start_broker --interval 100ms --forget-after 2s --debug
	posts 200 "$(event a b ok '"ttl":1')" "$(event a c ok '"ttl":-1')" "$(event x y ok '"ttl":300')"
	poll 10 records_are 2
	log_has broker 'Forgetting a:b'
	[ "$(curl -sSf "$url" | jq -c 'keys')" = '["a:c","x:y"]' ]
	[ -z "$(record a b)" ]
	# it was pushed as stale until then, and not later
	before=$(queue | grep -c '"check":"b",.*"state":"UNKNOWN"')
	[ "$before" -ge 2 ]
	poll 10 queued $(($(redis LLEN events) + 6))
	[ "$(queue | grep -c '"check":"b",.*"state":"UNKNOWN"')" -eq "$before" ]
	# a check that returns is new, even with an older event
	posts 200 "$(event a b ok '"ttl":-1,"time":1000')"
	[ "$(curl -sSf "$url" | jq -c 'keys')" = '["a:b","a:c","x:y"]' ]
	records_are 3
}

@test "--forget-after: the record of a check that went stale before a restart is deleted" {
	start_redis
	start_broker --interval 100ms
	posts 200 "$(event a b ok '"ttl":1')" "$(event x y ok)"
	poll 10 recorded_as a b unknown
	stop broker
	start_broker --interval 100ms --forget-after 1s
	poll 10 records_are 1
	[ "$(curl -sSf "$url" | jq -c 'keys')" = '["x:y"]' ]
}

@test "--forget-after refuses an invalid or too short duration" {
	refuses "--forget-after: 'never' is not" --forget-after never
	refuses "--forget-after: '0' is not from 1s to" --forget-after 0
}

connections() {
	redis INFO stats | sed -n 's/^total_connections_received:\([0-9]*\).*/\1/p'
}

# is_stale KEY: GET /state shows the check as stale
is_stale() {
	[ "$(curl -sSf "$url" | jq -c ".\"$1\".stale")" = true ]
}

@test "--server none: states are kept in memory and go stale, no connection to Redis is made" {
	start_redis
	before=$(connections)
	start_broker --interval 50ms --server none --debug
	log_has broker 'Booting with config: .* Server:none '
	posts 200 "$(event a b ok '"ttl":1')" "$(event a c critical)" \
		"[$(event x y ok),$(event x z warning)]" "$(event a b acknowledgement)"
	[ "$answer" = '{"kept": false, "reason": "not delivered: this broker is without Redis"}' ]
	post "[$(event a b test_notifications),$(event x z warning)]"
	[ "$(jq -c '[.events[].result]' <<<"$answer")" = '["untold","delivered"]' ]
	post "$(event a c ok '"time":1000')"
	[ "$code" = 200 ]
	[[ "$answer" == *'"kept": false'* ]]
	poll 10 is_stale a:b
	[ "$(curl -sSf "$url" | jq -c '[keys, (map(.stale) | sort)]')" = '[["a:b","a:c","x:y","x:z"],[false,false,false,true]]' ]
	[ "$(curl -sS -X DELETE "$url?entity=a&check=b")" = '{"forgotten": 1}' ]
	[ "$(curl -sS -X DELETE "$url?entity=a&check=b" -o /dev/null -w '%{http_code}')" = 404 ]
	[ "$(curl -sS -X DELETE "$url?entity=x")" = '{"forgotten": 2}' ]
	[ "$(curl -sSf "$url" | jq -c keys)" = '["a:c"]' ]
	run ! log_has broker 'Redis at|Sending'
	log_has broker 'State for a:b is stale\.$'
	stop broker
	run ! log_has broker 'error|not delivered'
	start_broker --server none
	[ "$(curl -sSf "$url" | jq -c keys)" = '[]' ]
	[ $(($(connections) - before)) -eq 1 ] # this connection
	[ "$(redis DBSIZE)" -eq 0 ]
}

@test "--server none: /health and /metrics omit Redis and the queue" {
	redis_port=1
	start_broker --interval 50ms --server none
	posts 200 "$(event a b ok '"ttl":1')" "$(event a b acknowledgement)"
	poll 10 is_stale a:b
	curl -sSf "${url%/state}/health" >"$work/health"
	jq -e '.healthy and .role == "active" and .states == 1 and .states_stale == 1' "$work/health"
	[ "$(jq -c keys "$work/health")" = '["healthy","role","seconds","since","states","states_stale","states_stale_7_days"]' ]
	curl -sSf "${url%/state}/metrics" >"$work/metrics"
	sound "$work/metrics"
	grep -Fx 'httpbroker_active 1' "$work/metrics"
	grep -Fx 'httpbroker_states_stale 1' "$work/metrics"
	grep -Fx 'httpbroker_events_accepted_total{format="flapjack",result="untold"} 1' "$work/metrics"
	run ! grep -E 'redis|queue|push|repeat|pending|commit' "$work/metrics"
}

@test "--server none with --forget-after: checks stale for this time are forgotten" {
	redis_port=1
	start_broker --interval 50ms --server none --forget-after 1s
	posts 200 "$(event a b ok '"ttl":1')" "$(event a c ok)"
	poll 10 shows '["a:c"]'
}

shows() {
	[ "$(curl -sSf "$url" | jq -c keys)" = "$1" ]
}

@test "--server none: requests in flight on 32 connections are answered at stop" {
	redis_port=1
	start_broker --server none
	client <<-'E'
		def run(i):
		    s = connect()
		    for n in range(200):
		        assert post(s, event("e%d" % (n % 7), "%d" % i, "ok"))[0] == 200
		        if n % 50 == 49:
		            s.sendall(b"DELETE /state?entity=e3 HTTP/1.1\r\nHost: localhost\r\n\r\n")
		            assert answer(s)[0] in (200, 404)
		together(32, run)
	E
	stop broker
	run ! log_has broker 'error|Sanitizer'
}
