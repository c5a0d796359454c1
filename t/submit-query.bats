# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output and what load brings
# httpbroker-submit --query: the states of checks, as a table, as JSON, as a plugin's exit status.

load lib/daemons
load lib/broker
load lib/nagios

setup() {
	start_work
	start broker httpbroker --port 0 --server none
	poll 10 broker_listens
	export HTTPBROKER_URL=$url
}
teardown() { stop_all; }

# query [OPTION...]: sets $status, $output (standard output), $lines, $stderr
query() {
	run --separate-stderr httpbroker-submit --query "$@"
}

stale() {
	[ "$(curl -sSf "$url?stale=true" | grep -c '^"')" -eq "$1" ]
}

@test "--query prints a table, worst first, and exits with the worst state" {
	posts 200 "$(event db-1 disk ok '"summary":"fine"')" "$(event db-1 load Warning '"summary":"12"')" \
		"$(event db-2 disk critical '"summary":"full | x=1\nmore"')" "$(event web HOST up)" \
		"$(event db-2 old ok '"ttl":1,"summary":"was fine"')"
	poll 10 stale 1
	query
	[ "$status" -eq 2 ]
	[ "${lines[0]}" = 'CRITICAL: 1 critical, 1 unknown, 1 warning, 2 ok, of these 1 stale | critical=1 unknown=1 warning=1 ok=2 stale=1' ]
	[[ "${lines[1]}" =~ ^'STATE     ENTITY  CHECK  AGE  LEFT   SUMMARY'$ ]]
	[[ "${lines[2]}" == 'critical  db-2    disk   '*'  full / x=1 more' ]]
	[[ "${lines[3]}" == 'unknown   db-2    old  '*'  stale  was ok: was fine' ]]
	[[ "${lines[4]}" == 'warning   db-1    load '*'  12' ]]
	[ "${#lines[@]}" -eq 7 ]
	[ "$stderr" = '' ]
	query -e db-1
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 4 ]
	query -e 'db-*' -c 'o?d'
	[ "$status" -eq 3 ]
	[ "${#lines[@]}" -eq 3 ]
	query -c '[dH]*' -s ok
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4 ]
	query --state critical -e db-2 -c disk
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 3 ]
	query -e db
	[ "$status" -eq 3 ]
	[ "$output" = 'UNKNOWN: no check matches' ]
	query -e 'db-1' -c 'd*k' --json
	[ "$status" -eq 0 ]
	[ "$(jq -c '.[] | [.entity, .check, .state, .stale]' <<<"$output")" = '["db-1","disk","ok",false]' ]
	query --json
	[ "$status" -eq 2 ]
	[ "$(jq -c 'map(.state | ascii_downcase)' <<<"$output")" = '["critical","unknown","warning","ok","ok"]' ]
	query --json -c none
	[ "$status $output" = '3 []' ]
}

@test "--query: an unreachable broker, a stand-by or a wrong answer is UNKNOWN" {
	local port
	port=$(free_port)
	query --url "http://127.0.0.1:$port"
	[ "$status" -eq 3 ]
	[[ "$output" == "UNKNOWN: http://127.0.0.1:$port/state: "*onnect* ]]
	[ "$stderr" = '' ]
	query --url "http://127.0.0.1:$port" --json
	[ "$status" -eq 3 ]
	[ "$output" = '' ]
	[[ "$stderr" == *'error: http'* ]]
	# the next one is asked
	posts 200 "$(event a b ok)"
	query --url "http://127.0.0.1:$port" --url "$url"
	[ "$status" -eq 0 ]
	query --url "${url%state}nowhere" --url "${url%state}metrics"
	[ "$status" -eq 3 ]
	[[ "$output" == *'there is nothing at /nowhere'*'; http'*"the answer is not a broker's list of checks" ]]
	printf 'sesame\n' >"$work/tokens"
	chmod 600 "$work/tokens"
	start guarded httpbroker --port "unix:$work/socket" --server none --token-file "$work/tokens"
	poll 10 test -S "$work/socket"
	query --url "unix:$work/socket"
	[ "$status" -eq 3 ]
	[[ "$output" == 'UNKNOWN: unix:'*'a token is needed'* ]]
	HTTPBROKER_TOKEN=sesame query --url "unix:$work/socket"
	[ "$output" = 'UNKNOWN: no check matches' ]
	freeze broker
	query --timeout 300ms
	[ "$status" -eq 3 ]
	[[ "$output" == 'UNKNOWN: http'*' timed out '* ]]
}

