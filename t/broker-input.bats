#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2154 # the functions and their variables come from lib
# Input of httpbroker: one event or many, formats of other services, and invalid input. Single
# cases are in the unit tests; these tests cover the complete path to Redis.

load lib/daemons
load lib/redis
load lib/broker

setup() {
	start_work
	start_redis
}

teardown() { stop_all; }

# sends CODE: posting the body on standard input gets CODE; sets $answer, so not behind a pipe
sends() {
	local wanted=$1
	code=$(curl -sS -m 60 -o "$work/answer" -w '%{http_code}' --data-binary @- "${@:2}" "$url")
	answer=$(cat "$work/answer")
	[ "$code" = "$wanted" ] || {
		echo "$code instead of $wanted: ${answer:0:2000}"
		return 1
	}
}

# pushed_events: entity, check and state of all pushed events, the oldest first
pushed_events() {
	queue | jq -r '"\(.entity) \(.check) \(.state)"'
}

# queue_has ENTITY: an event of this entity was pushed
queue_has() {
	queue | grep -q "\"entity\":\"$1\""
}

# forgotten FIELD: Redis has no record of this field
forgotten() {
	[ "$(redis HEXISTS httpbroker:default:states "$1")" = 0 ]
}

# nothing_kept: the broker serves, knows no check and has pushed no event
nothing_kept() {
	[ "$(curl -sSf -m 20 "$url")" = '{}' ]
	[ "$(redis EXISTS events httpbroker:default:states)" -eq 0 ]
}

@test "an array: each event is handled separately, in order, and the response lists the results" {
	start_broker --interval 1h
	sends 207 <<-E
		[$(event a one critical), $(event a '' ok), 7,
		 $(event a two down), $(event a one ok), $(event a one acknowledgement)]
	E
	[ "$answer" = '{"accepted":4,"refused":2,"events":[
{"index":0,"result":"delivered"},
{"index":1,"result":"refused","error":"'"'check' is empty"'"},
{"index":2,"result":"refused","error":"this is no event, but a number: post an object"},
{"index":3,"result":"delivered"},
{"index":4,"result":"delivered"},
{"index":5,"result":"delivered"}
]}' ]
	[ "$(pushed_events)" = 'a one critical
a two critical
a one ok
a one acknowledgement' ]
	[ "$(redis HLEN httpbroker:default:states)" -eq 2 ]
}

