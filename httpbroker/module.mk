# SPDX-License-Identifier: MIT

noinst_LIBRARIES += httpbroker/libhttpbroker.a
httpbroker_libhttpbroker_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(CURL_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS)
httpbroker_libhttpbroker_a_SOURCES = \
	httpbroker/limits.h \
	httpbroker/options.c httpbroker/options.h \
	httpbroker/checks/checks.c httpbroker/checks/checks.h \
	httpbroker/checks/encode.c httpbroker/checks/encode.h \
	httpbroker/checks/event.c httpbroker/checks/event.h \
	httpbroker/checks/prepared.c httpbroker/checks/prepared.h \
	httpbroker/checks/siphash.c httpbroker/checks/siphash.h \
	httpbroker/checks/wheel.c httpbroker/checks/wheel.h \
	httpbroker/delivery/accepted.c httpbroker/delivery/accepted.h \
	httpbroker/delivery/delivery.c httpbroker/delivery/delivery.h \
	httpbroker/delivery/engine.c httpbroker/delivery/engine.h \
	httpbroker/delivery/eviction.c httpbroker/delivery/eviction.h \
	httpbroker/delivery/exchange.c \
	httpbroker/delivery/fifo.c httpbroker/delivery/fifo.h \
	httpbroker/delivery/forget.c httpbroker/delivery/forget.h \
	httpbroker/delivery/handoff.c httpbroker/delivery/handoff.h \
	httpbroker/delivery/histogram.c httpbroker/delivery/histogram.h \
	httpbroker/delivery/internal.h \
	httpbroker/delivery/loader.c httpbroker/delivery/loader.h \
	httpbroker/delivery/memory_only.c httpbroker/delivery/memory_only.h \
	httpbroker/delivery/missing.c httpbroker/delivery/missing.h \
	httpbroker/delivery/outbox.c httpbroker/delivery/outbox.h \
	httpbroker/delivery/outgoing.c httpbroker/delivery/outgoing.h \
	httpbroker/delivery/pending.c httpbroker/delivery/pending.h \
	httpbroker/delivery/record.c httpbroker/delivery/record.h \
	httpbroker/delivery/status.c httpbroker/delivery/status.h \
	httpbroker/delivery/submissions.c httpbroker/delivery/submissions.h \
	httpbroker/formats/alertmanager.c \
	httpbroker/formats/body.c httpbroker/formats/body.h \
	httpbroker/formats/cloudwatch.c httpbroker/formats/cloudwatch.h \
	httpbroker/formats/flapjack.c \
	httpbroker/formats/format.c httpbroker/formats/format.h \
	httpbroker/formats/json.c httpbroker/formats/json.h \
	httpbroker/formats/names.c httpbroker/formats/names.h \
	httpbroker/formats/newrelic.c \
	httpbroker/formats/sensu.c \
	httpbroker/http/auth.c httpbroker/http/auth.h \
	httpbroker/http/clients.c httpbroker/http/clients.h \
	httpbroker/http/counters.c httpbroker/http/counters.h \
	httpbroker/http/delete_state.c \
	httpbroker/http/get_state.c httpbroker/http/get_state.h \
	httpbroker/http/headers.c httpbroker/http/headers.h \
	httpbroker/http/health.c httpbroker/http/health.h \
	httpbroker/http/held.c httpbroker/http/held.h \
	httpbroker/http/hosts.c httpbroker/http/hosts.h \
	httpbroker/http/listen.c httpbroker/http/listen.h \
	httpbroker/http/metrics.c httpbroker/http/metrics.h \
	httpbroker/http/post.c httpbroker/http/post.h \
	httpbroker/http/post_sns.c httpbroker/http/post_sns.h \
	httpbroker/http/post_state.c httpbroker/http/post_state.h \
	httpbroker/http/request.c httpbroker/http/request.h \
	httpbroker/http/requestlog.c httpbroker/http/requestlog.h \
	httpbroker/http/response.c httpbroker/http/response.h \
	httpbroker/http/routes.c httpbroker/http/routes.h \
	httpbroker/http/server.c httpbroker/http/server.h \
	httpbroker/http/suspend.c httpbroker/http/suspend.h \
	httpbroker/redis/client.c httpbroker/redis/client.h \
	httpbroker/redis/commit.c httpbroker/redis/commit.h \
	httpbroker/redis/connection.c httpbroker/redis/connection.h \
	httpbroker/redis/handshake.c httpbroker/redis/handshake.h \
	httpbroker/redis/lease.c httpbroker/redis/lease.h \
	httpbroker/redis/link.c httpbroker/redis/link.h \
	httpbroker/redis/resp.c httpbroker/redis/resp.h \
	httpbroker/redis/session.c httpbroker/redis/session.h \
	httpbroker/sns/certificates.c httpbroker/sns/certificates.h \
	httpbroker/sns/envelope.c httpbroker/sns/envelope.h \
	httpbroker/sns/fetcher.c httpbroker/sns/fetcher.h \
	httpbroker/sns/message.c httpbroker/sns/message.h \
	httpbroker/sns/policy.c httpbroker/sns/policy.h \
	httpbroker/sns/signature.c httpbroker/sns/signature.h

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
dist_man_MANS += doc/httpbroker.1
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

