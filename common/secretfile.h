/* SPDX-License-Identifier: MIT */
/*
 * Files with passwords and tokens: read whole, and only if they are plain files, so that nobody
 * waits for a writer.
 */
#ifndef COMMON_SECRETFILE_H
#define COMMON_SECRETFILE_H

#include "common/buffer.h"
#include "common/reason.h"

/*
 * Reads at most `limit` bytes into `out`, which the caller frees, best by buffer_wipe(). The
 * reason begins with the path. *exposed: everybody on this machine may read the file.
 */
bool secret_file_look(
	const char *path, size_t limit, struct buffer *out, bool *exposed, struct reason *why);

/* The same, and logs a warning if everybody may read it. */
bool secret_file_read(const char *path, size_t limit, struct buffer *out, struct reason *why);

/* The one line of such a file, without its newline: a password; to be freed. NULL: the reason. */
char *secret_file_line(const char *path, struct reason *why);

#endif
