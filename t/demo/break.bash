# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # the chain's settings come from stations.bash, colours from screen.bash
#
# --break LINK: one link of the chain is broken, and the alarm has to name it.

broken='' # the link, once it is broken

# How the sentence begins that names a link; oobetet(8), DIAGNOSIS OF THE CHAIN, lists all.
declare -A sentences=(
	[nagios]='the last result for "Flapper" on lab reached the broker '
	[broker]='the broker at 127.0.0.1:'
	[redis]='Redis at 127.0.0.1:'
	[processor]=" in 'events' and none is taken "
	[alerter]='events are taken, but nothing reaches the room'
	[jabber]='oobetet was out of the room for '
)

break_it() {
	title "2. A link breaks: $breaking"
	prose <<-'TEXT'
		Nothing says so. oobetet raises its alarm when no problem, or no recovery, has
		arrived for twenty seconds, and names the link that the evidence proves broken.
	TEXT
	now
	act_began=$REPLY
	story_until 12 recovered || silent_check || fail room 'received no recovery'
	silent_since=${at[recovery]}
	broken=$breaking
	skip
	case $breaking in
	nagios) break_by_stop nagios nagios4 ;;
	broker) break_by_kill httpbroker ;;
	redis) break_by_stop redis redis-server ;;
	processor) break_by_stop notify httpbroker-notify ;;
	alerter) break_by_ban ;;
	jabber) break_by_stop prosody prosody ;;
	esac
	note stopped
}

# break_by_stop STATION PROGRAM
break_by_stop() {
	freeze "$1"
	now
	fact "$REPLY" demo "$yellow" "kill -STOP ${pids[$1]} ($2)"
}

break_by_kill() {
	now
	fact "$REPLY" demo "$yellow" "kill -KILL ${pids[$1]} ($1)"
	kill -KILL "${pids[$1]}"
	wait "${pids[$1]}" 2>/dev/null
	unset "pids[$1]"
	mapfile -t chain < <(printf '%s\n' "${chain[@]}" | grep -vx "$1")
}

# The observer was in the room first, so it is the owner.
break_by_ban() {
	say room "<iq to='ops@conference.localhost' type='set' id='ban'><query xmlns='http://jabber.org/protocol/muc#admin'><item jid='notify@localhost' affiliation='outcast'/></query></iq>"
	now
	fact "$REPLY" demo "$yellow" "the account that sends the messages is banned from the room"
}

pagerduty_alarmed() {
	[ -n "${at[paged]-}" ]
}

# The alarm ends with the link: in the room too, if oobetet can be there.
name_it() {
	local summary link
	story_until $((max_latency + 20)) pagerduty_alarmed || fail oobetet "$(missing_channel)"
	story_until 2
	summary=$(grep -E '^[0-9.]+ 202 trigger ' "$work/pagerduty.log" | tail -n 1)
	link=${summary##*; }
	link=${link%\"}
	link=${link//\\\"/\"}
	title '3. The link that was named'
	prose <<<"$link"
	[[ $link == *"${sentences[$breaking]}"* ]] || fail oobetet "did not name the broken link ($breaking)"
	[ "$breaking" = jabber ] || log_has room "oobetet> .*; .*${link%% *}" || fail oobetet 'did not name it in the room'
	now
	fact "$REPLY" demo "$green" "[ok] $breaking was broken, and $breaking was named"
}