UNIT_TESTS += t/unit/broker-backlog
t_unit_broker_backlog_SOURCES = t/unit/broker-backlog.c $(T_BROKER)
t_unit_broker_backlog_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_backlog_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-forgetting
t_unit_broker_forgetting_SOURCES = t/unit/broker-forgetting.c $(T_BROKER)
t_unit_broker_forgetting_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_forgetting_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-claim
t_unit_broker_claim_SOURCES = t/unit/broker-claim.c $(T_BROKER)
t_unit_broker_claim_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_claim_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-commit
t_unit_broker_commit_SOURCES = t/unit/broker-commit.c $(T_BROKER)
t_unit_broker_commit_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_commit_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-crowd
t_unit_broker_crowd_SOURCES = t/unit/broker-crowd.c $(T_BROKER)
t_unit_broker_crowd_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_crowd_LDADD = $(T_BROKER_LIBS)

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

UNIT_TESTS += t/unit/broker-greeting
t_unit_broker_greeting_SOURCES = t/unit/broker-greeting.c $(T_BROKER)
t_unit_broker_greeting_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_greeting_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-ledger
t_unit_broker_ledger_SOURCES = t/unit/broker-ledger.c $(T_BROKER)
t_unit_broker_ledger_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_ledger_LDADD = $(T_BROKER_LIBS)
t_unit_broker_ledger_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=checks_count

UNIT_TESTS += t/unit/broker-ledger-simulation
t_unit_broker_ledger_simulation_SOURCES = t/unit/broker-ledger-simulation.c $(T_BROKER)
t_unit_broker_ledger_simulation_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_ledger_simulation_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-outbox
t_unit_broker_outbox_SOURCES = t/unit/broker-outbox.c $(T_BROKER)
t_unit_broker_outbox_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_outbox_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-permit
t_unit_broker_permit_SOURCES = t/unit/broker-permit.c t/unit/unit.h
t_unit_broker_permit_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-reader
t_unit_broker_reader_SOURCES = t/unit/broker-reader.c $(T_BROKER)
t_unit_broker_reader_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_reader_LDADD = $(T_BROKER_LIBS)

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

UNIT_TESTS += t/unit/broker-tenure
t_unit_broker_tenure_SOURCES = t/unit/broker-tenure.c t/unit/unit.h
t_unit_broker_tenure_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_tenure_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-states
t_unit_broker_states_SOURCES = t/unit/broker-states.c $(T_BROKER)
t_unit_broker_states_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_states_LDADD = $(T_BROKER_LIBS)

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

UNIT_TESTS += t/unit/broker-waking
t_unit_broker_waking_SOURCES = t/unit/broker-waking.c t/unit/unit.h
t_unit_broker_waking_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
t_unit_broker_waking_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-wheel
t_unit_broker_wheel_SOURCES = t/unit/broker-wheel.c $(T_BROKER)
t_unit_broker_wheel_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_wheel_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-wire
t_unit_broker_wire_SOURCES = t/unit/broker-wire.c $(T_BROKER)
t_unit_broker_wire_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_wire_LDADD = $(T_BROKER_LIBS)

UNIT_TESTS += t/unit/broker-alone
t_unit_broker_alone_SOURCES = t/unit/broker-alone.c $(T_BROKER)
t_unit_broker_alone_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_broker_alone_LDADD = $(T_BROKER_LIBS)

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
