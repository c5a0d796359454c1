#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016,SC2034 # $root, $build, $work, $output come from lib/daemons and bats; eval
# COMPATIBILITY of the manual pages, for those who come from Flapjack's tools: each row of the tables is true.
# And quietnight(7)'s table of what the watched check needs, compared with the examples and the programs.

load lib/daemons
load lib/redis
load lib/broker

setup() { start_work; }
teardown() { stop_all; }

# table PAGE SECTION: the rows of the first table of that section, cells separated by tabs, without macros
table() {
	awk -v section=".Sh $2" '$0 == section { on = 1; next } on && /^\.Sh/ { exit }
		on && /^\.Bl -column/ { inside = 1; next } inside && /^\.El/ { exit }
		inside' "$root/doc/$1" | sed -E '1d; s/^\.It //; s/ ?\bTa ?/\t/g; s/""//g; s/\\\(dq/"/g; s/\bFl -/--/g; s/\bFl /-/g; s/ , -([a-z])/ , --\1/g
		s/\b(Ar|Cm|Li|No|Em|Xr) //g'
}

# has_option PROGRAM OPTION
has_option() {
	"$1" --help | grep -Eq -- "^ +(-[a-zA-Z], )?$2( |,|\$)|^ +$2, "
}

# default_is PROGRAM OPTION DEFAULT: what --help says
default_is() {
	"$1" --help | tr -s ' \n' ' ' | grep -Eo -- " $2 [^ ]*.*" | sed -E 's/^ //; s/ (-[a-zA-Z], )?--.*//2; s/(default[^)]*\)).*/\1/' |
		head -n 1 | grep -F "$3"
}

@test "flapper(8): Flapjack's options are accepted, and what is not is refused with its replacement" {
	local old new
	[ "$(table flapper.8 COMPATIBILITY | wc -l)" -eq 3 ]
	while IFS=$'\t' read -r old new; do
		echo "$old = $new"
		has_option flapper "${new% *}"
		old=${old% *} # `-b , --bind-ip`
		for old in "${old%% *}" "${old##* }"; do
			case $old in
			-b | --bind-ip) flapper "$old" 127.0.0.1 -p 0 -i 2ms -n 1 ;;
			-P | --bind-port) flapper "$old" 0 -i 2ms -n 1 ;;
			-f | --frequency) flapper "$old" 0.002 -p 0 -n 1 ;;
			*) false ;;
			esac
		done
	done < <(table flapper.8 COMPATIBILITY)
	for old in start stop restart status; do
		run -64 flapper "$old"
		[[ "$output" == *"there is no '$old'"* ]]
	done
	run -64 flapper -p /run/flapper.pid
	[[ "$output" == *'writes no PID file'* ]]
	default_is flapper --port 12345
	default_is flapper --interval 120s
}

@test "httpbroker(8): the options of Flapjack's broker, its defaults, and what is different" {
	local option options='--port --server --database --interval --queue --flapjack-version --debug --version --help'
	grep -q '^\.Fl -port , -server , -database , -interval , -queue , -flapjack-version , -debug , -version , -help ;$' "$root/doc/httpbroker.8"
	for option in $options; do has_option httpbroker "$option"; done
	for option in --port=3090 --server=localhost:6380 --database=0 --interval=10s --queue=events; do
		default_is httpbroker "${option%%=*}" "${option#*=}"
	done
	has_option httpbroker --no-persist
	has_option httpbroker --sns-topic
	redis_port=$(free_port)
	start_broker --database 0 --interval 10s --queue events --flapjack-version 2 --debug
	log_has broker 'listening on 127\.0\.0\.1:'
	run ! grep -E 'listening on (0\.0\.0\.0|\[::\])' "$work/broker.log"
	post 'no json'
	[ "$code" = 400 ]
	post '{"entity":"e","check":"c","state":"ok","ttl":"30"}'
	[ "$code" = 202 ]
	[[ "$answer" == 'Caching state: {"entity":"e","check":"c","type":"service","state":"ok","summary":"",'*'"ttl":30}' ]]
	[ "$(curl -s "$url" | jq -r 'keys[]')" = e:c ]
	post '{"AlarmName":"a","NewStateValue":"INSUFFICIENT_DATA","NewStateReason":"r","StateChangeTime":"2026-01-02T03:04:05.678+0000"}'
	[ "$(curl -s "$url?entity=a" | jq -r '.[].state')" = unknown ]
	post '{"current_state":"open","condition_name":"c","policy_name":"p","severity":"WARNING"}'
	[ "$(curl -s "$url?entity=p" | jq -r '.[].state')" = warning ]
	post '{"Type":"Notification","TopicArn":"arn:aws:sns:eu-west-1:123456789012:alarms","Message":"{}"}'
	[ "$code" = 403 ]
}

