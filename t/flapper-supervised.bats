# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # $work, $output, $status and what load brings; eval's
# The examples of doc/examples/flapper, each under its supervisor.

load lib/daemons
load lib/flapper
load lib/supervised

# A directory that the user `nobody` can access, with flapper in it.
setup() {
	start_work
	stage=$(mktemp -d /tmp/flapper-supervised.XXXXXX)
	chmod 755 "$stage"
	install -m 755 "$build/flapper/flapper" "$stage"
	PATH=$stage:$PATH
	port=$(free_port)
}

teardown() {
	supervise_end "$stage/service" || :
	stop_all
	rm -rf "$stage"
}

# stage_example NAME: a copy of that directory, on $port and faster; no change of user without root
stage_example() {
	cp -R "$root/doc/examples/flapper/$1" "$stage/service"
	chmod -R u+w "$stage/service"
	local edits=(-e "s/--port 12345/--port $port/" -e 's/--interval 120/--interval 1h/')
	[ "$(id -u)" -eq 0 ] || edits+=(-e 's/chpst -u nobody //' -e 's/setuidgid nobody //')
	sed -i "${edits[@]}" "$stage/service/run"
	grep -q -- "--port $port" "$stage/service/run"
	sed -i "s|/var/log/flapper|$stage/log|" "$stage/service/log/run"
}

user_of_flapper() {
	stat -c %U "/proc/$(pgrep -f "^flapper .*--port $port\$")"
}

expected_user() {
	if [ "$(id -u)" -eq 0 ]; then echo nobody; else id -un; fi
}

@test "flapper: runit's runsv runs it, logs it, and stops it with exit code 0" {
	stage_example runit
	printf '#!/bin/sh\necho "$@" >finished\n' >"$stage/service/finish"
	chmod 755 "$stage/service/finish"
	start runsv runsv "$stage/service"
	poll 20 grep -q "flapper: info: up on \[::\]:$port for 1800 s" "$stage/log/current"
	check_tcp -H 127.0.0.1 -p "$port"
	[ "$(user_of_flapper)" = "$(expected_user)" ]
	poll 20 service_up "$stage/service"
	sv -w 20 down "$stage/service"
	[ "$(cat "$stage/service/finished")" = '0 0' ]
	run -2 check_tcp -H 127.0.0.1 -p "$port"
	sv -w 20 up "$stage/service"
	poll 20 check_tcp -H 127.0.0.1 -p "$port"
	# runsv also ends the service and its log
	stop runsv
	poll 20 eval "! pgrep -f '^flapper .*--port $port\$'"
}

@test "flapper: daemontools' supervise runs it and stops it" {
	stage_example daemontools
	start supervise supervise "$stage/service"
	poll 20 log_has supervise "flapper: info: up on \[::\]:$port for 1800 s"
	check_tcp -H 127.0.0.1 -p "$port"
	[ "$(user_of_flapper)" = "$(expected_user)" ]
	svc -d "$stage/service"
	poll 20 eval 'svstat "$stage/service" | grep ": down "'
	run -2 check_tcp -H 127.0.0.1 -p "$port"
	svc -u "$stage/service"
	poll 20 check_tcp -H 127.0.0.1 -p "$port"
	supervise_end "$stage/service"
	run -2 check_tcp -H 127.0.0.1 -p "$port"
}

# There is no systemd in a test; the command of the unit is run as systemd would run it.
@test "flapper: the command of flapper.service serves and notifies systemd" {
	local unit=$root/doc/examples/flapper/flapper.service command
	grep -qx 'Type=notify' "$unit"
	command=$(sed -n 's/^ExecStart=//p' "$unit")
	[ "$command" = 'flapper --interval 120 --port 12345' ]
	command=${command/12345/$port}
	python3 - "$work/notify" <<-'E' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(20)
		sys.exit(s.recv(100) != b"READY=1" or s.recv(100) != b"STOPPING=1")
	E
	pids[systemd]=$!
	poll 20 test -S "$work/notify"
	# shellcheck disable=SC2086 # words
	start flapper env -i PATH="$PATH" NOTIFY_SOCKET="$work/notify" $command
	poll 20 check_tcp -H 127.0.0.1 -p "$port"
	stop flapper
	wait "${pids[systemd]}"
}
