# SPDX-License-Identifier: MIT
#
# How tests run. UNIT_TESTS are cmocka programs; QUICK_TESTS and SLOW_TESTS are bats files (slow:
# over some twenty seconds); SYSTEM_TESTS are bats files for `make check-systems`, which run whole
# systems for minutes. All speak TAP to automake's parallel harness.

TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_LIMIT = timeout --kill-after=10 400

AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	QN_BUILD='$(abs_top_builddir)'; export QN_BUILD;

TEST_EXTENSIONS = .bats
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(TEST_LIMIT)
BATS_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_COMPILER = $(TEST_LIMIT) $(BATS) --formatter tap

# The tools that these tests need are there, or nothing is built and run. (The target's name stands
# in a variable: automake takes a rule of ours for a replacement of its own.)
TOOLS = CC='$(CC)' CPPFLAGS='$(AM_CPPFLAGS) $(CPPFLAGS)' BATS='$(BATS)' '$(top_srcdir)/t/lib/tools'
CHECK_AM = check-am
$(CHECK_AM): check-tools
check-tools:
	@$(TOOLS) require $(TESTS)

check_PROGRAMS += $(UNIT_TESTS) $(FUZZ_TARGETS)
TESTS = $(UNIT_TESTS) $(FUZZ_TARGETS) $(SLOW_TESTS) $(QUICK_TESTS)
EXTRA_DIST += $(QUICK_TESTS) $(SLOW_TESTS) $(SYSTEM_TESTS) t/README t/chroot t/fuzz/corpus t/fuzz/fuzz $(T_LIB) $(T_DEMO)

T_LIB = t/lib/account.bash t/lib/alertmanager.bash t/lib/broker.bash t/lib/calmly t/lib/confined.bash t/lib/daemons.bash t/lib/examples.bash t/lib/leftovers.bash t/lib/losing.bash t/lib/mailed t/lib/nagios.bash t/lib/newcomer t/lib/packaged t/lib/served t/lib/nginx.bash t/lib/pair.bash t/lib/prometheus.bash t/lib/prosody.bash t/lib/redis.bash t/lib/sentinel.bash t/lib/sns.bash t/lib/supervised.bash t/lib/tools t/lib/valgrind t/tools/unread-terminal
T_DEMO = t/demo/break.bash t/demo/demo t/demo/logs.bash t/demo/screen.bash t/demo/stations.bash t/demo/story.bash

# The whole chain on this machine, for about a minute; KEEP=1: and then until Ctrl-C; BREAK=LINK: one
# of nagios, broker, redis, processor, alerter, jabber is broken and has to be named.
demo: all
	@QN_BUILD='$(abs_top_builddir)' $(srcdir)/t/demo/demo $${KEEP:+--keep} $${BREAK:+--break "$$BREAK"}

# What every fuzz target is made of besides itself.
T_FUZZ = t/fuzz/fuzz.h t/fuzz/replay.c
FUZZ_LINK = $(AM_LDFLAGS) $(FUZZ_ENGINE)

FUZZ_TARGETS += t/fuzz/text
t_fuzz_text_SOURCES = t/fuzz/text.c $(T_FUZZ)
t_fuzz_text_LDFLAGS = $(FUZZ_LINK)
t_fuzz_text_LDADD = common/libcommon.a

noinst_PROGRAMS += t/tools/free-port
t_tools_free_port_SOURCES = t/tools/free-port.c
t_tools_free_port_LDADD = common/libcommon.a

# Somebody in a Jabber room.
T_MUC = t/tools/account.c t/tools/account.h t/tools/muc.c t/tools/muc.h \
	t/tools/stamp.c t/tools/stamp.h t/tools/stanza.c t/tools/stanza.h

noinst_PROGRAMS += t/tools/room
t_tools_room_SOURCES = t/tools/room.c $(T_MUC)
t_tools_room_CFLAGS = $(AM_CFLAGS) $(STROPHE_CFLAGS)
t_tools_room_LDADD = common/libcommon.a $(STROPHE_LIBS)

# The time before each line of a log that has none.
noinst_PROGRAMS += t/tools/stamp-lines
t_tools_stamp_lines_SOURCES = t/tools/stamp-lines.c t/tools/stamp.c t/tools/stamp.h
t_tools_stamp_lines_LDADD = common/libcommon.a

