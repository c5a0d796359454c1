# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $work, $pids and the functions come from the other files
#
# The whole chain, of real programs, with an oobetet that probes it. Load daemons, redis, nagios,
# prosody and oobetet first.
#
#   start_whole_chain [KEY=VALUE...]   starts all; returns when a problem and a recovery have arrived.
#                                      KEYs as in write_ini; KEY= removes one
#   alarm_has PATTERN                  waits for the alarm, and succeeds if it ends so everywhere:
#                                      in the room, at PagerDuty and at the command
#   alarm_outside_has PATTERN          the same where oobetet cannot be in the room
#
# Its parts, by the names of their logs: flapper, nagios, submit, broker, redis, notify (the event
# processor), flapjack (what sends its lines to the room), prosody, oobetet, pagerduty.

# Two seconds open, two closed; the rest of oobetet's intervals follow from max_latency.
chain_period=4
chain_latency=20

start_whole_chain() {
	chain_ports
	start_redis --bind "$chain_address" --protected-mode no
	start_prosody "interfaces = { '$chain_address' }"
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --payload
	enter_room flapjack flapjack
	enter_room eve eve
	start broker httpbroker --port "$chain_address:$broker_port" --server "127.0.0.1:$redis_port" --interval 2s
	poll 20 curl -sf -o /dev/null "http://127.0.0.1:$broker_port/state"
	# its output keeps a reader: it goes on if flapjack ends
	start notify bash -c 'exec httpbroker-notify "$@" 1<>"$0"' "$work/flapjack.in" --server "127.0.0.1:$redis_port"
	poll 20 log_has notify 'info: active'
	start flapper flapper --interval "$chain_period" --port "$flapper_port" --bind "$chain_address"
	nagios_configure "$flapper_port" web-01 Flapper
	start submit httpbroker-submit --url "http://127.0.0.1:$broker_port/state" --format nagios "$nagios_perfdata"
	start_nagios
	chain_oobetet "$@"
	poll 60 swung
}

# 0.0.0.0 has 127.0.0.1 as well: a test may give oobetet another address of this machine.
chain_ports() {
	local ports
	mapfile -t ports < <(free_port 2)
	flapper_port=${ports[0]} broker_port=${ports[1]}
	chain_address=${chain_address:-127.0.0.1}
}

chain_oobetet() {
	local to=${chain_seen_at:-127.0.0.1}
	write_ini "server=$to" max_latency=$chain_latency repeat_interval=5 watched_nick=flapjack \
		"alert_command=cat >>$work/command" "probe_flapper=$to:$flapper_port" \
		"probe_broker=http://$to:$broker_port" "probe_redis=$to:$redis_port" "$@"
	start_oobetet --debug
}

swung() {
	log_has oobetet 'debug: problem from' && log_has oobetet 'debug: recovery from'
}

alarm_has() {
	alarm_outside_has "$1" || return
	poll 20 log_has eve "<oobetet> .*Critical.*; $1\$" && return
	tail -n 5 "$work/eve.log"
	return 1
}

alarm_outside_has() {
	local quoted=${1//\"/\\\\\"}
	poll $((3 * chain_latency)) test -s "$work/command" || return
	if grep -Eq "Critical.*; $1\$" "$work/command"; then
		poll 20 pagerduty_has "202 trigger .*; $quoted\"\$"
	else
		cat "$work/command" "$work/pagerduty.log"
		return 1
	fi
}
