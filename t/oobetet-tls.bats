# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $output, $pids and what load brings
# oobetet and certificates: valid, of an unknown authority, of another host, expired, none.

bats_require_minimum_version 1.5.0
load lib/daemons
load lib/prosody
load lib/oobetet

setup() { start_work; }
teardown() { stop_all; }

# A server with a certificate that is invalid for localhost, then with a valid one.
certificate=prosody/localhost

# As make_certificate, but expired for years.
make_expired_certificate() {
	local folder=$work/prosody/authority
	mkdir -p "$folder"
	: >"$folder/index"
	echo 01 >"$folder/serial"
	cat >"$folder/config" <<-CONFIG
		[ca]
		default_ca = ca
		[ca]
		database = $folder/index
		serial = $folder/serial
		new_certs_dir = $folder
		default_md = sha256
		policy = policy
		copy_extensions = copy
		[policy]
		commonName = supplied
	CONFIG
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout "$work/$certificate.key" -out "$folder/request" 2>/dev/null
	openssl ca -batch -notext -selfsign -config "$folder/config" -keyfile "$work/$certificate.key" \
		-in "$folder/request" -out "$work/$certificate.pem" \
		-startdate 20200101000000Z -enddate 20200102000000Z 2>/dev/null
}

make_other_certificate() {
	make_certificate other.example
	mv "$work/prosody/other.example.key" "$work/$certificate.key"
	mv "$work/prosody/other.example.pem" "$work/$certificate.pem"
}

# unverified WHY: the error contains WHY and tls_ca_file; with a valid certificate it recovers
unverified() {
	start_prosody_tls
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	write_ini tls= tls_ca_file="$work/$certificate.pem"
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet "xmpp: the server.s certificate cannot be verified: $1.*\\(tls_ca_file names the authority\\); trying again"
	poll 20 pagerduty_has "202 trigger .*certificate cannot be verified"
	run ! log_has prosody 'Authenticated as'
	[ "$(count_of oobetet 'cannot be verified.*; trying again')" -eq 1 ]
	stop prosody
	rm "$work/$certificate.pem"
	start_prosody_tls
	enter_room flapjack flapjack
	poll 20 log_has oobetet 'in the room ops@conference.localhost as oobetet'
	both
	poll 20 pagerduty_has '202 resolve'
}

@test "oobetet: a certificate for another host" {
	make_other_certificate
	unverified 'hostname mismatch'
}

@test "oobetet: a certificate that has expired" {
	make_expired_certificate
	unverified 'certificate has expired'
}

@test "oobetet: a valid certificate, of a known and of an unknown authority" {
	start_prosody_tls
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	write_ini tls=required tls_ca_file="$prosody_certificate"
	start_oobetet
	log_has prosody 'Stream encrypted'
	stop oobetet
	write_ini tls=
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'xmpp: the server.s certificate cannot be verified: .*\(tls_ca_file names the authority\); trying again'
	poll 20 pagerduty_has '202 trigger .*certificate cannot be verified'
}

@test "oobetet: no login without TLS, except with tls = off" {
	start_prosody
	prosody_account oobetet secret-of-oobetet
	start_pagerduty
	write_ini tls=required
	start oobetet oobetet -c "$work/oobetet.ini"
	poll 20 log_has oobetet 'xmpp: libstrophe: TLS is not supported, but set as mandatory'
	run ! log_has prosody 'Authenticated as'
	poll 20 pagerduty_has '202 trigger .*TLS is not supported'
	stop oobetet
	write_ini tls=off
	start_oobetet
}
