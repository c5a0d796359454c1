# SPDX-License-Identifier: MIT
# What two programs or more need.

noinst_LIBRARIES += common/libcommon.a
common_libcommon_a_SOURCES = \
	common/address.c common/address.h \
	common/backoff.c common/backoff.h \
	common/buffer.c common/buffer.h \
	common/clocks.c common/clocks.h \
	common/descriptors.c common/descriptors.h \
	common/duration.c common/duration.h \
	common/lines.c common/lines.h \
	common/log.c common/log.h \
	common/memory.c common/memory.h \
	common/number.c common/number.h \
	common/option_table.c common/option_table.h \
	common/options.c common/options.h \
	common/process.c common/process.h \
	common/prometheus.c common/prometheus.h \
	common/random.c common/random.h \
	common/ready.c common/ready.h \
	common/reason.c common/reason.h \
	common/secret.c common/secret.h \
	common/signals.c common/signals.h \
	common/utf8.c common/utf8.h \
	common/utf8_clean.c common/utf8_clean.h

UNIT_TESTS += t/unit/common t/unit/common-process t/unit/common-system
t_unit_common_SOURCES = t/unit/common.c t/unit/unit.h
t_unit_common_LDADD = common/libcommon.a $(CMOCKA_LIBS)
t_unit_common_process_SOURCES = t/unit/common-process.c t/unit/unit.h
t_unit_common_process_LDADD = common/libcommon.a $(CMOCKA_LIBS)
t_unit_common_system_SOURCES = t/unit/common-system.c t/unit/unit.h
t_unit_common_system_LDADD = common/libcommon.a $(CMOCKA_LIBS)
