# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034,SC2119,SC2120 # $work and the functions come from daemons.bash; some are for tests
#
# Stands for Amazon SNS: certificates of a private authority, a server that serves them (nginx), and
# a proxy that makes every Internet host that server. Messages are signed with openssl as documented,
# without any code of the broker.
#
#   start_amazon             sets $https_proxy, and $sns_options for the broker
#   certificate NAME [OPTION...]  creates $work/NAME.key and .pem for a server, signed by our
#                            intermediate authority; OPTION: of openssl x509 -req
#   serve NAME               serves it from then on; sets $certificate_url
#   envelope JSON            sets $envelope: a notification with these members in place of the usual
#                            ones, signed with $signer (a NAME; default sns)
#   start_broker_for_sns     starts the broker with $sns_options
#   nothing_happened [N]     succeeds if there is no event, and N requests (0) reached the server
#   fetched                  prints the number of requests that the server answered
#   send JSON [CURL-OPTION...]  posts it as SNS does, with JSON's Type in a header

topic=arn:aws:sns:eu-west-1:123456789012:alarms
amazon=sns.eu-west-1.amazonaws.com
confirmed=arn:aws:sns:eu-west-1:123456789012:alarms:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55

authority_make() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
		-subj /CN=authority -days 30 2>/dev/null
}

# signed NAME ISSUER SUBJECT EXTENSIONS [OPTION...]
signed() {
	openssl req -newkey rsa:2048 -nodes -keyout "$work/$1.key" -out "$work/$1.csr" \
		-subj "/CN=$3" 2>/dev/null
	printf '%b' "$4" >"$work/$1.ext"
	openssl x509 -req -in "$work/$1.csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" \
		-out "$work/$1.pem" -extfile "$work/$1.ext" -days 30 "${@:5}" 2>/dev/null
}

certificate() {
	signed "$1" link "$amazon" \
		"subjectAltName=DNS:$amazon\nextendedKeyUsage=${certificate_usage:-serverAuth}\n" "${@:2}"
}

# Each has its own path, as at SNS, and is served alone: the intermediate certificate comes from the
# TLS server.
serve() {
	local path
	path=SimpleNotificationService-$(printf %s "$1" | md5sum | cut -c-32).pem
	cp "$work/$1.pem" "$work/www/$path"
	certificate_url=https://$amazon/$path
}

amazon_server() {
	cat >"$work/amazon.conf" <<-CONF
		daemon off;
		master_process off;
		pid $work/amazon.pid;
		error_log $work/amazon-error.log;
		events { }
		http {
			access_log $work/amazon-access.log;
			client_body_temp_path $work/amazon-tmp;
			proxy_temp_path $work/amazon-tmp;
			fastcgi_temp_path $work/amazon-tmp;
			uwsgi_temp_path $work/amazon-tmp;
			scgi_temp_path $work/amazon-tmp;
			server {
				listen 127.0.0.1:$amazon_port ssl;
				ssl_certificate $work/chain.pem;
				ssl_certificate_key $work/server.key;
				root $work/www;
				location = / {
					if (\$arg_Token = wrong) { return 400; }
					return 200 '<ConfirmSubscriptionResponse><SubscriptionArn>$confirmed</SubscriptionArn></ConfirmSubscriptionResponse>';
				}
				location /SimpleNotificationService-00000000000000000000000000000301.pem {
					return 301 https://$amazon/SimpleNotificationService-$(printf sns | md5sum | cut -c-32).pem;
				}
			}
		}
	CONF
	: >"$work/amazon-access.log"
	start amazon nginx -p "$work" -e "$work/amazon-error.log" -c "$work/amazon.conf"
	poll 10 listening "$amazon_port"
}

# Connects every host to our server; if $work/hang exists, it never answers.
amazon_proxy() {
	start proxy python3 -c '
import os, socket, sys, threading
here, there, hang = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass

def serve(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            return
        head += byte
    if os.path.exists(hang):
        print("silence for", head.split()[1].decode(), flush=True)
        threading.Event().wait()
    server = socket.create_connection(("127.0.0.1", there))
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)

door = socket.create_server(("127.0.0.1", here))
while True:
    threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
' "$proxy_port" "$amazon_port" "$work/hang"
	poll 10 listening "$proxy_port"
}

