#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # the functions and their variables come from lib; inner shells
# httpbroker-notify --alertmanager with real Alertmanagers, and with one that refuses alerts.

load lib/daemons
load lib/redis
load lib/alertmanager

setup() {
	start_work
	mkfifo "$work/in"
	exec 7<>"$work/in"
}

teardown() {
	exec 7>&-
	stop_all
}

# event ENTITY CHECK STATE [SUMMARY]
event() {
	printf '{"entity":"%s","check":"%s","state":"%s","summary":"%s"}\n' "$@" >&7
}

# start_notify OPTION...: reads what event() writes
start_notify() {
	# shellcheck disable=SC2016 # $0 is the inner shell's
	start notify bash -c 'exec 7>&-; exec httpbroker-notify "$@" <"$0"' "$work/in" "$@"
}

# start_alertmanager NAME: sets $am_port; without $work/NAME.yml, nobody is told
start_alertmanager() {
	am_port=${am_port:-$(free_port)}
	[ -e "$work/$1.yml" ] || printf 'route: {receiver: none}\nreceivers: [{name: none}]\n' >"$work/$1.yml"
	start_alertmanager_at "$am_port" "$1"
}

# firing [PORT]: a line for each alert that fires, sorted
firing() {
	curl -sSf -m 10 "http://127.0.0.1:${1:-$am_port}/api/v2/alerts" |
		jq -r '.[] | "\(.labels.alertname) \(.labels.instance) \(.labels.state)"' | sort
}

fires() {
	[ "$(firing "${2-}")" = "$1" ]
}

watchdog='HttpbrokerNotifyWatchdog default ok'

@test "a problem fires, changes its severity in place, is resolved; nothing fires after the end" {
	start_alertmanager am
	start_notify --alertmanager "http://127.0.0.1:$am_port/" --alert-timeout 3s --label site=hel-1
	poll 10 fires "$watchdog"
	event db-01 disk warning 'full \u0007of \"logs\"'
	poll 10 fires "$watchdog
disk db-01 warning"
	curl -sSf "http://127.0.0.1:$am_port/api/v2/alerts" >"$work/before"
	jq -e '.[] | select(.labels.alertname == "disk") | .labels == {alertname: "disk", instance: "db-01",
		severity: "warning", state: "warning", site: "hel-1", via: "httpbroker-notify"} and
		.annotations == {summary: "full of \"logs\""}' "$work/before"
	event db-01 disk critical fuller
	poll 10 fires "$watchdog
disk db-01 critical"
	curl -sSf "http://127.0.0.1:$am_port/api/v2/alerts" >"$work/after"
	starts='.[] | select(.labels.alertname == "disk").startsAt'
	[ "$(jq -r "$starts" "$work/before")" = "$(jq -r "$starts" "$work/after")" ]
	event db-01 load unknown ''
	poll 10 fires "$watchdog
disk db-01 critical
load db-01 unknown"
	event db-01 disk ok ''
	poll 10 fires "$watchdog
load db-01 unknown"
	# it would have ended by now if it were not sent again
	ends='.[] | select(.labels.alertname == "load").endsAt'
	first=$(curl -sSf "http://127.0.0.1:$am_port/api/v2/alerts" | jq -r "$ends")
	poll 10 sent_again
	kill -KILL "${pids[notify]}"
	poll 20 fires ''
	run ! grep -E 'level=(warn|error)' "$work/am.log"
}

sent_again() {
	[[ $(curl -sSf "http://127.0.0.1:$am_port/api/v2/alerts" | jq -r "$ends") > $first ]]
}

@test "each of two Alertmanagers gets all; one that is away does not delay the other" {
	start_alertmanager one
	one=$am_port
	am_port=$(free_port)
	two=$am_port
	start_notify --alertmanager "http://127.0.0.1:$one" --alertmanager "http://user:secret@127.0.0.1:$two"
	event a disk critical full
	poll 10 fires "$watchdog
disk a critical" "$one"
	poll 10 log_has notify "error: output alertmanager http://127.0.0.1:$two/: Failed to connect.*; its notifications are kept"
	start_alertmanager two
	poll 20 fires "$watchdog
disk a critical" "$two"
	poll 10 log_has notify "info: output alertmanager http://127.0.0.1:$two/: works again after"
	run ! log_has notify secret
	freeze one
	event a disk ok ''
	poll 10 fires "$watchdog" "$two"
	kill -CONT "${pids[one]}"
	poll 20 fires "$watchdog" "$one"
}

