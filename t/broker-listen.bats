#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell
# Access to httpbroker and from it to Redis: sockets, tokens, passwords.

load lib/daemons
load lib/redis
load lib/broker

setup() { start_work; }
teardown() {
	! declare -F supervise_end >/dev/null || supervise_end "$work/service" || :
	stop_all
}

# refuses CODE MESSAGE OPTION...: the exit status is CODE and the output contains MESSAGE
refuses() {
	exits "$1" "$2" httpbroker "${@:3}"
}

@test "Redis password: from a file or the environment; the file takes precedence" {
	export REDISCLI_AUTH='s3crét pass' # for redis-cli
	start_redis --requirepass 's3crét pass'
	printf 's3crét pass\n' >"$work/password"
	chmod 600 "$work/password"
	start_broker --password-file "$work/password"
	posts 200 "$(event a b ok)"
	stop broker
	REDIS_PASSWORD='s3crét pass' start_broker
	posts 200 "$(event a b critical)"
	stop broker
	REDIS_PASSWORD=wrong start_broker --password-file "$work/password" --debug
	posts 200 "$(event a b ok)"
	run -0 cat "$work/broker.log"
	[[ "$output" != *s3cr* && "$output" != *warning* ]]
}

@test "Redis password wrong, missing or not required: logged once, then recovers" {
	export REDISCLI_AUTH=secret
	start_redis --requirepass secret
	start_broker
	poll 10 log_has broker 'error: Redis at .* refuses SELECT: NOAUTH'
	posts 202 "$(event a b ok)"
	redis CONFIG SET requirepass ''
	poll 20 log_has broker 'back after'
	stop broker
	REDIS_PASSWORD=wrong start_broker
	poll 10 log_has broker 'error: Redis at .* refuses AUTH: (ERR|WRONGPASS)'
}

@test "--password-file: an invalid file is refused, a world-readable one is logged" {
	refuses 78 "--password-file: $work/none: No such file" --password-file "$work/none"
	refuses 78 "--password-file: $work: it is no plain file" --password-file "$work"
	mkfifo "$work/fifo"
	refuses 78 "--password-file: $work/fifo: it is no plain file" --password-file "$work/fifo"
	: >"$work/password"
	refuses 78 'there is nothing in it' --password-file "$work/password"
	printf '\n' >"$work/password"
	refuses 78 'there is nothing in it' --password-file "$work/password"
	printf 'one\ntwo\n' >"$work/password"
	refuses 78 'it has more than one line' --password-file "$work/password"
	printf 'o\0e\n' >"$work/password"
	refuses 78 'there is a NUL in it' --password-file "$work/password"
	head -c 4097 /dev/zero | tr '\0' x >"$work/password"
	refuses 78 'it has more than 4096 bytes' --password-file "$work/password"
	echo secret >"$work/password"
	chmod 604 "$work/password"
	start_redis
	start_broker --password-file "$work/password"
	log_has broker "warning: $work/password: everybody on this machine may read the secrets in it"
}

@test "Redis over a UNIX socket" {
	start_redis --unixsocket "$work/redis.sock"
	start broker httpbroker --port 0 --server "unix:$work/redis.sock"
	poll 10 broker_listens
	posts 200 "$(event a b ok)"
	[ "$(redis LLEN events)" -eq 1 ]
}

# socket_listens: the log says that the broker listens on the socket
socket_listens() {
	poll 10 log_has broker "info: listening on unix:$work/b.sock$"
}

@test "--port unix:/path: mode 0660 with any umask, stale sockets replaced, removed at exit" {
	umask 000
	start broker httpbroker --port "unix:$work/b.sock" --server 127.0.0.1:1
	socket_listens
	[ "$(stat -c '%a %F' "$work/b.sock")" = '660 socket' ]
	run -0 curl -sSf --unix-socket "$work/b.sock" http://broker/state
	[ "$output" = '{}' ]
	kill -KILL "${pids[broker]}"
	wait "${pids[broker]}" || :
	[ -S "$work/b.sock" ]
	umask 077
	start broker httpbroker --port "unix:$work/b.sock" --server 127.0.0.1:1
	socket_listens
	[ "$(stat -c '%a %F' "$work/b.sock")" = '660 socket' ]
	run -0 curl -sSf --unix-socket "$work/b.sock" http://broker/state
	stop broker
	[ ! -e "$work/b.sock" ]
}

