/* SPDX-License-Identifier: MIT */
/* A list of texts, all different in any case: the rooms and nicks of a configuration. */
#ifndef OOBETET_CONFIG_LIST_H
#define OOBETET_CONFIG_LIST_H

#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>

#define LIST_MAX 64 /* items; a room costs a presence, a ping and an outbox */

/* {0} is an empty one. */
struct text_list {
	char **item; /* owned, as are the items */
	int count;
};

/* Is the text one of the items, in any case? */
bool list_has(const struct text_list *list, const char *text, size_t length);

/* Appends a copy. Refused if it is there, or if there are LIST_MAX. */
bool list_add(struct text_list *list, const char *text, size_t length, struct reason *why);

/* Appends copies of those items of `more` that are not there yet. */
void list_unite(struct text_list *list, const struct text_list *more);

void list_free(struct text_list *list);

#endif
