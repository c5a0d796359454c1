/* SPDX-License-Identifier: MIT */
/*
 * Prints the completion of a program's options for a shell, from its option table. `make` runs each
 * program with the undocumented `--shell-completion bash` or `zsh` and installs the result.
 */
#ifndef COMMON_COMPLETION_H
#define COMMON_COMPLETION_H

#include "common/options.h"

#include <stdio.h>

/* False: there is no completion for this shell. */
bool completion_print(const struct option_table *table, const char *shell, FILE *out);

/* `e,entity` has the letter e ('\0': none) and the name entity. */
char option_row_letter(const struct option_row *row);
const char *option_row_name(const struct option_row *row);

#endif
