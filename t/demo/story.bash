# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the chain's settings come from stations.bash, colours from screen.bash
#
# What the stations say, as it comes: reads their logs side by side, tells each fact on the screen
# and keeps its time for the table at the end. All times are milliseconds since the epoch.

declare -A at=()    # when something happened last, by a name; a station's: when it told a change
declare -A rank=()  # of a log's station in the chain
declare -A last=()  # time that a log has named
states=(OK WARNING CRITICAL UNKNOWN) # by a plugin's exit code
travel=()           # of each change: from Nagios's result to the message in the room

# One reader of all logs; it says whose lines follow. They come in the order of the chain.
story_open() {
	local logs=() name
	for name in flapper checks httpbroker flapjack room oobetet pagerduty; do
		logs+=("$work/$name.log")
		rank[$name]=${#logs[@]}
	done
	exec 7< <(exec setsid setpriv --pdeathsig KILL tail -n +1 -s 0.1 -f "${logs[@]}" 2>/dev/null)
	reader=$!
	speaker='' partial='' state='' event_state='' output_due='' change_due='' silent_since=''
}

story_close() {
	exec 7<&-
	[ -z "${reader-}" ] || kill "$reader" 2>/dev/null
}

# The time, in $REPLY.
now() {
	REPLY=$((${EPOCHREALTIME/./} / 1000))
}

# story_until SECONDS [CONDITION]: tells what happens until it is so; false: not within the time.
story_until() {
	local limit
	now
	limit=$((REPLY + $1 * 1000))
	until [ -n "${2-}" ] && "$2"; do
		burst_read
		burst_tell
		signal_check
		chain_check
		now
		[ "$REPLY" -lt "$limit" ] || return 1
	done
}

# What comes until there is a pause, in $burst: its time, the rank of who says it, who, and what.
burst_read() {
	burst=()
	while line_read; do
		case $line in
		'') ;;
		'==> '*' <==') speaker=${line##*/} speaker=${speaker%.log*} ;;
		*)
			[[ ! $line =~ ^\[?([0-9]{10})\.([0-9]{3}) ]] ||
				last[$speaker]=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
			burst+=("${last[$speaker]-0}"$'\t'"${rank[$speaker]}"$'\t'"$speaker"$'\t'"$line")
			;;
		esac
	done
}

# In the order in which it happened; what came within a tenth of a second in that of the chain, for
# a program may write its log a little later than it acts.
burst_tell() {
	local who line keys=(-k '1,1n' -k '2,2n')
	[ ${#burst[@]} -gt 0 ] || return 0
	[ $((${burst[-1]%%$'\t'*} - ${burst[0]%%$'\t'*})) -ge 100 ] || keys=(-k '2,2n')
	while IFS=$'\t' read -r _ _ who line; do
		"hear_$who" "$line"
	done < <(printf '%s\n' "${burst[@]}" | sort -s -t $'\t' "${keys[@]}")
}

# The next line, in $line; false: none for a moment.
line_read() {
	local piece='' status=0
	IFS= read -rt 0.03 -u 7 piece || status=$?
	line=$partial$piece partial=''
	[ "$status" -ne 0 ] || return 0
	partial=$line # it may be the half of one
	[ "$status" -gt 128 ] || fail demo 'cannot read the logs any more'
	return 1
}

# note NAME [MS]: it happened, now or then.
note() {
	local when=${2-}
	[ -n "$when" ] || { now && when=$REPLY; }
	at[$1]=$when
}

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
	state=$result change_due=yes
	note nagios "$result_at"
	fact "$result_at" nagios "$(state_colour "$result")" "check_tcp: $result ($words)"
}

state_colour() {
	case ${1^^} in OK) printf %s "$green" ;; *) printf %s "$red" ;; esac
}

# Its log has the same words for both: a change is what follows one of Nagios's soon enough.
hear_httpbroker() {
	[[ $1 == *'Sending event data for '* ]] && stamped "$1" || return 0
	if [ -n "$change_due" ] && [ $((stamp - at[nagios])) -lt $((period * 500)) ]; then
		note httpbroker "$stamp"
		fact "$stamp" httpbroker '' 'a change: into the queue at once'
	else
		fact "$stamp" httpbroker "$dim" "repeats the last state, $state"
	fi
	change_due=''
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
	*) fail oobetet "sent what PagerDuty refuses: $text" ;;
	esac
}

incident_heard() {
	[ -n "${at[$1]-}" ] || note "$1" "$stamp"
	fact "$stamp" 'pagerduty*' "$bold$2" "$3"
}