@test "--query: a foreign answer neither steers the terminal nor adds performance data" {
	local port
	port=$(free_port)
	start proxy python3 -c 'import http.server, sys
class Proxy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = "\x1b]0;title\x07\x1b[31mno \u202eway | x=1".encode()
        self.send_response(500)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Proxy).serve_forever()' "$port"
	poll 10 listening "$port"
	query --url "http://127.0.0.1:$port"
	[ "$status" -eq 3 ]
	[ "$output" = "UNKNOWN: http://127.0.0.1:$port/state: not httpbroker's answer: ]0;titleno \\u202eway / x=1 (HTTP 500)" ]
	query --json --url "http://127.0.0.1:$port"
	[ "$output" = '' ]
	[[ $stderr == *'no \u202eway'* ]]
}

@test "--query: hidden characters of names are shown, wide ones are counted" {
	posts 200 "$(event '\u202e\u200bdb' '\u76e3\u8996' ok '"ttl":-1,"summary":"\u2066x"')" "$(event db abcd ok '"ttl":-1')"
	query -c '????' -e db
	[ "${#lines[@]}" -eq 3 ]
	query
	[ "${lines[1]}" = 'STATE  ENTITY          CHECK  AGE  LEFT  SUMMARY' ]
	[[ "$output" == *$'ok     \\u202e\\u200bdb  \xe7\x9b\xa3\xe8\xa6\x96   '*'\u2066x'* ]]
	[[ "$output" == *'ok     db              abcd   '* ]]
	query -c $'\xe7\x9b\xa3?' --url "$url"
	[ "${#lines[@]}" -eq 3 ]
}

@test "--query: rows that cannot be stored until they are printed are UNKNOWN" {
	for n in {1..40}; do event "host-$n" check ok '"summary":"all is well here"'; done >"$work/events"
	curl -sSf -o /dev/null --data-binary "@$work/events" "$url"
	# less than a buffer of stdio: the failure comes at the end
	run -3 bash -c "trap '' XFSZ; ulimit -f 1; exec httpbroker-submit --query --url '$url'"
	[ "$output" = "UNKNOWN: $url: a temporary file cannot be written: File too large" ]
}

@test "--query: a standard output that cannot be written is UNKNOWN" {
	posts 200 "$(event db-1 disk ok)"
	run bash -c 'httpbroker-submit --query >&-'
	[ "$status" -eq 3 ]
	[ "$output" = 'httpbroker-submit: error: standard output is closed' ]
	run bash -c 'httpbroker-submit --query >/dev/full'
	[ "$status" -eq 3 ]
	[[ $output == *'standard output cannot be written: No space left on device'* ]]
}

@test "--query refuses the parts of an event, and what sends events" {
	local options
	for options in '-m x' '-t 5m' '--time 5' '-T x' '--spool s' '--dry-run' '-q' '-s acknowledgement' file '--forget -e x' \
		'-- true'; do
		# shellcheck disable=SC2086 # words
		query $options
		[ "$status" -eq 64 ]
		[ "$output" = '' ]
	done
	run -64 httpbroker-submit --json -c a -s ok
	run -64 httpbroker-submit --timeout 5 -c a -s ok
}

@test "--query needs no more memory for many checks" {
	local name
	name=$(printf 'x%.0s' {1..3900})
	for k in {1..10}; do
		for n in {1..500}; do event "e$k" "$n" warning "\"summary\":\"$name\""; done >"$work/events"
		curl -sSf -o /dev/null --data-binary "@$work/events" "$url"
	done
	python3 -c 'import resource, subprocess, sys
code = subprocess.run(["httpbroker-submit", "--query"], stdout=open(sys.argv[1], "w")).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$work/table" >"$work/used"
	cat "$work/used"
	read -r code memory <"$work/used"
	[ "$code" -eq 1 ]
	[ "$(wc -c <"$work/table")" -gt 19500000 ]
	# a sanitizer does not return freed memory
	ldd "$build/httpbroker/submit/httpbroker-submit" | grep -Eq 'lib[at]san' || [ "$memory" -lt 24000 ]
}

@test "Nagios pulls a check that was pushed, with --query as its plugin" {
	posts 200 "$(event db-01 backup warning '"summary":"slow"')"
	nagios_configure 1 db-01 backup
	sed -i "s|command_line.*|command_line $build/httpbroker/submit/httpbroker-submit --query --url $url -e db-01 -c backup|" \
		"$work/nagios/objects.cfg"
	exec 7<>"$nagios_perfdata"
	start_nagios
	nagios_result WARNING
	[ "${fields[7]}" = 'WARNING: 0 critical, 0 unknown, 1 warning, 0 ok, of these 0 stale' ]
	[ "${fields[8]}" = 'critical=0 unknown=0 warning=1 ok=0 stale=0' ]
	[[ "${fields[9]}" == *'db-01 '*'backup '*'slow'* ]]
	posts 200 "$(event db-01 backup ok '"ttl":1')"
	nagios_result UNKNOWN
	[[ "${fields[9]}" == *'stale '*'was ok'* ]]
	exec 7>&-
}
