# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $root, $pids and what load brings
# metrics_file: what oobetet measures, for node_exporter's textfile collector.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet
load lib/flapper
load lib/prometheus

setup() { start_work; }
teardown() { stop_all; }

# measured LINE [FILE]: metrics_file has this line, a regular expression
measured() {
	grep -qE "^$1\$" "${2:-$work/oobetet.prom}"
}

@test "oobetet: metrics_file has silence, incidents, deliveries, rooms and workers; promtool accepts it" {
	local name='watch="\\"Flapper\\" on web-01"'
	start_chain metrics_file="$work/oobetet.prom" state_file="$work/state"
	both
	poll 20 measured 'oobetet_room_joined\{room="ops@conference.localhost"\} 1'
	sound "$work/oobetet.prom"
	[ "$(stat -c %a "$work/oobetet.prom")" = 644 ]
	measured 'oobetet_build_info\{version="[0-9.]+"\} 1'
	measured "oobetet_start_time_seconds $(($(date +%s) / 100))[0-9]{2}\.[0-9]+" ||
		measured "oobetet_start_time_seconds $(($(date +%s) / 100 - 1))[0-9]{2}\.[0-9]+"
	measured "oobetet_max_latency_seconds\{$name\} 3.000"
	measured "oobetet_planned_work\{$name\} 0"
	poll 20 measured "oobetet_incident_open\{$name\} 1"
	poll 20 measured "oobetet_incidents_total\{$name\} 1"
	measured "oobetet_silence_seconds\{$name,kind=\"problem\"\} [0-9]+\.[0-9]{3}"
	both
	poll 20 measured "oobetet_incident_open\{$name\} 0"
	oobetet -c "$work/oobetet.ini" --quiet 1h --reason 'new "switches"'
	poll 20 measured "oobetet_planned_work\{$name\} 1"
	# an incident that is held back counts as well, and once
	poll 20 measured "oobetet_incidents_total\{$name\} 2"
	measured "oobetet_incident_open\{$name\} 1"
	oobetet -c "$work/oobetet.ini" --quiet 0
	poll 20 measured "oobetet_planned_work\{$name\} 0"
	measured "oobetet_incidents_total\{$name\} 2"
	poll 20 pagerduty_has 'incident 2 opened'
	both
	poll 20 measured "oobetet_incident_open\{$name\} 0"
	poll 20 measured "oobetet_deliveries_total\{$name,channel=\"ops@conference.localhost\"\} [1-9][0-9]*"
	poll 40 measured "oobetet_deliveries_total\{$name,channel=\"PagerDuty\"\} [4-9]"
	measured "oobetet_delivery_failures_total\{$name,channel=\"PagerDuty\"\} 0"
	measured 'oobetet_worker_online\{worker="http"\} 1'
	measured 'oobetet_worker_starts_total\{worker="xmpp"\} [1-9]'
	sound "$work/oobetet.prom"
	run ! grep -E '0123456789abcdef|secret-of-oobetet' "$work/oobetet.prom"
}

# counted FAMILY CHANNEL: the number
counted() {
	sed -nE "s/^$1\\{.*channel=\"$2\"\\} //p" "$work/oobetet.prom"
}

# counts_on N FAMILY CHANNEL: the number is at least N
counts_on() {
	[ "$(counted "$2" "$3")" -ge "$1" ]
}

@test "oobetet: a reload that changes the watch sets no counter of its channels back" {
	start_chain metrics_file="$work/oobetet.prom" alert_command=false
	poll 20 pagerduty_has '202 trigger'
	both
	poll 20 pagerduty_has '202 resolve'
	poll 20 measured 'oobetet_incident_open\{.*\} 0'
	poll 20 counts_on 2 oobetet_deliveries_total PagerDuty
	poll 20 counts_on 1 oobetet_delivery_failures_total alert_command
	local deliveries failures
	deliveries=$(counted oobetet_deliveries_total PagerDuty)
	failures=$(counted oobetet_delivery_failures_total alert_command)
	sed -i 's/^max_latency.*/max_latency = 60/' "$work/oobetet.ini"
	kill -HUP "${pids[oobetet]}"
	poll 20 log_has oobetet 'watches: 0 unchanged, 1 changed, 0 new, 0 removed$'
	poll 20 measured 'oobetet_max_latency_seconds\{.*\} 60.000'
	counts_on "$deliveries" oobetet_deliveries_total PagerDuty
	counts_on "$failures" oobetet_delivery_failures_total alert_command
}

@test "oobetet: metrics_file of several watches; a folder that refuses it is logged once" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	mkdir "$work/folder"
	write_ini watched_entity= metrics_file="$work/folder/oobetet.prom" pagerduty_contact= alert_command=false
	printf '\n[watch %s]\nwatched_entity = x\n' web mail >>"$work/oobetet.ini"
	rmdir "$work/folder"
	start_oobetet
	poll 20 log_has oobetet "error: metrics_file $work/folder/oobetet.prom cannot be written: No such file or directory; trying again"
	poll 20 at_least 2 oobetet 'is Critical'
	[ "$(count_of oobetet 'cannot be written')" -eq 1 ]
	mkdir "$work/folder"
	poll 40 log_has oobetet "info: metrics_file $work/folder/oobetet.prom is written again"
	local prom=$work/folder/oobetet.prom
	poll 20 measured 'oobetet_incident_open\{watch="web"\} 1' "$prom"
	poll 40 measured 'oobetet_delivery_failures_total\{watch="mail",channel="alert_command"\} [1-9][0-9]*' "$prom"
	poll 40 measured 'oobetet_notifications_pending\{watch="mail",channel="alert_command"\} [1-9]' "$prom"
	cp "$prom" "$work"
	sound "$work/oobetet.prom"
}

# alert: says in the room, a second later, what the port of flapper does
alert() {
	local before='' now
	while read -rt 0.1 <> <(:) || :; do
		if grep -q up <(tail -n 1 "$work/flapper.log"); then now=recovery; else now=problem; fi
		[ "$now" = "${before:-$now}" ] || { read -rt 1 <> <(:) || : && "$now"; }
		before=$now
	done
}

@test "oobetet: with probe_flapper, the delay from the port's change to its message is measured" {
	start_flapper -i 6
	start_chain probe_flapper="127.0.0.1:$port" max_latency=60 metrics_file="$work/oobetet.prom"
	start alert alert
	poll 40 measured 'oobetet_swing_delay_seconds_count\{.*\} [3-9]'
	sound "$work/oobetet.prom"
	measured 'oobetet_swing_delay_seconds_bucket\{.*,le="\+Inf"\} [3-9]'
	measured 'oobetet_swing_delay_seconds_bucket\{.*,le="5"\} [1-9]'
	measured 'oobetet_swing_delay_seconds_sum\{.*\} [0-9.]+'
	say eve 'oobetet: status'
	poll 20 room_has 'last problem [0-9.]+ m?s ago \([0-9.]+ m?s after the port changed\), last recovery [0-9.]+ m?s ago \([0-9.]+ m?s after the port changed\);'
}

@test "oobetet: the alert rules for metrics_file raise what they promise" {
	promtool check rules "$root/doc/examples/prometheus/oobetet.yml"
	promtool test rules "$root/doc/examples/prometheus/oobetet_test.yml"
}
