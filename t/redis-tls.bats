#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016,SC2034,SC2046 # $work, $output and what load brings; eval's; sentinels prints words
# --tls: httpbroker and httpbroker-notify with a Redis that has TLS: certificates that are valid, of an
# unknown authority, of another host, expired, none.

load lib/daemons
load lib/redis
load lib/broker
load lib/sentinel

setup() {
	start_work
	make_authority authority
	make_certificate server DNS:localhost,IP:127.0.0.1
}
teardown() { stop_all; }

# make_authority NAME: NAME.pem and NAME.key
make_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}

# make_certificate NAME SUBJECT-ALT-NAMES [DAYS]: NAME.pem and NAME.key, of the authority
make_certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
		-keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
	openssl x509 -req -in "$work/$1.csr" -CA "$work/authority.pem" -CAkey "$work/authority.key" -CAcreateserial \
		-days "${3:-2}" -extfile <(echo "subjectAltName=$2") -out "$work/$1.pem" 2>/dev/null
}

# start_tls CERTIFICATE [OPTION...]: Redis with TLS at $tls_port, and without at $redis_port
start_tls() {
	tls_port=${tls_port:-$(free_port)}
	start_redis --tls-port "$tls_port" --tls-cert-file "$work/$1.pem" --tls-key-file "$work/$1.key" \
		--tls-ca-cert-file "$work/authority.pem" --tls-auth-clients no "${@:2}"
}

# start_secure HOST [OPTION...]: the broker, by TLS
start_secure() {
	start broker httpbroker --port 0 --server "$1:$tls_port" --tls --tls-ca-file "$work/authority.pem" \
		--interval 24h "${@:2}"
	poll 10 broker_listens
}

# refused REASON: the broker has said so, and sends nothing
refused() {
	poll 10 log_has broker "error: Redis at [^ ]*: cannot connect: $1; until it is back"
	posts 202 "$(event a b critical)"
	[ "$(redis LLEN events)" -eq 0 ]
}

# encrypted PROGRAM: all its connections to Redis are to the port with TLS
encrypted() {
	local all
	all=$(ss -Htnp state established | grep "\"$1\"" | grep -oE "127\.0\.0\.1:($tls_port|$redis_port) ")
	[ -n "$all" ] && ! grep -q ":$redis_port " <<<"$all"
}

@test "an event arrives by TLS, a large one too; httpbroker-notify reads it; both connect again" {
	start_tls server
	start_secure localhost
	poll 10 log_has broker "Redis at localhost:$tls_port: connected"
	posts 200 "$(event a b critical '"summary":"one"')"
	# many records of TLS, both ways
	python3 -c 'import json; print(json.dumps([{"entity": "big", "check": str(i), "state": "ok",
		"summary": "x" * 900} for i in range(5000)]))' >"$work/large"
	posts 200 "@$work/large"
	poll 10 queued 5001
	encrypted httpbroker
	start notify httpbroker-notify --server "127.0.0.1:$tls_port" --tls --tls-ca-file "$work/authority.pem"
	poll 10 log_has notify '^Problem: "b" on a is Critical, one'
	poll 20 eval '[ "$(redis LLEN events)" -eq 0 ]'
	encrypted httpbroker-noti
	stop redis
	poll 10 log_has broker 'error: Redis at .*; until it is back'
	posts 202 "$(event a b ok '"summary":"two"')"
	start_tls server
	poll 20 log_has broker 'back after'
	poll 20 log_has notify '^Recovery: "b" on a is OK, two'
	stop broker
	start_secure localhost
	poll 20 eval '[ "$(curl -sSf "$url" | jq length)" -eq 5001 ]'
}

@test "an unknown authority, another host, an expired certificate and no TLS are refused; the valid one is not" {
	make_authority stranger
	make_certificate other DNS:other.example,IP:127.0.0.2
	make_certificate expired DNS:localhost 0
	local other_port
	other_port=$(free_port)
	start_tls server
	start_secure localhost --tls-ca-file "$work/stranger.pem"
	refused 'its certificate cannot be verified: self-signed certificate in certificate chain'
	stop broker
	start_secure localhost --tls-ca-file "$work/authority.pem"
	poll 10 log_has broker "Redis at localhost:$tls_port: connected"
	stop broker
	stop redis
	start_tls other
	start_secure localhost
	refused 'its certificate cannot be verified: hostname mismatch'
	stop broker
	start_secure 127.0.0.1
	refused 'its certificate cannot be verified: IP address mismatch'
	stop broker
	stop redis
	start_tls expired
	start_secure localhost
	refused 'its certificate cannot be verified: certificate has expired'
	stop broker
	start_secure localhost --server "localhost:$redis_port"
	# Redis 7 is silent, Redis 8 answers
	refused '(no answer to the TLS handshake: the port may have no TLS|the port has no TLS: its answer is something else)'
	stop broker
	start nothing python3 -c 'import http.server as h; h.HTTPServer(("127.0.0.1", int("'"$other_port"'")), h.BaseHTTPRequestHandler).serve_forever()'
	poll 10 listening "$other_port"
	start_secure "127.0.0.1" --server "127.0.0.1:$other_port"
	refused 'the port has no TLS: its answer is something else'
}

