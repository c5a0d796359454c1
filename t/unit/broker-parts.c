/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

unsigned seed_choose(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

	print_message("# SEED=%u\n", seed);
	return seed;
}

struct event event_plain(const char *entity, const char *check, enum state state)
{
	struct event event;

	event_init(&event);
	event.time = 0;
	event.entity = (struct text){entity, strlen(entity)};
	event.check = (struct text){check, strlen(check)};
	event.state = state;
	event.state_text = (struct text){state_name(state), strlen(state_name(state))};
	return event;
}

struct single single_make(const struct event *event, struct moment now)
{
	struct single single = {.checks = checks_new(&(struct siphash_key){1, 2})};
	struct prepared prepared;

	prepared_make(&prepared, event, 2, now);
	single.check = checks_add(single.checks, &prepared);
	prepared_free(&prepared);
	return single;
}

static void lines_append(const struct resp_list *list, struct buffer *out)
{
	const char *at = list->bytes.data, *end = at + list->bytes.length;

	for (size_t i = 0; i < list->count; i++) {
		char *after;

		assert_int_equal(*at, '$');
		size_t length = strtoul(at + 1, &after, 10);
		assert_memory_equal(after, "\r\n", 2);
		assert_true((size_t)(end - after) >= length + 4);
		buffer_append(out, after + 2, length);
		buffer_append(out, "\n", 1);
		at = after + 2 + length + 2;
		assert_memory_equal(at - 2, "\r\n", 2);
	}
	assert_true(list->count == 0 || at == end);
}

const char *resp_lines(const struct resp_list *list, struct buffer *out)
{
	buffer_clear(out);
	buffer_append(out, "", 0);
	lines_append(list, out);
	return out->data;
}

static void forgets_append(const struct resp_list *forgets, struct buffer *out)
{
	struct buffer fields = {NULL, 0, 0};

	for (const char *at = resp_lines(forgets, &fields); *at != '\0'; at = strchr(at, '\n') + 1)
		buffer_printf(out, "%.*s\n-\n", (int)strcspn(at, "\n"), at);
	buffer_free(&fields);
}

int outbox_drain(struct outbox *outbox, nsec clock, struct buffer *events, struct buffer *records)
{
	struct commit *commit;
	int commits = 0;

	buffer_clear(events);
	buffer_clear(records);
	buffer_append(events, "", 0); /* at least a NUL */
	buffer_append(records, "", 0);
	while ((commit = outbox_take(outbox, clock)) != NULL) {
		lines_append(&commit->pushes, events);
		forgets_append(&commit->forgets, records);
		lines_append(&commit->records, records);
		lines_append(&commit->dependent, records);
		outbox_applied(outbox, commit);
		commits++;
	}
	return commits;
}
