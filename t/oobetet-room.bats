# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # $work, $output, $pids and what load brings; what it takes
# oobetet in rooms: access, nicks, removal, receipts.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# own XML: flapjack, the owner of the room, sends it this query
own() {
	say flapjack "<iq to='ops@conference.localhost' type='set' id='own'><query xmlns='http://jabber.org/protocol/muc#owner'>$1</query></iq>"
}

# room_field NAME VALUE: for the form of room_set
room_field() {
	echo "<field var='$1'><value>$2</value></field>"
}

room_set() {
	own "<x xmlns='jabber:x:data' type='submit'>$(room_field FORM_TYPE http://jabber.org/protocol/muc#roomconfig)$1</x>"
}

# The room and its occupants, before oobetet joins.
start_room() {
	start_prosody "$@"
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	enter_room flapjack flapjack
}

# The same, with a Prosody module on standard input loaded into the service.
start_room_with() {
	mkdir -p "$work/modules"
	cat >"$work/modules/mod_odd.lua"
	prosody_rooms_module=odd # of start_prosody
	start_room "plugin_paths = { '$work/modules' }"
}

@test "oobetet: a nick in use gets a suffix, and is used again when free" {
	start_room
	enter_room eve oobetet
	write_ini
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'info: in the room ops@conference.localhost as oobetet_$'
	poll 20 room_has '<oobetet_>.* is Critical'
	both
	poll 20 room_has '<oobetet_>.* is OK'
	stop eve
	poll 20 log_has oobetet 'info: our nick in the room ops@conference.localhost is oobetet now$'
	poll 20 log_has flapjack '<oobetet> .* is Critical'
	both
	poll 20 log_has flapjack '<oobetet> .* is OK'
	# its own messages are recognized under the new nick too
	run ! log_has oobetet 'delivery to .* is failing'
	[ "$(count_of oobetet 'out of the room')" -eq 1 ]
}

@test "oobetet: a nick that the server writes otherwise and that is in use gets a suffix too" {
	start_room
	enter_room eve VIII
	write_ini alias='Ⅷ' greeting=no
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'info: in the room ops@conference.localhost as VIII_$'
	poll 20 room_has '<VIII_>.* is Critical'
}

@test "oobetet: a room with a password: the correct one, a wrong one, none" {
	start_room
	room_set "$(room_field muc#roomconfig_passwordprotectedroom 1)$(room_field muc#roomconfig_roomsecret sesame)"
	write_ini room_password=sesame
	start_oobetet
	stop oobetet
	for key in room_password=wrong room_password=; do
		write_ini "$key"
		start oobetet oobetet -c "$work/oobetet.ini"
		poll 20 log_has oobetet 'warning: out of the room ops@conference.localhost: not-authorized.*: is room_password right\?; trying again'
		poll 20 pagerduty_has '202 trigger .*is room_password right\?'
		once 'is room_password right.; trying again'
		stop oobetet
		: >"$work/pagerduty.log"
	done
	run ! grep -E 'sesame|wrong' "$work/oobetet.log"
	# the room accepts it again
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'is room_password right'
	room_set "$(room_field muc#roomconfig_passwordprotectedroom 0)$(room_field muc#roomconfig_roomsecret '')"
	poll 20 log_has oobetet 'info: in the room ops@conference.localhost as oobetet$'
}

@test "oobetet: a members-only room: before and after oobetet is a member" {
	start_room
	room_set "$(room_field muc#roomconfig_membersonly 1)"
	write_ini
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'warning: out of the room ops@conference.localhost: registration-required.*; trying again'
	poll 20 pagerduty_has '202 trigger .*out of the room .*registration-required'
	once 'registration-required.*; trying again'
	change "jid='oobetet@localhost' affiliation='member'"
	poll 20 log_has oobetet 'info: in the room ops@conference.localhost as oobetet$'
	both
	poll 20 pagerduty_has '202 resolve'
	change "jid='oobetet@localhost' affiliation='none'"
	poll 20 log_has oobetet 'out of the room ops@conference.localhost: no longer a member of the room'
	poll 20 at_least 2 pagerduty 'incident [0-9]+ opened'
}

