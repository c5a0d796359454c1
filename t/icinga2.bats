#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $root, $work and what load brings; eval
# flapper, a real Icinga 2 with the example's configuration, httpbroker-submit, httpbroker and
# httpbroker-notify: every change arrives.

load lib/daemons

setup() { start_work; }
teardown() { stop_all; }

start_icinga2() {
	local folder folders=()
	for folder in Data Cache Log Spool InitRun; do
		mkdir "$work/$folder"
		folders+=(-D "${folder}Dir=$work/$folder")
	done
	cat >"$work/icinga2.conf" <<-E
		const PluginDir = "/usr/lib/nagios/plugins"
		const NodeName = "localhost"
		include <itl>
		include <plugins>
		object CheckerComponent "checker" { }
		include "$work/flapper.conf"
	E
	start icinga2 env ICINGA2_USER="$(id -un)" ICINGA2_GROUP="$(id -gn)" \
		icinga2 daemon -c "$work/icinga2.conf" "${folders[@]}"
}

@test "the example for Icinga 2: every change of flapper's port becomes a notification" {
	local port flapper_port
	port=$(free_port) flapper_port=$(free_port)
	export HTTPBROKER_URL=http://127.0.0.1:$port
	sed "s/12345/$flapper_port/; s/= 10s/= 1s/" "$root/doc/examples/icinga2/flapper.conf" >"$work/flapper.conf"
	mkfifo "$work/events"
	start broker httpbroker --port "$port" --server none --output "$work/events"
	start notify bash -c "exec httpbroker-notify <'$work/events'"
	poll 20 curl -sf "$HTTPBROKER_URL/health"
	start flapper flapper -i 10 -p "$flapper_port"
	start_icinga2
	poll 60 log_has notify '^Problem: .*"Flapper" on flapper-on-icinga-01.example.org is Critical, connect to address .*refused$'
	poll 60 log_has notify '^Recovery: "Flapper" on flapper-on-icinga-01.example.org is OK, TCP OK - '
	stop flapper
	poll 60 eval '[ "$(grep -c "^Problem: " "$work/notify.log")" -ge 2 ]'
	log_has icinga2 'Activated all objects'
	run ! log_has icinga2 'critical/|warning/Process'
}
