/* SPDX-License-Identifier: MIT */
#include "common/optiontable.h"

#include "common/memory.h"
#include "common/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_TEXT = 64 }; /* bytes of `--name=ARGUMENT` */

/* What every program has, and in every list the last. */
static const struct option_row version_row = {"version", NULL, NULL, "print the version"};
static const struct option_row help_row = {"help", NULL, NULL, "print this"};

static size_t row_label(const struct option_row *row, char out[LABEL_TEXT])
{
	const char *argument = row->argument;

	return (size_t)snprintf(out, LABEL_TEXT, "--%s%s%s", row->name, argument != NULL ? "=" : "",
		argument != NULL ? argument : "");
}

static size_t labels_width(const struct option_table *table)
{
	char label[LABEL_TEXT];
	size_t width = row_label(&version_row, label);

	for (size_t i = 0; i < table->count; i++) {
		size_t length = row_label(&table->rows[i], label);
		if (length > width)
			width = length;
	}
	return width;
}

/* The first line of the help stands beside the label, the others below it. */
static void row_print(const struct option_row *row, size_t width)
{
	char label[LABEL_TEXT];
	const char *line = row->help;

	row_label(row, label);
	for (;;) {
		size_t length = strcspn(line, "\n");

		printf("  %-*s  %.*s\n", (int)width, label, (int)length, line);
		if (line[length] == '\0')
			return;
		line += length + 1;
		label[0] = '\0';
	}
}

static void table_print(const struct option_table *table)
{
	size_t width = labels_width(table);

	printf("usage: %s [OPTION...]\n\n%s\n", table->program, table->purpose);
	for (size_t i = 0; i < table->count; i++)
		row_print(&table->rows[i], width);
	row_print(&version_row, width);
	row_print(&help_row, width);
}

static struct option row_known(const struct option_row *row)
{
	return (struct option){
		row->name, row->argument != NULL ? required_argument : no_argument, NULL, 0};
}

/* As getopt_long() wants them; which one it has found it says by its index. */
static struct option *known_make(const struct option_table *table)
{
	struct option *known = memory_zeroed(table->count + 3, sizeof *known);

	for (size_t i = 0; i < table->count; i++)
		known[i] = row_known(&table->rows[i]);
	known[table->count] = row_known(&version_row);
	known[table->count + 1] = row_known(&help_row);
	return known;
}

static void row_take(
	const struct option_table *table, size_t index, struct options *options, const char *value)
{
	char option[LABEL_TEXT];

	if (index < table->count) {
		snprintf(option, sizeof option, "--%s", table->rows[index].name);
		table->rows[index].take(options, option, value);
		return;
	}
	if (index == table->count)
		option_version(table->program);
	else
		table_print(table);
	exit(0);
}

void option_table_read(
	const struct option_table *table, struct options *options, int argc, char **argv)
{
	struct option *known = known_make(table);
	int found, index;

	while ((found = getopt_long(argc, argv, "", known, &index)) != -1) {
		if (found != 0)
			option_hint(table->program);
		row_take(table, (size_t)index, options, optarg);
	}
	free(known);
	if (optind < argc)
		option_unexpected(argv[optind]);
}
