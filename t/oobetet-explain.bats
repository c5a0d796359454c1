# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output and what load brings
# oobetet --explain: why each line of a room's log counts or not.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# explained LINE...: oobetet --explain prints exactly these lines for the log in $work/log
explained() {
	run -0 --separate-stderr oobetet -c "$work/oobetet.ini" --explain <"$work/log"
	diff <(printf '%s\n' "$@") <(printf '%s\n' "$output")
}

@test "oobetet: --explain reads the log of a room with Flapjack 1" {
	write_ini watched_nick=flapjack
	cat >"$work/log" <<'EOF'
Problem: flapjack: ACKID f79395cd, "Flapper" on web-01 is Critical, Connection refused
[10:29:06] <flapjack> Recovery: "Flapper" on WEB-01 is OK, TCP OK
Acknowledgement: "Flapper" on web-01 has been acknowledged, unscheduled maintenance created for 1 hour, looking into it
flapjack's jabber gateway started at 2026-11-20 10:21:06 +0000, hello! Try typing 'help'.

<eve> Recovery: "Flapper" on web-01 is OK
Test: "Flapper" on web-01, testing
Problem summary: Critical: 2 (Critical: ru:A, ru:B)
Problem: "Flaper" on web-01 is Warning
Problem: "Flapper" on web-02 is Unknown
Flapjack Self Monitoring is OK (it was not for 412 s), from vm at 2026-11-20 10:36:00 +0000
EOF
	printf 'dev@x\tflapjack\tRecovery: "Flapper" on web-01 is OK\r\n' >>"$work/log"
	printf 'oobetet\tRecovery: "Flapper" on web-01 is OK' >>"$work/log"
	local it='"Flapper" on web-01'
	explained "1: problem, for $it: it is in a format of Flapjack" \
		"2: recovery, for $it: it is in a format of Flapjack" \
		"3: acknowledgement, for $it: it is in a format of Flapjack" \
		'4: ignored: it does not begin with Problem:, Recovery: or Acknowledgement:' \
		'6: ignored: the text is a recovery, but eve is not in watched_nick' \
		'7: ignored: it is a test notification' \
		'8: ignored: it is a roll-up, which names no check for itself: give the medium of this contact no rollup_threshold' \
		'9: ignored: the check is "Flaper", not "Flapper"' \
		'10: ignored: the entity is web-02, not web-01' \
		'11: ignored: it is a message of an oobetet' \
		'12: ignored: the text is a recovery, but dev@x is not in watch_rooms' \
		"13: ignored: the text is a recovery, but oobetet is oobetet's own nick" \
		"$it: problem 1, recovery 1, acknowledgement 1"
}

@test "oobetet: --explain reads the log of a room with Flapjack 2" {
	write_ini watched_entity= watched_check=web-01:Flapper max_latency=300
	cat >"$work/log" <<'EOF'
Problem: flapjack: ACKID , "web-01:Flapper" is Critical
Recovery: "web-02:Flapper" is OK
Recovery: "web-01:flapper" is OK
Recovery: "web-01:Flapper" on web-01 is OK
EOF
	explained '1: problem, for "web-01:Flapper": it is in a format of Flapjack' \
		'2: ignored: the check is "web-02:Flapper", not "web-01:Flapper"' \
		'3: ignored: the check is "web-01:flapper", not "web-01:Flapper": upper and lower case differ' \
		'4: ignored: it names the entity web-01: set watched_entity' \
		'"web-01:Flapper": problem 1, recovery 0, acknowledgement 0; without a recovery the alarm comes after 300 s'
}

@test "oobetet: --explain accepts what httpbroker-notify prints" {
	local event='{"entity":"web-01","check":"Flapper","type":"service","state":"%s","summary":"refused"}\n'
	# shellcheck disable=SC2059 # the format is ours
	for version in 1 2; do
		printf "$event" ok critical ok | httpbroker-notify --flapjack-version "$version" >"$work/log" 2>"$work/notify.log"
		write_ini
		explained '1: problem, for "Flapper" on web-01: it is in a format of Flapjack' \
			'2: recovery, for "Flapper" on web-01: it is in a format of Flapjack' \
			'"Flapper" on web-01: problem 1, recovery 1, acknowledgement 0'
	done
}

