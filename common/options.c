/* SPDX-License-Identifier: MIT */
#include "common/options.h"

#include "common/buffer.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	NAME_TEXT = 64, /* bytes of `--name` */
	OPERAND = 1,    /* what getopt_long() returns for an operand */
	ROW_0 = 256,    /* what it returns for the first row: no letter's number */
};

nsec option_duration(const char *option, const char *text, nsec min, nsec max)
{
	struct reason why;
	nsec value;

	if (!duration_parse(text, min, max, &value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return value;
}

int64_t option_number(const char *option, const char *text, int64_t min, int64_t max)
{
	struct reason why;
	int64_t value;

	if (!number_parse(text, min, max, &value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return value;
}

static int64_t option_size(const char *option, const char *text, int64_t min, int64_t max)
{
	static const char units[] = "kMG"; /* each 1024 of the one before */
	size_t length = strlen(text);
	char digits[32];
	struct reason why;
	int64_t value;

	if (strspn(text, "0123456789") == length && length > 0)
		return option_number(option, text, min, max);
	const char *unit = length > 1 ? strchr(units, text[length - 1]) : NULL;
	int shift = unit != NULL ? 10 * (int)(unit - units + 1) : 0;
	snprintf(digits, sizeof digits, "%.*s", (int)length - 1, text);
	if (shift == 0 || !number_parse(digits, 0, INT64_MAX >> shift, &value, &why))
		die(EX_USAGE, "%s: '%s' is not a number of bytes such as 65536, 64k, 16M or 1G",
			option, text);
	value <<= shift;
	if (value < min || value > max)
		die(EX_USAGE, "%s: '%s' is not from %" PRId64 " to %" PRId64 " bytes", option, text,
			min, max);
	return value;
}

struct address option_address(const char *option, const char *text)
{
	struct reason why;
	struct address value;

	if (!address_parse(text, &value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return value;
}

static int option_ready_fd(const char *option, const char *text)
{
	int fd = (int)option_number(option, text, 0, INT_MAX);

	if (fd == STDERR_FILENO)
		die(EX_USAGE, "%s: %d is where the log goes", option, fd);
	if (fcntl(fd, F_GETFD) < 0)
		die(EX_USAGE, "%s: %d: %s", option, fd, strerror(errno));
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

void option_hint(const char *program)
{
	fprintf(stderr, "Try '%s --help'.\n", program);
	exit(EX_USAGE);
}

void option_unexpected(const char *operand)
{
	die(EX_USAGE, "unexpected argument '%s'", operand);
}

static void text_set(
	const struct option_row *row, const char *option, const char *value, const char **member)
{
	int64_t length = (int64_t)strlen(value);

	if (length < row->min && row->max == INT64_MAX)
		die(EX_USAGE, "%s: empty", option);
	if (length < row->min || length > row->max)
		die(EX_USAGE, "%s: the value must have %" PRId64 " to %" PRId64 " bytes", option,
			row->min, row->max);
	*member = value;
}

/* The row's limits fit into the member. */
static void number_set(const struct option_row *row, int64_t value, void *member)
{
	int32_t narrow = (int32_t)(uint32_t)value;

	if (row->size == sizeof value)
		memcpy(member, &value, sizeof value);
	else
		memcpy(member, &narrow, sizeof narrow);
}

/* What was asked for is on standard output, or the program fails. */
static _Noreturn void printed_exit(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		die(EX_IOERR, "cannot write to standard output: %s", strerror(errno));
	exit(0);
}

static void row_apply(const struct option_table *table, const struct option_row *row,
	struct options *options, const char *value)
{
	char option[NAME_TEXT];
	void *member = (char *)options + row->offset;

	snprintf(option, sizeof option, "--%s", option_row_name(row));
	switch (row->kind) {
	case OPTION_KIND_FLAG:
		*(bool *)member = row->max != 0;
		break;
	case OPTION_KIND_TEXT:
		text_set(row, option, value, member);
		break;
	case OPTION_KIND_NUMBER:
		number_set(row, option_number(option, value, row->min, row->max), member);
		break;
	case OPTION_KIND_SIZE:
		number_set(row, option_size(option, value, row->min, row->max), member);
		break;
	case OPTION_KIND_DURATION:
		*(nsec *)member = option_duration(option, value, row->min, row->max);
		break;
	case OPTION_KIND_READY_FD:
		*(int *)member = option_ready_fd(option, value);
		break;
	case OPTION_KIND_SET:
		row->set(options, option, value);
		break;
	case OPTION_KIND_MEMBER_SET:
		row->member_set(member, option, value);
		break;
	case OPTION_KIND_VERSION:
		printf("%s %s\n", table->program, PACKAGE_VERSION);
		printed_exit();
	case OPTION_KIND_HELP:
		option_table_help(table, stdout);
		printed_exit();
	case OPTION_KIND_COMPLETION:
		if (!option_table_completion(table, value, stdout))
			die(EX_USAGE, "%s: '%s' is neither bash nor zsh", option, value);
		printed_exit();
	}
}

static void operand_apply(const struct option_table *table, struct options *options, char *text)
{
	if (table->operand == NULL)
		option_unexpected(text);
	table->operand(options, text);
}

/* The table as getopt_long() wants it. Its letters begin with `-`: operands come in their place. */
static struct option *getopt_table(const struct option_row *rows, struct buffer *letters)
{
	struct option *known = memory_zeroed(1, sizeof *known);
	size_t count = 0;

	buffer_append_text(letters, "-");
	for (; rows[count].name != NULL; count++) {
		const struct option_row *row = &rows[count];
		int argument = row->argument != NULL ? required_argument : no_argument;

		known = memory_resized(known, (count + 2) * sizeof *known);
		known[count] =
			(struct option){option_row_name(row), argument, NULL, ROW_0 + (int)count};
		if (option_row_letter(row) != '\0')
			buffer_printf(letters, "%c%s", option_row_letter(row),
				row->argument != NULL ? ":" : "");
	}
	known[count] = (struct option){NULL, 0, NULL, 0};
	return known;
}

/* The row that getopt_long() found. */
static const struct option_row *row_found(const struct option_table *table, int found)
{
	const struct option_row *row = table->rows;

	if (found >= ROW_0)
		return &table->rows[found - ROW_0];
	while (row->name != NULL && option_row_letter(row) != found)
		row++;
	if (row->name == NULL) /* '?': getopt_long() has printed why */
		option_hint(table->program);
	return row;
}

char **options_parse(
	const struct option_table *table, struct options *options, int argc, char **argv)
{
	struct buffer letters = {NULL, 0, 0};
	struct option *known = getopt_table(table->rows, &letters);
	const char *value = NULL;
	int found;

	while ((found = getopt_long(argc, argv, letters.data, known, NULL)) != -1) {
		value = optarg;
		if (found == OPERAND)
			operand_apply(table, options, optarg);
		else
			row_apply(table, row_found(table, found), options, optarg);
	}
	free(known);
	buffer_free(&letters);
	while (!table->command && optind < argc)
		operand_apply(table, options, argv[optind++]);
	if (optind < argc)
		return argv + optind;
	/* a `--` that is the last word, and no option's value */
	bool last = argc > 1 && strcmp(argv[argc - 1], "--") == 0 && value != argv[argc - 1];
	return table->command && last ? argv + argc : NULL;
}