@test "oobetet: the room is destroyed: it is created again" {
	start_room
	write_ini
	start_oobetet
	own "<destroy><reason>no more</reason></destroy>"
	poll 20 log_has oobetet 'warning: out of the room ops@conference.localhost: the room was destroyed: no more; trying again'
	poll 20 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
	stop flapjack || :
	enter_room flapjack flapjack
	poll 20 log_has flapjack '<oobetet>.* is Critical'
	both
	poll 20 log_has flapjack '<oobetet>.* is OK'
	once 'destroyed'
}

@test "oobetet: the room is destroyed in favour of another: its name is logged" {
	start_room
	write_ini
	start_oobetet
	room_set "$(room_field muc#roomconfig_persistentroom 1)"
	own "<destroy jid='new@conference.localhost'><reason>moved</reason></destroy>"
	poll 20 log_has oobetet 'warning: out of the room ops@conference.localhost: the room was destroyed in favour of new@conference.localhost: moved; trying again'
	# such a room is not created again
	poll 20 log_has oobetet 'warning: out of the room ops@conference.localhost: gone \(xmpp:new@conference.localhost\?join\): moved; trying again'
}

@test "oobetet: a room's name with capitals that are not ASCII: the server changes them" {
	start_room
	enter_room eve eve überwachung
	write_ini rooms='ÜBERWACHUNG@conference.localhost'
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'info: in the room überwachung@conference.localhost as oobetet$'
	poll 20 room_has '<oobetet>.* is Critical'
}

@test "oobetet: a room whose name the server writes otherwise: the log has that name, which is joined" {
	start_room
	enter_room eve eve strasse
	write_ini rooms='straße@conference.localhost'
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'warning: out of the room straße@conference.localhost: the server calls it strasse@conference.localhost: write it so in rooms; trying again$'
	once 'the server calls it'
	stop oobetet
	write_ini rooms='strasse@conference.localhost'
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 room_has '<oobetet>.* is Critical'
}

@test "oobetet: removed for a technical reason (333), it joins again" {
	start_room_with <<-'LUA'
		local st = require "util.stanza";
		module:hook("muc-occupant-groupchat", function (event)
			if event.stanza:get_child_text("body") ~= "technical" then return; end
			local occupant = event.room:get_occupant_by_nick(event.room.jid .. "/oobetet");
			for jid in occupant:each_session() do
				event.room:handle_kickable(event.origin, st.message({ type = "error", from = jid, to = occupant.nick })
					:tag("error", { type = "cancel" })
					:tag("remote-server-not-found", { xmlns = "urn:ietf:params:xml:ns:xmpp-stanzas" }));
			end
		end);
	LUA
	write_ini
	start_oobetet
	say flapjack technical
	poll 20 log_has oobetet 'warning: out of the room ops@conference.localhost: removed for a technical reason; trying again'
	poll 20 at_least 2 oobetet 'in the room ops@conference.localhost as oobetet'
	once 'technical'
}

@test "oobetet: another client with the same resource is logged, with back-off" {
	start_room
	write_ini jabberid=oobetet@localhost/watcher max_latency=30
	start_oobetet
	start other oobetet -c "$work/oobetet.ini"
	poll 20 log_has other 'in the room ops@conference.localhost as oobetet'
	poll 20 log_has oobetet 'warning: xmpp: the server ended the stream: this account has logged in elsewhere with the same resource'
	poll 20 log_has other 'warning: xmpp: the server ended the stream: this account has logged in elsewhere with the same resource'
	# each wait is longer: by now at least 0.19 s, 0.37 s and 0.75 s
	begun=${EPOCHREALTIME/./}
	poll 30 at_least 4 oobetet 'ended the stream'
	[ $((${EPOCHREALTIME/./} - begun)) -gt 1000000 ]
	stop other
	running_alone() { [ "$(count_of oobetet 'xmpp: online')" -gt "$(count_of oobetet 'ended the stream')" ]; }
	poll 30 running_alone
}

@test "oobetet: occupants cannot remove it: only errors of the room itself count" {
	start_room
	enter_room eve eve
	write_ini
	start_oobetet --debug
	us=ops@conference.localhost/oobetet
	error="<error type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
	say eve "<message type='error' id='x' to='$us'><body>x</body>$error</message>"
	# the ids of its pings can be guessed
	for number in 1 2 3 4; do say eve "<iq type='error' id='ping-0-$number' to='$us'>$error</iq>"; done
	# the room sends stanzas in order
	say eve 'Problem: "Flapper" on web-01 is Critical'
	poll 20 log_has oobetet 'debug: problem from eve in ops@conference.localhost'
	run ! log_has oobetet 'out of the room'
	# nor may occupants send errors about messages
	poll 20 room_has '<oobetet>.* is Critical'
	run ! log_has oobetet 'delivery to .* is failing'
}

