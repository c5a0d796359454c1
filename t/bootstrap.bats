# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # $work, $output, $status and what load brings
# ./bootstrap, from a copy of the tree like a clone: the tree itself may be read-only, and other
# tests use it at the same time.

load lib/daemons
load lib/leftovers

setup() {
	start_work
	tree=$work/tree
}

teardown() { stop_all; }

# Without the files of autoreconf and configure.
copy_tree() {
	mkdir "$tree"
	tar -C "$root" --exclude='./build*' --exclude=./.git --exclude=./configure --exclude=./autom4te.cache \
		--exclude=./aclocal.m4 --exclude=Makefile.in --exclude='./_*' -cf - . | tar -C "$tree" -xf -
	chmod -R u+w "$tree"
}

# As typed in a shell: without the environment of the make that runs this test.
bootstrap() {
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u QN_BUILD \
		CONFIGURE_FLAGS='--disable-hardening CFLAGS=-O1' "$tree/bootstrap" "$@"
}

# configured NAME: its value in the Makefile.
configured() {
	sed -n "s/^$1 = *//p" "$tree/build/Makefile"
}

# command_stub NAME: replaces NAME in $work/bin, and records each call in $work/called.
command_stub() {
	mkdir -p "$work/bin"
	printf '#!/bin/sh\necho "%s $*" >>"%s"\n' "$1" "$work/called" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

enabled_services() {
	find /etc/systemd/system /etc/rc[0-6S].d /usr/sbin/policy-rc.d 2>/dev/null | sort
}

listeners() {
	ss -Hltn | awk '{ print $4 }' | sort
}

# Listeners that are new since then and marked; those of other tests are not.
new_listeners() {
	local address pid
	listeners | comm -13 "$1" - | while read -r address; do
		ss -Hltnp "src $address" | grep -Eo 'pid=[0-9]+' | while IFS='=' read -r _ pid; do
			! is_marked "/proc/$pid" || echo "$address $pid"
		done
	done
}

@test "demo in a fresh clone builds and leaves nothing behind; the second run builds nothing" {
	local act
	copy_tree
	listeners >"$work/listeners"
	enabled_services >"$work/services"
	marked bootstrap demo >"$work/out" 2>&1

	[ -z "$(new_listeners "$work/listeners")" ]
	[ -z "$(leftovers)" ]
	enabled_services | diff "$work/services" -

	run ! grep -q $'\e' "$work/out"
	for act in 'Would I be told?' '1. Normal operation' '2. Nagios hangs' '3. The alarm' \
		'4. Nagios continues' '5. Measurements'; do
		grep -Fq -- "── $act ─" "$work/out"
	done
	# the alarm is one line, however long, in the room and in the payload
	grep -Eq "^ *[0-9.]+ room +oobetet: Flapjack Self Monitoring is Critical: haven't seen a test (problem|recovery) notification in the last 10 seconds for \"Flapper\" on lab, from [^ ]+ at [-0-9: ]+ [+]0000; [^;]+\$" "$work/out"
	grep -Eq '^ +"summary": "Flapjack Self Monitoring is Critical: .*",?$' "$work/out"
	grep -Eq '^ *[0-9.]+ room +oobetet: Flapjack Self Monitoring is OK' "$work/out"
	grep -Eq '^ *[0-9.]+ pagerduty\* +the incident is resolved' "$work/out"

	stat -c '%n %y' "$tree/configure" "$tree/build/Makefile" "$tree/build/flapper/flapper" >"$work/made"
	run bootstrap
	[ "$status" = 0 ]
	[[ "$output" != *checking* ]]
	[[ "$output" != *'  CC '* ]]
	[[ "$output" != *installing* ]]
	stat -c '%n %y' "$tree/configure" "$tree/build/Makefile" "$tree/build/flapper/flapper" |
		diff "$work/made" -
}

@test "tools installed after configure are found; configure runs again only then" {
	copy_tree
	command_stub make
	PATH=$work/bin:$PATH
	run -0 env CONFIGURE_FLAGS=--disable-hardening "$BATS_TEST_DIRNAME/lib/newcomer" "$tree/bootstrap" demo
	[ "$(configured BATS)" = bats ]
	run -0 env -u CONFIGURE_FLAGS "$tree/bootstrap" check
	[[ "$output" == *'checking for cmocka'*yes* ]]
	[ "$(configured BATS)" = "$(command -v bats)" ]
	run -0 env -u CONFIGURE_FLAGS "$tree/bootstrap" demo --keep
	grep -q '^make .* demo KEEP=1$' "$work/called"
	[ -z "$(configured MODE_CFLAGS)" ] # the flags are still those
	run -0 env -u CONFIGURE_FLAGS "$tree/bootstrap" check
	[[ "$output" != *checking* ]]
}

@test "make check lists missing tools and runs no test; check-quick skips tests that need them" {
	local tools=$BATS_TEST_DIRNAME/lib/tools
	PATH=$work/bin:$PATH
	run -2 "$BATS_TEST_DIRNAME/lib/newcomer" make -C "$build" check BATS=bats TESTS='t/unit/common t/room.bats'
	grep -Eq '^ +bats +bats$' <<<"$output"
	[[ "$output" != *PASS* ]]

	export BATS=nonesuch CC=false
	run -1 "$tools" require t/room.bats t/unit/common t/fuzz/text
	[[ "$output" == *'bats '*'cmocka '*'libcmocka-dev'* ]]
	run -0 "$tools" require t/fuzz/text
	[ "$("$tools" runnable t/room.bats t/unit/common t/fuzz/text)" = t/fuzz/text ]
	[ "$("$tools" left-out t/unit/common t/fuzz/text)" = 'not run: t/unit/common (needs cmocka)' ]
}

@test "what lib/daemons needs, every test needs: few tools" {
	[ "$("$BATS_TEST_DIRNAME/lib/tools" packages t/layout.bats | xargs)" = 'bats iproute2 python3' ]
}

@test "bootstrap installs for a target what each of its tests needs" {
	local target tests package
	for target in check=TESTS check-systems=SYSTEM_TESTS; do
		tests=$(env -u MAKEFLAGS make -s -C "$build" --eval="list: ; @echo \$(${target#*=})" list)
		"$root/bootstrap" --list "${target%=*}" >"$work/list"
		# shellcheck disable=SC2086 # a list of names
		"$BATS_TEST_DIRNAME/lib/tools" packages $tests >"$work/packages"
		grep -qx bats "$work/packages"
		while read -r package; do
			grep -q "^${package}[ |]" "$work/list"
		done <"$work/packages"
	done
}

@test "--list prints the packages of a target and changes nothing" {
	local name
	copy_tree
	for name in apt-get sudo dpkg-query autoreconf make; do command_stub "$name"; done
	PATH=$work/bin:$PATH run "$tree/bootstrap" --list demo
	[ "$status" = 0 ]
	grep -Eq '^prosody +demo,check[a-z,]* +the Jabber server' <<<"$output"
	grep -Eq '^gcc +build ' <<<"$output"
	run ! grep -Eq '^bats |^shellcheck ' <<<"$output"
	PATH=$work/bin:$PATH run "$tree/bootstrap" --list
	run ! grep -Eq '^prosody ' <<<"$output"
	[ ! -e "$work/called" ]
	[ ! -e "$tree/build" ]
}

@test "without apt-get it lists what to install, and exits 69" {
	local name
	copy_tree
	mkdir "$work/bin"
	for name in sh dirname cat awk sed env id; do ln -s "$(command -v "$name")" "$work/bin/$name"; done
	PATH=$work/bin run -69 "$tree/bootstrap" demo
	[[ "$output" == *'not a Debian system'* ]]
	grep -Eq '^    redis-server +demo,check,bench ' <<<"$output"
	[[ "$output" == *'autoreconf -fi && '*' make demo'* ]]
	[ ! -e "$tree/build" ]
}

@test "an unknown option is an error, not a target" {
	copy_tree
	run -64 "$tree/bootstrap" --please
	[[ "$output" == *'unknown option --please'*usage:* ]]
	# make would take each for one of its own
	local arguments
	for arguments in 'demo --break' 'demo --keep --break redis' 'demo --brake redis' 'check --keep'; do
		# shellcheck disable=SC2086 # words
		run -64 "$tree/bootstrap" $arguments
		[[ "$output" == *"unknown option --"*"; 'demo' takes --keep, or --break LINK"*usage:* ]]
	done
	[ ! -e "$tree/build" ]
}

@test "CONFIGURE_FLAGS that differ from those of the build are an error" {
	copy_tree
	command_stub make
	PATH=$work/bin:$PATH
	run -0 bootstrap
	run -0 bootstrap
	run -64 env CONFIGURE_FLAGS=--prefix=/elsewhere "$tree/bootstrap" install
	[[ "$output" == *"build/ was configured with '--disable-hardening CFLAGS=-O1', not '--prefix=/elsewhere'"* ]]
	run ! grep -q '^make .*install' "$work/called"
	run -0 env -u CONFIGURE_FLAGS DESTDIR="$work/to" "$tree/bootstrap" install
	grep -q '^make .*install' "$work/called"
}

@test "install runs as root only if the prefix cannot be written, and keeps DESTDIR" {
	load lib/confined
	copy_tree
	command_stub make
	printf '#!/bin/sh\necho "sudo $*" >>"%s"\n' "$work/called" >"$work/bin/sudo"
	printf '#!/bin/sh\n[ "$1" != -u ] || { echo 1000; exit; }\nexec %s "$@"\n' "$(command -v id)" >"$work/bin/id"
	chmod +x "$work/bin/sudo" "$work/bin/id"
	export PATH=$work/bin:$PATH
	mkdir "$work/mine" "$work/theirs"
	export CONFIGURE_FLAGS="--disable-hardening --prefix=$work/mine/new"
	run -0 "$tree/bootstrap"
	chmod 555 "$work/theirs"
	# installs DESTDIR PREFIX: what is called last
	installs() {
		sed -i "s|^prefix = .*|prefix = $2|" "$tree/build/Makefile"
		run -0 "${mortal[@]}" env DESTDIR="$1" "$tree/bootstrap" install
		tail -n 1 "$work/called"
	}
	[[ "$(installs '' "$work/mine/new")" == make*' install' ]]
	[ "$(installs '' "$work/theirs")" = "sudo make -C $tree/build install" ]
	[[ "$(installs "$work/mine/d" "$work/theirs")" == make*' install' ]]
	[ "$(installs "$work/theirs/d" "$work/mine")" = "sudo make -C $tree/build DESTDIR=$work/theirs/d install" ]
	run ! grep -q 'sudo.* all' "$work/called"
}

@test "./configure lists everything missing at once, with purpose and package, as in the list" {
	local package
	mkdir "$work/elsewhere"
	cd "$work/elsewhere"
	PKG_CONFIG_LIBDIR=/nonexistent run -1 "$root/configure"
	[[ "$output" == *'libstrophe >= 0.12.2, for XMPP (Debian: libstrophe-dev)'* ]]
	[ "$(grep -c 'for .* (Debian: ' <<<"$output")" -eq 8 ]
	while read -r package; do
		"$root/bootstrap" --list | grep -Eq "^${package}[ |]"
	done < <(sed -n 's/.*(Debian: \(.*\))/\1/p' <<<"$output")
}
