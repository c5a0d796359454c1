# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # the chain's settings come from stations.bash, colours from screen.bash
#
# Reads each station's log and shows its facts on the screen; note() keeps the times for the table.

states=(OK WARNING CRITICAL UNKNOWN) # by a plugin's exit code
travel=()       # of each change: time from Nagios's result to the message in the room
state=''        # Nagios's last
output_due=''   # the next line of its log is a plugin's output
kept_state=''   # the broker's last
sent_at=''      # when it sent a state for a reason not yet known
silent_since='' # since when the room is silent, during the hang

# Splits a line of our tools: the time into $stamp, the rest into $text.
stamped() {
	stamp=${1%% *}
	stamp=${stamp/./}
	text=${1#* }
	[[ $stamp == +([0-9]) ]]
}

read_flapper() {
	stamped "$1" || return 0
	case $text in
	*': up on '*) port_changes "$green" opens ;;
	*': down on '*) port_changes "$red" closes ;;
	esac
}

port_changes() {
	note flapper "$stamp"
	skip
	if [ -z "$silent_since" ]; then
		fact "$stamp" flapper "$1" "port $flapper_port $2"
	else
		fact "$stamp" flapper "$1" "port $flapper_port $2${unchecked-}"
		fact "$stamp" room "$dim" "silent for $(((stamp - silent_since + 500) / 1000)) s"
	fi
}

# Nagios's debug log: the stamp; two lines later the exit code; on the next line the output.
read_checks() {
	if [ -n "$output_due" ]; then
		output_due=''
		result_seen "$1"
		return
	fi
	case $1 in
	\[+([0-9]).+([0-9])\]*"check result for service"*)
		result_at=${1#\[}
		result_at=${result_at%%\]*}
		result_at=$((${result_at/./} / 1000))
		;;
	*'RETURN CODE: '[0-3]', OUTPUT:'*)
		result=${1##*RETURN CODE: }
		result=${states[${result:0:1}]}
		output_due=yes
		;;
	esac
}

# result_seen OUTPUT: the plugin's text, without the known address.
result_seen() {
	local words=${1%%|*}
	words=${words% on 127.0.0.1 port *}
	words=${words##*: }
	if [ "$result" = "$state" ]; then
		fact "$result_at" nagios "$dim" "check_tcp: $result, unchanged"
		return
	fi
	state=$result
	note nagios "$result_at"
	fact "$result_at" nagios "$(state_colour "$result")" "check_tcp: $result ($words)"
}

state_colour() {
	case ${1^^} in OK) printf %s "$green" ;; *) printf %s "$red" ;; esac
}

# Its debug log has a line when it sends a state, and then, if an event caused that, the state.
read_httpbroker() {
	local kept
	stamped "$1" || return 0
	case $text in
	*'Sending event data for '*) sent_at=$stamp ;;
	*'Caching state: {'*'"state":"'*)
		kept=${text#*\"state\":\"}
		kept=${kept%%\"*}
		[ "$kept" = "$kept_state" ] || change_show
		kept_state=$kept
		;;
	esac
}

change_show() {
	note httpbroker "$stamp"
	fact "$stamp" httpbroker '' 'a change: pushed to the queue at once'
	sent_at=''
}

# A state that was sent without a change.
repeat_show() {
	[ -n "$sent_at" ] || return 0
	fact "$sent_at" httpbroker "$dim" "repeats the last state, ${kept_state^^}"
	sent_at=''
}

# Its debug log has each notification, as JSON.
read_notify() {
	stamped "$1" || return 0
	case $text in
	*'notification: {"event":"'*) notification_seen "${text#*\"event\":\"}" ;;
	'httpbroker-notify: '@(warning|error)': '*) [ -n "$broken" ] || fail notify "reports: ${text#*: *: }" ;;
	esac
}

# notification_seen `EVENT","entity":…`
notification_seen() {
	note notify "$stamp"
	fact "$stamp" notify '' "a ${1%%\"*}: runs go-sendxmpp"
}

read_room() {
	stamped "$1" || return 0
	case $text in
	'<notify> Problem: '*) message_seen problem "$red" ;;
	'<notify> Recovery: '*) message_seen recovery "$green" ;;
	'<oobetet> Flapjack Self Monitoring is OK'*) oobetet_message clear "$green" ;;
	'<oobetet> Flapjack Self Monitoring is Critical'*) oobetet_message alarm "$red" ;;
	esac
}

message_seen() {
	note room "$stamp"
	note "$1" "$stamp"
	travel+=($((stamp - at[nagios])))
	fact "$stamp" room "$2" "notify: ${text#<notify> }"
}

oobetet_message() {
	[ -n "${at[$1]-}" ] || note "$1" "$stamp"
	[ "$1" != alarm ] || skip
	fact "$stamp" room "$bold$2" "oobetet: ${text#<oobetet> }"
}

# Its debug log has each problem and recovery. Nothing is shown after the end of the incident.
read_oobetet() {
	[ -z "${at[clear]-}" ] || return 0
	stamped "$1" && [[ $text =~ debug:\ (problem|recovery)\ from\  ]] || return 0
	note oobetet "$stamp"
	seconds $((stamp + max_latency * 1000 - began))
	fact "$stamp" oobetet "$dim" "a ${BASH_REMATCH[1]} was seen; the next is due by $REPLY"
}

# The line of a request, and the lines of its payload.
read_pagerduty() {
	if ! stamped "$1"; then
		[[ $1 != *standin:* ]] && entry "$dim" "$1"
		return 0
	fi
	case $text in
	'202 trigger '*) incident_seen paged "$red" 'an incident is opened; the payload:' ;;
	'202 resolve '*) incident_seen resolved "$green" 'the incident is resolved' ;;
	'incident '*) ;; # the result of the request
	*) fail oobetet "sent a request that PagerDuty refuses: $text" ;;
	esac
}

incident_seen() {
	[ -n "${at[$1]-}" ] || note "$1" "$stamp"
	fact "$stamp" 'pagerduty*' "$bold$2" "$3"
}
