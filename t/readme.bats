#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $root, $work and what load brings; eval; lists
# README: one page; its commands run as printed, except for ports, and the paths and users of a system. (The
# builds run in t/bootstrap.bats, t/tarball.bats and CI.) The last test fails if a block was not looked at.

load lib/daemons
load lib/redis
load lib/prosody
load lib/supervised
load lib/examples

setup() {
	start_work
	examples_prepare
	export PORT=$port # the default of --port
	cd "$root" || return
}
teardown() {
	end_examples
	stop_all
}

@test "README is one page of 80 columns" {
	[ "$(wc -L <"$root/README")" -le 80 ]
	[ "$(wc -l <"$root/README")" -le 120 ]
	run ! grep -P '\t' "$root/README"
}

@test "README: the picture has each program; each file and page that is named exists" {
	local name programs
	for name in flapper httpbroker httpbroker-notify oobetet Nagios 'Icinga 2' Sensu Prometheus cron Flapjack; do
		grep -F "$name" "$(example README ──▶)"
	done
	example README doc/examples/nagios >/dev/null
	while read -r name; do
		echo "$name"
		[ -e "$root/$name" ]
	done < <(grep -oE '\bdoc/[a-z0-9/.-]*' "$root/README" | sort -u)
	mapfile -t programs < <(sed -n '/bootstrap builds in/,/oobetet\/oobetet/p' "$root/README" |
		grep -oE '\b[a-z]+(/[a-z]+)?/(flapper|httpbroker[a-z-]*|oobetet)\b')
	[ "${#programs[@]}" -eq 5 ]
	for name in "${programs[@]}"; do [ -x "$build/$name" ]; done
	grep -E '^\.Sh FLAPJACK' "$root/doc/httpbroker.8"
}

# The line above each is what bootstrap and the Makefile have.
@test "README: bootstrap and make have these targets and options" {
	local target
	while read -r target; do
		echo "$target"
		"$root/bootstrap" --help | grep -E "\b$target\b"
	done < <(sed -nE 's/^(\.\/bootstrap )([a-z]+).*/\2/p' "$(example README ./bootstrap)")
	"$root/bootstrap" --help | grep -F -e '--break LINK' | grep -F 'demo'
	"$root/bootstrap" --help | grep -F redis
	grep -x './configure && make && make install' "$(example README ./configure)"
	make -n -C "$build" uninstall | grep -q 'rm -f'
	"$root/bootstrap" --list demo | grep '^redis-server'
}

@test "README: flapper; the broker without Redis, its clients; the broker with Redis" {
	run_example flapper README 'flapper --interval'
	poll 20 log_has flapper "info: up on .*:$flapper_port for 60 s"
	run_example chain README '--output'
	poll 20 curl -sf "$HTTPBROKER_URL/health"
	run bash "$(example README "'disk full'")"
	[[ "$output" == *' of these 0 stale'*' db-01 '*' dump '* ]]
	poll 20 log_has chain '^Problem: "backup" on db-01 is Critical, disk full$'
	poll 20 log_has chain '^Recovery: "backup" on db-01 is OK$'
	curl -sf "$HTTPBROKER_URL/state?entity=db-01&check=load" | grep -i 'load average'
	curl -sf -H 'Accept: text/html' "$HTTPBROKER_URL/" | grep -i '<!doctype html'
	end_example chain
	start_redis
	stub mail 'cat >>"$work/mailed"'
	run_example service README '--server localhost'
	poll 20 curl -sf "$HTTPBROKER_URL/health"
	curl -sf -d '{"entity":"db-01","check":"disk","state":"critical"}' "$HTTPBROKER_URL/state"
	poll 20 grep 'Problem: "disk" on db-01 is Critical' "$work/mailed"
}

@test "README: oobetet, from its user to the room" {
	oobetet_surroundings
	stub runuser 'shift 2; exec "$@"'
	declare -fx as_configuration oobetet_site
	export prosody_port port
	stub editor 'oobetet_site <"$1" >"$1.site"; as_configuration "$1.site" "state_file = $work/var/lib/oobetet/state"'
	run_example oobetet README useradd
	poll 60 log_has oobetet 'info: in the room log@conference.localhost as oobetet'
	poll 20 log_has oobetet 'info: watching for "Flapper"'
	[ "$(grep -c 'arrived' "$work/oobetet.log")" -eq 3 ]
	grep -- '--system .* oobetet$' "$work/user"
	poll 20 [ -f "$work/var/lib/oobetet/state" ]
}

@test "README: the services" {
	mkdir -p "$work/etc/systemd/system" "$work/etc/sv" "$work/etc/service"
	stub systemctl '[ "$*" = "enable --now flapper" ] && [ -f "$work/etc/systemd/system/flapper.service" ] && touch "$work/enabled"'
	bash -e "$(example README systemctl)"
	[ -f "$work/enabled" ]
	bash -e "$(example README runit)"
	chmod -R u+w "$work/etc/sv" # the source may be read-only
	as_whoever "$work/etc/service/flapper/run"
	sed -i "s|/var/log/|$work/var/log/|" "$work/etc/service/flapper/log/run"
	sed -i "s/nobody/$(id -un)/; s/12345/$flapper_port/" "$work/etc/service/flapper/run"
	start runsv runsv "$work/etc/service/flapper"
	poll 20 grep -q 'flapper: info: up on ' "$work/var/log/flapper/current"
}

@test "README: each block was looked at" {
	[ "$(examples_of README | wc -l)" -ge 9 ]
	diff <(examples_of README | sort -u) <(sed -n 's/^README //p' "$BATS_FILE_TMPDIR/taken" | sort -u)
}
