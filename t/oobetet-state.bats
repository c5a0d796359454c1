# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet over restarts: the state file, valid and damaged.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

pause() {
	read -rt "$1" <> <(:) || :
}

@test "oobetet: killed during an incident: the next process continues and resolves it" {
	start_chain state_file="$work/state"
	poll 20 pagerduty_has '202 trigger'
	poll 20 room_has '<oobetet>.* is Critical'
	kill_now oobetet
	start_oobetet
	log_has oobetet "warning: state file $work/state: an incident is open since [-0-9]+ [0-9:]+ [+0-9]+; notifications to be delivered: [0-9]; its key: Flapjack Self "
	poll 20 log_has oobetet 'error: .* is Critical'
	both
	poll 20 pagerduty_has '202 resolve'
	poll 20 room_has '<oobetet>.* is OK'
	[ "$(incidents)" -eq 1 ]
	[ "$(stat -c %a "$work/state")" = 600 ]
}

@test "oobetet: a change of incident_key does not change the key of an open incident" {
	start_chain state_file="$work/state"
	poll 20 pagerduty_has '202 trigger "Flapjack Self Monitoring from'
	stop oobetet
	write_ini state_file="$work/state" incident_key=Chain
	start_oobetet
	both
	poll 20 pagerduty_has '202 resolve "Flapjack Self Monitoring from'
	poll 20 pagerduty_has 'incident 1 resolved'
	poll 20 pagerduty_has '202 trigger "Chain, 2'
}

@test "oobetet: an incident that ends while oobetet is down is resolved" {
	start_chain state_file="$work/state"
	poll 20 pagerduty_has '202 trigger'
	stop oobetet
	grep -q '^incident' "$work/state"
	both
	start_oobetet
	both
	poll 20 pagerduty_has '202 resolve'
	[ "$(incidents)" -eq 1 ]
}

@test "oobetet: repeated kills before max_latency do not prevent the alarm" {
	start_chain state_file="$work/state" max_latency=8 pagerduty_contact=
	both
	for ((i = 0; i < 10; i++)); do
		kill_now oobetet
		start oobetet oobetet -c "$work/oobetet.ini"
		pause 2
		! log_has oobetet 'error: .* is Critical' || break
	done
	log_has oobetet 'error: .* is Critical'
}

written_by_another() {
	[ "$(stat -c %i "$work/state" 2>/dev/null)" != "$1" ]
}

# run_until_written: starts oobetet and kills it after its first write of the state file
run_until_written() {
	local before
	before=$(stat -c %i "$work/state" 2>/dev/null) || :
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 written_by_another "$before"
	kill_now oobetet
}

@test "oobetet: repeated kills right after the start do not prevent the alarm" {
	write_ini state_file="$work/state" max_latency=6 pagerduty_contact= alert_command="cat >>$work/got"
	# each run counts as a quarter of a second at least
	for ((i = 0; i < 24; i++)); do run_until_written; done
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 5 grep -q 'is Critical' "$work/got"
}

@test "oobetet: killed within a minute of its start: the next process delays the heartbeat" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	write_ini state_file="$work/state" max_latency=60 pagerduty_contact= \
		heartbeat_url="${pagerduty_url%/v2*}/heartbeat" heartbeat_interval=1
	start_oobetet
	poll 20 at_least 1 pagerduty ' 200 heartbeat'
	kill_now oobetet
	fetched=$(count_of pagerduty ' 200 heartbeat')
	start_oobetet
	log_has oobetet 'warning: the last run ended unexpectedly within 60 s of its start: heartbeat_url is not fetched'
	pause 2 # time for a heartbeat that must not come
	[ "$(count_of pagerduty ' 200 heartbeat')" -eq "$fetched" ]
	stop oobetet
	# a run stopped by SIGTERM did not crash
	start_oobetet
	poll 20 at_least $((fetched + 1)) pagerduty ' 200 heartbeat'
	run ! log_has oobetet 'ended unexpectedly'
}

@test "oobetet: down for longer than max_latency: reported, without an alarm" {
	start_chain state_file="$work/state" max_latency=4 pagerduty_contact=
	both
	poll 20 room_has '<flapjack> Recovery'
	stop oobetet
	pause 6
	start_oobetet
	both
	poll 20 room_has '<oobetet> oobetet on .* was not running for [0-9]+ s and could not hear'
	run ! room_has '<oobetet>.* is Critical'
	run ! log_has oobetet 'error: '
}

