# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # $0 and $1 of a bash -c; $work, $output and what load brings
# The examples for Nagios and runit, unchanged except for the paths, with a real Nagios.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/nagios
load lib/redis
load lib/submit

setup() {
	start_work
	read -rd '' port flapper_port < <(free_port 2) || :
	export HTTPBROKER_URL=http://127.0.0.1:$port/state
	examples=$root/doc/examples
}

teardown() {
	! declare -F supervise_end >/dev/null || supervise_end "$work/httpbroker-submit" || :
	stop_all
}

# A Nagios with its own objects and those of the example.
configure() {
	local own=$work/nagios
	nagios_configure "$flapper_port" web-01 http
	grep -vE '^(interval_length|process_performance_data|service_perfdata|host_perfdata)' \
		"$own/nagios.cfg" >"$work/nagios.cfg"
	sed "s|/var/lib/nagios4/perfdata.fifo|$nagios_perfdata|" "$examples/nagios/nagios.cfg" >>"$work/nagios.cfg"
	sed "s/!12345/!$flapper_port/" "$examples/nagios/flapper.cfg" >"$own/flapper.cfg"
	cat >>"$work/nagios.cfg" <<-CONFIG
		cfg_file=$own/flapper.cfg
		cfg_file=$own/down.cfg
		resource_file=$own/resource.cfg
	CONFIG
	echo "\$USER1\$=/usr/lib/nagios/plugins" >"$own/resource.cfg"
	cat >"$own/down.cfg" <<-CONFIG
		define host {
			host_name          web-02
			address            127.0.0.1
			check_command      check_flapper!$flapper_port
			max_check_attempts 1
			check_interval     0.05
		}
	CONFIG
	mv "$work/nagios.cfg" "$own/nagios.cfg"
}

# delivered_has PATTERN: an event in Redis matches
delivered_has() {
	delivered | grep -Eq -- "$1"
}

# logged N PATTERN: svlogd has written N matching lines
logged() {
	[ "$(cat "$work"/log/@* "$work/log/current" 2>/dev/null | grep -c -- "$2")" -eq "$1" ]
}

@test "the Nagios example: each result of a service and of a host arrives every ten seconds" {
	local flapper='"entity":"flapper-on-nagios-01.example.org","check":"Flapper"'
	start_redis
	start_broker
	configure
	start submit httpbroker-submit --format nagios "$nagios_perfdata"
	poll 20 log_has submit reading
	start_nagios
	poll 20 delivered_has "$flapper,\"state\":\"critical\",\"summary\":\".*Connection refused"
	poll 20 delivered_has '"entity":"web-02","check":"HOST","state":"critical"'
	start flapper flapper --port "$flapper_port" --interval 1h
	poll 20 delivered_has "$flapper,\"state\":\"ok\",\"summary\":\"TCP OK.*\"perfdata\":\"time="
	stop nagios
	stop submit
	run ! log_has submit error
}

@test "the runit example: runs a feed, logs, restarts, stops" {
	local service=$work/httpbroker-submit
	load lib/supervised
	start_redis
	start_broker
	cp -r "$examples/httpbroker-submit/runit" "$service"
	sed -i "s|/var/lib/nagios4/perfdata.fifo|$work/fifo|;
		s|http://localhost:3090/state|$HTTPBROKER_URL|" "$service/run"
	as_whoever "$service/run"
	sed -i "s|/var/log/httpbroker-submit|$work/log|" "$service/log/run"
	start runsv runsv "$service"
	poll 20 logged 1 "reading $work/fifo"
	printf '[HOSTPERFDATA]\t%s\tdb\tHOST\tUP\t0\t0\tup\t\n' "$EPOCHSECONDS" >"$work/fifo"
	poll 20 delivered_count 1
	poll 20 service_up "$service"
	sv -w 20 restart "$service"
	# sv compares whole seconds: a service started in this second counts as restarted
	poll 20 logged 2 "reading $work/fifo"
	printf '[HOSTPERFDATA]\t%s\tdb\tHOST\tDOWN\t0\t0\tdown\t\n' "$EPOCHSECONDS" >"$work/fifo"
	poll 20 delivered_count 2
	sv -w 20 exit "$service"
	stop runsv
	poll 20 logged 2 'stopped: 1 accepted, 0 refused'
}

@test "the daemontools example: runs a feed and stops" {
	local service=$work/httpbroker-submit
	load lib/supervised
	start_redis
	start_broker
	cp -r "$examples/httpbroker-submit/daemontools" "$service"
	sed -i "s|/var/lib/nagios4/perfdata.fifo|$work/fifo|" "$service/run"
	sed -i "s|http://localhost:3090/state|$HTTPBROKER_URL|" "$service/env/HTTPBROKER_URL"
	as_whoever "$service/run"
	start supervise env -u HTTPBROKER_URL supervise "$service"
	poll 20 log_has supervise "reading $work/fifo"
	printf '[HOSTPERFDATA]\t%s\tdb\tHOST\tUP\t0\t0\tup\t\n' "$EPOCHSECONDS" >"$work/fifo"
	poll 20 delivered_count 1
	supervise_end "$service"
	poll 20 log_has supervise 'stopped: 1 accepted, 0 refused'
}
