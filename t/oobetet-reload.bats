# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet reads its configuration again at SIGHUP.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet
load lib/watches

setup() { start_work; }
teardown() { stop_all; }

# reload SAME CHANGED NEW REMOVED: sends SIGHUP; so many watches are unchanged, changed, new and removed
reload() {
	local expected="info: SIGHUP: the configuration was read again; watches: $1 unchanged, $2 changed, $3 new, $4 removed\$"
	local before
	before=$(count_of oobetet "$expected")
	kill -HUP "${pids[oobetet]}"
	poll 20 at_least $((before + 1)) oobetet "$expected"
}

http_is_gone() {
	! pgrep -P "${pids[oobetet]}" -x oobetet-http
}

worker_changed() {
	[ "$(worker_pid "$1")" != "$2" ]
}

@test "oobetet: SIGHUP with a wrong file keeps the configuration, and names file, line and reason" {
	start_chain state_file="$work/state"
	echo 'max_latency = often' >"$work/wrong"
	cp "$work/oobetet.ini" "$work/good"
	sed '/^max_latency/d' "$work/good" | cat "$work/wrong" - >"$work/oobetet.ini"
	kill -HUP "${pids[oobetet]}"
	poll 20 log_has oobetet "error: SIGHUP: $work/oobetet.ini:1: max_latency: 'often' is not a duration .*; the configuration stays as it was$"
	rm "$work/oobetet.ini"
	kill -HUP "${pids[oobetet]}"
	poll 20 log_has oobetet "error: SIGHUP: $work/oobetet.ini: No such file or directory; the configuration stays"
	sed 's/^rooms/enabled = no\nrooms/' "$work/good" >"$work/oobetet.ini"
	kill -HUP "${pids[oobetet]}"
	poll 20 log_has oobetet 'warning: SIGHUP: enabled = no: the configuration stays as it was; restart oobetet to disable it$'
	sed "s/^state_file.*/state_file = ${work//\//\\/}\/other/" "$work/good" >"$work/oobetet.ini"
	reload 1 0 0 0
	log_has oobetet 'warning: SIGHUP: state_file has changed: restart oobetet to use it$'
	poll 20 pagerduty_has '202 trigger'
	both
	poll 20 pagerduty_has '202 resolve'
}

# stalled NAME: SIGHUP, while this file cannot be read; the alarm goes out all the same
stalled() {
	local before
	before=$(count_of pagerduty '202 trigger')
	both
	poll 20 pagerduty_has '202 resolve' # of the one before, if there was any
	kill -HUP "${pids[oobetet]}"
	poll 9 at_least $((before + 1)) pagerduty '202 trigger'
	run ! log_has oobetet "$1"
}

@test "oobetet: SIGHUP while a disk or a pipe does not answer: alarms go out, the configuration stays" {
	start_chain state_file="$work/state"
	poll 20 pagerduty_has '202 trigger'
	mkfifo "$work/fifo"
	mv "$work/oobetet.ini" "$work/good"
	mkfifo "$work/oobetet.ini"
	stalled 'could not be read'
	# a signal that comes meanwhile is not lost
	mv "$work/good" "$work/oobetet.ini"
	kill -HUP "${pids[oobetet]}"
	poll 20 log_has oobetet "error: SIGHUP: $work/oobetet.ini: it could not be read within 10 s: .* is a pipe; the configuration stays as it was$"
	poll 20 log_has oobetet 'info: SIGHUP: the configuration was read again; watches: 1 unchanged, 0 changed, 0 new, 0 removed$'
	# a secret, and a file that is only looked at
	write_ini state_file="$work/state" pagerduty_contact= pagerduty_contact_file="$work/fifo"
	kill -HUP "${pids[oobetet]}"
	poll 20 log_has oobetet "error: SIGHUP: .*pagerduty_contact_file: $work/fifo: it is no plain file; the configuration stays"
	write_ini state_file="$work/state" tls_ca_file="$work/fifo"
	both
	poll 20 at_least 2 pagerduty '202 resolve'
	kill -HUP "${pids[oobetet]}"
	poll 9 at_least 3 pagerduty 'incident [0-9]+ opened'
	poll 20 at_least 2 oobetet 'it could not be read within 10 s'
	[ "$(pgrep -P "${pids[oobetet]}" -c oobetet-config)" -eq 0 ]
}

@test "oobetet: SIGHUP with a file that is refused does not change the log either" {
	start_chain
	printf 'enabled = no\n[logger]\nlevel = DEBUG\n' >>"$work/oobetet.ini"
	kill -HUP "${pids[oobetet]}"
	poll 20 log_has oobetet 'warning: SIGHUP: enabled = no: '
	poll 20 pagerduty_has '202 trigger'
	both
	poll 20 pagerduty_has '202 resolve'
	run ! log_has oobetet '^oobetet: debug: '
}

