# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work and the functions come from daemons.bash
#
#   start_nginx PORT    with $work/proxy.conf within its http { }; waits until it listens there

start_nginx() {
	local user=
	# its workers read our files, too
	[ "$EUID" -ne 0 ] || user="user root;"
	cat >"$work/nginx.conf" <<-E
		daemon off;
		$user
		pid $work/nginx.pid;
		error_log stderr crit;
		events { }
		http {
		    access_log off;
		    client_body_temp_path $work/nginx-body;
		    proxy_temp_path $work/nginx-proxy;
		    fastcgi_temp_path $work/nginx-fastcgi;
		    scgi_temp_path $work/nginx-scgi;
		    uwsgi_temp_path $work/nginx-uwsgi;
		    include $work/proxy.conf;
		}
	E
	start nginx nginx -p "$work" -e stderr -c "$work/nginx.conf"
	poll 20 listening "$1"
}
