#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $root and $output come from lib/daemons and bats
# What the examples for supervisors promise: systemd's units and the run scripts. (Whether what they
# start serves is in the programs' own tests.)

load lib/daemons

setup() { cd "$root/doc/examples" || return; }

@test "each unit starts again for ever, has a bound of memory, and may do little else" {
	local unit
	for unit in */*.service; do
		echo "$unit"
		grep -qx 'StartLimitIntervalSec=0' "$unit"
		grep -qx 'Restart=always' "$unit"
		grep -qx 'MemoryMax=[0-9]*[MG]' "$unit"
		grep -qx 'SystemCallFilter=@system-service' "$unit"
		grep -qx 'NoNewPrivileges=yes' "$unit"
		command -v systemd-analyze >/dev/null || continue
		# in tenths; 4.7 is what a unit gets that only drops the capabilities and a few more
		systemd-analyze security --offline=yes --threshold=16 "$unit"
	done
}

# From systemd.exec(5): each of these implies NoNewPrivileges=yes, which a set-group-id mailer cannot
# work with. The drop-in takes away all that the unit has of them.
@test "oobetet's drop-in for an alert_command leaves nothing that implies NoNewPrivileges" {
	local key
	for key in NoNewPrivileges DynamicUser LockPersonality MemoryDenyWriteExecute PrivateDevices \
		ProtectClock ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables \
		RestrictAddressFamilies RestrictNamespaces RestrictRealtime RestrictSUIDSGID \
		SystemCallArchitectures SystemCallFilter; do
		echo "$key"
		grep -q "^$key=..*" oobetet/oobetet.service
		grep -Eqx "$key=(no)?" oobetet/alert-command.conf
	done
}

# A run script as root, in a directory of somebody else who has put a link where the pipe is to be.
@test "no example, as root, gives away or follows what lies in a directory of nagios" {
	local script
	run ! grep -rE '^[^#]*(chown|ExecStartPre=[+!])' .
	run ! grep -E 'chown' "$root/README" "$root/doc/httpbroker-submit.1"
	mkdir "$BATS_TEST_TMPDIR/bin"
	# what becomes of a command is another user's: here it is only written down
	printf '#!/bin/sh\nshift; shift; echo "$*"\n' >"$BATS_TEST_TMPDIR/bin/chpst"
	printf '#!/bin/sh\nshift; echo "$*"\n' >"$BATS_TEST_TMPDIR/bin/setuidgid"
	printf '#!/bin/sh\nshift; exec "$@"\n' >"$BATS_TEST_TMPDIR/bin/envdir"
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
	for script in httpbroker-submit/runit/run httpbroker-submit/daemontools/run; do
		sed "s|/var/lib/nagios4/perfdata.fifo|$BATS_TEST_TMPDIR/fifo|" "$script" >"$BATS_TEST_TMPDIR/run"
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 sh "$BATS_TEST_TMPDIR/run"
		[[ "$output" == "sh -c [ -p "*mkfifo*"$BATS_TEST_TMPDIR/fifo"*'httpbroker-submit --format nagios'* ]]
		[ ! -e "$BATS_TEST_TMPDIR/fifo" ] # nothing was made as root
	done
}

# The rules of promtool: t/broker-health.bats and t/oobetet-metrics.bats have the others.
@test "Prometheus and Alertmanager accept the configurations of the examples" {
	local file
	for file in prometheus-chain/alertmanager.yml prometheus/notify-alertmanager.yml; do
		amtool check-config "$file"
	done
	# whom the watched alert and the watchdogs reach
	route() { amtool config routes test --config.file="$1" "alertname=$2"; }
	[ "$(route prometheus-chain/alertmanager.yml Flapper)" = httpbroker ]
	[ "$(route prometheus-chain/alertmanager.yml Watchdog)" = heartbeat ]
	[ "$(route prometheus/notify-alertmanager.yml HttpbrokerNotifyWatchdog)" = nobody ]
	[ "$(route prometheus/notify-alertmanager.yml DiskFull)" = team ]
	promtool check config prometheus-chain/prometheus.yml
	promtool check rules prometheus/alerts.yml prometheus/notify.yml prometheus/oobetet.yml
	promtool test rules prometheus-chain/rules_test.yml
}

@test "make install honours DESTDIR, and make uninstall removes all of it" {
	local to=$BATS_TEST_TMPDIR/to installed
	env -u MAKEFLAGS make -s -C "$build" install DESTDIR="$to" prefix=/usr >/dev/null
	for installed in bin/flapper bin/httpbroker bin/httpbroker-submit bin/oobetet share/man/man8/oobetet.8 \
		share/man/man5/oobetet.ini.5 share/bash-completion/completions/httpbroker-submit share/zsh/site-functions/_oobetet \
		lib/systemd/system/oobetet.service share/doc/quietnight/README; do
		[ -f "$to/usr/$installed" ] || { echo "missing: $installed"; false; }
	done
	# every example, as it is here; what will hold a password is not for everybody to read
	diff -r "$root/doc/examples" "$to/usr/share/doc/quietnight/examples"
	[ -x "$to/usr/share/doc/quietnight/examples/flapper/runit/run" ]
	[ "$(stat -c %a "$to/usr/share/doc/quietnight/examples/oobetet/oobetet.ini")" = 640 ]
	env -u MAKEFLAGS make -s -C "$build" uninstall DESTDIR="$to" prefix=/usr >/dev/null
	[ -z "$(find "$to" ! -type d)" ]
	[ ! -e "$to/usr/share/doc/quietnight" ]
}
