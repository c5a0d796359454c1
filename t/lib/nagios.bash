# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
# A private, real Nagios: no listening socket, no mail, runs as the user of the test.
#
#   start_nagios PORT [HOST [SERVICE]]   checks 127.0.0.1:PORT with check_tcp each second and writes
#                                        one line for each result to the named pipe $nagios_perfdata;
#                                        default names `flapper-on-nagios-01.example.org`, `Flapper`
#   nagios_result STATE   reads lines of that pipe, descriptor 7, until one has that state; its fields
#                         are in $fields
#
# nagios_configure creates the pipe; start_nagios calls it if the test has not: Nagios ignores a pipe
# that is missing when it starts.

start_nagios() {
	[ -p "${nagios_perfdata-}" ] || nagios_configure "$@"
	start nagios nagios4 "$work/nagios/nagios.cfg"
	poll 20 log_has nagios 'Successfully launched command file worker'
}

nagios_configure() {
	local plugins=/usr/lib/nagios/plugins
	nagios_perfdata=$work/nagios/perfdata.fifo
	mkdir -p "$work/nagios/spool"
	mkfifo "$nagios_perfdata"
	nagios_main_file >"$work/nagios/nagios.cfg"
	nagios_objects "$1" "${2:-flapper-on-nagios-01.example.org}" "${3:-Flapper}" \
		>"$work/nagios/objects.cfg"
}

# The unit of intervals is a second. No state is kept, no other log written, no name resolved.
nagios_main_file() {
	cat <<-CONFIG
		cfg_file=$work/nagios/objects.cfg
		log_file=$work/nagios/nagios.log
		object_cache_file=$work/nagios/objects.cache
		status_file=$work/nagios/status.dat
		temp_file=$work/nagios/nagios.tmp
		temp_path=$work/nagios
		lock_file=$work/nagios/nagios.pid
		query_socket=$work/nagios/nagios.qh
		check_result_path=$work/nagios/spool
		nagios_user=$(id -un)
		nagios_group=$(id -gn)
		illegal_macro_output_chars=\`~\$&|'"<>
		use_syslog=0
		check_for_updates=0
		check_external_commands=0
		enable_notifications=0
		enable_flap_detection=0
		check_service_freshness=0
		event_broker_options=0
		interval_length=1
		service_inter_check_delay_method=n
		max_service_check_spread=1
		check_result_reaper_frequency=1
		process_performance_data=1
		service_perfdata_file=$nagios_perfdata
		service_perfdata_file_mode=p
		service_perfdata_file_template=[SERVICEPERFDATA]\t\$TIMET\$\t\$HOSTNAME\$\t\$SERVICEDESC\$\t\$SERVICESTATE\$\t\$SERVICEEXECUTIONTIME\$\t\$SERVICELATENCY\$\t\$SERVICEOUTPUT\$\t\$SERVICEPERFDATA\$\t\$LONGSERVICEOUTPUT\$
	CONFIG
}

nagios_objects() {
	cat <<-CONFIG
		define timeperiod {
			timeperiod_name always
			alias           always
			$(printf '%s 00:00-24:00\n' {sun,mon,tues,wednes,thurs,fri,satur}day)
		}
		define contact { # Nagios requires one; it gets no notification
			contact_name                  nobody
			host_notifications_enabled    0
			service_notifications_enabled 0
			host_notification_period      always
			service_notification_period   always
			host_notification_commands    check_tcp
			service_notification_commands check_tcp
		}
		define host {
			host_name            $2
			address              127.0.0.1
			max_check_attempts   1
			notification_period  always
			contacts             nobody
		}
		define command {
			command_name check_tcp
			command_line $plugins/check_tcp -H \$HOSTADDRESS\$ -p \$ARG1\$ -t 2
		}
		define service {
			host_name            $2
			service_description  $3
			check_command        check_tcp!$1
			check_interval       1
			retry_interval       1
			max_check_attempts   1
			check_period         always
			notification_period  always
			contacts             nobody
		}
	CONFIG
}

nagios_result() {
	local line deadline=$((SECONDS + 20))
	while [ $SECONDS -lt $deadline ]; do
		read -rt 20 -u 7 line || return
		IFS=$'\t' read -ra fields <<<"$line"
		[ "${fields[4]}" != "$1" ] || return 0
	done
	return 1
}