@test "--port unix:/path: a socket in use and a file that is not a socket are left alone" {
	start broker httpbroker --port "unix:$work/b.sock" --server 127.0.0.1:1
	socket_listens
	refuses 75 "cannot listen on unix:$work/b.sock: Address already in use" --port "unix:$work/b.sock"
	curl -sSf --unix-socket "$work/b.sock" http://broker/state
	: >"$work/file"
	refuses 73 "cannot listen on unix:$work/file: the file is no socket: remove it, or choose another path" \
		--port "unix:$work/file"
	[ -f "$work/file" ]
	refuses 73 'No such file' --port "unix:$work/none/b.sock"
	refuses 73 'Not a directory' --port "unix:$work/file/b.sock"
	refuses 75 'cannot listen on 192.0.2.1:3090: Cannot assign' --port 192.0.2.1:3090
	# a file put there meanwhile by another process is not removed at exit
	rm "$work/b.sock"
	: >"$work/b.sock"
	stop broker
	[ -f "$work/b.sock" ]
}

# lock_held: another process has locked $work
lock_held() {
	start holder flock --no-fork "$work" sleep 100
	held() { ! flock -n "$work" true; }
	poll 10 held
}

lock_awaited() {
	readlink "/proc/${pids[broker]}/fd/"* | grep -qx "$work"
}

# Otherwise each could treat the other's socket as stale before that listens.
@test "--port unix:/path: brokers that start at the same time wait for each other" {
	lock_held
	start broker httpbroker --port "unix:$work/b.sock" --server 127.0.0.1:1
	poll 10 lock_awaited
	[ ! -e "$work/b.sock" ]
	stop holder || :
	socket_listens
	run ! log_has broker 'going on without'
	start other httpbroker --port "unix:$work/b.sock" --server 127.0.0.1:1
	poll 10 log_has other 'cannot listen'
}

@test "--port unix:/path: a foreign lock on the directory blocks neither start nor stop" {
	lock_held
	start broker httpbroker --port "unix:$work/b.sock" --server none
	socket_listens
	log_has broker 'warning: .*b.sock: another process holds a lock on the directory; going on without it'
	stop broker
	start broker httpbroker --port "unix:$work/b.sock" --server none
	poll 10 lock_awaited
	kill -TERM "${pids[broker]}"
	wait "${pids[broker]}"
	log_has broker 'stopping: SIGTERM'
	[ ! -e "$work/b.sock" ]
}

@test "--port several times: one broker listens on all of them" {
	read -r one two < <(free_port 2 | xargs)
	start_redis
	start broker httpbroker --port "127.0.0.1:$one" --port "[::1]:$two" --port "unix:$work/b.sock" \
		--server "127.0.0.1:$redis_port"
	socket_listens
	url=http://127.0.0.1:$one/state
	posts 200 "$(event a b ok)"
	curl -sSf "http://[::1]:$two/state" | grep -F '"a:b"'
	curl -sSf --unix-socket "$work/b.sock" http://broker/state | grep -F '"a:b"'
	mapfile -t many < <(for i in {1..17}; do printf -- '--port\n127.0.0.1:0\n'; done)
	refuses 64 '--port: more than 16 of them' "${many[@]}"
	mapfile -t many < <(for i in {1..9}; do printf -- '--port\n127.0.0.1:0\n--port\n[::1]:0\n'; done)
	refuses 64 'more than 16 sockets to listen on' "${many[@]:0:28}" --port 0 --port "unix:$work/c.sock"
	[ ! -e "$work/c.sock" ]
}

