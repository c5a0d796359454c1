# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $output and $status are of bats
#
#   sound FILE   succeeds if promtool accepts these metrics without remarks

sound() {
	run promtool check metrics <"$1"
	echo "$output"
	[[ "$status" -eq 0 && "$output" == '' ]]
}
