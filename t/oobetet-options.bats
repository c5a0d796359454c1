# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $stderr, $pids and what load brings
# The command line and the configuration of oobetet.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# refuses CODE MESSAGE OPTION...: exits with CODE and a message that contains MESSAGE
refuses() {
	exits "$1" "$2" oobetet "${@:3}"
}

@test "oobetet: --help and --version print to standard output" {
	run -0 --separate-stderr oobetet -h
	[[ "$output" == "usage: oobetet [OPTION...]"* && "$stderr" == '' ]]
	run -0 --separate-stderr oobetet --version
	[[ "$output" =~ ^oobetet\ [0-9.]+$ && "$stderr" == '' ]]
}

@test "oobetet: an invalid command line is exit 64" {
	refuses 64 "Try 'oobetet --help'" --bogus
	refuses 64 "Try 'oobetet --help'" -c
	refuses 64 '--create-rooms is only for --test-alert' -c /dev/null --create-rooms
	refuses 64 "unexpected argument 'start'" -c /dev/null start
	refuses 64 '--ready-fd: 99: Bad file descriptor' -c /dev/null --ready-fd 99
	refuses 64 'the xmpp worker is started by oobetet itself, not by hand' xmpp 3</dev/null
	refuses 64 'the http worker is started by oobetet itself, not by hand' http 3>&-
}

# where_etc_holds FILE... -- COMMAND...: runs it with nothing but these files in /etc
where_etc_holds() {
	# shellcheck disable=SC2016 # the variables are the inner shell's
	unshare "$spaces" sh -c 'mount -t tmpfs none /etc || exit
		while [ "$1" != -- ]; do cp "$1" /etc/ && shift; done
		shift && exec "$@"' - "$@"
}

@test "oobetet: without -c the file is in /etc, or else in sysconfdir" {
	for spaces in -m -rm; do ! unshare "$spaces" true 2>/dev/null || break; done
	unshare "$spaces" true 2>/dev/null || skip "name spaces are forbidden here"
	run -78 where_etc_holds -- oobetet -n
	[[ "$output" == *'no configuration: neither /etc/oobetet.ini nor /'*'/oobetet.ini is there; copy the example'* ]]
	write_ini alias=from-etc
	run -0 where_etc_holds "$work/oobetet.ini" -- oobetet -n
	[[ "$output" == *'info: configuration: /etc/oobetet.ini'*'alias = from-etc'* ]]
	# the first that exists is used, even if it is wrong
	echo bogus=1 >>"$work/oobetet.ini"
	run -78 where_etc_holds "$work/oobetet.ini" -- oobetet -n
	[[ "$output" == *'error: /etc/oobetet.ini:'* ]]
}

@test "oobetet: an invalid configuration is exit 78, with file, line and expected value" {
	local ini=$work/oobetet.ini
	write_ini 'bogus=1'
	line=$(grep -n bogus "$ini" | cut -d: -f1)
	refuses 78 "oobetet: error: $ini:$line: unknown key 'bogus' in [oobetet]; oobetet.ini(5) lists all keys" -c "$ini"
	refuses 78 "oobetet: error: $ini:$line: unknown key 'bogus'" -c "$ini" --check-config
	write_ini 'max_latency=often'
	refuses 78 ": max_latency: 'often' is not a duration such as 10" -c "$ini"
	write_ini 'jabberid='
	refuses 78 "oobetet: error: $ini: the key 'jabberid' is missing" -c "$ini"
	printf '\n[else]\n' >"$ini"
	refuses 78 "$ini:2: unknown section '[else]'; expected [oobetet] or [logger]" -c "$ini"
	refuses 78 "$work/none.ini: No such file or directory" -c "$work/none.ini"
	refuses 78 "$work:1: Is a directory" -c "$work"
}

@test "oobetet: lines that inih would misread are refused, and no secret is shown" {
	local ini=$work/oobetet.ini line
	for line in 'heartbeat_url = beat.example/hush' 'password = hush ;hush' "password = hush$(printf '%0200d' 0)" $'password = x\n hush = y' \
		$'\xef\xbb\xbfpassword = hush' $'password = hush\x01'; do
		printf '%s\n' "$line" >"$ini"
		refuses 78 "oobetet: error: $ini:" -c "$ini"
		[[ "$output" != *hush* ]]
	done
}

@test "oobetet: --check-config prints the configuration, secrets masked" {
	write_ini 'password=s3cret-word' watched_nick=flapjack
	run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
	[ "$stderr" = '' ]
	[[ "$output" == *$'\npassword = ********\n'* && "$output" == *$'\npagerduty_contact = ********\n'* ]]
	[[ "$output" == *$'\nmax_latency = 3\n'* && "$output" == *$'\nlevel = INFO\n'* ]]
	[[ "$output" != *s3cret-word* && "$output" != *0123456789abcdef* ]]
	# of an address: the user, and what follows the path
	write_ini watched_nick=flapjack pagerduty_url='https://user:s3cret@events.example.org/v2?key=s3cret' \
		probe_broker='http://s3cret@127.0.0.1:3090'
	run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
	[[ "$output" == *$'\npagerduty_url = https://********@events.example.org/v2?********\n'* ]]
	[[ "$output" == *$'\nprobe_broker = http://********@127.0.0.1:3090\n'* && "$output" != *s3cret* ]]
}

