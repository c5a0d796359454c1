/* SPDX-License-Identifier: MIT */
/* What a configuration is given to: the workers, and --check-config. */
#include "oobetet/config/keys.h"

#include <string.h>

/* ---- to the workers ---- */

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

/* ---- --check-config ---- */

/* Masks the user and the path: who knows these can use the address. */
static void ping_show(const char *url, FILE *out)
{
	const char *host = strstr(url, "://") + 3;
	const char *user = strchr(host, '@');
	size_t length = strcspn(host, "/?#");

	if (user != NULL && user < host + length)
		fprintf(out, "%.*s********", (int)(host - url), url);
	else
		fprintf(out, "%.*s%s", (int)(host - url) + (int)length, url,
			host[length] != '\0' ? "/********" : "");
}

static void value_show(
	const struct key *key, const struct given *given, const char *text, FILE *out)
{
	const struct text_list *list = key_is_list(key) ? key_list(key, given) : NULL;

	fprintf(out, "%s = ", key->name);
	if (list != NULL)
		for (int i = 0; i < list->count; i++)
			fprintf(out, "%s%s", i > 0 ? ", " : "", list->item[i]);
	else if (key->read == value_secret)
		fputs("********", out);
	else if (key->read == value_ping)
		ping_show(text, out);
	else
		fputs(text, out);
	putc('\n', out);
}

/* The keys of these scopes that have a value. */
static void scopes_show(
	const struct config *config, const struct watch_config *watch, unsigned scopes, FILE *out)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		if ((scopes & 1U << key->scope) == 0)
			continue;
		const struct given *given = given_of(key, config, watch);
		const char *text = key_text(given, key->name);

		if (text != NULL)
			value_show(key, given, text, out);
	}
}

void config_show(const struct config *config, FILE *out)
{
	const unsigned process = 1U << SCOPE_PROCESS, watch = 1U << SCOPE_WATCH;
	bool sections = config->watch[0]->name != NULL;

	scopes_show(config, config->watch[0], sections ? process : process | watch, out);
	fputs("\n[logger]\n", out);
	scopes_show(config, NULL, 1U << SCOPE_LOGGER, out);
	for (int i = 0; sections && i < config->watch_count; i++) {
		fprintf(out, "\n[watch %s]\n", config->watch[i]->name);
		scopes_show(config, config->watch[i], watch, out);
	}
}
