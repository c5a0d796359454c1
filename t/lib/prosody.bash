# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
# A real Jabber server of our own, with the domain `localhost` and rooms at `conference.localhost`.
# It listens on one free port of 127.0.0.1 and on nothing else.
#
#   start_prosody [LINE...]      without TLS, passwords allowed in clear; LINEs are added to its
#                                configuration; sets $prosody_port (kept when set before)
#   start_prosody_tls [LINE...]  nobody gets in without TLS; the certificate is its own authority,
#                                $prosody_certificate, made for `localhost` where none is there
#                                with $prosody_rooms_module the rooms' service has that module
#   prosody_account NAME PASSWORD    NAME@localhost may log in; before or after the start
#   enter_room NAME NICK [ROOM]  somebody in the room (`ops`): what is heard goes to NAME.log,
#                                what say() gives is said; with TLS where $prosody_certificate is
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
	poll 60 said "$name" ' joined '
}

say() {
	printf '%s\n' "$2" >"$work/$1.in"
}

# make_certificate HOST [OPENSSL-REQ-OPTION...]: HOST.pem and HOST.key, signed by itself.
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
	mkdir -p "$work/prosody/certs" # it looks into that folder, and complains without it
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

# Its port opens when everything else is ready: it does one thing after the other.
prosody_start() {
	start prosody prosody -F --config "$work/prosody/prosody.cfg.lua"
	poll 60 listening "$prosody_port"
}
