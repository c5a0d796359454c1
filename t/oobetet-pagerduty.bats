# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet with a PagerDuty that fails, refuses or hangs.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

@test "oobetet: PagerDuty answers 500 and 429, then 202: one incident, resolved" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --answer 500,429,500
	enter_room flapjack flapjack
	write_ini repeat_interval=30
	start_oobetet
	poll 20 pagerduty_has '202 trigger'
	[ "$(count_of pagerduty ' (500|429) trigger ')" -eq 3 ]
	[ "$(count_of oobetet "info: http: online: $pagerduty_url")" -eq 1 ]
	[ "$(count_of oobetet 'error: delivery to PagerDuty is failing: HTTP 500: .*this answer was asked for.*; trying again')" -ge 1 ]
	poll 20 log_has oobetet 'info: delivery to PagerDuty works again'
	both
	poll 20 pagerduty_has '202 resolve'
	[ "$(count_of pagerduty ' 202 ')" -eq 2 ]
}

@test "oobetet: PagerDuty refuses with 400: no retry, an error, and a message in the room" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	enter_room eve eve
	write_ini pagerduty_contact=too-short repeat_interval=5
	start_oobetet
	poll 20 log_has oobetet 'error: PagerDuty rejected a notification, .*: HTTP 400 .*routing_key'
	poll 20 room_has '<oobetet>.* is Critical.*; delivery to PagerDuty is failing \(HTTP 400'
	[ "$(count_of pagerduty ' 400 refused')" -le "$(count_of eve 'is Critical')" ]
	run ! grep -q too-short "$work/oobetet.log" "$work/eve.log"
}

@test "oobetet: PagerDuty accepts and never answers: the room gets the alarm in time" {
	start_chain
	stop pagerduty
	start_pagerduty --answer hang,hang,hang
	stop oobetet
	write_ini
	start_oobetet
	both
	poll 20 room_has '<oobetet>.* is Critical'
	both
	poll 20 room_has '<oobetet>.* is OK'
	poll 30 log_has oobetet 'error: delivery to PagerDuty is failing: .*(timed out|Timeout).*; trying again'
}

@test "oobetet: an endless response, a reset connection: retried, one incident" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty --answer 202~60s,reset
	enter_room flapjack flapjack
	write_ini max_latency=1 repeat_interval=60
	start_oobetet
	poll 20 log_has oobetet 'error: delivery to PagerDuty is failing: (Operation timed out|Timeout was reached); trying again'
	poll 20 log_has oobetet 'error: delivery to PagerDuty is failing: .*(reset|Recv failure|Empty reply).*; trying again'
	poll 20 log_has oobetet 'info: delivery to PagerDuty works again'
	both
	poll 20 pagerduty_has 'incident 1 resolved'
	[ "$(incidents)" -eq 1 ]
	run ! pagerduty_has 'incident 2'
}

@test "oobetet: a PagerDuty with a wrong certificate gets nothing; the room does" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	make_certificate localhost
	cat "$work/prosody/localhost.key" "$work/prosody/localhost.pem" >"$work/both.pem"
	start_pagerduty --certificate "$work/both.pem"
	enter_room eve eve
	write_ini max_latency=1 pagerduty_url="${pagerduty_url/127.0.0.1/localhost}"
	start_oobetet
	poll 20 log_has oobetet 'error: delivery to PagerDuty is failing: SSL certificate problem: self-signed certificate; trying again'
	poll 20 room_has '<oobetet>.* is Critical.*; delivery to PagerDuty is failing \(SSL certificate problem'
	run ! log_has pagerduty trigger
	run ! log_has oobetet 'http: online' # it never was
}

# A proxy that logs each request and refuses it.
start_proxy() {
	proxy_port=$(free_port)
	start proxy python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c = s.accept()[0]
    print(c.recv(4096).split(b"\r")[0].decode(), flush=True)
    c.sendall(b"HTTP/1.1 502 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    c.close()' "$proxy_port"
	poll 20 listening "$proxy_port"
}

@test "oobetet: https_proxy is used, unless no_proxy names the host" {
	start_proxy
	write_ini max_latency=1 pagerduty_url=https://pagerduty.invalid/v2/enqueue
	export https_proxy=http://127.0.0.1:$proxy_port
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has proxy '^CONNECT pagerduty.invalid:443 HTTP/1'
	poll 20 log_has oobetet 'error: delivery to PagerDuty is failing: .*502'
	stop oobetet
	asked=$(count_of proxy CONNECT)
	write_ini max_latency=1 pagerduty_url=https://127.0.0.1:1/v2/enqueue
	export no_proxy=127.0.0.1
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet "error: delivery to PagerDuty is failing: Failed to connect to 127.0.0.1 port 1"
	[ "$(count_of proxy CONNECT)" -eq "$asked" ]
}

@test "oobetet: a user and a query in PagerDuty's address are not logged" {
	start_pagerduty
	write_ini pagerduty_url="${pagerduty_url/127/user:hidden@127}?key=hidden" \
		listen_command='sleep 1000' rooms= jabberid= password= server= port= tls=
	start oobetet oobetet -c "$work/oobetet.ini" --debug
	poll 20 log_has oobetet 'info: http: online: http://[*]{8}@127.0.0.1:[0-9]+/v2/enqueue[?][*]{8}$'
	run ! log_has oobetet hidden
}

# A server on $redirecting that sends each request elsewhere; the new address has a secret.
start_redirecting() {
	redirecting=$(free_port)
	start redirecting python3 -c '
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(301)
        self.send_header("Location", "https://user:hidden@other.example.org/hidden?hidden")
        self.end_headers()
    do_POST = do_GET
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()' "$redirecting"
	poll 20 listening "$redirecting"
}

@test "oobetet: a redirection is not followed; the log says where it leads, without its path" {
	local leads='HTTP 301: it redirects to https://other.example.org, which is not followed'
	start_redirecting
	write_ini pagerduty_url="http://127.0.0.1:$redirecting/" heartbeat_url="http://127.0.0.1:$redirecting/" \
		listen_command="sh -c 'echo here; exec sleep 1000'" rooms= jabberid= password= server= port= tls= heartbeat_interval=1
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet "error: delivery to PagerDuty is failing: $leads: set pagerduty_url; trying again$"
	poll 20 log_has oobetet "error: heartbeat_url cannot be fetched: $leads; trying again$"
	run ! log_has oobetet hidden
}
