/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/receipts.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

static void said_drop(struct receipts *receipts, int i)
{
	free(receipts->said[i].id);
	free(receipts->said[i].text);
	receipts->count--;
	memmove(&receipts->said[i], &receipts->said[i + 1],
		(size_t)(receipts->count - i) * sizeof receipts->said[0]);
}

void receipts_clear(struct receipts *receipts)
{
	while (receipts->count > 0)
		said_drop(receipts, receipts->count - 1);
}

void receipts_expect(struct receipts *receipts, const char *id, const char *text)
{
	if (receipts->count == RECEIPTS_MAX)
		said_drop(receipts, 0);
	receipts->said[receipts->count++] =
		(struct said){.id = memory_copied(id), .text = memory_copied(text)};
}

void receipts_take_id(struct receipts *receipts, const char *id)
{
	for (int i = receipts->count - 1; i >= 0; i--)
		if (strcmp(receipts->said[i].id, id) == 0)
			said_drop(receipts, i);
}

char *receipts_take_text(struct receipts *receipts, const char *text)
{
	for (int i = 0; i < receipts->count; i++) {
		if (strcmp(receipts->said[i].text, text) != 0)
			continue;
		char *id = memory_copied(receipts->said[i].id);
		said_drop(receipts, i);
		return id;
	}
	return NULL;
}
