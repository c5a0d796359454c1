# SPDX-License-Identifier: MIT
# httpbroker-submit: hands events to the broker.

noinst_LIBRARIES += httpbroker/submit/libsubmit.a
httpbroker_submit_libsubmit_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)
httpbroker_submit_libsubmit_a_SOURCES = \
	httpbroker/submit/command.c httpbroker/submit/command.h \
	httpbroker/submit/dryrun.c \
	httpbroker/submit/event.c httpbroker/submit/event.h \
	httpbroker/submit/json_stream.c httpbroker/submit/json_stream.h \
	httpbroker/submit/line_formats.c httpbroker/submit/line_formats.h \
	httpbroker/submit/loop.c \
	httpbroker/submit/options.c \
	httpbroker/submit/queue.c httpbroker/submit/queue.h \
	httpbroker/submit/report.c httpbroker/submit/report.h \
	httpbroker/submit/requests.c \
	httpbroker/submit/response.c httpbroker/submit/response.h \
	httpbroker/submit/rows.c httpbroker/submit/rows.h \
	httpbroker/submit/sender.c httpbroker/submit/sender.h \
	httpbroker/submit/source.c httpbroker/submit/source.h \
	httpbroker/submit/spool.c httpbroker/submit/spool.h \
	httpbroker/submit/spool_files.c httpbroker/submit/spool_files.h \
	httpbroker/submit/submit.h

bin_PROGRAMS += httpbroker/submit/httpbroker-submit
httpbroker_submit_httpbroker_submit_SOURCES = httpbroker/submit/main.c
httpbroker_submit_httpbroker_submit_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
# The broker's formats tell --dry-run what it would refuse.
httpbroker_submit_httpbroker_submit_LDADD = httpbroker/submit/libsubmit.a httpbroker/client/libclient.a \
	httpbroker/libhttpbroker.a httpbroker/libfamily.a common/libcommon.a $(CURL_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += t/unit/submit-check t/unit/submit-delivery t/unit/submit-documents \
	t/unit/submit-event t/unit/submit-feed t/unit/submit-formats t/unit/submit-query \
	t/unit/submit-spool
SUBMIT_UNIT = httpbroker/submit/libsubmit.a httpbroker/libfamily.a common/libcommon.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
t_unit_submit_check_SOURCES = t/unit/submit-check.c t/unit/unit.h
t_unit_submit_check_LDADD = $(SUBMIT_UNIT)
t_unit_submit_delivery_SOURCES = t/unit/submit-delivery.c t/unit/unit.h
t_unit_submit_delivery_LDADD = $(SUBMIT_UNIT)
t_unit_submit_documents_SOURCES = t/unit/submit-documents.c t/unit/unit.h
t_unit_submit_documents_LDADD = $(SUBMIT_UNIT)
t_unit_submit_event_SOURCES = t/unit/submit-event.c t/unit/unit.h
t_unit_submit_event_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_submit_event_LDADD = $(SUBMIT_UNIT)
t_unit_submit_feed_SOURCES = t/unit/submit-feed.c t/unit/unit.h
t_unit_submit_feed_LDADD = $(SUBMIT_UNIT)
t_unit_submit_formats_SOURCES = t/unit/submit-formats.c t/unit/unit.h
t_unit_submit_formats_LDADD = $(SUBMIT_UNIT)
t_unit_submit_query_SOURCES = t/unit/submit-query.c t/unit/unit.h
t_unit_submit_query_LDADD = $(SUBMIT_UNIT)
t_unit_submit_spool_SOURCES = t/unit/submit-spool.c t/unit/unit.h
t_unit_submit_spool_LDADD = $(SUBMIT_UNIT)
FUZZ_TARGETS += t/fuzz/submit-extcmd t/fuzz/submit-json t/fuzz/submit-list t/fuzz/submit-nagios \
	t/fuzz/submit-nsca t/fuzz/submit-plugin t/fuzz/submit-spool
SUBMIT_FUZZ = t/fuzz/submit.c t/fuzz/submit.h $(T_FUZZ)
SUBMIT_FUZZ_LDADD = httpbroker/submit/libsubmit.a httpbroker/libfamily.a common/libcommon.a $(JANSSON_LIBS)
t_fuzz_submit_extcmd_SOURCES = t/fuzz/submit-extcmd.c $(SUBMIT_FUZZ)
t_fuzz_submit_extcmd_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_submit_extcmd_LDFLAGS = $(FUZZ_LINK)
t_fuzz_submit_extcmd_LDADD = $(SUBMIT_FUZZ_LDADD)
t_fuzz_submit_json_SOURCES = t/fuzz/submit-json.c $(SUBMIT_FUZZ)
t_fuzz_submit_json_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_submit_json_LDFLAGS = $(FUZZ_LINK)
t_fuzz_submit_json_LDADD = $(SUBMIT_FUZZ_LDADD)
t_fuzz_submit_list_SOURCES = t/fuzz/submit-list.c $(T_FUZZ)
t_fuzz_submit_list_LDFLAGS = $(FUZZ_LINK)
t_fuzz_submit_list_LDADD = $(SUBMIT_FUZZ_LDADD)
t_fuzz_submit_nagios_SOURCES = t/fuzz/submit-nagios.c $(SUBMIT_FUZZ)
t_fuzz_submit_nagios_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_submit_nagios_LDFLAGS = $(FUZZ_LINK)
t_fuzz_submit_nagios_LDADD = $(SUBMIT_FUZZ_LDADD)
t_fuzz_submit_nsca_SOURCES = t/fuzz/submit-nsca.c $(SUBMIT_FUZZ)
t_fuzz_submit_nsca_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_submit_nsca_LDFLAGS = $(FUZZ_LINK)
t_fuzz_submit_nsca_LDADD = $(SUBMIT_FUZZ_LDADD)
t_fuzz_submit_plugin_SOURCES = t/fuzz/submit-plugin.c $(T_FUZZ)
t_fuzz_submit_plugin_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_submit_plugin_LDFLAGS = $(FUZZ_LINK)
t_fuzz_submit_plugin_LDADD = $(SUBMIT_FUZZ_LDADD)
t_fuzz_submit_spool_SOURCES = t/fuzz/submit-spool.c $(T_FUZZ)
t_fuzz_submit_spool_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_fuzz_submit_spool_LDFLAGS = $(FUZZ_LINK)
t_fuzz_submit_spool_LDADD = $(SUBMIT_FUZZ_LDADD)

SLOW_TESTS += t/submit.bats t/submit-check.bats t/submit-event.bats t/submit-faults.bats \
	t/submit-nagios.bats t/submit-proxy.bats t/submit-spool.bats
QUICK_TESTS += t/completion.bats t/submit-query.bats
dist_man_MANS += doc/httpbroker-submit.1


EXTRA_DIST += t/lib/submit.bash t/tools/broker-double

EXAMPLES += \
	doc/examples/httpbroker-submit/cron \
	doc/examples/httpbroker-submit/daemontools/log/run \
	doc/examples/httpbroker-submit/daemontools/env/HTTPBROKER_URL \
	doc/examples/httpbroker-submit/daemontools/run \
	doc/examples/httpbroker-submit/s6/log/run \
	doc/examples/httpbroker-submit/s6/run \
	doc/examples/httpbroker-submit/runit/log/run \
	doc/examples/httpbroker-submit/runit/run \
	doc/examples/icinga2/flapper.conf \
	doc/examples/nagios/flapper.cfg \
	doc/examples/nagios/nagios.cfg
UNITS += doc/examples/httpbroker-submit/httpbroker-submit.service
