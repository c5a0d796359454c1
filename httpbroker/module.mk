# SPDX-License-Identifier: MIT

noinst_LIBRARIES += httpbroker/libhttpbroker.a
httpbroker_libhttpbroker_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(CURL_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS)
httpbroker_libhttpbroker_a_SOURCES = \
	httpbroker/limits.h \
	httpbroker/options.c httpbroker/options.h \
	httpbroker/checks/checks.c httpbroker/checks/checks.h \
	httpbroker/checks/encode.c httpbroker/checks/encode.h \
	httpbroker/checks/event.c httpbroker/checks/event.h \
	httpbroker/checks/siphash.c httpbroker/checks/siphash.h \
	httpbroker/checks/wheel.c httpbroker/checks/wheel.h \
	httpbroker/delivery/accepted.c httpbroker/delivery/accepted.h \
	httpbroker/delivery/delivery.c httpbroker/delivery/delivery.h \
	httpbroker/delivery/engine.c httpbroker/delivery/engine.h \
	httpbroker/delivery/exchange.c \
	httpbroker/delivery/fifo.c httpbroker/delivery/fifo.h \
	httpbroker/delivery/forget.c httpbroker/delivery/forget.h \
	httpbroker/delivery/handoff.c httpbroker/delivery/handoff.h \
	httpbroker/delivery/histogram.c httpbroker/delivery/histogram.h \
	httpbroker/delivery/internal.h \
	httpbroker/delivery/loader.c httpbroker/delivery/loader.h \
	httpbroker/delivery/missing.c httpbroker/delivery/missing.h \
	httpbroker/delivery/outbox.c httpbroker/delivery/outbox.h \
	httpbroker/delivery/outgoing.c httpbroker/delivery/outgoing.h \
	httpbroker/delivery/pending.c httpbroker/delivery/pending.h \
	httpbroker/delivery/record.c httpbroker/delivery/record.h \
	httpbroker/delivery/status.c httpbroker/delivery/status.h \
	httpbroker/delivery/submissions.c httpbroker/delivery/submissions.h \
	httpbroker/formats/alertmanager.c \
	httpbroker/formats/body.c httpbroker/formats/body.h \
	httpbroker/formats/cloudwatch.c \
	httpbroker/formats/flapjack.c \
	httpbroker/formats/format.c httpbroker/formats/format.h \
	httpbroker/formats/json.c httpbroker/formats/json.h \
	httpbroker/formats/names.c httpbroker/formats/names.h \
	httpbroker/formats/newrelic.c \
	httpbroker/formats/sensu.c \
	httpbroker/http/auth.c httpbroker/http/auth.h \
	httpbroker/http/clients.c httpbroker/http/clients.h \
	httpbroker/http/delete_state.c \
	httpbroker/http/get_state.c httpbroker/http/get_state.h \
	httpbroker/http/headers.c httpbroker/http/headers.h \
	httpbroker/http/health.c httpbroker/http/health.h \
	httpbroker/http/held.c httpbroker/http/held.h \
	httpbroker/http/hosts.c httpbroker/http/hosts.h \
	httpbroker/http/listen.c httpbroker/http/listen.h \
	httpbroker/http/metrics.c httpbroker/http/metrics.h \
	httpbroker/http/post.c httpbroker/http/post.h \
	httpbroker/http/post_sns.c \
	httpbroker/http/post_state.c \
	httpbroker/http/request.c httpbroker/http/request.h \
	httpbroker/http/response.c httpbroker/http/response.h \
	httpbroker/http/routes.c \
	httpbroker/http/server.c httpbroker/http/server.h \
	httpbroker/http/suspend.c httpbroker/http/suspend.h \
	httpbroker/redis/client.c httpbroker/redis/client.h \
	httpbroker/redis/commit.c httpbroker/redis/commit.h \
	httpbroker/redis/connection.c httpbroker/redis/connection.h \
	httpbroker/redis/lease.c httpbroker/redis/lease.h \
	httpbroker/redis/resp.c httpbroker/redis/resp.h \
	httpbroker/redis/session.c httpbroker/redis/session.h \
	httpbroker/sns/certificates.c httpbroker/sns/certificates.h \
	httpbroker/sns/envelope.c httpbroker/sns/envelope.h \
	httpbroker/sns/fetcher.c httpbroker/sns/fetcher.h \
	httpbroker/sns/message.c httpbroker/sns/message.h \
	httpbroker/sns/policy.c httpbroker/sns/policy.h

