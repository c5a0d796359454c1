# SPDX-License-Identifier: MIT
# oobetet: watches a Jabber room and raises an alarm when expected messages stop.

bin_PROGRAMS += oobetet/oobetet
oobetet_oobetet_SOURCES = oobetet/main.c
oobetet_oobetet_CPPFLAGS = $(AM_CPPFLAGS) -DSYSCONFDIR='"$(sysconfdir)"'
oobetet_oobetet_CFLAGS = $(AM_CFLAGS) $(STROPHE_CFLAGS)
oobetet_oobetet_LDADD = $(OOBETET_LIBS)

noinst_LIBRARIES += oobetet/liboobetet.a
oobetet_liboobetet_a_CFLAGS = $(AM_CFLAGS) $(STROPHE_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS) $(HIREDIS_CFLAGS) \
	$(INIH_CFLAGS)
oobetet_liboobetet_a_SOURCES = \
	oobetet/dispatch.c \
	oobetet/explain.c oobetet/explain.h \
	oobetet/ipc.c oobetet/ipc.h \
	oobetet/loop.c \
	oobetet/message.c oobetet/message.h \
	oobetet/metrics.c \
	oobetet/monitor.c oobetet/monitor.h \
	oobetet/planned.c \
	oobetet/reload.c \
	oobetet/selfexec.c oobetet/selfexec.h \
	oobetet/status.c oobetet/status.h \
	oobetet/testalert.c \
	oobetet/worker.c oobetet/worker.h \
	oobetet/channel/asides.c oobetet/channel/asides.h \
	oobetet/channel/channels.c oobetet/channel/channels.h \
	oobetet/channel/command.c oobetet/channel/command.h \
	oobetet/channel/incident.c oobetet/channel/incident.h \
	oobetet/channel/notification.c oobetet/channel/notification.h \
	oobetet/channel/queue.c oobetet/channel/queue.h \
	oobetet/channel/watches.c oobetet/channel/watches.h \
	oobetet/config/config.h \
	oobetet/config/file.c \
	oobetet/config/ini.c \
	oobetet/config/keys.c oobetet/config/keys.h \
	oobetet/config/loader.c oobetet/config/loader.h \
	oobetet/config/show.c \
	oobetet/config/transfer.c \
	oobetet/config/values.c oobetet/config/values.h \
	oobetet/http/main.c \
	oobetet/http/pagerduty.c oobetet/http/pagerduty.h \
	oobetet/listen/format.c oobetet/listen/format.h \
	oobetet/listen/listener.c oobetet/listen/listener.h \
	oobetet/listen/program.c oobetet/listen/program.h \
	oobetet/probe/broker.c \
	oobetet/probe/dial.c oobetet/probe/dial.h \
	oobetet/probe/main.c \
	oobetet/probe/probe.c oobetet/probe/probe.h \
	oobetet/probe/redis.c \
	oobetet/state/quiet.c oobetet/state/quiet.h \
	oobetet/state/snapshot.c oobetet/state/snapshot.h \
	oobetet/state/state.c oobetet/state/state.h \
	oobetet/state/statefile.c oobetet/state/statefile.h \
	oobetet/watch/chain.c oobetet/watch/chain.h \
	oobetet/watch/diagnosis.c oobetet/watch/diagnosis.h \
	oobetet/watch/links.c oobetet/watch/links.h \
	oobetet/watch/match.c oobetet/watch/match.h \
	oobetet/watch/occupants.c oobetet/watch/occupants.h \
	oobetet/watch/readings.c oobetet/watch/readings.h \
	oobetet/watch/rooms.c oobetet/watch/rooms.h \
	oobetet/watch/view.c oobetet/watch/view.h \
	oobetet/watch/watch.c oobetet/watch/watch.h \
	oobetet/xmpp/handlers.c \
	oobetet/xmpp/main.c \
	oobetet/xmpp/muc.c oobetet/xmpp/muc.h \
	oobetet/xmpp/session.c \
	oobetet/xmpp/stanza.c oobetet/xmpp/stanza.h \
	oobetet/xmpp/xmpp.h

OOBETET_LIBS = oobetet/liboobetet.a common/libcommon.a $(STROPHE_LIBS) $(CURL_LIBS) $(HIREDIS_LIBS) \
	$(JANSSON_LIBS) $(INIH_LIBS)

