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

#endif