# A bridge: gives each message a new id, appends TEXT, and does not announce stable ids.
start_bridge() {
	start_room_with <<-LUA
		module:hook("muc-broadcast-message", function (event)
			event.stanza.attr.id = require "util.uuid".generate();
			event.stanza:maptags(function (tag)
				if tag.name == "body" then tag:text("$1"); end
				return tag;
			end);
		end);
		module:hook("muc-disco#info", function (event)
			event.reply.tags[1]:maptags(function (tag)
				if tag.attr.var ~= "http://jabber.org/protocol/muc#stable_id" then return tag; end
			end);
		end, -10);
	LUA
}

@test "oobetet: a room without stable ids: messages are confirmed by their text" {
	start_bridge
	write_ini
	start_oobetet
	poll 20 at_least 2 flapjack '<oobetet>.* is Critical'
	start_beat
	poll 20 log_has flapjack '<oobetet>.* is OK'
	recoveries=$(count_of flapjack '<flapjack> Recovery')
	poll 20 at_least $((recoveries + 15)) flapjack '<flapjack> Recovery' # some five seconds
	[ "$(count_of flapjack '<oobetet>.* is OK')" -eq 1 ]
	run ! log_has oobetet 'delivery to .* is failing|NOTICE'
}

# paced SECONDS: at least so long between any two alarms
paced() {
	grep '<oobetet> .* is Critical' "$work/flapjack.log" | cut -d' ' -f1 |
		awk -v gap="$1" 'NR > 1 && $1 - before < gap { exit 1 } { before = $1 }'
}

@test "oobetet: a room that changes messages: resent no faster than repeats, and logged" {
	start_bridge ' (by a bridge)'
	write_ini repeat_interval=4
	start_oobetet
	poll 20 log_has oobetet 'error: delivery to ops@conference.localhost is failing: the room has not sent it back within 1 s; trying again'
	poll 20 at_least 3 flapjack '<oobetet>.* is Critical'
	paced 3.9
	once 'error: delivery to .* is failing'
	both
	poll 20 log_has flapjack '<oobetet>.* is OK'
}

@test "oobetet: a new owner of a watched nick is a warning, the return of the old one is not" {
	start_room
	write_ini watched_nick=flapjack max_latency=60
	start_oobetet
	was="warning: the watched nick flapjack in the room ops@conference.localhost is somebody else's now:"
	stop flapjack || :
	enter_room flapjack flapjack
	stop flapjack || :
	enter_room mallory flapjack
	poll 20 log_has oobetet "$was occupant-id [^ ]+, before [^ ]+; its messages still count\$"
	once "$was"
	stop mallory || :
	# a non-anonymous room shows real JIDs: these are logged
	enter_room flapjack flapjack
	poll 20 at_least 2 oobetet "$was"
	room_set "$(room_field muc#roomconfig_whois anyone)"
	stop flapjack || :
	enter_room flapjack flapjack
	stop flapjack || :
	enter_room mallory flapjack
	poll 20 log_has oobetet "$was real JID mallory@localhost, before flapjack@localhost; its messages still count\$"
}

@test "oobetet: a password in a server's error text is masked, even in part" {
	start_room
	write_ini room_password=open-sesame
	start_oobetet
	out=0
	# at each position where a message may be cut
	for padding in 0 150 250 262; do
		reason="$(printf "%${padding}s" | tr ' ' x) secret-of-oobetet open-sesame"
		say flapjack "<iq to='ops@conference.localhost' type='set' id='kick'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='oobetet' role='none'><reason>$reason</reason></item></query></iq>"
		poll 20 at_least $((out += 1)) oobetet 'out of the room ops@conference.localhost: kicked out of the room: '
		poll 20 at_least $((out + 1)) oobetet 'in the room ops@conference.localhost as oobetet'
	done
	log_has oobetet 'kicked out of the room:  [*]{17} [*]{11}; trying again'
	run ! grep -E 'secret|open-' "$work/oobetet.log" "$work/flapjack.log"
}

# real_jids SHOWN: `anyone` or `moderators` see them in the room
real_jids() {
	room_set "$(room_field muc#roomconfig_whois "$1")"
}