@test "lines: recognised by type or shape, and numbered in the response" {
	start_broker --interval 1h
	sends 207 <<-E
		$(event a one ok)

		{"entity":
		$(event a two ok)
	E
	[ "$(jq -c '[.accepted, .refused, [.events[].line]]' <<<"$answer")" = '[2,1,[1,3,4]]' ]
	[[ "$(jq -r '.events[1].error' <<<"$answer")" == 'line 3, column '[0-9]*': '* ]]
	sends 200 -H 'Content-Type: application/x-ndjson' < <(event a three ok)
	[ "$(jq -c .events <<<"$answer")" = '[{"index":0,"line":1,"result":"delivered"}]' ]
	sends 400 -H 'Content-Type: application/x-ndjson' <<<$'nonsense\n{}'
	[ "$(jq -c '[.accepted, .refused]' <<<"$answer")" = '[0,2]' ]
	[[ "$(jq -r .error <<<"$answer")" == "none of 2: line 1, column 8: "* ]]
	sends 400 <<<'[]'
	sends 400 -H 'Content-Type: application/x-ndjson' <<<$'\n \n'
	[ "$answer" = '{"error": "the batch is empty: there is no event in it"}' ]
	[ "$(pushed_events | wc -l)" -eq 3 ]
}

@test "many events at once: all are in Redis before the response" {
	start_broker --interval 1h
	sends 200 < <(seq -f '{"entity":"e%.0f","check":"c","state":"ok"}' 20000)
	[ "$(jq -c '[.accepted, .refused, (.events | length)]' <<<"$answer")" = '[20000,0,20000]' ]
	[ "$(redis HLEN httpbroker:default:states)" -eq 20000 ]
	queued 20000
	seq -s, -f '{"entity":"e%.0f","check":"c","state":"down"}' 20000 >"$work/array"
	sends 200 < <(echo "[$(cat "$work/array")]")
	queued 40000
	# more than the limit: none is accepted
	sends 413 <<<"[$(event new c ok)$(printf ',7%.0s' {1..30000})]"
	[ "$answer" = '{"error": "there are more than 30000 events in the body"}' ]
	[ "$(redis HEXISTS httpbroker:default:states $'new\x1fc')" -eq 0 ]
}

@test "a batch while Redis is down: 202, kept, delivered later in order" {
	start_broker --interval 1h
	posts 200 "$(event a zero ok)"
	stop redis
	poll 20 log_has broker 'warning|error'
	sends 202 <<<"[$(event a one ok),$(event a two ok)]"
	[ "$(jq -c '[.events[].result]' <<<"$answer")" = '["kept","kept"]' ]
	sends 207 <<<"[$(event a three ok),{}]"
	[ "$(jq -c '[.events[].result]' <<<"$answer")" = '["kept","refused"]' ]
	start_redis
	poll 20 queued 3
	[ "$(pushed_events | tail -n 3)" = 'a one ok
a two ok
a three ok' ]
}

@test "too many events wait for Redis: the rest of a batch is busy, and then everything gets 503" {
	start_broker --interval 1h
	stop redis
	for part in {1..6}; do
		seq -f "{\"entity\":\"e$part\",\"check\":\"%.0f\",\"state\":\"ok\"}" 20000 >"$work/lines"
		[ "$part" -gt 5 ] || sends 202 <"$work/lines"
	done
	sends 503 <"$work/lines"
	sends 503 -D "$work/headers" <<<"[$(event f one ok),{},$(event f two ok)]"
	grep -i '^retry-after: 5' "$work/headers"
	[ "$(jq -c '[.events[].result]' <<<"$answer")" = '["busy","refused","busy"]' ]
	sends 503 < <(event f one ok)
	[[ "$answer" == '{"error": "too many checks (--max-states), or events that wait for Redis or the output (--max-pending)"}' ]]
}

@test "Alertmanager: one event and one check for each alert, stale only with ?ttl=" {
	start_broker --interval 1h
	cat >"$work/group" <<-'E'
		{"version": "4", "groupKey": "{}:{alertname=\"DiskFull\"}", "truncatedAlerts": 0,
		 "status": "firing", "receiver": "flapjack",
		 "groupLabels": {"alertname": "DiskFull"}, "commonLabels": {"alertname": "DiskFull"},
		 "commonAnnotations": {}, "externalURL": "http://am.example.org:9093",
		 "alerts": [
		  {"status": "resolved", "labels": {"alertname": "DiskFull", "instance": "db-01:9100", "mountpoint": "/"},
		   "annotations": {"summary": "/ was full"}, "startsAt": "2026-11-20T10:29:06.123Z",
		   "endsAt": "2026-11-20T10:39:06.123Z", "generatorURL": "", "fingerprint": "a"},
		  {"status": "firing", "labels": {"alertname": "DiskFull", "instance": "db-01:9100", "mountpoint": "/var", "severity": "warning"},
		   "annotations": {"summary": "/var is full", "description": "97 %"}, "startsAt": "2026-11-20T10:29:06.123Z",
		   "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "b"},
		  {"status": "firing", "labels": {"alertname": "DiskFull", "instance": "db-02:9100"},
		   "annotations": {}, "startsAt": "2026-11-20T10:29:06.123Z",
		   "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "c"}]}
	E
	sends 200 <"$work/group"
	[ "$(jq -c '[.events[] | [.index, .part, .result]]' <<<"$answer")" = '[[0,0,"delivered"],[0,1,"delivered"],[0,2,"delivered"]]' ]
	[ "$(pushed_events)" = 'db-01:9100 DiskFull{mountpoint=/} ok
db-01:9100 DiskFull{mountpoint=/var,severity=warning} warning
db-02:9100 DiskFull critical' ]
	[ "$(queue | jq -r '"\(.summary)|\(.details)"' | head -n 2)" = 'resolved|null
/var is full|97 %' ]
	[ "$(curl -sSf "$url" | jq -c '[.[].ttl]')" = '[-1,-1,-1]' ]
	url="$url?ttl=5h" sends 200 <"$work/group"
	[ "$(curl -sSf "$url" | jq -c '[.[].ttl]')" = '[18000,18000,18000]' ]
	sends 200 < <(sed 's/"firing"/"resolved"/' "$work/group")
	[ "$(pushed_events | tail -n 2)" = 'db-01:9100 DiskFull{mountpoint=/var,severity=warning} ok
db-02:9100 DiskFull ok' ]
	# an alert with few labels: the sender would ignore a refusal
	sends 200 <<-'E'
		{"version":"4","status":"firing","alerts":[
		{"status":"firing","labels":{"name":"replica lag","instance":"db-2:9100","cluster":"a"},"annotations":{}},
		{"status":"firing","labels":{"alertname":"TwoLines","instance":"a\nb","cluster":"a"},"annotations":{}}]}
	E
	[ "$(pushed_events | tail -n 2)" = 'db-2:9100 alert{cluster=a,name=replica lag} critical
a b TwoLines{cluster=a} critical' ]
}

# alert NAMESPACE POD STATUS: grouped by namespace, as kube-prometheus does
pod_alert() {
	echo "{\"version\":\"4\",\"status\":\"$3\",\"groupKey\":\"{}:{namespace=\\\"$1\\\"}\",\"alerts\":[
		{\"status\":\"$3\",\"labels\":{\"alertname\":\"KubePodNotReady\",\"job\":\"kube-state-metrics\",
		\"namespace\":\"$1\",\"pod\":\"$2\"},\"annotations\":{\"summary\":\"Pod $2 is not ready\"}}]}"
}

@test "Alertmanager: an alert resolved in one group does not clear one that fires in another" {
	start_broker --interval 1h
	sends 200 < <(pod_alert shop cart-1 firing)
	sends 200 < <(pod_alert ci job-7 resolved)
	[ "$(pushed_events)" = 'kube-state-metrics KubePodNotReady{namespace=shop,pod=cart-1} critical
kube-state-metrics KubePodNotReady{namespace=ci,pod=job-7} ok' ]
}

@test "a check under the name of an earlier version is set ok once when the new name arrives" {
	redis HSET httpbroker:default:states $'kube-state-metrics\x1fKubePodNotReady' \
		'1 1 -1 critical - {"entity":"kube-state-metrics","check":"KubePodNotReady","type":"service","state":"critical","summary":"Pod cart-1 is not ready"}' \
		$'api-5xx\x1f5XXError' \
		'1 1 -1 critical - {"entity":"api-5xx","check":"5XXError","type":"service","state":"critical","summary":"Threshold Crossed"}' >/dev/null
	start_broker --interval 1s
	poll 10 queued 2
	sends 200 < <(pod_alert shop cart-1 firing)
	sends 200 < <(pod_alert ci job-7 firing)
	[ "$(queue | jq -r 'select(.check == "KubePodNotReady" and .state == "ok").summary')" = \
		'httpbroker: this check is now named KubePodNotReady{namespace=shop,pod=cart-1}' ]
	poll 10 grep -q 'check kube-state-metrics:KubePodNotReady was renamed to kube-state-metrics:KubePodNotReady{namespace=shop,pod=cart-1}' "$work/broker.log"
	poll 20 forgotten $'kube-state-metrics\x1fKubePodNotReady'
	[ "$(curl -sSf "$url" | jq -r 'keys | sort | .[]')" = 'api-5xx:5XXError
kube-state-metrics:KubePodNotReady{namespace=ci,pod=job-7}
kube-state-metrics:KubePodNotReady{namespace=shop,pod=cart-1}' ]
	[ "$(queue | jq -c 'select(.check == "KubePodNotReady" and .state == "ok")' | wc -l)" -eq 1 ]
	# an alert without further labels keeps its name in this version
	bare='{"alerts":[{"status":"firing","labels":{"alertname":"Down","instance":"i"}}]}'
	sends 200 <<<"$bare"
	stop broker
	start_broker --interval 1h
	sends 200 <<<"${bare/\"instance\"/\"x\":\"y\",\"instance\"}"
	[ "$(curl -sSf "$url?entity=i" | jq -c '[.[] | [.check, .state]] | sort')" = '[["Down","critical"],["Down{x=y}","critical"]]' ]
}

@test "New Relic, both kinds: pushed on change, never stale; a channel test creates no check" {
	start_broker --interval 1h
	incident='{"condition_name":"Apdex","policy_name":"Shop","current_state":"open","severity":"CRITICAL","details":"Apdex < 0.7","incident_url":"https://i/42","event_type":"INCIDENT","timestamp":1429505587123}'
	issue='{"id":"d1b1","issueUrl":"https://radar/accounts/7/issues/1b2c","title":"Memory","priority":"HIGH","impactedEntities":["web-1"],"state":"ACTIVATED","createdAt":1429505587123,"updatedAt":1429505588123,"alertPolicyNames":["P"],"alertConditionNames":["Memory high"],"workflowName":"W"}'
	sends 200 <<<"${incident/open/test}"
	[ "$answer" = '{"kept": false, "reason": "a test of the channel: no check is made of it"}' ]
	nothing_kept
	sends 200 <<<"$incident"
	[ "$answer" = 'Caching state: {"entity":"Shop","check":"Apdex","type":"service","state":"critical","summary":"Apdex < 0.7","details":"https://i/42","time":1429505587,"ttl":-1}' ]
	sends 200 <<<"$issue"
	[[ "$answer" == 'Caching state: {"entity":"web-1","check":"Memory high","type":"service","state":"warning","summary":"Memory",'*',"time":1429505588,"ttl":-1}' ]]
	sends 200 <<<"${incident/open/closed}"
	sends 200 <<<"${issue/ACTIVATED/DEACTIVATED}"
	sends 200 <<<"${issue/ACTIVATED/CLOSED}"
	[ "$(pushed_events)" = 'Shop Apdex critical
web-1 Memory high warning
Shop Apdex ok
web-1 Memory high ok' ]
}

@test "Sensu Go: an event of a check; one of an earlier Sensu is refused by name" {
	start_broker --interval 1h
	sensu='{"check":{"metadata":{"name":"check-cpu","namespace":"default"},"status":1,"output":"CPU 80 %\nmore","interval":60},"entity":{"metadata":{"name":"web-1","namespace":"default"}},"timestamp":1429505587}'
	sends 200 <<<"$sensu"
	[ "$answer" = 'Caching state: {"entity":"web-1","check":"check-cpu","type":"service","state":"warning","summary":"CPU 80 %","details":"more","time":1429505587,"ttl":-1}' ]
	curl -sSf "${url%/state}/metrics" | grep -F 'httpbroker_events_accepted_total{format="sensu",result="delivered"} 1'
	sends 400 <<<'{"client":{"name":"web-1"},"check":{"name":"cpu","status":1},"action":"create"}'
	[ "$answer" = '{"error": "this is an event of Sensu Core 1, which is not supported: only Sensu Go'"'"'s are"}' ]
}

# An event as Sensu Go's reference documents it, with all the keys that a handler gets.
sensu_event() {
	cat <<-E
		{"check":{"check_hooks":null,"command":"check_tcp -H localhost -p 12345 -t 5","duration":0.0052,"env_vars":null,
		"executed":1617050501,"handlers":["httpbroker-1m"],"high_flap_threshold":0,"history":[{"executed":1617050491,"status":0},
		{"executed":1617050501,"status":2}],"interval":10,"is_silenced":false,"issued":1617050501,"last_ok":1617050491,
		"low_flap_threshold":0,"metadata":{"name":"flapper","namespace":"default"},"occurrences":1,"occurrences_watermark":1,
		"output":"connect to address 127.0.0.1 and port 12345: Connection refused\\n","output_metric_format":"",
		"output_metric_handlers":null,"output_metric_tags":null,"pipelines":[],"proxy_entity_name":"","publish":true,
		"round_robin":false,"runtime_assets":null,"scheduler":"memory","secrets":null,"state":"$1","status":$2,
		"stdin":false,"subdue":null,"subscriptions":["flapper"],"timeout":8,"total_state_change":0,"ttl":0},
		"entity":{"deregister":false,"deregistration":{},"entity_class":"agent","last_seen":1617050501,
		"metadata":{"name":"lab","namespace":"default"},"redact":["password"],"sensu_agent_version":"6.2.6",
		"subscriptions":["entity:lab","flapper"],"system":{"arch":"amd64","hostname":"lab","network":{"interfaces":[]},
		"os":"linux","processes":null},"user":"agent"},"id":"3a5948f3-6ffd-4ea2-a41e-334f4a72ca2f","metadata":
		{"namespace":"default"},"pipelines":null,"sequence":6,"timestamp":$(date +%s)}
	E
}

@test "Sensu Go: the handler of the example posts its events; they go stale after its ttl" {
	local command
	start_broker --interval 1h
	command=$(sed -n 's|^  command: \(curl .*\)|\1|p' "$root/doc/examples/sensu-go/flapper.yml")
	command=${command/localhost:3090/127.0.0.1:$broker_port}
	run -0 sh -c "$command" < <(sensu_event failing 2)
	[[ "$output" == *'{"entity":"lab","check":"flapper","type":"service","state":"critical","summary":"connect to address 127.0.0.1 and port 12345: Connection refused",'*'"ttl":60}' ]]
	run -0 sh -c "$command" < <(sensu_event passing 0)
	[[ "$output" == *'"state":"ok"'* ]]
}

@test "control characters are removed from every format and from old records" {
	redis HSET httpbroker:default:states $'old\x1fcheck' \
		'1 1 -1 critical - {"entity":"old","check":"check","type":"service","state":"critical","summary":"\u001b[1mold\u0007"}' >/dev/null
	start_broker --interval 1s
	sends 200 <<<'{"entity":"a","check":"flapjack","state":"critical","summary":"\u001b[31mERROR\u001b[0m\ttwo\u0000\r\nlines \ud800",
		"details":"\u009b1m\ufffe","tags":["\u0001t"],"acknowledgement_id":"\u007f"}'
	[[ "$answer" == *'"summary":"ERROR\ttwo\nlines '$'\xef\xbf\xbd'*'"tags":["t"]'* ]]
	sends 207 <<<'[{"alerts":[{"status":"firing","labels":{"alertname":"x","instance":"i"},"annotations":{"summary":"log line: \u001b[31mERROR\u001b[0m"}}]},
		{"current_state":"open","condition_name":"c","policy_name":"p","details":"\u0008\u000e"}, 7]'
	poll 10 queue_has old
	queue | LC_ALL=C grep -P '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xef\xbf[\xbe\xbf]|\\u00[01]|\\u007f' && return 1
	[ "$(queue | jq -r 'select(.check == "x").summary' | head -n 1)" = 'log line: ERROR' ]
	[ "$(queue | jq -r 'select(.check == "c").summary' | head -n 1)" = '' ]
	[ "$(queue | jq -r 'select(.entity == "old").summary' | head -n 1)" = old ]
}

@test "?ttl= applies to events without a ttl; an unknown parameter is refused" {
	start_broker --interval 1h
	base=$url
	for query in ttl=0 ttl=500ms ttl=-1 ttl=soon ttl tll=30 'ttl=1&ttl=2' 'ttl=1%00'; do
		url="$base?$query" sends 400 < <(event a b ok)
	done
	nothing_kept
	url="$base?ttl=90m" sends 200 < <(event a b ok)
	[[ "$answer" == *',"ttl":5400}' ]]
	url="$base?ttl=90m" sends 200 < <(event a b ok '"ttl":30')
	[[ "$answer" == *',"ttl":30}' ]]
}

@test "malformed bodies: 400 with the position, nothing kept, the broker continues" {
	start_broker --interval 1h
	{
		printf '%s\n' '{' '[' '{"entity"' '{"entity":"a",}' '"a"' 7 null true nonsense '[1,2' '{}}' \
			'{"entity":"a","check":"b","state":"ok"' '{"entity":"a","check":"b","state":"ok"} x' \
			'{"entity":"a","entity":"a","check":"b","state":"ok"}' '[{"a":1,"a":2}]' \
			'{"entity":"a\u0000b","check":"b","state":"ok"}' '{"entity":"a","check":"\ud800","state":"ok"}' \
			'{"entity":"a\ufffeb","check":"b","state":"ok"}' \
			'{"entity":"db-1","check":"Flapper\" on lab is x","state":"ok"}' '{"entity":"\"a","check":"b","state":"ok"}' \
			'{"entity":"a\u001fb","check":"b","state":"ok"}' '{"entity":"a","check":"b\u009b","state":"ok"}' \
			'{"entity":"a","check":"b","state":"ok","time":1e400}' '{"entity":"a","check":"b","state":"ok","ttl":1e9}' \
			'{"entity":"a","check":"b","state":"ok","time":99999999999999999999999}' \
			'{"entity":"a","check":"b","state":"ok","time":"9223372036854775808"}' \
			'{"entity":"a","check":"b","state":"ok","ttl":-99999999999}' \
			'{"entity":["a"],"check":"b","state":"ok"}' '{"entity":{},"check":"b","state":"ok"}' \
			$'\xef\xbb\xbf{"entity":"a","check":"b","state":"ok"}'
	} >"$work/bodies"
	while IFS= read -r body; do
		sends 400 < <(printf %s "$body")
		jq -e '.error | length > 0' <<<"$answer" >/dev/null
	done <"$work/bodies"
	sends 400 < <(printf '{"entity":"a\377","check":"b","state":"ok"}')
	sends 400 < <(printf '{"entity":"\300\200","check":"b","state":"ok"}')
	sends 400 < <(printf '{"entity":"a\0","check":"b","state":"ok"}')
	sends 400 < <(printf '\0\0\0\0')
	for open in '[' '{"a":' '[{"a":'; do
		sends 400 < <(yes "$open" | head -n 100000 | tr -d '\n')
		sends 400 < <(
			printf '{"entity":"a","check":"b","state":"ok","x":'
			yes "$open" | head -n 40 | tr -d '\n'
		)
	done
	sends 400 <<<"$(event a b ok "\"x\":$(printf '[%.0s' {1..100})$(printf ']%.0s' {1..100})")"
	[ "$answer" = '{"error": "arrays and objects are nested more than 32 deep"}' ]
	nothing_kept
	posts 200 "$(event a b ok)"
}

@test "HTTP/1.0, chunked, Expect and pipelined requests" {
	start_broker --interval 1h
	sends 200 -0 < <(event a one ok)
	sends 200 -H 'Transfer-Encoding: chunked' < <(event a two ok)
	sends 200 -H 'Expect: 100-continue' < <(event a three ok)
	client <<-'E'
		s = connect()
		bodies = [event("p%d" % i, "c", "ok") for i in range(50)]
		s.sendall(b"".join(request(b) for b in bodies))
		seen = b""
		while seen.count(b"HTTP/1.1 200") < 50 or not seen.endswith(b"}\n"):
		    more = s.recv(65536)
		    assert more, seen[-500:]
		    seen += more
		order = re.findall(rb'"entity":"p(\d+)"', seen)
		assert order == [b"%d" % i for i in range(50)], order
		s = connect()
		body = bodies[0].encode()
		s.sendall(b"POST /state HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
		assert s.recv(100).startswith(b"HTTP/1.1 100 ")
		s.sendall(body)
		assert answer(s)[0] == 200
	E
	[ "$(redis LLEN events)" -eq 53 ]
}

@test "a body of ambiguous length or with compression is refused: no request smuggling" {
	start_broker --interval 1h
	client <<-'E'
		inner = request(event("hidden", "c", "ok")).decode()
		sound = event("seen", "c", "ok")
		chunks = "%x\r\n%s\r\n0\r\n\r\n" % (len(sound), sound)
		def refused(status, why, headers, body):
		    s = connect()
		    s.sendall(("POST /state HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s" % (headers, body)).encode())
		    got = answer(s)
		    assert got[0] == status and why in got[1], got
		    return s
		def refused_anyhow(headers, body, statuses=(400, 501)): # some by libmicrohttpd itself, in its words, from 1.0 on
		    s = connect()
		    s.sendall(("POST /state HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s" % (headers, body)).encode())
		    status, text = answer(s)
		    assert status in statuses and "Transfer-Encoding" in text, (status, text)
		    assert s.recv(1000) == b"", "the connection goes on"
		def ended(*case):
		    s = refused(*case)
		    assert s.recv(1000) == b"", "the connection goes on"
		length = "Content-Length: %d\r\n"
		chunked = "Transfer-Encoding: chunked\r\n"
		ended(400, "two Content-Length", length % 2 + length % (2 + len(inner)), "{}" + inner)
		ended(400, "two Content-Length", length % (2 + len(inner)) + length % 2, "{}" + inner)
		refused_anyhow(length % 2 + chunked, chunks, (400,))
		refused_anyhow(chunked + length % len(chunks), chunks, (400,))
		for coding in "gzip, chunked", "identity", "xchunked", "chunked, chunked", "":
		    refused_anyhow("Transfer-Encoding: %s\r\n" % coding, sound)
		refused_anyhow(chunked + "Transfer-Encoding: gzip\r\n", chunks)
		s = refused(415, "Content-Encoding: gzip", "Content-Encoding: gzip\r\n" + length % len(sound), sound)
		assert post(s, sound)[0] == 200
		# several lines are one list
		refused(415, "Content-Encoding: identity, gzip",
		    "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n" + length % len(sound), sound)
		s = connect()
		for headers, body in ((length % len(sound)) * 2, sound), ("Transfer-Encoding: CHUNKED\r\n", chunks), \
		    ("Content-Encoding: identity\r\n" + length % len(sound), sound):
		    s.sendall(("POST /state HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s" % (headers, body)).encode())
		    assert answer(s)[0] == 200
	E
	[ "$(curl -s "$url" | jq -c keys)" = '["seen:c"]' ]
}

# libmicrohttpd 0.9.75 would accept these; 1.0 refuses most of them itself, with its own page.
@test "an ambiguous request is refused: NULs, blanks, several Hosts, chunked HTTP/1.0" {
	start_broker --interval 1h
	client "$(pkg-config --modversion libmicrohttpd)" <<-'E'
		sound = event("seen", "c", "ok").encode()
		host, length = b"Host: localhost\r\n", b"Content-Length: %d\r\n" % len(sound)
		chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(sound), sound)
		def refused(status, headers, line=b"POST /state HTTP/1.1", body=sound):
		    s = connect()
		    s.sendall(line + b"\r\n" + headers + b"\r\n" + body)
		    got = answer(s) # none: libmicrohttpd 1.0 closes over some of these itself
		    assert got[0] in (status, 0), (headers, got)
		    assert s.recv(1000) == b"", "the connection goes on"
		refused(400, host + b"X-A: a\0b\r\n" + length)
		refused(400, b"Host: local\0host\r\n" + length)
		refused(400, host + length + b"Authorization: Bearer a\0b\r\n")
		refused(400, host + length, b"POST /state\0x HTTP/1.1")
		refused(400, host + length, b"POST /state?ttl=1h\0x HTTP/1.1")
		refused(400, host + length, b"POST /state%00x HTTP/1.1")
		refused(400, host + b"Content-Length : %d\r\n" % len(sound))
		refused(400, host + b"Transfer-Encoding\t: chunked\r\n" + length)
		refused(400, b" X: y\r\n" + host + length)
		refused(400, host + b"X: y\n" + length)
		refused(400, host + b"X: y\rz\r\n" + length)
		refused(400, host + b"X: y\rTransfer-Encoding: chunked\r\n" + length)
		refused(400, host + host + length)
		refused(400, host + b"host: evil.example\r\n" + length)
		refused(400, length)
		refused(400, b"Transfer-Encoding: chunked\r\n", b"POST /state HTTP/1.0", chunks)
		for count in 65, 100, 300, 1000:
		    query = b"&".join(b"a%d=b" % i for i in range(count))
		    refused(414, host, b"GET /state?" + query + b" HTTP/1.1", b"")
		def taken(headers, line):
		    s = connect()
		    s.sendall(line + b"\r\n" + headers + b"\r\n" + sound)
		    assert answer(s)[0] == 200
		taken(host + length + b"X-Empty:\r\n", b"POST /state HTTP/1.1")
		taken(length, b"POST /state HTTP/1.0")
		taken(host + length, b"POST /state?ttl=1h HTTP/1.1")
		if sys.argv[2].startswith("0."): sys.exit()
		# libmicrohttpd 1.0 can be strict
		refused(400, host + b"X: y\r\n z\r\n" + length)
		refused(400, host + length + b"\n", body=b"")
		refused(400, b"\n" + host + length)
		refused(400, host + b"Transfer-Encoding: chunked\r\n", body=chunks.replace(b"\r\n", b"\n"))
		refused(400, host + b"Transfer-Encoding: chunked\r\n", body=chunks.replace(b"\r\n", b"\n", 1))
	E
	[ "$(curl -s "$url" | jq -c keys)" = '["seen:c"]' ]
}

@test "refused requests are logged with reason and client, at a limited rate" {
	start_broker --interval 1h
	local alerts='{"version":"4","alerts":[
		{"status":"firing","labels":{"alertname":"A","instance":"i"},"annotations":{}},
		{"status":"burning","labels":{"alertname":"B","instance":"i"},"annotations":{}}]}'
	sends 207 <<<"$alerts"
	log_has broker 'warning: POST /state from 127\.0\.0\.1:[0-9]+: 207: 1 of 2 events refused, the first: .*burning'
	sends 400 <<<'{"entity":"a","check":"b","state":"bad"}'
	log_has broker 'warning: POST /state from 127\.0\.0\.1:[0-9]+: 400: .*bad'
	curl -sS -d '{}' "${url%state}stat"
	log_has broker 'warning: POST /stat from .*: 404: '
	curl -sS -X DELETE "$url?entity=none"
	curl -sS "${url%state}none"
	for _ in {1..20}; do
		sends 400 <<<"{"
	done
	[ "$(grep -c 'warning: ' "$work/broker.log")" -eq 10 ]
	[ "$(grep -Ec '404: nothing|GET' "$work/broker.log")" -eq 0 ]
}

@test "times: an older event is not kept, one stale on arrival is only UNKNOWN, milliseconds are refused" {
	start_broker --interval 1h
	sends 400 < <(event a b ok '"time":1429505587123')
	[[ "$answer" == *'looks like milliseconds, not seconds'* ]]
	sends 200 <<<"[$(event a b ok '"time":2000,"ttl":-1'),$(event a b critical '"time":1999,"ttl":-1')]"
	[ "$(jq -c '[.events[].result]' <<<"$answer")" = '["delivered","older"]' ]
	sends 200 < <(event a b critical '"time":1999,"ttl":-1')
	[ "$answer" = '{"kept": false, "reason": "a newer event of this check is cached"}' ]
	sends 200 < <(event a late critical '"time":1000,"ttl":5')
	[ "$(curl -sSf "$url" | jq '.["a:late"] | .stale and .state == "unknown" and .reported == "critical"')" = true ]
	[ "$(pushed_events)" = 'a b ok
a late UNKNOWN' ]
}

@test "--debug logs omitted and cut fields with their check" {
	start_broker --interval 1h --debug
	sends 200 <<-E
		[$(event a b ok '"perfdata":"p=1","other":1'),
		 $(event a c ok "\"summary\":\"$(printf 'x%.0s' {1..5000})\"")]
	E
	log_has broker "left out 'other', which Flapjack would reject$"
	log_has broker "a:b: left out 'perfdata', which Flapjack 2 would exit on$"
	log_has broker "a:c: cut the end of 'summary'$"
	[ "$(grep -c 'Caching state: {' "$work/broker.log")" -eq 2 ]
}

@test "all that is pushed is what Flapjack accepts, of either version" {
	local version
	for version in 1 2; do
		redis FLUSHALL
		start_broker --interval 200ms --flapjack-version "$version"
		sends 207 <<-E
			[$(event a full OK '"type":"host","ttl":1,"time":"1429505587","tags":"apps","perfdata":"a=1","details":"d",
				"acknowledgement_id":"x","initial_failure_delay":0,"initial_recovery_delay":5,"mine":1'),
			 $(event a stale critical '"ttl":1'), $(event a up UP), $(event a down unreachable),
			 $(event a full acknowledgement '"duration":3600'), $(event a full test_notifications),
			 $(event a banana banana)]
		E
		sends 200 <<<'{"status":"firing","alerts":[{"labels":{"alertname":"A"}},{"status":"resolved","labels":{"alertname":"B"}}]}'
		sends 200 <<<'{"entity":{"metadata":{"name":"s"}},"check":{"metadata":{"name":"c"},"status":3,"output":"o | a=1","output_metric_format":"nagios_perfdata"}}'
		poll 10 eval 'queue | grep -q "\"check\":\"stale\".*Cached state is stale"'
		poll 10 queued 12
		stop broker
		queue >"$work/queue"
		[ "$(wc -l <"$work/queue")" -ge 12 ]
		flapjack-rules "$version" <"$work/queue"
	done
	run -1 flapjack-rules 1 <<<"$(event a b ok '"ttl":1')"
	run -70 flapjack-rules 2 <<<"$(event a b ok '"perfdata":"a=1"')"
}
