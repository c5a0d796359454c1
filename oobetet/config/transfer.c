/* SPDX-License-Identifier: MIT */
/*
 * A configuration as a text, from the process that has read it to the monitor. Lines of fields,
 * separated by tabs and escaped as in ipc.h:
 *
 *     exposed PATH
 *     key NAME VALUE       before the first `watch` those of the process, then those of the watch
 *     watch [NAME]
 *     end
 */
#include "common/memory.h"
#include "common/utf8.h"
#include "oobetet/config/keys.h"
#include "oobetet/ipc.h"

#include <string.h>

static void field_write(struct buffer *out, const char *first, const char *field)
{
	buffer_append_text(out, first);
	if (field != NULL) {
		buffer_append(out, "\t", 1);
		ipc_escape(out, field);
	}
	buffer_append(out, "\n", 1);
}

static void values_write(struct buffer *out, const struct given *given)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		const char *text = key_text(given, key->name);

		if (text == NULL)
			continue;
		buffer_printf(out, "key\t");
		field_write(out, key->name, text);
	}
}

void config_pack(const struct config *config, struct buffer *out)
{
	for (int i = 0; i < config->exposed.count; i++)
		field_write(out, "exposed", config->exposed.item[i]);
	values_write(out, config->given);
	for (int i = 0; i < config->watch_count; i++) {
		field_write(out, "watch", config->watch[i]->name);
		values_write(out, config->watch[i]->given);
	}
	field_write(out, "end", NULL);
}

static bool watch_take(struct config *config, const char *name, struct reason *why)
{
	if (config->watch_count == WATCHES_MAX)
		return reason_set(why, "there are more than %d watches", WATCHES_MAX);
	config_add(config, watch_config_new(name));
	return true;
}

static bool value_take(
	struct config *config, const char *name, const char *value, struct reason *why)
{
	const struct key *key = key_find(name);
	int last = config->watch_count - 1;

	if (key == NULL || (key->scope == SCOPE_WATCH) != (last >= 0))
		return reason_set(why, "'%.40s' does not belong here", name);
	return key_take(
		given_of(key, config, last >= 0 ? config->watch[last] : NULL), key, value, why);
}

/* True: the line was taken; *end: it was the last. */
static bool line_take(struct config *config, char *line, bool *end, struct reason *why)
{
	const char *first = strsep(&line, "\t");
	char *second = strsep(&line, "\t"), *third = strsep(&line, "\t");

	if ((second != NULL && !ipc_unescape(second)) || (third != NULL && !ipc_unescape(third)))
		return reason_set(why, "an unknown escape");
	*end = strcmp(first, "end") == 0;
	if (strcmp(first, "watch") == 0)
		return watch_take(config, second, why);
	if (strcmp(first, "exposed") == 0 && second != NULL)
		return list_add(&config->exposed, second, strlen(second), why);
	if (strcmp(first, "key") == 0 && third != NULL)
		return value_take(config, second, third, why);
	return *end || reason_set(why, "'%.40s' is unknown", first);
}

struct config *config_unpack(char *text, struct reason *why)
{
	struct config *config = config_new();
	bool end = false, good = true;

	reason_set(why, "it is not complete");
	for (char *line; good && !end && (line = strsep(&text, "\n")) != NULL && text != NULL;)
		good = line_take(config, line, &end, why);
	if (good && end) {
		config_complete(config);
		return config;
	}
	config_free(config);
	return NULL;
}
