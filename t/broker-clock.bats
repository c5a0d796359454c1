#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2154 # the functions and their variables come from lib
# httpbroker on a machine whose clock changes while it runs: libfaketime moves the wall clock, and
# the monotonic clock continues, as in the kernel.

load lib/daemons
load lib/redis
load lib/broker

setup() {
	start_work
	start_redis
	clock +0
}

teardown() { stop_all; }

# clock OFFSET: steps the broker's clock to ours plus this offset, such as -1d
clock() {
	echo "$1" >"$work/clock.new"
	mv "$work/clock.new" "$work/clock"
}

# start_clocked OPTION...: starts a broker that uses this clock
start_clocked() {
	local libraries=(/usr/lib/*/faketime/libfaketimeMT.so.1)
	[ -e "${libraries[0]}" ]
	start broker env LD_PRELOAD="${libraries[0]}" FAKETIME_TIMESTAMP_FILE="$work/clock" \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 ASAN_OPTIONS=verify_asan_link_order=0 \
		httpbroker --port 0 --server "127.0.0.1:$redis_port" "$@"
	poll 10 broker_listens
}

# repeated_at CHECK OFFSET N: at least N repeats of this check have the time of this clock
repeated_at() {
	local now=$((EPOCHSECONDS + $2))
	[ "$(queue | jq -c "select(.check == \"$1\" and .time > $now - 1000 and .time < $now + 1000)" | wc -l)" -ge "$3" ]
}

unknown() {
	queue | jq -r 'select(.state == "UNKNOWN").check' | sort -u
}

@test "clock set one day ahead, then two back: only expired checks go stale, and repeats continue" {
	local step offset
	start_clocked --interval 100ms
	posts 200 "$(event a minutes ok)" "$(event a never critical '"ttl":-1')" \
		"$(event a late ok "\"time\":$((EPOCHSECONDS - 2000)),\"ttl\":3600")"
	poll 20 repeated_at minutes 0 5
	for step in +1d -1d +0; do
		clock "$step"
		case $step in +1d) offset=86400 ;; -1d) offset=-86400 ;; *) offset=0 ;; esac
		# newer than the cached event, whatever its time
		posts 200 "$(event a minutes critical)" "$(event a minutes ok)"
		[[ "$answer" =~ \"time\":([0-9]+), ]]
		[ $((BASH_REMATCH[1] - EPOCHSECONDS - offset)) -ge -1000 ]
		[ $((BASH_REMATCH[1] - EPOCHSECONDS - offset)) -le 1000 ]
		[[ "$answer" == 'Caching state: '* ]]
		posts 200 "$(event a "new$step" ok '"ttl":1')"
		for check in minutes never late; do poll 20 repeated_at "$check" "$offset" 5; done
		still() { unknown | grep -Fxq "new$step"; }
		poll 20 still # expired checks go stale
		curl -sSf "${url%/state}/metrics/states" | grep 'check_stale{.*} 1' | sort >"$work/stale"
		[ "$(grep -c '' "$work/stale")" -eq "$(unknown | wc -l)" ]
	done
	[ "$(unknown)" = $'new+0\nnew+1d\nnew-1d' ]
	[ "$(curl -sSf "${url%/state}/health" | jq .healthy)" = true ]
	run ! log_has broker 'error|warning'
}

@test "clock set while clients are slow and Redis is down: no connection is closed, nothing expires" {
	start_clocked --interval 100ms --idle-timeout 60s --request-timeout 60s
	posts 200 "$(event a b critical)"
	client "$work" <<-'E'
		def clock(step):
		    with open(sys.argv[2] + "/clock.new", "w") as f: f.write(step + "\n")
		    os.rename(sys.argv[2] + "/clock.new", sys.argv[2] + "/clock")
		body = event("a", "slow", "ok")
		slow, resting = [connect() for i in range(4)], connect()
		assert get(resting)[0] == 200
		for s in slow: s.sendall(request(body)[:-5])
		for step in "+1d", "-1d", "+0":
		    clock(step)
		    assert get(connect())[0] == 200
		    assert get(resting)[0] == 200
		for s in slow:
		    s.sendall(body[-5:].encode())
		    assert answer(s)[0] == 200
	E
	stop redis
	poll 10 log_has broker 'error: Redis at'
	clock +1d
	posts 202 "$(event a b ok)"
	start_redis
	poll 20 queued 1
	clock +0
	posts 200 "$(event a b critical)"
	[ -z "$(unknown)" ]
}
