# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # $ of another shell; $work, $output and what load brings
# httpbroker-submit: one event from options, exit codes, several brokers, tokens, --forget.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/redis
load lib/submit

setup() { start_submit_work; }

teardown() {
	stop_all
}

# The broker's table as JSON, without ages.
states() {
	curl -sS "http://127.0.0.1:$port/state" | grep -o '"[^"]*":[^,]*' | tr '\n' ' '
}

@test "one event, with all options" {
	start_redis
	start_broker
	run httpbroker-submit -e db -c backup -s WARNING -m 'done "in" 4 min' -d $'a\nb' -t 1d -T x -T y
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(delivered)" = '{"entity":"db","check":"backup","state":"WARNING","summary":"done \"in\" 4 min","details":"a\nb","tags":["x","y"]}' ]
	[[ $(states) == *'"ttl":86400'* ]]
	run httpbroker-submit -c here -s ok -v
	[ "$output" = 'httpbroker-submit: info: accepted (HTTP 200)' ]
	[[ $(delivered) == *"{\"entity\":\"$(uname -n)\",\"check\":\"here\",\"state\":\"ok\",\"summary\":\"\"}" ]]
	run httpbroker-submit -e db -c old -s ok --time 1000000000 -t never
	[ "$status" -eq 0 ]
	redis --raw LINDEX events 0 | grep -q '"time":1000000000'
}

@test "a refused event is exit 65, an unreachable broker 69, wrong usage 64" {
	start_redis
	start_broker
	run httpbroker-submit -e "$(printf 'e%.0s' {1..2000})" -c c -s ok
	[ "$status" -eq 65 ]
	[[ $output == *'(HTTP 400): {"entity":"eee'* ]]
	run httpbroker-submit -e e -c c -s ok --url "http://127.0.0.1:$(free_port)/state" --retry 0
	[ "$status" -eq 69 ]
	[[ $output == *' accepted no more: 1 event not delivered' ]]
	run httpbroker-submit -e e -c c -s fine
	[ "$status" -eq 64 ]
	[[ $output == *"'fine' is none of ok, warning"* ]]
}

@test "several brokers: the next one is tried; if none works, all are reported" {
	local dead
	start_redis
	start_broker
	dead=http://127.0.0.1:$(free_port)/state
	run httpbroker-submit -e e -c 1 -s ok --url "$dead" --url "$HTTPBROKER_URL" --retry 0
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	HTTPBROKER_URL="$dead $HTTPBROKER_URL" run httpbroker-submit --retry 0 <<<"$(ok 2)"
	[ "$status" -eq 0 ]
	run httpbroker-submit -e e -c 3 -s ok --url "$dead" --url "unix:$work/none" --retry 0
	[ "$status" -eq 69 ]
	[[ ${lines[0]} == *"warning: no broker accepts events: $dead: "*"; unix:$work/none: No such file or directory" ]]
	run httpbroker-submit -e e -c 3 -s ok --retry 0 --url "$dead" --url "$dead" --url "$dead" --url "$dead"
	[ "$status" -eq 69 ]
	[ "$(grep -o "$dead: Failed to connect to 127.0.0.1 port [0-9]* " <<<"${lines[0]}" | wc -l)" -eq 4 ]
	[ "$(delivered)" = "$(ok_delivered 1; ok_delivered 2)" ]
}

@test "a broker that listens on a UNIX socket" {
	start_redis
	start broker httpbroker --port "unix:$work/socket" --server "127.0.0.1:$redis_port" \
		--flapjack-version 1
	poll 20 test -S "$work/socket"
	HTTPBROKER_URL=unix:$work/socket run httpbroker-submit -e e -c 1 -s ok
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(delivered)" = "$(ok_delivered 1)" ]
	run httpbroker-submit --url unix:socket </dev/null
	[ "$status" -eq 64 ]
	run httpbroker-submit --url "unix:/$(printf '%0107d' 0)" </dev/null
	[ "$status" -eq 64 ]
	[[ $output == *'is longer than 107 bytes' ]]
}

