/* SPDX-License-Identifier: MIT */
#include "common/option_table.h"

#include <string.h>

enum {
	SCREEN = 80,     /* columns of --help */
	LABEL_TEXT = 64, /* bytes of `-n, --name ARGUMENT` */
};

char option_row_letter(const struct option_row *row)
{
	return row->name[1] == ',' ? row->name[0] : '\0';
}

const char *option_row_name(const struct option_row *row)
{
	return option_row_letter(row) != '\0' ? row->name + 2 : row->name;
}

static size_t row_label(const struct option_row *row, char out[LABEL_TEXT])
{
	const char *argument = row->argument != NULL ? row->argument : "";
	char letter[] = {'-', option_row_letter(row), ',', ' ', '\0'};

	return (size_t)snprintf(out, LABEL_TEXT, "%s--%s%s%s",
		option_row_letter(row) != '\0' ? letter : "    ", option_row_name(row),
		*argument != '\0' ? " " : "", argument);
}

/* The length of the first line of `text`: it is broken at blanks. */
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
static void row_help(const struct option_row *row, size_t width, FILE *out)
{
	char label[LABEL_TEXT];
	const char *rest = row->help;

	row_label(row, label);
	do {
		size_t length = line_length(rest, SCREEN - width - 4);

		fprintf(out, "  %-*s  %.*s\n", (int)width, label, (int)length, rest);
		rest += length + strspn(rest + length, " ");
		label[0] = '\0';
	} while (*rest != '\0');
}

void option_table_help(const struct option_table *table, FILE *out)
{
	char label[LABEL_TEXT];
	size_t width = 0;

	fprintf(out, "usage: %s [OPTION...]%s%s\n\n%s\n", table->program,
		*table->operands != '\0' ? " " : "", table->operands, table->purpose);
	for (const struct option_row *row = table->rows; row->name != NULL; row++)
		if (row->help != NULL && row_label(row, label) > width)
			width = row_label(row, label);
	for (const struct option_row *row = table->rows; row->name != NULL; row++)
		if (row->help != NULL)
			row_help(row, width, out);
}

/* ---- completion ---- */

/* What a value is completed with, by its name in --help or by the row's choices. */
enum values { VALUES_NONE, VALUES_CHOICES, VALUES_FILES, VALUES_DIRECTORIES, VALUES_HOSTS };

static enum values row_values(const struct option_row *row)
{
	if (row->choices != NULL)
		return strcmp(row->choices, OPTION_HOSTS) == 0 ? VALUES_HOSTS : VALUES_CHOICES;
	if (strcmp(row->argument, "FILE") == 0)
		return VALUES_FILES;
	return strcmp(row->argument, "DIR") == 0 ? VALUES_DIRECTORIES : VALUES_NONE;
}

/* The name of the shell function: `_` and the program's name, with `_` for what no name has. */
static void function_print(const char *program, FILE *out)
{
	putc('_', out);
	for (; *program != '\0'; program++)
		putc(*program == '-' ? '_' : *program, out);
}

/* ---- bash: COMPREPLY receives the words that fit ---- */

/* `-e | --entity) ACTION ;;` */
static void bash_row(const struct option_row *row, FILE *out)
{
	static const char *const generators[] = {
		[VALUES_FILES] = "-f", [VALUES_DIRECTORIES] = "-d", [VALUES_HOSTS] = "-A hostname"};
	enum values values = row_values(row);

	fputs("\t", out);
	if (option_row_letter(row) != '\0')
		fprintf(out, "-%c | ", option_row_letter(row));
	fprintf(out, "--%s)", option_row_name(row));
	if (values == VALUES_CHOICES)
		fprintf(out, " mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\")",
			row->choices);
	else if (values != VALUES_NONE)
		fprintf(out, " mapfile -t COMPREPLY < <(compgen %s -- \"$current\")",
			generators[values]);
	fputs(" ;;\n", out);
}

/* Behind `--` the words are those of another command. */
static void bash_command(FILE *out)
{
	fputs("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\t[[ ${COMP_WORDS[i]} == -- ]] || continue\n"
	      "\t\tif declare -F _command_offset >/dev/null; then\n"
	      "\t\t\t_command_offset $((i + 1))\n"
	      "\t\telif ((COMP_CWORD == i + 1)); then\n"
	      "\t\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$current\")\n"
	      "\t\tfi\n"
	      "\t\treturn\n"
	      "\tdone\n",
		out);
}

