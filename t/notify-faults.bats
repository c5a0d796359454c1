# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2015,SC2016,SC2030,SC2031 # $work, $output, $status and what load brings; sh -c
# Two httpbroker-notify of one name under load, while they and Redis are killed, frozen and restarted:
# every change is sent at least once, for each check in order. The checker is t/tools/notify-check.

load lib/daemons
load lib/redis
load lib/notify
setup() { start_work; }
teardown() { stop_all; }

checks=40 changes=400

start_durable() { start_redis --appendonly yes --appendfsync always; }

start_both() {
	running one || start_notify one
	running two || start_notify two
}

pause() { python3 -c 'import random, sys, time; time.sleep(float(sys.argv[1]) * (0.5 + random.random()))' "$1"; }

# For so long, less or more.
frozen_for() {
	freeze "$1"
	pause "$2"
	kill -CONT "${pids[$1]}"
}

all_is_sent() {
	[ "$(redis EXISTS events httpbroker-notify:default:output:stdout)" = 0 ]
}

unrest() {
	local who
	while running feed; do
		start_both
		pause 1.5
		who=$([ $((RANDOM % 2)) = 0 ] && echo one || echo two)
		case $((RANDOM % 5)) in
		0 | 1) kill -KILL "${pids[$who]}" && wait "${pids[$who]}" || : ;;
		2) frozen_for "$who" 7 ;;
		3) kill -KILL "${pids[redis]}" && { wait "${pids[redis]}" || :; } && start_durable ;;
		4) frozen_for redis 5 ;;
		esac
	done
}

@test "killed, frozen, and Redis restarted: every change is sent, in order" {
	redis_port=$(free_port) notify_out=$work/both.out
	start_durable
	start_both
	start feed "$root/t/tools/notify-check" feed "$redis_port" "$checks" "$changes" 300
	unrest
	wait "${pids[feed]}"
	start_both
	poll 60 all_is_sent
	# both append their lines; those of one come after those of the other only while a lease changes
	"$root/t/tools/notify-check" count "$notify_out" "$checks" "$changes"
}

@test "with a broken output events are still taken, and all is sent when it works again" {
	local i
	start_redis
	start_active -- sh -c '[ -e "$0" ] && cat >>"$0.told"' "$work/works"
	for ((i = 0; i < 300; i++)); do push a "c$i" critical x; done
	poll 20 queue_is_empty
	[ "$(redis LLEN httpbroker-notify:default:output:command)" = 300 ]
	touch "$work/works"
	poll 120 eval '[ "$(sort -u "$work/works.told" | wc -l)" -eq 300 ]'
	poll 10 eval '[ "$(redis EXISTS httpbroker-notify:default:output:command)" = 0 ]'
}

@test "a command that does not end is killed after 30 s, with what it has started" {
	event a b critical x >"$work/events"
	start notify bash -c 'exec httpbroker-notify -- sh -c "sleep 300 & echo \$! >$0/pid; wait" <"$0/events"' "$work"
	poll 10 test -s "$work/pid"
	poll 60 log_has notify 'error: output command: the command ran longer than 30 s and was killed; its notifications are kept'
	poll 10 ended "$(cat "$work/pid")"
}

@test "SIGTERM while Redis is frozen and another stands by: the command that runs ends, then the program" {
	start_redis
	start_active -- sh -c ': >"$0/begun"; sleep 8; cat >>"$0/told"' "$work"
	start_notify second -- true
	poll 10 log_has second 'standing by'
	poll 10 eval '[ "$(redis EXISTS httpbroker-notify:default:standby)" = 1 ]'
	push a b critical 1
	poll 10 test -e "$work/begun"
	python3 -c 'import time; time.sleep(1.5)' # a commit has seen the stand-by
	freeze redis
	stop_within 30 notify
	[ "$(cat "$work/told")" = 'Problem: "b" on a is Critical, 1' ]
	kill -CONT "${pids[redis]}"
}

# A proxy puts a number in the place of the second event that Redis sends. The first and the last are
# what was asked for: a commit of this answer would remove all three.
@test "an answer of Redis that is no list of texts is refused, and the events are read again" {
	start_redis
	push e c critical one
	push e d critical two
	push e f critical three
	local there=$redis_port
	redis_port=$(free_port)
	start proxy python3 -c '
import re, socket, sys, threading
odd = [1]
def pump(a, b, events):
    while data := a.recv(1 << 20):
        if events and odd:
            data, changed = re.subn(rb"(\$\d+\r\n\{[^\r]*\r\n)\$\d+\r\n\{[^\r]*\r\n", rb"\1:1\r\n", data, count=1)
            del odd[:changed]
        b.sendall(data)
    b.shutdown(socket.SHUT_RDWR)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    a, b = listener.accept()[0], socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    for one, other, events in (a, b, False), (b, a, True):
        threading.Thread(target=pump, args=(one, other, events), daemon=True).start()
' "$redis_port" "$there"
	poll 20 listening "$redis_port"
	start_notify
	poll 20 log_has notify 'error: Redis at .*: refuses EVAL events: an odd answer; until it is back, no events are read'
	poll 20 notify_printed 'Problem: "c" on e is Critical, one' 'Problem: "d" on e is Critical, two' \
		'Problem: "f" on e is Critical, three'
	run ! log_has notify 'skipped|another program'
	redis_port=$there
}
