#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2034,SC2154 # variables that load and run bring
# The page for browsers, without a browser: its files, its headers, its data (page.bats has one).

load lib/daemons
load lib/redis
load lib/broker
load lib/pair
load lib/nginx

setup() { start_work; }
teardown() { stop_all; }

# get PATH [CURL-OPTION...]: sets $code, $answer, $head
get() {
	: >"$work/answer" # curl leaves it as it is if there is no body
	code=$(curl -sS -m 20 -D "$work/head" -o "$work/answer" -w '%{http_code}' "${@:2}" "${url%state}$1")
	answer=$(cat "$work/answer")
	head=$(tr -d '\r' <"$work/head")
}

# data QUERY FILTER: FILTER of jq is true of /page.json?QUERY
data() {
	get "page.json?$1"
	jq -e "$2" "$work/answer" >/dev/null || {
		echo "$code $answer"
		return 1
	}
}

@test "GET /: one page, one script, one style sheet, nothing from elsewhere, less than 60 KiB" {
	local path total=0
	start broker httpbroker --port 0 --server none
	poll 10 broker_listens
	for path in '' page.js page.css; do
		get "$path"
		[ "$code" = 200 ]
		cmp "$work/answer" "$root/httpbroker/http/page/${path:-page.html}"
		total=$((total + $(stat -c %s "$work/answer")))
		run ! grep -E 'https?://' <(sed 's|http://www.w3.org/2000/svg||' "$work/answer")
		# nothing that a strict policy would not run
		run ! grep -E ' style=|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(| on[a-z]+=' "$work/answer"
		grep -Fx "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" <<<"$head"
		grep -Fx 'X-Content-Type-Options: nosniff' <<<"$head"
		etag=$(sed -n 's/^ETag: //p' <<<"$head")
		get "$path" -H "If-None-Match: $etag"
		[ "$code" = 304 ]
		[ "$(wc -c <"$work/answer")" -eq 0 ]
		# that of the 200: a cache may keep it (RFC 9110, 8.6)
		grep -Fx "Content-Length: $(stat -c %s "$root/httpbroker/http/page/${path:-page.html}")" <<<"$head"
		get "$path" -H 'If-None-Match: "x"' -H "If-None-Match: \"y\", W/$etag" && [ "$code" = 304 ]
		get "$path" -H 'If-None-Match: *' && [ "$code" = 304 ]
		get "$path" -H 'If-None-Match: "x"' -H 'If-None-Match: "y"' && [ "$code" = 200 ]
	done
	[ "$total" -lt 61440 ]
	get '' && grep -Fx 'Content-Type: text/html; charset=utf-8' <<<"$head"
	get page.js && grep -Fx 'Content-Type: text/javascript; charset=utf-8' <<<"$head"
	get '?x=1' && [ "$code" = 400 ]
	get '' -X POST && [ "$code" = 405 ]
	get '' -I && [ "$code" = 200 ]
}

