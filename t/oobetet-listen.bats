# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet's listen_command: a program in place of rooms, and the recipes of oobetet.ini(5).

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet
load lib/alertmanager

setup() { start_work; }
teardown() { stop_all; }

problem='Problem: "Flapper" on web-01 is Critical'
recovery='Recovery: "Flapper" on web-01 is OK'

# write_listen KEY=VALUE...: no account and no room; alarms go to $work/got.log
write_listen() {
	write_ini server= port= jabberid= password= tls= rooms= pagerduty_contact= pagerduty_url= \
		alert_command="cat >>$work/got.log" "$@"
}

start_listening() {
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 60 log_has oobetet 'info: listen_command: listening$'
}

got() {
	log_has got "$1" 2>/dev/null
}

# recipe NAME: the lines of the example in the manual page that follows this mark, as a reader sees
# them; a line that does not begin with a key continues the one before
recipe() {
	sed -n "/^\\.\\\\\" recipe $1\$/,/^\\.Ed/p" "$root/doc/oobetet.ini.5" |
		sed -E '/^\./d; s/\\\(dq/"/g; s/\\e/\\/g; s/\\&//g' |
		awk '{ printf "%s%s", (/^[a-z_]+ = / ? (NR > 1 ? "\n" : "") : " "), $0 } END { print "" }'
}

# A file of the recipe NAME whose keys KEY=VALUE... are replaced, with the speed of a test.
write_recipe() {
	local name=$1 key
	shift
	recipe "$name" >"$work/oobetet.ini"
	[ "$(wc -l <"$work/oobetet.ini")" -ge 4 ]
	chmod 600 "$work/oobetet.ini"
	for key in max_latency=3 repeat_interval=1 watched_check=Flapper watched_entity=web-01 "$@"; do
		sed -i "/^${key%%=*} = /d" "$work/oobetet.ini"
		[ -z "${key#*=}" ] || printf '%s = %s\n' "${key%%=*}" "${key#*=}" >>"$work/oobetet.ini"
	done
}

log_both() {
	printf '%s\n' "$problem" "$recovery" >>"$work/alerts.log"
}

@test "oobetet: listen_command: the recipe for a log file" {
	printf '%s\n' "$problem" "$recovery" >"$work/alerts.log"
	write_recipe file alert_command="cat >>$work/got.log"
	sed -i "s|/var/log/alerts.log|$work/alerts.log|" "$work/oobetet.ini"
	start_listening
	log_has oobetet 'info: watching for "Flapper" on web-01 in the lines of listen_command; alarm after 3 s'
	run ! log_has oobetet 'xmpp'
	run ! pgrep -P "${pids[oobetet]}" -x oobetet-xmpp
	poll 20 got 'is Critical: .*test problem notification in the last 3 seconds'
	log_both
	poll 20 got 'Flapjack Self Monitoring is OK'
	# another file of this name is followed
	mv "$work/alerts.log" "$work/alerts.log.1"
	log_both
	critical=$(count_of got 'is Critical')
	poll 20 log_has oobetet 'info: listen_command: tail: .*alerts.log'
	poll 20 at_least $((critical + 1)) got 'is Critical'
	log_both
	poll 20 at_least 2 got 'Flapjack Self Monitoring is OK'
}

@test "oobetet: listen_command: the recipe for ntfy" {
	local port
	port=$(free_port)
	start ntfy python3 "$root/t/tools/ntfy-double" "$port" 0.5
	poll 60 listening "$port"
	publish() { curl -fsS "$@" "http://127.0.0.1:$port/TOPIC" >/dev/null; }
	# the server stamps whole seconds: a message may seem to be older than the alarm before it
	published_until_ok() {
		publish -d "$problem"
		publish -H "Title: $recovery" -d 'TCP OK'
		poll 1 got 'Flapjack Self Monitoring is OK'
	}
	write_recipe ntfy pagerduty_contact= alert_command="cat >>$work/got.log" listen_silence=5 max_latency=6
	sed -i "s|https://ntfy.sh|http://127.0.0.1:$port|" "$work/oobetet.ini"
	start_listening
	poll 20 got 'is Critical'
	poll 20 published_until_ok
	# a server that is stopped sends no keepalive: the program is started again
	freeze ntfy
	poll 30 log_has oobetet 'warning: listen_command: it printed no line for 5 s and was killed.*; trying again'
	poll 30 got 'is Critical: .*; listen_command has not been heard for [0-9]+ s \(it printed no line for 5 s'
	kill -CONT "${pids[ntfy]}"
	poll 30 at_least 2 oobetet 'listen_command: listening$'
	stop ntfy || :
	poll 30 log_has oobetet 'info: listen_command: curl: \(7\)'
	poll 30 got 'is Critical: .*; listen_command has not been heard .*curl: \(7\) Failed to connect'
}