# PagerDuty, as far as oobetet can tell.
T_ENQUEUE = t/tools/answers.c t/tools/answers.h t/tools/enqueue.c t/tools/enqueue.h \
	t/tools/events-api.c t/tools/events-api.h t/tools/fields.c t/tools/fields.h \
	t/tools/incidents.c t/tools/incidents.h

noinst_PROGRAMS += t/tools/pagerduty-standin
t_tools_pagerduty_standin_SOURCES = t/tools/pagerduty-standin.c $(T_ENQUEUE) \
	t/tools/journal.c t/tools/journal.h t/tools/respond.c t/tools/respond.h \
	t/tools/stamp.c t/tools/stamp.h
t_tools_pagerduty_standin_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS)
t_tools_pagerduty_standin_LDADD = common/libcommon.a $(JANSSON_LIBS) $(MICROHTTPD_LIBS)

UNIT_TESTS += t/unit/standin-pagerduty
t_unit_standin_pagerduty_SOURCES = t/unit/standin-pagerduty.c t/unit/unit.h $(T_ENQUEUE)
t_unit_standin_pagerduty_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_standin_pagerduty_LDADD = common/libcommon.a $(JANSSON_LIBS) $(CMOCKA_LIBS)

# Flapjack's rules for events.
T_FLAPJACK = t/tools/flapjack-event.c t/tools/flapjack-event.h

noinst_PROGRAMS += t/tools/flapjack-rules
t_tools_flapjack_rules_SOURCES = t/tools/flapjack-rules.c $(T_FLAPJACK)
t_tools_flapjack_rules_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_tools_flapjack_rules_LDADD = common/libcommon.a $(JANSSON_LIBS)

UNIT_TESTS += t/unit/flapjack-event
t_unit_flapjack_event_SOURCES = t/unit/flapjack-event.c t/unit/unit.h $(T_FLAPJACK)
t_unit_flapjack_event_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
t_unit_flapjack_event_LDADD = common/libcommon.a $(JANSSON_LIBS) $(CMOCKA_LIBS)

SYSTEM_TESTS += t/deb.bats t/tarball.bats t/icinga2.bats t/demo.bats
SLOW_TESTS += t/bootstrap.bats
dist_man_MANS += doc/quietnight.7
QUICK_TESTS += t/examples.bats t/readme.bats t/compatibility.bats t/supervisors.bats t/layout.bats t/manuals.bats t/nagios.bats t/pagerduty-standin.bats t/room.bats \
	t/units.bats

# What a change breaks most often, in a fraction of the time; without the tests whose tools are missing.
QUICK = $(UNIT_TESTS) $(FUZZ_TARGETS) $(QUICK_TESTS)

check-quick: all
	@runnable=$$($(TOOLS) runnable $(QUICK) | paste -sd' ' -) && \
		$(MAKE) check TESTS="$$runnable" check_PROGRAMS='$$(filter-out %.bats,$$(TESTS))' && \
		$(TOOLS) left-out $(QUICK)

# Chains of real programs that take minutes; CI runs them, `make check` does not.
check-systems: all
	@$(MAKE) check TESTS='$(SYSTEM_TESTS)' check_PROGRAMS= TEST_LIMIT='timeout --kill-after=10 1200'

distcheck-quick:
	$(MAKE) distcheck TESTS='$$(QUICK)'

AM_DISTCHECK_CONFIGURE_FLAGS = --enable-werror

# in_tree SUFFIX FLAG...: enters a tree beside this one and configures it, again when this one has been.
IN_TREE = in_tree() { \
	tree='$(abs_top_builddir)'-$$1 && shift && $(MKDIR_P) "$$tree" && cd "$$tree" && \
	{ test Makefile -nt '$(abs_top_builddir)/config.status' || '$(abs_top_srcdir)/configure' "$$@"; }; }

check-sanitize:
	@$(IN_TREE); in_tree sanitize --enable-sanitizers --enable-werror && $(MAKE) check-quick

# Memcheck over the unit tests but the simulations, which would take an hour, and over each program.
VALGRIND_TESTS = t/flapper.bats t/broker-ping.bats t/submit-event.bats t/notify-alertmanager.bats \
	t/oobetet-command.bats t/oobetet-probes.bats
