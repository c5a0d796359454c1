/* SPDX-License-Identifier: MIT */
/*
 * INI files, read with inih, but strictly: a line that inih would cut or join (too long, with a
 * blank and `;` in the value, indented, with a byte-order mark) is an error, and so is a line that
 * inih would ignore (no `=`).
 */
#ifndef OOBETET_CONFIG_INI_H
#define OOBETET_CONFIG_INI_H

#include "common/reason.h"

#include <stdio.h>

/* What takes the content of a file. A reason gets file and line as prefix. */
struct ini_taker {
	void *user;

	/* A heading, brackets included, exactly as the line has it. */
	bool (*section)(void *user, const char *heading, int line, struct reason *why);

	/* A key of the section whose heading came last. */
	bool (*key)(void *user, const char *key, const char *value, int line, struct reason *why);
};

/*
 * Gives `taker` each heading and key of `file`, in order, until one is refused. A reason begins
 * with `name:line: `.
 */
bool ini_read(FILE *file, const char *name, const struct ini_taker *taker, struct reason *why);

#endif
