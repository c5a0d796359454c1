# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $pids and the functions come from daemons.bash
#
# A service under runit's runsv or daemontools' supervise. Load it only after the service exists.
#
#   service_up DIRECTORY       succeeds if runsv reports it as running, which sv relies on. On a busy
#                              machine that is later than the service's own log line
#   supervise_end DIRECTORY    ends `supervise` and its service, which would outlive it
#   as_whoever RUN             edits the script RUN: its service runs as the user of the test

# a supervisor sends CONT after TERM, which can make a running LeakSanitizer hang forever
export ASAN_OPTIONS=detect_leaks=0

service_up() {
	sv status "$1" | grep -q '^run: '
}

# Only root may change its user, even to itself.
as_whoever() {
	sed -i "s/^user=[^ ]*/user=$(id -un)/" "$1"
	[ "$(id -u)" -eq 0 ] || sed -Ei 's/(chpst -u|setuidgid) [^ ]+ //' "$1"
}

supervise_end() {
	running supervise || return 0
	svc -dx "$1"
	poll 20 ended "${pids[supervise]}"
}
