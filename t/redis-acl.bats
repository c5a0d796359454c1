#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $root, $work and what load brings; eval's
# --user: httpbroker and httpbroker-notify as an ACL user of Redis that may do what the manual pages list
# and nothing else.

load lib/daemons
load lib/redis
load lib/broker
load lib/sentinel

setup() {
	start_work
	start_redis
	echo secret >"$work/password"
	chmod 600 "$work/password"
}
teardown() { stop_all; }

# acl_of PAGE: makes the user that the page describes
acl_of() {
	local command
	command=$(sed -n '/^ACL SETUSER/,/^\.Ed/p' "$root/doc/$1" | grep -v '^\.Ed' | tr '\n' ' ')
	# shellcheck disable=SC2086 # words
	set -f -- ${command//>PASSWORD/>secret}
	set +f
	[ "$3" != '' ]
	[ "$(redis "$@")" = OK ]
}

# denied: what Redis has refused; the wrong passwords of these tests aside
denied() {
	redis --json ACL LOG | jq -c '.[] | [.reason, .object]'
}

@test "httpbroker needs no more than its manual page lists" {
	acl_of httpbroker.8
	start_broker --user httpbroker --password-file "$work/password" --interval 100ms --max-queue 1
	posts 200 "$(event a b critical)" "$(event a c ok)"
	poll 10 eval '[ "$(redis LLEN events)" -ge 2 ]'
	stop broker
	start_broker --user httpbroker --password-file "$work/password"
	poll 10 eval '[ "$(curl -sSf "$url" | jq length)" -eq 2 ]'
	[ "$(curl -s -o "$work/answer" -w '%{http_code}' -X DELETE "$url?entity=a&check=b")" = 200 ]
	stop broker
	[ -z "$(denied)" ]
	run redis ACL SETUSER httpbroker -hset
	start_broker --user httpbroker --password-file "$work/password"
	post "$(event a d ok)"
	[ "$(denied | head -1)" = '["command","hset"]' ]
}

@test "httpbroker-notify needs no more than its manual page lists" {
	acl_of httpbroker-notify.8
	redis LPUSH events '{"entity":"a","check":"b","state":"critical","summary":"one"}' >/dev/null
	redis LPUSH events_actions + >/dev/null
	start notify httpbroker-notify --server "127.0.0.1:$redis_port" --user notify --password-file "$work/password"
	poll 10 log_has notify '^Problem: .* on a is Critical, one$'
	redis LPUSH events '{"entity":"a","check":"b","state":"ok","summary":"two"}' >/dev/null
	poll 10 log_has notify '^Recovery: .* on a is OK, two$'
	redis LPUSH events '{"entity":"a","check":"b","state":"warning","summary":"three"}' >/dev/null
	poll 10 log_has notify '^Problem: .*, three$'
	stop notify
	start notify httpbroker-notify --server "127.0.0.1:$redis_port" --user notify --password-file "$work/password"
	poll 10 log_has notify 'lasting problems: 1'
	stop notify
	[ -z "$(denied)" ]
}

@test "with Sentinel neither needs more, and the sentinels need no user" {
	stop redis
	start_sentinels 1
	redis_port=${redis_ports[0]}
	acl_of httpbroker.8
	acl_of httpbroker-notify.8
	# shellcheck disable=SC2046 # words
	start broker httpbroker --port 0 $(sentinels) --user httpbroker --password-file "$work/password"
	poll 10 broker_listens
	poll 20 log_has broker 'info: active'
	posts 200 "$(event a b critical)"
	# shellcheck disable=SC2046 # words
	start notify httpbroker-notify $(sentinels) --user notify --password-file "$work/password"
	poll 10 log_has notify '^Problem: .* on a is Critical'
	[ -z "$(denied)" ]
}

@test "a wrong user or password is logged; a user needs a password" {
	run -64 httpbroker --user ops
	[[ "$output" == *'--user: needs a password'* ]]
	run -64 httpbroker-notify --user ops
	start_broker --user nobody --password-file "$work/password"
	poll 10 log_has broker 'refuses AUTH: WRONGPASS'
}
