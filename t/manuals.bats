#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $root, $build and $output come from lib/daemons and bats
# The manual pages have every option, refer to pages that exist, and have the sections of a page.

load lib/daemons

page_of() { echo "$root/doc/$1".[18]; }

# options_of_page PAGE: each option that has an entry of its own, but for those of Flapjack's tools
options_of_page() {
	sed -n '/^\.Sh COMPATIBILITY/,/^\.Sh [^C]/d; s/^\.It Fl /Fl /p' "$1" | sed 's/Fl Fl /Fl -/g' | grep -oE 'Fl -?[a-zA-Z][a-z-]*' |
		sed 's/^Fl /-/' | sort -u
}

options_of_help() {
	"$1" --help | grep -oE '^ +(-[a-zA-Z], )?(--[a-z-]+|-[a-zA-Z])' |
		tr -d ' ' | tr ',' '\n' | sort -u
}

@test "a manual page has the options that --help has, and no others" {
	local program name
	for program in flapper/flapper httpbroker/httpbroker httpbroker/notify/httpbroker-notify httpbroker/submit/httpbroker-submit oobetet/oobetet; do
		name=${program##*/}
		echo "$name"
		[ "$(options_of_help "$build/$program" | wc -l)" -ge 5 ]
		diff <(options_of_help "$build/$program") <(options_of_page "$(page_of "$name")")
	done
}

@test "--help fits into 80 columns" {
	local program
	for program in flapper/flapper httpbroker/httpbroker httpbroker/notify/httpbroker-notify httpbroker/submit/httpbroker-submit oobetet/oobetet; do
		"$build/$program" --help >"$BATS_TEST_TMPDIR/help"
		run ! grep -nE '.{81}' "$BATS_TEST_TMPDIR/help"
	done
}

# Of an option with two names, one is enough. (-h and -V may stand together.)
@test "a SYNOPSIS has each option that --help has, or leaves them to the page" {
	local program name synopsis line option found
	for program in flapper/flapper httpbroker/httpbroker httpbroker/notify/httpbroker-notify httpbroker/submit/httpbroker-submit oobetet/oobetet; do
		name=${program##*/}
		synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$(page_of "$name")" | sed 's/Fl Fl /--/g; s/Fl -/--/g; s/Fl /-/g')
		! grep -qF 'Ar option ...' <<<"$synopsis" || continue
		while read -r line; do
			found=
			for option in ${line//,/ }; do
				case $option in
				--*) grep -Eq -- "$option\b" <<<"$synopsis" && found=1 ;;
				*) grep -Eq -- "(^|[^-a-zA-Z])-[a-zA-Z]*${option#-}[a-zA-Z]*( |\$)|[|] -?${option#-}\b" <<<"$synopsis" && found=1 ;;
				esac
			done
			[ -n "$found" ] || { echo "$name: $line is not in the SYNOPSIS" && false; }
		done < <("$build/$program" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+')
	done
}

@test "a reference to a page of ours is to one that exists" {
	local name section
	while read -r name section; do
		echo "$name.$section"
		[ -f "$root/doc/$name.$section" ]
	done < <(sed -nE 's/^\.Xr ((httpbroker|flapper|oobetet|quietnight)[a-z.-]*) ([0-9]).*/\1 \3/p' "$root"/doc/*.[1578] | sort -u)
	while IFS='()' read -r name section _; do
		echo "$name.$section"
		[ -f "$root/doc/$name.$section" ]
	done < <(grep -rhoE '\b(httpbroker|flapper|oobetet|quietnight)[a-z.-]*\([1-8]\)' "$root"/{README,HACKING,NEWS} \
		"$root"/doc/examples "$root"/{common,flapper,httpbroker,oobetet} | sort -u)
}

@test "a file of the source that a page names exists" {
	local name count=0
	while read -r name; do
		echo "$name"
		[ -e "$root/${name%.}" ]
		count=$((count + 1))
	done < <(grep -ohE '\bdoc/examples[a-z0-9/._-]*' "$root"/doc/*.[1578] | sort -u)
	[ "$count" -ge 10 ]
}

# messages_of PAGE: a line for each message under DIAGNOSTICS, placeholders and numbers taken out, its
# fixed parts separated by tabs.
messages_of() {
	sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It Li [a-z]*: //p' "$1" | sed -E \
		-e 's/\\\(dq/"/g; s/\b([A-Z][A-Z]+|[0-9]+|N)\b|PagerDuty|--[a-z-]+|[^ ]*[/@][^ ]*|\[::\]:|\.\.\./\t/g' \
		-e "s/'|\"|: |[;,()]|\b(event|line|connection|state|record|process|message)(s|es)?\b/\t/g"
}

# is_in_sources MESSAGE: one of its parts is; or none says anything without what is put into it.
is_in_sources() {
	local parts part telling=0
	IFS=$'\t' read -ra parts <<<"$1"
	for part in "${parts[@]}"; do
		part=${part# } part=${part% }
		[ "${#part}" -ge 8 ] || continue
		telling=1
		! grep -qF -e "$part" "$BATS_TEST_TMPDIR/sources" || return 0
	done
	[ "$telling" -eq 0 ]
}

@test "a message under DIAGNOSTICS is one that the sources have" {
	local page message
	find "$root"/{common,flapper,httpbroker,oobetet} -name '*.c' -exec cat {} + |
		sed -zE 's/"[[:space:]]+"//g' >"$BATS_TEST_TMPDIR/sources"
	for page in "$root"/doc/*.[18]; do
		[ "$(messages_of "$page" | wc -l)" -ge 5 ]
		while read -r message; do
			echo "${page##*/}: $message"
			is_in_sources "$message"
		done < <(messages_of "$page")
	done
}

# A page as it is shown, without overstriking. col(1) is not on every machine.
plain() {
	sed 's,.\x08,,g' | expand
}

# A word that is the name of a macro, such as `No`, would vanish.
@test "a message under DIAGNOSTICS is shown with all its words" {
	local page message
	for page in "$root"/doc/*.[18]; do
		mandoc -Tascii -O width=1000 "$page" | plain | tr -s ' \n' ' ' >"$BATS_TEST_TMPDIR/shown"
		while read -r message; do
			echo "${page##*/}: $message"
			grep -qF -e " $message " "$BATS_TEST_TMPDIR/shown"
		done < <(sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It Li //p' "$page" | sed 's/\\(dq/"/g; s/\\&//g')
	done
}

@test "a page begins with examples and ends in diagnostics" {
	local page
	for page in "$root"/doc/*.[18]; do
		echo "$page"
		[ "$(grep -m 4 '^\.Sh' "$page" | tail -1)" = '.Sh EXAMPLES' ]
		grep -qx '\.Sh DIAGNOSTICS' "$page"
	done
}

@test "SECURITY: each limit is in the manual page that it names" {
	local line manual number rows=0
	while read -r line; do
		echo "$line"
		manual=${line##* } manual=$root/doc/${manual/(/.} manual=${manual%)}
		while read -r number; do
			grep -qE "\\b$number\\b" "$manual"
		done < <(grep -oE '[0-9][0-9,]*' <<<"${line% *}" | sed 's/,$//')
		rows=$((rows + 1))
	done < <(sed -n '/^Limits$/,/^Reporting$/s/^    //p' "$root/SECURITY")
	[ "$rows" -ge 15 ]
}

# keys_of SCOPE...: the keys of that scope in the table of keys
keys_of() {
	local scope
	for scope; do sed -nE "s/^\t\{$scope\(([a-z_]+)\).*/\1/p" "$root/oobetet/config/keys.c"; done | sort
}

@test "oobetet.ini(5): each key has an entry, and those of the process are listed" {
	local page=$root/doc/oobetet.ini.5
	[ "$(keys_of PROCESS WATCH LOGGER | wc -l)" -ge 50 ]
	diff <(keys_of PROCESS WATCH LOGGER) <(sed -n 's/^\.It Cm //p' "$page" | tr -d ' ' | tr , '\n' | sort)
	diff <(keys_of PROCESS) <(sed -n '/^These keys belong to the whole process/,/^and those of/p' "$page" |
		sed -n 's/^\.Cm //p' | tr -d ' ;' | tr , '\n' | grep . | sort)
}

# commands: lines of the pages, README and the examples that call a program of ours
commands() {
	{
		sed -nE '/^\.Bd/,/^\.Ed/p; s/^\.D[l1] //p; s/^\.Ql "?([^"]*)"?.*/\1/p' "$root"/doc/*.[1578] | sed 's/\\e/\\/g; s/\\&//g'
		sed -n 's/^    //p' "$root/README"
		grep -rhvE '^ *(#|//|\*)' "$root/doc/examples"
	} | sed -zE 's/\\\n//g; s/\n  --/ --/g' | grep -oE '\b(flapper|httpbroker(-submit|-notify)?|oobetet) +-[^|&;#)]*'
}

@test "a command in a page, in README or in an example has only options that the program knows" {
	local program words word count=0
	while read -r program words; do
		for word in ${words%% -- *}; do
			case $word in
			--) break ;;
			--[a-z]*) word=${word%%[^a-z-]*} ;;
			*) continue ;;
			esac
			"$program" --help |
				grep -Eq -- "^ +(-[a-zA-Z], )?$word( |\$)" || { echo "$program $words: $word"; false; }
			count=$((count + 1))
		done
	done < <(commands | sort -u)
	[ "$count" -ge 60 ]
}

# lint_of PAGE: without what depends on the pages that are installed on this machine
lint_of() {
	mandoc -Tlint "$1" 2>&1 | grep -vE 'STYLE: referenced manual not found: |outdated mandoc\.db lacks ' || :
}

@test "mandoc -Tlint is silent, and no page is wider than 80 columns" {
	local page wide
	for page in "$root"/doc/*.[1578]; do
		diff <(lint_of "$page") /dev/null
		wide=$(mandoc -Tascii "$page" | plain | grep -E '.{81}' || :)
		[ -z "$wide" ] || { echo "${page##*/}: $wide"; false; }
	done
}

# groff indents by more than mandoc, in Debian 13 by more than in Debian 12, and breaks a line of a table
# that is too wide after each word. man(1) asks it for lines of 78 columns in a terminal of 80.
@test "groff shows the pages, and no line is wider than 80 columns" {
	local page
	for page in "$root"/doc/*.[1578]; do
		echo "${page##*/}"
		GROFF_NO_SGR=1 groff -Tascii -mdoc -rLL=78n "$page" >"$BATS_TEST_TMPDIR/shown" 2>"$BATS_TEST_TMPDIR/said"
		run ! grep -v 'cannot adjust line' "$BATS_TEST_TMPDIR/said"
		run ! grep -nE '.{81}' <(plain <"$BATS_TEST_TMPDIR/shown")
	done
}

# groff 1.23, of Debian 13, measures the widths of columns with \w'...'
@test "no width of a column has an apostrophe, at which groff would end it" {
	run ! grep -n "^\.Bl -column.*'" "$root"/doc/*.[1-8]
}
