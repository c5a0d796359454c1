/* SPDX-License-Identifier: MIT */
/* A plain file that holds one secret, and nothing else. */
#ifndef OOBETET_CONFIG_SECRETFILE_H
#define OOBETET_CONFIG_SECRETFILE_H

#include "common/reason.h"

#include <stdio.h>

#define SECRETFILE_MAX 1000 /* bytes */

/*
 * The secret, without the newline behind it; wipe it before it is freed with free(3). NULL: the
 * reason names the file, and never shows what is in it. *exposed: everybody may read the file.
 */
char *secretfile_read(const char *path, bool *exposed, struct reason *why);

/* May everybody read it? Looks at what was opened: what a path names may be another file by then.
 */
bool file_is_exposed(FILE *file);

#endif
