# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work comes from daemons.bash
#
# An oobetet with several watches. Load daemons, prosody and oobetet first.

# watch NAME KEY=VALUE...: adds this section to the configuration
watch() {
	printf '\n[watch %s]\n' "$1"
	shift
	for key; do printf '%s = %s\n' "${key%%=*}" "${key#*=}"; done
} >>"$work/oobetet.ini"

# Two watches of write_ini's account and PagerDuty, in the rooms ops and mail.
two_watches() {
	write_ini rooms= watched_check= watched_entity= watched_nick=flapjack "$@"
	watch web watched_check=Flapper watched_entity=web-01 rooms=ops@conference.localhost
	watch mail watched_check=Flapper watched_entity=mail-01 rooms=mail@conference.localhost
}

start_rooms() {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
	enter_room eve eve
	enter_room mailer flapjack mail
	enter_room mailreader reader mail
}

start_watching() {
	start_oobetet
	poll 20 log_has oobetet 'in the room mail@conference.localhost as oobetet$'
}

# mail_both: the check of the watch `mail` fails and recovers, in its room
mail_both() {
	say mailer 'Problem: "Flapper" on mail-01 is Critical, refused'
	say mailer 'Recovery: "Flapper" on mail-01 is OK, TCP OK'
}

mail_room_has() {
	log_has mailreader "$1"
}
