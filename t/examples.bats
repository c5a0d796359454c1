#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $root, $work and what load brings; eval; lists
# The examples of the manual pages, taken out of the pages and run as they are printed, except for ports,
# hosts, and the paths of files, which are the test's own. The last test fails if one was not run.

load lib/daemons
load lib/redis
load lib/prosody
load lib/examples
load lib/alertmanager

setup() {
	start_work
	examples_prepare
}
teardown() {
	end_examples
	stop_all
}

broker_serves() { curl -sf "http://127.0.0.1:$port/health"; }

# start_store [OPTION...]: a broker without Redis, for examples of clients
start_store() {
	start broker httpbroker --port "$port" --server none "$@"
	poll 20 broker_serves
}

# state_of ENTITY CHECK: as the broker reports it
state_of() {
	curl -s "http://127.0.0.1:$port/state/$1/$2"
}

# state_is ENTITY CHECK PATTERN
state_is() {
	state_of "$1" "$2" | grep -Eq -- "$3"
}

@test "flapper(8)" {
	run_example flapper flapper.8 'flapper --port'
	poll 20 log_has flapper 'info: up on '
	bash "$(example flapper.8 check_tcp)" | grep '^TCP OK'
	end_example flapper
	transcript flapper.8 'flapper --interval'
	run_example flapper flapper.8 'flapper --align'
	poll 20 log_has flapper 'info: (up|down) on .* for [0-9.]+ (s|m)'
}

@test "httpbroker(8)" {
	export PORT=$port # the default of --port
	run_example broker httpbroker.8 'redis-server'
	poll 20 redis_answers
	poll 20 eval 'broker_serves | grep -q "\"redis_up\": *true"'
	bash "$(example httpbroker.8 lrange)" >"$work/out"
	grep '^Caching state: {"entity":"db-01","check":"PING"' "$work/out"
	grep '^{"entity":"db-01","check":"PING","type":"service","state":"ok"' "$work/out"
	grep '"db-01:PING":' "$work/out"
	poll 20 log_has broker 'debug: .*db-01:PING'
	end_example broker
	start_redis
	run_example broker httpbroker.8 '--flapjack-version 1'
	poll 20 eval 'broker_serves | grep -q "\"redis_up\": *true"'
	log_has broker 'warning: any host that reaches this machine may post'
	end_example broker
	run_example broker httpbroker.8 '--server none'
	poll 20 broker_serves
	curl -sf -d '{"entity":"db-01","check":"PING","state":"ok"}' "$HTTPBROKER_URL/state"
	poll 20 log_has broker '^\{"entity":"db-01","check":"PING"'
}

@test "httpbroker-http(7)" {
	start_store
	bash "$(example httpbroker-http.7 '%{http_code}')" >"$work/out"
	diff <(sed 's/"time":[0-9]*/"time":T/; s/ $//' "$work/out" | tr -d '\n') \
		<(sed 's/"time":[0-9]*/"time":T/' "$(example httpbroker-http.7 'Caching state:')" | tr -d '\n')
	printf '{"entity":"db-01","check":"%s","state":"critical"}\n' backup disk >events.ndjson
	bash "$(example httpbroker-http.7 events.ndjson)" | grep '"accepted":2,"refused":0'
	bash "$(example httpbroker-http.7 'state=critical')" >"$work/out"
	[ "$(jq -r keys[] "$work/out" | tr '\n' ' ')" = 'db-01:backup db-01:disk ' ]
	run -2 bash "$(example httpbroker-http.7 check_http)"
	[[ "$output" == *'503 Service Unavailable'* ]]
	stub backup.sh 'echo "3 GB"; exit 3'
	[ "$(bash "$(example httpbroker-http.7 backup.sh)")" = OKOK ]
	state_is db-01 backup '^critical: db-01:backup: exit status 3: 3 GB'
	stub backup.sh 'curl -s "$HTTPBROKER_URL/state/db-01/backup" -H "Accept: application/json" >"$work/while"'
	bash "$(example httpbroker-http.7 backup.sh)"
	[ "$(jq .run_limit "$work/while")" -eq 14400 ]
	state_is db-01 backup '^ok: db-01:backup'
	stop broker
	echo TOKEN >"$work/tokens"
	start_store --token-file "$work/tokens"
	curl -sf -u any:TOKEN -d '{"entity":"db-01","check":"PING","state":"ok"}' "$HTTPBROKER_URL/state"
	bash "$(example httpbroker-http.7 DELETE)" | grep '^{"forgotten": 1}'
}

