#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2154 # the functions and their variables come from lib
# A real Prometheus scrapes httpbroker's metrics with a token and evaluates the alert rules, all
# as in the examples.

load lib/daemons
load lib/redis
load lib/broker

examples=$root/doc/examples/prometheus

setup() {
	start_work
	(umask 077 && echo secret >"$work/tokens")
	start broker httpbroker --port 0 --server none --token-file "$work/tokens"
	poll 10 broker_listens
	start_prometheus
}

teardown() { stop_all; }

start_prometheus() {
	prometheus_port=$(free_port)
	{
		echo 'global: { scrape_interval: 200ms, evaluation_interval: 200ms }'
		echo "rule_files: ['$examples/alerts.yml']"
		sed "s|localhost:3090|127.0.0.1:$broker_port|; s|/etc/prometheus/httpbroker.token|$work/tokens|" \
			"$examples/scrape.yml"
	} >"$work/prometheus.yml"
	start prometheus prometheus --config.file="$work/prometheus.yml" \
		--storage.tsdb.path="$work/prometheus" --web.listen-address="127.0.0.1:$prometheus_port"
}

# asked PATH FILTER: FILTER of jq is true of the response of Prometheus
asked() {
	[ "$(curl -sS -m 20 "http://127.0.0.1:$prometheus_port/api/v1/$1" | jq "$2")" = true ]
}

# alerting NAME CHECK STATE
alerting() {
	asked alerts ".data.alerts[] | select(.labels.alertname == \"$1\" and .labels.check == \"$2\").state == \"$3\""
}

value() {
	asked "query?query=$1" ".data.result[0].value[1] == \"$2\""
}

post_check() {
	post "$(event app-01 "$1" "$2" "\"ttl\":$3")" -H 'Authorization: Bearer secret'
	[ "$code" = 200 ]
}

@test "Prometheus scrapes both, and raises the alerts for a critical and for a stale check" {
	post_check PING critical 300
	post_check cron ok 2
	poll 30 value httpbroker_states 2
	poll 30 value 'httpbroker_check_state%7Bcheck="PING"%7D' 2
	poll 30 alerting CheckCritical PING pending
	poll 30 alerting CheckStale cron firing
	value 'httpbroker_check_state%7Bcheck="cron"%7D' 3
	asked targets '[.data.activeTargets[] | .health == "up" and .lastError == ""] == [true, true]'
	post_check PING ok 300
	post_check cron ok 300
	none() { asked alerts '.data.alerts == []'; }
	poll 30 none
}
