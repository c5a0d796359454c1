# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # $work and the functions come from daemons.bash; url and code are for tests
#
#   start_broker OPTION...   httpbroker, on the Redis at $redis_port; waits until it listens; sets
#                            $broker_port (kept when set before) and $url
#   broker_listens           sets them from its log
#   event ENTITY CHECK STATE [KEYS]   JSON; KEYS, such as '"ttl":30', are added to it
#   post JSON [CURL-OPTION...]        sets $code and $answer; with `Prefer: $prefer`, if that is set
#   refuses MESSAGE OPTION...         succeeds if httpbroker exits with 64 and this message
#   queue                    prints the queue, oldest first
#   queued N                 succeeds if the queue has at least N events
#   batch CLOCK WALL         writes the last commit of a previous broker
#   most_memory              prints the broker's peak memory in KiB
#   records_are N            succeeds if Redis has the records of N checks
#   last_queued PATTERN      succeeds if the newest event matches the extended regular expression
#   client SCRIPT-ARGUMENT...   runs standard input as Python, with post() and get() defined; each
#                            request has the header line $client_header, if that is set

start_broker() {
	start broker httpbroker --port "${broker_port:-0}" --server "127.0.0.1:$redis_port" "$@"
	poll 10 broker_listens
}

broker_listens() {
	broker_port=$(sed -n 's/^httpbroker: info: listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' \
		"$work/broker.log")
	url=http://127.0.0.1:$broker_port/state
	[ -n "$broker_port" ]
}

event() {
	echo "{\"entity\":\"$1\",\"check\":\"$2\",\"state\":\"$3\"${4:+,$4}}"
}

post() {
	local header=()
	[ -z "${prefer-}" ] || header=(-H "Prefer: $prefer")
	code=$(curl -sS -m 20 -o "$work/answer" -w '%{http_code}' -d "$1" "${header[@]}" "${@:2}" "$url")
	answer=$(cat "$work/answer")
}

# posts CODE JSON...: posts each; fails unless each is answered with CODE
posts() {
	local json
	for json in "${@:2}"; do
		post "$json"
		[ "$code" = "$1" ] || {
			echo "$json: $code $answer"
			return 1
		}
	done
}

refuses() {
	exits 64 "$1" httpbroker "${@:2}"
}

queue() {
	redis LRANGE "${1:-events}" 0 -1 | tac
}

queued() {
	[ "$(redis LLEN events)" -ge "$1" ]
}

batch() {
	redis SET httpbroker:default:batch "41 0123456789abcdef $1 $2"
}

most_memory() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/${pids[broker]}/status"
}

records_are() {
	[ "$(redis HLEN httpbroker:default:states)" -eq "$1" ]
}

last_queued() {
	redis LINDEX events 0 | grep -Eq -- "$1"
}

client() {
	python3 -c '
import os, re, socket, sys, threading, time
port = int(sys.argv[1])

def connect():
    s = socket.create_connection(("127.0.0.1", port), 20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(30)
    return s

def answer(s):
    """The status and the body of the next answer; (0, "") if the connection was closed instead."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            return 0, ""
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?i)content-length: (\d+)", head)
    def complete():
        return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")
    while not complete():
        more = s.recv(65536)
        assert more, "closed within a body"
        body += more
    return int(head.split()[1]), body.decode()

def request(json, length=None):
    header = os.environ.get("client_header", "")
    return ("POST /state HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\n\r\n%s" %
        (header and header + "\r\n", len(json) if length is None else length, json)).encode()

def event(entity, check, state, summary=""):
    return """{"entity":"%s","check":"%s","state":"%s","summary":"%s"}""" % (entity, check, state, summary)

def post(s, json):
    s.sendall(request(json))
    return answer(s)

def get(s):
    s.sendall(b"GET /state HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return answer(s)

def together(count, run):
    """Runs run(0) to run(count - 1) at the same time; any that fails, or hangs, is a failure."""
    done = []
    def one(i):
        run(i)
        done.append(i)
    threads = [threading.Thread(target=one, args=(i,), daemon=True) for i in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join(120)
    assert len(done) == count, "%d of %d" % (len(done), count)

exec(sys.stdin.read())' "$broker_port" "$@" 3>&-
}
