# SPDX-License-Identifier: MIT
# A TCP port that opens and closes forever.

noinst_LIBRARIES += flapper/libflapper.a
flapper_libflapper_a_SOURCES = \
	flapper/clients.c flapper/clients.h \
	flapper/listener.c flapper/listener.h \
	flapper/oscillator.c flapper/oscillator.h

bin_PROGRAMS += flapper/flapper
flapper_flapper_SOURCES = flapper/main.c
flapper_flapper_LDADD = flapper/libflapper.a common/libcommon.a

UNIT_TESTS += t/unit/flapper t/unit/flapper-oscillator
t_unit_flapper_SOURCES = t/unit/flapper.c t/unit/unit.h
t_unit_flapper_LDADD = flapper/libflapper.a common/libcommon.a $(CMOCKA_LIBS)
t_unit_flapper_oscillator_SOURCES = t/unit/flapper-oscillator.c t/unit/unit.h
t_unit_flapper_oscillator_LDADD = flapper/libflapper.a common/libcommon.a $(CMOCKA_LIBS)

noinst_PROGRAMS += t/tools/self-connect t/tools/without
t_tools_self_connect_SOURCES = t/tools/self-connect.c
t_tools_self_connect_LDADD = common/libcommon.a
t_tools_without_SOURCES = t/tools/without.c
t_tools_without_LDADD = common/libcommon.a

QUICK_TESTS += t/flapper-options.bats t/flapper.bats t/flapper-supervised.bats
SLOW_TESTS += t/flapper-oscillation.bats t/flapper-port.bats
EXTRA_DIST += t/lib/flapper.bash

dist_man_MANS += doc/flapper.8

EXAMPLES += \
	doc/examples/flapper/daemontools/log/run \
	doc/examples/flapper/daemontools/run \
	doc/examples/flapper/s6/log/run \
	doc/examples/flapper/s6/notification-fd \
	doc/examples/flapper/s6/run \
	doc/examples/flapper/runit/log/run \
	doc/examples/flapper/runit/run
UNITS += doc/examples/flapper/flapper.service
