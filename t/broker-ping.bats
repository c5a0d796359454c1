#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # variables that load and run bring; a test is a subshell; $ of another shell
# Pings: events without JSON, and runs of jobs with a start, an end and a limit.

load lib/daemons
load lib/redis
load lib/broker
load lib/nginx

setup() { start_work; }
teardown() { stop_all; }

# ping PATH [CURL-OPTION...]: sets $code and $answer
ping() {
	code=$(curl -sS -m 20 -o "$work/answer" -w '%{http_code}' "${@:2}" "${url%state}ping/$1")
	answer=$(cat "$work/answer")
}

# pings CODE PATH [CURL-OPTION...]: fails unless the answer has the code
pings() {
	ping "${@:2}"
	[ "$code" = "$1" ] || {
		echo "${*:2}: $code $answer"
		return 1
	}
}

# check ENTITY/CHECK FILTER: FILTER of jq is true of the check
check() {
	curl -sS -H 'Accept: application/json' "$url/$1" >"$work/check"
	jq -e "$2" "$work/check" >/dev/null || {
		cat "$work/check"
		return 1
	}
}

# pushed_summaries: the states and summaries in the queue of Redis, oldest first
pushed_summaries() {
	queue | jq -r '"\(.state) \(.summary)"'
}

# over SECONDS: the last event says that a run has exceeded this limit
over() {
	pushed_summaries | tail -1 | grep -Fx "CRITICAL httpbroker: The run has not ended (its limit is $1s)"
}

@test "a ping: success, failure, an exit status; the output as body" {
	start_redis
	start_broker --interval 1h
	pings 200 db/backup
	[ "$answer" = OK ]
	check db/backup '.state == "ok" and .summary == "succeeded" and .ttl == 90000 and (has("details") | not)'
	pings 200 db/backup/fail --data-binary $'\nfirst\nlast \e[1mline\e[0m\n \n'
	check db/backup '.state == "critical" and .summary == "last line" and .details == "\nfirst\nlast line\n \n"'
	pings 200 db/backup/0 --data-binary $'first\nlast'
	check db/backup '.state == "ok" and .summary == "first" and .details == "first\nlast"'
	pings 200 db/backup/3 --data-binary $'no|such\nthing'
	check db/backup '.state == "critical" and .summary == "exit status 3: thing"'
	pings 200 'db/backup/255?ttl=2h' -I
	check db/backup '.state == "critical" and .summary == "exit status 255" and .ttl == 7200'
	# what is logged changes nothing
	pings 200 db/backup/log -d 'half done'
	pings 200 db/other/log -d 'half done'
	check db/backup '.summary == "exit status 255"'
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "$url/db/other")" = 404 ]
	pings 200 'web%2F1/%C3%BC:%25?create=1'
	check 'web%2F1/%C3%BC:%25' '.entity == "web/1" and .check == "ü:%"'
	[ "$(pushed_summaries)" = 'ok succeeded
critical last line
ok first
critical exit status 3: thing
ok succeeded' ]
	[ "$(curl -sSf "${url%state}metrics" | sed -n 's/^httpbroker_events_accepted_total{format="none",result="\(delivered\|noted\)"} //p')" = $'6\n2' ]
}

@test "a ping that is long or not text: its end is kept, the limit is in the answer" {
	start broker httpbroker --port 0 --server none
	poll 10 broker_listens
	{ head -c 200000 /dev/zero | tr '\0' x; printf '\xff\n\xc3\xbcend\n'; } >"$work/long"
	pings 200 db/backup/fail --data-binary "@$work/long" -D "$work/head"
	grep -i '^Ping-Body-Limit: 65536' "$work/head"
	check db/backup '.summary == "üend" and (.details | startswith("…xxxx") and endswith("x\ufffd\nüend\n")) and (.details | utf8bytelength) <= 65536'
	pings 200 db/one --data-binary "@$work/long"
	check db/one '.summary | endswith("…")'
	head -c 100000 /dev/zero | tr '\0' '\1' >"$work/long" # nothing of it can be sent
	pings 200 db/none/fail --data-binary "@$work/long"
	check db/none '.summary == "failed" and .details == null'
}