# written_before N [BOOT]: the state file was written N seconds earlier by the wall clock, and in that boot
written_before() {
	python3 - "$work/state" "$@" <<-'E'
		import re, sys
		path, seconds, *boot = sys.argv[1:]
		text = open(path).read()
		text = text[:text.rindex("end\t")]
		text = re.sub("(?m)^(written\t)(.*)", lambda m: m[1] + str(int(m[2]) - int(seconds) * 10**9), text)
		if boot: text = re.sub("(?m)^(booted\t.*\t).*", lambda m: m[1] + boot[0], text)
		checksum = 14695981039346656037
		for byte in text.encode(): checksum = (checksum ^ byte) * 1099511628211 % 2**64
		open(path, "w").write(text + "end\t%016x\n" % checksum)
	E
}

@test "oobetet: a step of the wall clock is no absence; after a boot the message says that it is by that clock" {
	write_ini state_file="$work/state" max_latency=60 listen_command='sleep 1000' rooms= jabberid= password= \
		server= port= tls=
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'watching for'
	stop oobetet
	written_before 3600
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'watching for'
	run ! log_has oobetet 'was not running'
	stop oobetet
	written_before 3600 of-another-boot
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'warning: oobetet on .* was not running, by the wall clock, for 36[0-9]{2} s and could not hear'
}

@test "oobetet: an invalid state file is logged, set aside and ignored" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	write_ini state_file="$work/state" max_latency=60
	printf 'oobetet-state\t1\nwatch\tx' >"$work/state"
	start_oobetet
	log_has oobetet "error: state file $work/state: damaged: .*; the file is ignored and was renamed to $work/state.damaged"
	[ "$(cat "$work/state.damaged")" = "$(printf 'oobetet-state\t1\nwatch\tx')" ]
	stop oobetet
	sed -i 's/Flapper/Other/' "$work/oobetet.ini"
	start_oobetet
	log_has oobetet "error: state file $work/state: it is of another watch, \"Flapper\" on web-01"
	stop oobetet
	sed -i "s:^state_file.*:state_file = $work/none/state:" "$work/oobetet.ini"
	start_oobetet
	poll 20 log_has oobetet "error: state file $work/none/state cannot be written: No such file or directory \($work/none/state.lock\)"
	mkdir "$work/none"
	poll 20 log_has oobetet "info: state file $work/none/state is written again"
	stop oobetet
	sed -i '/^state_file/d' "$work/oobetet.ini"
	start_oobetet
	log_has oobetet 'warning: no state_file'
	stop oobetet
	mkdir "$work/folder"
	STATE_DIRECTORY=$work/folder start_oobetet
	poll 20 [ -s "$work/folder/oobetet.state" ]
}

nothing_left() {
	! pgrep -f "^oobetet -c $work/"
}

@test "oobetet: a hanging disk is logged and delays neither the alarm nor SIGTERM" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room eve eve
	write_ini state_file="$work/state"
	start oobetet without disk oobetet -c "$work/oobetet.ini"
	poll 20 room_has '<oobetet>.* is Critical'
	poll 20 pagerduty_has '202 trigger'
	poll 20 log_has oobetet "error: state file $work/state cannot be written: the disk has not answered for 5 s"
	[ ! -e "$work/state" ]
	stop_within 2 oobetet
	# a hanging writer could wake up and overwrite the file of the next process
	poll 20 nothing_left
}

@test "oobetet: a named pipe in place of the new state file does not block" {
	mkfifo "$work/state.new"
	write_ini state_file="$work/state"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 [ -s "$work/state" ]
}

@test "oobetet: a state file in use: the second oobetet runs without it" {
	write_ini state_file="$work/state"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 [ -s "$work/state" ]
	start second oobetet -c "$work/oobetet.ini"
	poll 20 log_has second "error: state file $work/state is in use by another oobetet \(process ${pids[oobetet]};.*\): this one runs without a state file"
	kill_now oobetet
	stop second
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet watching
	run ! log_has oobetet 'in use'
}

@test "oobetet: SIGTERM to the whole group: rooms are left, the state file is written" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	write_ini state_file="$work/state" max_latency=60
	start oobetet setsid oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'info: in the room'
	kill -TERM -- "-${pids[oobetet]}"
	stop_within 2 oobetet
	run ! grep '^young' "$work/state"
	run ! log_has oobetet 'warning: (process|xmpp)|cannot be written'
}

@test "oobetet: started while everything is down: it alarms, and logs that no channel works" {
	write_ini state_file="$work/state"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'error: Flapjack Self Monitoring is Critical'
	poll 20 at_least 2 oobetet "error: NOTICE: Self monitoring has detected a failure and is unable to tell anyone about it. DON'T PANIC.$"
}
