# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
#   start_alertmanager_at PORT [NAME]   starts Alertmanager as NAME (default alertmanager) with the
#                                       configuration $work/NAME.yml; its data is in $work/NAME.data

start_alertmanager_at() {
	local name=${2:-alertmanager}
	start "$name" prometheus-alertmanager --config.file="$work/$name.yml" \
		--storage.path="$work/$name.data" --cluster.listen-address= \
		--web.listen-address="127.0.0.1:$1"
	poll 60 listening "$1"
}
