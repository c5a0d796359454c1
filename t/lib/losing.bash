# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
#   start_losing_proxy FROM TO   a proxy to Redis, from one port to another, that can lose a response
#
# When a request contains the text in $work/lose, Redis executes it, sh runs $work/losing, the response
# is discarded and the connection closed; $work/lose is then renamed to $work/lost.

start_losing_proxy() {
	start proxy python3 -c '
import os, select, socket, subprocess, sys, threading
work = sys.argv[3]
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def loses(data):
    try:
        if open(work + "/lose").read().strip().encode() not in data: return False
        os.rename(work + "/lose", work + "/lost")
        return True
    except FileNotFoundError: return False
def pump(a, b):
    try:
        while True:
            for s in select.select([a, b], [], [])[0]:
                data = s.recv(1 << 20)
                if not data: return
                lost = s is a and loses(data)
                (b if s is a else a).sendall(data)
                if lost:
                    assert b.recv(1 << 20)
                    subprocess.run(["sh", work + "/losing"], check=True)
                    return
    except OSError: pass
    finally: a.close(); b.close()
while True:
    a, _ = listener.accept()
    b = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=pump, args=(a, b), daemon=True).start()
' "$1" "$2" "$work"
	poll 20 listening "$1"
}
