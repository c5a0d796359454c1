# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # nginx's variables; $work, $output and what load brings
# httpbroker-submit, the real broker, and a real nginx in between with responses of its own: only
# events that the broker accepted or refused may leave the spool.

load lib/daemons
load lib/redis
load lib/nginx
load lib/submit

setup() {
	start_work
	read -r port proxy_port <<<"$(free_port 2 | tr '\n' ' ')"
	export HTTPBROKER_URL=http://127.0.0.1:$port/state
	proxy=http://127.0.0.1:$proxy_port
	spool=$work/spool
	start_redis
	start_broker
}

teardown() {
	stop_all
}

# proxy LINE...: nginx directives, besides the forwarding of /broker/ to the broker
proxy() {
	printf '%s\n' "server {" "listen 127.0.0.1:$proxy_port;" "root $work/www;" "$@" \
		"location /broker/ { proxy_pass http://127.0.0.1:$port/; }" "}" >"$work/proxy.conf"
	mkdir -p "$work/www"
	start_nginx "$proxy_port"
}

# fill: puts three events into the spool
fill() {
	run httpbroker-submit --url http://127.0.0.1:1/state --spool "$spool" --retry 0 \
		<<<"$(ok 1)$(ok 2)$(ok 3)"
	[ "$status" -eq 75 ]
}

# kept PATH REASON: events sent there stay in the spool; one error, with URL and status. The reason is a
# pattern.
kept() {
	local before
	before=$(spooled_files)
	run httpbroker-submit --url "$proxy$1" --spool "$spool" --retry 0 </dev/null
	[ "$status" -eq 75 ]
	# shellcheck disable=SC2053 # a pattern
	[[ ${lines[0]} == "httpbroker-submit: warning: $proxy${1%%\?*} does not accept events: "$2 ]]
	[ "${#lines[@]}" -eq 1 ]
	[ "$(spooled_files)" = "$before" ]
}

@test "responses of a proxy neither refuse nor accept events" {
	local foreign="not httpbroker's answer"
	proxy 'error_page 402 =200 /login.html;' 'location /portal/ { return 402; }' \
		"location = /login.html { return 200 '<title>Log in</title>'; }" \
		'location /500/ { return 500; }' 'location /400/ { return 400; }' \
		'location /403/ { deny all; }' 'location /moved/ { return 301 http://127.0.0.1/; }' \
		'location /502/ { proxy_pass http://127.0.0.1:1; }' 'location /204/ { return 204; }'
	touch "$work/www/file"
	fill
	kept /portal/ "$foreign: <title>Log in</title> (HTTP 200)"
	kept /204/ "$foreign (HTTP 204)"
	kept /moved/ "$foreign: <html> (HTTP 301)"
	kept /400/ "$foreign: <html> (HTTP 400)"
	kept /403/ "$foreign: <html> (HTTP 403)"
	kept /nothing "$foreign: <html> (HTTP 404)"
	kept /file "$foreign: <html> (HTTP 405)"
	kept /500/ "$foreign: <html> (HTTP 500)"
	kept /502/ "$foreign: <html> (HTTP 502)"
	[ "$(delivered)" = '' ]
	run httpbroker-submit --url "$proxy/broker/state" --spool "$spool" </dev/null
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ -z "$(spooled_files)" ]
	[ "$(delivered)" = "$(for i in 1 2 3; do ok_delivered "$i"; done)" ]
}

@test "errors of the broker about the URL do not refuse events" {
	proxy
	fill
	kept /broker/stat 'there is nothing at /stat; there are * (HTTP 404)'
	kept /broker/health '/health does not accept POST, only GET, HEAD (HTTP 405)'
	kept '/broker/state?tll=5m' "there is no parameter 'tll' here (HTTP 400)"
	kept '/broker/state?ttl=x' "?ttl: 'x' is not a duration such as 10, 1.5, 500ms, 10s, 2m, 1h30m, 1d (HTTP 400)"
	kept '/broker/state?ttl=1&ttl=2' \
		'the query has a parameter twice, a NUL, or more than 8 parameters (HTTP 400)'
}

@test "without a spool a response of another server is exit 69, reported once" {
	proxy
	submit "$(ok 1)
$(ok 2)" --url "$proxy/nothing" --retry 0 --batch 1
	[ "$status" -eq 69 ]
	[ "$output" = "httpbroker-submit: warning: $proxy/nothing does not accept events: not httpbroker's answer: <html> (HTTP 404)
httpbroker-submit: error: $proxy/nothing accepted no more: 2 events not delivered, from line 1 on" ]
	submit "$(ok 1)" --url "$proxy/nothing" --url "$proxy/broker/state"
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(delivered)" = "$(ok_delivered 1)" ]
}

@test "an event too large for the proxy is reported and dropped; others arrive" {
	proxy 'client_max_body_size 20k;'
	{
		ok 1
		printf '{"entity":"e","check":"large","state":"ok","details":"%s"}' \
			"$(head -c 30000 /dev/zero | tr '\0' x)"
		for i in {2..500}; do ok "$i"; done
	} >"$work/feed"
	run httpbroker-submit --url http://127.0.0.1:1/state --spool "$spool" --retry 0 "$work/feed"
	[ "$status" -eq 75 ]
	run httpbroker-submit --url "$proxy/broker/state" --spool "$spool" --retry 0 </dev/null
	[ "$status" -eq 65 ]
	[[ $output == "httpbroker-submit: error: "*".events: line "*" (HTTP 413): {"*'"check":"large"'* ]]
	[ "${#lines[@]}" -eq 1 ]
	[ -z "$(spooled_files)" ]
	[ "$(delivered)" = "$(for i in {1..500}; do ok_delivered "$i"; done)" ]
}

@test "--forget accepts only the broker's response" {
	proxy "location /portal/ { return 200 '<title>Log in</title>'; }"
	submit "$(ok 1)"
	run httpbroker-submit --forget -e e --retry 0 --url "$proxy/nothing"
	[ "$status" -eq 69 ]
	[[ $output == *'(HTTP 405)'*'nothing was forgotten' ]]
	run httpbroker-submit --forget -e e --retry 0 --url "$proxy/portal/"
	[ "$status" -eq 69 ]
	run httpbroker-submit --forget -e e --url "$proxy/broker/state"
	[ "$status" -eq 0 ]
	run httpbroker-submit --forget -e e --url "$proxy/broker/state"
	[ "$status" -eq 65 ]
	[ "$output" = "httpbroker-submit: error: nothing is remembered of any check of 'e' (HTTP 404)" ]
}
