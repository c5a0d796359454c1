# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031 # $work, $output, $status and what load brings
# The demo's output and its clean-up, for every way to end. t/bootstrap.bats runs it into a file.

load lib/daemons
load lib/leftovers

setup() { start_work; }
teardown() { stop_all; }

demo=$BATS_TEST_DIRNAME/demo/demo

# In a process group of its own, like a command typed in a shell: SIGINT reaches it.
start_demo() {
	marked start demo setsid env --default-signal=INT "$demo"
}

# Waits for the end of its first scene; prints the output if it exited before.
under_way() {
	poll 120 eval "log_has demo ' room .*Recovery: ' || ended ${pids[demo]}"
	log_has demo ' room .*Recovery: ' || {
		cat "$work/demo.log"
		return 1
	}
}

@test "on a terminal of 80x24: all scenes, coloured, nothing beyond the right edge" {
	local screen=$work/screen
	marked env LANG=C.UTF-8 TERM=xterm script --quiet --return \
		--command "stty cols 80 rows 24; exec '$demo'" "$screen.raw" </dev/null >/dev/null
	[ -z "$(leftovers)" ]
	grep -q $'\e\[31m' "$screen.raw"
	sed 's/\r$//; s/\x1b\[[0-9;]*m//g; 1d; $d' "$screen.raw" >"$screen"
	run ! grep -q $'\e' "$screen"
	run grep -E "^.{81}" "$screen"
	echo "$output"
	[ "$status" = 1 ]
	grep -q '^ *[0-9.]* room  *oobetet: Flapjack Self Monitoring is Critical' "$screen"
	grep -q '5. Measurements ─' "$screen"
}

@test "long lines are wrapped at words, with a hanging indent" {
	local expected
	cat >"$work/narrow" <<-'E'
		stty cols 40 rows 24
		. "$1/screen.bash"
		screen_open
		began=0
		fact 12345 station '' 'words that go on and on, and awordwithoutanyblankinit'
	E
	run script --quiet --return --command "bash '$work/narrow' '$BATS_TEST_DIRNAME/demo'" /dev/null </dev/null
	expected=' 12.3 station    words that go on and
                 on, and
                 awordwithoutanyblankini
                 t'
	[ "$(tr -d '\r' <<<"$output")" = "$expected" ]
}

@test "Ctrl-C during the demo leaves no process, no port, no file" {
	local status=0
	start_demo
	under_way
	kill -INT -- "-${pids[demo]}"
	poll 20 ended "${pids[demo]}"
	stop demo || status=$?
	[ "$status" = 130 ]
	log_has demo '^ Stopped: 10 programs\. Removed: '
	[ -z "$(leftovers)" ]
}

@test "--keep: after the demo programs and files stay until SIGINT" {
	local status=0 place port
	marked start demo setsid env --default-signal=INT "$demo" --keep
	poll 120 eval "log_has demo 'kill [0-9]+ +the same as Ctrl-C' || ended ${pids[demo]}"
	log_has demo "kill ${pids[demo]} +the same as Ctrl-C"
	place=$(sed -n 's/^ *in \(.*\)$/\1/p' "$work/demo.log" | tail -n 1)
	[ -s "$place/oobetet.ini" ]
	[ -s "$place/nagios/nagios.cfg" ]
	[ -s "$place/room.log" ]
	port=$(grep -Eo 'curl http://127.0.0.1:[0-9]+' "$work/demo.log")
	curl -sSf "${port#curl }/state" | grep -q '"lab:Flapper"'
	kill -INT -- "-${pids[demo]}"
	poll 20 ended "${pids[demo]}"
	stop demo || status=$?
	[ "$status" = 130 ]
	[ -z "$(leftovers)" ]
}

@test "--break: the alarm names the broken link, and exits 0 only then" {
	run -0 marked "$demo" --break processor
	[[ "$output" == *"wait in 'events' and none is taken"* ]]
	[[ "$output" == *'[ok] processor was broken, and processor was named'* ]]
	[ -z "$(leftovers)" ]
	run -64 "$demo" --break moon
	[[ "$output" == *'needs one of nagios, broker, redis, processor, alerter, jabber'* ]]
}

@test "SIGKILL to the demo ends its programs too" {
	start_demo
	under_way
	kill -KILL "${pids[demo]}"
	poll 60 no_process_left
}

no_process_left() {
	[[ $(leftovers) != *'(process '* ]]
}

@test "a failing program is reported with its last output" {
	local status=0 notify
	start_demo
	under_way
	notify=$(leftovers | sed -n 's/^httpbroker-notify .*(process \([0-9]*\)).*/\1/p')
	kill -KILL "$notify"
	poll 20 ended "${pids[demo]}"
	stop demo || status=$?
	[ "$status" = 1 ]
	log_has demo '^ FAILED at notify: it has ended by itself, with exit status 137\.$'
	log_has demo '^   [0-9.]+ httpbroker-notify: debug: notification: ."event":"recovery"'
	[ -z "$(leftovers)" ]
}

path_without() {
	tr : '\n' <<<"$PATH" | grep -vxF "$1" | paste -sd:
}

@test "a TMPDIR that is too long for a socket is reported before anything starts" {
	local long
	long=$work/$(printf 'x%.0s' {1..100})
	mkdir "$long"
	run marked env TMPDIR="$long" "$demo"
	[ "$status" = 64 ]
	[[ "$output" == *'TMPDIR is too long: the sockets of Nagios need a path of 107 bytes at most; try TMPDIR=/tmp'* ]]
	[ -z "$(leftovers)" ]
	[ -z "$(ls "$long")" ]
}

@test "a missing program is reported before anything starts" {
	mkdir "$work/build"
	ln -s "$build/t" "$build/flapper" "$build/httpbroker" "$work/build"
	while command -v oobetet; do PATH=$(path_without "$(dirname "$(command -v oobetet)")"); done
	QN_BUILD=$work/build run marked "$demo"
	[ "$status" = 69 ]
	[[ "$output" == *'oobetet is not built'* ]]
	[ -z "$(leftovers)" ]
}
