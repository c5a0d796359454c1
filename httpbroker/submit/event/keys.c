/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event/keys.h"

#include <string.h>

static const struct {
	enum key key;
	const char *name;
	size_t length;
} known[] = {
	{KEY_ENTITY, "entity", 6},
	{KEY_TAGS, "tags", 4},
	{KEY_TIME, "time", 4},
	{KEY_TTL, "ttl", 3},
};

enum key key_named(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (length == known[i].length && memcmp(name, known[i].name, length) == 0)
			return known[i].key;
	return KEY_OTHER;
}

unsigned keys_of(const json_t *event)
{
	unsigned keys = json_object_size(event) > 0 ? KEY_OTHER : 0;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (json_object_get(event, known[i].name) != NULL)
			keys |= known[i].key;
	return keys;
}
