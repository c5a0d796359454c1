#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $root, $build and $work come from lib/daemons and bats
# The tarball of a release, as README installs it: by the line printed there, without autotools.

load lib/daemons

setup() { start_work; }
teardown() { stop_all; }

@test "the tarball: ./configure && make && make install, as README has it, and make uninstall" {
	local tool line installed
	line=$(sed -n 's/^    \(\.\/configure .*\)$/\1/p' "$root/README")
	[ -n "$line" ]
	# what `make dist` packs
	env -u MAKEFLAGS make -s -C "$build" distdir distdir="$work/quietnight" >/dev/null
	mkdir "$work/bin"
	for tool in autoconf automake autoreconf aclocal autoheader; do
		printf '#!/bin/sh\necho "%s was called" >&2\nexit 1\n' "$tool" >"$work/bin/$tool"
		chmod +x "$work/bin/$tool"
	done
	cd "$work/quietnight"
	[ ! -e .git ]
	env -u MAKEFLAGS -u MAKELEVEL -u QN_BUILD PATH="$work/bin:$PATH" DESTDIR="$work/to" MAKEFLAGS=-j2 bash -c "$line" >"$work/log" 2>&1 ||
		{ tail -n 30 "$work/log"; false; }
	for installed in flapper httpbroker httpbroker-submit httpbroker-notify oobetet; do
		"$work/to/usr/local/bin/$installed" --version | grep "$installed"
		find "$work/to/usr/local/share/man" -name "$installed.[18]" | grep .
	done
	[ -f "$work/to/usr/local/share/doc/quietnight/README" ]
	DESTDIR=$work/to make -s uninstall >/dev/null
	[ -z "$(find "$work/to" ! -type d)" ]
}