@test "a token from a file or the environment is used and never printed" {
	echo 'sesame' >"$work/token"
	chmod 600 "$work/token"
	AUTHORIZATION='Bearer sesame' start broker "$root/t/tools/broker-double" "$port" "$work/got" 200
	poll 20 listening "$port"
	run httpbroker-submit -e e -c 1 -s ok --token-file "$work/token" -v
	[ "$output" = 'httpbroker-submit: info: accepted (HTTP 200)' ]
	HTTPBROKER_TOKEN=sesame run httpbroker-submit -e e -c 2 -s ok
	[ "$status" -eq 0 ]
	chmod 644 "$work/token"
	run httpbroker-submit -e e -c 3 -s ok --token-file "$work/token"
	[ "$status" -eq 0 ]
	[[ $output == *warning* && $output != *sesame* ]]
	run httpbroker-submit -e e -c 3 -s ok --token-file "$work/none"
	[ "$status" -eq 78 ]
	printf 'sesa\rme\n' >"$work/token"
	chmod 600 "$work/token"
	run httpbroker-submit -e e -c 3 -s ok --token-file "$work/token"
	[ "$status" -eq 78 ]
	[ "$output" = 'httpbroker-submit: error: --token-file: there is a control character in the token' ]
	HTTPBROKER_TOKEN=$'sesame\r\nX: y' run httpbroker-submit -e e -c 2 -s ok
	[ "$status" -eq 78 ]
	run httpbroker-submit -e e -c 2 -s ok --cacert "$work/none"
	[ "$status" -eq 78 ]
}

@test "a command does not get the token or the password" {
	# there /proc/PID/environ is valgrind's own
	[ -z "${QN_WRAPPERS-}" ] || skip 'under valgrind'
	HTTPBROKER_TOKEN=sesame HTTPBROKER_URL=http://u:sesame@127.0.0.1:1/state \
		run httpbroker-submit --dry-run -- sh -c 'env | grep sesame; cat /proc/$PPID/environ | tr "\0" "\n" | grep TOKEN'
	[ "$status" -eq 0 ]
	[[ $output == *HTTPBROKER_TOKEN=* && $output != *sesame* ]]
	run httpbroker-submit --dry-run -- sh -c 'env | grep ^HTTPBROKER_URL='
	[ "$status" -eq 0 ]
}

# tokens LINE...: writes the broker's token file
tokens() {
	(umask 077 && printf '%s\n' "$@" >"$work/tokens")
}

@test "an unknown token keeps the events, an entity that is not permitted is refused" {
	local known="httpbroker-submit: error: this token may not write 'web-1' (HTTP 403)"
	tokens all 'some db-*'
	start_redis
	start_broker --token-file "$work/tokens"
	run timeout 40 httpbroker-submit --retry 10m -e web-1 -c 1 -s ok
	[ "$status" -eq 69 ]
	[[ ${lines[0]} == *'does not accept events: a token is needed: '*' (HTTP 401)' ]]
	[[ ${lines[1]} == *'accepted no more: 1 event not delivered' ]]
	HTTPBROKER_TOKEN=other run httpbroker-submit --spool "$work/spool" <<<"$(ok 1)$(ok 2)"
	[ "$status" -eq 75 ]
	[[ ${lines[0]} == *'does not accept events: this token is not known: '*' (HTTP 401)' ]]
	HTTPBROKER_TOKEN=other run timeout 40 httpbroker-submit --retry 10m --forget -e web-1
	[ "$status" -eq 69 ]
	HTTPBROKER_TOKEN=some run httpbroker-submit -e web-1 -c 1 -s ok
	[ "$status" -eq 65 ]
	[[ $output == "$known: "* ]]
	HTTPBROKER_TOKEN=some run httpbroker-submit --forget -e web-1
	[ "$status" -eq 65 ]
	[ "$output" = "$known" ]
	HTTPBROKER_TOKEN=some run httpbroker-submit <<<"$(ok 3) {\"entity\":\"db-1\",\"check\":\"4\",\"state\":\"ok\"}"
	[ "$status" -eq 65 ]
	[[ $output == *"line 1: this token may not write 'e': "* ]]
	[ "${#lines[@]}" -eq 1 ]
	run httpbroker-submit --spool "$work/spool" --url "http://any:all@127.0.0.1:$port/state" <<<"$(ok 5)"
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(delivered)" = "$(echo '{"entity":"db-1","check":"4","state":"ok","summary":""}'
		ok_delivered 1; ok_delivered 2; ok_delivered 5)" ]
}

@test "a feed waits until the broker knows its token" {
	tokens all
	start_redis
	start_broker --token-file "$work/tokens"
	export HTTPBROKER_TOKEN=other
	feed
	ok 1 >&8
	poll 20 log_has submit 'does not accept events: this token is not known: .*; retrying until it works'
	tokens all other
	kill -HUP "${pids[broker]}"
	poll 20 delivered_count 1
	poll 20 log_has submit 'accepts events again after .*, 1 waiting'
	stop submit
}

