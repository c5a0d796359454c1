# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids, $pagerduty_url and what load brings
# oobetet with 50 watches in 50 rooms of a real Prosody, over TLS: its memory, and how late the
# alarms are when all chains break at once.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet
load lib/redis
load lib/broker
load lib/flapper

setup() { start_work; }
teardown() { stop_all; }

watches=50

# The memory of all processes of oobetet in KiB; what they share is counted once.
pss() {
	local pid
	for pid in "${pids[oobetet]}" $(pgrep -P "${pids[oobetet]}"); do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null || : # the writer of the state file ends soon
	done | awk '/^Pss:/ { kb += $2 } END { print kb }'
}

# alarms: how late each incident was opened at PagerDuty, in ms after its START, one a line
alarms() {
	sed -nE 's/^([0-9.]+) 202 trigger "[^"]* from [^ ]+, ([-0-9T:.]+Z), w([0-9]+), .*/\1 \2 \3/p' "$work/pagerduty.log" |
		sort -u -k 3,3 | while read -r stamp since _; do
		awk -v at="$stamp" -v since="$(date -d "$since" +%s.%N)" 'BEGIN { printf "%.0f\n", (at - since) * 1000 }'
	done | sort -n
}

# write_watches [KEY=VALUE...]
write_watches() {
	local i
	write_ini rooms= watched_entity= watched_nick=flapjack max_latency=20 repeat_interval=60 \
		server=localhost tls=required tls_ca_file="$prosody_certificate" state_file="$work/state" \
		"$@"
	for ((i = 1; i <= watches; i++)); do
		printf '[watch w%d]\nwatched_entity = host-%d\nrooms = r%d@conference.localhost\n' "$i" "$i" "$i"
	done >>"$work/oobetet.ini"
}

# watches_alarm [KEY=VALUE...]: all break at once; memory and lateness are printed and checked
watches_alarm() {
	start_prosody_tls
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --payload
	enter_room eve eve r7
	write_watches "$@"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 30 at_least "$watches" oobetet 'info: in the room r[0-9]+@conference.localhost as oobetet$'
	quiet=$(pss)
	poll 60 at_least "$watches" pagerduty '202 trigger '
	poll 20 room_has '<oobetet>.* is Critical: .* for "Flapper" on host-7, from'
	alarm=$(pss)
	mapfile -t late < <(alarms)
	heard_at=$(grep -m 1 -E '<oobetet>.* is Critical' "$work/eve.log" | cut -d ' ' -f 1)
	room=$(awk -v at="$heard_at" -v since="$(date -d "$(grep -Eom 1 '[-0-9T:.]+Z, w7,' "$work/pagerduty.log" | cut -d , -f 1)" +%s.%N)" \
		'BEGIN { printf "%.0f", (at - since) * 1000 }')
	echo "# Pss $quiet KiB while quiet, $alarm KiB after the alarms; alarms at PagerDuty" \
		"${late[0]} to ${late[-1]} ms after max_latency, in a room $room ms" >&3
	[ "${#late[@]}" -eq "$watches" ]
	[ "${late[0]}" -ge 200 ]
	[ "${late[-1]}" -lt 1000 ]
	[ "$room" -lt 1000 ]
	[ "$quiet" -lt 20480 ]
	[ "$alarm" -lt 20480 ]
}

@test "oobetet: 50 watches in 50 rooms need less than 20 MiB, and each alarm comes within a second" {
	watches_alarm
}

@test "oobetet: 50 watches in 50 rooms, each with three probes: the same" {
	local i events=()
	for ((i = 1; i <= watches; i++)); do events+=("$(event "host-$i" Flapper critical '"ttl":-1')"); done
	start_redis
	start_broker
	posts 200 "${events[@]}"
	start_flapper -i 600
	watches_alarm probe_flapper="127.0.0.1:$port" probe_broker="$url" probe_redis="127.0.0.1:$redis_port"
	# all were read: of each watch its own check
	[ "$(grep -c '"check at the broker": "problem for' "$work/pagerduty.log")" -ge "$watches" ]
	[ "$(grep -c '"flapper": "open for' "$work/pagerduty.log")" -ge "$watches" ]
	[ "$(grep -cE '"queue length": "[1-9]' "$work/pagerduty.log")" -ge "$watches" ]
}

# All connections share one copy of the authorities that a server may have.
@test "oobetet: 50 alarms at once over HTTPS need less than 20 MiB" {
	start_prosody_tls
	prosody_account oobetet secret-of-oobetet
	cat "$work/prosody/localhost.key" "$work/prosody/localhost.pem" >"$work/both.pem"
	start_pagerduty --certificate "$work/both.pem" # which no authority has signed
	pagerduty_url=${pagerduty_url/127.0.0.1/localhost}
	write_watches
	start oobetet oobetet -c "$work/oobetet.ini"
	peak=0
	sample() {
		local now
		now=$(pss)
		[ "${now:-0}" -le "$peak" ] || peak=$now
		at_least "$watches" oobetet 'delivery to PagerDuty is failing: '
	}
	poll 120 sample
	echo "# Pss $peak KiB at most" >&3
	log_has oobetet 'delivery to PagerDuty is failing: SSL certificate problem'
	[ "$peak" -lt 20480 ]
}