@test "GET /page.json: rows, counts and health, with an ETag that changes with them only" {
	local before
	start_redis
	start_broker --interval 1h
	poll 10 data '' '.rows == [] and .role == "active" and .redis and .why == "" and .next == null'
	posts 200 "$(event db-1 load warning '"summary":"12","tags":["a","b"]')" "$(event db-1 disk ok '"ttl":-1')" \
		"$(event db-2 disk critical)" "$(event web x ok '"ttl":1')"
	poll 10 data '' '.counts == {critical: 1, unknown: 1, warning: 1, ok: 1, stale: 1}'
	data '' '[.rows[] | .[0:4]] == [["db-2","disk","critical",0],["web","x","unknown",1],["db-1","load","warning",0],["db-1","disk","ok",0]]'
	data 'state=warning' '.rows[0] | .[4:6] == ["warning", "12"] and .[8] == .[6] + 300 and .[9:11] == [300, 0] and .[12] == ["a", "b"]'
	data 'state=ok' '.rows[0] | .[8] == null and (.[11] | test("^0{47}1$")) and (.[7] - now | fabs) < 30 and .[12] == []'
	data 'entity=DB-' '.matches == 3'
	data 'text=12&tag=b&entity=' '.matches == 1 and .counts.critical == 1'
	data 'state=stale' '.rows[0][0] == "web"'
	data 'state=problem' '.matches == 3'
	etag=$(sed -n 's/^ETag: //p' <<<"$head")
	get 'page.json?state=problem' -H "If-None-Match: $etag"
	[ "$code" = 304 ]
	posts 200 "$(event db-2 disk ok)"
	get 'page.json?state=problem' -H "If-None-Match: $etag"
	[ "$code" = 200 ]
	for before in 'state=fine' 'after=x' 'page=2' 'text=a&text=b'; do
		get "page.json?$before"
		[ "$code" = 400 ]
	done
	# when a state changed is known after a restart; the history begins anew
	before=$(curl -sS "${url%state}page.json?entity=web" | jq '.rows[0][7]')
	stop broker
	start_broker --interval 1h
	poll 20 data 'entity=web' ".rows[0][2] == \"unknown\" and .rows[0][7] == $before"
	data 'entity=web' '.rows[0][11] | test("^0{47}2$")'
}

@test "only the page itself may make a browser ask for /page.json: another site may not" {
	start broker httpbroker --port 0 --server none
	poll 10 broker_listens
	for site in same-origin none; do
		get page.json -H "Sec-Fetch-Site: $site" && [ "$code" = 200 ]
	done
	for site in cross-site same-site; do
		get page.json -H "Sec-Fetch-Site: $site"
		[ "$code $answer" = '403 {"error": "a web page of another site may not read this"}' ]
		# a link from elsewhere to the page
		get '' -H "Sec-Fetch-Site: $site" && [ "$code" = 200 ]
	done
	get page.json -H 'Origin: http://foreign.example' && [ "$code" = 403 ]
	get page.json -H "Origin: ${url%/state}" && [ "$code" = 200 ]
}

@test "the page needs a token, by Basic; a broker without Redis, and a stand-by, say so" {
	printf 'sesame\n' >"$work/tokens"
	chmod 600 "$work/tokens"
	start_redis
	start_broker --interval 1h --token-file "$work/tokens"
	get ''
	[ "$code" = 401 ]
	grep -Fx 'WWW-Authenticate: Basic realm="httpbroker"' <<<"$head"
	get page.json
	[ "$code" = 401 ]
	get page.json -u any:sesame
	[ "$code" = 200 ]
	start other httpbroker --port "unix:$work/socket" --server "127.0.0.1:$redis_port"
	standby() {
		curl -sS --unix-socket "$work/socket" http://localhost/page.json |
			jq -e '.role == "standby" and .rows == [] and .why == "another broker is the active one"'
	}
	poll 20 standby
	[ "$(curl -sS -o /dev/null -w '%{http_code}' --unix-socket "$work/socket" http://localhost/page.json)" = 503 ]
	stop redis
	away() { curl -sS -u :sesame "${url%state}page.json" | jq -e '.redis == false and (.why | startswith("Redis is away"))'; }
	poll 20 away
}

@test "behind the proxy of two brokers the page shows the active one's checks, always" {
	start_redis
	pair_ports
	start_two
	start_proxy "127.0.0.1:$port_a" "127.0.0.1:$port_b"
	url=http://127.0.0.1:$proxy_port/state
	posts 200 "$(event a b critical)"
	for _ in {1..6}; do
		data '' '.role == "active" and .rows[0][0] == "a"'
		[ "$code" = 200 ]
	done
	stop a
	poll 20 data '' '.role == "active" and .rows[0][0] == "a"'
	stop redis
	# nobody is left who can write; the page still knows it
	poll 20 data '' '.redis == false and .rows[0][0] == "a"'
}