@test "oobetet: what cannot be written to standard output is an error" {
	local mode
	write_ini server= port= jabberid= password= tls= rooms= pagerduty_contact= pagerduty_url= \
		listen_command=true alert_command=true state_file="$work/state"
	for mode in --check-config '--quiet 1h --reason x' --test-alert --explain; do
		run -74 bash -c "timeout 20 oobetet -c $work/oobetet.ini $mode </dev/null >/dev/full"
		[[ "$output" == *'oobetet: error: cannot write to standard output: No space left on device' ]]
	done
	# a log without an end
	run -74 bash -c "yes | timeout 20 oobetet -c $work/oobetet.ini --explain >/dev/full"
}

@test "oobetet: secrets in separate files; a warning if one is world-readable" {
	(umask 077 && echo 's3cret ;word' >"$work/password" && echo 0123456789abcdefABCDEF0123456789 >"$work/key")
	write_ini password= password_file="$work/password" pagerduty_contact= \
		pagerduty_contact_file="$work/key" watched_nick=flapjack
	chmod 644 "$work/oobetet.ini"
	run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
	[ "$stderr" = '' ]
	[[ "$output" == *$'\npassword = ********\n'* && "$output" == *$'\npagerduty_contact = ********\n'* ]]
	[[ "$output" != *s3cret* && "$output" != *0123456789abcdef* ]]
	chmod 604 "$work/key"
	run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
	[[ "$stderr" == "oobetet: warning: $work/key holds a secret and everybody may read it"* ]]
	write_ini password_file="$work/password"
	refuses 78 ': password_file: there is password as well, in line ' -c "$work/oobetet.ini"
}

@test "oobetet: risky settings get a warning" {
	write_ini 'password="quoted"'
	run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
	[[ "$stderr" == *'oobetet: warning: password: the quotation marks around it are taken as a part of it'* ]]
	[[ "$stderr" == *'oobetet: warning: without watched_nick anybody in the room can prevent the alarm'* ]]
	[[ "$stderr" != *quoted* ]]
	write_ini watched_nick=flapjack
	chmod 644 "$work/oobetet.ini"
	run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
	[[ "$stderr" == "oobetet: warning: $work/oobetet.ini holds a secret and everybody may read it"* ]]
}

@test "oobetet: an unencrypted connection to another machine gets a warning" {
	checked() {
		write_ini watched_nick=flapjack "$@"
		run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
		echo "$stderr"
	}
	for host in 192.0.2.1 pager.example 'localhost@pager.example' '[2001:db8::1]' 128.0.0.1 localhost.example; do
		checked pagerduty_url="http://$host:80/v2/enqueue"
		[[ "$stderr" == 'oobetet: warning: pagerduty_url begins with http: '*'use https' ]]
	done
	checked heartbeat_url=HTTP://beat.example/x
	[[ "$stderr" == 'oobetet: warning: heartbeat_url begins with http: '*'use https' ]]
	checked server=jabber.example
	[[ "$stderr" == 'oobetet: warning: tls = off: the password and all messages go to jabber.example in clear text' ]]
	checked server= jabberid=oobetet@example.org/here
	[[ "$stderr" == *' go to example.org in clear text' ]]
	for host in 127.0.0.1 127.1.2.3:80 localhost 'user:pw@LOCALHOST:80' a.localhost '[::1]:80' '[::1]'; do
		checked pagerduty_url="http://$host/x" heartbeat_url="http://$host"
		[ "$stderr" = '' ]
	done
	checked pagerduty_url=https://pager.example/ server= jabberid=oobetet@localhost/x
	[ "$stderr" = '' ]
	checked tls=required server=jabber.example
	[ "$stderr" = '' ]
}

@test "oobetet: an ordinary configuration gets no warning" {
	write_ini watched_nick=flapjack alert_command='mail -s alarm root' repeat_max=5m
	run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
	[ "$stderr" = '' ]
}

@test "oobetet: enabled = no is logged once, is ready, and stays idle until SIGTERM" {
	echo 'enabled = no' >"$work/oobetet.ini"
	mkfifo "$work/ready"
	exec 8<>"$work/ready"
	# shellcheck disable=SC2016 # $0 is the inner shell's
	start oobetet sh -c 'exec oobetet -c "$0" --ready-fd 8' "$work/oobetet.ini"
	read -rt 10 -u 8
	exec 8>&-
	running oobetet
	[ -z "$(pgrep -P "${pids[oobetet]}")" ]
	[ "$(cat "$work/oobetet.log")" = 'oobetet: info: disabled (enabled = no): idle' ]
	kill -HUP "${pids[oobetet]}"
	poll 10 log_has oobetet 'info: SIGHUP changes nothing'
	stop oobetet
}

@test "oobetet: the example configuration is accepted as it stands" {
	cp "$root/doc/examples/oobetet/oobetet.ini" "$work/oobetet.ini"
	chmod 600 "$work/oobetet.ini"
	run -0 --separate-stderr oobetet -n -c "$work/oobetet.ini"
	[ "$stderr" = '' ]
	[[ "$output" == *$'\nmax_latency = 5m\n'* ]]
}
