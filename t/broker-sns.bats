#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2119,SC2030,SC2031 # $code, $answer, $envelope and the like come from lib/
#
# httpbroker receives Amazon SNS: allowed topics, and the results of messages.

load lib/daemons
load lib/redis
load lib/broker
load lib/sns

setup() {
	start_work
	start_redis
	start_amazon
}
teardown() { stop_all; }

# last_event FILTER: applies it to the last pushed event.
last_event() {
	redis LINDEX events 0 | jq -r "$1"
}

@test "sns: without --sns-topic messages are refused and nothing is fetched" {
	start_broker
	envelope_of "$(alarm)"
	sends 403 "$envelope"
	[[ $answer == *--sns-topic* ]]
	nothing_happened
}

@test "sns: an alarm, with either version of the signature, becomes an event" {
	start_broker_for_sns
	envelope_of "$(alarm)" '{"SignatureVersion": "1"}'
	sends 200 "$envelope"
	[ "$(last_event '[.entity, .check, .state, .summary, .tags[0]] | join("|")')" = \
		'db-01 is slow|ReadLatency{account=123456789012,region=eu-west-1}|critical|Threshold Crossed: 1 datapoint (10.0)|httpbroker' ]
	envelope_of "$(alarm OK)" '{"SignatureVersion": "2", "Subject": "OK: \"db-01\" — Größe"}'
	sends 200 "$envelope"
	[ "$(last_event .state)" = ok ]
	[ "$(fetched)" = 1 ]
	[ "$(curl -s "$url" | jq -r '.[].ttl')" = -1 ]
}

@test "sns: a composite alarm, and an alarm from EventBridge" {
	start_broker_for_sns
	envelope_of "$(alarm | jq 'del(.Trigger) + {AlarmRule: "ALARM(\"a\") OR ALARM(\"b\")"}')"
	sends 200 "$envelope"
	[ "$(last_event .check)" = 'db-01 is slow{account=123456789012,region=eu-west-1}' ]
	envelope_of '{"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
		"detail": {"alarmName": "queue", "state": {"value": "INSUFFICIENT_DATA", "reason": "late"}}}'
	sends 200 "$envelope"
	[ "$(last_event '[.entity, .check, .state, .summary] | join("|")')" = 'queue|queue|unknown|late' ]
	envelope_of "$(alarm OK | jq '.AlarmArn |= sub("eu-west-1"; "us-east-1")')" # another alarm of this name
	sends 200 "$envelope"
	[ "$(curl -sSf "$url?entity=db-01%20is%20slow" | jq -c '[.[].state] | sort')" = '["critical","ok"]' ]
}

@test "sns: ?ttl= gives an alarm a time to live" {
	start_broker_for_sns
	envelope_of "$(alarm)"
	url="$url?ttl=90m" sends 200 "$envelope"
	[[ $answer == "Caching state"* ]] # the response to one event is not a list
	[ "$(curl -s "$url" | jq -r '.[].ttl')" = 5400 ]
}

@test "sns: the signature covers the unescaped text of a message" {
	start_broker_for_sns
	envelope_of '{"entity": "größe 😀", "check": "\u0027a\u0027\\b", "state": "ok", "summary": "\"1\"\n2"}'
	sends 200 "$envelope"
	[ "$(last_event '.check + .entity')" = "'a'\\bgröße 😀" ]
	[ "$(last_event .summary)" = $'"1"\n2' ]
	# the same, with every character escaped differently
	sends 200 "$(jq -a --arg id "$RANDOM" . <<<"$envelope")"
}

@test "sns: a message with one changed byte is refused" {
	start_broker_for_sns
	for key in Message MessageId Subject Timestamp Signature; do
		envelope_of "$(alarm)" '{"Subject": "an alarm"}'
		sends 403 "$(jq --arg key "$key" \
			'.[$key] |= (if endswith("1") then .[:-1] + "2" elif endswith("Z") then sub("123Z"; "124Z")
			elif $key == "Signature" then (if startswith("A") then "B" else "A" end) + .[1:]
			else .[:-1] + "1" end)' <<<"$envelope")"
		[[ $answer == *signature* ]]
	done
	envelope_of "$(alarm)" '{"Subject": "an alarm"}'
	sends 403 "$(jq 'del(.Subject)' <<<"$envelope")"
	sends 403 "$(jq '.Type = "UnsubscribeConfirmation" | .Token = "x" | .SubscribeURL = "x"' <<<"$envelope")"
	envelope_of "$(alarm)"
	sends 403 "$(jq '.Subject = "added"' <<<"$envelope")"
	sends 403 "$(jq '.SignatureVersion = "1"' <<<"$envelope")"
	nothing_happened 1
	log_has broker 'warning: .*SNS.*signature'
}

@test "sns: a topic that is not allowed, a wrong age and an unknown version are refused" {
	start_broker_for_sns
	envelope_of "$(alarm)" "{\"TopicArn\": \"${topic}2\"}"
	sends 403 "$envelope"
	[[ $answer == *"--sns-topic"* ]]
	envelope_of "$(alarm)" "{\"Timestamp\": \"$(date -u -d '61 minutes ago' +%FT%TZ)\"}"
	sends 403 "$envelope"
	envelope_of "$(alarm)" "{\"Timestamp\": \"$(date -u -d '61 minutes' +%FT%TZ)\"}"
	sends 403 "$envelope"
	envelope_of "$(alarm)" '{"SignatureVersion": "3"}'
	sends 403 "$envelope"
	sends 403 "$(jq 'del(.MessageId)' <<<"$envelope")"
	nothing_happened
}

