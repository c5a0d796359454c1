/* SPDX-License-Identifier: MIT */
/*
 * INI files, read with inih, but strictly: a line that inih would cut or join (too long, with a
 * blank and `;` in the value, indented, with a byte-order mark) is an error, and so is a line that
 * inih would ignore (an unknown section, no `=`).
 */
#ifndef OOBETET_CONFIG_INI_H
#define OOBETET_CONFIG_INI_H

#include "common/reason.h"

#include <stdio.h>

/* Takes one key; its reason gets file and line as prefix. `section` is "" before the first one. */
typedef bool ini_take(void *user, const char *section, const char *key, const char *value, int line,
	struct reason *why);

/*
 * Calls `take` for each key of `file`, in order, until one fails. `sections`: the two
 * headings that are allowed, in brackets. A reason begins with `name:line: `.
 */
bool ini_read(FILE *file, const char *name, const char *const sections[2], ini_take *take,
	void *user, struct reason *why);

#endif