@test "https is verified with the system's certificates or those of --cacert" {
	local tls_port
	start_redis
	start_broker
	tls_port=$(free_port)
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost' -keyout "$work/key" -out "$work/cert" 2>/dev/null
	cat >"$work/tls.py" <<-'PYTHON'
		import socket, ssl, sys, threading
		here, there = int(sys.argv[1]), int(sys.argv[2])
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.load_cert_chain(sys.argv[3], sys.argv[4])
		def pump(a, b):
		    try:
		        while data := a.recv(65536): b.sendall(data)
		    except OSError: pass
		def serve(client):
		    try: client = context.wrap_socket(client, server_side=True)
		    except OSError: return
		    server = socket.create_connection(("127.0.0.1", there))
		    threading.Thread(target=pump, args=(client, server), daemon=True).start()
		    pump(server, client)
		door = socket.create_server(("127.0.0.1", here))
		while True: threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
	PYTHON
	start tls python3 "$work/tls.py" "$tls_port" "$port" "$work/cert" "$work/key"
	poll 20 listening "$tls_port"
	run httpbroker-submit -e e -c 1 -s ok --retry 0 --url "https://localhost:$tls_port/state"
	[ "$status" -eq 69 ]
	[[ $output == *certificate* ]]
	run httpbroker-submit -e e -c 1 -s ok --retry 0 --url "https://localhost:$tls_port/state" \
		--cacert "$work/cert"
	[ "$status" -eq 0 ]
	[ "$(delivered)" = "$(ok_delivered 1)" ]
}

@test "--forget: a check, a whole host, an unknown check" {
	start_redis
	start_broker
	submit "$(ok 1)$(ok 2)$(ok 'a&b=c ü')"
	run httpbroker-submit --forget -e e -c 'a&b=c ü' -v
	[ "$status" -eq 0 ]
	[ "$output" = 'httpbroker-submit: info: forgotten (HTTP 200)' ]
	[[ $(states) != *'a&b'* ]]
	run httpbroker-submit --forget -e e -c 'a&b=c ü'
	[ "$status" -eq 65 ]
	[[ $output == *'(HTTP 404)' ]]
	run httpbroker-submit --forget -e e
	[ "$status" -eq 0 ]
	[ "$(states)" = '' ]
	run httpbroker-submit --forget -e e --retry 0 --url "http://127.0.0.1:$(free_port)/"
	[ "$status" -eq 69 ]
	run httpbroker-submit --forget -e 'a b' -c '&' --dry-run
	[ "$output" = "DELETE $HTTPBROKER_URL?entity=a%20b&check=%26" ]
}

@test "a URL without a path means /state" {
	start_redis
	start_broker
	HTTPBROKER_URL=http://127.0.0.1:$port run httpbroker-submit -e e -c 1 -s ok
	[ "$status" -eq 0 ]
	run httpbroker-submit -e e -c 2 -s ok --url "http://u:p@127.0.0.1:$port/?ttl=7"
	[ "$status" -eq 0 ]
	[[ $(states) == *'"ttl":7'* ]]
	run httpbroker-submit --forget -e e -c 1 --url "http://127.0.0.1:$port/"
	[ "$status" -eq 0 ]
	run httpbroker-submit -e e -c 3 -s ok --retry 0 --url "http://127.0.0.1:$port/stat"
	[ "$status" -eq 69 ]
	[[ ${lines[0]} == *"warning: http://127.0.0.1:$port/stat does not accept events: there is nothing at /stat; "*' (HTTP 404)' ]]
}

@test "the first error has the duration of the retries" {
	run httpbroker-submit -e e -c 1 -s ok --retry 300ms
	[ "$status" -eq 69 ]
	[[ ${lines[0]} == *" cannot be reached: "*"; retrying for 300 ms" ]]
	run httpbroker-submit --forget -e e --retry 300ms
	[[ ${lines[0]} == *" cannot be reached: "*"; retrying for 300 ms" ]]
	run httpbroker-submit -e e -c 1 -s ok --retry 300ms --spool "$work/spool"
	[[ ${lines[0]} == *" cannot be reached: "*"; retrying, after "*" ms events go to $work/spool" ]]
	run httpbroker-submit -e e -c 1 -s ok --retry 0
	[[ ${lines[0]} == *" cannot be reached: "* && ${lines[0]} != *retrying* ]]
}

@test "messages about invalid values have valid examples" {
	run httpbroker-submit -e e -c 1 -s ok -t 0
	[ "$output" = "httpbroker-submit: error: --ttl: '0' is not from 1ms to 365d; say 'never' for a state that does not go stale" ]
	run httpbroker-submit --retry always
	[[ $output == *"'always' is not a duration such as "*", nor 'forever'" ]]
}

