# SPDX-License-Identifier: MIT
# How fast, and at what price: real programs, every figure beside another of the same run.

BENCHES = t/bench/post t/bench/limit t/bench/repeat t/bench/memory t/bench/smooth t/bench/submit t/bench/notify t/bench/oobetet
EXTRA_DIST += t/bench/run t/bench/bench.bash t/bench/events.lua t/bench/json.awk t/bench/table.awk $(BENCHES) \
	doc/BENCHMARKS

noinst_PROGRAMS += t/bench/bare t/bench/drain t/bench/lpush
t_bench_bare_SOURCES = t/bench/bare.c
t_bench_bare_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS)
t_bench_bare_LDADD = common/libcommon.a $(HIREDIS_LIBS) $(JANSSON_LIBS) $(MICROHTTPD_LIBS)
t_bench_drain_SOURCES = t/bench/drain.c
t_bench_drain_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS)
t_bench_drain_LDADD = common/libcommon.a $(HIREDIS_LIBS)
t_bench_lpush_SOURCES = t/bench/lpush.c
t_bench_lpush_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS)
t_bench_lpush_LDADD = common/libcommon.a $(HIREDIS_LIBS)

SYSTEM_TESTS += t/bench.bats

# All, or those that BENCH names; the same as JSON in bench.json.
bench: all
	@QN_BUILD='$(abs_top_builddir)' $(srcdir)/t/bench/run --json bench.json $(BENCH)

.PHONY: bench
