# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $pids and the functions come from t/lib and from the demo
#
# The parts of the chain: their names, how each is started, and how all are stopped.

host=lab     # the name under which Nagios knows the machine with the flapper
check=Flapper
period=4     # seconds: the port is open for half of it
max_latency=10

# In the order that a check's result takes; each log is $work/STATION.log.
chain=(flapper nagios submit httpbroker redis notify prosody room oobetet pagerduty)

# Replaces start of daemons.bash: the program ends with the demo, even if the demo is killed, and
# Ctrl-C reaches only the demo.
start() {
	local name=$1
	shift
	apart "$@" >"$work/$name.log" 2>&1 </dev/null &
	pids["$name"]=$!
}

# As start, for a program whose log has no times: each line is stamped as it is written.
start_stamped() {
	local name=$1
	shift
	apart "$@" > >(apart stamp-lines >"$work/$name.log") 2>&1 </dev/null &
	pids["$name"]=$!
}

apart() {
	exec setsid setpriv --pdeathsig KILL "$@"
}

# Replaces poll of daemons.bash: a signal ends it as well.
poll() {
	local limit
	now
	limit=$((REPLY + $1 * 1000))
	shift
	until "$@"; do
		signal_check
		now
		[ "$REPLY" -lt "$limit" ] || return 1
		sleep 0.05
	done
}

programs_find() {
	local program missing=()
	for program in redis-server redis-cli prosody nagios4 check_tcp go-sendxmpp openssl curl ss; do
		command -v "$program" >/dev/null || missing+=("$program")
	done
	[ ${#missing[@]} -eq 0 ] || give_up 69 "not found: ${missing[*]}: \`./bootstrap demo' installs them"
	for program in flapper httpbroker httpbroker-submit httpbroker-notify oobetet \
		pagerduty-standin room free-port stamp-lines; do
		command -v "$program" >/dev/null || give_up 69 "$program is not built: run \`make all'"
	done
}

# The servers of the chain.
services_start() {
	local name
	for name in "${chain[@]}" checks; do : >"$work/$name.log"; done
	mapfile -t ports < <(free_port 4)
	flapper_port=${ports[0]} broker_port=${ports[1]}
	redis_port=${ports[2]} prosody_port=${ports[3]}
	start pagerduty pagerduty-standin --payload
	start_redis 2>/dev/null || fail redis 'did not start'
	start_prosody_tls 2>/dev/null || fail prosody 'did not start'
	up pagerduty 10 log_has pagerduty 'http://'
	pagerduty_url=$(grep -Eo 'http://[^ ]+' "$work/pagerduty.log")
}

# Readers start before writers, so that the first result arrives.
chain_start() {
	room_start
	oobetet_start
	notify_start
	broker_start
	start_stamped flapper flapper --interval "$period" --port "$flapper_port" --bind 127.0.0.1
	nagios_start
}

# up STATION SECONDS COMMAND...: waits until it serves.
up() {
	local name=$1
	shift
	poll "$@" 2>/dev/null || fail "$name" 'did not start'
}

# The demo's own observer joins before the first message, so that it sees every message.
room_start() {
	enter_room room observer 2>/dev/null || fail room 'did not start'
	prosody_account notify secret-of-notify
	prosody_account oobetet secret-of-oobetet
}

# It runs go-sendxmpp for each message: log in, join the room, speak, leave.
notify_start() {
	cat >"$work/sendxmpprc" <<-CONF
		username: notify@localhost
		jserver: 127.0.0.1:$prosody_port
		password: secret-of-notify
	CONF
	chmod 600 "$work/sendxmpprc"
	SSL_CERT_FILE=$prosody_certificate HOME=$work XDG_DATA_HOME=$work/share start_stamped notify httpbroker-notify --debug \
		--server "127.0.0.1:$redis_port" -- \
		go-sendxmpp -f "$work/sendxmpprc" -a notify -c ops@conference.localhost
	up notify 20 log_has notify 'info: active'
}

oobetet_start() {
	oobetet_configure >"$work/oobetet.ini"
	chmod 600 "$work/oobetet.ini"
	start_stamped oobetet oobetet -c "$work/oobetet.ini"
	up oobetet 20 log_has room 'presence oobetet is here'
}

oobetet_configure() {
	cat <<-INI
		[oobetet]
		server = 127.0.0.1
		port = $prosody_port
		jabberid = oobetet@localhost
		password = secret-of-oobetet
		tls_ca_file = $prosody_certificate
		rooms = ops@conference.localhost
		watched_check = $check
		watched_entity = $host
		watched_nick = notify
		max_latency = $max_latency
		probe_flapper = 127.0.0.1:$flapper_port
		probe_broker = http://127.0.0.1:$broker_port
		probe_redis = 127.0.0.1:$redis_port
		pagerduty_contact = 0123456789abcdef0123456789abcdef
		pagerduty_url = $pagerduty_url
		[logger]
		level = DEBUG
	INI
}

broker_start() {
	local url=http://127.0.0.1:$broker_port/state
	start_stamped httpbroker httpbroker --debug --port "127.0.0.1:$broker_port" \
		--server "127.0.0.1:$redis_port" --interval 5s
	up httpbroker 20 curl -sf -o /dev/null "$url"
	nagios_configure "$flapper_port" "$host" "$check"
	start submit httpbroker-submit --url "$url" --format nagios "$nagios_perfdata"
}

# Nagios's debug log has each result, with Nagios's own time stamp.
nagios_start() {
	cat >>"$work/nagios/nagios.cfg" <<-CONFIG
		debug_file=$work/checks.log
		debug_level=16
		debug_verbosity=1
		max_debug_file_size=0
	CONFIG
	start_nagios 2>/dev/null || fail nagios 'did not start'
}

# Fails if a station has ended by itself.
chain_check() {
	local name status=0
	for name in "${chain[@]}"; do
		! running "$name" || continue
		wait "${pids[$name]}" || status=$?
		fail "$name" "has ended by itself, with exit status $status"
	done
}

# Signals all at once, then waits for each.
chain_stop() {
	[ -z "${pids[*]}" ] || kill -TERM "${pids[@]}" 2>/dev/null
	stop_all 2>/dev/null
}
