/* SPDX-License-Identifier: MIT */
/*
 * A program's command-line options as a table: a row for each option says what kind of value it
 * takes and which member of the program's `struct options` receives it. --help and the completion
 * of shells are made from the rows.
 */
#ifndef COMMON_OPTION_TABLE_H
#define COMMON_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct options; /* the program's own */

/* `option` is `--name`, for messages; `value` lives as long as argv, and is NULL for a flag. */
typedef void option_set(struct options *options, const char *option, const char *value);

/* The same for rows that several programs share: it sets one member of their struct options. */
typedef void option_member_set(void *member, const char *option, const char *value);

enum option_kind {
	OPTION_KIND_FLAG,       /* bool: becomes max != 0 */
	OPTION_KIND_TEXT,       /* const char *: of min to max bytes */
	OPTION_KIND_NUMBER,     /* an integer of 32 or 64 bits */
	OPTION_KIND_SIZE,       /* the same: bytes, with k, M or G for powers of 1024 */
	OPTION_KIND_DURATION,   /* nsec */
	OPTION_KIND_READY_FD,   /* int: an open descriptor, not stderr; becomes close-on-exec */
	OPTION_KIND_SET,        /* the function `set` */
	OPTION_KIND_MEMBER_SET, /* the function `member_set` */
	OPTION_KIND_VERSION,    /* prints `program version` and exits with 0 */
	OPTION_KIND_HELP,       /* prints the table and exits with 0 */
	OPTION_KIND_COMPLETION, /* prints the completion for a shell and exits with 0 */
};

struct option_row {
	const char *name;     /* without dashes; `e,entity`: -e is the same */
	const char *argument; /* the value's name in --help; NULL: the option takes none */
	const char *help;     /* wrapped at blanks; NULL: not shown */
	enum option_kind kind;
	size_t offset, size; /* of the member */
	int64_t min, max;
	option_set *set;
	option_member_set *member_set;
	const char *choices; /* for the shell's completion: words, or OPTION_HOSTS; may be NULL */
};

#define OPTION_HOSTS "@hosts" /* the names of hosts that the shell knows */

/* The rest of a row, behind its help. */
#define OPTION_MEMBER(member) \
	.offset = offsetof(struct options, member), .size = sizeof((struct options *)NULL)->member
#define OPTION_FLAG(member) .kind = OPTION_KIND_FLAG, OPTION_MEMBER(member), .max = true
#define OPTION_FLAG_OFF(member) .kind = OPTION_KIND_FLAG, OPTION_MEMBER(member), .max = false
#define OPTION_RANGE(kind_, member, min_, max_) \
	.kind = (kind_), OPTION_MEMBER(member), .min = (min_), .max = (max_)
#define OPTION_TEXT(member) OPTION_RANGE(OPTION_KIND_TEXT, member, 0, INT64_MAX)
#define OPTION_FILLED(member) OPTION_RANGE(OPTION_KIND_TEXT, member, 1, INT64_MAX)
#define OPTION_NAME(member, max_) OPTION_RANGE(OPTION_KIND_TEXT, member, 1, max_)
#define OPTION_NUMBER(member, min_, max_) OPTION_RANGE(OPTION_KIND_NUMBER, member, min_, max_)
#define OPTION_SIZE(member, min_, max_) OPTION_RANGE(OPTION_KIND_SIZE, member, min_, max_)
#define OPTION_DURATION(member, min_, max_) OPTION_RANGE(OPTION_KIND_DURATION, member, min_, max_)
#define OPTION_READY_FD(member) .kind = OPTION_KIND_READY_FD, OPTION_MEMBER(member)
#define OPTION_SET(function) .kind = OPTION_KIND_SET, .set = (function)
#define OPTION_MEMBER_SET(member, function) \
	.kind = OPTION_KIND_MEMBER_SET, OPTION_MEMBER(member), .member_set = (function)

/* The last rows of every table. */
#define OPTION_END                                                                   \
	{"V,version", NULL, "print the version", .kind = OPTION_KIND_VERSION},       \
		{"h,help", NULL, "print this", .kind = OPTION_KIND_HELP},            \
		{"shell-completion", "SHELL", NULL, .kind = OPTION_KIND_COMPLETION}, \
	{                                                                            \
		.name = NULL                                                         \
	}

struct option_table {
	const char *program;
	const char *operands; /* for the usage line; "": none */
	const char *purpose;  /* the text of --help before the options, with its newline */
	const struct option_row *rows;
	/* Called for each operand in its place among the options; NULL: an operand is an error. */
	void (*operand)(struct options *options, char *text);
	bool command; /* what stands behind `--` is a command, not operands */
};

/* `e,entity` has the letter e ('\0': none) and the name entity. */
char option_row_letter(const struct option_row *row);
const char *option_row_name(const struct option_row *row);

/* Prints --help. */
void option_table_help(const struct option_table *table, FILE *out);

/*
 * Prints the completion of the program's options for a shell. `make` runs each program with the
 * undocumented `--shell-completion bash` or `zsh` and installs the result. False: there is no
 * completion for this shell.
 */
bool option_table_completion(const struct option_table *table, const char *shell, FILE *out);

#endif