@test "oobetet: listen_command: messages that were missed count at their time" {
	local port
	port=$(free_port)
	start ntfy python3 "$root/t/tools/ntfy-double" "$port" 1
	poll 60 listening "$port"
	curl -fsS -d "$problem" "http://127.0.0.1:$port/TOPIC"
	curl -fsS -d "$recovery" "http://127.0.0.1:$port/TOPIC"
	write_recipe ntfy pagerduty_contact= alert_command="cat >>$work/got.log" max_latency=5m
	sed -i "s|https://ntfy.sh|http://127.0.0.1:$port|" "$work/oobetet.ini"
	start oobetet oobetet -c "$work/oobetet.ini" --debug
	# before the two seconds are over
	poll 20 log_has oobetet 'debug: problem from  in listen_command'
	poll 20 log_has oobetet 'debug: recovery from  in listen_command'
	run ! log_has oobetet 'listen_command: listening$'
	poll 20 log_has oobetet 'listen_command: listening$'
}

@test "oobetet: listen_command: a program that is started again and again keeps nothing alive" {
	printf '%s\n' "$problem" "$recovery" >"$work/old"
	write_listen listen_command="sh -c 'cat $work/old; echo oops >&2; sleep 0.2; exit 7'"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 got 'is Critical: .*; listen_command has not been heard for [0-9]+ s \(exit status 7: oops\);.*; listen_command was not heard for [0-9]+ of these [0-9]+ s$'
	log_has oobetet 'warning: listen_command: exit status 7: oops; trying again$'
	[ "$(count_of oobetet 'warning: listen_command')" -eq 1 ]
	[ "$(count_of oobetet 'info: listen_command: oops')" -ge 3 ]
}

@test "oobetet: listen_command: heartbeat_url is fetched while the program is present" {
	start_pagerduty
	write_listen max_latency=60 heartbeat_url="${pagerduty_url%/}/heartbeat" heartbeat_interval=1 \
		listen_command="sh -c 'test -e $work/go && exec sleep 1000'"
	start oobetet oobetet -c "$work/oobetet.ini" --debug
	# longer than heartbeat_interval
	poll 20 at_least 3 oobetet 'debug: listen_command: process group'
	run ! pagerduty_has 'GET|heartbeat'
	: >"$work/go"
	poll 20 log_has oobetet 'info: listen_command: listening$'
	poll 20 pagerduty_has '.*heartbeat'
}

@test "oobetet: listen_command: a flood of lines delays neither alarm nor exit" {
	local begun alarm
	write_listen listen_command="sh -c 'yes | tee /dev/stderr'" max_latency=3
	begun=${EPOCHREALTIME/./}
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 got 'is Critical'
	alarm=${EPOCHREALTIME/./}
	[ $((alarm - begun)) -ge 3000000 ]
	[ $((alarm - begun)) -lt 6000000 ]
	[ "$(monitor_memory)" -lt 16384 ]
	# ten at once, then one in ten seconds
	[ "$(count_of oobetet 'info: listen_command: y')" -le 13 ]
	stop_within 4 oobetet
}

@test "oobetet: listen_command: a line without an end is logged while it lasts, and is no line" {
	write_listen listen_command="sh -c 'yes | tr -d \"\\\\n\"'"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'warning: listen_command: a line is ignored: it is longer than 32768 bytes$'
	poll 20 got 'is Critical'
	[ "$(count_of oobetet 'a line is ignored')" -eq 1 ]
	stop oobetet
	write_listen listen_command="sh -c 'yes | tr -d \"\\\\n\"'" listen_silence=1
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 got 'is Critical: .*; listen_command has not been heard .*\(it printed no line for 1 s and was killed\)'
}

@test "oobetet: listen_command: with too few open files for all watches, signals still arrive" {
	local i
	write_listen watched_check= watched_entity=
	for i in {1..16}; do
		printf '[watch %s]\nwatched_check = %s\nlisten_command = sleep 1000\n' "$i" "$i"
	done >>"$work/oobetet.ini"
	start oobetet bash -c "ulimit -n 32 && exec oobetet -c $work/oobetet.ini"
	poll 20 log_has oobetet 'warning: only 32 descriptors are allowed, 72 are needed: see ulimit -n$'
	poll 20 log_has oobetet 'warning: .*listen_command: cannot start: Too many open files; trying again$'
	kill -USR1 "${pids[oobetet]}"
	poll 5 log_has oobetet 'info: .*status: "1": '
	stop_within 5 oobetet
}

# $work/group has the process group of the program
group_there() {
	pgrep -g "$(tr -d " " <"$work/group")" >/dev/null
}

@test "oobetet: listen_command: the program and what it started end with oobetet" {
	local signal
	for signal in TERM KILL; do
		write_listen listen_command="sh -c 'ps -o pgid= \$\$ >$work/group; sleep 1000 & sleep 1000'"
		start_listening
		group_there
		[ "$(tr -d " " <"$work/group")" -ne "${pids[oobetet]}" ]
		kill -"$signal" "${pids[oobetet]}"
		poll 20 ended "${pids[oobetet]}"
		poll 20 eval '! group_there'
		stop oobetet || :
	done
}

