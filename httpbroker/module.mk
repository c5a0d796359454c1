# SPDX-License-Identifier: MIT

noinst_LIBRARIES += httpbroker/libhttpbroker.a
httpbroker_libhttpbroker_a_SOURCES = \
	httpbroker/options.c httpbroker/options.h \
	httpbroker/checks/checks.c httpbroker/checks/checks.h \
	httpbroker/checks/fifo.c httpbroker/checks/fifo.h \
	httpbroker/checks/history.c httpbroker/checks/history.h \
	httpbroker/checks/wheel.c httpbroker/checks/wheel.h \
	httpbroker/delivery/accepted.c httpbroker/delivery/accepted.h \
	httpbroker/delivery/delivery.c httpbroker/delivery/delivery.h \
	httpbroker/delivery/engine.c httpbroker/delivery/engine.h \
	httpbroker/delivery/exchange.c \
	httpbroker/delivery/flapjack.c httpbroker/delivery/flapjack.h \
	httpbroker/delivery/handover.c httpbroker/delivery/handover.h \
	httpbroker/delivery/internal.h \
	httpbroker/delivery/loader.c httpbroker/delivery/loader.h \
	httpbroker/delivery/memory_only.c \
	httpbroker/delivery/outbox.c httpbroker/delivery/outbox.h \
	httpbroker/delivery/output.c httpbroker/delivery/output.h \
	httpbroker/delivery/pending.c httpbroker/delivery/pending.h \
	httpbroker/delivery/record.c httpbroker/delivery/record.h \
	httpbroker/delivery/status.c httpbroker/delivery/status.h \
	httpbroker/delivery/submissions.c httpbroker/delivery/submissions.h \
	httpbroker/formats/alertmanager.c \
	httpbroker/formats/cloudwatch.c \
	httpbroker/formats/flapjack.c \
	httpbroker/formats/format.c httpbroker/formats/format.h \
	httpbroker/formats/json.c httpbroker/formats/json.h \
	httpbroker/formats/newrelic.c \
	httpbroker/formats/sensu.c \
	httpbroker/http/auth.c httpbroker/http/auth.h \
	httpbroker/http/clients.c httpbroker/http/clients.h \
	httpbroker/http/counters.c httpbroker/http/counters.h \
	httpbroker/http/delete_state.c \
	httpbroker/http/get_state.c \
	httpbroker/http/headers.c \
	httpbroker/http/health.c httpbroker/http/health.h \
	httpbroker/http/held.c httpbroker/http/held.h \
	httpbroker/http/hosts.c httpbroker/http/hosts.h \
	httpbroker/http/listen.c httpbroker/http/listen.h \
	httpbroker/http/metrics.c \
	httpbroker/http/page.c httpbroker/http/page.h \
	httpbroker/http/page_rows.c \
	httpbroker/http/ping.c \
	httpbroker/http/post.c httpbroker/http/post.h \
	httpbroker/http/post_state.c \
	httpbroker/http/request.c httpbroker/http/request.h \
	httpbroker/http/response.c httpbroker/http/response.h \
	httpbroker/http/routes.h \
	httpbroker/http/server.c httpbroker/http/server.h \
	httpbroker/http/target.c httpbroker/http/target.h \
	httpbroker/sns/certificates.c httpbroker/sns/certificates.h \
	httpbroker/sns/envelope.c httpbroker/sns/envelope.h \
	httpbroker/sns/fetcher.c httpbroker/sns/fetcher.h \
	httpbroker/sns/message.c httpbroker/sns/message.h

# What the broker and httpbroker-notify share.
noinst_LIBRARIES += httpbroker/libfamily.a
httpbroker_libfamily_a_SOURCES = \
	httpbroker/limits.h \
	httpbroker/checks/encode.c httpbroker/checks/encode.h \
	httpbroker/checks/event.c httpbroker/checks/event.h \
	httpbroker/checks/siphash.c httpbroker/checks/siphash.h \
	httpbroker/redis/client.c httpbroker/redis/client.h \
	httpbroker/redis/commit.c httpbroker/redis/commit.h \
	httpbroker/redis/confirm.c httpbroker/redis/confirm.h \
	httpbroker/redis/connection.c httpbroker/redis/connection.h \
	httpbroker/redis/connector.c httpbroker/redis/connector.h \
	httpbroker/redis/keys.c httpbroker/redis/keys.h \
	httpbroker/redis/lease.c httpbroker/redis/lease.h \
	httpbroker/redis/redis_options.c httpbroker/redis/redis_options.h \
	httpbroker/redis/resp.c httpbroker/redis/resp.h \
	httpbroker/redis/session.c httpbroker/redis/session.h \
	httpbroker/redis/tls.c httpbroker/redis/tls.h

