/* SPDX-License-Identifier: MIT */
/*
 * Reads command-line options by a program's table of them (option_table.h). A wrong option or value
 * ends the program with exit code 64 (EX_USAGE) and a message that names the option, its value and
 * what was expected.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include "common/address.h"
#include "common/clocks.h"
#include "common/option_table.h"

#include <stdint.h>

/*
 * Sets all options in their order. Returns the command behind `--`, up to argv's end, where the
 * table permits one; NULL where there is no `--`.
 */
char **options_parse(
	const struct option_table *table, struct options *options, int argc, char **argv);

/* Single values. */
nsec option_duration(const char *option, const char *text, nsec min, nsec max);
int64_t option_number(const char *option, const char *text, int64_t min, int64_t max);
struct address option_address(const char *option, const char *text);

/* `Try 'program --help'.` on stderr, then exit 64: getopt_long() has printed the reason. */
_Noreturn void option_hint(const char *program);

/* Exit 64 for an operand that the program does not take. */
_Noreturn void option_unexpected(const char *operand);

#endif
