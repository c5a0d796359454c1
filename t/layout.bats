#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $root, $build and $work come from lib/daemons
# The tree is as HACKING has it: its files and functions exist; includes and calls go one way; a
# header has two readers; no static function has the name of a public one.

load lib/daemons

setup() { start_work; }
teardown() { stop_all; }

programs=(common flapper httpbroker oobetet)

@test "HACKING: each source file that is named exists" {
	local file
	find "$root"/{common,flapper,httpbroker,oobetet,t} -type f >"$work/files"
	while read -r file; do
		echo "$file"
		grep -qE "(^|/)$file\$" "$work/files"
	done < <(grep -oE '[a-z][a-z0-9_/-]*\.(c|h|bats)\b' "$root/HACKING" | grep -vx sysexits.h | sort -u)
}

# Not each format, and no main.c, where a program or a worker begins. A folder of the map, such as
# `http/`, ends before the next line that is indented by as little.
@test "HACKING: the map has each source file in its folder" {
	local file folder files=0
	sed '/^The map/,/^The rules/!d' "$root/HACKING" | awk '
		/^  [a-z]+\// { program = $1; folder = "" }
		/^    [a-z]/ { folder = $1 ~ /\/$/ ? $1 : "" }
		{ print program folder, $0 }' >"$work/map"
	while read -r file; do
		files=$((files + 1))
		folder=${file%/*}/
		grep "^$folder " "$work/map" | cut -d' ' -f2- | grep -qw -- "$(basename "$file" .c)" || {
			echo "$file is not in the map"
			return 1
		}
	done < <(cd "$root" && find common flapper httpbroker oobetet -name '*.c' ! -name main.c ! -path 'httpbroker/formats/*')
	[ "$files" -ge 100 ]
}

# `file.c function`, as the walks and the tables of HACKING have it.
@test "HACKING: each function that is named after its file is defined there" {
	local file function found pairs=0
	while read -r file function; do
		pairs=$((pairs + 1))
		found=$(find "$root"/{common,flapper,httpbroker,oobetet} -path "*/$file" -exec \
			grep -lE "^[a-z].*\b$function\(" {} +) || :
		[ -n "$found" ] || {
			echo "$function is not in $file"
			return 1
		}
	done < <(grep -oE '\b[a-z_/]+\.[ch] +[a-z]+(_[a-z]+)+\b' "$root/HACKING" | sort -u)
	[ "$pairs" -ge 60 ]
}

# includes FOLDER...: a line `FILE INCLUDED` for each. internal.h is a part of delivery.h.
includes() {
	(cd "$root" && grep -roE '^#include "[^"]+\.h"' --include='*.[ch]' "$@") |
		sed -E 's|:#include "| |; s|"$||; s|delivery/internal|delivery/delivery|g'
}

# one_way LEAST: fails where the lines `FROM TO` on standard input have a circle, or are too few
one_way() {
	cat >"$work/edges"
	[ "$(wc -l <"$work/edges")" -ge "$1" ]
	tsort "$work/edges" >"$work/sorted"
}

# rule TEXT FOLDER: a line `FROM TO` for each arrow of rule 8 between the folders that follow this text
rule() {
	sed -n '/^  8\. /,/^  9\. /p' "$root/HACKING" | tr -s '\n ' ' ' | grep -oE "$1 [^.]*" | sed "s/^$1 //; s/; /\n/g" |
		awk -v in_="$2/" -F ' → ' '{
			for (i = 1; i < NF; i++) {
				from = split($i, a, ", "); to = split($(i + 1), b, ", ")
				for (j = 1; j <= from; j++)
					for (k = 1; k <= to; k++)
						print (a[j] == "common" ? "" : in_) a[j], (b[k] == "common" ? "" : in_) b[k]
			}
		}'
}

@test "HACKING, rule 8: includes go one way, between files, and between folders as the rule has it" {
	local program
	for program in "${programs[@]}"; do
		echo "$program"
		includes "$program" | sed -E 's/\.[ch]( |$)/\1/g' | awk '$1 != $2' | one_way 10 # a .c and its .h are one
	done
	rule 'Includes go one way:' httpbroker >"$work/rule"
	rule 'In oobetet:' oobetet >>"$work/rule"
	[ "$(wc -l <"$work/rule")" -ge 13 ]
	# of what is in no folder of its program, each file stands for itself
	includes "${programs[@]}" | sed -E 's|\.[ch]( \|$)|\1|g; s!(\<(httpbroker|oobetet)/[a-z]+|\<common)/[a-z0-9_]+!\1!g' |
		sort -u - "$work/rule" | awk '$1 != $2' | one_way 80
}

@test "HACKING, rule 8: no program includes a header of another" {
	includes "${programs[@]}" | sed -E 's|/[^ ]*( \|$)|\1|g' | awk '$1 != $2' | sort -u >"$work/found"
	diff "$work/found" <(printf '%s common\n' flapper httpbroker oobetet)
}

# objects FOLDER...: of sources that exist: a line `OBJECT SOURCE`, without .c, for each. Automake puts the name
# of the program or library before that of the source.
objects() {
	local object source
	(cd "$build" && find "$@" -name '*.o') | while read -r object; do
		source=$(sed -E 's!/[a-z_]+-([a-z0-9_]+)\.o$!/\1!; s/\.o$//' <<<"$object")
		[ ! -e "$root/$source.c" ] || echo "$object $source"
	done
}

# symbols FOLDER...: a line `SOURCE T|U NAME` for each function that a source defines, or uses and does not define
symbols() {
	objects "$@" >"$work/objects"
	(cd "$build" && cut -d' ' -f1 "$work/objects" | xargs nm -A -g) |
		awk 'FNR == NR { source[$1] = $2; next }
			{ split($1, at, ":"); if ($(NF - 1) ~ /[TU]/) print source[at[1]], $(NF - 1), $NF }' "$work/objects" -
}

# Not the rows of tables, such as FORMATS: what they refer to is data. What two programs define stands for neither.
@test "calls go one way between files" {
	local program
	for program in flapper httpbroker oobetet; do
		echo "$program"
		symbols common "$program" >"$work/symbols"
		awk '$2 == "T" { files[$3]++; file[$3] = $1; next }
			{ used[$1, $3] = 1 }
			END { for (use in used) {
				split(use, part, SUBSEP)
				if (files[part[2]] == 1) print part[1], file[part[2]]
			} }' "$work/symbols" | sort -u | one_way 30
	done
}

@test "no static function has the name of a public one" {
	local program
	for program in flapper httpbroker oobetet; do
		symbols common "$program" | awk '$2 == "T" { print $3 }' | sort -u >"$work/public"
		(cd "$root" && grep -rhE '^static [^=;]*\(' --include='*.c' common "$program") |
			sed -E 's/^static (__attribute__\(.*\)\)\) )?//; s/\(.*//; s/.*[ *]//' | sort -u >"$work/static"
		[ "$(wc -l <"$work/static")" -ge 30 ]
		diff <(comm -12 "$work/public" "$work/static") /dev/null
	done
}

# Readers are the sources that get it, directly or by another header, but for its own; a test is enough.
@test "HACKING, rule 2: a header has two readers, or a unit test" {
	(cd "$root" && grep -roE '^#include "[^"]+\.h"' --include='*.[ch]' "${programs[@]}" t) |
		sed -E 's|:#include "| |; s|"$||' >"$work/includes"
	(cd "$root" && find "${programs[@]}" -name '*.h') >"$work/headers"
	[ "$(wc -l <"$work/headers")" -ge 100 ]
	awk 'function read_by(source, file,   n, list, i) {
			n = split(included[file], list, " ")
			for (i = 1; i <= n; i++) {
				if ((source, list[i]) in seen) continue
				seen[source, list[i]] = 1
				if (substr(source, 1, length(source) - 2) != substr(list[i], 1, length(list[i]) - 2))
					readers[list[i]] += source ~ /^t\// ? 2 : 1
				read_by(source, list[i])
			}
		}
		FILENAME ~ /includes$/ { included[$1] = included[$1] " " $2; next }
		FNR == 1 { for (file in included) if (file ~ /\.c$/) read_by(file, file) }
		readers[$1] < 2 { print $1 }' "$work/includes" "$work/headers" >"$work/found"
	diff "$work/found" /dev/null
}

@test "HACKING, rule 2: a source file has 450 lines at most, a function 60" {
	(cd "$root" && find "${programs[@]}" -name '*.c' -exec awk '
		FNR == 1 { files++ }
		FNR == 451 { print FILENAME ": more than 450 lines" }
		/^[a-z_].*\(/ && !/;$/ { name = $0; begin = FNR }
		/^}/ && name != "" {
			functions++
			if (FNR - begin >= 60)
				print FILENAME ": " FNR - begin + 1 " lines: " name
			name = ""
		}
		END { if (files < 100 || functions < 2000) print files, functions }' {} +) >"$work/found"
	diff "$work/found" /dev/null
}