T_MODEL = t/unit/oobetet-model.c t/unit/oobetet-model.h t/unit/unit.h
UNIT_TESTS += t/unit/oobetet-activetime
t_unit_oobetet_activetime_SOURCES = t/unit/oobetet-activetime.c t/unit/unit.h
t_unit_oobetet_activetime_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-channels
t_unit_oobetet_channels_SOURCES = t/unit/oobetet-channels.c t/unit/unit.h
t_unit_oobetet_channels_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-channels-simulation
t_unit_oobetet_channels_simulation_SOURCES = t/unit/oobetet-channels-simulation.c $(T_MODEL)
t_unit_oobetet_channels_simulation_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-config
t_unit_oobetet_config_SOURCES = t/unit/oobetet-config.c t/unit/unit.h
t_unit_oobetet_config_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-diagnosis
t_unit_oobetet_diagnosis_SOURCES = t/unit/oobetet-diagnosis.c t/unit/unit.h
t_unit_oobetet_diagnosis_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-diagnosis-simulation
t_unit_oobetet_diagnosis_simulation_SOURCES = t/unit/oobetet-diagnosis-simulation.c t/unit/unit.h
t_unit_oobetet_diagnosis_simulation_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-health
t_unit_oobetet_health_SOURCES = t/unit/oobetet-health.c t/unit/unit.h
t_unit_oobetet_health_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-http
t_unit_oobetet_http_SOURCES = t/unit/oobetet-http.c t/unit/unit.h
t_unit_oobetet_http_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_oobetet_http_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-message
t_unit_oobetet_message_SOURCES = t/unit/oobetet-message.c t/unit/unit.h
t_unit_oobetet_message_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-statefile
t_unit_oobetet_statefile_SOURCES = t/unit/oobetet-statefile.c t/unit/unit.h
t_unit_oobetet_statefile_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-listen
t_unit_oobetet_listen_SOURCES = t/unit/oobetet-listen.c t/unit/unit.h
t_unit_oobetet_listen_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-listener
t_unit_oobetet_listener_SOURCES = t/unit/oobetet-listener.c t/unit/unit.h
t_unit_oobetet_listener_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-match
t_unit_oobetet_match_SOURCES = t/unit/oobetet-match.c t/unit/unit.h
t_unit_oobetet_match_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-probing
t_unit_oobetet_probing_SOURCES = t/unit/oobetet-probing.c t/unit/oobetet-config.h t/unit/unit.h
t_unit_oobetet_probing_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-program
t_unit_oobetet_program_SOURCES = t/unit/oobetet-program.c t/unit/unit.h
t_unit_oobetet_program_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-queue
t_unit_oobetet_queue_SOURCES = t/unit/oobetet-queue.c t/unit/unit.h
t_unit_oobetet_queue_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-quiet
t_unit_oobetet_quiet_SOURCES = t/unit/oobetet-quiet.c t/unit/unit.h
t_unit_oobetet_quiet_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-reload
t_unit_oobetet_reload_SOURCES = t/unit/oobetet-reload.c t/unit/oobetet-config.h t/unit/unit.h
t_unit_oobetet_reload_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-room
t_unit_oobetet_room_SOURCES = t/unit/oobetet-room.c t/unit/oobetet-config.h t/unit/unit.h
t_unit_oobetet_room_CFLAGS = $(AM_CFLAGS) $(STROPHE_CFLAGS)
t_unit_oobetet_room_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-simulation
t_unit_oobetet_simulation_SOURCES = t/unit/oobetet-simulation.c $(T_MODEL)
t_unit_oobetet_simulation_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-snapshot
t_unit_oobetet_snapshot_SOURCES = t/unit/oobetet-snapshot.c t/unit/oobetet-config.h t/unit/unit.h
t_unit_oobetet_snapshot_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-state
t_unit_oobetet_state_SOURCES = t/unit/oobetet-state.c t/unit/unit.h
t_unit_oobetet_state_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-swings
t_unit_oobetet_swings_SOURCES = t/unit/oobetet-swings.c t/unit/unit.h
t_unit_oobetet_swings_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-transcript
t_unit_oobetet_transcript_SOURCES = t/unit/oobetet-transcript.c t/unit/unit.h
t_unit_oobetet_transcript_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-watch
t_unit_oobetet_watch_SOURCES = t/unit/oobetet-watch.c t/unit/unit.h
t_unit_oobetet_watch_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += t/unit/oobetet-worker
t_unit_oobetet_worker_SOURCES = t/unit/oobetet-worker.c t/unit/unit.h
t_unit_oobetet_worker_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)

