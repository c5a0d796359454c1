# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031 # $work, $output, $status and what load brings
# The stand-in that oobetet's tests rely on.

load lib/daemons
load lib/prosody

setup() { start_work; }
teardown() { stop_all; }

key=0123456789abcdef0123456789abcdef
trigger='{"routing_key":"'$key'","event_action":"trigger","dedup_key":"the \"key\"",
	"payload":{"summary":"it is broken","source":"vm","severity":"critical"}}'

start_pagerduty() {
	start pagerduty pagerduty-standin "$@"
	poll 10 log_has pagerduty 'at https?://127\.0\.0\.1:[0-9]+/'
	url=$(grep -Eo 'https?://[^ ]+' "$work/pagerduty.log")
}

# post BODY [CURL-OPTION...]: prints the answer and, on a line of its own, the status.
post() {
	local body=$1
	shift
	curl -sS -w '\n%{http_code}\n' -H 'Content-Type: application/json' -d "$body" "$@" "$url"
}

@test "a good event is answered 202 and printed" {
	start_pagerduty --payload
	run post "$trigger"
	[ "${lines[0]}" = '{"status":"success","message":"Event processed","dedup_key":"the \"key\""}' ]
	[ "${lines[1]}" = 202 ]
	log_has pagerduty '^[0-9]{10}\.[0-9]{3} 202 trigger "the \\"key\\"" "it is broken"$'
	log_has pagerduty '^  "severity": "critical"$'
	stop pagerduty
}

@test "what is not documented is refused with the reason" {
	start_pagerduty
	run post '{"routing_key":"'$key'","event_action":"resolve","incident_key":"k"}'
	[ "${lines[1]}" = 400 ]
	[[ "${lines[0]}" == *"'incident_key' is not a documented key"* ]]
	log_has pagerduty " 400 refused: 'incident_key' is not a documented key\$"
	curl -sS -d "$trigger" "$url" # as a form
	log_has pagerduty ' 400 refused: Content-Type is not application/json$'
	run post "$trigger" -X PUT
	[ "${lines[1]}" = 405 ]
	run post '{"half":'
	[ "${lines[1]}" = 400 ]
	url=${url%/v2*}/generic
	run post "$trigger"
	[ "${lines[1]}" = 404 ]
	head -c 600000 /dev/zero | tr '\0' ' ' >"$work/large"
	url=$url/../v2/enqueue
	run post "@$work/large"
	[ "${lines[1]}" = 413 ]
	run ! log_has pagerduty ' 202 '
}

@test "answers come as scripted; one that hangs holds up no other, nor the end" {
	start_pagerduty --answer 500,hang,202@1s
	run post "$trigger"
	[ "${lines[1]}" = 500 ]
	start hanging curl -sS -H 'Content-Type: application/json' -d "$trigger" "$url"
	poll 10 log_has pagerduty ' hang trigger '
	local before=${EPOCHREALTIME/./}
	run post "$trigger"
	[ "${lines[1]}" = 202 ]
	[ $((${EPOCHREALTIME/./} - before)) -ge 1000000 ]
	run post "$trigger"
	[ "${lines[1]}" = 202 ]
	running hanging
	stop pagerduty
}

@test "version 1: its own names, its own address, its own status; a key is for one version" {
	start_pagerduty --api 1
	[[ "$url" == */generic/2010-04-15/create_event.json ]]
	run post '{"service_key":"'$key'","event_type":"trigger","incident_key":"k","description":"d"}'
	[ "${lines[0]}" = '{"status":"success","message":"Event processed","incident_key":"k"}' ]
	[ "${lines[1]}" = 200 ]
	log_has pagerduty ' 200 trigger "k" "d"$'
	url=${url%/generic*}/v2/enqueue
	run post "$trigger"
	[ "${lines[1]}" = 400 ]
	[[ "${lines[0]}" == *'Invalid routing_key'* ]]
}

@test "with TLS, by the certificate that it was given" {
	make_certificate localhost
	cat "$work/prosody/localhost.key" "$work/prosody/localhost.pem" >"$work/both.pem"
	start_pagerduty --certificate "$work/both.pem"
	url=${url/127.0.0.1/localhost}
	run post "$trigger" --cacert "$work/prosody/localhost.pem"
	[ "${lines[1]}" = 202 ]
	run post "$trigger"
	[ "$status" = 60 ]
}

@test "a slow body comes in the end, a reset is one" {
	start_pagerduty --answer 202~1s,reset
	local before=${EPOCHREALTIME/./}
	run post "$trigger"
	[ "${lines[1]}" = 202 ]
	[ $((${EPOCHREALTIME/./} - before)) -ge 900000 ]
	run post "$trigger"
	[ "$status" = 56 ] || [ "$status" = 52 ]
	log_has pagerduty ' reset trigger '
}

@test "incidents are opened once, go on, and are handled by hand" {
	start_pagerduty
	curl -sS "${url%/v2*}/heartbeat"
	log_has pagerduty ' 200 heartbeat$'
	for expected in 'incident 1 opened' 'incident 1 goes on'; do
		post "$trigger"
		log_has pagerduty " $expected\$"
	done
	curl -sS -X POST "${url%/v2*}/by-hand/resolve"
	log_has pagerduty ' by hand: resolve, of 1$'
	post "$trigger"
	log_has pagerduty ' incident 2 opened$'
}

@test "a wrong option is an error that names it" {
	run pagerduty-standin --answer 500,soon
	[ "$status" = 64 ]
	[[ "$output" == *"--answer '500,soon'"* ]]
}
