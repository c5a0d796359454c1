# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $status and what load brings
# The Nagios that other tests use.

load lib/daemons
load lib/nagios
load lib/redis

setup() { start_work; }

teardown() {
	stop_all
	exec 7>&-
}

@test "Nagios checks each second and writes results into the pipe" {
	local port before
	port=$(free_port)
	nagios_configure "$port" web-01 'TCP port'
	exec 7<>"$nagios_perfdata"
	start_nagios
	nagios_result CRITICAL
	[ "${fields[0]}" = '[SERVICEPERFDATA]' ]
	[ "${fields[2]}" = web-01 ]
	[ "${fields[3]}" = 'TCP port' ]
	[[ "${fields[7]}" == *'Connection refused' ]]
	before=${fields[1]}
	nagios_result CRITICAL
	[ $((fields[1] - before)) -le 2 ]
	redis_port=$port start_redis # any listener will do
	nagios_result OK
	[[ "${fields[7]}" == 'TCP OK - '* ]]
	[[ "${fields[8]}" == 'time='* ]]
}

@test "Nagios does not listen, and writes nothing while stopped" {
	local port
	port=$(free_port)
	nagios_configure "$port"
	exec 7<>"$nagios_perfdata"
	start_nagios
	nagios_result CRITICAL
	run ss -Hltnp
	[[ "$output" != *"pid=${pids[nagios]},"* ]]
	freeze nagios
	while read -rt 0.1 -u 7 _; do :; done # what it had already written
	run ! read -rt 3 -u 7 _
	kill -CONT "${pids[nagios]}"
	nagios_result CRITICAL
	stop nagios
}