@test "oobetet: listen_command: alarms go to rooms, whose messages do not count" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	enter_room flapjack flapjack
	enter_room eve eve
	: >"$work/alerts.log"
	write_ini pagerduty_contact= watched_nick=bot listen_command="tail -n 0 -F $work/alerts.log" \
		listen_format='nick text'
	start_oobetet
	poll 20 room_has '<oobetet> .*is Critical'
	start_beat
	alarms=$(count_of eve 'is Critical')
	poll 20 at_least $((alarms + 3)) eve 'is Critical'
	printf '%s\n' "other	$problem" "other	$recovery" >>"$work/alerts.log"
	alarms=$(count_of eve 'is Critical')
	poll 20 at_least $((alarms + 3)) eve 'is Critical'
	run ! room_has '<oobetet> .*is OK'
	printf '%s\n' "no tab" "bot	$problem" "bot	$recovery" >>"$work/alerts.log"
	poll 20 room_has '<oobetet> .*is OK'
	log_has oobetet 'warning: listen_command: a line is ignored: it has no tab between nick and text'
}

@test "oobetet: listen_command: one in each watch; a flood in one delays no other" {
	write_listen watched_entity= max_latency=4 listen_silence=2
	cat >>"$work/oobetet.ini" <<-INI
		[watch flood]
		watched_entity = other
		listen_command = yes
		[watch file]
		watched_entity = web-01
		listen_command = tail -n 0 -F $work/alerts.log
		listen_silence = 1h
	INI
	: >"$work/alerts.log"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 60 log_has oobetet 'info: watch file: listen_command: listening$'
	kill -USR1 "${pids[oobetet]}"
	poll 20 log_has oobetet 'info: watch file: status: listening to listen_command$'
	poll 20 log_has oobetet 'info: watch flood: status: listen_command has not been heard for [0-9.]+ s: '
	poll 20 got 'is Critical: .*"Flapper" on other'
	poll 20 got 'is Critical: .*"Flapper" on web-01'
	log_both
	poll 3 got 'Flapjack Self Monitoring is OK'
	run ! log_has oobetet 'watch file: listen_command: it printed no line'
}

# watchdog [END]: sends the alert as Prometheus does; with END it is resolved
watchdog() {
	curl -sSf -m 20 -H 'Content-Type: application/json' -o /dev/null \
		-d "[{\"labels\": {\"alertname\": \"Watchdog\", \"severity\": \"page\"}
			, \"endsAt\": \"${1:-$(date -u -d '+1 hour' +%FT%TZ)}\"}]" \
		"http://127.0.0.1:$alertmanager_port/api/v2/alerts"
}

start_alertmanager() {
	start_alertmanager_at "$alertmanager_port"
	watchdog
}

# The route of httpbroker-formats(5), with the speed of a test.
alertmanager_config() {
	cat >"$work/alertmanager.yml" <<-CONFIG
		route:
		  receiver: heartbeat
		  group_wait: 0s
		  group_interval: 1s
		  repeat_interval: 1s
		receivers:
		- name: heartbeat
		  webhook_configs:
		  - url: http://127.0.0.1:$1/state?ttl=4s
		    send_resolved: true
	CONFIG
}

@test "oobetet: listen_command: the recipe for Alertmanager's Watchdog" {
	local port
	{ read -r port && read -r alertmanager_port; } < <(free_port 2)
	alertmanager_config "$port"
	write_recipe watchdog watched_check=Watchdog watched_entity= pagerduty_contact= alert_command="cat >>$work/got.log" max_latency=6
	sed -i "s|3091|$port|; s|--repeat 1m|--repeat 1s|" "$work/oobetet.ini"
	start oobetet oobetet -c "$work/oobetet.ini" --debug
	poll 60 listening "$port"
	start_alertmanager
	# it goes on for longer than max_latency
	poll 40 at_least 8 oobetet 'debug: heartbeat from  in listen_command'
	alarms=$(count_of got 'is Critical')
	stop alertmanager || :
	poll 40 at_least $((alarms + 1)) got 'is Critical: haven.t seen a test heartbeat notification in the last 6 seconds for "Watchdog"'
	run ! got 'listen_command has not been heard'
	oks=$(count_of got 'Flapjack Self Monitoring is OK')
	start_alertmanager
	poll 40 at_least $((oks + 1)) got 'Flapjack Self Monitoring is OK'
	# resolved: Prometheus has died
	watchdog "$(date -u +%FT%TZ)"
	alarms=$(count_of got 'is Critical')
	poll 40 at_least $((alarms + 1)) got 'is Critical'
	# the broker dies, and with it the pipeline
	pkill -KILL -P "$(pgrep -f 'sh -c httpbroker --port' -P "$(pgrep -P "${pids[oobetet]}" -x oobetet-listen)")" -x httpbroker
	poll 20 log_has oobetet 'warning: listen_command: exit status'
	poll 40 at_least 2 oobetet 'listen_command: listening$'
}