@test "--dry-run prints the events and sends nothing" {
	run httpbroker-submit --dry-run -e e -c c -s ok -t 90s
	[ "$status" -eq 0 ]
	[ "$output" = '{"entity":"e","check":"c","state":"ok","ttl":90}' ]
	submit $'{"a":\n1}\nnonsense' --dry-run -e e -T x
	[ "$status" -eq 65 ]
	[[ $output == *'{"entity":"e","tags":["x"],"a": 1}'* ]]
	[[ $output == *"error: line 1: the broker would refuse this: 'check' is missing"* ]]
	[[ $output == *'error: line 3: '* ]]
	run bash -c 'httpbroker-submit --dry-run -e e -c c -s ok >/dev/full'
	[ "$status" -eq 74 ]
	[ "$output" = 'httpbroker-submit: error: cannot write to standard output: No space left on device' ]
	for feed in '' '-e e -c c -s ok' '--forget -e e'; do
		run bash -c "httpbroker-submit --dry-run $feed <<<'$(ok 1)' >&-"
		[ "$status" -eq 74 ]
		[ "$output" = 'httpbroker-submit: error: standard output is closed' ]
	done
	run bash -c 'yes "$0" | timeout 40 httpbroker-submit --dry-run >/dev/full' "$(ok 1)" # which has no end
	[ "$status" -eq 74 ]
	run bash -c 'httpbroker-submit --dry-run --forget -e e >/dev/full'
	[ "$status" -eq 74 ]
	run httpbroker-submit --dry-run -q -e e -- check_dummy 2 no
	[ "$status" -eq 2 ]
	[[ $output == '{"entity":"e","check":"check_dummy","state":"critical","summary":"CRITICAL: no",'* ]]
}

@test "--dry-run refuses what the broker would refuse, with the same message" {
	local alert='{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"a"}}]}' answer
	submit "$(ok 1) {\"a\":1} {\"entity\":\"e\",\"check\":\"c\",\"state\":\"banana\"} $alert
{\"entity\":\"e\",\"check\":\"c\",\"state\":\"test_notifications\"}" --dry-run
	[ "$status" -eq 65 ]
	[ "$(grep -c '^{' <<<"$output")" -eq 5 ]
	[ "$(grep -c 'error: line 1: the broker would refuse this: ' <<<"$output")" -eq 2 ]
	[[ $output == *"'entity' is missing"*"'state' is 'banana', not one of"* ]]
	run httpbroker-submit --dry-run -e "$(printf 'e%.0s' {1..2000})" -c c -s ok
	[ "$status" -eq 65 ]
	# the same message
	start_redis
	start_broker
	answer=$(curl -sS -d '{"a":1}' "$HTTPBROKER_URL" | jq -r .error)
	submit '{"a":1}' --dry-run
	[[ $output == *"would refuse this: $answer"* ]]
}

@test "a lone surrogate does not lose the event" {
	start_redis
	start_broker
	submit '{"entity":"e","check":"1","state":"ok","summary":"a\ud800b"}'
	[ "$status" -eq 0 ]
	[ "$(delivered)" = '{"entity":"e","check":"1","state":"ok","summary":"a�b"}' ]
}

@test "defaults apply to feeds of every format" {
	start_redis
	start_broker
	submit '{"check":"1","state":"ok"} {"entity":"f","check":"2","state":"ok","ttl":7}' -e e -t 5m -T x
	printf 'h;s;2;bad|a=1\nh;1;down\n' >"$work/nsca"
	echo "[$EPOCHSECONDS] PROCESS_SERVICE_CHECK_RESULT;h;t;1;hm" >"$work/extcmd"
	run httpbroker-submit --format nsca --delimiter ';' -T y "$work/nsca"
	[ "$status" -eq 0 ]
	run httpbroker-submit --format extcmd "$work/extcmd"
	[ "$status" -eq 0 ]
	[ "$(delivered)" = '{"entity":"e","check":"1","state":"ok","summary":"","tags":["x"]}
{"entity":"f","check":"2","state":"ok","summary":"","tags":["x"]}
{"entity":"h","check":"s","state":"critical","summary":"bad","perfdata":"a=1","tags":["y"]}
{"entity":"h","check":"HOST","state":"critical","summary":"down","tags":["y"]}
{"entity":"h","check":"t","state":"warning","summary":"hm"}' ]
	[[ $(states) == *'"ttl":300'*'"ttl":7'* || $(states) == *'"ttl":7'*'"ttl":300'* ]]
}

@test "several files: lines are counted for each; a missing file does not stop the others" {
	start_redis
	start_broker
	ok 1 >"$work/one"
	printf '\nx\n%s' "$(ok 2)" >"$work/two"
	run httpbroker-submit "$work/one" "$work/none" "$work/two"
	[ "$status" -eq 66 ]
	[[ $output == *"$work/none does not exist"*"$work/two: line 2: "* ]]
	[ "$(delivered)" = "$(ok_delivered 1; ok_delivered 2)" ]
}
