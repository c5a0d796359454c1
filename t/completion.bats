# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC1090,SC1091 # $build, $output and what load brings; sourced files
# The completions that the programs make from their option tables: bash's, called as bash calls it, and
# zsh's.

load lib/daemons

setup() {
	start_work
	source "$build/completion/bash/httpbroker-submit"
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
	[ "$(completes --retry f)" = 'forever ' ]
}

# options_of PROGRAM: as its --help lists them
options_of() {
	"$1" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '-[a-zA-Z],|--[a-z-]+' | tr -d , | sort
}

@test "all options of the program, and no others" {
	[ "$(completes -)" = "$( (options_of httpbroker-submit && echo --) | sort | tr '\n' ' ')" ]
	local program
	for program in flapper httpbroker httpbroker-notify oobetet; do
		echo "$program"
		source "$build/completion/bash/$program"
		COMP_WORDS=("$program" -) COMP_CWORD=1
		"_${program//-/_}"
		diff <(printf '%s\n' "${COMPREPLY[@]}" | grep -vx -- -- | sort) <(options_of "$program")
	done
}

# zsh's compinit registers each; _arguments, which draws the menu, gets every option and the choices.
@test "zsh finds the completions, with all options of each program" {
	local program
	for program in flapper httpbroker httpbroker-notify httpbroker-submit oobetet; do
		echo "$program"
		[ "$(zsh -fc "fpath=('$build/completion/zsh' \$fpath); autoload -Uz compinit && compinit -u -D &&
			print \${_comps[$program]}")" = "_$program" ]
		zsh -fc "_arguments() { print -rl -- \"\$@\" }; source '$build/completion/zsh/_$program'" >"$work/arguments"
		diff <(grep -oE '^\*--?[a-zA-Z][a-z-]*' "$work/arguments" | tr -d '*' | sort) <(options_of "$program")
	done
	zsh -fc "_arguments() { print -rl -- \"\$@\" }; source '$build/completion/zsh/_httpbroker-submit'" >"$work/arguments"
	grep -qxF "*--format=[of the input\: json (default), nagios, nsca, extcmd]:FORMAT:(json nagios nsca extcmd)" "$work/arguments"
}

@test "files, directories, and commands after --" {
	mkdir "$work/dir"
	touch "$work/file"
	[ "$(completes "$work/f")" = "$work/file " ]
	[ "$(completes --spool "$work/")" = "$work/dir " ]
	[[ " $(completes -t 5m -- check_du)" == *' check_dummy '* ]]
	[ "$(completes -t 5m -- check_dummy -)" = ' ' ]
}

@test "zsh completes the command after -- as a command" {
	local program
	for program in httpbroker-submit httpbroker-notify; do
		run -0 zsh -fc "_normal() { print -r -- \$CURRENT of \$words }; _arguments() { print options }
			words=($program --debug -- ls -l '') CURRENT=6; source '$build/completion/zsh/_$program'
			CURRENT=2; words=($program --); source '$build/completion/zsh/_$program'"
		[ "$output" = $'3 of ls -l\noptions' ]
	done
}

@test "bash loads the file and registers the program" {
	run bash --norc -c "source '$build/completion/bash/httpbroker-submit' && complete -p httpbroker-submit"
	[ "$status" -eq 0 ]
	[ "$output" = 'complete -o default -F _httpbroker_submit httpbroker-submit' ]
}