check-valgrind: all
	@$(MAKE) $(UNIT_TESTS) $(noinst_PROGRAMS) && QN_BUILD='$(abs_top_builddir)' BATS='$(BATS)' \
		'$(abs_top_srcdir)/t/lib/valgrind' valgrind $(UNIT_TESTS:%-simulation=) $(VALGRIND_TESTS)

# A broker that ThreadSanitizer watches.
check-threads:
	@$(IN_TREE); in_tree threads --enable-sanitizers=thread --enable-werror && \
		$(MAKE) httpbroker/httpbroker t/tools/free-port && \
		calmly=$$('$(abs_top_srcdir)/t/lib/calmly' httpbroker/httpbroker --version) && \
		$$calmly $(MAKE) check-TESTS TESTS=t/broker-threads.bats

# The second compiler; and as on a system without close_range(2).
check-clang:
	@$(IN_TREE); in_tree clang CC=clang --enable-werror ac_cv_func_close_range=no && \
		$(MAKE) all && $(MAKE) check TESTS='$$(UNIT_TESTS) $$(FUZZ_TARGETS)'

# Every fuzz target for a while, or only the one called FUZZ=NAME, with clang's fuzzer. What it
# finds stays in the second tree's corpus; an input that broke something is printed with its path.
FUZZ_SECONDS = 20
FUZZ =
fuzz:
	@$(IN_TREE); in_tree fuzz CC=clang --enable-fuzzing --enable-werror && \
		$(MAKE) $(FUZZ_TARGETS) && \
		'$(abs_top_srcdir)/t/fuzz/fuzz' $(FUZZ_SECONDS) $(or $(FUZZ:%=t/fuzz/%),$(FUZZ_TARGETS))

# Line coverage of everything that `make check` runs, as pages in coverage/ of a third tree.
coverage:
	@$(IN_TREE); in_tree coverage --enable-coverage && \
		$(MAKE) check && \
		lcov --quiet --capture --directory . --base-directory '$(abs_top_srcdir)' --no-external \
			--output-file coverage.info && \
		genhtml --quiet --output-directory coverage coverage.info && lcov --summary coverage.info

# Layout, spelling, static analysis. The lists come from git, so this needs a checkout; they have what
# is not yet added as well.
LIST = git ls-files --cached --others --exclude-standard
# Left out of cppcheck: ctuuninitvar, for it takes a buffer handed to vsnprintf() for one that is
# read; varFuncNullUB, for glibc's and musl's NULL is a pointer.
# It does not know _Noreturn and uthash's HASH_ITER either. Nd is an mdoc macro, not a misspelt `and`.
# mandoc looks for the pages that ours refer to on this machine, where they need not be.
lint:
	cd $(srcdir) && $(LIST) '*.[ch]' | xargs clang-format --dry-run -Werror
	cd $(srcdir) && $(LIST) '*.c' | xargs cppcheck --quiet --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability \
		--suppress=ctuuninitvar --suppress=varFuncNullUB --include=/usr/include/utlist.h -I. -DPACKAGE_VERSION='""' -DSYSCONFDIR='""' -D__linux__ \
		'-D_Noreturn=__attribute__((noreturn))' '-DHASH_ITER(hh,head,each,next)=while((each=next=head))'
	cd $(srcdir) && shellcheck --exclude=SC2119 bootstrap .ci/run  t/demo/demo t/fuzz/fuzz t/chroot t/lib/calmly t/lib/newcomer t/lib/packaged t/lib/served t/lib/tools t/lib/valgrind t/bench/run $(BENCHES) $$($(LIST) '*.bash' '*.bats')
	cd $(srcdir) && ! $(LIST) 'doc/*.[1-8]' | xargs -n 1 mandoc -Tlint 2>&1 | grep -vE 'referenced manual not found|outdated mandoc\.db lacks'
	cd $(srcdir) && $(LIST) ":!t/fuzz/corpus" | xargs codespell --quiet-level=2 --ignore-words-list=nd,nin,te,chck,chek,entiti

.PHONY: demo check-tools check-quick check-valgrind check-sanitize check-threads check-clang distcheck-quick fuzz coverage lint
