/* SPDX-License-Identifier: MIT */
/* A configuration on its way to another process: a part to a worker, all of it to the monitor. */
#include "common/memory.h"
#include "oobetet/config/keys.h"
#include "oobetet/message.h"

#include <string.h>

/* ---- a part, key by key, from the monitor to a worker ---- */

bool config_take(struct config *config, int64_t watch, const char *name, const char *value,
	struct reason *why)
{
	const struct key *key = key_find(name);

	if (key == NULL)
		return reason_set(why, "unknown key '%.60s'", name);
	if ((key->scope == SCOPE_WATCH) == (watch == CONFIG_PROCESS) || watch < CONFIG_PROCESS ||
		watch >= WATCHES_MAX || watch > config->watch_count)
		return reason_set(why, "%s: is not of this watch", name);
	if (watch == config->watch_count)
		config_add(config, watch_config_new(NULL));
	return key_set(given_of(key, config, watch >= 0 ? config->watch[watch] : NULL), key, value,
		0, why);
}

void config_complete(struct config *config)
{
	list_free(&config->rooms);
	for (int i = 0; i < config->watch_count; i++) {
		struct watch_config *watch = config->watch[i];

		list_unite(&watch->rooms, &watch->watch_rooms);
		list_unite(&watch->rooms, &watch->alert_rooms);
		if ((watch->workers & CONFIG_XMPP) != 0)
			list_unite(&config->rooms, &watch->rooms);
		if (i == 0 || watch->max_latency < config->max_latency)
			config->max_latency = watch->max_latency;
	}
}

struct receiver {
	unsigned workers;
	void (*give)(void *user, int watch, const char *key, const char *value);
	void *user;
};

/* The keys of one scope. */
static void values_give(const struct given *given, int watch, const struct receiver *to)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		const char *text = key_text(given, key->name);

		if ((key->workers & to->workers) == 0 || text == NULL)
			continue;
		if (!key_is_list(key)) {
			to->give(to->user, watch, key->name, text);
			continue;
		}
		const struct text_list *list = key_list(key, given);
		for (int item = 0; item < list->count; item++)
			to->give(to->user, watch, key->name, list->item[item]);
	}
}

void config_hand_over(const struct config *config, unsigned workers,
	void (*give)(void *user, int watch, const char *key, const char *value), void *user)
{
	const struct receiver receiver = {workers, give, user};

	values_give(config->given, CONFIG_PROCESS, &receiver);
	for (int i = 0; i < config->watch_count; i++)
		if ((config->watch[i]->workers & workers) != 0)
			values_give(config->watch[i]->given, i, &receiver);
}

/* FNV-1a, with the end of each text. */
static void text_add(uint64_t *sum, const char *text)
{
	do
		*sum = (*sum ^ (unsigned char)*text) * 1099511628211U;
	while (*text++ != '\0');
}

static void item_add(void *user, int watch, const char *key, const char *value)
{
	uint64_t *sum = user;

	*sum = (*sum ^ (unsigned)(watch + 1)) * 1099511628211U;
	text_add(sum, key);
	text_add(sum, value);
}

uint64_t config_part(const struct config *config, unsigned workers)
{
	uint64_t sum = 14695981039346656037U;

	config_hand_over(config, workers, item_add, &sum);
	return sum;
}

/*
 * ---- all of it, as a text, from the process that has read it to the monitor ----
 *
 * Lines of fields, separated by tabs and escaped as in message.h:
 *
 *     exposed PATH         a file that holds a secret, and that everybody may read
 *     key NAME VALUE       before the first `watch` those of the process, then those of the watch
 *     watch [NAME]
 *     end
 */

static void field_write(struct buffer *out, const char *first, const char *field)
{
	buffer_append_text(out, first);
	if (field != NULL) {
		buffer_append(out, "\t", 1);
		field_escape(out, field);
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

	if ((second != NULL && !field_unescape(second)) ||
		(third != NULL && !field_unescape(third)))
		return reason_set(why, "an unknown escape");
	*end = strcmp(first, "end") == 0;
	if (strcmp(first, "watch") == 0) {
		if (config->watch_count == WATCHES_MAX)
			return reason_set(why, "there are more than %d watches", WATCHES_MAX);
		config_add(config, watch_config_new(second));
		return true;
	}
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
