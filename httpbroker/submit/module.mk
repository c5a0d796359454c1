# SPDX-License-Identifier: MIT
# httpbroker-submit: hands events to the broker.

noinst_LIBRARIES += httpbroker/submit/libsubmit.a
httpbroker_submit_libsubmit_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)
httpbroker_submit_libsubmit_a_SOURCES = \
	httpbroker/submit/delivery/answer.c httpbroker/submit/delivery/answer.h \
	httpbroker/submit/delivery/excerpt.c httpbroker/submit/delivery/excerpt.h \
	httpbroker/submit/delivery/outage.c httpbroker/submit/delivery/outage.h \
	httpbroker/submit/delivery/queue.c httpbroker/submit/delivery/queue.h \
	httpbroker/submit/delivery/sender.c httpbroker/submit/delivery/sender.h \
	httpbroker/submit/event/utf8.c httpbroker/submit/event/utf8.h \
	httpbroker/submit/feed/documents.c httpbroker/submit/feed/documents.h \
	httpbroker/submit/feed/feed.c httpbroker/submit/feed/feed.h \
	httpbroker/submit/feed/input.c httpbroker/submit/feed/input.h \
	httpbroker/submit/feed/shape.c httpbroker/submit/feed/shape.h \
	httpbroker/submit/formats/nagios.c httpbroker/submit/formats/nagios.h \
	httpbroker/submit/options.c httpbroker/submit/options.h \
	httpbroker/submit/submit.c httpbroker/submit/submit.h

bin_PROGRAMS += httpbroker/submit/httpbroker-submit
httpbroker_submit_httpbroker_submit_SOURCES = httpbroker/submit/main.c
httpbroker_submit_httpbroker_submit_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
httpbroker_submit_httpbroker_submit_LDADD = httpbroker/submit/libsubmit.a common/libcommon.a \
	$(CURL_LIBS) $(JANSSON_LIBS)

UNIT_TESTS += t/unit/submit t/unit/submit-documents
t_unit_submit_SOURCES = t/unit/submit.c t/unit/unit.h
t_unit_submit_LDADD = httpbroker/submit/libsubmit.a common/libcommon.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
t_unit_submit_documents_SOURCES = t/unit/submit-documents.c t/unit/unit.h
t_unit_submit_documents_LDADD = httpbroker/submit/libsubmit.a common/libcommon.a $(CMOCKA_LIBS)
SLOW_TESTS += t/submit.bats t/submit-faults.bats t/submit-nagios.bats
dist_man_MANS += doc/httpbroker-submit.1
EXTRA_DIST += \
	t/lib/submit.bash \
	t/tools/broker-double \
	doc/examples/httpbroker-submit/runit/log/run \
	doc/examples/httpbroker-submit/runit/run \
	doc/examples/nagios/flapper.cfg \
	doc/examples/nagios/nagios.cfg