# Shared by all tests of a file: a busy machine needs seconds to create a key.
certificates_make() {
	local made=$BATS_FILE_TMPDIR/amazon
	if [ ! -e "$made" ]; then
		authority_make
		signed link ca link 'basicConstraints=critical,CA:TRUE\n'
		certificate server
		certificate sns
		mkdir "$made"
		cp "$work"/{ca,link,server,sns}.{key,pem} "$made"
	else
		cp "$made"/* "$work"
	fi
}

start_amazon() {
	mkdir -p "$work/www"
	read -r amazon_port proxy_port < <(free_port 2 | xargs)
	certificates_make
	cat "$work/server.pem" "$work/link.pem" >"$work/chain.pem"
	serve sns
	amazon_server
	amazon_proxy
	export https_proxy=http://127.0.0.1:$proxy_port
	sns_options=(--sns-topic "$topic" --sns-ca-file "$work/ca.pem")
}

fetched() {
	wc -l <"$work/amazon-access.log"
}

start_broker_for_sns() {
	start_broker "${sns_options[@]}"
}

nothing_happened() {
	[ "$(redis LLEN events)" = 0 ]
	[ "$(fetched)" = "${1:-0}" ]
}

# The canonical form: these members, if present, each after its name. jq is slow to start: once.
signature_of() {
	jq -rj 'if .SignatureVersion == "2" then "-sha256\n" else "-sha1\n" end,
		((if .Type == "Notification"
			then ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
			else ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
			end)[] as $name | select(.[$name]) | $name, "\n", .[$name], "\n")' <<<"$1" | {
		read -r digest
		openssl dgst "$digest" -sign "$work/${signer:-sns}.key" | base64 -w0
	}
}

envelope() {
	local plain
	plain=$(jq -n --arg topic "$topic" --arg url "$certificate_url" --argjson more "$1" \
		--arg time "$(date -u +%Y-%m-%dT%H:%M:%S.123Z)" --arg id "id-$RANDOM$RANDOM" '{
			Type: "Notification", MessageId: $id, TopicArn: $topic, Message: "hello",
			Timestamp: $time, SignatureVersion: "2", SigningCertURL: $url
		} + $more')
	envelope=$(jq --arg signature "$(signature_of "$plain")" '.Signature = $signature' <<<"$plain")
}

# envelope_of MESSAGE [JSON]: a notification with this message.
envelope_of() {
	envelope "$(jq -n --arg message "$1" --argjson more "${2:-{\}}" '{Message: $message} + $more')"
}

confirmation() {
	envelope "$(jq -n --argjson more "${1:-{\}}" '{
		Type: "SubscriptionConfirmation", Token: "2336412f37fb687f5d51e6e2425929f2",
		Message: "You have chosen to subscribe", SubscribeURL: "https://evil.example.org/"
	} + $more')"
}

alarm() {
	jq -n --arg state "${1:-ALARM}" --arg time "$(date -u +%Y-%m-%dT%H:%M:%S.678+0000)" '{
		AlarmName: "db-01 is slow", AlarmDescription: "what to do", AWSAccountId: "123456789012",
		NewStateValue: $state, NewStateReason: "Threshold Crossed: 1 datapoint (10.0)",
		StateChangeTime: $time, Region: "EU (Ireland)", OldStateValue: "OK",
		AlarmArn: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:db-01 is slow",
		Trigger: {MetricName: "ReadLatency", Namespace: "AWS/RDS", Period: 60, Threshold: 5.0,
			Dimensions: [{name: "DBInstanceIdentifier", value: "db-01"}]}
	}'
}

send() {
	[[ $1 =~ \"Type\":\ *\"([A-Za-z]*)\" ]]
	post "$1" -H 'Content-Type: text/plain; charset=UTF-8' \
		-H "x-amz-sns-message-type: ${BASH_REMATCH[1]}" "${@:2}"
}

# sends CODE JSON: posts it; fails unless it is answered with CODE
sends() {
	send "$2" "${@:3}"
	[ "$code" = "$1" ] || {
		echo "$code, not $1: $answer"
		cat "$work/proxy.log"
		return 1
	}
}
