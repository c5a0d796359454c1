# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $root, $work, the ports and the functions come from the test and daemons.bash; scripts
#
# The examples of a manual page: the displays (.Bd) under EXAMPLES; of README: the indented blocks.
# Free ports replace those of the page: $port (the broker's), $flapper_port, $redis_port and $am_port
# (Alertmanager's).
#
#   examples_prepare           sets these; an empty current directory; $work/bin is first in PATH
#   examples_of PAGE           prints the first line of each example
#   example PAGE TEXT          prints the name of a file with the one example that has TEXT (or the first,
#                              if TEXT is a whole line there), as a reader sees it, but for the names of
#                              this test; notes that it was taken
#   run_example NAME PAGE TEXT starts it like start(), for one that does not end
#   end_example NAME           ends it, with all that it has started
#   transcript PAGE TEXT       runs the commands behind `$ `; fails if their output is not the printed one
#   crontab FILE               the commands of its lines, as a script
#   stub NAME COMMANDS         makes the command NAME, for the examples
#   oobetet_surroundings       a room, PagerDuty's stand-in, and stubs of what only root may do
#   as_configuration FILE [LINE...]   `oobetet` reads it, with LINEs in its first section

examples_prepare() {
	read -rd '' port flapper_port redis_port am_port < <(free_port 4) || :
	export HTTPBROKER_URL=http://127.0.0.1:$port
	mkdir -p "$work/bin" "$work/cwd"
	cd "$work/cwd" || return
	export PATH=$work/bin:$PATH work
	printf '#!/bin/sh\nexec %s -c "$work/configuration" "$@"\n' "$build/oobetet/oobetet" >"$work/bin/oobetet"
	chmod +x "$work/bin/oobetet"
}

# blocks PAGE: each line of an example, after its number and a tab
blocks() {
	if [ "$1" = README ]; then
		awk '/^    / { n += !inside; inside = 1; print n "\t" substr($0, 5); next } { inside = 0 }' "$root/README"
		return
	fi
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh [^E]/p' "$root/doc/$1" | awk '
		/^\.Bd/ { n++; inside = 1; next }
		/^\.Ed/ { inside = 0 }
		inside { print n "\t" $0 }' | sed -e 's/\\(dq/"/g; s/\\e/\\/g; s/\\&//g'
}

examples_of() {
	blocks "$1" | awk -F '\t' '$1 != n { n = $1; sub(/^[0-9]*\t/, ""); print n ": " $0 }'
}

# The names of this test in place of those of the page.
example_site() {
	sed -E -e "s/\b3090\b/$port/g; s/\b12345\b/$flapper_port/g; s/(localhost:|-p )(6379|6380)\b/\1$redis_port/g" \
		-e "s/--port 6380\b/--port $redis_port/; s/\bam-1:9093/127.0.0.1:$am_port/; s/\bam-2:9093/localhost:$am_port/" \
		-e "s/\bbroker-[12]:/127.0.0.1:/g" -e "s#(^|[ =])/(etc|var/lib|var/log|var/spool)/#\1$work/\2/#g" \
		-e "s#/usr/local/bin/#$work/bin/#g; s#/usr/local/lib/oobetet/#$root/doc/examples/oobetet/#" | oobetet_site
}

oobetet_site() {
	sed -E -e 's/\bjabber\.example\.com/localhost/g' -e "s/\b(flapper-on-nagios-0.|broker|redis)\.example\.org:/127.0.0.1:/" \
		-e "s#https://hc-ping.com/your-uuid#http://127.0.0.1:$port/ping/oobetet/heartbeat#"
}

example() {
	local number file
	number=$(blocks "$1" | grep -F -e "$2" | cut -f 1 | sort -u)
	[[ "$number" =~ ^[0-9]+$ ]] || number=$(blocks "$1" | grep -xF -e "${number%%$'\n'*}"$'\t'"$2" | cut -f 1)
	[[ "$number" =~ ^[0-9]+$ ]] || { echo "$1: not one example has '$2': $number" >&2; return 1; }
	examples_of "$1" | sed -n "s/^$number: /$1 &/p" >>"$BATS_FILE_TMPDIR/taken"
	file=$work/example-$1-$number
	[ -e "$file" ] || blocks "$1" | sed -n "s/^$number\t//p" | example_site >"$file"
	echo "$file"
}

run_example() {
	local file
	file=$(example "$2" "$3") || return
	start "$1" setsid bash "$file"
	example_groups[$1]=${pids[$1]}
}

declare -gA example_groups=()

end_example() {
	local group=${example_groups[$1]}
	kill -- "-$group" 2>/dev/null || :
	unset "example_groups[$1]"
	stop "$1" || :
	poll 20 group_ended "$group" # the next one needs its ports
}

# It has zombies at most.
group_ended() {
	! pgrep -g "$1" -r D,R,S,T >/dev/null
}

end_examples() {
	local name
	for name in "${!example_groups[@]}"; do end_example "$name"; done
}

transcript() {
	local file
	file=$(example "$1" "$2") || return
	awk '/^\$ / { sub(/^\$ /, ""); on = 1 } on { print } { on = on && /[|\\]$/ }' "$file" >"$file.sh"
	awk '/^\$ / { on = 1 } !on { print } { on = on && /[|\\]$/ }' "$file" >"$file.expected"
	bash "$file.sh" >"$file.out" 2>&1
	sed -i 's/ on 0\.0\.0\.0:/ on [::]:/' "$file.out" # a machine without IPv6
	diff "$file.expected" "$file.out"
}

crontab() {
	sed 'H; $!d; x; s/\n  */ /g' "$1" | sed -E -e '/^$/d' -e '/^PATH=/d' -e '/^[A-Z_]+=/{s/=(.*)/="\1"/; s/^/export /; p; d}' \
		-e 's/\\%/%/g; s/^([^ ]+ +){6}//'
}

stub() {
	printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

oobetet_surroundings() {
	start_prosody
	prosody_account oobetet change-me
	start pagerduty pagerduty-standin
	poll 20 log_has pagerduty 'at http'
	enter_room flapjack flapjack alerts
	enter_room log log log
	mkdir -p "$work/etc" "$work/var/lib"
	stub useradd 'echo "$*" >"$work/user"'
	stub install 'while getopts o:g:m:d o; do case $o in m) mode=$OPTARG ;; d) d=-d ;; esac; done
		shift $((OPTIND - 1)); exec /usr/bin/install -m "$mode" $d "$@"'
}

as_configuration() {
	local file=$1
	shift
	{
		printf '[oobetet]\n'
		printf '%s\n' 'server = 127.0.0.1' "port = $prosody_port" 'tls = off' \
			"pagerduty_url = $(grep -Eo 'https?://.*' "$work/pagerduty.log")" "$@"
		grep -v '^\[oobetet\]' "$file"
	} >"$work/configuration"
	chmod 600 "$work/configuration"
}
