# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # $0 and $1 of a bash -c; $work, $output and what load brings
# httpbroker-submit and a simulated broker with faults that the real one does not have.

load lib/daemons
load lib/submit

setup() { start_submit_work; }

teardown() {
	stop_all
	exec 8>&-
}

# double ANSWER...: a broker that sends these responses; its requests go to $work/got
double() {
	: >"$work/got"
	start broker "$root/t/tools/broker-double" "$port" "$work/got" "$@"
	poll 20 listening "$port"
}

got_lines() {
	[ "$(wc -l <"$work/got")" -ge "$1" ]
}

@test "all requests use one connection" {
	double 200
	submit "$(for i in {1..300}; do ok "$i"; done)" --batch 1
	[ "$status" -eq 0 ]
	[ "$(cut -d' ' -f1 "$work/got" | uniq -c)" = '    300 1' ]
}

@test "503 and lost connections are retried; the start and the end are reported once" {
	double 503 drop 503 200
	submit '{"a":1}{"b":2}' --batch 1
	[ "$status" -eq 0 ]
	# libcurl itself retries when a reused connection is lost
	[ "$(cut -d' ' -f2- "$work/got")" = '503 {"a":1}
drop+ {"a":1}
503+ {"a":1}
200 {"a":1}
200 {"b":2}' ]
	[ "${lines[0]}" = "httpbroker-submit: warning: $HTTPBROKER_URL does not accept events: later (HTTP 503); retrying for 30 s" ]
	[[ ${lines[1]} == "httpbroker-submit: info: $HTTPBROKER_URL accepts events again after "*", 2 waiting" ]]
	[ "${#lines[@]}" -eq 2 ]
}

@test "brokers that answered 503 are asked once more, to keep the event in memory" {
	local dead
	dead=http://127.0.0.1:$(free_port)/state
	double 503 202 503 503 200
	submit '{"a":1}' --retry 0 --url "$dead" --url "$HTTPBROKER_URL"
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	submit '{"b":2}' --retry 0 --url "$HTTPBROKER_URL" --url "$dead"
	[ "$status" -eq 69 ]
	# errors of the first round are reported once
	[[ ${lines[0]} == *"no broker accepts events: $HTTPBROKER_URL: later (HTTP 503); $dead: Failed to connect"* ]]
	[ "$(grep -o 'HTTP 503' <<<"${lines[0]}" | wc -l)" -eq 1 ]
	submit '{"c":3}' --retry 0
	[ "$(cut -d' ' -f2- "$work/got")" = '503 {"a":1}
202+ {"a":1}
503 {"b":2}
503+ {"b":2}
200 {"c":3}' ]
}

@test "a broker that goes away in between: unsent events are counted" {
	double 200 400 drop
	submit $'{}\n{}\n{}' --retry 1s --batch 1
	[ "$status" -eq 69 ]
	[[ $output == *"line 2: "*" 1 event not delivered, from line 3 on" ]]
}

@test "a broker that never responds delays SIGTERM by five seconds at most" {
	double hang
	feed
	echo '{}' >&8
	poll 20 got_lines 1
	kill "${pids[submit]}"
	poll 20 eval '! running submit'
	run wait "${pids[submit]}"
	[ "$status" -eq 69 ]
	log_has submit '1 event not delivered, from line 1 on'
}

@test "a long body gets more time than a short one, on a slow line" {
	start slow python3 -c 'import re, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
connection, _ = listener.accept()
data, length = b"", 1
while part := connection.recv(7000):
    data += part
    time.sleep(0.5)
    head, separator, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) if separator else 1
    if len(body) >= length:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\nCaching state: {}\n")
        print(length, "bytes", flush=True)
        data = b""' "$port"
	poll 20 listening "$port"
	text=$(head -c 4000 /dev/zero | tr '\0' x)
	for i in {1..80}; do printf '{"entity":"e","check":"%s","state":"ok","summary":"%s"}\n' "$i" "$text"; done >"$work/events"
	run httpbroker-submit --retry 0 "$work/events"
	[ "$output" = '' ]
	[ "$status" -eq 0 ]
	grep -E '^2[0-9]{5} bytes' "$work/slow.log"
}

@test "--query: an answer that comes by the byte has an end" {
	start drip python3 -c 'import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
connection, _ = listener.accept()
connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{\n")
while True:
    connection.sendall(b"x")
    time.sleep(0.1)' "$port"
	poll 20 listening "$port"
	run timeout 60 httpbroker-submit --query
	[ "$status" -eq 3 ]
	[[ $output == "UNKNOWN: http://127.0.0.1:$port/state: "* ]]
}

@test "after a response that is too long, each event is sent separately" {
	double long 200
	submit '{"a":1}{"b":2}' -v
	[ "$status" -eq 0 ]
	[ "$(cut -d' ' -f2- "$work/got")" = 'long [{"a":1}, {"b":2}]
200 {"a":1}
200 {"b":2}' ]
	[ "$output" = 'httpbroker-submit: info: line 1: accepted (HTTP 200)
httpbroker-submit: info: line 1: accepted (HTTP 200)' ]
}
