/* SPDX-License-Identifier: MIT */
#include "t/fuzz/submit.h"

#include "httpbroker/submit/source.h"
#include "t/fuzz/fuzz.h"

#include <jansson.h>

static void event_check(const struct feed_item *item)
{
	json_t *event = json_loadb(item->json, item->length, JSON_ALLOW_NUL, NULL);

	FUZZ_EXPECT(json_is_object(event));
	FUZZ_EXPECT(item->json[0] == '{' && item->json[item->length - 1] == '}');
	FUZZ_EXPECT(json_object_get(event, "entity") != NULL);
	FUZZ_EXPECT(json_object_get(event, "ttl") != NULL);
	FUZZ_EXPECT(item->timeless == (json_object_get(event, "time") == NULL));
	json_decref(event);
}

/* Returns the line of the last. */
static uint64_t events_check(struct feed *feed, uint64_t line)
{
	enum feed_result result;
	struct feed_item item;

	for (;;) {
		struct reason why = {""};

		result = feed_next(feed, &item, &why);
		if (result == FEED_NONE)
			return line;
		FUZZ_EXPECT(item.line >= line && item.line > 0);
		line = item.line;
		if (result == FEED_EVENT)
			event_check(&item);
		else
			FUZZ_EXPECT(why.text[0] != '\0');
	}
}

int submit_feed_try(const char *format, const uint8_t *bytes, size_t length)
{
	const struct feed_options options = {.format = format,
		.delimiter = '\t',
		.defaults = {.entity = "e", .ttl = 9, .time = FIELDS_NO_TIME}};
	struct reason why;
	struct feed *feed = feed_new(&options, &why);
	uint64_t line;

	feed_push(feed, bytes, length / 2);
	line = events_check(feed, 0);
	feed_push(feed, bytes + length / 2, length - length / 2);
	line = events_check(feed, line);
	feed_finish(feed);
	events_check(feed, line);
	feed_free(feed);
	return 0;
}
