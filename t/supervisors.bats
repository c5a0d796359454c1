#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $work, $root, $port and what load brings; eval's
# The examples for s6, and daemontools' logs: every daemon under a real s6-supervise says when it is
# ready, serves then, and stops. (runit and daemontools: in the tests of each program.)

load lib/daemons
load lib/supervised

setup() {
	start_work
	port=$(free_port)
}

teardown() {
	[ ! -d "$work/service/supervise" ] || s6-svc -dx "$work/service" || :
	stop_all
}

# example PROGRAM SUPERVISOR SED...: a copy of that directory in $work/service, edited as a site would;
# its service runs as the user of the test
example() {
	cp -R "$root/doc/examples/$1/$2" "$work/service"
	chmod -R u+w "$work/service"
	sed -Ei -e 's/(s6-)?setuidgid ("\$user"|[a-z]+) //' "${@:3}" "$work/service/run"
}

# s6_ready: starts it and waits until it has said itself that it is ready
s6_ready() {
	start s6-supervise s6-supervise "$work/service"
	poll 20 test -p "$work/service/supervise/control"
	s6-svwait -U -t 20000 "$work/service"
}

s6_stop() {
	s6-svc -dx "$work/service"
	poll 20 ended "${pids[s6-supervise]}"
}

@test "s6: flapper is ready when its port is open, and stops" {
	example flapper s6 -e "s/12345/$port/"
	s6_ready
	check_tcp -H 127.0.0.1 -p "$port"
	s6_stop
	run -2 check_tcp -H 127.0.0.1 -p "$port"
}

@test "s6: httpbroker is ready when it listens, without Redis too" {
	example httpbroker s6 -e "s/--port 3090/--port $port/" -e "s/localhost:6379/127.0.0.1:$(free_port)/"
	s6_ready
	[ "$(curl -s "http://127.0.0.1:$port/health" | jq .redis_up)" = false ]
	s6_stop
	run -7 curl -s "http://127.0.0.1:$port/health"
}

@test "s6: httpbroker-notify is ready when it reads, without Redis too" {
	example httpbroker-notify s6 -e "s/localhost:6379/127.0.0.1:$(free_port)/"
	s6_ready
	poll 20 log_has s6-supervise 'error: Redis at 127.0.0.1:[0-9]*: cannot connect'
	s6_stop
}

@test "s6: oobetet is ready when it watches, without its server too" {
	cat >"$work/oobetet.ini" <<-E
		[oobetet]
		jabberid = oobetet@localhost
		password = secret
		server = 127.0.0.1
		port = $port
		alias = oobetet
		rooms = alerts@conference.localhost
		watched_check = Flapper
	E
	chmod 600 "$work/oobetet.ini"
	example oobetet s6 -e "s|/etc/oobetet.ini|$work/oobetet.ini|"
	s6_ready
	log_has s6-supervise 'watching for "Flapper"'
	s6_stop
}

@test "s6: httpbroker-submit reads the pipe of Nagios and stops" {
	example httpbroker-submit s6 -e "s|/var/lib/nagios4/perfdata.fifo|$work/fifo|"
	start s6-supervise s6-supervise "$work/service"
	poll 20 log_has s6-supervise "reading $work/fifo"
	s6_stop
}

@test "s6-log and multilog write what a log/run gets" {
	local supervisor
	for supervisor in s6 daemontools; do
		cp -R "$root/doc/examples/flapper/$supervisor/log" "$work/log-$supervisor"
		(cd "$work/log-$supervisor" && echo 'flapper: info: up' | ./run)
		grep -q 'flapper: info: up' "$work/log-$supervisor/main/current"
	done
}
