# SPDX-License-Identifier: MIT
# Sits in the room and tells when the messages stop.

bin_PROGRAMS += oobetet/oobetet
oobetet_oobetet_SOURCES = oobetet/main.c
oobetet_oobetet_CFLAGS = $(AM_CFLAGS) $(STROPHE_CFLAGS)
oobetet_oobetet_LDADD = $(OOBETET_LIBS)

noinst_LIBRARIES += oobetet/liboobetet.a
oobetet_liboobetet_a_CFLAGS = $(AM_CFLAGS) $(STROPHE_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS) \
	$(INIH_CFLAGS)
oobetet_liboobetet_a_SOURCES = \
	oobetet/clock.c oobetet/clock.h \
	oobetet/config.c oobetet/config.h \
	oobetet/ear.c oobetet/ear.h \
	oobetet/hand.c oobetet/hand.h \
	oobetet/hearing.c \
	oobetet/link.c oobetet/link.h \
	oobetet/match.c oobetet/match.h \
	oobetet/notice.c oobetet/notice.h \
	oobetet/outbox.c oobetet/outbox.h \
	oobetet/pace.c oobetet/pace.h \
	oobetet/pager.c oobetet/pager.h \
	oobetet/pagerduty.c oobetet/pagerduty.h \
	oobetet/program.c oobetet/program.h \
	oobetet/protocol.c oobetet/protocol.h \
	oobetet/request.c oobetet/request.h \
	oobetet/roads.c oobetet/roads.h \
	oobetet/room.c oobetet/room.h \
	oobetet/session.c oobetet/session.h \
	oobetet/stanza.c oobetet/stanza.h \
	oobetet/strictini.c oobetet/strictini.h \
	oobetet/text.c oobetet/text.h \
	oobetet/values.c oobetet/values.h \
	oobetet/watch.c oobetet/watch.h

OOBETET_LIBS = oobetet/liboobetet.a common/libcommon.a $(STROPHE_LIBS) $(CURL_LIBS) \
	$(JANSSON_LIBS) $(INIH_LIBS)

UNIT_TESTS += t/unit/match t/unit/watch t/unit/outbox t/unit/protocol t/unit/config t/unit/room
t_unit_match_SOURCES = t/unit/match.c t/unit/unit.h
t_unit_match_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
t_unit_watch_SOURCES = t/unit/watch.c t/unit/unit.h
t_unit_watch_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
t_unit_outbox_SOURCES = t/unit/outbox.c t/unit/unit.h
t_unit_outbox_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
t_unit_protocol_SOURCES = t/unit/protocol.c t/unit/unit.h
t_unit_protocol_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
t_unit_config_SOURCES = t/unit/config.c t/unit/unit.h
t_unit_config_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)
t_unit_room_SOURCES = t/unit/room.c t/unit/unit.h
t_unit_room_LDADD = $(OOBETET_LIBS) $(CMOCKA_LIBS)

QUICK_TESTS += t/oobetet-options.bats
SLOW_TESTS += t/oobetet.bats t/oobetet-hands.bats t/oobetet-pagerduty.bats t/oobetet-process.bats \
	t/oobetet-server.bats
dist_man_MANS += doc/oobetet.1 doc/oobetet.ini.5
EXTRA_DIST += t/lib/oobetet.bash \
	doc/examples/oobetet/oobetet.ini doc/examples/oobetet/oobetet.service \
	doc/examples/oobetet/daemontools/run doc/examples/oobetet/runit/run \
	doc/examples/oobetet/runit/log/run
