/* SPDX-License-Identifier: MIT */
/*
 * Log lines on stderr: `program: level: message`, with a `<N>` priority before it if stderr is the
 * journal's. Control characters, and those that reorder text, become `?`, so that a peer cannot
 * forge a line. A line is one write(2) and is cut at 4 KiB. Any thread. The functions are `cold`,
 * as those of reason.h: the compiler keeps the branches that call them away from the code that runs
 * always.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/clocks.h"

#include <stdatomic.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Sets the program's name and completes the standard descriptors (descriptors_complete), so that no
 * socket gets the lines. Call it before anything is opened.
 */
void log_open(const char *program);

/* Less urgent lines are not written. Initially LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Sends errors to the syslog daemon as well (facility daemon). */
void log_errors_to_syslog(void);

/* From now on a line that stderr does not accept at once is dropped and counted. */
void log_never_wait(void);

void log_error(const char *format, ...) __attribute__((cold, format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((cold, format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((cold, format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((cold, format(printf, 1, 2)));

/* Logs an error and exits with `code` (sysexits.h). Only for main, start-up and memory.h. */
_Noreturn void die(int code, const char *format, ...) __attribute__((cold, format(printf, 2, 3)));

/*
 * A rate limit for lines that any client can cause: a burst, then one an interval, which says how
 * many were dropped before it. {0} is a new one. Any thread; lock-free.
 */
struct log_limit {
	_Atomic nsec next; /* monotonic; when the burst is whole again */
	atomic_ulong dropped;
};

enum { LOG_LIMIT_BURST = 10 }; /* lines */
#define LOG_LIMIT_INTERVAL (10 * NSEC_PER_SEC)

/* Whether a line may be logged now (monotonic); *dropped: how many could not since the last one. */
bool log_limit_pass(struct log_limit *limit, nsec now, unsigned long *dropped);

/* " (N more like it were not logged)"; empty for 0. Writes into `out` and returns it. */
enum { LOG_LIMIT_TEXT = 64 };
const char *log_limit_text(unsigned long dropped, char out[LOG_LIMIT_TEXT]);

/* Writes a line, which ends in that text, by one of the functions above if it may be logged now.
 * False: it may not. */
bool log_limited(struct log_limit *limit, nsec now, void (*write)(const char *format, ...),
	const char *format, ...) __attribute__((cold, format(printf, 4, 5)));

/*
 * Datagrams to the syslog daemon at `path`, in the form of syslog(3). Unlike syslog(3) they never
 * block: sending returns false if the daemon does not accept the line at once.
 */
bool syslog_open(const char *path);
bool syslog_send(int priority, const char *program, const char *text);

#endif