# start_notify_redis: the same, with events from Redis
start_notify_redis() {
	start notify httpbroker-notify --server "127.0.0.1:$redis_port" --alert-timeout 6s \
		--alertmanager "http://127.0.0.1:$am_port"
}

# push STATE
push() {
	redis LPUSH events "{\"entity\":\"db-01\",\"check\":\"disk\",\"state\":\"$1\"}"
}

@test "with Redis: a problem fires again after Alertmanager, or httpbroker-notify, was killed" {
	start_redis
	start_alertmanager am
	start_notify_redis
	push critical
	poll 20 fires "$watchdog
disk db-01 critical"
	kill -KILL "${pids[am]}"
	stop am || :
	rm -r "$work/am.data"
	start_alertmanager am
	poll 20 fires "$watchdog
disk db-01 critical"
	kill -KILL "${pids[notify]}"
	stop notify || :
	poll 20 fires ''
	start_notify_redis
	poll 20 fires "$watchdog
disk db-01 critical"
	kill -KILL "${pids[notify]}"
	stop notify || :
	push ok
	start_notify_redis
	poll 20 fires "$watchdog"
}

@test "with Redis: a problem that began in the future, before the clock was set back, fires" {
	start_redis
	start_alertmanager am
	redis HSET httpbroker-notify:default:states $'db-01\037disk' '{"state":"critical","told":"critical",
		"since":'$((EPOCHSECONDS + 7200))',"heard":0,"summary":"full"}'
	start_notify_redis
	poll 20 fires "$watchdog
disk db-01 critical"
	run ! grep -E 'level=(warn|error)' "$work/am.log"
	push ok
	poll 20 fires "$watchdog"
}

# strict: an Alertmanager that answers 400 to a request with an alert of the instance `evil`, and takes
# nothing of it; to all while $work/refuse exists. Logs each alert that it takes. It checks them.
strict() {
	exec python3 -u -c '
import datetime, http.server, json, os, re, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/prefix/api/v2/alerts" and self.headers["Content-Type"] == "application/json"
        alerts = json.loads(body)
        assert 1 <= len(alerts) <= 1000
        for alert in alerts:
            assert set(alert) == {"labels", "annotations", "startsAt", "endsAt"}
            starts, ends = (datetime.datetime.strptime(alert[key], "%Y-%m-%dT%H:%M:%SZ") for key in ("startsAt", "endsAt"))
            assert starts <= ends and alert["labels"]["alertname"]
            assert all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) for name in alert["labels"])
        if os.path.exists(sys.argv[2]):
            print("refused all")
            return self.answer(400, b"\"no\"")
        if any(alert["labels"]["instance"] == "evil" for alert in alerts):
            return self.answer(400, b"\"invalid label set: evil\"\n")
        for alert in alerts:
            print("took", alert["labels"]["alertname"], alert["labels"]["state"], flush=True)
        self.answer(200, b"")
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()' "$am_port" "$work/refuse"
}

took_all() {
	[ "$(grep -c '^took check-' "$work/strict.log")" -ge 99 ]
}

@test "an alert that is refused is found and dropped, its neighbours are sent again" {
	am_port=$(free_port)
	start_notify --alertmanager "http://127.0.0.1:$am_port/prefix"
	poll 10 log_has notify 'its notifications are kept'
	for ((i = 0; i < 100; i++)); do
		if [ $i = 37 ]; then event evil "check-$i" critical x; else event db "check-$i" critical x; fi
	done
	start strict strict
	poll 20 log_has strict ready
	poll 20 took_all
	poll 10 log_has notify 'error: output alertmanager [^ ]*/prefix: a notification is dropped: it answers 400: invalid label set: evil: .*"entity":"evil","check":"check-37"'
	[ "$(grep -c '^took check-[0-9]* critical' "$work/strict.log")" -eq 99 ]
	[ "$(grep -c 'is dropped' "$work/notify.log")" -eq 1 ]
	event db check-38 ok ''
	poll 10 log_has strict 'took check-38 critical'
	# one that refuses everything is not to decide what is dropped
	: >"$work/refuse"
	event db check-100 critical x
	poll 10 log_has notify 'error: output alertmanager [^ ]*/prefix: it answers 400: no; its notifications are kept'
	rm "$work/refuse"
	poll 20 log_has strict 'took check-100 critical'
	[ "$(grep -c 'is dropped' "$work/notify.log")" -eq 1 ]
	# a recovery that is tried again resolves what fired, and no more
	: >"$work/refuse"
	event db check-100 ok ''
	poll 10 refused_again
	rm "$work/refuse"
	poll 20 eval '[ "$(grep -c "^took check-100 " "$work/strict.log")" -eq 2 ]'
	run ! grep -E '^took check-100 (warning|unknown)' "$work/strict.log"
	run ! grep -q Traceback "$work/strict.log"
}

