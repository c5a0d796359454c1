/* SPDX-License-Identifier: MIT */
/* What a process that holds passwords and tokens does to keep them to itself. */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

/*
 * From now on no other process of the same user can read this one's memory or environment, and it
 * leaves no core file. What it starts by exec(3) is not protected. Call it before any secret is
 * read.
 */
void secret_protect_process(void);

/* A shorter secret is none, and would be found everywhere. */
#define SECRET_LEAST 4

/*
 * Overwrites the secret with asterisks wherever it is in the text, and its beginning where the text
 * ends with that: the rest may have been cut. NULL is fine. Do it before the text is cut.
 */
void secret_mask(char *text, const char *secret);

#endif