# What httpbroker-submit and httpbroker-notify share: requests over HTTP.
noinst_LIBRARIES += httpbroker/client/libclient.a
httpbroker_client_libclient_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
httpbroker_client_libclient_a_SOURCES = \
	httpbroker/client/transfer.c httpbroker/client/transfer.h

# The files of the page for browsers, as numbers for the compiler. They are not in BUILT_SOURCES: with
# that, `make all TARGET` runs two makes, which build the same objects at once.
PAGE_FILES = httpbroker/http/page/page.html httpbroker/http/page/page.js httpbroker/http/page/page.css
PAGE_INCLUDES = httpbroker/http/page/page.html.inc httpbroker/http/page/page.js.inc \
	httpbroker/http/page/page.css.inc
EXTRA_DIST += $(PAGE_FILES) t/tools/browser
CLEANFILES += $(PAGE_INCLUDES)
httpbroker/http/page.$(OBJEXT): $(PAGE_INCLUDES)
$(PAGE_INCLUDES): $(PAGE_FILES)
	$(AM_V_GEN)$(MKDIR_P) httpbroker/http/page && \
		od -A n -v -t u1 "$(top_srcdir)/$(@:.inc=)" | sed 's/  *\([0-9][0-9]*\)/\1,/g' >$@.new && \
		mv $@.new $@

HTTPBROKER_LIBS = httpbroker/libhttpbroker.a httpbroker/libfamily.a common/libcommon.a $(MICROHTTPD_LIBS) $(HIREDIS_LIBS) $(JANSSON_LIBS) $(CURL_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS)

bin_PROGRAMS += httpbroker/httpbroker
httpbroker_httpbroker_SOURCES = httpbroker/main.c
httpbroker_httpbroker_LDADD = $(HTTPBROKER_LIBS)
QUICK_TESTS += t/alertmanager.bats t/broker-input.bats t/broker.bats t/broker-clock.bats t/broker-listen.bats
QUICK_TESTS += t/broker-health.bats t/broker-page.bats t/broker-ping.bats t/broker-state.bats t/broker-sns.bats \
	t/broker-sns-certificates.bats
QUICK_TESTS += t/broker-sentinel.bats t/redis-acl.bats t/redis-tls.bats t/broker-output.bats t/broker-stale.bats t/prometheus.bats
QUICK_TESTS += t/broker-limits.bats t/broker-threads.bats t/broker-tokens.bats
SLOW_TESTS += t/broker-faults.bats t/broker-redis.bats t/broker-restart.bats t/broker-standby.bats
SYSTEM_TESTS += t/sentinel.bats t/borgmatic.bats t/broker-proxy.bats t/broker-reboot.bats t/broker-faults-load.bats t/page.bats
dist_man_MANS += doc/httpbroker.8 doc/httpbroker-formats.5 doc/httpbroker-http.7

# A unit test of the broker is one source and its name here: these are linked with it (LDADD).
check_LIBRARIES = t/unit/libbroker.a
t_unit_libbroker_a_SOURCES = t/unit/unit.h \
	t/unit/broker-formats.c t/unit/broker-formats.h \
	t/unit/broker-parts.c t/unit/broker-parts.h \
	t/unit/certificates.c t/unit/certificates.h
