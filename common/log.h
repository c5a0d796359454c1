/* SPDX-License-Identifier: MIT */
/*
 * One line a fact, on stderr: `program: level: message`. The supervisor stamps and stores. When
 * stderr is the journal's, each line begins with its `<N>` priority. Control characters are written
 * as `?`, so that a peer's bytes cannot forge a line; a line is written with one write(2) and cut
 * at 4 KiB. Safe to call from several threads.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Names the program and looks at what stderr is. Until then lines begin with `?`. To be called
 * before anything is opened: no peer shall get our lines because stderr was closed
 * (descriptors_complete).
 */
void log_open(const char *program);

/* What is less urgent than `level` is not written. At first: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Sends errors to the syslog daemon as well (facility daemon), and never waits for it. */
void log_errors_to_syslog(void);

/*
 * For who must not stand still because the reader of its log does: a line that stderr would not
 * take at once is dropped, counted, and the number said when it takes lines again.
 */
void log_never_wait(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Logs an error and exits with `code` (sysexits.h). Only for main, start-up and memory.h. */
_Noreturn void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
