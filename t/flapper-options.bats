# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # $work, $output, $status and what load brings; eval's
# The command line of flapper.

load lib/daemons
load lib/flapper
setup() { start_work; }
teardown() { stop_all; }

# refuses MESSAGE OPTION...: exit 64, and an error that contains MESSAGE
refuses() {
	exits 64 "$1" flapper "${@:2}"
}

@test "flapper: --help and --version print to standard output" {
	for option in -h --help; do
		run -0 --separate-stderr flapper $option
		[[ "$output" == "usage: flapper "* && "$stderr" == '' ]]
	done
	for option in -V --version; do
		run -0 --separate-stderr flapper $option
		[[ "$output" =~ ^flapper\ [0-9.]+$ && "$stderr" == '' ]]
	done
}

@test "flapper: an invalid value is refused with the option and the value" {
	refuses "--interval: '1ms' is not from 2ms to 7d" -i 1ms
	refuses "--interval: '7d1s' is not from 2ms to 7d" --interval 7d1s
	refuses "--interval: 'often' is not a duration" --interval=often
	refuses "--interval: '' is not a duration" --interval=
	refuses "--port: 65536 is not from 0 to 65535" -p 65536
	refuses "--port: -1 is not from 0 to 65535" -p -1
	refuses "--port: '80x' is not a whole number" -p 80x
	refuses "--bind: 'localhost' is not a numeric address" -b localhost
	refuses "--bind: '::1%nosuch' is not a numeric address" -b ::1%nosuch
	refuses "--bind: 'fe80::1' is not a numeric address such as 127.0.0.1, ::1 or fe80::1%eth0" -b fe80::1
	refuses "--count: 0 is not from 1 to" -n 0
	refuses "--count: 'x' is not a whole number" -n x
	refuses "--ready-fd: 99: Bad file descriptor" --ready-fd 99
	refuses "--ready-fd: 2 is where the log goes" --ready-fd 2
	refuses "Try 'flapper --help'." -z
	refuses "Try 'flapper --help'." --interval
	refuses "unexpected argument 'here'" here
}

@test "flapper: options of the original get an error with the new form" {
	refuses "type 'flapper', with options such as --interval 120 --port 12345" start
	refuses "type 'flapper', with options" start -d -p /var/run/flapper.pid
	refuses "type 'sv stop flapper'" stop
	refuses "type 'sv restart flapper'" restart
	refuses "type 'sv status flapper'" status
	refuses "'/var/run/flapper.pid' is not a port" -p /var/run/flapper.pid
	refuses "type 'flapper --port 12345'" -p flapper.pid
}

@test "flapper: the original's option names work" {
	port=$(free_port)
	run -0 flapper --bind-ip 127.0.0.1 --bind-port "$port" --frequency 1.5 --count 1
	[ "${lines[0]}" = "flapper: info: up on 127.0.0.1:$port for 750 ms" ]
	[ "${lines[1]}" = "flapper: info: down on 127.0.0.1:$port for 750 ms" ]
}

@test "flapper: the interval accepts every form of a duration" {
	local -A halves=([120]='60 s' [2m]='60 s' [1.5]='750 ms' [1h30m]='2700 s' [7d]='302400 s'
		[2ms]='1 ms')
	for interval in "${!halves[@]}"; do
		start_flapper -i "$interval"
		log_has flapper "up on \[::\]:$port for ${halves[$interval]}\$"
		stop flapper
	done
}

@test "flapper: without options the port is 12345 and the interval 120 s" {
	flapper -h | grep -F '2ms to 7d (default 120s)'
	flapper -h | grep -F '(default 12345;'
	# the port may be in use: the message still contains it
	start flapper flapper
	poll 10 log_has flapper '(up on \[::\]:12345 for 60 s$|error: cannot .* \[::\]:12345: )'
}
