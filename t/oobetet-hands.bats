# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet while its hands, PagerDuty, or whoever reads its log, fail.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }

teardown() {
	for name in ear pager; do kill -CONT "$(hand "$name")" 2>/dev/null || :; done
	stop_all
}

other_hand_than() {
	local now
	now=$(hand "$1") && [ "$now" != "$2" ]
}

# trouble HAND SIGNAL: the signal in the middle of an incident; it is healed, and another told
trouble() {
	local old
	poll 20 heard '<oobetet>.* is Critical'
	old=$(hand "$1")
	kill "-$2" "$old"
	poll 30 other_hand_than "$1" "$old"
	run ! kill -0 "$old"
	poll 20 said oobetet 'info: in the room ops@conference.localhost as oobetet'
	poll 20 eval '[ "$(tail -n 1 "$work/oobetet.log" | grep -c "is Critical: [^;]*$")" -eq 1 ]'
	both
	poll 20 heard '<oobetet>.* is OK'
	poll 20 paged '202 resolve'
	poll 20 eval '[ "$(grep -Eo "202 trigger .Flapjack Self Monitoring from [^ ]+, [^ ]+" "$work/pagerduty.log" | sort -u | wc -l)" -eq 2 ]'
	poll 20 eval 'grep -A 1000 "is OK" "$work/eve.log" | grep -q "<oobetet>.* is Critical"'
}

@test "oobetet: the ear is killed" {
	start_chain
	trouble ear KILL
	said oobetet 'warning: ear: it ended without a word; trying again'
}

@test "oobetet: the ear stands still" {
	start_chain
	trouble ear STOP
	said oobetet 'warning: ear: it was stuck, and was killed; trying again'
}

@test "oobetet: the pager is killed" {
	start_chain
	trouble pager KILL
	said oobetet 'warning: pager: it ended without a word; trying again'
}

@test "oobetet: the pager stands still" {
	start_chain
	trouble pager STOP
	said oobetet 'warning: pager: it was stuck, and was killed; trying again'
}

@test "oobetet: SIGTERM is exit 0 within two seconds even if both hands stand still" {
	start_chain
	ear=$(hand ear) pager=$(hand pager)
	kill -STOP "$ear" "$pager"
	begun=${EPOCHREALTIME/./}
	stop oobetet
	[ $((${EPOCHREALTIME/./} - begun)) -lt 2000000 ]
	poll 5 eval "! grep -q '^State:.[^Z]' /proc/$ear/status /proc/$pager/status 2>/dev/null"
}

@test "oobetet: its hands go with it when it is killed" {
	start_chain
	ear=$(hand ear) pager=$(hand pager)
	kill -STOP "$pager"
	kill -KILL "${pids[oobetet]}"
	poll 10 eval "! grep -q '^State:.[^Z]' /proc/$ear/status /proc/$pager/status 2>/dev/null"
	poll 20 heard 'presence oobetet has left'
}

@test "oobetet: PagerDuty answers 500 and 429, then takes it: one incident, resolved" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --answer 500,429,500
	enter_room flapjack flapjack
	write_ini repeat_interval=30
	start_oobetet
	poll 20 paged '202 trigger'
	[ "$(count_of pagerduty ' (500|429) trigger ')" -eq 3 ]
	[ "$(count_of oobetet 'error: PagerDuty cannot be told: HTTP 500: .*this answer was asked for.*; trying again')" -ge 1 ]
	poll 20 said oobetet 'info: PagerDuty has been told again'
	both
	poll 20 paged '202 resolve'
	[ "$(count_of pagerduty ' 202 ')" -eq 2 ]
}

@test "oobetet: PagerDuty refuses with 400: not tried again, said loudly, and in the room" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	enter_room eve eve
	write_ini pagerduty_contact=too-short repeat_interval=5
	start_oobetet
	poll 20 said oobetet 'error: PagerDuty refuses what it is told, which is not tried again: HTTP 400: .*routing_key'
	poll 20 heard '<oobetet>.* is Critical.*; PagerDuty does not take what it is told \(HTTP 400'
	[ "$(count_of pagerduty ' 400 refused')" -le "$(count_of eve 'is Critical')" ]
	run ! grep -q too-short "$work/oobetet.log" "$work/eve.log"
}

