/* SPDX-License-Identifier: MIT */
/* Passwords and tokens: kept from other processes, out of messages, and read from files. */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stddef.h>

#include "common/buffer.h"
#include "common/reason.h"

/*
 * Keeps other processes of the same user from reading this one's memory and environment, and
 * prevents core files; not in programs that it executes. Call it before reading any secret.
 */
void secret_protect_process(void);

#define SECRET_MIN 4 /* bytes; a shorter one is not masked: it would be found everywhere */

/*
 * Overwrites the secret with asterisks wherever it is in the text, and a beginning of it at the
 * text's end, which may have been cut. `secret` may be NULL. Call it before cutting the text.
 */
void secret_mask(char *text, const char *secret);

/*
 * utf8_clean_line() for the text of a peer, who may repeat a secret: the secrets, up to a NULL, are
 * masked. Returns out.
 */
char *secret_clean_line(const char *text, const char *const *secrets, char *out, size_t size);

/*
 * Reads at most `limit` bytes of a file, which must be a plain one (a FIFO may block), into `out`;
 * free it with buffer_wipe(). *exposed: every user of this machine may read the file; with exposed
 * == NULL a warning is logged instead. The reason begins with the path.
 */
bool secret_file_read(
	const char *path, size_t limit, struct buffer *out, bool *exposed, struct reason *why);

/* The only line of such a file, without its newline or CRLF. To be freed; NULL: see the reason. */
char *secret_file_line(const char *path, bool *exposed, struct reason *why);

/* Wipes and frees it. NULL does nothing. */
void secret_free(char *secret);

#endif