refused_again() {
	[ "$(grep -c 'answers 400: no; its notifications are kept' "$work/notify.log")" -eq 2 ]
}

@test "--test sends the test, and no other alert" {
	start_alertmanager am
	run -0 httpbroker-notify --test --alertmanager "http://127.0.0.1:$am_port" --alert-timeout 1h
	[ "$output" = "httpbroker-notify: info: output alertmanager http://127.0.0.1:$am_port/: the test was delivered" ]
	poll 10 fires "httpbroker-notify $(hostname) test"
}

# file_has FILE PATTERN
file_has() {
	grep -Eq -- "$2" "$work/$1"
}

@test "the example: Prometheus's rule fires when httpbroker-notify is gone; its own alerts make no check" {
	promtool check rules "$root/doc/examples/prometheus/notify.yml"
	start broker httpbroker --port 127.0.0.1:0 --server none --interval 1h --output "$work/events"
	poll 10 log_has broker 'listening on'
	broker=$(sed -n 's/.*listening on //p' "$work/broker.log")
	sed "s/localhost:3090/$broker/; s/group_wait: 2m/group_wait: 3s/; s/group_interval: 1m/group_interval: 1s/; s/^  receiver: team/&\n  group_wait: 0s/" \
		"$root/doc/examples/prometheus/notify-alertmanager.yml" >"$work/am.yml"
	start_alertmanager am
	start_notify --alertmanager "http://127.0.0.1:$am_port" --alert-timeout 3s
	poll 10 fires "$watchdog"
	# as Prometheus does with the rule of the example
	curl -sSf -H 'Content-Type: application/json' -d '[{"labels": {"alertname": "HttpbrokerNotifyAbsent", "severity": "critical"}}]' \
		"http://127.0.0.1:$am_port/api/v2/alerts"
	event db-01 disk critical full
	poll 20 returned
	[ ! -s "$work/events" ] # neither of the two
	poll 20 eval 'curl -sSf "http://127.0.0.1:$am_port/api/v2/alerts?inhibited=true" | jq -e "map(select(.status.inhibitedBy != [])) | length == 1"'
	kill -KILL "${pids[notify]}"
	poll 30 file_has events '"check":"HttpbrokerNotifyAbsent.severity=critical.".*"state":"critical"'
}

returned() {
	curl -sS "http://$broker/metrics" |
		grep -q '^httpbroker_events_accepted_total{format="alertmanager",result="returned"} [1-9]'
}

@test "options that cannot be understood are refused" {
	refused() { run -64 httpbroker-notify "${@:2}"; [[ $output == *"$1"* ]] || { echo "$output"; return 1; }; }
	refused "--alertmanager: 'localhost:9093' is not a URL such as http://localhost:9093: Unsupported URL scheme" --alertmanager localhost:9093
	refused "--alertmanager: 'http://***@am:99999' is not a URL such as http://localhost:9093: Port number" --alertmanager http://user:secret@am:99999
	refused "--alertmanager: 'ftp://localhost': 'ftp' is neither http nor https" --alertmanager ftp://localhost
	refused "--alertmanager: 'unix:/am' is not a URL such as http://localhost:9093" --alertmanager unix:/am
	refused "--label: 'site' is not NAME=VALUE" --label site
	refused "--label: 'via' is there already" --label via=x
	refused "--label: 'a_b' is there already" --label a-b=1 --label a.b=2
	refused '--alert-timeout' --alert-timeout 1s
}