HTTPBROKER_LIBS = httpbroker/libhttpbroker.a common/libcommon.a $(MICROHTTPD_LIBS) $(HIREDIS_LIBS) $(JANSSON_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS)

bin_PROGRAMS += httpbroker/httpbroker
httpbroker_httpbroker_SOURCES = httpbroker/main.c
httpbroker_httpbroker_LDADD = $(HTTPBROKER_LIBS)
QUICK_TESTS += t/alertmanager.bats t/broker-input.bats t/broker.bats t/broker-clock.bats t/broker-door.bats
QUICK_TESTS += t/broker-health.bats t/broker-reading.bats t/broker-sns.bats \
	t/broker-sns-certificates.bats
QUICK_TESTS += t/broker-keeping.bats t/prometheus.bats
QUICK_TESTS += t/broker-limits.bats t/broker-threads.bats t/broker-tokens.bats
SLOW_TESTS += t/broker-faults.bats t/broker-redis.bats t/broker-restart.bats t/broker-standby.bats
SLOW_TESTS += t/broker-proxy.bats t/broker-unrest.bats
dist_man_MANS += doc/httpbroker.8 doc/httpbroker-formats.5 doc/httpbroker-http.7
EXTRA_DIST += \
	doc/examples/httpbroker/daemontools/run \
	doc/examples/httpbroker/httpbroker.service \
	doc/examples/httpbroker/httpbroker@.service \
	doc/examples/httpbroker/runit/log/run \
	doc/examples/httpbroker/runit/run \
	doc/examples/nginx/httpbroker.conf \
	doc/examples/prometheus/alerts.yml \
	doc/examples/prometheus/alerts_test.yml \
	doc/examples/prometheus/scrape.yml

