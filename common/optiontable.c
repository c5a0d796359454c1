/* SPDX-License-Identifier: MIT */
#include "common/optiontable.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "common/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCREEN = 80 };       /* columns of --help */
enum { LABEL_TEXT = 64 };   /* bytes of `-n, --name ARGUMENT` */
enum { FIRST_FOUND = 256 }; /* what getopt returns for the first row: no letter's number */

/* What every program has, and in every list the last. */
static const struct option_row version_row = {"V,version", NULL, NULL, "print the version"};
static const struct option_row help_row = {"h,help", NULL, NULL, "print this"};

/* '\0' if it has none. */
static char row_letter(const struct option_row *row)
{
	return row->name[1] == ',' ? row->name[0] : '\0';
}

static const char *row_name(const struct option_row *row)
{
	return row_letter(row) != '\0' ? row->name + 2 : row->name;
}

/* The rows of the table, and those two behind them. */
static const struct option_row *row_at(const struct option_table *table, size_t index)
{
	if (index < table->count)
		return &table->rows[index];
	return index == table->count ? &version_row : &help_row;
}

static size_t rows_count(const struct option_table *table)
{
	return table->count + 2;
}

static size_t row_label(const struct option_row *row, char out[LABEL_TEXT])
{
	const char *argument = row->argument;
	char letter[] = {'-', row_letter(row), ',', ' ', '\0'};
	const char *before = row_letter(row) != '\0' ? letter : "    ";

	return (size_t)snprintf(out, LABEL_TEXT, "%s--%s%s%s", before, row_name(row),
		argument != NULL ? " " : "", argument != NULL ? argument : "");
}

static size_t labels_width(const struct option_table *table)
{
	char label[LABEL_TEXT];
	size_t width = 0;

	for (size_t i = 0; i < rows_count(table); i++) {
		size_t length = row_label(row_at(table, i), label);
		if (length > width)
			width = length;
	}
	return width;
}

/* How much of the text stands on a line of that width: it is broken at blanks. */
static size_t line_length(const char *text, size_t width)
{
	size_t length = strlen(text);

	if (length <= width)
		return length;
	length = width;
	while (length > 0 && text[length] != ' ')
		length--;
	return length > 0 ? length : width;
}

/* The first line of the help stands beside the label, the others below it. */
static void row_print(const struct option_row *row, size_t width)
{
	char label[LABEL_TEXT];
	const char *rest = row->help;

	row_label(row, label);
	do {
		size_t length = line_length(rest, SCREEN - width - 4);

		printf("  %-*s  %.*s\n", (int)width, label, (int)length, rest);
		rest += length + strspn(rest + length, " ");
		label[0] = '\0';
	} while (*rest != '\0');
}

static void table_print(const struct option_table *table)
{
	size_t width = labels_width(table);

	printf("usage: %s [OPTION...]%s%s\n\n%s\n", table->program,
		*table->operands != '\0' ? " " : "", table->operands, table->purpose);
	for (size_t i = 0; i < rows_count(table); i++)
		row_print(row_at(table, i), width);
}

/* As getopt_long() wants them. */
static struct option *known_make(const struct option_table *table)
{
	struct option *known = memory_zeroed(rows_count(table) + 1, sizeof *known);

	for (size_t i = 0; i < rows_count(table); i++) {
		const struct option_row *row = row_at(table, i);

		known[i] = (struct option){row_name(row),
			row->argument != NULL ? required_argument : no_argument, NULL,
			FIRST_FOUND + (int)i};
	}
	return known;
}

/* The letters as getopt_long() wants them; it begins with what hands out operands as they come. */
static char *letters_make(const struct option_table *table)
{
	struct buffer letters = {NULL, 0, 0};

	buffer_append_text(&letters, "-");
	for (size_t i = 0; i < rows_count(table); i++) {
		const struct option_row *row = row_at(table, i);

		if (row_letter(row) != '\0')
			buffer_printf(&letters, "%c%s", row_letter(row),
				row->argument != NULL ? ":" : "");
	}
	return letters.data;
}

/* Which row getopt has found. */
static size_t found_index(const struct option_table *table, int found)
{
	size_t i = 0;

	if (found >= FIRST_FOUND)
		return (size_t)(found - FIRST_FOUND);
	while (i < rows_count(table) && row_letter(row_at(table, i)) != found)
		i++;
	if (i == rows_count(table)) /* '?': it has said why */
		option_hint(table->program);
	return i;
}

/* False: it was one of the two after which there is nothing else to do. */
static bool row_take(
	const struct option_table *table, size_t index, struct options *options, const char *value)
{
	char option[LABEL_TEXT];

	if (index == table->count)
		option_version(table->program);
	if (index == table->count + 1)
		table_print(table);
	if (index >= table->count)
		return false;
	snprintf(option, sizeof option, "--%s", row_name(&table->rows[index]));
	table->rows[index].take(options, option, value);
	return true;
}

static void operand_refuse(struct options *options, char *text)
{
	(void)options;
	option_unexpected(text);
}

char **option_table_read_all(const struct option_table *table, struct options *options, int argc,
	char **argv, void (*operand)(struct options *options, char *text))
{
	struct option *known = known_make(table);
	char *letters = letters_make(table);
	const char *value = NULL;
	bool goes_on = true;
	int found;

	while (goes_on && (found = getopt_long(argc, argv, letters, known, NULL)) != -1) {
		value = optarg;
		if (found == 1)
			operand(options, optarg);
		else
			goes_on = row_take(table, found_index(table, found), options, optarg);
	}
	free(known);
	free(letters);
	if (!goes_on)
		exit(0);
	/* nothing but `--` ends it early; where that is the last, it is no option's value */
	if (optind < argc)
		return argv + optind;
	bool last = argc > 1 && strcmp(argv[argc - 1], "--") == 0 && value != argv[argc - 1];
	return last ? argv + argc : NULL;
}

void option_table_read(
	const struct option_table *table, struct options *options, int argc, char **argv)
{
	char **behind = option_table_read_all(table, options, argc, argv, operand_refuse);

	if (behind != NULL && *behind != NULL)
		option_unexpected(*behind);
}
