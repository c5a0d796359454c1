# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
# A private, real Jabber server, with the domain `localhost` and rooms at `conference.localhost`.
# It listens only on one free port of 127.0.0.1.
#
#   start_prosody [LINE...]      without TLS, passwords allowed in clear; LINEs are added to its
#                                configuration; sets $prosody_port (kept when set before)
#   start_prosody_tls [LINE...]  requires TLS, with a self-signed certificate, $prosody_certificate,
#                                made for `localhost` if there is none
#                                with $prosody_rooms_module the rooms' service has that module
#   prosody_account NAME PASSWORD    creates NAME@localhost; before or after the start
#   enter_room NAME NICK [ROOM]  starts a client in the room (`ops`): messages go to NAME.log; say()
#                                sends; with TLS if there is $prosody_certificate
#   say NAME TEXT

start_prosody() {
	prosody_configure 'c2s_require_encryption = false' 'allow_unencrypted_plain_auth = true' \
		'modules_disabled = { "s2s"; "tls"; "offline" }' "$@"
	prosody_start
}

start_prosody_tls() {
	prosody_certificate=$work/prosody/localhost.pem
	[ -e "$prosody_certificate" ] || make_certificate localhost
	prosody_configure 'c2s_require_encryption = true' \
		'modules_disabled = { "s2s"; "offline" }' \
		"ssl = { certificate = '$prosody_certificate'; key = '${prosody_certificate%.pem}.key' }" \
		"$@"
	prosody_start
}

prosody_account() {
	mkdir -p "$work/prosody/localhost/accounts"
	printf 'return { ["password"] = "%s" }\n' "$2" >"$work/prosody/localhost/accounts/$1.dat"
}

enter_room() {
	local name=$1 nick=$2 room=${3:-ops}
	local fifo=$work/$name.in
	[ -p "$fifo" ] || mkfifo "$fifo"
	prosody_account "$name" "secret-of-$name"
	# shellcheck disable=SC2016 # $0 and $@ are the inner shell's
	start "$name" sh -c 'exec room "$@" <>"$0"' "$fifo" --server "127.0.0.1:$prosody_port" \
		--jid "$name@localhost" --password "secret-of-$name" \
		--room "$room@conference.localhost" --nick "$nick" \
		${prosody_certificate:+--ca "$prosody_certificate"}
	poll 60 log_has "$name" ' joined '
}

say() {
	printf '%s\n' "$2" >"$work/$1.in"
}

# make_certificate HOST [OPENSSL-REQ-OPTION...]: creates self-signed HOST.pem and HOST.key.
make_certificate() {
	local host=$1
	shift
	mkdir -p "$work/prosody"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj "/CN=$host" -addext "subjectAltName=DNS:$host" "$@" \
		-keyout "$work/prosody/$host.key" -out "$work/prosody/$host.pem" 2>/dev/null
}

prosody_configure() {
	prosody_port=${prosody_port:-$(free_port)}
	mkdir -p "$work/prosody/certs" # Prosody logs an error without this folder
	cat >"$work/prosody/prosody.cfg.lua" <<-CONFIG
		run_as_root = true
		daemonize = false
		data_path = "$work/prosody"
		log = { info = "*console" }
		interfaces = { "127.0.0.1" }
		c2s_ports = { $prosody_port }
		authentication = "internal_plain"
		modules_enabled = { "disco"; "saslauth"; "roster"; "ping"; "tls" }
		$(printf '%s\n' "$@")
		VirtualHost "localhost"
		Component "conference.localhost" "muc"
			muc_room_locking = false
			modules_enabled = { ${prosody_rooms_module:+"\"$prosody_rooms_module\""} }
	CONFIG
}

# Its port opens last, when everything else is ready.
prosody_start() {
	start prosody prosody -F --config "$work/prosody/prosody.cfg.lua"
	poll 60 listening "$prosody_port"
}