@test "listening beyond loopback without a token: a warning" {
	start broker httpbroker --port 0 --port "unix:$work/b.sock" --server 127.0.0.1:1
	socket_listens
	run -1 log_has broker warning
	stop broker
	start broker httpbroker --port '[::]:0' --server 127.0.0.1:1
	poll 10 log_has broker 'warning: any host that reaches this machine may post events of any check'
	stop broker
	start broker httpbroker --port '0.0.0.0:0' --server 127.0.0.1:1
	poll 10 log_has broker 'warning: any host that reaches this machine may post events of any check'
}

# answers CODE HEADER|PATH...: a GET of this, or a POST after --post, gets the status CODE
answers() {
	local code=$1 arguments=() i path=/state
	shift
	for i; do
		case $i in
		--post) arguments+=(-d "$(event a b ok)") ;;
		--delete) arguments+=(-X DELETE) ;;
		/*) path=$i ;;
		*) arguments+=(-H "$i") ;;
		esac
	done
	run -0 curl -sS -m 20 -o "$work/answer" -w '%{http_code}' "${arguments[@]}" "${url%/state}$path"
	[ "$output" = "$code" ] || {
		echo "$output instead of $code: $(cat "$work/answer")"
		return 1
	}
}

@test "cross-site requests cannot change states, and a foreign Host reads nothing" {
	start broker httpbroker --port 0 --server none --host-name broker.example.org
	poll 10 broker_listens
	answers 200 --post
	answers 403 --post 'Sec-Fetch-Site: cross-site' 'Content-Type: text/plain'
	answers 403 --post 'Sec-Fetch-Site: same-site'
	answers 200 --post 'Sec-Fetch-Site: same-origin' "Origin: ${url%/state}"
	answers 200 --post 'Sec-Fetch-Site: none'
	answers 403 --post 'Origin: http://evil.example'
	answers 403 --post 'Origin: null'
	answers 200 --post "Origin: ${url%/state}"
	answers 200 --post 'Origin: https://broker.example.org'
	answers 403 --delete 'Sec-Fetch-Site: cross-site' '/state?entity=a'
	answers 200 'Sec-Fetch-Site: cross-site' # the browser itself hides the response from the page
	# a foreign name that resolves to 127.0.0.1 (DNS rebinding)
	local path
	for path in /state /health /metrics /metrics/states; do
		answers 403 'Host: evil.example' 'Sec-Fetch-Site: same-origin' "$path"
		answers 403 "Host: evil.example:$broker_port" "$path"
	done
	answers 403 --post 'Host: evil.example' 'Origin: http://evil.example'
	answers 403 --delete 'Host: evil.example' '/state?entity=a'
	local name
	for name in localhost 127.0.0.1 127.0.0.2 '[::1]' ip6-localhost a.localhost "$(hostname)" \
		broker.example.org; do
		answers 200 "Host: $name"
		answers 200 --post "Host: $name:$broker_port"
	done
	answers 404 /none
	# HAProxy's httpchk sends no Host
	client <<-'E'
		for method, status in (b"OPTIONS", b"405"), (b"GET", b"200"):
		    s = connect()
		    s.sendall(method + b" /health HTTP/1.0\r\n\r\n")
		    assert s.recv(65536).startswith(b"HTTP/1.1 " + status), method
	E
	run -0 curl -sS -D - -o "$work/answer" -X OPTIONS -H 'Origin: http://evil.example' "$url"
	[[ "$output" != *Access-Control* ]]
}

@test "any Host is accepted beyond loopback, with tokens, and on a UNIX socket" {
	# as in a container with a name unknown to the broker
	start broker httpbroker --port '0.0.0.0:0' --server none
	poll 10 log_has broker 'listening on'
	broker_port=$(sed -n 's/.*listening on 0.0.0.0:\([0-9]*\)$/\1/p' "$work/broker.log")
	url=http://127.0.0.1:$broker_port/state
	answers 200 'Host: broker:3090'
	answers 200 --post 'Host: broker:3090'
	answers 403 --post 'Host: broker:3090' 'Origin: http://evil.example'
	stop broker
	(umask 077 && echo secret >"$work/tokens")
	start broker httpbroker --port 0 --port "unix:$work/b.sock" --server none --token-file "$work/tokens"
	poll 10 broker_listens
	answers 200 'Host: broker.example.com' 'Authorization: Bearer secret'
	answers 401 'Host: broker.example.com'
	answers 403 --post 'Authorization: Bearer secret' 'Sec-Fetch-Site: cross-site'
	stop broker
	start broker httpbroker --port "unix:$work/b.sock" --server none
	socket_listens
	run -0 curl -sSf --unix-socket "$work/b.sock" http://broker/state
	refuses 64 "--host-name: 'a:80' is not a name or address without a port" --host-name a:80
	refuses 64 '--heartbeat-alert: the name of the alert is empty' --heartbeat-alert ''
}

# As in doc/examples/nginx, but with one broker, on a UNIX socket.
@test "behind nginx, over a UNIX socket and over loopback" {
	load lib/nginx
	start_redis
	start broker httpbroker --port "unix:$work/b.sock" --port 0 --server "127.0.0.1:$redis_port"
	socket_listens
	poll 10 broker_listens
	proxy_port=$(free_port)
	start_proxy "127.0.0.1:$broker_port"
	url=http://127.0.0.1:$proxy_port/state
	answers 200 'Host: broker.example.org'
	answers 200 --post 'Host: broker.example.org'
	answers 403 --post 'Host: broker.example.org' 'Origin: http://evil.example'
	curl -sSf -X DELETE "$url?entity=a"
	redis DEL events
	stop nginx
	start_proxy "unix:$work/b.sock"
	url=http://127.0.0.1:$proxy_port/state
	proxied() { curl -sf -m 5 -o "$work/answer" "$url"; }
	poll 10 proxied
	posts 200 "$(event a b ok)" "$(event a b critical)"
	posts 400 '{'
	head -c 16777217 /dev/zero | tr '\0' ' ' >"$work/blanks"
	run -0 curl -sS -m 20 -o /dev/null -w '%{http_code}' --data-binary "@$work/blanks" "$url"
	[ "$output" = 413 ]
	run -0 curl -sSf -m 20 "$url"
	[[ "$output" == *'"a:b"'*critical* ]]
	[ "$(redis LLEN events)" -eq 2 ]
}

# example SUPERVISOR: its doc/examples with other port, user and log; without Redis
example() {
	cp -R "$root/doc/examples/httpbroker/$1" "$work/service"
	sed -i "s/--port 3090/--port $port/; s/--server [^ ]*/--server none/" "$work/service/run"
	as_whoever "$work/service/run"
}

