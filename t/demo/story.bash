# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # the chain's settings come from stations.bash, colours from screen.bash
#
# Follows the logs of all stations and passes each line, in the order of events, to the read_ function
# of its station (logs.bash). All times are milliseconds since the epoch.

declare -A at=()   # by name: when it happened last; for a station: when it passed on a change
declare -A rank=() # position of a log's station in the chain
declare -A last=() # latest time in a log

# One tail(1) for all logs; it prints which log the next lines are from.
story_open() {
	local logs=() name
	for name in flapper checks httpbroker notify room oobetet pagerduty; do
		logs+=("$work/$name.log")
		rank[$name]=${#logs[@]}
	done
	exec 7< <(exec setsid setpriv --pdeathsig KILL tail -n +1 -s 0.1 -f "${logs[@]}" 2>/dev/null)
	reader=$!
	source='' partial=''
}

story_close() {
	exec 7<&-
	[ -z "${reader-}" ] || kill "$reader" 2>/dev/null
}

# Sets $REPLY to the time.
now() {
	REPLY=$((${EPOCHREALTIME/./} / 1000))
}

# story_until SECONDS [CONDITION]: shows events until the condition holds; false: not in time.
story_until() {
	local limit
	now
	limit=$((REPLY + $1 * 1000))
	until [ -n "${2-}" ] && "$2"; do
		burst_read
		burst_show
		signal_check
		chain_check
		now
		[ "$REPLY" -lt "$limit" ] || return 1
	done
}

# Reads lines until there is a pause. $burst: time, rank of the station, its name, the line.
burst_read() {
	burst=()
	while line_read; do
		case $line in
		'') ;;
		'==> '*' <==') source=${line##*/} source=${source%.log*} ;;
		*)
			[[ ! $line =~ ^\[?([0-9]{10})\.([0-9]{3}) ]] ||
				last[$source]=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
			burst+=("${last[$source]-0}"$'\t'"${rank[$source]}"$'\t'"$source"$'\t'"$line")
			;;
		esac
	done
}

# Shows the lines in the order of their times; lines within a tenth of a second in the order of the
# chain, because a program may write its log a little after it acts.
burst_show() {
	local who line keys=(-k '1,1n' -k '2,2n')
	[ ${#burst[@]} -gt 0 ] || return 0
	[ $((${burst[-1]%%$'\t'*} - ${burst[0]%%$'\t'*})) -ge 100 ] || keys=(-k '2,2n')
	while IFS=$'\t' read -r _ _ who line; do
		[ "$who" = httpbroker ] || repeat_show
		"read_$who" "$line"
	done < <(printf '%s\n' "${burst[@]}" | sort -s -t $'\t' "${keys[@]}")
	repeat_show
}

# Sets $line to the next line; false: none for now.
line_read() {
	local piece='' status=0
	IFS= read -rt 0.03 -u 7 piece || status=$?
	line=$partial$piece partial=''
	[ "$status" -ne 0 ] || return 0
	partial=$line # perhaps half a line
	[ "$status" -gt 128 ] || fail demo 'can no longer read the logs'
	return 1
}

# note NAME [MS]: records the time of NAME: now, or MS.
note() {
	local when=${2-}
	[ -n "$when" ] || { now && when=$REPLY; }
	at[$1]=$when
}
