# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet as a process: secrets, privileges, descriptors, a blocked log, supervisors.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }

teardown() {
	! declare -F supervise_end >/dev/null || supervise_end "$work/service" || :
	stop_all
}

can_look_into() {
	cat "/proc/$1/environ" >"$work/environ" 2>&1
}

@test "oobetet: no secret in ps, in the environment or in the log" {
	start_chain
	both
	poll 20 room_has '<oobetet>.* is Critical'
	for pid in "${pids[oobetet]}" $(worker_pid xmpp) $(worker_pid http); do
		tr '\0' '\n' <"/proc/$pid/cmdline"
		# only root may read it, and not on every system
		if can_look_into "$pid"; then tr '\0' '\n' <"/proc/$pid/environ"; fi
	done >"$work/seen"
	grep -q '^xmpp$' "$work/seen"
	[ "$(ps -o comm= -p "$(worker_pid http)")" = oobetet-http ]
	[ "$(ps -o args= -p "$(worker_pid xmpp)")" = 'oobetet: xmpp' ]
	stop oobetet
	start oobetet oobetet -c "$work/oobetet.ini" --debug
	poll 20 log_has oobetet 'debug: problem|is Critical'
	plain=$(printf '\0oobetet\0secret-of-oobetet' | base64)
	run ! grep -E "secret-of-oobetet|0123456789abcdef|$plain|<auth|<response" "$work/seen" "$work/oobetet.log"
}

@test "oobetet: each worker gets its part of the configuration and no other secret" {
	start_chain
	both
	poll 20 pagerduty_has '202 trigger'
	# reading the memory of its children needs root
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
	can_look_into "${pids[oobetet]}" || skip "nobody may look into its memory, not even we"
	memory_holds "${pids[oobetet]}" secret-of-oobetet
	memory_holds "$(worker_pid xmpp)" secret-of-oobetet
	memory_holds "$(worker_pid http)" 0123456789abcdefABCDEF
	run ! memory_holds "$(worker_pid http)" secret-of-oobetet
	run ! memory_holds "$(worker_pid xmpp)" 0123456789abcdefABCDEF
}

@test "oobetet: other processes of its user cannot trace it; its workers cannot gain privileges" {
	load lib/confined
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	write_ini max_latency=1 alert_command="grep NoNewPrivs /proc/self/status >$work/command"
	start oobetet "${curious[@]}" oobetet -c "$work/oobetet.ini"
	start other "${curious[@]}" sleep 60
	poll 20 log_has oobetet 'in the room'
	poll 20 "${curious[@]}" cat "/proc/${pids[other]}/environ" >"$work/other"
	for pid in "${pids[oobetet]}" $(worker_pid xmpp) $(worker_pid http); do
		run ! "${curious[@]}" cat "/proc/$pid/environ"
		run ! "${curious[@]}" cat "/proc/$pid/maps"
	done
	for name in xmpp http; do grep -q '^NoNewPrivs:.1$' "/proc/$(worker_pid "$name")/status"; done
	# mail needs sendmail's group, plugins may need root: what the user has run keeps its own
	poll 20 test -s "$work/command"
	[[ "$(cat "$work/command")" == NoNewPrivs:*0 ]]
}

@test "oobetet: descriptors inherited from the supervisor are not passed to workers" {
	exec 9<"$work"
	start_chain
	exec 9<&-
	can_look_into "${pids[oobetet]}" || skip "nobody may look at its descriptors, not even we"
	[ -e "/proc/${pids[oobetet]}/fd/9" ]
	for pid in $(worker_pid xmpp) $(worker_pid http); do
		[ -S "/proc/$pid/fd/3" ]
		[ ! -e "/proc/$pid/fd/9" ]
	done
}

@test "oobetet: after its executable is replaced, new workers still run the old program" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	enter_room flapjack flapjack
	write_ini pagerduty_contact=
	cp "$(type -P oobetet)" "$work/replaced"
	start oobetet "$work/replaced" -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'in the room'
	printf '#!/bin/sh\necho newer >&2\n' >"$work/newer"
	chmod +x "$work/newer"
	for change in "mv $work/newer $work/replaced" "rm $work/replaced"; do
		$change
		joined=$(count_of oobetet 'in the room .* as ')
		kill -KILL "$(poll 20 worker_pid xmpp)"
		poll 20 at_least $((joined + 1)) oobetet 'in the room .* as '
	done
	run ! log_has oobetet newer
}

@test "oobetet: a blocked log does not stop the alarm" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	mkfifo "$work/log"
	exec 8<>"$work/log"
	# fill the pipe completely; it has no reader
	dd if=/dev/zero of="$work/log" bs=4096 oflag=nonblock 2>/dev/null || :
	write_ini
	# shellcheck disable=SC2016 # $0 and $1 are the inner shell's
	start oobetet sh -c 'exec oobetet -c "$0" --debug 2>"$1"' "$work/oobetet.ini" "$work/log"
	poll 20 log_has flapjack '<oobetet>.* is Critical'
	poll 20 pagerduty_has '202 trigger'
	both
	poll 20 log_has flapjack '<oobetet>.* is OK'
	exec 8<&-
	stop oobetet
}

service_is_down() {
	svstat "$work/service" | grep -q ': down'
}

@test "oobetet: supervise restarts it after a crash and stops it" {
	load lib/supervised
	start_chain
	stop oobetet
	mkdir -p "$work/service"
	cp "$root/doc/examples/oobetet/daemontools/run" "$work/service/run"
	# as a site would: edit the user and the path of the configuration
	sed -i -e 's/setuidgid oobetet //' -e "s:/etc/oobetet.ini:$work/oobetet.ini:" "$work/service/run"
	start supervise supervise "$work/service"
	poll 20 room_has '<oobetet>.* is Critical'
	first=$(pgrep -P "${pids[supervise]}")
	kill -KILL "$first"
	poll 20 at_least 2 supervise 'in the room ops@conference.localhost'
	[ "$(pgrep -P "${pids[supervise]}")" != "$first" ]
	restarted=$(count_of eve '<oobetet>.* is Critical')
	poll 20 at_least $((restarted + 1)) eve '<oobetet>.* is Critical'
	both
	poll 20 room_has '<oobetet>.* is OK'
	svc -d "$work/service"
	poll 20 service_is_down
	supervise_end "$work/service"
}

@test "oobetet: systemd's watchdog is notified while it runs, and not while it is stopped" {
	start systemd python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(4096).decode())' "$work/notify"
	poll 20 test -S "$work/notify"
	write_ini server=127.0.0.1 port=1 # whoever else is away
	NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=1000000 start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has systemd '^READY=1$'
	poll 20 at_least 4 systemd '^WATCHDOG=1$'
	freeze oobetet
	read -rt 0.5 <> <(:) || : # what is on its way
	sent=$(count_of systemd WATCHDOG)
	read -rt 2 <> <(:) || : # that nothing comes is only seen by waiting
	[ "$(count_of systemd WATCHDOG)" -eq "$sent" ]
	kill -CONT "${pids[oobetet]}"
	poll 20 at_least $((sent + 1)) systemd '^WATCHDOG=1$'
	stop oobetet
	log_has systemd '^STOPPING=1$'

	write_ini enabled=no
	sent=$(count_of systemd WATCHDOG)
	NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=1000000 start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 at_least $((sent + 4)) systemd '^WATCHDOG=1$'
	stop oobetet
	poll 20 at_least 2 systemd '^STOPPING=1$'
}
