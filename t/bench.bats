# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016 # $work, $root, $output and $status come from what load brings
# Each bench in its smallest size: that it works and its accounting holds, not how fast anything is.

load lib/daemons
load lib/leftovers

setup() { start_work; }
teardown() { stop_all; }

# tiny NAME: its table is in $output, and nothing of it stays.
tiny() {
	mkdir -p "$work/tmp"
	run marked "$root/t/bench/run" --tiny --json "$work/bench.json" "$1"
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$(leftovers)" ]
}

@test "post: what was pushed and written adds up" {
	tiny post
	grep -Eq '^ +connections +requests/s +nginx +ratio ' <<<"$output"
	grep -Eq '^ +64 +[0-9,]+ ' <<<"$output"
}

@test "limit: bare answers what the broker answers" {
	tiny limit
	grep -Eq '^ +64 +[0-9,]+ +[0-9,]+ +[0-9.]+ ' <<<"$output"
}

@test "repeat" {
	tiny repeat
	grep -Eq '^ +1000 +[0-9]{3} +[0-9,]+ +[0-9,]+ +[0-9.]+ ' <<<"$output"
}

@test "memory" {
	tiny memory
	grep -Eq '^ +10,000 +[0-9]+ +[0-9.]+$' <<<"$output"
}

@test "notify: each change has its line" {
	tiny notify
	grep -Eq '^ +all change +[0-9,]+ ' <<<"$output"
}

@test "smooth" {
	tiny smooth
	grep -Eq '^ +streaming ' <<<"$output"
}

@test "bench.json has the same numbers as the table" {
	tiny memory
	python3 - "$work/bench.json" <<-'PYTHON'
		import sys
		text = open(sys.argv[1]).read()
		report = eval(text, {"true": True, "false": False})
		assert report["machine"] and report["date"] and report["versions"]
		memory = report["benches"]["memory"]
		assert memory["rows"][0]["states"] == 10000, memory
		assert memory["goals"][0]["at-most"] == 320, memory
	PYTHON
}

@test "a bench whose numbers do not add up fails, with a message" {
	cp -r "$root/t" "$work/t"
	chmod -R u+w "$work/t"
	# at 64 connections, of the second row
	sed -i 's|\(between .requests by the last that was written. "$requested"\)|[ "$1" = 1 ] \|\| \1 0 1 #|' \
		"$work/t/bench/post"
	QN_BUILD=$build run -1 "$work/t/bench/run" --tiny --json "$work/bench.json" post
	[[ "$output" == *'requests by the last that was written: '*', not from 0 to 1'* ]]
	grep -Eq '^ +1 +[0-9,]+ ' <<<"$output"
	[ "$(grep -Ec '^ +64 ' <<<"$output")" = 0 ]
	[[ "$output" == *'post: FAILED' ]]
	[ "$(grep -c '"post"' "$work/bench.json")" = 0 ]
}

@test "an unknown bench is refused with the names of those there are" {
	run -64 "$root/t/bench/run" nonsense
	[[ "$output" == *'post limit repeat memory smooth'* ]]
}

@test "submit" {
	tiny submit
	grep -Eq '^ +events +seconds ' <<<"$output"
	grep -Eq '^ +2000 +[0-9.]+ ' <<<"$output"
}

@test "oobetet" {
	tiny oobetet
	grep -Eq '^ +room +2 +-?[0-9.]+ +[0-9.]+$' <<<"$output"
	grep -Eq '^ +PagerDuty +2 +-?[0-9.]+ +[0-9.]+$' <<<"$output"
	grep -Eq '^ +4 +[0-9.]+ +[0-9,]+$' <<<"$output"
	grep -Eq '^ +after an attempt over HTTPS +[0-9.]+$' <<<"$output"
}
