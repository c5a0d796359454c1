# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work comes from daemons.bash
#
# Lists what a program and its children left behind, while other tests run at the same time.
#
#   marked COMMAND...   runs a command or function so that its processes, sockets and files can be
#                       recognised
#   leftovers           prints those that are left, one a line, without zombies; nothing: all are gone

marked() {
	mkdir -p "$work/tmp"
	TMPDIR=$work/tmp QN_MARK=$work "$@" 3>&- # bats must not wait for its leftovers
}

leftovers() {
	local process
	for process in /proc/[0-9]*; do
		! is_marked "$process" || left_process "${process#/proc/}"
	done
	find "$work/tmp" -mindepth 1
}

# By its environment or, if it has overwritten that, by its open files or its directory.
is_marked() {
	[[ $(readlink "$1/fd/1" "$1/fd/2" "$1/cwd" 2>/dev/null) != *"$work/tmp/"* ]] || return 0
	grep -qsz "^QN_MARK=$work$" "$1/environ"
}

left_process() {
	tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline"
	echo "(process $1)"
	ss -Hltnp | grep "pid=$1," || :
}