@test "httpbroker-submit(1): each receiver of Flapjack has its counterpart" {
	local old new
	[ "$(table httpbroker-submit.1 COMPATIBILITY | wc -l)" -eq 4 ]
	printf '[SERVICEPERFDATA]\t1\tweb-01\thttp\tOK\t0\t0\tfine\t\n' >"$work/nagios"
	echo '[1] PROCESS_SERVICE_CHECK_RESULT;web-01;http;0;fine' >"$work/nsca"
	echo '{"entity":"web-01","check":"http","state":"ok","summary":"fine"}' >"$work/json"
	while IFS=$'\t' read -r old new; do
		echo "$old = $new"
		new=${new/FILE/$work/${old%% *}} new=${new/ENTITY/web-01} new=${new/CHECK/http}
		# shellcheck disable=SC2086 # options
		[ "$(httpbroker-submit --dry-run ${new/-s STATE -m SUMMARY/-s ok -m fine} |
			jq -r '"\(.entity) \(.check) \(.state) \(.summary)"')" = 'web-01 http ok fine' ]
	done < <(table httpbroker-submit.1 COMPATIBILITY)
	printf 'web-01,http,0,fine\n' | httpbroker-submit --dry-run --format nsca --delimiter , | grep '"check": *"http"'
}

@test "httpbroker-notify(8): the counterparts of Flapjack's settings" {
	[ "$(table httpbroker-notify.8 COMPATIBILITY | grep -c -- --)" -eq 4 ]
	while read -r option; do
		echo "$option"
		has_option httpbroker-notify "$option"
	done < <(table httpbroker-notify.8 COMPATIBILITY | grep -oE -- '--[a-z-]+')
	default_is httpbroker-notify --initial-failure-delay 'default 0'
	default_is httpbroker-notify --repeat 'default never'
	echo '{"entity":"e","check":"c","state":"unknown"}' | httpbroker-notify --flapjack-version 2 |
		grep 'Problem: .*"e:c" is Unknown'
}

@test "oobetet.ini(5): each line of Flapjack's YAML has a line of oobetet.ini, and oobetet accepts them" {
	local yaml ini key rooms
	table oobetet.ini.5 COMPATIBILITY >"$work/rows"
	[ "$(wc -l <"$work/rows")" -ge 18 ]
	rooms=$(sed -n 's/^- "\(.*\)"\t*$/\1/p' "$work/rows" | paste -sd, | sed 's/,/, /g')
	cut -f 2 "$work/rows" | sed "s/KEY/$(printf '1%.0s' {1..32})/" >"$work/oobetet.ini"
	chmod 600 "$work/oobetet.ini"
	oobetet -c "$work/oobetet.ini" --check-config >"$work/shown" 2>&1
	while IFS='|' read -r yaml ini; do
		echo "$yaml = $ini"
		key=${yaml%%:*} yaml=${yaml#*:}
		case $key in
		'' | -*) continue ;;
		oobetet | logger) [ "$ini" = "[$key]" ] && continue ;;
		rooms) yaml=$rooms ;;
		esac
		yaml=${yaml# } yaml=${yaml#\"} yaml=${yaml%\"}
		[ "$ini" = "$key = $yaml" ]
		grep -E "^$key = " "$work/shown"
	done < <(tr '\t' '|' <"$work/rows")
	# PagerDuty's keys of that time need v1, which is not the default
	grep -x 'pagerduty_api = v1' "$work/oobetet.ini"
	grep -E '^pagerduty_url = .*/generic/2010-04-15/create_event.json' "$work/shown"
	sed -i '/^pagerduty_api/d' "$work/oobetet.ini"
	oobetet -c "$work/oobetet.ini" -n 2>/dev/null | grep -E '^pagerduty_api = v2'
	# quotation marks stay an error, and so does the log's file
	sed -i 's/^watched_check = .*/watched_check = "Flapper"/' "$work/oobetet.ini"
	run -78 oobetet -c "$work/oobetet.ini" -n
	printf '[logger]\nfile = /var/log/x\n' >"$work/oobetet.ini"
	run -78 oobetet -c "$work/oobetet.ini" -n
	[[ "$output" == *"unknown key 'file'"* ]]
}