T_BROKER = t/unit/unit.h t/unit/broker-parts.c t/unit/broker-parts.h
T_BROKER_LIBS = $(HTTPBROKER_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += t/unit/broker-sns
t_unit_broker_sns_SOURCES = t/unit/broker-sns.c t/unit/unit.h
t_unit_broker_sns_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_sns_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-sns-trust
t_unit_broker_sns_trust_SOURCES = t/unit/broker-sns-trust.c t/unit/unit.h \
	t/unit/certificates.c t/unit/certificates.h
t_unit_broker_sns_trust_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_sns_trust_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-sns-certificates
t_unit_broker_sns_certificates_SOURCES = t/unit/broker-sns-certificates.c t/unit/unit.h \
	t/unit/certificates.c t/unit/certificates.h
t_unit_broker_sns_certificates_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_sns_certificates_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-sns-fetcher
t_unit_broker_sns_fetcher_SOURCES = t/unit/broker-sns-fetcher.c t/unit/unit.h
t_unit_broker_sns_fetcher_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-accepted
t_unit_broker_accepted_SOURCES = t/unit/broker-accepted.c $(T_BROKER)
t_unit_broker_accepted_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_accepted_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-forget
t_unit_broker_forget_SOURCES = t/unit/broker-forget.c $(T_BROKER)
t_unit_broker_forget_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_forget_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-lease
t_unit_broker_lease_SOURCES = t/unit/broker-lease.c $(T_BROKER)
t_unit_broker_lease_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_lease_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-commit
t_unit_broker_commit_SOURCES = t/unit/broker-commit.c $(T_BROKER)
t_unit_broker_commit_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_commit_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-burst
t_unit_broker_burst_SOURCES = t/unit/broker-burst.c $(T_BROKER)
t_unit_broker_burst_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_burst_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-deletion
t_unit_broker_deletion_SOURCES = t/unit/broker-deletion.c t/unit/unit.h
t_unit_broker_deletion_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_deletion_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-event
t_unit_broker_event_SOURCES = t/unit/broker-event.c $(T_BROKER)
t_unit_broker_event_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_event_LDADD = $(T_BROKER_LIBS)

T_BROKER_FORMATS = t/unit/unit.h t/unit/broker-formats.c t/unit/broker-formats.h

UNIT_TESTS += t/unit/broker-alertmanager
t_unit_broker_alertmanager_SOURCES = t/unit/broker-alertmanager.c $(T_BROKER_FORMATS)
t_unit_broker_alertmanager_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_alertmanager_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-body
t_unit_broker_body_SOURCES = t/unit/broker-body.c t/unit/unit.h
t_unit_broker_body_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_body_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-jsonpool
t_unit_broker_jsonpool_SOURCES = t/unit/broker-jsonpool.c t/unit/unit.h
t_unit_broker_jsonpool_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_jsonpool_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-cloudwatch
t_unit_broker_cloudwatch_SOURCES = t/unit/broker-cloudwatch.c $(T_BROKER_FORMATS)
t_unit_broker_cloudwatch_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_cloudwatch_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-newrelic
t_unit_broker_newrelic_SOURCES = t/unit/broker-newrelic.c $(T_BROKER_FORMATS)
t_unit_broker_newrelic_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_newrelic_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-sensu
t_unit_broker_sensu_SOURCES = t/unit/broker-sensu.c $(T_BROKER_FORMATS)
t_unit_broker_sensu_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_sensu_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-post
t_unit_broker_post_SOURCES = t/unit/broker-post.c $(T_BROKER)
t_unit_broker_post_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_post_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-format
t_unit_broker_format_SOURCES = t/unit/broker-format.c $(T_BROKER_FORMATS)
t_unit_broker_format_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_format_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-handshake
t_unit_broker_handshake_SOURCES = t/unit/broker-handshake.c $(T_BROKER)
t_unit_broker_handshake_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_handshake_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-engine
t_unit_broker_engine_SOURCES = t/unit/broker-engine.c $(T_BROKER)
t_unit_broker_engine_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_engine_LDADD = $(T_BROKER_LIBS)
t_unit_broker_engine_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=checks_count

UNIT_TESTS += t/unit/broker-engine-simulation
t_unit_broker_engine_simulation_SOURCES = t/unit/broker-engine-simulation.c $(T_BROKER)
t_unit_broker_engine_simulation_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_engine_simulation_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-outbox
t_unit_broker_outbox_SOURCES = t/unit/broker-outbox.c $(T_BROKER)
t_unit_broker_outbox_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_outbox_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-acl
t_unit_broker_acl_SOURCES = t/unit/broker-acl.c t/unit/unit.h
t_unit_broker_acl_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-loader
t_unit_broker_loader_SOURCES = t/unit/broker-loader.c $(T_BROKER)
t_unit_broker_loader_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_loader_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-record
t_unit_broker_record_SOURCES = t/unit/broker-record.c $(T_BROKER)
t_unit_broker_record_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_record_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-held
t_unit_broker_held_SOURCES = t/unit/broker-held.c t/unit/unit.h
t_unit_broker_held_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-request
t_unit_broker_request_SOURCES = t/unit/broker-request.c $(T_BROKER)
t_unit_broker_request_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_request_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-session-simulation
t_unit_broker_session_simulation_SOURCES = t/unit/broker-session-simulation.c $(T_BROKER)
t_unit_broker_session_simulation_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_session_simulation_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-leadership
t_unit_broker_leadership_SOURCES = t/unit/broker-leadership.c t/unit/unit.h
t_unit_broker_leadership_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_leadership_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-checks
t_unit_broker_checks_SOURCES = t/unit/broker-checks.c $(T_BROKER)
t_unit_broker_checks_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_checks_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-tokens
t_unit_broker_tokens_SOURCES = t/unit/broker-tokens.c t/unit/unit.h
t_unit_broker_tokens_LDADD = $(T_BROKER_LIBS)

FUZZ_TARGETS += t/fuzz/broker-record
t_fuzz_broker_record_SOURCES = t/fuzz/broker-record.c $(T_FUZZ)
t_fuzz_broker_record_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_broker_record_LDFLAGS = $(FUZZ_LINK)
t_fuzz_broker_record_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/broker-token
t_fuzz_broker_token_SOURCES = t/fuzz/broker-token.c $(T_FUZZ)
t_fuzz_broker_token_LDFLAGS = $(FUZZ_LINK)
t_fuzz_broker_token_LDADD = $(HTTPBROKER_LIBS)

UNIT_TESTS += t/unit/broker-suspend
t_unit_broker_suspend_SOURCES = t/unit/broker-suspend.c t/unit/unit.h
t_unit_broker_suspend_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
t_unit_broker_suspend_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-wheel
t_unit_broker_wheel_SOURCES = t/unit/broker-wheel.c $(T_BROKER)
t_unit_broker_wheel_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_wheel_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-encode
t_unit_broker_encode_SOURCES = t/unit/broker-encode.c $(T_BROKER)
t_unit_broker_encode_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_encode_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-memory-only
t_unit_broker_memory_only_SOURCES = t/unit/broker-memory-only.c $(T_BROKER)
t_unit_broker_memory_only_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_memory_only_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-answer
t_unit_broker_answer_SOURCES = t/unit/broker-answer.c $(T_BROKER)
t_unit_broker_answer_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_answer_LDADD = $(T_BROKER_LIBS)

# Of the formats, each by itself, and of a request as a whole.
T_FUZZ_FORMAT = t/fuzz/format.c t/fuzz/format.h $(T_FUZZ)

FUZZ_TARGETS += t/fuzz/format-flapjack
t_fuzz_format_flapjack_SOURCES = t/fuzz/format-flapjack.c $(T_FUZZ_FORMAT)
t_fuzz_format_flapjack_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_format_flapjack_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_flapjack_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-alertmanager
t_fuzz_format_alertmanager_SOURCES = t/fuzz/format-alertmanager.c $(T_FUZZ_FORMAT)
t_fuzz_format_alertmanager_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_format_alertmanager_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_alertmanager_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-sensu
t_fuzz_format_sensu_SOURCES = t/fuzz/format-sensu.c $(T_FUZZ_FORMAT)
t_fuzz_format_sensu_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_format_sensu_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_sensu_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-cloudwatch
t_fuzz_format_cloudwatch_SOURCES = t/fuzz/format-cloudwatch.c $(T_FUZZ_FORMAT)
t_fuzz_format_cloudwatch_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_format_cloudwatch_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_cloudwatch_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/sns-envelope
t_fuzz_sns_envelope_SOURCES = t/fuzz/sns-envelope.c $(T_FUZZ)
t_fuzz_sns_envelope_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_sns_envelope_LDFLAGS = $(FUZZ_LINK)
t_fuzz_sns_envelope_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-newrelic
t_fuzz_format_newrelic_SOURCES = t/fuzz/format-newrelic.c $(T_FUZZ_FORMAT)
t_fuzz_format_newrelic_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_format_newrelic_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_newrelic_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/format-newrelic-workflow
t_fuzz_format_newrelic_workflow_SOURCES = t/fuzz/format-newrelic-workflow.c $(T_FUZZ_FORMAT)
t_fuzz_format_newrelic_workflow_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_format_newrelic_workflow_LDFLAGS = $(FUZZ_LINK)
t_fuzz_format_newrelic_workflow_LDADD = $(HTTPBROKER_LIBS)

FUZZ_TARGETS += t/fuzz/request
t_fuzz_request_SOURCES = t/fuzz/request.c $(T_FUZZ)
t_fuzz_request_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS)
t_fuzz_request_LDFLAGS = $(FUZZ_LINK) -Wl,--wrap=delivery_submit,--wrap=delivery_status,--wrap=delivery_role,--wrap=delivery_commits,--wrap=delivery_outlived
t_fuzz_request_LDADD = $(HTTPBROKER_LIBS)
