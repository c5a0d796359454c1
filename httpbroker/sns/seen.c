/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/seen.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct message {
	UT_hash_handle hh; /* uthash keeps the order of arrival: the oldest comes first */
	nsec since;
	char id[];
};

struct seen {
	struct message *messages;
};

struct seen *seen_new(void)
{
	return memory_zeroed(1, sizeof(struct seen));
}

static void oldest_forget(struct seen *seen)
{
	struct message *oldest = seen->messages;

	HASH_DEL(seen->messages, oldest);
	free(oldest);
}

void seen_free(struct seen *seen)
{
	if (seen == NULL)
		return;
	while (seen->messages != NULL)
		oldest_forget(seen);
	free(seen);
}

static void old_forget(struct seen *seen, nsec now)
{
	while (seen->messages != NULL && now - seen->messages->since >= SEEN_LASTS)
		oldest_forget(seen);
}

static struct message *message_find(const struct seen *seen, struct text id)
{
	struct message *message;

	HASH_FIND(hh, seen->messages, id.bytes, id.length, message);
	return message;
}

void seen_add(struct seen *seen, struct text id, nsec now)
{
	old_forget(seen, now);
	if (message_find(seen, id) != NULL)
		return;
	if (HASH_COUNT(seen->messages) >= SEEN_MAX)
		oldest_forget(seen);
	struct message *message = memory_zeroed(1, sizeof *message + id.length + 1);
	message->since = now;
	memcpy(message->id, id.bytes, id.length);
	HASH_ADD_KEYPTR(hh, seen->messages, message->id, id.length, message);
}

bool seen_has(struct seen *seen, struct text id, nsec now)
{
	old_forget(seen, now);
	return message_find(seen, id) != NULL;
}
