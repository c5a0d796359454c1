#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC1091 # $root, $build and $output come from lib/daemons and bats
# The Debian package: built, checked, installed in a fresh Debian, used, upgraded and purged there.

load lib/daemons

setup_file() {
	# shellcheck source-path=SCRIPTDIR/lib source=daemons.bash
	. "$BATS_TEST_DIRNAME/lib/daemons.bash"
	export system=$BATS_FILE_TMPDIR/debian package=$BATS_FILE_TMPDIR/quietnight.deb
	env -u MAKEFLAGS make -s -C "$build" deb >"$BATS_FILE_TMPDIR/deb.log" 2>&1 ||
		{ tail -n 30 "$BATS_FILE_TMPDIR/deb.log"; return 1; }
	cp "$build"/deb/quietnight_*.deb "$package"
	"$root/t/chroot" "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$system" >"$BATS_FILE_TMPDIR/chroot.log" 2>&1 ||
		{ tail -n 30 "$BATS_FILE_TMPDIR/chroot.log"; return 1; }
	inside apt-get update -qq
	files >"$BATS_FILE_TMPDIR/before"
}

inside() { "$root/t/chroot" --enter "$system" env DEBIAN_FRONTEND=noninteractive "$@"; }

# install FILE: a package, with what it depends on; answers no question.
install_package() {
	cp "$1" "$system/root/quietnight.deb"
	inside apt-get install -qq -y --no-install-recommends -o Dpkg::Options::=--force-confold /root/quietnight.deb
	rm "$system/root/quietnight.deb"
}

# What lies in the system, but for what other packages and apt have brought.
files() {
	(cd "$system" && find etc lib/systemd usr/bin usr/share var/lib -name '*oobetet*' -o -name '*flapper*' \
		-o -name '*httpbroker*' -o -name '*quietnight*' | grep -v '^var/lib/apt/' | sort)
}

@test "lintian finds nothing" {
	run -0 lintian --allow-root --fail-on error,warning "$build"/deb/quietnight_*.changes
	echo "$output"
	[ -z "$output" ]
}

@test "installed: users, manual pages, a configuration for oobetet alone; no unit is enabled" {
	install_package "$package"
	local user
	for user in flapper httpbroker httpbroker-notify oobetet; do
		grep "^$user:" "$system/etc/passwd"
	done
	[ "$(inside stat -c '%a %U %G' /etc/oobetet.ini | tail -n 1)" = '640 root oobetet' ]
	[ -f "$system/usr/share/man/man8/oobetet.8.gz" ]
	[ -f "$system/usr/share/doc/quietnight/examples/nginx/httpbroker.conf" ]
	[ -f "$system/lib/systemd/system/oobetet.service" ]
	run ! grep -rl 'httpbroker\|oobetet\|flapper' "$system"/etc/systemd/system
	[ -z "$(find "$system/etc/systemd" -name '*oobetet*')" ]
}

@test "each program does its job by the command line of its unit, as its user" {
	cp "$root/t/lib/packaged" "$system/root/packaged"
	# shellcheck disable=SC2016 # the inner shell's
	run unshare --net sh -c 'ip link set lo up && exec "$@"' net "$root/t/chroot" --enter "$system" /root/packaged
	echo "$output"
	rm "$system/root/packaged"
	[ "$status" -eq 0 ]
	[[ "$output" == *'oobetet: logs oobetet'* ]]
}

@test "an upgrade keeps the configuration, its mode and its group" {
	local newer=$BATS_TEST_TMPDIR/newer
	dpkg-deb -R "$package" "$newer"
	sed -i 's/^Version: .*/Version: 9.0/' "$newer/DEBIAN/control"
	echo '# a newer example' >>"$newer/etc/oobetet.ini"
	dpkg-deb -b "$newer" "$newer.deb"
	sed -i 's/^password = .*/password = of-our-own/' "$system/etc/oobetet.ini"
	install_package "$newer.deb"
	inside dpkg-query -W quietnight | grep '9.0$'
	grep -x 'password = of-our-own' "$system/etc/oobetet.ini"
	[ "$(inside stat -c '%a %U %G' /etc/oobetet.ini | tail -n 1)" = '640 root oobetet' ]
}

@test "purged, it leaves nothing" {
	mkdir -p "$system/var/lib/private/oobetet"
	echo state >"$system/var/lib/private/oobetet/oobetet.state"
	ln -s private/oobetet "$system/var/lib/oobetet"
	inside dpkg --purge quietnight
	files >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_FILE_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}
