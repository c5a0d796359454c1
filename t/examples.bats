#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $root, $work, $port and what load brings; eval
# The examples of the manual pages, taken out of the pages and run as they are printed, except for the
# ports.

load lib/daemons

setup() {
	start_work
	port=$(free_port) flapper_port=$(free_port)
	export HTTPBROKER_URL=http://127.0.0.1:$port
}
teardown() { stop_all; }

# example PAGE N: the commands of the Nth block under EXAMPLES
example() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh /p' "$root/doc/$1" | awk -v wanted="$2" '
		/^\.Bd/ { if (++n == wanted) { inside = 1; next } }
		/^\.Ed/ { inside = 0 }
		inside' | sed -e 's/\\e/\\/g; s/\\&//g' -e "s/3090/$port/; s/12345/$flapper_port/g" >"$work/example-$2"
	[ -s "$work/example-$2" ]
	echo "$work/example-$2"
}

@test "quietnight(7): the middle of the chain; a problem and a recovery; a port and a check of it" {
	local script
	script=$(example quietnight.7 1)
	start chain setsid bash "$script"
	poll 20 curl -sf "$HTTPBROKER_URL/health"
	bash "$(example quietnight.7 2)"
	poll 20 said chain '^Problem: .*"Flapper" on lab is Critical, Connection refused$'
	poll 20 said chain '^Recovery: "Flapper" on lab is OK, TCP OK$'
	start flapper setsid bash -c "$(cat "$(example quietnight.7 3)"); wait"
	poll 20 eval 'curl -s "$HTTPBROKER_URL/state" | grep -q "TCP OK - .* response time\|onnection refused"'
	kill -- "-${pids[chain]}" "-${pids[flapper]}"
}