static void bash_print(const struct option_table *table, FILE *out)
{
	const struct option_row *row;

	fprintf(out, "# bash completion for %s; made from its option table\n\n", table->program);
	function_print(table->program, out);
	fputs("() {\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i\n"
	      "\tCOMPREPLY=()\n",
		out);
	if (table->command)
		bash_command(out);
	fputs("\t# bash splits --option=value at the sign\n"
	      "\t[[ $current != = ]] || current=\n"
	      "\t[[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD - 2]}\n"
	      "\tcase $before in\n",
		out);
	for (row = table->rows; row->name != NULL; row++)
		if (row->help != NULL && row->argument != NULL)
			bash_row(row, out);
	fputs("\t*)\n\t\tif [[ $current == -* ]]; then\n"
	      "\t\t\tmapfile -t COMPREPLY < <(compgen -W '",
		out);
	for (row = table->rows; row->name != NULL; row++) {
		if (row->help == NULL)
			continue;
		if (option_row_letter(row) != '\0')
			fprintf(out, "-%c ", option_row_letter(row));
		fprintf(out, "--%s ", option_row_name(row));
	}
	fprintf(out, "%s' -- \"$current\")\n", table->command ? "--" : "");
	if (*table->operands != '\0')
		fputs("\t\telse\n\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n",
			out);
	fputs("\t\tfi\n\t\t;;\n\tesac\n}\n\ncomplete -o default -F ", out);
	function_print(table->program, out);
	fprintf(out, " %s\n", table->program);
}

/* ---- zsh: a line of _arguments for each option ---- */

/* The help in '...[HELP]...': what zsh takes for its own is escaped. */
static void zsh_help(const char *help, FILE *out)
{
	for (; *help != '\0'; help++) {
		if (*help == '\'')
			fputs("'\\'", out);
		else if (strchr("[]:\\", *help) != NULL)
			putc('\\', out);
		putc(*help, out);
	}
}

static void zsh_values(const struct option_row *row, FILE *out)
{
	static const char *const functions[] = {[VALUES_NONE] = "",
		[VALUES_FILES] = "_files",
		[VALUES_DIRECTORIES] = "_files -/",
		[VALUES_HOSTS] = "_hosts"};
	enum values values = row_values(row);

	fprintf(out, ":%s:", row->argument);
	if (values == VALUES_CHOICES)
		fprintf(out, "(%s)", row->choices);
	else
		fputs(functions[values], out);
}

/* Behind `--` the words are those of another command. */
static void zsh_command(FILE *out)
{
	fputs("local begin=${words[(i)--]}\n"
	      "if ((begin < CURRENT)); then\n"
	      "\tshift $begin words\n"
	      "\t((CURRENT -= begin))\n"
	      "\t_normal\n"
	      "\treturn\n"
	      "fi\n",
		out);
}

static void zsh_print(const struct option_table *table, FILE *out)
{
	fprintf(out, "#compdef %s\n# made from its option table\n\n", table->program);
	if (table->command)
		zsh_command(out);
	fputs("_arguments -s", out);
	for (const struct option_row *row = table->rows; row->name != NULL; row++) {
		if (row->help == NULL)
			continue;
		fputs(" \\\n\t'*'", out);
		if (option_row_letter(row) != '\0')
			fprintf(out, "{-%c,--%s%s}", option_row_letter(row), option_row_name(row),
				row->argument != NULL ? "=" : "");
		else
			fprintf(out, "--%s%s", option_row_name(row),
				row->argument != NULL ? "=" : "");
		fputs("'[", out);
		zsh_help(row->help, out);
		putc(']', out);
		if (row->argument != NULL)
			zsh_values(row, out);
		putc('\'', out);
	}
	if (*table->operands != '\0')
		fputs(" \\\n\t'*:file:_files'", out);
	putc('\n', out);
}

bool option_table_completion(const struct option_table *table, const char *shell, FILE *out)
{
	if (strcmp(shell, "bash") == 0)
		bash_print(table, out);
	else if (strcmp(shell, "zsh") == 0)
		zsh_print(table, out);
	else
		return false;
	return true;
}
