# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031 # $work, $output, $pids and what load brings
# oobetet's alert_command: its input, and failing and hanging commands.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# script LINE...: $work/command is a script of these lines
script() {
	printf '%s\n' '#!/bin/sh' "cd $work" "$@" >"$work/command"
	chmod +x "$work/command"
}

# The command is the only channel that works.
start_alone() {
	write_ini pagerduty_contact= alert_command="$work/command" max_latency=1 "$@"
	start oobetet oobetet -c "$work/oobetet.ini"
}

command_got() {
	grep -Eq -- "$1" "$work/got" 2>/dev/null
}

# $work/child holds the id of a process
child_there() {
	[ -s "$work/child" ]
}

@test "oobetet: alert_command gets text and environment for the alarm and for its end" {
	# shellcheck disable=SC2016 # the variables are the script's
	script '{ env | grep ^OOBETET_ | sort; echo "text=$(cat)"; echo; } >>got' \
		'echo fine; echo "and good" >&2'
	start_chain pagerduty_contact= repeat_interval=60 alert_command="$work/command"
	run ! log_has oobetet 'alarms are sent to the rooms only'
	poll 20 command_got '^text=Flapjack Self Monitoring is Critical: .*"Flapper" on web-01, from'
	[ "$(sed -n '1,/^$/p' "$work/got" | grep -c ^OOBETET_)" -eq 6 ]
	command_got '^OOBETET_EVENT=alarm$'
	command_got '^OOBETET_WATCH="Flapper" on web-01$'
	command_got '^OOBETET_BREACH=problem$'
	command_got '^OOBETET_SINCE=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$'
	command_got '^OOBETET_KEY=Flapjack Self Monitoring from .*"Flapper" on web-01$'
	command_got "^OOBETET_HOST=$(hostname)\$"
	poll 20 log_has oobetet 'info: alert_command: fine$'
	poll 20 log_has oobetet 'info: alert_command: and good$'
	both
	poll 20 command_got '^text=Flapjack Self Monitoring is OK'
	[ "$(grep -c '^OOBETET_EVENT=alarm' "$work/got")" -eq 1 ]
	[ "$(grep -c '^OOBETET_EVENT=ok' "$work/got")" -eq 1 ]
	[ "$(grep '^OOBETET_KEY' "$work/got" | sort -u | wc -l)" -eq 1 ]
}

@test "oobetet: an alert_command that fails is retried; failure and recovery are logged once" {
	# shellcheck disable=SC2016 # the variables are the script's
	script 'echo x >>tries' '[ "$(wc -l <tries)" -gt 3 ] || exit 7' 'cat >>got'
	start_alone repeat_interval=60
	poll 20 command_got 'is Critical'
	[ "$(wc -l <"$work/tries")" -eq 4 ]
	poll 20 log_has oobetet 'info: delivery to alert_command works again'
	[ "$(count_of oobetet 'error: delivery to alert_command is failing: exit status 7; trying again')" -eq 1 ]
	[ "$(grep -c 'is Critical' "$work/got")" -eq 1 ]
}

@test "oobetet: a hanging alert_command is killed with its group and delays no other channel" {
	# shellcheck disable=SC2016 # the variables are the script's
	script 'sleep 1000 & echo $! >child' 'wait'
	start_chain alert_command="$work/command"
	poll 20 child_there
	child=$(cat "$work/child")
	poll 20 pagerduty_has '202 trigger'
	poll 20 room_has '<oobetet>.* is Critical'
	poll 20 at_least 3 eve '<oobetet>.* is Critical' # the monitor goes on
	both
	poll 20 room_has '<oobetet>.* is OK'
	kill -0 "$child"
	poll 60 log_has oobetet 'error: delivery to alert_command is failing: it ran longer than 30 s and was killed; trying again'
	poll 10 ended "$child"
}

@test "oobetet: an alert_command that hangs or floods its output does not delay the exit" {
	# shellcheck disable=SC2016 # the variables are the script's
	script 'echo $$ >child' 'exec yes flood'
	start_alone
	poll 20 child_there
	poll 20 at_least 100 oobetet 'info: alert_command: flood'
	child=$(cat "$work/child")
	stop oobetet
	poll 10 ended "$child"
	[ "$(count_of oobetet 'alert_command: flood')" -eq 100 ]
}

@test "oobetet: --test-alert runs the alert_command and reports its result" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	# shellcheck disable=SC2016 # the variables are the script's
	script 'echo "$OOBETET_EVENT: $(cat)" >>got'
	write_ini pagerduty_contact= alert_command="$work/command"
	run -0 --separate-stderr timeout 60 oobetet -c "$work/oobetet.ini" --test-alert --create-rooms
	[ "$output" = 'ops@conference.localhost: arrived
alert_command: arrived' ]
	[ "$(grep -c '^test: TEST by oobetet on .*nothing is wrong' "$work/got")" -eq 1 ]
	write_ini pagerduty_contact= alert_command='exit 3'
	run -69 --separate-stderr timeout 60 oobetet -c "$work/oobetet.ini" --test-alert
	[[ "$output" == *'alert_command: did not arrive: exit status 3' ]]
}