@test "httpbroker-formats(5)" {
	start_store
	curl -sf --data-binary "@$(example httpbroker-formats.5 foo-app-01)" "$HTTPBROKER_URL/state" |
		grep '^Caching state: {"entity":"foo-app-01".*"ttl":30}'
	curl -sf --data-binary "@$(example httpbroker-formats.5 93600)" "$HTTPBROKER_URL/state" | grep '"accepted":2,"refused":0'
	state_is db-01 backup '^ok: '
	state_is db-01 HOST '^critical: '
	{ echo 'route: {receiver: flapjack, group_wait: 0s}' && cat "$(example httpbroker-formats.5 webhook_configs)"; } >"$work/alertmanager.yml"
	start_alertmanager_at "$am_port"
	curl -sf -H 'Content-Type: application/json' -d '[{"labels":{"alertname":"DiskFull","instance":"db-02"}}]' \
		"http://127.0.0.1:$am_port/api/v2/alerts"
	poll 20 state_is db-02 DiskFull '^critical: '
	[ "$(curl -s "$HTTPBROKER_URL/state?entity=db-02" | jq '.[].ttl')" -eq 18000 ]
}

@test "httpbroker-submit(1)" {
	start_store
	bash "$(example httpbroker-submit.1 'done in 4 min')"
	state_is db-01 backup '^ok: db-01:backup: done in 4 min'
	bash "$(example httpbroker-submit.1 "echo '{")"
	state_is db-01 backup '^ok: db-01:backup: *$'
	stub backup.sh 'echo "cannot read %1" >&2; exit 1'
	mkdir -p "$work/var/spool"
	crontab "$(example httpbroker-submit.1 'HTTPBROKER_URL')" >"$work/cron"
	[ "$(grep -c '^httpbroker-submit' "$work/cron")" -eq 2 ]
	run bash "$work/cron"
	state_is "$(uname -n)" backup '^critical: .*: cannot read %1'
	state_is "$(uname -n)" check_load '^(ok|warning|critical): .*oad average'
	code=2 text='disk full' bash -c "code=2 text='disk full'; . '$(example httpbroker-submit.1 nsca)'"
	state_is db-01 disk '^critical: db-01:disk: disk full'
	run -0 bash "$(example httpbroker-submit.1 --query)"
	[[ "$output" == *'CRITICAL: 1 critical, '*' db-01 '*' disk full'*'OK: 0 critical, '*' db-01 '*' backup '* ]]
	bash "$(example httpbroker-submit.1 --forget)"
	state_is db-01 disk 'error'
	mkdir -p "$work/var/lib/nagios4"
	stub runuser 'shift 3; exec "$@"'
	run_example submit httpbroker-submit.1 'mkfifo'
	poll 20 test -p "$work/var/lib/nagios4/perfdata.fifo"
	poll 20 log_has submit 'reading '
	printf '[SERVICEPERFDATA]\t%s\tweb-01\thttp\tWARNING\t0\t0\tslow\t\n' "$EPOCHSECONDS" >"$work/var/lib/nagios4/perfdata.fifo"
	poll 20 state_is web-01 http '^warning: web-01:http: slow'
}

