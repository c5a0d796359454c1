/* SPDX-License-Identifier: MIT */
/* Files with passwords and tokens: only plain files are read, since a FIFO may block. */
#ifndef COMMON_SECRETFILE_H
#define COMMON_SECRETFILE_H

#include "common/buffer.h"
#include "common/reason.h"

/*
 * Reads at most `limit` bytes into `out`; free it with buffer_wipe(). *exposed: every user of this
 * machine may read the file; with exposed == NULL a warning is logged instead. The reason begins
 * with the path.
 */
bool secret_file_read(
	const char *path, size_t limit, struct buffer *out, bool *exposed, struct reason *why);

/* The only line of such a file, without its newline or CRLF. To be freed; NULL: see the reason. */
char *secret_file_line(const char *path, bool *exposed, struct reason *why);

#endif
