# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031 # $work, $output, $pids and what load brings
# What oobetet's probes read: the details of an incident at PagerDuty.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/redis
load lib/prosody
load lib/oobetet
load lib/flapper

setup() { start_work; }
teardown() { stop_all; }

# start_probing [KEY=VALUE...]: an oobetet in an empty room, which soon raises the alarm. Under
# valgrind the probes need longer for their first readings, which the alarm is to carry.
start_probing() {
	local latency=8
	[ -z "${QN_WRAPPERS-}" ] || latency=30
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --payload
	write_ini "max_latency=$latency" "probe_broker=http://127.0.0.1:$broker_port/state" \
		"probe_redis=127.0.0.1:$redis_port/3" probe_queue=waiting "$@"
	start_oobetet
	poll 80 pagerduty_has 'incident 1 opened'
}

start_servers() {
	broker_port=$(free_port)
	redis_port=$(free_port)
	start redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work" --save '' \
		--requirepass password-of-redis
	poll 10 listening "$redis_port"
	export REDISCLI_AUTH=password-of-redis
	echo "token-of-the-probe web-01" >"$work/tokens"
	start broker httpbroker --port "127.0.0.1:$broker_port" --server "127.0.0.1:$redis_port" \
		--database 3 --queue waiting --token-file "$work/tokens" --interval 1h
	poll 20 listening "$broker_port"
}

detail() {
	log_has pagerduty "^ *\"$1\": \"$2"
}

@test "probes: the broker's token, Redis's password, database and queue" {
	REDIS_PASSWORD=password-of-redis start_servers
	poll 20 curl -sf -o /dev/null -H 'Authorization: Bearer token-of-the-probe' \
		-d '{"entity":"web-01","check":"Flapper","state":"critical","ttl":-1}' \
		"http://127.0.0.1:$broker_port/state"
	redis -n 3 RPUSH httpbroker-notify:default:output:mail one two
	redis -n 3 HSET event_counters all 1204
	echo token-of-the-probe >"$work/token"
	echo password-of-redis >"$work/password"
	start_probing "probe_broker_token_file=$work/token" "probe_redis_password_file=$work/password"
	detail broker 'healthy for [1-9]'
	detail 'check at the broker' 'problem for [1-9]'
	detail 'last result at the broker' '[0-9]+ s ago'
	detail 'Redis, says the broker' answers
	detail Redis 'answers for [1-9]'
	detail 'queue length' 1
	detail queue 'no item is taken for [1-9]'
	detail 'events counted by Flapjack' 1204
	detail 'notifications length' 2
	run ! grep -E 'token-of-the-probe|password-of-redis' "$work/oobetet.log" "$work/pagerduty.log"
}

@test "probes: a wrong token or password, a name that cannot be resolved: no reading, and why" {
	REDIS_PASSWORD=password-of-redis start_servers
	start_probing probe_broker_token=another-token probe_flapper=no-such-host.invalid:1
	detail probe_broker 'no reading: HTTP 401: probe_broker_token is missing or wrong'
	detail probe_redis 'no reading: NOAUTH Authentication required'
	detail probe_flapper 'no reading: cannot resolve no-such-host.invalid: '
	pagerduty_has '202 trigger .*; either flapper or any link after it, up to oobetet.s presence in the room; probe_flapper has no reading \(cannot resolve .*\); probe_broker has no reading'
}

@test "probes: of a room without a matching message, the nearest one" {
	start_prosody
	enter_room flapjack flapjack
	enter_room eve eve
	start_pagerduty
	prosody_account oobetet secret-of-oobetet
	write_ini max_latency=8
	start_oobetet
	say flapjack 'good morning'
	say flapjack 'Problem: "Flaper" on web-01 is Critical, refused'
	say flapjack 'Problem summary: Critical: 2 (Critical: ru:A, ru:B)'
	poll 40 room_has '<oobetet> .*; nothing was heard since the start, [0-9]+ s ago, but other messages: 3; nearest: .Problem: "Flaper" on web-01 is Critical, refused.; a summary of several checks came [0-9]+ s ago'
}

