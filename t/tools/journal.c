/* SPDX-License-Identifier: MIT */
#include "t/tools/journal.h"

#include "common/buffer.h"
#include "t/tools/stamp.h"

#include <stdio.h>
#include <stdlib.h>

/* One write for a whole entry: requests are served in parallel. */
static void entry_print(struct buffer *entry)
{
	fwrite(entry->data, 1, entry->length, stdout);
	fflush(stdout);
	buffer_free(entry);
}

static void entry_begin(struct buffer *entry, int status, const char *otherwise)
{
	char stamp[STAMP_TEXT];

	buffer_printf(entry, "%s ", stamp_text(clock_wall(), stamp));
	if (status == 0)
		buffer_append_text(entry, otherwise);
	else
		buffer_printf(entry, "%d", status);
}

static void entry_add(struct buffer *entry, const char *between, const json_t *value, size_t flags)
{
	char *text = value == NULL ? NULL : json_dumps(value, flags | JSON_ENCODE_ANY);

	if (text != NULL)
		buffer_printf(entry, "%s%s", between, text);
	free(text);
}

void journal_request(const struct events_api *api, const json_t *event, const struct answer *answer,
	bool payload_too)
{
	struct buffer entry = {NULL, 0, 0};

	entry_begin(&entry, answer->status, answer->reset ? "reset" : "hang");
	buffer_printf(&entry, " %s", events_api_action(api, event));
	entry_add(&entry, " ", json_object_get(event, api->key), 0);
	entry_add(&entry, " ", events_api_summary(api, event), 0);
	if (payload_too)
		entry_add(&entry, "\n", events_api_payload(api, event), JSON_INDENT(2));
	buffer_append_text(&entry, "\n");
	entry_print(&entry);
}

void journal_refusal(int status, const struct reason *why)
{
	struct buffer entry = {NULL, 0, 0};

	entry_begin(&entry, status, "");
	buffer_printf(&entry, " refused: %s\n", why->text);
	entry_print(&entry);
}

void journal_note(const char *words)
{
	struct buffer entry = {NULL, 0, 0};

	entry_begin(&entry, 0, words);
	buffer_append_text(&entry, "\n");
	entry_print(&entry);
}
