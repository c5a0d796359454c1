/* SPDX-License-Identifier: MIT */
#include "t/tools/journal.h"

#include "common/buffer.h"
#include "t/tools/stamp.h"

#include <stdio.h>
#include <stdlib.h>

/* One write for a whole entry: requests are served side by side. */
static void entry_print(struct buffer *entry)
{
	fwrite(entry->data, 1, entry->length, stdout);
	fflush(stdout);
	buffer_free(entry);
}

static void entry_begin(struct buffer *entry, int status)
{
	char stamp[STAMP_TEXT];

	buffer_printf(entry, "%s ", stamp_text(clock_wall(), stamp));
	if (status == 0)
		buffer_append_text(entry, "hang");
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

void journal_request(const json_t *event, int status, bool payload_too)
{
	const json_t *payload = json_object_get(event, "payload");
	struct buffer entry = {NULL, 0, 0};

	entry_begin(&entry, status);
	buffer_printf(&entry, " %s", json_string_value(json_object_get(event, "event_action")));
	entry_add(&entry, " ", json_object_get(event, "dedup_key"), 0);
	entry_add(&entry, " ", json_object_get(payload, "summary"), 0);
	if (payload_too)
		entry_add(&entry, "\n", payload, JSON_INDENT(2));
	buffer_append_text(&entry, "\n");
	entry_print(&entry);
}

void journal_refusal(int status, const struct reason *why)
{
	struct buffer entry = {NULL, 0, 0};

	entry_begin(&entry, status);
	buffer_printf(&entry, " refused: %s\n", why->text);
	entry_print(&entry);
}