@test "oobetet: --explain names the pattern that matches, or replaces Flapjack's formats" {
	write_ini problem_pattern='^\[FIRING' recovery_pattern='^\[RESOLVED'
	printf '%s\n' '[FIRING:1] Flapper' 'Problem: "Flapper" on web-01 is Critical' hello >"$work/log"
	explained '1: problem, for "Flapper" on web-01: problem_pattern matches' \
		'2: ignored: it is in a format of Flapjack, which problem_pattern replaces, and no pattern matches' \
		'3: ignored: no pattern matches, and it does not begin with Problem:, Recovery: or Acknowledgement:' \
		'"Flapper" on web-01: problem 1, recovery 0, acknowledgement 0; without a recovery the alarm comes after 3 s'
}

@test "oobetet: --explain reads several watches, also of a listen_command" {
	write_ini watched_check= watched_entity=
	printf '\n[watch %s]\nwatched_check = %s\n%s\n' web Flapper 'watched_entity = web-01' \
		log Flapper 'listen_command = tail -F log' >>"$work/oobetet.ini"
	printf '%s\n' 'Recovery: "Flapper" on web-01 is OK' $'eve\tRecovery: "Flapper" is OK' \
		'Recovery: "Flapper" on web-02 is OK' 'Problem: "x" on y is Warning' hello >"$work/log"
	explained '1: recovery, for watch web: "Flapper" on web-01: it is in a format of Flapjack' \
		'2: recovery, for watch log: "Flapper": it is in a format of Flapjack' \
		'3: ignored, nearest to watch web: "Flapper" on web-01: the entity is web-02, not web-01' \
		'4: ignored, nearest to watch web: "Flapper" on web-01: it is about "x" on y' \
		'5: ignored: it does not begin with Problem:, Recovery: or Acknowledgement:' \
		'watch web: "Flapper" on web-01: problem 0, recovery 1, acknowledgement 0; without a problem the alarm comes after 3 s' \
		'watch log: "Flapper": problem 0, recovery 1, acknowledgement 0; without a problem the alarm comes after 3 s'
}

@test "oobetet: --explain survives any input" {
	write_ini
	head -c 1000000 /dev/urandom >"$work/log"
	run -0 oobetet -c "$work/oobetet.ini" --explain <"$work/log"
	head -c 200000 /dev/zero | tr '\0' x >"$work/log"
	printf '\nRecovery: "Flapper" on web-01 is OK\n' >>"$work/log"
	run -0 oobetet -c "$work/oobetet.ini" --explain <"$work/log"
	[[ "$output" == *'1: ignored: it is longer than 65536 bytes'*'2: recovery, for "Flapper"'* ]]
	# an editor may begin a file with a byte-order mark
	printf '\xef\xbb\xbfRecovery: "Flapper" on web-01 is OK\r\n' >"$work/log"
	run -0 oobetet -c "$work/oobetet.ini" --explain <"$work/log"
	[[ "$output" == *'1: recovery, for "Flapper"'* ]]
	run -74 oobetet -c "$work/oobetet.ini" --explain <"$work"
	[[ "$output" == *'error: standard input: Is a directory' ]]
}

@test "oobetet: --explain excludes other tests and needs a configuration that is enabled" {
	write_ini
	run -64 oobetet -c "$work/oobetet.ini" --explain -n
	[[ "$output" == *'--explain and --quiet exclude each other'* ]]
	write_ini enabled=no
	run -78 oobetet -c "$work/oobetet.ini" --explain </dev/null
	[[ "$output" == *'disabled (enabled = no)'* ]]
}
