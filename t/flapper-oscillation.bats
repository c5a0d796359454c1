# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # $work, $output, $status and what load brings; eval's
# The oscillation of flapper, over many periods and through a stop.

load lib/daemons
load lib/flapper
setup() { start_work; }
teardown() { stop_all; }

# see up|down WORD CODE: check_tcp reports this in a half that has just begun, on IPv4 and IPv6. A
# check during a transition does not count.
see() {
	local before answers address
	for _ in 1 2 3; do
		wait_for "$1"
		before=$(transitions)
		answers=''
		for address in 127.0.0.1 ::1; do
			run check_tcp -H $address -p "$port" -t 10
			[[ "$output" == *"$2"* ]] && answers+="$status "
		done
		[ "$(transitions)" -eq "$before" ] || continue
		[ "$answers" = "$3 $3 " ]
		return
	done
	echo "each half ended before check_tcp did" >&2
	return 1
}

@test "flapper: check_tcp reports OK and refused in turn for ten periods, on IPv4 and IPv6" {
	start_flapper -i 2
	for _ in {1..10}; do
		see down refused 2
		see up 'TCP OK' 0
	done
	stop flapper
}

# Connects and disconnects for SECONDS, leaving every tenth connection to flapper.
hammer() {
	python3 - "$port" "$1" <<-'E' 3>&-
		import socket, sys, time
		kept, end, served = [], time.monotonic() + float(sys.argv[2]), 0
		while time.monotonic() < end:
		    try:
		        s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
		        served += 1
		        kept = kept[-50:] + [s] if served % 10 == 0 else kept
		    except OSError:
		        pass
		print(served, "were served")
		sys.exit(served < 100)
	E
}

@test "flapper: 10,000 periods of 2 ms: no descriptor leak, no drift" {
	local began=${EPOCHREALTIME/./} sure before now most=0
	start_flapper -i 2ms
	sure=${EPOCHREALTIME/./}
	poll 10 more_transitions_than down 100
	before=$(descriptors)
	hammer 3
	poll 100 more_transitions_than down 9900
	until more_transitions_than down 9999; do
		now=$(descriptors)
		most=$((now > most ? now : most))
	done
	# lower and upper bound of the duration
	sure=$((${EPOCHREALTIME/./} - sure))
	stop flapper
	local took=$((${EPOCHREALTIME/./} - began))
	run ! log_has flapper error
	# the listener may be open or closed: a difference of one is no leak
	echo "descriptors: $before before, $most at the end"
	[ "$most" -le $((before + 1)) ]
	# made and skipped transitions together take the expected time
	local made skipped
	made=$(transitions)
	skipped=$(awk '/skipped/ { n += $4 } END { print n + 0 }' "$work/flapper.log")
	echo "$made transitions made, $skipped skipped in $sure to $took us"
	[ $(((made + skipped) * 1000)) -gt $((sure - 700000)) ]
	[ $(((made + skipped) * 1000)) -lt $((took + 100000)) ]
}

# phase_of up|down FROM TO: of the lines stamped from FROM to TO, the smallest distance from
# $grid modulo $period, in milliseconds from -period/4, for a busy machine is late, to 3 period/4
phase_of() {
	awk -v word="$1" -v from="$2" -v to="$3" -v grid="$grid" -v period="$period" '
		$4 == word && $1 >= from && $1 < to {
			n = ($1 - grid) / period; d = $1 - grid - int(n + 0.25) * period
			if (!seen++ || d < best) best = d
		}
		END { if (!seen) exit 1; print int(best * 1000) }' "$work/flapper.log"
}

@test "flapper: stopped for three periods, it skips them and continues in phase" {
	start_stamped -i 2
	local began grid period=2 stopped continued
	wait_for up
	wait_for up
	grid=$(awk 'NR == 1 { print $1 }' "$work/flapper.log")
	freeze flapper
	stopped=$EPOCHREALTIME
	# three periods later, in the middle of a closed half
	poll 20 eval "awk -v now=\$EPOCHREALTIME -v then=$stopped -v grid=$grid 'BEGIN {
		phase = (now - grid) / 2; phase -= int(phase)
		exit !(now - then >= 6 && phase > 0.65 && phase < 0.75) }'"
	kill -CONT "${pids[flapper]}"
	continued=$EPOCHREALTIME
	for _ in 1 2 3; do wait_for up; done
	cat "$work/flapper.log"
	log_has flapper 'info: skipped [6-8] transitions$'
	# it noticed at once, not after the rest of the interrupted sleep
	awk -v t="$continued" '/skipped/ { exit !($1 - t < 0.6) }' "$work/flapper.log"
	# no catching up: at most one transition at once, the next after half a half at the earliest
	[ "$(awk -v t="$continued" '/(up|down) on/ && $1 >= t && $1 < t + 0.4' "$work/flapper.log" |
		wc -l)" -le 1 ]
	local before after
	before=$(phase_of up 0 "$stopped")
	after=$(phase_of up "$continued" 9999999999)
	echo "up at $before ms of the grid before, $after ms after"
	[ $((after - before)) -lt 200 ]
	[ $((before - after)) -lt 200 ]
}

@test "flapper: --align keeps the phase of the wall clock, also over a restart" {
	local grid=0 period=2 phase
	for _ in first again; do
		# started in the second half of a period it begins with down
		poll 20 eval 'ms=$((${EPOCHREALTIME/./} / 1000 % 2000)); [ $ms -gt 1100 ] && [ $ms -lt 1500 ]'
		port=$(free_port)
		start_stamped --align -i 2
		[ "$(transitions up)" -eq 0 ]
		log_has flapper ' down on .* for (0\.[0-9]+ s|[0-9.]+ ms)$'
		for _ in 1 2 3; do wait_for up; done
		cat "$work/flapper.log"
		phase=$(phase_of up 0 9999999999)
		[ "$phase" -ge 0 ]
		[ "$phase" -lt 300 ]
		run ! log_has flapper skipped
		stop flapper
	done
}