@test "a ping of any length is accepted, and holds no more memory" {
	start broker httpbroker --port 0 --server none --max-body 1M
	poll 10 broker_listens
	{ head -c 30000000 /dev/zero | tr '\0' x; printf '\nthe end\n'; } >"$work/long"
	pings 200 db/backup/fail -T "$work/long" -X POST
	check db/backup '.summary == "the end" and (.details | startswith("…xxxx") and endswith("x\nthe end\n")) and (.details | utf8bytelength) <= 65536'
	pings 200 db/chunked/1 -T - -X POST -H 'Transfer-Encoding: chunked' <"$work/long"
	check db/chunked '.summary == "exit status 1: the end" and (.details | length) > 60000'
	[ "$(awk '/^VmHWM:/ { print $2 }' "/proc/${pids[broker]}/status")" -lt 25000 ]
}

@test "pings that are wrong are refused, and change nothing" {
	local path
	start broker httpbroker --port 0 --server none
	poll 10 broker_listens
	for path in db db/ /backup db/backup/stop db/backup/256 db/backup/-1 db/backup/1/2 db/backup/ \
		db/backup/00000000000000000000000001 '@x' '@x/db'; do
		ping "$path"
		echo "$path: $code $answer"
		[[ "$code" == 40[04] ]]
	done
	pings 404 db/backup/stop
	[[ "$answer" == *"there is no action 'stop'; there are start, fail, log and 0 to 255"* ]]
	for path in db/%zz db/a%0a 'db/"x"' 'db/b?ttl=x' 'db/b?ttl=0' 'db/b?ttl=5&ttl=5' 'db/b?tll=5' 'db/b/start?limit=never' \
		'db/b?rid=5' 'db/b?rid=0123456789abcdef0123456789abcdef0123' "db/$(printf 'x%.0s' {1..1025})"; do
		pings 400 "$path"
	done
	pings 405 db/backup -X PUT
	[ "$(curl -sS "$url")" = '{}' ]
	# a page of another site
	pings 403 db/b -H 'Sec-Fetch-Site: cross-site'
	pings 403 db/b -H 'Origin: http://evil.example'
	pings 403 db/b -A 'Mozilla/5.0 (X11; Linux x86_64) Firefox/115.0'
	pings 403 @x/db/b -A 'Mozilla/5.0 (X11; Linux x86_64) Firefox/115.0' # without a token file
	[ "$(curl -sS "$url")" = '{}' ]
	pings 200 db/b -A 'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1'
	pings 200 db/b -H 'Sec-Fetch-Site: none' -A 'Mozilla/5.0 (X11; Linux x86_64) Firefox/115.0'
}

@test "a token in the path of a ping is in no log; its globs apply" {
	printf '# comment\nse/same\nother x*\n' >"$work/tokens"
	chmod 600 "$work/tokens"
	start broker httpbroker --port 0 --server none --token-file "$work/tokens" --debug
	poll 10 broker_listens
	proxy_port=$(free_port)
	start_proxy "127.0.0.1:$broker_port"
	sed -i 's|access_log off;|access_log '"$work"'/access.log;|; s|error_log stderr crit|error_log stderr info|' "$work/nginx.conf"
	kill -HUP "${pids[nginx]}"
	logged() { curl -sS -o /dev/null "http://127.0.0.1:$proxy_port/health" && grep -q health "$work/access.log"; }
	poll 20 logged
	pings 401 db/backup
	pings 401 @none/db/backup
	pings 401 @/db/backup
	pings 401 %40se%2Fsame/db/backup
	pings 401 db/%40se%2Fsame/backup
	pings 401 /%40se%2fsame/db/backup
	curl -sS -o /dev/null "${url%state}ping@se%2Fsame/db/backup"
	ping ../state/%40se%2Fsame/db/backup --path-as-is -X POST
	pings 200 @se%2Fsame/db/backup
	pings 200 @se%2Fsame/db/b -A 'Mozilla/5.0 (X11; Linux x86_64) Firefox/115.0'
	pings 200 db/backup -u :se/same
	pings 403 @other/db/backup/fail
	pings 200 @other/xdb/backup/fail
	pings 404 @se%2Fsame/db/backup/other
	pings 400 @se%2Fsame/db/%xx
	pings 405 @se%2Fsame/db/backup -X PUT
	ping ../%70ing/@se%2Fsame/db/backup --path-as-is
	ping ..//ping/@se%2Fsame/db/backup --path-as-is
	url=http://127.0.0.1:$proxy_port/state
	pings 200 @se%2Fsame/a%2Fb/c%2525
	[[ "$(curl -sS -u :se/same "$url/a%2Fb/c%2525")" == 'ok: a/b:c%25: '* ]]
	stop broker
	pings 502 @se%2Fsame/db/backup
	stop nginx
	grep -F '/ping/@***/xdb/backup' "$work/broker.log"
	run -1 grep -EiH "se(/|%2F)same|@other|@none" "$work"/{broker,nginx}.log "$work/access.log"
	echo "$output"
}