healthy() {
	[ "$(curl -s "http://127.0.0.1:$port/health" | jq .healthy)" = true ]
}

@test "the runit example serves, logs and stops" {
	load lib/supervised
	port=$(free_port)
	example runit
	sed -i "s|/var/log/httpbroker|$work/log|" "$work/service/log/run"
	start runsv runsv "$work/service"
	poll 20 healthy
	poll 20 grep -q "httpbroker: info: listening on 127.0.0.1:$port" "$work/log/current"
	sv -w 20 exit "$work/service"
	stop runsv
	run -7 curl -s "http://127.0.0.1:$port/health"
}

@test "the daemontools example serves and stops" {
	load lib/supervised
	port=$(free_port)
	example daemontools
	start supervise supervise "$work/service"
	poll 20 healthy
	supervise_end "$work/service"
	run -7 curl -s "http://127.0.0.1:$port/health"
}

# Tests have no systemd; this runs the commands of the units as systemd would.
@test "the commands of the systemd units serve" {
	local unit command
	port=$(free_port)
	for unit in httpbroker.service httpbroker@.service; do
		unit=$root/doc/examples/httpbroker/$unit
		grep -qx 'Type=notify' "$unit"
		command=$(sed -n "s/%i/3090/; s/localhost:6379/none/; s/3090/$port/; s/^ExecStart=//p" "$unit")
		# shellcheck disable=SC2086 # words
		start unit env -i PATH="$PATH" $command
		poll 20 healthy
		stop unit
	done
}
