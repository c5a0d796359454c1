# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $pids and the functions come from daemons.bash
#
# A service of runit's runsv or of daemontools' supervise. Load it where there is one, no earlier.
#
#   service_up DIRECTORY       succeeds once runsv knows that it runs. On a busy machine that is later
#                              than the service says so itself, and what runsv knows is what sv goes by
#   supervise_end DIRECTORY    ends `supervise` together with its service, which would outlive it
#   as_whoever RUN             that script's service runs as whoever runs the test

# a supervisor follows TERM with CONT, over which a LeakSanitizer at work can hang for ever
export ASAN_OPTIONS=detect_leaks=0

service_up() {
	sv status "$1" | grep -q '^run: '
}

# Only root may become somebody, be it himself.
as_whoever() {
	sed -i "s/^user=[^ ]*/user=$(id -un)/" "$1"
	[ "$(id -u)" -eq 0 ] || sed -Ei 's/(chpst -u|setuidgid) [^ ]+ //' "$1"
}

supervise_end() {
	running supervise || return 0
	svc -dx "$1"
	poll 20 ended "${pids[supervise]}"
}
