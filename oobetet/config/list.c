/* SPDX-License-Identifier: MIT */
#include "oobetet/config/list.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool list_has(const struct text_list *list, const char *text, size_t length)
{
	for (int i = 0; i < list->count; i++)
		if (strlen(list->item[i]) == length &&
			strncasecmp(list->item[i], text, length) == 0)
			return true;
	return false;
}

static void item_append(struct text_list *list, const char *text, size_t length)
{
	list->item = memory_resized(list->item, ((size_t)list->count + 1) * sizeof(char *));
	list->item[list->count++] = memory_printed("%.*s", (int)length, text);
}

bool list_add(struct text_list *list, const char *text, size_t length, struct reason *why)
{
	if (list_has(list, text, length))
		return reason_set(why, "'%.*s' is there twice", (int)length, text);
	if (list->count == LIST_MAX)
		return reason_set(why, "there are more than %d", LIST_MAX);
	item_append(list, text, length);
	return true;
}

void list_unite(struct text_list *list, const struct text_list *more)
{
	for (int i = 0; i < more->count; i++)
		if (!list_has(list, more->item[i], strlen(more->item[i])))
			item_append(list, more->item[i], strlen(more->item[i]));
}

void list_free(struct text_list *list)
{
	for (int i = 0; i < list->count; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct text_list){NULL, 0};
}
