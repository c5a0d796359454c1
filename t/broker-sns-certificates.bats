#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034,SC2119,SC2030,SC2031 # $code, $answer, $envelope and the like come from lib/
#
# The certificates of Amazon SNS: where they are fetched from, which are trusted, and that fetching
# does not delay other requests.

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

@test "sns: certificates are fetched only from SNS in the region of the topic" {
	start_broker_for_sns
	for wrong in "http://$amazon" "https://$amazon:443" "https://evil@$amazon" \
		https://sns.evil.amazonaws.com.example.org https://sns.eu-west-1.amazonaws.com@evil \
		https://sns.us-east-1.amazonaws.com https://example.org https://s3.amazonaws.com; do
		envelope_of "$(alarm)" "{\"SigningCertURL\": \"$wrong/${certificate_url##*/}\"}"
		sends 403 "$envelope"
		[[ $answer == *SigningCertURL* ]]
	done
	envelope_of "$(alarm)" "{\"SigningCertURL\": \"https://$amazon/other.pem\"}"
	sends 403 "$envelope"
	nothing_happened
}

@test "sns: an untrusted certificate is fetched once" {
	certificate expired -days 0
	certificate_usage=clientAuth certificate client
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/self.key" -out "$work/self.pem" \
		-subj "/CN=$amazon" -days 30 2>/dev/null
	start_broker_for_sns
	local asked=0
	for signer in expired client self; do
		serve "$signer"
		envelope_of "$(alarm)"
		sends 403 "$envelope"
		sends 403 "$envelope"
		nothing_happened $((++asked))
	done
	log_has broker 'warning: .*SNS.*expired'
	log_has broker 'warning: .*SNS.*purpose'
	log_has broker 'warning: .*SNS.*self-signed'
}

@test "sns: a new certificate is fetched when SNS signs with a new one" {
	start_broker_for_sns
	certificate other
	for signer in sns other; do
		serve "$signer"
		envelope_of "$(alarm)"
		sends 200 "$envelope"
	done
	[ "$(fetched)" = 2 ]
}

@test "sns: a server without a valid certificate gets no request" {
	sns_options=(--sns-topic "$topic")
	start_broker_for_sns
	envelope_of "$(alarm)"
	sends 503 "$envelope" -D "$work/headers"
	grep -qi '^retry-after:' "$work/headers"
	nothing_happened
}

@test "sns: a certificate of 100 MB, a missing one, a redirect: retried later, no memory used" {
	start_broker_for_sns
	truncate -s 100M "$work/large.pem"
	serve large
	ln -f "$work/large.pem" "$work/www/${certificate_url##*/}"
	envelope_of "$(alarm)"
	sends 503 "$envelope"
	[[ $answer == *bytes* ]]
	[ "$(awk '/VmHWM/ { print $2 }' "/proc/${pids[broker]}/status")" -lt 60000 ]
	rm "$work/www/${certificate_url##*/}"
	for path in 00000000000000000000000000000404 00000000000000000000000000000301; do
		certificate_url=https://$amazon/SimpleNotificationService-$path.pem
		envelope_of "$(alarm)"
		sends 503 "$envelope"
	done
	nothing_happened 3
}

@test "sns: unavailable certificates displace no valid one" {
	start_broker_for_sns
	envelope_of "$(alarm)"
	sends 200 "$envelope"
	jq -c 'range(1; 81) as $i | .SigningCertURL |= sub("[0-9a-f]{32}"; ("0" * 31 + "\($i)")[-32:])' \
		<<<"$envelope" >"$work/others"
	[ "$(sort -u "$work/others" | wc -l)" = 80 ]
	while read -r other; do sends 503 "$other"; done <"$work/others"
	envelope_of "$(alarm OK)"
	sends 200 "$envelope"
	[ "$(fetched)" = 81 ]
}

# hanging N: N connections have got no response.
hanging() {
	[ "$(grep -c '^silence' "$work/proxy.log")" -ge "$1" ]
}

send_aside() {
	local aside=$1
	(send "$envelope" && echo "$code" >"$work/$aside") 3>&- &
}

@test "sns: a hanging certificate server delays no other request and no stop" {
	touch "$work/hang"
	seq 5000 | jq -c '{entity: "db-01", check: "check-\(.)", state: "ok"}' >"$work/events"
	start_broker_for_sns
	envelope_of "$(alarm)"
	send_aside hung
	poll 10 hanging 1
	httpbroker-submit --url "$url" "$work/events"
	[ "$(curl -s "$url" | jq length)" = 5000 ]
	[ ! -e "$work/hung" ]
	poll 20 test -s "$work/hung"
	[ "$(cat "$work/hung")" = 503 ]
	serve server # another path
	envelope_of "$(alarm)"
	send_aside stopped
	poll 10 hanging 2
	stop broker
	poll 10 test -s "$work/stopped"
	[ "$(cat "$work/stopped")" = 503 ]
}
