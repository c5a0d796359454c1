# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $pids and $prosody_port come from the other files
# shellcheck disable=SC2119,SC2120 # some are called with arguments, and some without
#
# An oobetet in the room `ops` of start_prosody's server, with the watched occupant flapjack, another
# occupant eve, and a stand-in for PagerDuty. Load daemons and prosody first.
#
#   start_chain [KEY=VALUE...]     starts all of them; keys as in write_ini
#   write_ini [KEY=VALUE...]       writes $work/oobetet.ini: alarm after three seconds of silence;
#                                  these keys are added or replaced; KEY= removes one
#   start_oobetet [OPTION...]      starts it with that file; waits until it is in the room
#   start_pagerduty [OPTION...]    starts the stand-in; sets $pagerduty_url
#   problem, recovery, both        flapjack sends these messages to the room
#   say_with ID EXTRA TEXT         flapjack sends a message with that id, and XML beside its body
#   start_beat, stop_beat          flapjack sends both repeatedly
#   worker_pid NAME                prints the process id of the worker xmpp or http
#   pagerduty_has PATTERN          succeeds if PagerDuty has accepted such a request
#   room_has PATTERN               succeeds if eve has received such a message
#   change ATTRIBUTES              flapjack, owner of the room, changes a role or an affiliation
#   ban NAME, unban NAME           bans NAME@localhost from the room, or permits it again
#   monitor_memory                 prints the memory of the monitor in KiB
#   once PATTERN                   succeeds if oobetet has logged it exactly once
#   incidents                      prints the number of incidents at PagerDuty

write_ini() {
	local -A keys=([server]=127.0.0.1 [port]=${prosody_port:-1} [jabberid]=oobetet@localhost
		[password]=secret-of-oobetet [tls]=off [watched_check]=Flapper [watched_entity]=web-01
		[max_latency]=3 [repeat_interval]=1 [pagerduty_contact]=0123456789abcdefABCDEF0123456789
		[pagerduty_url]=${pagerduty_url:-http://127.0.0.1:1/} [rooms]=ops@conference.localhost)
	local key
	for key in "$@"; do keys[${key%%=*}]=${key#*=}; done
	(umask 077 && : >"$work/oobetet.ini")
	for key in "${!keys[@]}"; do
		[ -z "${keys[$key]}" ] || printf '%s = %s\n' "$key" "${keys[$key]}"
	done >>"$work/oobetet.ini"
}

start_oobetet() {
	start oobetet oobetet -c "$work/oobetet.ini" "$@"
	poll 60 log_has oobetet 'info: in the room ops@conference.localhost as oobetet$'
}

start_pagerduty() {
	start pagerduty pagerduty-standin "$@"
	poll 60 log_has pagerduty 'at http'
	pagerduty_url=$(grep -Eo 'https?://.*' "$work/pagerduty.log")
}

start_chain() {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	enter_room eve eve
	write_ini "$@"
	start_oobetet
}

once() {
	[ "$(count_of oobetet "$1")" -eq 1 ]
}

problem() {
	say flapjack 'Problem: flapjack: ACKID f79395cd, "Flapper" on web-01 is Critical, refused'
}

recovery() {
	say flapjack 'Recovery: "Flapper" on web-01 is OK, TCP OK'
}

both() {
	problem
	recovery
}

say_with() {
	say flapjack "<message to='ops@conference.localhost' type='groupchat' id='$1'>$2<body>$3</body></message>"
}

beat() {
	while :; do
		both
		read -rt 0.3 <> <(:) || :
	done
}

start_beat() {
	start beat beat
}

stop_beat() {
	stop beat || :
}

worker_pid() {
	# it may be missing for a moment: on a busy machine a silent worker is restarted
	poll 20 pgrep -P "${pids[oobetet]:-0}" -x "oobetet-$1"
}

pagerduty_has() {
	log_has pagerduty "^[0-9.]+ $1"
}

room_has() {
	log_has eve "$1"
}

incidents() {
	grep -Eo '202 trigger "Flapjack Self Monitoring from [^ ]+, [^ ]+' "$work/pagerduty.log" | sort -u | wc -l
}

change() {
	say flapjack "<iq to='ops@conference.localhost' type='set' id='change'><query xmlns='http://jabber.org/protocol/muc#admin'><item $1><reason>off with you</reason></item></query></iq>"
}

ban() {
	change "jid='$1@localhost' affiliation='outcast'"
}

unban() {
	change "jid='$1@localhost' affiliation='none'"
}

monitor_memory() {
	awk '/^VmRSS/ { print $2 }' "/proc/${pids[oobetet]}/status"
}