@test "sns: a topic pattern may end in * after an account" {
	sns_options=(--sns-topic "${topic%:*}:al*" --sns-ca-file "$work/ca.pem")
	start_broker_for_sns
	envelope_of "$(alarm)"
	sends 200 "$envelope"
	run -64 httpbroker --sns-topic 'arn:aws:sns:*'
	[[ $output == *account* ]]
	run -64 timeout 20 httpbroker --sns-ca-file "$work/ca.pem" --port 0
	[[ $output == *--sns-topic* ]]
	run -66 httpbroker --sns-topic "$topic" --sns-ca-file "$work/none.pem" --port 0
	[[ $output == *none.pem* ]]
}

@test "sns: a repeated message has no second effect" {
	start_broker_for_sns
	envelope_of "$(alarm)"
	sends 200 "$envelope"
	[ "$(redis LLEN events)" = 1 ]
	curl -s -X DELETE "$url?entity=db-01%20is%20slow" -o /dev/null
	sends 200 "$envelope"
	[[ $answer == *before* ]]
	[ "$(curl -s "$url" | jq length)" = 0 ]
}

@test "sns: a message is not accepted again under another id that its signature fits" {
	start_broker_for_sns
	envelope_of "$(alarm)" '{"Subject": "ALARM: db-01 is slow"}'
	sends 200 "$envelope"
	sends 403 "$(jq '.MessageId += "\nSubject\n" + .Subject | del(.Subject)' <<<"$envelope")"
	[[ $answer == *"'MessageId' has a line break"* ]]
}

@test "sns: a message that waits for Redis is accepted, and has no second effect either" {
	start_broker_for_sns
	stop redis
	envelope_of "$(alarm)"
	sends 202 "$envelope"
	sends 200 "$envelope"
	[[ $answer == *before* ]]
}

@test "sns: a subscription is confirmed only at SNS and only for an allowed topic" {
	start_broker_for_sns
	confirmation
	sends 200 "$envelope"
	log_has broker "info: SNS.*confirmed.*$confirmed"
	grep -q 'GET /?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aalarms&Token=2336412f37fb687f5d51e6e2425929f2 ' \
		"$work/amazon-access.log"
	[ "$(fetched)" = 2 ]
	sends 200 "$envelope" # as if the response was lost
	[[ $answer == *before* ]]
	[ "$(fetched)" = 2 ]
	confirmation "{\"TopicArn\": \"arn:aws:sns:eu-west-1:999999999999:alarms\"}"
	sends 403 "$envelope"
	[ "$(fetched)" = 2 ]
	confirmation '{"Token": "wrong"}'
	sends 503 "$envelope"
}

@test "sns: the end of a subscription is logged and nothing is fetched" {
	start_broker_for_sns
	confirmation '{"Type": "UnsubscribeConfirmation"}'
	sends 200 "$envelope"
	log_has broker "info: SNS.*$topic has ended"
	[ "$(fetched)" = 1 ]
}

@test "sns: a message without an alarm gets 200 and is logged, a Flapjack event is an event" {
	start_broker_for_sns
	envelope_of 'Hello world'
	sends 200 "$envelope"
	log_has broker 'info: SNS.*no alarm: Hello world'
	for message in '[1]' "$(alarm | sed 's/"AlarmName"/"AlarmName": "another", &/')"; do
		envelope_of "$message"
		sends 200 "$envelope"
		[[ $answer == *"no alarm: ${message:0:3}"* ]]
	done
	envelope_of "$(head -c 9999 /dev/zero | tr '\0' x)"
	sends 200 "$envelope"
	[ ${#answer} -lt 300 ]
	envelope_of '{"some": "thing"}'
	sends 200 "$envelope"
	[ "$(redis LLEN events)" = 0 ]
	envelope_of "$(event db-01 load critical)"
	sends 200 "$envelope"
	[ "$(last_event .entity)" = db-01 ]
}

@test "sns: raw delivery is unsigned and needs a token" {
	start_broker_for_sns
	post "$(alarm)" -H 'x-amz-sns-rawdelivery: true'
	[ "$code" = 403 ]
	[[ $answer == *token* ]]
	nothing_happened
}

@test "sns: raw delivery with a token, which SNS sends as Basic after a 401" {
	echo 0123456789abcdef-secret >"$work/tokens"
	chmod 600 "$work/tokens"
	start_broker "${sns_options[@]}" --token-file "$work/tokens"
	post "$(alarm)" -H 'x-amz-sns-rawdelivery: true'
	[ "$code" = 401 ]
	curl -s -o "$work/refusal" -D - -d '{}' "$url" | grep -qi '^www-authenticate: *basic'
	post "$(alarm)" -H 'x-amz-sns-rawdelivery: true' --anyauth -u sns:0123456789abcdef-secret
	[ "$code" = 200 ]
	[ "$(last_event .check)" = 'ReadLatency{account=123456789012,region=eu-west-1}' ]
	envelope_of "$(alarm OK)"
	sends 401 "$envelope"
	sends 200 "$envelope" --anyauth -u sns:0123456789abcdef-secret
	[ "$(last_event .state)" = ok ]
}
