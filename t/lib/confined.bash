# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work comes from daemons.bash
#
# Commands to put before a program, as arrays, that take something away from it:
#
#   "${alone[@]}"         a network of its own, with loopback only, so that every port is free
#   alone_free PORT...    fails if there can be no such network and somebody listens on one of these
#   "${unprivileged[@]}"  no permission to listen on a port below 1024
#   "${mortal[@]}"        no root's way around the permissions of files
#   placed PROGRAM        prints a path to a copy of it where such a root may go: not in an ordinary
#                         user's home
#
#   "${curious[@]}"       no root's way into what other processes have in memory
#
# A container may forbid name spaces. Then the first does nothing (and the ports had better be
# free), and for the second bind(2) is made to fail as it would.

alone=(env)
if unshare --map-root-user --net true 2>/dev/null; then
	alone=(unshare --map-root-user --net sh -c 'ip link set lo up && exec "$@"' -)
fi

placed() {
	cp "$(command -v "$1")" "$work/$1"
	printf '%s' "$work/$1"
}

alone_free() {
	local port
	[ "${alone[0]}" = env ] || return 0
	for port; do
		! listening "$port" || {
			echo "this needs port $port, which is taken, or user name spaces, which are forbidden here"
			return 1
		}
	done
}

mortal=(env)
# shellcheck disable=SC2034 # it is for tests
[ "$(id -u)" -ne 0 ] || mortal=(capsh "--drop=cap_dac_override,cap_dac_read_search" --shell=/usr/bin/env --)

# shellcheck disable=SC2034 # it is for tests
curious=(env)
# shellcheck disable=SC2034 # it is for tests
[ "$(id -u)" -ne 0 ] || curious=(capsh --drop=cap_sys_ptrace,cap_sys_admin,cap_perfmon --shell=/usr/bin/env --)

# A container may permit every port to everybody, too: a network of its own does not.
unprivileged=()
[ "$(id -u)" -ne 0 ] || unprivileged=(capsh --drop=cap_net_bind_service --shell=/usr/bin/env --)
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -le 80 ]; then
	if [ "${alone[0]}" = unshare ]; then
		unprivileged=("${alone[@]}" "${unprivileged[@]}")
	else
		unprivileged=(without ports)
	fi
fi