@test "httpbroker-notify(8)" {
	start_redis
	push() { redis LPUSH events "{\"entity\":\"db-01\",\"check\":\"disk\",\"state\":\"$1\",\"summary\":\"full\"}"; }
	run_example notify httpbroker-notify.8 'httpbroker-notify --server localhost:6379'
	push critical
	poll 20 log_has notify '^Problem: "disk" on db-01 is Critical, full$'
	end_example notify
	stub mail 'cat >>"$work/mailed"'
	run_example notify httpbroker-notify.8 --test
	push ok
	poll 20 grep '^Recovery: "disk" on db-01 is OK, full$' "$work/mailed"
	grep '^Test: ' "$work/mailed"
	end_example notify
	echo 'route: {receiver: none}
receivers: [{name: none}]' >"$work/alertmanager.yml"
	start_alertmanager_at "$am_port"
	run_example notify httpbroker-notify.8 'site=hel-1'
	push warning
	poll 20 eval 'curl -s "http://127.0.0.1:$am_port/api/v2/alerts" |
		jq "any(.labels.site == \"hel-1\" and .labels.alertname == \"disk\" and .labels.state == \"warning\")" | grep -x true'
	end_example notify
	printf '{"entity":"e","check":"c","state":"%s"}\n' critical critical ok >events.ndjson
	[ "$(bash "$(example httpbroker-notify.8 '< events.ndjson')")" = 'Problem: "c" on e is Critical
Recovery: "c" on e is OK' ]
	transcript httpbroker-notify.8 '$ echo'
}

@test "oobetet(8) and oobetet.ini(5)" {
	oobetet_surroundings
	stub chpst 'shift 2; exec "$@"'
	(cd "$root" && bash -e "$(example oobetet.8 useradd)")
	grep -- '--system .* oobetet$' "$work/user"
	[ "$(stat -c '%a %F' "$work/etc/oobetet.ini" "$work/var/lib/oobetet" | tr '\n' ,)" = '600 regular file,700 directory,' ]
	oobetet_site <"$work/etc/oobetet.ini" | sed 's/^max_latency = .*/max_latency = 30/' >"$work/oobetet.ini"
	as_configuration "$work/oobetet.ini" "state_file = $work/var/lib/oobetet/oobetet.state"
	bash -e "$(example oobetet.8 --test-alert)" >"$work/out"
	[ "$(grep -c 'arrived' "$work/out")" -eq 3 ]
	grep -v '^\$ \|^1: ' "$(example oobetet.8 --explain)" >"$work/pasted"
	oobetet --explain <"$work/pasted" | grep -xF "$(grep '^1: ' "$(example oobetet.8 --explain)")"
	run_example oobetet oobetet.8 '#!/bin/sh'
	poll 20 log_has oobetet 'info: in the room log@conference.localhost as oobetet'
	sed 1q "$(example oobetet.8 --quiet)" | bash -e
	poll 20 log_has log 'new switches in rack 4.*: no alarm for "Flapper"'
	sed 1d "$(example oobetet.8 --quiet)" | bash -e
	poll 20 log_has log 'planned work is over .*new switches in rack 4'
	end_example oobetet

	as_configuration "$(example oobetet.ini.5 '[logger]')"
	oobetet --test-alert >"$work/out"
	[ "$(grep -c 'arrived' "$work/out")" -eq 2 ]

	as_configuration "$(example oobetet.ini.5 '[watch web]')"
	start oobetet oobetet
	for room in web mail night; do poll 20 log_has oobetet "info: in the room $room@conference.localhost as oobetet"; done
	[ "$(grep -c 'info: watch .*: watching for' "$work/oobetet.log")" -eq 2 ]
	stop oobetet

	start_store
	echo change-me >"$work/etc/oobetet.password"
	echo 11111111111111111111111111111111 >"$work/etc/oobetet.pagerduty"
	chmod 600 "$work"/etc/oobetet.*
	stub sendmail 'echo "$*" >"$work/mailed"'
	as_configuration "$(example oobetet.ini.5 password_file)"
	oobetet --test-alert >"$work/out"
	[ "$(grep -c 'arrived' "$work/out")" -eq 3 ]
	grep 'root$' "$work/mailed"
	start oobetet oobetet
	poll 20 log_has oobetet 'info: watching for'
	poll 20 state_is oobetet heartbeat '^ok: '
}

@test "quietnight(7): the middle of the chain; a problem and a recovery; a port and a check of it" {
	run_example chain quietnight.7 --output
	poll 20 broker_serves
	bash "$(example quietnight.7 'Connection refused')"
	poll 20 log_has chain '^Problem: .*"Flapper" on lab is Critical, Connection refused$'
	poll 20 log_has chain '^Recovery: "Flapper" on lab is OK, TCP OK$'
	echo wait >>"$(example quietnight.7 'flapper --interval')"
	run_example flapper quietnight.7 'flapper --interval'
	poll 20 state_is lab Flapper 'TCP OK - .* response time|onnection refused'
}

@test "each example of each page was run, at least three of a page" {
	local page
	for page in "$root"/doc/*.[1578]; do
		page=${page##*/}
		echo "$page"
		[ "$(examples_of "$page" | wc -l)" -ge 3 ]
		diff <(examples_of "$page" | sort -u) <(sed -n "s/^$page //p" "$BATS_FILE_TMPDIR/taken" | sort -u)
	done
}
