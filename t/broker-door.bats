#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2016,SC2034,SC2154 # $1 of a sh -c; variables that load and run bring or read
# Who may reach httpbroker and as whom it reaches Redis: sockets, tokens, passwords.

load lib/daemons
load lib/redis
load lib/broker

setup() { start_work; }
teardown() { stop_all; }

# refuses CODE MESSAGE OPTION...: that exit status, and a message that holds MESSAGE
refuses() {
	run "-$1" timeout 10 httpbroker "${@:3}"
	echo "$output"
	[[ "$output" == *"$2"* ]]
}

@test "Redis's password: from a file, from the environment, and the file wins" {
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

@test "Redis's password, wrong or missing or not wanted, is told once, and heals" {
	export REDISCLI_AUTH=secret
	start_redis --requirepass secret
	start_broker
	poll 10 said broker 'error: Redis at .* refuses SELECT: NOAUTH'
	posts 202 "$(event a b ok)"
	redis CONFIG SET requirepass ''
	poll 20 said broker 'back after'
	stop broker
	REDIS_PASSWORD=wrong start_broker
	poll 10 said broker 'error: Redis at .* refuses AUTH: (ERR|WRONGPASS)'
}

@test "--password-file: what is no such file is refused, and one that all may read is told" {
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
	said broker "warning: $work/password: everybody on this machine may read the secrets in it"
}

@test "Redis over a UNIX socket" {
	start_redis --unixsocket "$work/redis.sock"
	start broker httpbroker --port 0 --server "unix:$work/redis.sock"
	poll 10 broker_listens
	posts 200 "$(event a b ok)"
	[ "$(redis LLEN events)" -eq 1 ]
}
