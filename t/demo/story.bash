# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # the chain's settings come from stations.bash, colours from screen.bash
#
# What the stations say, as it comes: reads their logs side by side and hands each line, in the
# order of what happened, to the hear_ function of its station (hear.bash). All times are milliseconds
# since the epoch.

declare -A at=()   # when something happened last, by a name; a station's: when it told of a change
declare -A rank=() # of a log's station in the chain
declare -A last=() # time that a log has named

# One reader of all logs; it says whose lines follow. They come in the order of the chain.
story_open() {
	local logs=() name
	for name in flapper checks httpbroker flapjack room oobetet pagerduty; do
		logs+=("$work/$name.log")
		rank[$name]=${#logs[@]}
	done
	exec 7< <(exec setsid setpriv --pdeathsig KILL tail -n +1 -s 0.1 -f "${logs[@]}" 2>/dev/null)
	reader=$!
	speaker='' partial=''
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
		[ "$who" = httpbroker ] || repeat_tell
		"hear_$who" "$line"
	done < <(printf '%s\n' "${burst[@]}" | sort -s -t $'\t' "${keys[@]}")
	repeat_tell
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
