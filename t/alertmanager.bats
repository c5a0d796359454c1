#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2154 # the functions and their variables come from lib
# A real Alertmanager posts to httpbroker, configured as in the manual.

load lib/daemons
load lib/redis
load lib/broker
load lib/alertmanager

setup() {
	start_work
	start_redis
	start_broker --interval 1h --heartbeat-alert Watchdog --heartbeat-alert Pulse
	alertmanager_config >"$work/alertmanager.yml"
	alertmanager_port=$(free_port)
	start_alertmanager_at "$alertmanager_port"
}

teardown() { stop_all; }

alertmanager_config() {
	cat <<-CONFIG
		route:
		  receiver: flapjack
		  group_by: [alertname, instance]
		  group_wait: 0s
		  group_interval: 1s
		receivers:
		- name: flapjack
		  webhook_configs:
		  - url: $url?ttl=5h
		    send_resolved: true
	CONFIG
}

# alert MOUNTPOINT SEVERITY [END [BEGIN]]: sends it as Prometheus does; with END it is resolved
alert() {
	curl -sSf -m 20 -H 'Content-Type: application/json' \
		-d "[{\"labels\": {\"alertname\": \"DiskFull\", \"instance\": \"db-01:9100\",
			\"mountpoint\": \"$1\", \"severity\": \"$2\"},
			\"annotations\": {\"summary\": \"$1 is full\", \"description\": \"97 %\"}
			${3:+, \"endsAt\": \"$3\"}${4:+, \"startsAt\": \"$4\"}}]" "http://127.0.0.1:$alertmanager_port/api/v2/alerts"
}

over() {
	alert "$1" "$2" "$(date -u +%FT%TZ)"
}

# plain NAME SEVERITY [KEYS]: an alert with these two labels, as Prometheus sends it, with more KEYS
plain() {
	curl -sSf -m 20 -H 'Content-Type: application/json' \
		-d "[{\"labels\": {\"alertname\": \"$1\", \"severity\": \"$2\"}${3-}}]" \
		"http://127.0.0.1:$alertmanager_port/api/v2/alerts"
}

# states: the state of each check of the instance
states() {
	curl -sSf "$url" | jq -c 'to_entries | map(select(.key | startswith("db-01:9100:")) | [.key[11:], .value.state])'
}

@test "two alerts of one name fire, are resolved one after the other, and fire again" {
	alert / warning
	poll 30 last_queued '"entity":"db-01:9100","check":"DiskFull.mountpoint=/,severity=warning.",.*"state":"warning","summary":"/ is full","details":"97 %"'
	alert /var page
	poll 30 last_queued '"check":"DiskFull.mountpoint=/var,severity=page.",.*"state":"critical","summary":"/var is full"'
	over /var page
	poll 30 last_queued '"check":"DiskFull.mountpoint=/var,severity=page.",.*"state":"ok","summary":"resolved"'
	[ "$(states)" = '[["DiskFull{mountpoint=/,severity=warning}","warning"],["DiskFull{mountpoint=/var,severity=page}","ok"]]' ] ||
		[ "$(states)" = '[["DiskFull{mountpoint=/var,severity=page}","ok"],["DiskFull{mountpoint=/,severity=warning}","warning"]]' ]
	# as Prometheus resends an expired alert: it began before it ended
	alert /var page '' "$(date -u -d '-1 hour' +%FT%TZ)"
	poll 30 last_queued '"check":"DiskFull.mountpoint=/var,severity=page.",.*"state":"critical"'
	over / warning
	poll 30 last_queued '"state":"ok"'
	[ "$(queue | jq -r .state)" = 'warning
critical
ok
critical
ok' ]
	[ "$(curl -sSf "$url" | jq -c '.["db-01:9100:DiskFull{mountpoint=/,severity=warning}"] | [.state, .ttl]')" = '["ok",18000]' ]
}

@test "a heartbeat is ok while it fires and critical when it ends; info is ok; notify's own alerts make no check" {
	plain Watchdog none ', "annotations": {"summary": "alive"}'
	poll 30 last_queued '"check":"Watchdog.severity=none.",.*"state":"ok","summary":"alive"'
	plain Watchdog none ", \"endsAt\": \"$(date -u +%FT%TZ)\""
	poll 30 last_queued '"check":"Watchdog.severity=none.",.*"state":"critical","summary":"resolved, but'
	plain Pulse critical
	poll 30 last_queued '"check":"Pulse.severity=critical.",.*"state":"ok"'
	plain InfoInhibitor none
	poll 30 last_queued '"check":"InfoInhibitor.severity=none.",.*"state":"ok"'
	plain Flapper 'critical", "via": "httpbroker-notify'
	poll 30 returned
	[ "$(queue | jq -r .check)" = 'Watchdog{severity=none}
Watchdog{severity=none}
Pulse{severity=critical}
InfoInhibitor{severity=none}' ]
	[ "$(curl -sSf "$url" | jq -c '[.[] | .ttl] | sort')" = '[-1,18000,18000]' ]
}

returned() {
	curl -sS "${url%/state}/metrics" |
		grep -q '^httpbroker_events_accepted_total{format="alertmanager",result="returned"} [1-9]'
}
