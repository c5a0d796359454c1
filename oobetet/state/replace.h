/* SPDX-License-Identifier: MIT */
/* Replaces a file as a whole: a reader finds the old or the new text, never a part. It may block.
 */
#ifndef OOBETET_STATE_REPLACE_H
#define OOBETET_STATE_REPLACE_H

#include "common/buffer.h"

#include <sys/stat.h>

/* Writes FILE.new, with these permissions, and renames it. Returns an errno. */
int file_replace(const char *path, mode_t mode, const struct buffer *text);

#endif
