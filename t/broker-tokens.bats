#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# Access with --token-file, and the entities each token may write.

load lib/daemons
load lib/redis
load lib/broker

setup() { start_work; }
teardown() { stop_all; }

# tokens LINE...: writes the file
tokens() {
	printf '%s\n' "$@" >"$work/new"
	chmod 600 "$work/new"
	mv "$work/new" "$work/tokens"
}

# start_with_tokens OPTION...: starts a broker with this file
start_with_tokens() {
	start_redis
	start_broker --interval 24h --token-file "$work/tokens" "$@"
}

# asks CODE CURL-OPTION...: the request gets CODE; sets $answer, and $head to the headers
asks() {
	code=$(curl -sS -m 20 -D "$work/head" -o "$work/answer" -w '%{http_code}' "${@:2}")
	answer=$(cat "$work/answer")
	head=$(tr -d '\r' <"$work/head")
	[ "$code" = "$1" ] || {
		echo "${*:2}: $code $answer"
		return 1
	}
}

bearer() {
	printf 'Authorization: Bearer %s' "$1"
}

# hang_up PATTERN: sends SIGHUP and awaits PATTERN in the log
hang_up() {
	kill -HUP "${pids[broker]}"
	poll 10 log_has broker "$1"
}

@test "--token-file: without a token, or with a wrong one, every request is refused" {
	tokens sesame
	start_with_tokens --debug
	local wrong
	for wrong in 'X-No: thing' 'Authorization: Bearer sesam' 'Authorization: Bearer sesamee' \
		'Authorization: Bearer ' 'Authorization: Bearer sesame e' 'Authorization: sesame' 'Authorization: Digest sesame' \
		'Authorization: Basic sesame' "Authorization: Basic $(printf sesame | base64)" \
		"Authorization: Basic $(printf 'sesame:x' | base64)"; do
		asks 401 -H "$wrong" -d "$(event a b ok)" "$url"
		grep -Fx 'WWW-Authenticate: Bearer realm="httpbroker"' <<<"$head"
		grep -Fx 'WWW-Authenticate: Basic realm="httpbroker"' <<<"$head"
		[[ "$answer" == '{"error": '*'Bearer TOKEN'* ]]
	done
	asks 401 "$url"
	asks 401 -X DELETE "$url?entity=a"
	asks 401 "${url%state}nowhere"
	poll 10 asks 200 "${url%state}health"
	# before the body is sent, if the client waits for 100 Continue
	head -c 100000 /dev/zero >"$work/large"
	asks 401 -H 'Expect: 100-continue' --data-binary "@$work/large" "$url"
	[[ "$head" != *'100 Continue'* ]]
	asks 200 -H "$(bearer sesame)" "$url"
	[ "$answer" = '{}' ]
	[ "$(redis EXISTS events)" -eq 0 ]
	run -1 grep -i sesam "$work/broker.log"
}

@test "--token-file: each of its tokens is valid, as Bearer or as the Basic password" {
	tokens '# for people' 'first-token' '' '  second~token	'
	start_with_tokens
	asks 200 -H "$(bearer first-token)" -d "$(event a b ok)" "$url"
	asks 200 -H 'authorization: bEARER second~token' -d "$(event a c ok)" "$url"
	asks 200 -u any:first-token -d "$(event a d ok)" "$url"
	asks 200 -u :second~token "$url"
	# blanks behind a header's value are no part of it
	asks 200 -H "$(bearer first-token) 	 " "$url"
	asks 200 -H "Authorization: Basic $(printf :first-token | base64)  " "$url"
	asks 200 "$url" -u :second~token
	[[ "$answer" == *'"a:b"'* && "$answer" == *'"a:c"'* && "$answer" == *'"a:d"'* ]]
	asks 200 -u x:first-token -X DELETE "$url?entity=a"
	run -1 log_has broker warning
}

@test "--token-file: globs limit what a token may write: one event, some of many, DELETE" {
	tokens 'all' 'some db-* web-[12]'
	start_with_tokens
	asks 200 -H "$(bearer some)" -d "$(event db-7 b ok)" "$url"
	asks 200 -H "$(bearer some)" -d "$(event web-2 b ok)" "$url"
	asks 403 -H "$(bearer some)" -d "$(event web-3 b ok)" "$url"
	[[ "$answer" == '{"error": '*'web-3'* ]]
	asks 403 -H "$(bearer some)" -d "$(event xdb-7 b ok)" "$url"
	asks 403 -H "$(bearer some)" -d "$(event DB-7 b ok)" "$url"
	# Flapjack's names do not show where the entity ends
	asks 200 -H "$(bearer some)" -d "$(event db-7 'Disk C:' ok)" "$url"
	asks 200 -H "$(bearer some)" -d "$(event db-7 9100:Up ok)" "$url"
	asks 403 -H "$(bearer some)" -d "$(event web-2 9100:Up ok)" "$url"
	[ "$answer" = '{"error": "this token may not write '"'web-2:9100:Up': its check's name has a colon, up to which it may be an entity's"'"}' ]
	asks 207 -H "$(bearer some)" -d "[$(event db-1 b ok),$(event mail b ok)]" "$url"
	[[ "$answer" == *'"index":0,"result":"delivered"'*'"index":1,"result":"refused","error":'*mail* ]]
	asks 403 -H "$(bearer some)" -d "[$(event mail b ok),$(event news b ok)]" "$url"
	[[ "$answer" == '{"error":'* ]]
	asks 200 -H "$(bearer all)" -d "$(event mail b ok)" "$url"
	asks 403 -H "$(bearer some)" -X DELETE "$url?entity=mail"
	asks 403 -H "$(bearer some)" -X DELETE "$url?entity=mail&check=b"
	asks 200 -H "$(bearer some)" -X DELETE "$url?entity=db-7"
	# globs do not limit reads
	asks 200 -H "$(bearer some)" "$url?entity=mail"
	[[ "$answer" == *'"mail:b"'* ]]
	[ "$(redis HLEN httpbroker:default:states)" -eq 3 ]
	[ "$(redis LLEN events)" -eq 6 ]
}