@test "the system's authorities are the default" {
	start_tls server
	start broker env SSL_CERT_FILE="$work/authority.pem" httpbroker --port 0 --server "localhost:$tls_port" --tls
	poll 10 log_has broker "Redis at localhost:$tls_port: connected"
	start notify httpbroker-notify --server "localhost:$tls_port" --tls
	poll 10 log_has notify 'cannot connect: its certificate cannot be verified'
}

@test "a server that requires a certificate gets one" {
	make_certificate client DNS:client
	start_tls server --tls-auth-clients yes
	start_secure localhost
	poll 10 log_has broker 'error: Redis at .*certificate required; until'
	stop broker
	start_secure localhost --tls-cert-file "$work/client.pem" --tls-key-file "$work/client.key"
	poll 10 log_has broker "Redis at localhost:$tls_port: connected"
}

@test "the sentinels are asked by TLS as well" {
	make_certificate client DNS:client
	start_tls server
	local sentinel_port
	sentinel_port=$(free_port)
	cat >"$work/sentinel.conf" <<-C
		port 0
		tls-port $sentinel_port
		tls-cert-file $work/server.pem
		tls-key-file $work/server.key
		tls-ca-cert-file $work/authority.pem
		tls-auth-clients no
		tls-replication yes
		bind 127.0.0.1
		dir $work
		sentinel monitor mymaster 127.0.0.1 $tls_port 1
	C
	start sentinel redis-server "$work/sentinel.conf" --sentinel
	poll 10 listening "$sentinel_port"
	start broker httpbroker --port 0 --tls --tls-ca-file "$work/authority.pem" --master mymaster \
		--sentinel "localhost:$sentinel_port"
	poll 10 broker_listens
	poll 20 log_has broker "Redis at 127.0.0.1:$tls_port \\(mymaster\\): connected"
	posts 202 "$(event a b critical)" # there is no replica
	stop broker
	start broker httpbroker --port 0 --master mymaster --sentinel "localhost:$sentinel_port"
	poll 10 log_has broker 'error: Redis at master mymaster: no sentinel says where mymaster is'
}

@test "files that cannot be read, options that need others" {
	local program
	for program in httpbroker httpbroker-notify; do
		run -64 timeout 20 $program --tls-ca-file "$work/authority.pem"
		[[ "$output" == *'--tls-ca-file: needs --tls'* ]]
		run -64 timeout 20 $program --tls --tls-cert-file "$work/server.pem"
		[[ "$output" == *'--tls-cert-file and --tls-key-file need each other'* ]]
		run -64 timeout 20 $program --tls --server unix:/tmp/redis
		[[ "$output" == *'--tls: there is no TLS on a UNIX socket'* ]]
		run -66 timeout 20 $program --tls --tls-ca-file "$work/missing"
		[[ "$output" == *"--tls-ca-file: $work/missing: No such file"* ]]
		run -66 timeout 20 $program --tls --tls-ca-file /dev/null
		[[ "$output" == *'--tls-ca-file: /dev/null: '* ]]
		run -66 timeout 20 $program --tls --tls-cert-file "$work/server.key" --tls-key-file "$work/server.key"
		[[ "$output" == *"--tls-cert-file: $work/server.key: "* ]]
		run -66 timeout 20 $program --tls --tls-cert-file "$work/server.pem" --tls-key-file "$work/authority.key"
		[[ "$output" == *"--tls-key-file: $work/authority.key: "*mismatch* ]]
		openssl ec -in "$work/server.key" -aes128 -passout pass:secret -out "$work/locked.key" 2>/dev/null
		run -66 timeout 20 $program --tls --tls-cert-file "$work/server.pem" --tls-key-file "$work/locked.key"
		[[ "$output" == *"--tls-key-file: $work/locked.key: "* ]]
	done
}