LDADD = t/unit/libbroker.a $(HTTPBROKER_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/broker-accepted t/unit/broker-acl t/unit/broker-alertmanager
UNIT_TESTS += t/unit/broker-answer t/unit/broker-body t/unit/broker-burst t/unit/broker-checks
UNIT_TESTS += t/unit/broker-cloudwatch t/unit/broker-commit t/unit/broker-deletion
UNIT_TESTS += t/unit/broker-encode t/unit/broker-engine t/unit/broker-engine-simulation
UNIT_TESTS += t/unit/broker-event t/unit/broker-fifo t/unit/broker-forget t/unit/broker-format
UNIT_TESTS += t/unit/broker-handshake t/unit/broker-held t/unit/broker-jsonpool
UNIT_TESTS += t/unit/broker-leadership t/unit/broker-lease t/unit/broker-loader
UNIT_TESTS += t/unit/broker-memory-only t/unit/broker-newrelic t/unit/broker-options t/unit/broker-outbox
UNIT_TESTS += t/unit/broker-output
UNIT_TESTS += t/unit/broker-page t/unit/broker-path t/unit/broker-post t/unit/broker-record t/unit/broker-replication t/unit/broker-request t/unit/broker-sensu
UNIT_TESTS += t/unit/broker-session-simulation t/unit/broker-sns t/unit/broker-sns-certificates
UNIT_TESTS += t/unit/broker-sns-fetcher t/unit/broker-sns-trust t/unit/broker-suspend
UNIT_TESTS += t/unit/broker-tokens t/unit/broker-wheel
t_unit_broker_suspend_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=MHD_resume_connection
t_unit_broker_engine_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=checks_count

FUZZ_TARGETS += t/fuzz/broker-record
t_fuzz_broker_record_SOURCES = t/fuzz/broker-record.c $(T_FUZZ)
t_fuzz_broker_record_LDFLAGS = $(FUZZ_LINK)
t_fuzz_broker_record_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/broker-token
t_fuzz_broker_token_SOURCES = t/fuzz/broker-token.c $(T_FUZZ)
t_fuzz_broker_token_LDFLAGS = $(FUZZ_LINK)
t_fuzz_broker_token_LDADD = $(HTTPBROKER_LIBS)

# Of the formats, each by itself, and of a request as a whole.
T_FUZZ_FORMAT = t/fuzz/format.c t/fuzz/format.h $(T_FUZZ)

FUZZ_TARGETS += t/fuzz/format-flapjack
t_fuzz_format_flapjack_SOURCES = t/fuzz/format-flapjack.c $(T_FUZZ_FORMAT)
t_fuzz_format_flapjack_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_flapjack_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-alertmanager
t_fuzz_format_alertmanager_SOURCES = t/fuzz/format-alertmanager.c $(T_FUZZ_FORMAT)
t_fuzz_format_alertmanager_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_alertmanager_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-sensu
t_fuzz_format_sensu_SOURCES = t/fuzz/format-sensu.c $(T_FUZZ_FORMAT)
t_fuzz_format_sensu_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_sensu_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-cloudwatch
t_fuzz_format_cloudwatch_SOURCES = t/fuzz/format-cloudwatch.c $(T_FUZZ_FORMAT)
t_fuzz_format_cloudwatch_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_cloudwatch_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/sns-envelope
t_fuzz_sns_envelope_SOURCES = t/fuzz/sns-envelope.c $(T_FUZZ)
t_fuzz_sns_envelope_LDFLAGS = $(FUZZ_LINK)
t_fuzz_sns_envelope_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-newrelic
t_fuzz_format_newrelic_SOURCES = t/fuzz/format-newrelic.c $(T_FUZZ_FORMAT)
t_fuzz_format_newrelic_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_newrelic_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-newrelic-workflow
t_fuzz_format_newrelic_workflow_SOURCES = t/fuzz/format-newrelic-workflow.c $(T_FUZZ_FORMAT)
t_fuzz_format_newrelic_workflow_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_newrelic_workflow_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/request
t_fuzz_request_SOURCES = t/fuzz/request.c $(T_FUZZ)
t_fuzz_request_LDFLAGS = $(FUZZ_LINK) -Wl,--wrap=delivery_submit,--wrap=delivery_status,--wrap=delivery_role,--wrap=delivery_commits,--wrap=delivery_outlived
t_fuzz_request_LDADD = $(HTTPBROKER_LIBS)

EXAMPLES += \
	doc/examples/httpbroker/daemontools/log/run \
	doc/examples/httpbroker/cron \
	doc/examples/httpbroker/daemontools/run \
	doc/examples/httpbroker/s6/log/run \
	doc/examples/httpbroker/s6/notification-fd \
	doc/examples/httpbroker/s6/run \
	doc/examples/httpbroker/runit/log/run \
	doc/examples/httpbroker/runit/run \
	doc/examples/nginx/httpbroker.conf \
	doc/examples/nginx/httpbroker-tls.conf \
	doc/examples/sensu-go/flapper.yml \
	doc/examples/prometheus/alerts.yml \
	doc/examples/prometheus/alerts_test.yml \
	doc/examples/prometheus/notify-alertmanager.yml \
	doc/examples/prometheus/notify.yml \
	doc/examples/prometheus/scrape.yml \
	doc/examples/prometheus-chain/README \
	doc/examples/prometheus-chain/alertmanager.yml \
	doc/examples/prometheus-chain/blackbox.yml \
	doc/examples/prometheus-chain/oobetet.ini \
	doc/examples/prometheus-chain/prometheus.yml \
	doc/examples/prometheus-chain/rules.yml \
	doc/examples/prometheus-chain/rules_test.yml
SYSTEM_TESTS += t/prometheus-chain.bats
UNITS += doc/examples/httpbroker/httpbroker.service doc/examples/httpbroker/httpbroker@.service