@test "oobetet(8): messages of Flapjack 1 and 2 count, for the whole name" {
	printf 'jabberid = a@b\npassword = c\nrooms = d@e\nwatched_check = Flapper\nwatched_entity = web-01\n' >"$work/oobetet.ini"
	chmod 600 "$work/oobetet.ini"
	run -0 --separate-stderr oobetet -c "$work/oobetet.ini" --explain <<-E
		Problem: flapjack: ACKID f79395cd, "Flapper" on web-010 is Critical
		Problem: flapjack: ACKID f79395cd, "Flapper" on web-01 is Critical
		Recovery: "web-01:Flapper" is OK
	E
	[[ "${lines[0]}" == '1: ignored: '* ]]
	[[ "${lines[1]}" == '2: problem'* ]]
	[[ "${lines[2]}" == '3: recovery'* ]]
	# as Flapjack 2 needed it: the whole name as the check
	sed -i '/watched_entity/d; s/= Flapper/= web-01:Flapper/' "$work/oobetet.ini"
	oobetet -c "$work/oobetet.ini" --explain 2>/dev/null <<<'Recovery: "web-01:Flapper" is OK' | grep '^1: recovery'
}

@test "quietnight(7): Debian's stock Nagios refuses Flapjack's objects, and takes the example" {
	local stock=/etc/nagios4/nagios.cfg
	grep -x 'interval_length=60' "$stock"
	sed -n '/generic-service/,/^}/p' /etc/nagios4/objects/templates.cfg >"$work/template"
	grep -E '^\s*max_check_attempts\s+3\b' "$work/template"
	grep -E '^\s*flap_detection_enabled\s+1\b' "$work/template"
	# pre_flight OBJECTS: what Nagios says of its stock configuration with these
	pre_flight() {
		sed -e "s/^nagios_user=.*/nagios_user=$(id -un)/; s/^nagios_group=.*/nagios_group=$(id -gn)/" \
			-e '/^resource_file=/d' "$stock" >"$work/nagios.cfg" # that one is not for everybody to read
		printf 'cfg_file=%s\n' "$1" >>"$work/nagios.cfg"
		nagios4 -v "$work/nagios.cfg"
	}
	run -0 pre_flight "$root/doc/examples/nagios/flapper.cfg"
	[[ "$output" == *'Total Errors:   0'* ]]
	printf 'define host {\n use base\n host_name h\n address 127.0.0.1\n}\n' >"$work/base.cfg"
	run -1 pre_flight "$work/base.cfg"
	[[ "$output" == *"Template 'base'"* ]]
	printf 'define command {\n command_name check_tcp\n command_line x\n}\n' >"$work/command.cfg"
	run -1 pre_flight "$work/command.cfg"
	[[ "$output" == *"Duplicate definition found for command 'check_tcp'"* ]]
}

@test "quietnight(7): the commands of its COMPATIBILITY, and pages that have such a section" {
	local old new page
	[ "$(table quietnight.7 COMPATIBILITY | wc -l)" -ge 8 ]
	while IFS=$'\t' read -r old new; do
		echo "$old = $new"
		case $new in
		httpbroker-submit*) for new in $new; do [[ "$new" != -* ]] || has_option httpbroker-submit "$new"; done ;;
		*' '[0-9]) [ -f "$root/doc/${new/ /.}" ] ;;
		*) false ;;
		esac
	done < <(table quietnight.7 COMPATIBILITY)
	for page in flapper.8 httpbroker.8 httpbroker-submit.1 httpbroker-notify.8 oobetet.8 oobetet.ini.5; do
		grep -qx '.Sh COMPATIBILITY' "$root/doc/$page"
	done
}

