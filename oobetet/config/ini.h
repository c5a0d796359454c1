/* SPDX-License-Identifier: MIT */
/*
 * INI files through inih, but nothing is guessed, cut or ignored: what inih would read otherwise
 * than it is written (an over-long line, a blank and `;` inside a value, an indented line, a byte-
 * order mark) is refused, as is what it would pass over (an unknown section, a line without `=`).
 */
#ifndef OOBETET_CONFIG_INI_H
#define OOBETET_CONFIG_INI_H

#include "common/reason.h"

#include <stdio.h>

/* Takes one key; a refusal needs no place, that is added. `section` is "" before the first one. */
typedef bool (*ini_take)(void *user, const char *section, const char *key, const char *value,
	int line, struct reason *why);

/*
 * Hands every key of `file` to `take`, in order, until one is refused. `sections` lists the names
 * that a section may have, then NULL. A reason begins with `name:line: `.
 */
bool ini_read(FILE *file, const char *name, const char *const *sections, ini_take take, void *user,
	struct reason *why);

#endif
