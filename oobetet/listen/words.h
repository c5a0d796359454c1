/* SPDX-License-Identifier: MIT */
/*
 * Splits a command into words as sh(1) does, without its expansions: blanks separate words; in
 * 'single quotes' everything is literal; in "double quotes" a backslash escapes `"` and `\`;
 * elsewhere it escapes any character. `*`, `$`, `|`, `>` and `;` have no meaning. Pure.
 */
#ifndef OOBETET_LISTEN_WORDS_H
#define OOBETET_LISTEN_WORDS_H

#include "common/reason.h"

/* The words, up to a NULL. Free with words_free(). NULL: there is none, or a quote is not closed.
 */
char **words_split(const char *command, struct reason *why);
void words_free(char **words);

#endif