# example_has STATION SETTING VALUE: the example, or the program's default, for that station
example_has() {
	local examples=$root/doc/examples file value=$3
	case $1 in
	flapper | httpbroker | httpbroker-notify) default_is "$1" "$2" "default $3" && return ;;
	Nagios)
		[ "$(awk '/^define service/,/^}/' "$examples/nagios/flapper.cfg" | awk -v key="$2" '$1 == key { print $2 }')" = "$3" ]
		return
		;;
	'Icinga 2')
		case $2 in
		'httpbroker-submit -t') grep -F "\"-t\", \"$3\"" "$examples/icinga2/flapper.conf" ;;
		*) sed -n '/^object Service/,/^}/p' "$examples/icinga2/flapper.conf" | grep -E "^\s*$2 = $3( |\$)" ;;
		esac
		return
		;;
	'Sensu Go')
		file=$examples/sensu-go/flapper.yml
		[ "$2" != '?ttl=' ] || { grep -F "$2$3" "$file" && return; }
		;;
	Prometheus)
		file=$examples/prometheus-chain/rules.yml
		[ "$2" != scrape_interval ] || file=$examples/prometheus-chain/prometheus.yml
		;;
	Alertmanager) file=$examples/prometheus-chain/alertmanager.yml ;;
	Flapjack) # no program of ours: what Flapjack's own documentation and source say
		case "$2=$3" in
		initial_failure_delay=30 | 'new_check_scheduled_maintenance_duration=0 seconds' | \
			'interval of the medium=0' | 'rollup_threshold of the medium=none') return 0 ;;
		esac
		return 1
		;;
	oobetet)
		printf 'jabberid = a@b\npassword = c\nrooms = d@e\nwatched_check = f\n' >"$work/oobetet.ini"
		oobetet -c "$work/oobetet.ini" -n 2>/dev/null | grep -E "^$2 = ($3|5m)\$"
		return
		;;
	*) return 1 ;;
	esac
	if [ "$value" = none ]; then
		! grep -E "^\s*(- )?$2:" "$file"
	else
		grep -E "^\s*(- )?$2: $value( |\$)" "$file"
	fi
}

@test "quietnight(7): the table of what the watched check needs is what the examples and programs have" {
	local station setting value rows=0
	while IFS=$'\t' read -r station setting value; do
		echo "$station, $setting: $value"
		example_has "$station" "$setting" "$value"
		rows=$((rows + 1))
	done < <(table quietnight.7 'WHAT THE WATCHED CHECK NEEDS')
	[ "$rows" -ge 28 ]
}

needed() { table quietnight.7 'WHAT THE WATCHED CHECK NEEDS' | awk -F '\t' -v s="$1" -v k="$2" '$1 == s && $2 == k { print $3 }' | tr -dc '0-9.'; }

@test "quietnight(7): its numbers fit together: a half, the stations' delays, the latency" {
	local half
	half=$(($(needed flapper --interval) / 2))
	[ "$half" -gt $((2 * 10)) ]
	# Flapjack: the failure's delay, a check, a repeat of the broker
	[ "$half" -gt $(($(needed Flapjack initial_failure_delay) + 10 + $(needed httpbroker --interval))) ]
	[ "$(needed oobetet max_latency)" -ge $((2 * $(needed flapper --interval) + 60)) ]
	# ten seconds, in Nagios's minutes
	awk -v minutes="$(needed Nagios check_interval)" 'BEGIN { exit !(minutes * 60 > 9.9 && minutes * 60 < 10.1) }'
	grep -q 'above 120 seconds' "$root/doc/quietnight.7"
}

@test "quietnight(7): the line for cron runs, on one line" {
	local port
	port=$(free_port)
	export HTTPBROKER_URL=http://127.0.0.1:$port
	start broker httpbroker --port "$port" --server none
	poll 20 curl -sf "$HTTPBROKER_URL/health"
	sed -n '/^\* \* \* \* \* /,/^\.Ed/p' "$root/doc/quietnight.7" | sed '/^\.Ed/d' | tr -s '\n ' '  ' >"$work/cron"
	[[ "$(cat "$work/cron")" == '* * * * * nobody '* ]]
	run -2 sh -c "$(sed "s/.* nobody //; s/12345/$(free_port)/" "$work/cron")"
	curl -s "$HTTPBROKER_URL/state/lab/Flapper" | grep 'critical: lab:Flapper: .*refused'
}