# Says what the port does, $work/delay seconds later. tail ends with it, within a second.
echo_flapper() {
	local line me=$BASHPID
	tail --pid="$me" -n +1 -f "$work/flapper.log" | while read -r line; do
		sleep "$(cat "$work/delay")"
		case $line in
		*': down on '*) problem ;;
		*': up on '*) recovery ;;
		esac
	done
}

@test "probes: max_delay: messages that arrive late are an incident" {
	flapper_port=$(free_port)
	start flapper flapper -i 12 --bind 127.0.0.1 --port "$flapper_port"
	start_chain max_latency=60 max_delay=1 "probe_flapper=127.0.0.1:$flapper_port" alert_command="cat >>$work/command"
	echo 4 >"$work/delay"
	start echo echo_flapper
	poll 40 room_has '<oobetet> .*is Critical: swings arrive [1-9] s late for "Flapper" on web-01, from '
	echo 0 >"$work/delay"
	poll 40 room_has '<oobetet> .*is OK'
	poll 20 pagerduty_has 'incident 1 resolved'
}

@test "probes: max_queue_age: a queue that is not worked off is an incident" {
	start_redis
	redis RPUSH events event
	start_chain max_latency=60 max_queue_age=3 "probe_redis=127.0.0.1:$redis_port"
	both
	poll 20 room_has "<oobetet> .*is Critical: the queue 'events' has not been empty for [0-9]+ s for .Flapper. on web-01"
	redis DEL events
	both
	poll 20 room_has '<oobetet> .*is OK'
}

@test "probes: wrong values are refused, with the reason" {
	refused() {
		write_ini "$1"
		run -78 oobetet -n -c "$work/oobetet.ini"
		[[ "$output" == *"$2"* ]]
	}
	refused probe_flapper=unix:/run/flapper 'probe_flapper: '
	refused probe_flapper=web-01 'probe_flapper: '
	refused probe_redis=127.0.0.1:6379/a 'probe_redis: '
	refused probe_redis=127.0.0.1:6379/99999999 'probe_redis: '
	refused probe_broker=broker:3090 'probe_broker: '
	refused probe_broker_token_file=/nonexistent 'probe_broker_token_file: '
	refused max_delay=5 'max_delay needs probe_flapper'
	refused max_queue_age=5 'max_queue_age needs probe_redis'
	write_ini 'probe_redis=[::1]:6379/3' probe_redis_password=password-of-redis probe_broker=https://h/state probe_flapper=12345
	run -0 oobetet -n -c "$work/oobetet.ini"
	[[ "$output" == *'probe_redis_password = ********'* && "$output" != *password-of-redis* ]]
	[[ "$output" == *"warning: max_latency (3 s) should be at least two of flapper's intervals, 2 m by default, and a minute"* ]]
	write_ini probe_flapper=12345 max_latency=300
	run -0 oobetet -n -c "$work/oobetet.ini"
	[[ "$output" != *'should be at least'* ]]
}

@test "probes: --check-config reads the period of the port from the state file" {
	check() {
		write_ini server= port= jabberid= password= tls= rooms= pagerduty_contact= pagerduty_url= \
			watched_entity= listen_command='sleep 1000' alert_command=cat \
			probe_flapper="127.0.0.1:$port" "$@"
		run -0 oobetet -n -c "$work/oobetet.ini"
	}
	start_flapper -i 4
	check max_latency=64 state_file="$work/state"
	[[ "$output" == *"two of flapper's intervals, 2 m by default"* ]]
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 60 log_has oobetet "warning: flapper's period is [345] s: max_latency"
	stop oobetet
	check max_latency=64 state_file="$work/state"
	[[ "$output" == *"warning: flapper's period is "[345]" s, as the state file has it: max_latency (64 s) should be at least two periods and a minute"* ]]
	check max_latency=80 state_file="$work/state"
	[[ "$output" != *'should be at least'* ]]
	# of another port, or where the file cannot be read, nothing is known
	check max_latency=80 state_file="$work/state" probe_flapper=127.0.0.1:1
	[[ "$output" == *'2 m by default'* ]]
	echo damaged >"$work/state"
	check max_latency=80 state_file="$work/state"
	[[ "$output" == *'2 m by default'* ]]
	[ "$(cat "$work/state")" = damaged ]
}
