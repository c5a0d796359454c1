#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $url and $output come from what load brings
# borgmatic's hook for healthchecks, pointed at httpbroker. borg itself is a script.

load lib/daemons
load lib/broker

setup() { start_work; }
teardown() { stop_all; }

# backup CODE: borgmatic, with a borg that exits with CODE
backup() {
	cat >"$work/borg" <<-E
		#!/bin/sh
		case " \$* " in *' --version '*) echo 'borg 1.2.4'; exit ;; esac
		echo 'borg has run' >&2
		exit $1
	E
	chmod +x "$work/borg"
	borgmatic -c "$work/config.yaml" --syslog-verbosity -1 --log-file "$work/borgmatic.log" create 3>&-
}

check() {
	curl -sSf -u :sesame "$url" | jq -e ".[\"db-01:backup\"] | $1"
}

@test "borgmatic reports start, success and failure of a backup" {
	printf 'sesame\n' >"$work/tokens"
	chmod 600 "$work/tokens"
	start broker httpbroker --port 0 --server none --token-file "$work/tokens" --run-limit 4h --debug
	poll 10 broker_listens
	cat >"$work/config.yaml" <<-E
		location:
		    source_directories: [$work]
		    repositories: [$work/none]
		    local_path: $work/borg
		hooks:
		    healthchecks:
		        ping_url: ${url%/state}/ping/@sesame/db-01/backup
	E
	run -0 backup 0
	check '.state == "ok" and .ttl == 90000'
	[ "$(grep -c 'Started POST /ping/@\*\*\*/db-01/backup/start ' "$work/broker.log")" -eq 1 ]
	[ "$(grep -c 'Started POST /ping/@\*\*\*/db-01/backup ' "$work/broker.log")" -eq 1 ]
	run -1 backup 2
	check '.state == "critical" and (.details | length) > 0'
	[ "$(grep -c 'Started POST /ping/@\*\*\*/db-01/backup/fail ' "$work/broker.log")" -eq 1 ]
	run -0 backup 0
	check '.state == "ok" and .stale == false and (has("run_limit") | not)'
	run -1 grep -i sesame "$work/broker.log"
}