@test "a run: the state stays until its end; over its limit it is critical, also after a restart" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event db backup ok '"ttl":2,"summary":"before"')"
	pings 200 'db/backup/start?limit=1h'
	pings 200 'db/backup/start?limit=5s'
	check db/backup '.state == "ok" and .summary == "before" and .run_limit == 5'
	pings 200 'db/slow/start?limit=1h'
	check db/slow '.state == "ok" and .summary == "the first run has started" and .run_limit == 3600'
	stop broker
	start_broker --interval 1h
	poll 20 check db/backup '.state == "ok" and .run_limit == 5' # beyond its ttl
	poll 20 over 5
	check db/backup '.state == "critical" and .stale and .reported == "ok"'
	[[ "$(curl -sS "$url/db/backup")" == 'critical: db:backup: the run has not ended, was ok: before' ]]
	stop broker
	start_broker --interval 1h
	poll 20 check db/backup '.state == "critical" and .run_limit == 5'
	# the next start does not hide that
	pings 200 'db/backup/start?limit=1h'
	check db/backup '.state == "critical" and .run_limit == 3600'
	pings 200 db/backup
	check db/backup '.state == "ok" and .stale == false and (has("run_limit") | not)'
	pings 200 db/slow/fail
	[ "$(pushed_summaries)" = 'ok before
ok the first run has started
CRITICAL httpbroker: The run has not ended (its limit is 5s)
ok succeeded
critical failed' ]
}

@test "a run: ?rid= pairs start and end; any event without one ends it" {
	local a=01234567-89ab-cdef-0123-456789abcdef b=FFFFFFFF-89ab-cdef-0123-456789abcdef
	start_redis
	start_broker --interval 1h --run-limit 1h
	pings 200 "e/c/start?rid=$a"
	pings 200 "e/c/fail?rid=$b"
	check e/c '.state == "critical" and .run_limit == 3600'
	pings 200 "e/c?rid=${a^^}"
	check e/c '.state == "ok" and (has("run_limit") | not)'
	pings 200 "e/c/start?rid=$a"
	posts 200 "$(event e c warning)"
	check e/c '.state == "warning" and (has("run_limit") | not)'
	# a stale check stays stale while a run is open
	posts 200 "$(event e c ok '"ttl":1')"
	poll 10 check e/c .stale
	pings 200 'e/c/start?limit=2h'
	check e/c '.state == "unknown" and .stale and .run_limit == 7200'
	pings 200 e/c
	check e/c '.state == "ok" and .stale == false'
}

@test "pings without Redis: 202, and the run is known when it is back" {
	start_redis
	start_broker --interval 1h
	posts 200 "$(event e c warning '"summary":"w"')"
	redis SAVE
	stop redis
	poll 10 log_has broker 'error: Redis at'
	pings 202 'e/c/start?limit=2s'
	pings 202 'e/new/start?limit=1h'
	[ "$answer" = OK ]
	start_redis
	poll 20 log_has broker 'back after'
	poll 20 over 2
	stop broker
	start_broker --interval 1h
	poll 20 check e/new '.state == "ok" and .run_limit == 3600'
	check e/c '.state == "critical" and .reported == "warning"'
}

@test "a job of cron as in the manual" {
	local line
	start broker httpbroker --port 0 --server none
	poll 10 broker_listens
	line=$(sed -n 's/^0 3 \* \* \* root *//p' "$root/doc/examples/httpbroker/cron")
	line=${line//localhost:3090/127.0.0.1:$broker_port}
	[ -n "$line" ]
	# cron's environment
	printf '#!/bin/sh\necho copied; exit "$code"\n' >"$work/backup.sh"
	chmod +x "$work/backup.sh"
	run -0 env -i code=0 HOME=/root LOGNAME=root PATH="$work:/usr/bin:/bin" SHELL=/bin/sh /bin/sh -c "${line//\\%/%}"
	[ "$output" = '' ]
	check db-01/backup '.state == "ok" and .summary == "copied" and .ttl == 93600'
	run -0 env -i code=7 HOME=/root LOGNAME=root PATH="$work:/usr/bin:/bin" SHELL=/bin/sh /bin/sh -c "${line//\\%/%}"
	check db-01/backup '.state == "critical" and .summary == "exit status 7: copied"'
}
