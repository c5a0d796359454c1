/* SPDX-License-Identifier: MIT */
#include "oobetet/config/config.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "oobetet/config/complete.h"
#include "oobetet/config/keys.h"
#include "oobetet/config/secretfile.h"
#include "oobetet/config/strictini.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const sections[] = {KEYS_MAIN, KEYS_LOGGER, NULL};

/* ---- the file ---- */

static bool key_unknown(const char *section, const char *name, struct reason *why)
{
	struct buffer known = {NULL, 0, 0};
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if (strcmp(key->section, section) == 0)
			buffer_printf(&known, " %s", key->name);
	reason_set(
		why, "unknown key '%.60s' in [%s]; expected one of%s", name, section, known.data);
	buffer_free(&known);
	return false;
}

static bool file_take(void *user, const char *section, const char *name, const char *value,
	int line, struct reason *why)
{
	struct config *config = user;
	const char *where = section[0] != '\0' ? section : KEYS_MAIN;
	const struct key *key = key_find(name);

	if (key == NULL)
		return key_unknown(where, name, why);
	if (strcmp(key->section, where) != 0)
		return reason_set(why, "the key '%s' belongs into [%s]", name, key->section);
	int before = key_line(config, name);
	if (before != 0 && !key_is_list(key))
		return reason_set(why, "%s: is already there, in line %d", name, before);
	key_set_line(config, key, line);
	return key_set(config, key, value, why);
}

static bool holds_secret(const struct config *config)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if (key_is_secret(key) && key_is_given(config, key->name))
			return true;
	return false;
}

static bool config_fill(struct config *config, FILE *file, const char *path, struct reason *why)
{
	if (!strictini_read(file, path, sections, file_take, config, why))
		return false;
	if (holds_secret(config) && file_is_exposed(file))
		list_add(&config->exposed, path, strlen(path), why);
	/* an idle one need not be complete: nothing of it is used */
	if (!key_default(config, "enabled", "yes", why))
		return false;
	if (!config->enabled)
		return config_complete(config, path, why);
	return config_complete(config, path, why) && config_check(config, path, why);
}

struct config *config_read_stream(FILE *file, const char *name, struct reason *why)
{
	struct config *config = config_new();

	if (config_fill(config, file, name, why))
		return config;
	config_free(config);
	return NULL;
}

struct config *config_read(const char *path, struct reason *why)
{
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		reason_set(why, "%s: %s", path, strerror(errno));
		return NULL;
	}
	struct config *config = config_read_stream(file, path, why);
	fclose(file);
	return config;
}

/* ---- the hands ---- */

struct config *config_new(void)
{
	struct config *config = memory_zeroed(1, sizeof *config);

	config->given = given_new();
	return config;
}

bool config_take(struct config *config, const char *name, const char *value, struct reason *why)
{
	const struct key *key = key_find(name);

	return key != NULL ? key_set(config, key, value, why)
			   : reason_set(why, "unknown key '%.60s'", name);
}

void config_hand_over(const struct config *config, unsigned whom,
	void (*give)(void *user, const char *key, const char *value), void *user)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		const char *text = key_text(config, key->name);

		if ((key->whom & whom) == 0 || text == NULL)
			continue;
		if (!key_is_list(key)) {
			give(user, key->name, text);
			continue;
		}
		const struct text_list *list = key_list(key, config);
		for (int item = 0; item < list->count; item++)
			give(user, key->name, list->item[item]);
	}
}

/* ---- all of it ---- */

static void list_show(const struct text_list *list, FILE *out)
{
	for (int i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", list->item[i]);
}

/* The path of such an address is what keeps others from using it. */
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

static void value_show(const struct key *key, const struct config *config, FILE *out)
{
	fprintf(out, "%s = ", key->name);
	if (key_is_list(key))
		list_show(key_list(key, config), out);
	else if (key_is_secret(key))
		fputs("********", out);
	else if (key->read == value_ping)
		ping_show(key_text(config, key->name), out);
	else
		fputs(key_text(config, key->name), out);
	putc('\n', out);
}

void config_show(const struct config *config, FILE *out)
{
	const char *section = KEYS_MAIN;
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		if (strcmp(section, key->section) != 0)
			fprintf(out, "\n[%s]\n", section = key->section);
		if (key_is_given(config, key->name))
			value_show(key, config, out);
	}
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	list_free(&config->exposed);
	given_free(config);
	free(config);
}
