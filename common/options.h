/* SPDX-License-Identifier: MIT */
/*
 * Values of command-line options. Each of these ends the program with exit code 64 (EX_USAGE)
 * and a message that names the option, its value and what was expected.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include "common/address.h"
#include "common/clocks.h"

#include <stdint.h>

nsec option_duration(const char *option, const char *text, nsec min, nsec max);
int64_t option_number(const char *option, const char *text, int64_t min, int64_t max);

/* Bytes: a number, with k, M or G behind it for powers of 1024. */
int64_t option_size(const char *option, const char *text, int64_t min, int64_t max);

struct address option_address(const char *option, const char *text);

/* For --ready-fd: a descriptor that is open, and not stderr, for ready_announce() closes it. */
int option_ready_fd(const char *option, const char *text);

/* `program version`, on standard output, for --version. */
void option_version(const char *program);

/* `Try 'program --help'.` on stderr, then exit 64: getopt has already said what is wrong. */
_Noreturn void option_hint(const char *program);

/* The same for an operand that nobody asked for. */
_Noreturn void option_unexpected(const char *operand);

#endif
