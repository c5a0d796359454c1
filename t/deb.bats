#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC1091,SC2016,SC2030,SC2031 # what lib/daemons and bats bring; sh
# The Debian package: built, checked, installed in a fresh Debian, used, upgraded and purged there.
# DEBIAN=trixie does so for that release, whichever this machine has: built in a Debian of its own.

load lib/daemons

setup_file() {
	# shellcheck source-path=SCRIPTDIR/lib source=daemons.bash
	. "$BATS_TEST_DIRNAME/lib/daemons.bash"
	export system=$BATS_FILE_TMPDIR/debian builder=$BATS_FILE_TMPDIR/builder package=$BATS_FILE_TMPDIR/quietnight.deb
	logged build_package
	logged "$root/t/chroot" "${DEBIAN:-$(. /etc/os-release && echo "$VERSION_CODENAME")}" "$system"
	inside apt-get update -qq
	files >"$BATS_FILE_TMPDIR/before"
}

# logged COMMAND...: silent, unless it fails
logged() {
	"$@" >"$BATS_FILE_TMPDIR/log" 2>&1 || { tail -n 30 "$BATS_FILE_TMPDIR/log"; return 1; }
}

# makes $package here, or in a Debian of the release that is asked for
build_package() {
	if [ -z "${DEBIAN-}" ]; then
		made=$build/deb
		env -u MAKEFLAGS make -s -C "$build" deb
	else
		made=$builder/home/newcomer/quietnight/build/deb
		"$root/t/chroot" "$DEBIAN" "$builder" deb &&
			"$root/t/chroot" --enter "$builder" env DEBIAN_FRONTEND=noninteractive \
				apt-get install -qq -y --no-install-recommends lintian
	fi && cp "$made"/quietnight_*.deb "$package"
	export made
}

inside() { "$root/t/chroot" --enter "$system" env DEBIAN_FRONTEND=noninteractive "$@"; }

# alone COMMAND...: in a network of its own
alone() {
	unshare --net sh -c 'ip link set lo up && exec "$@"' net "$@"
}

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
	local enter=()
	[ -z "${DEBIAN-}" ] || enter=("$root/t/chroot" --enter "$builder")
	run "${enter[@]}" sh -c 'cd "$0" && lintian --allow-root --fail-on error,warning quietnight_*.changes' \
		"${made#"$builder"}"
	echo "$output"
	[ "$status" -eq 0 ]
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
	run alone "$root/t/chroot" --enter "$system" /root/packaged
	echo "$output"
	rm "$system/root/packaged"
	[ "$status" -eq 0 ]
	[[ "$output" == *'oobetet: logs oobetet'* ]]
}

# served SUPERVISOR, by t/chroot --boot or --enter
served() {
	cp "$root/t/lib/served" "$system/root/served"
	run "${@:2}" "$system" /root/served "$1" /usr/share/doc/quietnight/examples
	echo "$output"
	rm "$system/root/served"
	[ "$status" -eq 0 ]
	[[ "$output" == *"$1: no alarm for 14 s"*"$1: told alarm"*"$1: told ok"* ]]
}

# bootable: systemd can run as process 1 here
bootable() {
	unshare --mount mount -t cgroup2 cgroup2 "$system/mnt" && return
	echo '# not tried: systemd cannot run without cgroup2' >&3
	return 1
}

@test "under systemd all five units do their job together" {
	inside apt-get install -qq -y --no-install-recommends systemd redis-server procps runit daemontools
	bootable || return 0
	served systemd "$root/t/chroot" --boot
}

@test "under systemd, with the drop-in for a set-group-id mailer, alarms and notifications arrive by mail" {
	bootable || return 0
	inside debconf-set-selections <<<'postfix postfix/main_mailer_type select Local only'
	inside apt-get install -qq -y --no-install-recommends postfix msmtp
	cp "$root/t/lib/mailed" "$system/root/mailed"
	run "$root/t/chroot" --boot "$system" /root/mailed /usr/share/doc/quietnight/examples
	echo "$output"
	rm "$system/root/mailed"
	[ "$status" -eq 0 ]
}

@test "under runit all five examples do their job together" {
	served runit alone "$root/t/chroot" --enter
}

@test "under daemontools all five examples do their job together" {
	served daemontools alone "$root/t/chroot" --enter
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
