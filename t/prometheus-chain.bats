#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # the functions and their variables come from lib; inner shells
# doc/examples/prometheus-chain with real programs: each part is killed in turn, and the alarm comes. Only
# addresses and times differ from the example: all is some five times as fast.

load lib/daemons
load lib/prosody
load lib/alertmanager

period=8       # seconds, of the flapper
max_latency=16

setup() {
	start_work
	mapfile -t ports < <(free_port 6)
	flapper_port=${ports[0]} blackbox_port=${ports[1]} prometheus_port=${ports[2]}
	alertmanager_port=${ports[3]} broker_port=${ports[4]} redis_port=${ports[5]}
	local file
	for file in blackbox.yml prometheus.yml rules.yml alertmanager.yml; do
		sed "s/localhost:12345/127.0.0.1:$flapper_port/; s/localhost:9115/127.0.0.1:$blackbox_port/
			s/localhost:9093/127.0.0.1:$alertmanager_port/; s/localhost:3090/127.0.0.1:$broker_port/
			s/interval: 1m$/interval: 1s/; s/ttl=5m/ttl=6s/" \
			"$root/doc/examples/prometheus-chain/$file" >"$work/$file"
	done
	promtool check rules "$work/rules.yml"
	promtool check config "$work/prometheus.yml"
}

teardown() { stop_all; }

# The parts, in the order of a change. Each can be started again.
start_flapper() {
	start flapper flapper --interval "$period" --port "$flapper_port" --bind 127.0.0.1
}

start_blackbox() {
	start blackbox prometheus-blackbox-exporter --config.file="$work/blackbox.yml" \
		--web.listen-address="127.0.0.1:$blackbox_port"
}

start_prometheus() {
	start prometheus prometheus --config.file="$work/prometheus.yml" \
		--storage.tsdb.path="$work/prometheus.data" --rules.alert.resend-delay=1s \
		--web.listen-address="127.0.0.1:$prometheus_port"
	poll 30 listening "$prometheus_port"
}

start_alertmanager() {
	start_alertmanager_at "$alertmanager_port"
}

start_httpbroker() {
	start httpbroker httpbroker --port "127.0.0.1:$broker_port" --server "127.0.0.1:$redis_port"
	poll 10 listening "$broker_port"
}

start_notify() {
	SSL_CERT_FILE=$prosody_certificate HOME=$work XDG_DATA_HOME=$work/share \
		start notify httpbroker-notify --server "127.0.0.1:$redis_port" -- \
		go-sendxmpp -f "$work/sendxmpprc" -a notify -c alerts@conference.localhost
}

start_oobetet() {
	sed "s/example\.org/localhost/; s/change-me/secret-of-oobetet/
		s/^max_latency.*/max_latency = $max_latency/
		s|^alert_command.*|alert_command = $work/tell|
		s|^password.*|&\nserver = 127.0.0.1\nport = $prosody_port\ntls_ca_file = $prosody_certificate|
		\$a [logger]\nlevel = DEBUG" \
		"$root/doc/examples/prometheus-chain/oobetet.ini" >"$work/oobetet.ini"
	chmod 600 "$work/oobetet.ini"
	printf '#!/bin/sh\ncat >>"%s"\n' "$work/told" >"$work/tell"
	chmod 755 "$work/tell"
	: >"$work/told"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 30 log_has oobetet 'info: in the room'
}

# In place of lib's: as it was.
start_prosody() {
	prosody_start
}

start_accounts() {
	start_prosody_tls
	prosody_account notify secret-of-notify
	prosody_account oobetet secret-of-oobetet
	printf 'username: notify@localhost\njserver: 127.0.0.1:%s\npassword: secret-of-notify\n' \
		"$prosody_port" >"$work/sendxmpprc"
	chmod 600 "$work/sendxmpprc"
}

# Another Redis has the data of the one that was killed.
start_redis() {
	start redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work" --save '' --appendonly yes
	poll 30 listening "$redis_port"
}

# messages STATE: how often oobetet has run the command for it
messages() {
	grep -c "Flapjack Self Monitoring is $1" "$work/told" || :
}

more_messages_than() {
	[ "$(messages "$2")" -gt "$1" ]
}

# Both kinds were heard, and no incident is open.
works() {
	log_has oobetet 'debug: problem from' && log_has oobetet 'debug: recovery from' || return
	[ ! -s "$work/told" ] || tail -n 1 "$work/told" | grep -q 'Flapjack Self Monitoring is OK'
}

@test "flapper to oobetet: each part is killed in turn; the alarm comes, and its end" {
	local part alarms since
	start_accounts
	start_oobetet
	for part in redis httpbroker notify alertmanager blackbox prometheus flapper; do "start_$part"; done
	for part in flapper blackbox prometheus alertmanager httpbroker redis notify prosody; do
		poll $((8 * max_latency)) works
		alarms=$(messages Critical)
		since=$SECONDS
		kill_now "$part"
		poll $((4 * max_latency)) more_messages_than "$alarms" Critical
		echo "# $part was killed: the alarm came after $((SECONDS - since)) s" >&3
		"start_$part"
	done
	poll $((8 * max_latency)) works
}

# short_state STATE: the last notification was of that state
short_state() {
	[ "$(tail -n 1 "$work/short" | jq -r '"\(.check) \(.state)"')" = "Watchdog{severity=none} $1" ]
}

@test "Watchdog to a command: Prometheus and Alertmanager are killed in turn; the alarm comes, and its end" {
	: >"$work/short"
	mkfifo "$work/pipe" # `|`, but each end is stopped by itself
	start notify bash -c 'exec httpbroker-notify --output-format json -- sh -c "cat >>\"\$0\"" "$0/short" <"$0/pipe"' "$work"
	start httpbroker bash -c 'exec httpbroker --port "$1" --server none --interval 1s --output - >"$0/pipe"' \
		"$work" "127.0.0.1:$broker_port"
	poll 10 listening "$broker_port"
	start_alertmanager
	start_prometheus
	poll 30 eval 'curl -sSf "http://127.0.0.1:$broker_port/state" | jq -e "any(.state == \"ok\")"'
	[ ! -s "$work/short" ]
	kill_now prometheus
	poll 60 short_state critical
	start_prometheus
	poll 60 short_state ok
	kill_now alertmanager
	poll 60 short_state unknown
	start_alertmanager
	poll 60 short_state ok
}
