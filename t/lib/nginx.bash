# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $work, $root and the functions come from daemons.bash; $proxy_port is the test's
#
#   start_nginx PORT              with $work/proxy.conf in its http { }; waits until it listens on PORT
#   start_proxy BROKER [BROKER]   the proxy of doc/examples for brokers at these addresses, on $proxy_port
#   start_tls_proxy               that with TLS, for brokers at $work/a.sock and b.sock; its certificate is
#                                 $work/broker.crt, of broker.example.org

start_proxy() {
	sed -e "s|a\.example\.org:3090|$1|; ${2:+s|b\.example\.org:3090|$2|;} /b\.example\.org:3090/d" \
		-e "s/listen 80;/listen 127.0.0.1:$proxy_port;/" \
		"$root/doc/examples/nginx/httpbroker.conf" >"$work/proxy.conf"
	start_nginx "$proxy_port"
}

start_tls_proxy() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=broker.example.org \
		-addext subjectAltName=DNS:broker.example.org -keyout "$work/broker.key" -out "$work/broker.crt" 2>"$work/openssl.log"
	sed -e "s|/run/httpbroker/|$work/|; s|/etc/nginx/httpbroker|$work/broker|" \
		-e "s/listen 443 ssl;/listen 127.0.0.1:$proxy_port ssl;/" \
		"$root/doc/examples/nginx/httpbroker-tls.conf" >"$work/proxy.conf"
	start_nginx "$proxy_port"
}

start_nginx() {
	local user=
	# its workers must be able to read our files
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
