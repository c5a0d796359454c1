# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034 # $user_locale and $began come from the demo; it uses the colours
#
# Output of the demo. On a terminal: in colour, wrapped to its width. To a file or a pipe: one line for
# each fact, however long, without colour.
#
#   screen_open            examines standard output; call it first
#   title TEXT             begins an act
#   prose < TEXT           sentences for the reader, in lines of at most 78 characters
#   skip                   an empty line, unless the last line is empty
#   fact MS STATION COLOUR TEXT   a fact, with its time in milliseconds since the epoch
#   entry COLOUR TEXT      another line of the fact above
#   picture < TEXT         unchanged, or in ASCII where the terminal has no other characters

text_column=17 # where the text of a fact begins

screen_open() {
	width=0  # no wrapping
	blank='' # whether the last line was empty
	red='' green='' yellow='' dim='' bold='' plain=''
	[ -t 1 ] || return 0
	{ read -r _ width < <(stty size <&8 2>/dev/null) || width=80; } 8<&1
	[ "$width" -ge 40 ] || width=80
	[ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR-}" ] || return 0
	red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' dim=$'\e[2m' bold=$'\e[1m' plain=$'\e[m'
}

# write COLOUR INDENT LEAD TEXT: the lead, then the text, wrapped at words and indented.
write() {
	local colour=$1 indent=$2 lead=$3 text=$4 room piece
	blank=''
	room=$((width - indent))
	[ "$width" -gt 0 ] || room=${#text}
	while [ ${#text} -gt "$room" ]; do
		piece=${text:0:room+1}
		# at the last blank that fits, or within a word if there is none
		if [[ $piece == *' '* ]]; then piece=${piece% *} text=${text:${#piece}+1}; else
			piece=${text:0:room} text=${text:room}
		fi
		printf '%s%s%s%s\n' "$lead" "$colour" "$piece" "${colour:+$plain}"
		printf -v lead '%*s' "$indent" ''
	done
	printf '%s%s%s%s\n' "$lead" "$colour" "$text" "${colour:+$plain}"
}

title() {
	local rule
	printf -v rule '%*s' $((74 - ${#1})) ''
	rule=" ── $1 ${rule// /─}"
	plain_characters rule
	skip
	write "$bold" 0 '' "$rule"
}

prose() {
	local line
	while IFS= read -r line; do write '' 1 ' ' "$line"; done
	skip
}

skip() {
	[ -n "$blank" ] || printf '\n'
	blank=yes
}

fact() {
	local lead
	seconds "$(($1 - began))"
	printf -v lead '%5s %-11s' "$REPLY" "$2"
	write "$3" "$text_column" "$lead" "$4"
}

entry() {
	local lead inner=${2%%[^ ]*}
	printf -v lead '%*s' "$text_column" ''
	write "$1" $((text_column + ${#inner} + 2)) "$lead" "$2"
}

picture() {
	local line
	blank=''
	while IFS= read -r line; do
		plain_characters line
		printf '%s\n' "$line"
	done
}

# seconds MS: as a number with one decimal, in $REPLY.
seconds() {
	printf -v REPLY '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100))
}

# In a locale without UTF-8, arrows are drawn in ASCII.
plain_characters() {
	local -n _text=$1
	[[ $user_locale != *[Uu][Tt][Ff]* ]] || return 0
	_text=${_text//─/-} _text=${_text//▶/>} _text=${_text//◀/<}
	_text=${_text//│/|} _text=${_text//▼/v} _text=${_text//[┐┘]/+}
}