# both_from NAME: a problem and a recovery of the watched check
both_from() {
	say "$1" 'Problem: "Flapper" on web-01 is Critical'
	say "$1" 'Recovery: "Flapper" on web-01 is OK'
}

# does_not_count NICK REASON: a message was ignored for that
does_not_count() {
	poll 20 log_has oobetet "warning: a message of $1 in the room ops@conference.localhost does not count: $2"
}

@test "oobetet: watched_jid: only its messages count, where the room shows real JIDs" {
	start_room
	real_jids anyone
	enter_room mallory mallory
	write_ini watched_nick=flapjack,mallory watched_jid=flapjack@localhost max_latency=60
	start_oobetet --debug
	run ! log_has oobetet 'anybody in the room can prevent'
	both_from mallory
	does_not_count mallory 'its real JID is not in watched_jid$'
	# what it says of itself is not believed
	say mallory "<presence to='ops@conference.localhost/mallory'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='flapjack@localhost/x' affiliation='owner' role='moderator'/></x></presence>"
	both_from mallory
	both_from flapjack
	poll 20 log_has oobetet 'debug: recovery from flapjack in ops@conference.localhost$'
	# the nick is taken by another
	stop flapjack || :
	stop mallory || :
	enter_room mallory flapjack
	poll 20 log_has oobetet "is somebody else's now: real JID mallory@localhost, before flapjack@localhost; its messages do not count\$"
	both_from mallory
	does_not_count flapjack 'its real JID is not in watched_jid$'
	# and comes back to its owner, under another name
	stop mallory || :
	enter_room flapjack mallory
	both_from flapjack
	poll 20 log_has oobetet 'debug: recovery from mallory in ops@conference.localhost$'
	[ "$(count_of oobetet 'debug: (problem|recovery) from')" -eq 4 ]
}

@test "oobetet: watched_jid: a room that hides real JIDs is a warning, and no message counts" {
	start_room
	write_ini watched_jid=flapjack@localhost max_latency=60
	start_oobetet --debug
	poll 20 log_has oobetet 'warning: the room ops@conference.localhost does not show real JIDs: with watched_jid no message in it counts$'
	enter_room eve eve
	both_from flapjack
	does_not_count flapjack 'the room does not show its real JID$'
	once 'does not show real JIDs'
	run ! log_has oobetet 'debug: (problem|recovery) from'
}

@test "oobetet: watched_affiliation: an owner's messages count, and those of one who becomes it" {
	start_room
	enter_room mallory mallory
	write_ini watched_affiliation=owner max_latency=60
	start_oobetet --debug
	both_from mallory
	does_not_count mallory 'nobody who fits watched_jid and watched_affiliation has this nick$'
	both_from flapjack
	poll 20 log_has oobetet 'debug: recovery from flapjack in'
	run ! log_has oobetet 'debug: .* from mallory'
	change "jid='mallory@localhost' affiliation='owner'"
	counted() {
		both_from mallory
		poll 1 log_has oobetet 'debug: recovery from mallory in'
	}
	poll 20 counted
}

@test "oobetet: watched_jid: history of an absence counts by the occupant-id of its sender" {
	start_room
	real_jids anyone
	enter_room mallory mallory
	write_ini watched_jid=flapjack@localhost max_latency=60
	start_oobetet --debug
	ban oobetet
	poll 20 log_has oobetet 'out of the room ops@conference.localhost: banned'
	both_from mallory
	both_from flapjack
	poll 20 log_has mallory 'flapjack> Recovery'
	unban oobetet
	poll 40 log_has oobetet 'debug: recovery from flapjack in ops@conference.localhost$'
	log_has oobetet 'debug: problem from flapjack in ops@conference.localhost$'
	does_not_count mallory 'nobody who fits watched_jid and watched_affiliation has this nick$'
	run ! log_has oobetet 'debug: .* from mallory'
}

@test "oobetet: occupant-ids are ignored where the room does not announce them" {
	start_room_with <<-'LUA'
		module:hook("muc-disco#info", function (event)
			event.reply.tags[1]:maptags(function (tag)
				if tag.attr.var ~= "urn:xmpp:occupant-id:0" then return tag; end
			end);
		end, -10);
	LUA
	write_ini watched_nick=flapjack max_latency=60
	start_oobetet
	stop flapjack || :
	enter_room mallory flapjack
	poll 20 log_has oobetet "is somebody else's now: affiliation none, before owner; its messages still count\$"
	run ! log_has oobetet 'occupant-id'
}
