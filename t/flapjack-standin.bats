# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $status and what load brings
# The stand-in for Flapjack, on a real Redis and a real Jabber server.

load lib/daemons
load lib/redis
load lib/prosody

setup() { start_work; }
teardown() { stop_all; }

# event STATE [MORE]: one as the broker sends it.
event() {
	printf '{"type":"service","entity":"Host","check":"Flapper","state":"%s"%s}' "$1" "${2-}"
}

start_flapjack() {
	start flapjack flapjack-standin --redis "127.0.0.1:$redis_port" "$@"
}

waiting_for_redis() {
	redis CLIENT LIST | grep -q cmd=brpop
}

taken() {
	[ "$(redis -n 3 HGET event_counters all)" = "$1" ]
}

@test "version 2 takes nothing before the token, then everything, oldest first" {
	start_redis
	start_flapjack --failure-delay 0
	poll 10 waiting_for_redis
	redis LPUSH events "$(event ok ',"summary":"one"')" "$(event critical ',"summary":"two"')"
	[ "$(redis LLEN events)" = 2 ]
	redis LPUSH events_actions +
	poll 10 said flapjack 'says Problem: flapjack: ACKID , "Host:Flapper" is Critical$'
	[ "$(grep -o 'event .*' "$work/flapjack.log")" = $'event "Host:Flapper" OK one\nevent "Host:Flapper" Critical two' ]
	[ "$(redis LLEN events)" = 0 ]
	stop flapjack
}

@test "version 1 needs no token, and counts" {
	start_redis
	start_flapjack --flapjack-version 1 --queue mine --database 3
	redis -n 3 LPUSH mine "$(event ok)" "$(event ok ',"perfdata":"a=1"')"
	poll 10 taken 2
	stop flapjack
}

@test "what is rejected is kept with the hour and the reason" {
	start_redis
	start_flapjack
	redis LPUSH events "$(event ok ',"ttl":30')" "$(event ok)"
	redis LPUSH events_actions +
	poll 10 said flapjack 'event "Host:Flapper" OK'
	said flapjack "rejected: Flapjack 2 has no key 'ttl': \{"
	run redis KEYS 'events_rejected:*'
	[[ "$output" =~ ^events_rejected:20[0-9]{8}$ ]]
	[ "$(redis LRANGE "$output" 0 -1)" = "$(event ok ',"ttl":30')" ]
	stop flapjack
}

@test "what kills Flapjack ends it loudly" {
	local status=0
	start_redis
	start_flapjack
	redis LPUSH events "$(event ok ',"perfdata":"a=1"')"
	redis LPUSH events_actions +
	poll 10 eval '! running flapjack'
	stop flapjack || status=$?
	[ "$status" = 70 ]
	said flapjack 'would have killed Flapjack 2: perfdata that is not empty'
}

@test "in the room it says what Flapjack says, each change once" {
	start_redis
	start_prosody
	enter_room juliet Juliet
	prosody_account flapjack secret
	start_flapjack --failure-delay 0 --server "127.0.0.1:$prosody_port" --nick flapjack \
		--jid flapjack@localhost --password secret --room ops@conference.localhost
	poll 10 said juliet "<flapjack> flapjack's jabber gateway started at .* Try typing 'help'\.\$"
	for state in ok critical critical critical ok ok; do
		redis LPUSH events "$(event $state)"
		redis LPUSH events_actions +
	done
	poll 10 said juliet '<flapjack> Recovery: "Host:Flapper" is OK$'
	[ "$(grep -c '<flapjack> Problem: flapjack: ACKID , "Host:Flapper" is Critical$' "$work/juliet.log")" = 1 ]
	stop prosody
	poll 10 said flapjack 'out of the room'
}

@test "a Redis that is gone is an error, not a wait" {
	local status=0
	start_redis
	start_flapjack
	poll 10 said flapjack 'a stand-in'
	stop redis
	poll 10 eval '! running flapjack'
	stop flapjack || status=$?
	[ "$status" = 69 ]
	said flapjack 'error: Redis: '
}