@test "oobetet: after ten repeats rooms and alert_command get fewer repeats than PagerDuty" {
	script 'cat >>got'
	start_chain max_latency=1 repeat_max=3 alert_command="$work/command"
	poll 60 at_least 21 pagerduty '202 trigger'
	[ "$(count_of eve '<oobetet>.* is Critical')" -lt 19 ]
	[ "$(grep -c 'is Critical' "$work/got")" -lt 19 ]
	[ "$(count_of eve '<oobetet>.* is Critical')" -ge 10 ]
}

# Scripts in place of sendmail(8) and curl(1) record their input.
@test "oobetet: the example alert_commands deliver the message" {
	mkdir "$work/bin"
	for name in sendmail curl; do
		# shellcheck disable=SC2016 # the variables are the script's
		printf '%s\n' '#!/bin/sh' 'printf "%s|" "$@"; case $* in *Body=*) ;; *) cat ;; esac' >"$work/bin/$name"
	done
	printf '#!/bin/sh\nexec cat\n' >"$work/bin/jq"
	chmod +x "$work/bin"/*
	export OOBETET_EVENT=alarm OOBETET_WATCH='"Flapper" on web-01' PATH="$work/bin:$PATH"
	examples=$root/doc/examples/oobetet
	mail_header='Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
'
	run -0 "$examples/alert-mail" root <<<'it is broken'
	[ "$output" = '-i|root|To: root
Subject: oobetet: alarm: "Flapper" on web-01
'"$mail_header"'
it is broken' ]
	# a header is ASCII and one line; no line has more than 998 bytes
	OOBETET_WATCH=$'ü\nBcc: x' run -0 "$examples/alert-mail" root ops@example.com < <(printf '%02000d\n' 0)
	[ "${lines[0]}" = '-i|root|ops@example.com|To: root, ops@example.com' ]
	[ "${lines[1]}" = 'Subject: oobetet: alarm: ???Bcc: x' ]
	[ "$(wc -L <<<"$output")" -eq 900 ]
	run -0 "$examples/alert-ntfy" https://ntfy.example/topic <<<'it is broken'
	[[ "$output" == *'|Priority: urgent|'*'|https://ntfy.example/topic|it is broken' ]]
	run -0 "$examples/alert-slack" secret <<<'it is broken'
	[[ "$output" == *'|-K|secret|'*'|it is broken' ]]
	run -0 "$examples/alert-sms" secret +1 +2 <<<'it is broken'
	[[ "$output" == *'|-K|secret|'*'|From=+1|--data-urlencode|To=+2|--data-urlencode|Body=it is broken|' ]]
}

# start_double: sets $double to the address of what stands for the services
start_double() {
	start double "$root/t/tools/alert-double"
	poll 20 log_has double '^at http'
	double=$(sed -n 's/^at //p' "$work/double.log")
}

@test "oobetet: ntfy, Slack and an SMS gateway accept what the example alert_commands send" {
	local examples=$root/doc/examples/oobetet double
	local alarm='Flapjack Self Monitoring is Critical: haven'"'"'t seen a test problem notification for "Flapper" on wéb-01, "quoted" & 100 %'
	export OOBETET_EVENT=alarm OOBETET_WATCH='"Flapper" on web-01'
	start_double
	printf 'url = "%s/services/T0/B0/x0"\n' "$double" >"$work/slack"
	printf 'url = "%s"\nuser = "ACCOUNT:TOKEN"\n' "$double/2010-04-01/Accounts/ACCOUNT/Messages.json" >"$work/sms"
	"$examples/alert-ntfy" "$double/our-secret-topic" <<<"$alarm"
	"$examples/alert-slack" "$work/slack" <<<"$alarm"
	"$examples/alert-sms" "$work/sms" +15550100 +15550199 <<<"$alarm"
	# cut within a character
	{ printf 'x%.0s' {1..299}; echo é; } | "$examples/alert-sms" "$work/sms" +15550100 +15550199
	OOBETET_EVENT=ok "$examples/alert-ntfy" "$double/our-secret-topic" <<<'it is over'
	diff - <(tail -n +2 "$work/double.log") <<-E
		ntfy|urgent|rotating_light|oobetet: alarm|$alarm
		slack|$alarm
		twilio|+15550100|+15550199|$alarm
		twilio|+15550100|+15550199|$(printf 'x%.0s' {1..299})
		ntfy|default|white_check_mark|oobetet: ok|it is over
	E
	# what a service refuses is a failure, so that it is tried again
	sed -i s/TOKEN/TOKEM/ "$work/sms"
	run -22 "$examples/alert-sms" "$work/sms" +15550100 +15550199 <<<"$alarm"
	run -22 "$examples/alert-ntfy" "$double/no/topic" <<<"$alarm"
}