FUZZ_TARGETS += t/fuzz/oobetet-config
t_fuzz_oobetet_config_SOURCES = t/fuzz/oobetet-config.c $(T_FUZZ)
t_fuzz_oobetet_config_LDFLAGS = $(FUZZ_LINK)
t_fuzz_oobetet_config_LDADD = $(OOBETET_LIBS)
FUZZ_TARGETS += t/fuzz/oobetet-message
t_fuzz_oobetet_message_SOURCES = t/fuzz/oobetet-message.c $(T_FUZZ)
t_fuzz_oobetet_message_LDFLAGS = $(FUZZ_LINK)
t_fuzz_oobetet_message_LDADD = $(OOBETET_LIBS)
FUZZ_TARGETS += t/fuzz/oobetet-listen
t_fuzz_oobetet_listen_SOURCES = t/fuzz/oobetet-listen.c $(T_FUZZ)
t_fuzz_oobetet_listen_LDFLAGS = $(FUZZ_LINK)
t_fuzz_oobetet_listen_LDADD = $(OOBETET_LIBS)
FUZZ_TARGETS += t/fuzz/oobetet-match
t_fuzz_oobetet_match_SOURCES = t/fuzz/oobetet-match.c $(T_FUZZ)
t_fuzz_oobetet_match_LDFLAGS = $(FUZZ_LINK)
t_fuzz_oobetet_match_LDADD = $(OOBETET_LIBS)
FUZZ_TARGETS += t/fuzz/oobetet-pagerduty
t_fuzz_oobetet_pagerduty_SOURCES = t/fuzz/oobetet-pagerduty.c $(T_FUZZ)
t_fuzz_oobetet_pagerduty_LDFLAGS = $(FUZZ_LINK)
t_fuzz_oobetet_pagerduty_LDADD = $(OOBETET_LIBS)
FUZZ_TARGETS += t/fuzz/oobetet-quiet
t_fuzz_oobetet_quiet_SOURCES = t/fuzz/oobetet-quiet.c $(T_FUZZ)
t_fuzz_oobetet_quiet_LDFLAGS = $(FUZZ_LINK)
t_fuzz_oobetet_quiet_LDADD = $(OOBETET_LIBS)
FUZZ_TARGETS += t/fuzz/oobetet-state
t_fuzz_oobetet_state_SOURCES = t/fuzz/oobetet-state.c $(T_FUZZ)
t_fuzz_oobetet_state_LDFLAGS = $(FUZZ_LINK)
t_fuzz_oobetet_state_LDADD = $(OOBETET_LIBS)

QUICK_TESTS += t/oobetet-explain.bats t/oobetet-options.bats t/oobetet-patterns.bats
SLOW_TESTS += t/oobetet.bats t/oobetet-status.bats t/oobetet-probes.bats t/oobetet-reload.bats t/oobetet-watches.bats t/oobetet-bad-server.bats t/oobetet-command.bats t/oobetet-workers.bats \
	t/oobetet-incidents.bats t/oobetet-pagerduty.bats t/oobetet-process.bats \
	t/oobetet-listen.bats t/oobetet-metrics.bats t/oobetet-names.bats t/oobetet-quiet.bats t/oobetet-room.bats t/oobetet-server.bats \
	t/oobetet-silence.bats t/oobetet-state.bats t/oobetet-test-alert.bats t/oobetet-tls.bats
SYSTEM_TESTS += t/oobetet-diagnosis.bats t/oobetet-link.bats t/oobetet-many.bats
dist_man_MANS += doc/oobetet.8 doc/oobetet.ini.5
EXTRA_DIST += t/lib/oobetet.bash t/lib/watches.bash t/tools/ntfy-double t/tools/alert-double
EXTRA_DIST += t/lib/chain.bash t/lib/cut

EXAMPLES += \
	doc/examples/prometheus/oobetet.yml \
	doc/examples/prometheus/oobetet_test.yml \
	doc/examples/oobetet/alert-command.conf \
	doc/examples/oobetet/patterns/README \
	doc/examples/oobetet/patterns/alertmanager.ini \
	doc/examples/oobetet/patterns/checkmk.ini \
	doc/examples/oobetet/patterns/icinga2.ini \
	doc/examples/oobetet/patterns/nagios.ini \
	doc/examples/oobetet/patterns/prometheus-xmpp-alerts.ini \
	doc/examples/oobetet/patterns/sensu.ini \
	doc/examples/oobetet/patterns/sensu-go.ini \
	doc/examples/oobetet/patterns/uptime-kuma.ini \
	doc/examples/oobetet/patterns/zabbix.ini \
	doc/examples/oobetet/alert-mail \
	doc/examples/oobetet/alert-ntfy \
	doc/examples/oobetet/alert-slack \
	doc/examples/oobetet/alert-sms \
	doc/examples/oobetet/daemontools/log/run \
	doc/examples/oobetet/daemontools/run \
	doc/examples/oobetet/s6/log/run \
	doc/examples/oobetet/s6/notification-fd \
	doc/examples/oobetet/s6/run \
	doc/examples/oobetet/oobetet.ini \
	doc/examples/oobetet/runit/log/run \
	doc/examples/oobetet/runit/run
UNITS += doc/examples/oobetet/oobetet.service
