# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $root, $output and what load brings
# The bash completion, called as bash calls it.

load lib/daemons

setup() {
	start_work
	# shellcheck source=doc/completion/httpbroker-submit
	source "$root/doc/completion/httpbroker-submit"
}

# completes WORD... : the completions of the last word, sorted
completes() {
	COMP_WORDS=(httpbroker-submit "$@")
	COMP_CWORD=$#
	_httpbroker_submit
	printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}

@test "options, and the values of options with a fixed set" {
	[ "$(completes --sp)" = '--spool --spool-max ' ]
	[ "$(completes -s u)" = 'unknown unreachable up ' ]
	[ "$(completes --state = u)" = 'unknown unreachable up ' ]
	[ "$(completes --format '')" = 'extcmd json nagios nsca ' ]
	[ "$(completes --format =)" = 'extcmd json nagios nsca ' ]
	[ "$(completes --exit-map pl)" = 'plain plugin ' ]
	[ "$(completes -c '')" = ' ' ]
}

@test "all options of the program, and no others" {
	local known
	known=$(httpbroker-submit --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '-[a-zA-Z],|--[a-z-]+' | tr -d ,)
	[ "$(completes -)" = "$(printf '%s\n' "$known" -- | sort | tr '\n' ' ')" ]
}

@test "files, directories, and commands after --" {
	mkdir "$work/dir"
	touch "$work/file"
	[ "$(completes "$work/f")" = "$work/file " ]
	[ "$(completes --spool "$work/")" = "$work/dir " ]
	[[ " $(completes -t 5m -- check_du)" == *' check_dummy '* ]]
	[ "$(completes -t 5m -- check_dummy -)" = ' ' ]
}

@test "bash loads the file and registers the program" {
	run bash --norc -c "source '$root/doc/completion/httpbroker-submit' && complete -p httpbroker-submit"
	[ "$status" -eq 0 ]
	[ "$output" = 'complete -o default -F _httpbroker_submit httpbroker-submit' ]
}
