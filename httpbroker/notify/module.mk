# SPDX-License-Identifier: MIT
# httpbroker-notify: turns the stream of events into notifications of changes.

noinst_LIBRARIES += httpbroker/notify/libnotify.a
httpbroker_notify_libnotify_a_SOURCES = \
	httpbroker/notify/alertmanager.c \
	httpbroker/notify/alerts.c httpbroker/notify/alerts.h \
	httpbroker/notify/command.c \
	httpbroker/notify/consumer.c httpbroker/notify/consumer.h \
	httpbroker/notify/input.c httpbroker/notify/input.h \
	httpbroker/notify/judge.c httpbroker/notify/judge.h \
	httpbroker/notify/limits.h \
	httpbroker/notify/metrics.c \
	httpbroker/notify/notification.c httpbroker/notify/notification.h \
	httpbroker/notify/notify.c httpbroker/notify/notify.h \
	httpbroker/notify/options.c httpbroker/notify/options.h \
	httpbroker/notify/output.c httpbroker/notify/output.h \
	httpbroker/notify/problems.c httpbroker/notify/problems.h \
	httpbroker/notify/queue.c httpbroker/notify/queue.h \
	httpbroker/notify/stdout.c \
	httpbroker/notify/store.c httpbroker/notify/store.h

NOTIFY_LIBS = httpbroker/notify/libnotify.a httpbroker/client/libclient.a httpbroker/libfamily.a common/libcommon.a \
	$(CURL_LIBS) $(HIREDIS_LIBS) $(JANSSON_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS)

bin_PROGRAMS += httpbroker/notify/httpbroker-notify
httpbroker_notify_httpbroker_notify_SOURCES = httpbroker/notify/main.c
httpbroker_notify_httpbroker_notify_LDADD = $(NOTIFY_LIBS)

UNIT_TESTS += t/unit/notify-judge t/unit/notify-queue t/unit/notify-store
NOTIFY_UNIT = $(NOTIFY_LIBS) $(CMOCKA_LIBS)
t_unit_notify_judge_SOURCES = t/unit/notify-judge.c t/unit/unit.h
t_unit_notify_judge_LDADD = $(NOTIFY_UNIT)
t_unit_notify_queue_SOURCES = t/unit/notify-queue.c t/unit/unit.h
t_unit_notify_queue_LDADD = $(NOTIFY_UNIT)
t_unit_notify_store_SOURCES = t/unit/notify-store.c t/unit/unit.h
t_unit_notify_store_LDADD = $(NOTIFY_UNIT)
UNIT_TESTS += t/unit/notify-alerts
t_unit_notify_alerts_SOURCES = t/unit/notify-alerts.c t/unit/unit.h
t_unit_notify_alerts_LDADD = $(NOTIFY_UNIT)

FUZZ_TARGETS += t/fuzz/notify-answer
t_fuzz_notify_answer_SOURCES = t/fuzz/notify-answer.c $(T_FUZZ)
t_fuzz_notify_answer_LDFLAGS = $(FUZZ_LINK)
t_fuzz_notify_answer_LDADD = $(NOTIFY_LIBS)

QUICK_TESTS += t/notify.bats t/notify-alertmanager.bats t/notify-command.bats
SLOW_TESTS += t/notify-redis.bats
SYSTEM_TESTS += t/notify-faults.bats
EXTRA_DIST += t/lib/notify.bash t/tools/notify-check
dist_man_MANS += doc/httpbroker-notify.8

FUZZ_TARGETS += t/fuzz/notify-event t/fuzz/notify-stored
t_fuzz_notify_event_SOURCES = t/fuzz/notify-event.c $(T_FUZZ)
t_fuzz_notify_event_LDFLAGS = $(FUZZ_LINK)
t_fuzz_notify_event_LDADD = $(NOTIFY_LIBS)
t_fuzz_notify_stored_SOURCES = t/fuzz/notify-stored.c $(T_FUZZ)
t_fuzz_notify_stored_LDFLAGS = $(FUZZ_LINK)
t_fuzz_notify_stored_LDADD = $(NOTIFY_LIBS)

EXAMPLES += \
	doc/examples/httpbroker-notify/daemontools/log/run \
	doc/examples/httpbroker-notify/daemontools/run \
	doc/examples/httpbroker-notify/notify-jabber \
	doc/examples/httpbroker-notify/notify-mail \
	doc/examples/httpbroker-notify/notify-ntfy \
	doc/examples/httpbroker-notify/notify-slack \
	doc/examples/httpbroker-notify/runit/log/run \
	doc/examples/httpbroker-notify/runit/run \
	doc/examples/httpbroker-notify/s6/log/run \
	doc/examples/httpbroker-notify/s6/notification-fd \
	doc/examples/httpbroker-notify/s6/run
UNITS += doc/examples/httpbroker-notify/httpbroker-notify.service
