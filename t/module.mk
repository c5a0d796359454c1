# SPDX-License-Identifier: MIT
#
# How tests run. UNIT_TESTS are cmocka programs; QUICK_TESTS and SLOW_TESTS are bats files (slow:
# over some twenty seconds). All speak TAP to automake's parallel harness.

TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_LIMIT = timeout --kill-after=10 400

AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	QN_BUILD='$(abs_top_builddir)'; export QN_BUILD;

TEST_EXTENSIONS = .bats
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(TEST_LIMIT)
BATS_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_COMPILER = $(TEST_LIMIT) $(BATS) --formatter tap

check_PROGRAMS += $(UNIT_TESTS)
TESTS = $(UNIT_TESTS) $(SLOW_TESTS) $(QUICK_TESTS)
EXTRA_DIST += $(QUICK_TESTS) $(SLOW_TESTS) t/README $(T_LIB)

T_LIB = t/lib/daemons.bash t/lib/redis.bash

noinst_PROGRAMS += t/tools/free-port
t_tools_free_port_SOURCES = t/tools/free-port.c
t_tools_free_port_LDADD = common/libcommon.a

# What a change breaks most often, in a fraction of the time.
check-quick: all
	$(MAKE) check TESTS='$$(UNIT_TESTS) $$(QUICK_TESTS)'

# A second tree beside this one, configured otherwise, in which the quick tests run.
check-sanitize:
	$(MKDIR_P) $(abs_top_builddir)-sanitize
	cd $(abs_top_builddir)-sanitize && \
		{ test -f Makefile || $(abs_top_srcdir)/configure --enable-sanitizers --enable-werror; } && \
		$(MAKE) check-quick

check-clang:
	$(MKDIR_P) $(abs_top_builddir)-clang
	cd $(abs_top_builddir)-clang && \
		{ test -f Makefile || $(abs_top_srcdir)/configure CC=clang --enable-werror; } && \
		$(MAKE) all $(UNIT_TESTS)

.PHONY: check-quick check-sanitize check-clang
