/* SPDX-License-Identifier: MIT */
/*
 * A program's options as a table: a row each. --version and --help come by themselves, and what
 * --help prints is made from the rows.
 */
#ifndef COMMON_OPTIONTABLE_H
#define COMMON_OPTIONTABLE_H

#include <stddef.h>

struct options; /* the program's own */

struct option_row {
	const char *name;     /* without the dashes; `e,entity`: -e is the same */
	const char *argument; /* what --help calls its value; NULL: it has none */

	/*
	 * Takes the value (NULL where there is none); `option` is `--name`, for messages. It exits
	 * with 64 and a message if the value is wrong, as the functions of common/options.h do.
	 */
	void (*take)(struct options *options, const char *option, const char *value);

	const char *help; /* broken at blanks where it is too long for a line */
};

struct option_table {
	const char *program;
	const char *operands; /* what may follow the options, for the usage line; "": nothing */
	const char *purpose;  /* what --help says before the options, with its newline */
	const struct option_row *rows;
	size_t count;
};

/*
 * Takes all options in their order. Exits with 0 after --help and --version, with 64 and a
 * message for an option that there is not, or an operand.
 */
void option_table_read(
	const struct option_table *table, struct options *options, int argc, char **argv);

/*
 * The same for a program with operands, which may stand among the options: each is handed to
 * `operand`. Returns what stands behind `--`, up to argv's end, or NULL where there is no `--`.
 */
char **option_table_read_all(const struct option_table *table, struct options *options, int argc,
	char **argv, void (*operand)(struct options *options, char *text));

#endif
