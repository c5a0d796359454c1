# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work comes from daemons.bash
#
# Prefixes for a command, as arrays, that restrict it:
#
#   "${alone[@]}"         its own network name space, with loopback only, so that every port is free
#   alone_free PORT...    fails if there is no such network and one of these ports is in use
#   "${unprivileged[@]}"  no permission to listen on a port below 1024
#   "${mortal[@]}"        no capability to override file permissions
#   placed PROGRAM        prints the path of a copy that such a root can reach: not in an ordinary
#                         user's home
#
#   "${curious[@]}"       no capability to read the memory of other processes
#
# A container may forbid name spaces. Then the first does nothing (the ports must be free), and for
# the second bind(2) is made to fail in the same way.

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
# shellcheck disable=SC2034 # used by tests
[ "$(id -u)" -ne 0 ] || mortal=(capsh "--drop=cap_dac_override,cap_dac_read_search" --shell=/usr/bin/env --)

# shellcheck disable=SC2034 # used by tests
curious=(env)
# shellcheck disable=SC2034 # used by tests
[ "$(id -u)" -ne 0 ] || curious=(capsh "--drop=cap_sys_ptrace,cap_sys_admin,cap_perfmon" --shell=/usr/bin/env --)

# A container may permit every port to all users; a network of its own does not.
unprivileged=()
[ "$(id -u)" -ne 0 ] || unprivileged=(capsh --drop=cap_net_bind_service --shell=/usr/bin/env --)
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -le 80 ]; then
	if [ "${alone[0]}" = unshare ]; then
		unprivileged=("${alone[@]}" "${unprivileged[@]}")
	else
		unprivileged=(without ports)
	fi
fi
