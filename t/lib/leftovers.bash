# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work comes from daemons.bash
#
# What a program that starts others has left behind, although other tests run beside this one.
#
#   marked COMMAND...   runs it (it may be a function) so that whatever comes of it can be told
#                       from everything else
#   leftovers           the processes (not those that merely wait to be reaped), sockets and files
#                       that are left of it, one a line; nothing: all is gone

marked() {
	mkdir -p "$work/tmp"
	TMPDIR=$work/tmp QN_MARK=$work "$@" 3>&- # what it leaves must not keep bats waiting
}

leftovers() {
	local process
	for process in /proc/[0-9]*; do
		! is_marked "$process" || left_process "${process#/proc/}"
	done
	find "$work/tmp" -mindepth 1
}

# By its environment, or where it has overwritten that by what it writes to or where it is.
is_marked() {
	[[ $(readlink "$1/fd/1" "$1/fd/2" "$1/cwd" 2>/dev/null) != *"$work/tmp/"* ]] || return 0
	grep -qsz "^QN_MARK=$work$" "$1/environ"
}

left_process() {
	tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline"
	echo "(process $1)"
	ss -Hltnp | grep "pid=$1," || :
}