@test "oobetet: PagerDuty takes the connection and never answers: the room is told in time" {
	start_chain
	stop pagerduty
	start_pagerduty --answer hang,hang,hang
	stop oobetet
	write_ini
	start_oobetet
	both
	poll 20 heard '<oobetet>.* is Critical'
	both
	poll 20 heard '<oobetet>.* is OK'
	poll 30 said oobetet 'error: PagerDuty cannot be told: .*(timed out|Timeout).*; trying again'
}

@test "oobetet: no secret in ps, in the environment or in the log" {
	start_chain
	both
	poll 20 heard '<oobetet>.* is Critical'
	for pid in "${pids[oobetet]}" $(hand ear) $(hand pager); do
		tr '\0' '\n' <"/proc/$pid/cmdline"
		tr '\0' '\n' <"/proc/$pid/environ"
	done >"$work/seen"
	grep -q '^ear$' "$work/seen"
	[ "$(ps -o comm= -p "$(hand pager)")" = oobetet-pager ]
	[ "$(ps -o args= -p "$(hand ear)")" = 'oobetet: ear' ]
	stop oobetet
	start oobetet oobetet -c "$work/oobetet.ini" --debug
	poll 20 said oobetet 'debug: problem|is Critical'
	plain=$(printf '\0oobetet\0secret-of-oobetet' | base64)
	run ! grep -E "secret-of-oobetet|0123456789abcdef|$plain|<auth|<response" "$work/seen" "$work/oobetet.log"
}

@test "oobetet: each hand has its part of the configuration and no other secret" {
	start_chain
	both
	poll 20 paged '202 trigger'
	# root reads its children's memory
	memory_holds() {
		python3 - "$1" "$2" <<-'PYTHON'
			import sys
			pid, secret = sys.argv[1], sys.argv[2].encode()
			found = False
			with open(f"/proc/{pid}/mem", "rb", 0) as memory:
			    for line in open(f"/proc/{pid}/maps"):
			        area, rights = line.split()[:2]
			        start, end = (int(x, 16) for x in area.split("-"))
			        if rights.startswith("rw") and end - start < 1 << 28:
			            try:
			                memory.seek(start)
			                found = found or secret in memory.read(end - start)
			            except OSError:
			                pass
			sys.exit(0 if found else 1)
		PYTHON
	}
	memory_holds "${pids[oobetet]}" secret-of-oobetet
	memory_holds "$(hand ear)" secret-of-oobetet
	memory_holds "$(hand pager)" 0123456789abcdefABCDEF
	run ! memory_holds "$(hand pager)" secret-of-oobetet
	run ! memory_holds "$(hand ear)" 0123456789abcdefABCDEF
}

@test "oobetet: a log that nobody reads does not stop the alarm" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	mkfifo "$work/log"
	exec 8<>"$work/log"
	# fill the pipe to the last byte; then nobody reads it
	dd if=/dev/zero of="$work/log" bs=4096 oflag=nonblock 2>/dev/null || :
	write_ini
	# shellcheck disable=SC2016 # $0 and $1 are the inner shell's
	start oobetet sh -c 'exec oobetet -c "$0" --debug 2>"$1"' "$work/oobetet.ini" "$work/log"
	poll 20 said flapjack '<oobetet>.* is Critical'
	poll 20 paged '202 trigger'
	both
	poll 20 said flapjack '<oobetet>.* is OK'
	exec 8<&-
	stop oobetet
}

@test "oobetet: under supervise, which restarts it when it dies and stops it when told" {
	start_chain
	stop oobetet
	mkdir -p "$work/service"
	cp "$root/doc/examples/oobetet/daemontools/run" "$work/service/run"
	# what a site would edit: whom it runs as, and where its configuration is
	sed -i -e 's/setuidgid oobetet //' -e "s:/etc/oobetet.ini:$work/oobetet.ini:" "$work/service/run"
	start supervise supervise "$work/service"
	poll 20 heard '<oobetet>.* is Critical'
	first=$(pgrep -P "${pids[supervise]}")
	kill -KILL "$first"
	poll 20 eval '[ "$(count_of supervise "in the room ops@conference.localhost")" -eq 2 ]'
	both
	poll 20 heard '<oobetet>.* is OK'
	svc -d "$work/service"
	poll 20 eval 'svstat "$work/service" | grep -q ": down"'
	svc -x "$work/service"
	poll 20 eval '! running supervise'
}