@test "oobetet: a new watch joins its room; the others keep times, incident and key" {
	start_rooms
	write_ini watched_nick=flapjack max_latency=2
	start_oobetet
	poll 20 pagerduty_has '202 trigger "[^"]*Z, [^ ]*Flapper[^ ]* on web-01"'
	# the one watch gets its section and a longer limit, and another comes
	write_ini rooms= watched_check= watched_entity= watched_nick=flapjack max_latency=30
	watch web watched_check=Flapper watched_entity=web-01 rooms=ops@conference.localhost
	watch mail watched_check=Flapper watched_entity=mail-01 rooms=mail@conference.localhost max_latency=1
	reload 0 1 1 0
	poll 20 log_has oobetet 'in the room mail@conference.localhost as oobetet$'
	poll 20 mail_room_has '<oobetet> oobetet on [^ ]+, reloaded at .*: watching for "Flapper" on mail-01, telling you after 1 s'
	poll 20 pagerduty_has '202 trigger "[^"]*Z, mail, '
	both
	poll 20 pagerduty_has '202 resolve "[^"]*Z, [^ ]*Flapper[^ ]* on web-01"'
	[ "$(count_of pagerduty '202 trigger "[^"]*Z, web, ')" -eq 0 ]
	# what does not concern a worker restarts none
	local xmpp http
	xmpp=$(worker_pid xmpp) http=$(worker_pid http)
	sed -i 's/^repeat_interval.*/repeat_interval = 5/' "$work/oobetet.ini"
	reload 0 2 0 0
	[ "$(worker_pid xmpp) $(worker_pid http)" = "$xmpp $http" ]
	# a PagerDuty key concerns the http worker only
	sed -i 's/^pagerduty_contact.*/pagerduty_contact = 99999999999999999999999999999999/' "$work/oobetet.ini"
	reload 0 2 0 0
	poll 20 worker_changed http "$http"
	[ "$(worker_pid xmpp)" = "$xmpp" ]
	mail_both
	poll 20 mail_room_has '<oobetet>.* is OK'
	run ! log_has oobetet 'warning: (xmpp|http|out of the room)'
}

@test "oobetet: the open incident of a removed watch ends at PagerDuty and in its room, which is left" {
	start_rooms
	two_watches state_file="$work/state"
	start_watching
	start_beat
	poll 20 pagerduty_has '202 trigger "[^"]*, mail, '
	sed -i '/^\[watch mail\]/,$d' "$work/oobetet.ini"
	reload 1 0 0 1
	poll 20 pagerduty_has '202 resolve "[^"]*, mail, '
	poll 20 mail_room_has '<oobetet> Flapjack Self Monitoring of "Flapper" on mail-01 has ended: it is no longer watched \(it was not OK for [0-9]+ s\), from'
	poll 20 mail_room_has 'presence oobetet has left'
	run ! log_has oobetet 'notifications not delivered'
	# the watch that stays has missed nothing, and the removed one is not in the state file
	poll 20 log_has oobetet 'in the room ops@conference.localhost as oobetet$'
	run ! room_has '<oobetet>.* is Critical'
	# nothing has changed in its room: no second greeting
	[ "$(count_of eve '<oobetet> oobetet on [^ ]+, (started|reloaded)')" -eq 1 ]
	stop oobetet
	grep -q "^watch	web	" "$work/state"
	run ! grep "^watch	mail" "$work/state"
}

@test "oobetet: SIGHUP during planned work changes nothing of it; metrics_file is taken up" {
	start_chain state_file="$work/state" max_latency=4
	poll 20 test -s "$work/state"
	both
	oobetet -c "$work/oobetet.ini" --quiet 1h --reason 'new switches'
	poll 20 log_has oobetet 'info: "Flapper" on web-01: an incident begins during planned work'
	write_ini state_file="$work/state" max_latency=3 metrics_file="$work/oobetet.prom"
	reload 0 1 0 0
	poll 20 grep -qE '^oobetet_planned_work\{.*\} 1$' "$work/oobetet.prom"
	grep -E '^oobetet_incidents_total\{.*\} 1$' "$work/oobetet.prom"
	grep -E '^oobetet_incident_open\{.*\} 1$' "$work/oobetet.prom"
	[ "$(count_of eve 'planned work until')" -eq 1 ]
	run ! room_has 'Monitoring is Critical'
	run ! pagerduty_has '202 trigger'
	# another file, and none
	write_ini state_file="$work/state" max_latency=3 metrics_file="$work/other.prom"
	reload 1 0 0 0
	poll 20 test -s "$work/other.prom"
	write_ini state_file="$work/state" max_latency=3
	reload 1 0 0 0
	oobetet -c "$work/oobetet.ini" --quiet 0
	poll 20 room_has 'Monitoring is Critical'
	poll 20 pagerduty_has 'incident 1 opened'
}

# pid_of NAME: of the listen_command that wrote it
pid_of() {
	cat "$work/$1.pid"
}

@test "oobetet: SIGHUP restarts a listen_command that changed, and no other" {
	local program=$work/program same changed keeper
	cat >"$program" <<-'EOF'
		#!/bin/sh
		echo $$ >"$1"
		echo "arguments: $*" >&2
		exec sleep 1000
	EOF
	chmod +x "$program"
	listening() {
		write_ini server= port= jabberid= password= tls= rooms= watched_check= watched_entity= \
			pagerduty_contact= pagerduty_url= max_latency=60 alert_command=cat
		watch "$1" watched_check=A listen_command="$program $work/same.pid"
		watch changed watched_check=B listen_command="$program $work/changed.pid $2"
	}
	listening same first
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 30 at_least 2 oobetet 'listen_command: listening$'
	same=$(pid_of same) changed=$(pid_of changed)
	# only a name changes
	listening renamed first
	reload 1 1 0 0
	[ "$(pid_of same) $(pid_of changed)" = "$same $changed" ]
	listening renamed second
	reload 1 1 0 0
	poll 20 log_has oobetet 'watch changed: listen_command: arguments: .* second$'
	poll 20 ended "$changed"
	[ "$(pid_of same)" = "$same" ]
	[ "$(process_state "$same")" = S ]
	# its log lines have the new name
	kill "$same"
	poll 20 log_has oobetet 'watch renamed: listen_command: signal 15'
	# both keepers run again, and no zombie is left
	poll 30 at_least 4 oobetet 'listen_command: listening$'
	for keeper in $(pgrep -P "${pids[oobetet]}" -x oobetet-listen); do
		[ "$(process_state "$keeper")" = S ]
	done
}

@test "oobetet: an open incident is resolved at the PagerDuty service of before, and opened at the new one" {
	local key xmpp second_url
	start second pagerduty-standin
	poll 20 log_has second 'at http'
	second_url=$(grep -Eo 'http://.*' "$work/second.log")
	start_chain state_file="$work/state"
	poll 20 pagerduty_has "202 trigger"
	xmpp=$(worker_pid xmpp)
	key=$(sed -nE '0,/trigger/s/.* trigger "([^"]*Z), .*/\1/p' "$work/pagerduty.log")
	[ -n "$key" ]
	write_ini state_file="$work/state" pagerduty_url="$second_url"
	reload 0 1 0 0
	log_has oobetet "info: PagerDuty's service has changed: the incident is resolved at the one before: $key, \"Flapper\" on web-01\$"
	poll 20 pagerduty_has "202 resolve \"$key, "
	poll 20 log_has second "202 trigger \"$key, "
	run ! log_has second "202 resolve"
	run ! log_has second 'delivery to PagerDuty is failing'
	# the rooms see nothing of it, and are not left
	run ! room_has '<oobetet>.* has ended'
	[ "$(worker_pid xmpp)" = "$xmpp" ]
	both
	poll 20 log_has second "202 resolve \"$key, "
	[ "$(count_of pagerduty '202 resolve')" -eq 1 ]
	# and no PagerDuty any more
	poll 20 log_has second 'incident 2 opened'
	write_ini state_file="$work/state" pagerduty_contact=
	reload 0 1 0 0
	poll 20 at_least 2 second '202 resolve'
	poll 20 http_is_gone
	stop oobetet
	[ "$(grep -c '^watch' "$work/state")" -eq 1 ]
	run ! log_has oobetet 'not be resolved|not delivered|PANIC'
}

# Two watches without a room, of which the second has an open incident at PagerDuty.
start_roomless() {
	start_pagerduty
	roomless
	watch mail watched_check=B max_latency=1
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 pagerduty_has '202 trigger "[^"]*Z, mail, '
}

roomless() {
	write_ini server= port= jabberid= password= tls= rooms= watched_check= watched_entity= \
		listen_command='sleep 1000' max_latency=600 state_file="$work/state" "$@"
	watch web watched_check=A
}

@test "oobetet: a restart does not forget the end of an incident that could not be delivered" {
	start_roomless
	stop pagerduty
	roomless
	reload 1 0 0 1
	stop oobetet
	log_has oobetet 'warning: stopping; notifications not delivered: [12]$'
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet "warning: state file $work/state: the watch of \"B\" was removed or changed, and the end of its incident was not delivered to PagerDuty; end it there: Flapjack Self Monitoring from .*, mail, \"B\"\$"
	run ! log_has oobetet 'is of another watch|not configured any more'
}

@test "oobetet: a restart with another PagerDuty service logs what is open at the one before" {
	local second_url
	start second pagerduty-standin
	poll 20 log_has second 'at http'
	second_url=$(grep -Eo 'http://.*' "$work/second.log")
	start_roomless
	stop oobetet
	roomless pagerduty_url="$second_url"
	watch mail watched_check=B max_latency=1
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'warning: watch mail: state file .*: another PagerDuty service was configured before this start, and an incident is open there; resolve it there: Flapjack Self Monitoring from .*, mail, "B"$'
	run ! log_has oobetet 'watch web: .*another PagerDuty service'
	poll 20 log_has second '202 trigger "[^"]*Z, mail, '
	run ! pagerduty_has '202 resolve'
	# and that is all: the next start finds nothing
	stop oobetet
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'info: watch mail: watching for'
	run ! log_has oobetet 'another PagerDuty service'
}