@test "--token-file: with Flapjack 1 the case of an entity is ignored" {
	tokens 'some db-*'
	start_with_tokens --flapjack-version 1
	asks 200 -H "$(bearer some)" -d "$(event DB-7 b ok)" "$url"
	asks 403 -H "$(bearer some)" -d "$(event web-2 b ok)" "$url"
	asks 200 -H "$(bearer some)" -X DELETE "$url?entity=DB-7"
}

@test "SIGHUP: reloads tokens; an invalid file is logged with its line and changes nothing" {
	tokens old
	start_with_tokens
	tokens old new
	hang_up 'info: SIGHUP: tokens reloaded'
	asks 200 -H "$(bearer old)" "$url"
	asks 200 -H "$(bearer new)" "$url"
	tokens other same same
	hang_up "error: SIGHUP: $work/tokens: line 3: this token is already in the file; the old tokens stay in use"
	asks 200 -H "$(bearer new)" "$url"
	asks 401 -H "$(bearer other)" "$url"
	rm "$work/tokens"
	hang_up "error: SIGHUP: $work/tokens: No such file"
	asks 200 -H "$(bearer new)" "$url"
	tokens new 'last x*'
	again() { [ "$(grep -c 'tokens reloaded' "$work/broker.log")" -eq 2 ]; }
	kill -HUP "${pids[broker]}"
	poll 10 again
	asks 200 -H "$(bearer new)" "$url"
	asks 401 -H "$(bearer old)" "$url"
	asks 403 -H "$(bearer last)" -d "$(event a b ok)" "$url"
	stop broker
	start_broker
	hang_up 'info: SIGHUP: no --token-file'
	posts 200 "$(event a b ok)"
}

# refuses MESSAGE: the broker refuses the current file with exit status 78
refuses() {
	exits 78 "--token-file: $work/tokens: $1" httpbroker --port 0 --token-file "$work/tokens"
	[[ "$output" != *sesame* ]]
}

@test "--token-file: an invalid file is refused with its line, a world-readable one is logged" {
	refuses 'No such file'
	tokens '# nothing'
	refuses 'it has no token'
	tokens sesame '' "$(printf 'sesamé')"
	refuses 'line 3: the token has a byte that is not visible ASCII'
	tokens "$(printf 'sesame\r')"
	refuses 'line 1: it ends in a carriage return'
	tokens sesame 'two *' ' sesame x'
	refuses 'line 3: this token is already in the file'
	tokens "$(head -c 256 /dev/zero | tr '\0' s)"
	refuses 'line 1: the token has more than 255 bytes'
	rm "$work/tokens"
	mkfifo "$work/tokens"
	refuses 'it is no plain file'
	tokens sesame
	chmod 604 "$work/tokens"
	start_with_tokens --port '[::]:0'
	log_has broker "warning: $work/tokens: everybody on this machine may read the secrets in it"
	# with tokens any Host is accepted
	run -1 log_has broker 'warning: any host that reaches'
}

@test "other processes of the user cannot read the environment of those with a token" {
	load lib/confined
	tokens 'all-1 *'
	start broker "${curious[@]}" httpbroker --port 0 --server none --token-file "$work/tokens"
	poll 10 broker_listens
	# programs that it runs are not protected: they are the user's own
	start submit "${curious[@]}" env HTTPBROKER_TOKEN=all-1 httpbroker-submit --url "$url" -e a -c b \
		-- sleep 60
	poll 10 pgrep -P "${pids[submit]}" -x sleep >"$work/command"
	for pid in "${pids[broker]}" "${pids[submit]}"; do
		run ! "${curious[@]}" cat "/proc/$pid/environ"
	done
	"${curious[@]}" cat "/proc/$(cat "$work/command")/environ" >"$work/environ"
	kill "$(cat "$work/command")"
}

# doc/examples/nginx/httpbroker-tls.conf
@test "behind nginx with TLS, over UNIX sockets: tokens count, and a stand-by takes over" {
	local at name proxy_port
	load lib/nginx
	start_redis
	tokens 'secret db-*'
	for name in a b; do
		start "$name" httpbroker --port "unix:$work/$name.sock" --server "127.0.0.1:$redis_port" \
			--interval 24h --name lab --token-file "$work/tokens"
		poll 20 log_has "$name" 'info: (active|standing by)'
	done
	log_has a 'info: active'
	proxy_port=$(free_port)
	start_tls_proxy
	url=https://broker.example.org:$proxy_port
	at=(--resolve "broker.example.org:$proxy_port:127.0.0.1" --cacert "$work/broker.crt")
	asks 200 "${at[@]}" -H "$(bearer secret)" -d "$(event db-1 disk critical)" "$url/state"
	asks 401 "${at[@]}" -H "$(bearer guessed)" -d "$(event db-1 disk ok)" "$url/state"
	asks 401 "${at[@]}" "$url/state"
	asks 403 "${at[@]}" -H "$(bearer secret)" -d "$(event web-1 disk ok)" "$url/state"
	run -60 curl -sS -m 20 --resolve "broker.example.org:$proxy_port:127.0.0.1" "$url/state"
	stop a
	posts_again() {
		asks 200 "${at[@]}" -H "$(bearer secret)" -d "$(event db-1 disk ok)" "$url/state"
	}
	poll 20 posts_again
	log_has b 'info: active'
	[ "$(queue | jq -r .state | paste -sd' ')" = 'critical ok' ]
}
