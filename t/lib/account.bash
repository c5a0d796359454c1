# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash, broker.bash and redis.bash
#
# Clients that keep posting numbered changes, and the account at the end.
#
#   start_changes CLIENTS [PAUSE [new]]   each client keeps changing one check of its own (with `new`,
#                            adding checks) until changes_account, PAUSE seconds after the change
#                            before; a request not answered with 200 or 202 is posted again
#   changes N                waits until N more changes were accepted
#   changes_account          stops the clients, waits until all events are in the queue, and prints
#                            accepted, delivered, repeated, lost, disordered; fails if any of the
#                            last three is not 0

start_changes() {
	: >"$work/accepted"
	start changes changes_post "$@"
	changes 1
}

changes_post() {
	client "$work" "$@" <<-'E'
		work, clients = sys.argv[2], int(sys.argv[3])
		pause = float(sys.argv[4]) if len(sys.argv) > 4 else 0
		name = "c%d-%d" if len(sys.argv) > 5 else "c%d"
		lock, log, codes = threading.Lock(), open(work + "/accepted", "w", 1), {}
		def attempt(s, json):
		    try:
		        s = s or connect()
		        code, body = post(s, json)
		        return (s if code else None), code
		    except OSError:
		        return None, 0
		def run(i):
		    s, n = None, 0
		    while not os.path.exists(work + "/enough"):
		        n += 1
		        json = event("changes", name % ((i, n) if "-" in name else i), ("ok", "critical")[n % 2], n)
		        code, until = 0, time.monotonic() + 60
		        while code not in (200, 202):
		            assert code in (0, 502, 503, 504), code
		            assert time.monotonic() < until, "not accepted within 60 s"
		            if code: time.sleep(0.01)
		            s, code = attempt(s, json)
		            with lock: codes[code] = codes.get(code, 0) + 1
		            if not code: time.sleep(0.02)
		        with lock: log.write("c%d %d\n" % (i, n))
		        if pause: time.sleep(pause)
		together(clients, run)
		print("answers:", dict(sorted(codes.items())))
	E
}

accepted_at_least() {
	[ "$(wc -l <"$work/accepted")" -ge "$1" ]
}

changes() {
	poll 60 accepted_at_least $(($(wc -l <"$work/accepted") + $1))
}

changes_arrived() {
	queue | sed -n 's/.*"entity":"changes","check":"\(c[0-9]*\)[-0-9]*".*"summary":"\([0-9][0-9]*\)".*/\1 \2/p' >"$work/delivered"
	# each accepted change at least once
	[ -z "$(sort -u "$work/delivered" | comm -13 - <(sort -u "$work/accepted"))" ]
}

changes_account() {
	touch "$work/enough"
	wait "${pids[changes]}" || cat "$work/changes.log"
	unset 'pids[changes]'
	cat "$work/changes.log"
	poll "${1:-20}" changes_arrived || :
	changes_judge | tee "$work/account"
	echo "# $BATS_TEST_DESCRIPTION: $(cat "$work/account")" >&3
	grep -q 'repeated 0, lost 0, disordered 0$' "$work/account"
}

changes_judge() {
	awk -v accepted="$(wc -l <"$work/accepted")" \
		-v lost="$(sort -u "$work/delivered" | comm -13 - <(sort -u "$work/accepted") | wc -l)" '
		seen[$0]++ { repeated++; next }
		$2 + 0 < last[$1] { disordered++ }
		{ last[$1] = $2 + 0 }
		END {
			printf "accepted %d, delivered %d, repeated %d, lost %d, disordered %d\n",
				accepted, NR, repeated, lost, disordered
		}' "$work/delivered"
}
