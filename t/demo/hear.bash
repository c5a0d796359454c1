# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # the chain's settings come from stations.bash, colours from screen.bash
#
# What each station's log says, told as facts on the screen; note() keeps their times for the table.

states=(OK WARNING CRITICAL UNKNOWN) # by a plugin's exit code
travel=()       # of each change: from Nagios's result to the message in the room
state=''        # Nagios's last
output_due=''   # the next line of its log is a plugin's output
kept_state=''   # the broker's last
sent_at=''      # when it sent a state for a reason not yet known
event_state=''  # Flapjack's last
silent_since='' # when the room fell silent, while it should be so

# The time that begins a line of our tools, in $stamp, and what follows it, in $text.
stamped() {
	stamp=${1%% *}
	stamp=${stamp/./}
	text=${1#* }
	[[ $stamp == +([0-9]) ]]
}

hear_flapper() {
	stamped "$1" || return 0
	case $text in
	*': up on '*) port_moves "$green" opens ;;
	*': down on '*) port_moves "$red" closes ;;
	esac
}

port_moves() {
	note flapper "$stamp"
	skip
	if [ -z "$silent_since" ]; then
		fact "$stamp" flapper "$1" "port $flapper_port $2"
	else
		fact "$stamp" flapper "$1" "port $flapper_port $2, and nobody looks"
		fact "$stamp" room "$dim" "silent for $(((stamp - silent_since + 500) / 1000)) s"
	fi
}

# Nagios's debug log: the stamp, two lines on, the exit code, and on the line after that the output.
hear_checks() {
	if [ -n "$output_due" ]; then
		output_due=''
		result_heard "$1"
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

# result_heard OUTPUT: the plugin's own words, without the address that we know.
result_heard() {
	local words=${1%%|*}
	words=${words% on 127.0.0.1 port *}
	words=${words##*: }
	if [ "$result" = "$state" ]; then
		fact "$result_at" nagios "$dim" "check_tcp: $result, as before"
		return
	fi
	state=$result
	note nagios "$result_at"
	fact "$result_at" nagios "$(state_colour "$result")" "check_tcp: $result ($words)"
}

state_colour() {
	case ${1^^} in OK) printf %s "$green" ;; *) printf %s "$red" ;; esac
}

# Its debug log says when it sends a state, and then, if that came of an event, which one it keeps.
hear_httpbroker() {
	local kept
	stamped "$1" || return 0
	case $text in
	*'Sending event data for '*) sent_at=$stamp ;;
	*'Caching state: {'*'"state":"'*)
		kept=${text#*\"state\":\"}
		kept=${kept%%\"*}
		[ "$kept" = "$kept_state" ] || change_tell
		kept_state=$kept
		;;
	esac
}

change_tell() {
	note httpbroker "$stamp"
	fact "$stamp" httpbroker '' 'a change: into the queue at once'
	sent_at=''
}

# What was sent although no event had changed anything.
repeat_tell() {
	[ -n "$sent_at" ] || return 0
	fact "$sent_at" httpbroker "$dim" "repeats the last state, ${kept_state^^}"
	sent_at=''
}

hear_flapjack() {
	stamped "$1" || return 0
	case $text in
	"event \"$host:$check\" "*) event_heard "${text#event \"*\" }" ;;
	rejected:*) fail httpbroker "sent what Flapjack rejects: ${text#rejected: }" ;;
	esac
}

# event_heard `STATE SUMMARY`
event_heard() {
	local event=${1%% *}
	if [ "$event" = "${event_state:-OK}" ]; then
		fact "$stamp" 'flapjack *' "$dim" "takes the event: $event, as before; says nothing"
	else
		note flapjack "$stamp"
		fact "$stamp" 'flapjack *' '' "takes the event: $event, a change; tells the room"
	fi
	event_state=$event
}

hear_room() {
	stamped "$1" || return 0
	case $text in
	'<flapjack> Problem: '*) message_heard problem "$red" ;;
	'<flapjack> Recovery: '*) message_heard recovery "$green" ;;
	'<oobetet> Flapjack Self Monitoring is OK'*) oobetet_speaks clear "$green" ;;
	'<oobetet> Flapjack Self Monitoring is Critical'*) oobetet_speaks alarm "$red" ;;
	esac
}

message_heard() {
	note room "$stamp"
	note "$1" "$stamp"
	travel+=($((stamp - at[nagios])))
	fact "$stamp" room "$2" "flapjack: ${text#<flapjack> }"
}

oobetet_speaks() {
	[ -n "${at[$1]-}" ] || note "$1" "$stamp"
	[ "$1" != alarm ] || skip
	fact "$stamp" room "$bold$2" "oobetet: ${text#<oobetet> }"
}

# Its debug log has what it takes for one of the two kinds. What heals has the last word already.
hear_oobetet() {
	[ -z "${at[clear]-}" ] || return 0
	stamped "$1" && [[ $text =~ debug:\ (problem|recovery)\ from\  ]] || return 0
	note oobetet "$stamp"
	seconds $((stamp + max_latency * 1000 - began))
	fact "$stamp" oobetet "$dim" "hears the ${BASH_REMATCH[1]}; the next is due by $REPLY"
}

# The line of a request, and the lines of its payload.
hear_pagerduty() {
	if ! stamped "$1"; then
		[[ $1 != *standin:* ]] && entry "$dim" "$1"
		return 0
	fi
	case $text in
	'202 trigger '*) incident_heard paged "$red" 'an incident is opened; the payload:' ;;
	'202 resolve '*) incident_heard resolved "$green" 'the incident is resolved' ;;
	'incident '*) ;; # what became of the request
	*) fail oobetet "sent what PagerDuty refuses: $text" ;;
	esac
}

incident_heard() {
	[ -n "${at[$1]-}" ] || note "$1" "$stamp"
	fact "$stamp" 'pagerduty*' "$bold$2" "$3"
}
