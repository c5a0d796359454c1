/* SPDX-License-Identifier: MIT */
#include "oobetet/config/config.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "oobetet/config/ini.h"
#include "oobetet/config/keys.h"
#include "oobetet/config/secretfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX 40 /* bytes of a key's name */

static const char *const sections[] = {KEYS_MAIN, KEYS_LOGGER, NULL};

/* ---- the file ---- */

/* How many characters must be put in, left out or replaced to make one of the other. */
static size_t name_distance(const char *a, const char *b)
{
	size_t length = strlen(b), row[NAME_MAX + 1];

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t replaced = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
			size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = replaced < other ? replaced : other;
		}
	}
	return row[length];
}

/* The key that was perhaps meant; NULL: none is like it. */
static const struct key *key_nearest(const char *name)
{
	size_t least = strlen(name) / 3 + 1;
	const struct key *key, *nearest = NULL;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		size_t distance =
			strlen(key->name) <= NAME_MAX ? name_distance(name, key->name) : SIZE_MAX;

		if (distance <= least && (nearest == NULL || distance < least)) {
			nearest = key;
			least = distance;
		}
	}
	return nearest;
}

static bool key_unknown(const char *section, const char *name, struct reason *why)
{
	const struct key *nearest = key_nearest(name);

	if (nearest == NULL)
		return reason_set(why, "unknown key '%.60s' in [%s]; oobetet.ini(5) lists all keys",
			name, section);
	return reason_set(why, "unknown key '%.60s' in [%s]; is it '%s'%s%s%s?", name, section,
		nearest->name, strcmp(nearest->section, section) != 0 ? " in [" : "",
		strcmp(nearest->section, section) != 0 ? nearest->section : "",
		strcmp(nearest->section, section) != 0 ? "]" : "");
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
	if (!ini_read(file, path, sections, file_take, config, why))
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

#define V1_URL "https://events.pagerduty.com/generic/2010-04-15/create_event.json"
#define V2_URL "https://events.pagerduty.com/v2/enqueue"

#define REPEAT_MAX (15 * 60 * NSEC_PER_SEC) /* the table's default */

/* Puts the place of a key before the reason, which is there. */
static bool refuse_at(
	const struct config *config, const char *path, const char *name, struct reason *why)
{
	int line = key_line(config, name);

	return line > 0 ? reason_prefix(why, "%s:%d", path, line) : reason_prefix(why, "%s", path);
}

/* ---- secrets in files of their own ---- */

static bool secret_take(
	struct config *config, const char *name, const char *file, struct reason *why)
{
	bool exposed;
	char *secret = secretfile_read(file, &exposed, why);

	if (secret == NULL)
		return false;
	if (exposed && !list_has(&config->exposed, file, strlen(file)))
		list_add(&config->exposed, file, strlen(file), why);
	bool set = key_set(config, key_find(name), secret, why);
	explicit_bzero(secret, strlen(secret));
	free(secret);
	return set;
}

/* The key `name` may be there, or `file_name`, but not both. */
static bool secret_complete(struct config *config, const char *path, const char *name,
	const char *file_name, struct reason *why)
{
	const char *file = key_text(config, file_name);

	if (file == NULL)
		return true;
	if (key_is_given(config, name))
		reason_set(why, "%s: there is %s as well, in line %d: expected one of them",
			file_name, name, key_line(config, name));
	else if (secret_take(config, name, file, why))
		return true;
	else
		reason_prefix(why, "%s", file_name);
	return refuse_at(config, path, file_name, why);
}

/* ---- defaults ---- */

static bool alias_default(struct config *config, struct reason *why)
{
	if (config->jabberid == NULL)
		return true;
	char *local = memory_printed("%.*s", (int)strcspn(config->jabberid, "@"), config->jabberid);
	bool set = key_default(config, "alias", local, why);
	free(local);
	return set;
}

/* What follows from other keys. */
static bool rest_default(struct config *config, struct reason *why)
{
	const char *rooms = key_text(config, "rooms");
	const char *url = config->pagerduty_api == 1 ? V1_URL : V2_URL;

	if (!alias_default(config, why) || !key_default(config, "watch_rooms", rooms, why) ||
		!key_default(config, "alert_rooms", rooms, why) ||
		!key_default(config, "pagerduty_url", url, why))
		return false;
	list_unite(&config->rooms, &config->watch_rooms);
	list_unite(&config->rooms, &config->alert_rooms);
	return true;
}

/* A default is no reason to refuse a long interval. */
static bool repeat_default(struct config *config, struct reason *why)
{
	bool seldom = config->repeat_interval > REPEAT_MAX;

	return !seldom ||
	       key_default(config, "repeat_max", key_text(config, "repeat_interval"), why);
}

static bool table_default(struct config *config, struct reason *why)
{
	const struct key *key;

	if (!repeat_default(config, why))
		return false;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if (!key_default(config, key->name, key->fallback, why))
			return false;
	return true;
}

bool config_complete(struct config *config, const char *path, struct reason *why)
{
	if (!secret_complete(config, path, "password", "password_file", why) ||
		!secret_complete(config, path, "pagerduty_contact", "pagerduty_contact_file", why))
		return false;
	return (table_default(config, why) && rest_default(config, why)) ||
	       reason_prefix(why, "%s", path);
}

/* ---- what does not fit together ---- */

static bool required_check(const struct config *config, const char *path, struct reason *why)
{
	static const struct {
		const char *name, *message_types;
	} required[] = {
		{"jabberid", "the key 'jabberid' is missing: user@domain"},
		{"password", "the key 'password' is missing, and so is 'password_file'"},
		{"watched_check", "the key 'watched_check' is missing: the name of a check"},
		{"rooms", "the key 'rooms' is missing: at least one, name@conference.domain"},
	};

	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
		if (!key_is_given(config, required[i].name)) {
			reason_set(why, "%s", required[i].message_types);
			return reason_prefix(why, "%s", path);
		}
	}
	return true;
}

/* Half a pair of patterns, or three kinds at once, would never be whole. */
static bool patterns_check(const struct config *config, const char *path, struct reason *why)
{
	bool problem = config->problem_pattern != NULL, recovery = config->recovery_pattern != NULL;

	if (config->heartbeat_pattern != NULL && (problem || recovery)) {
		reason_set(why, "heartbeat_pattern is instead of problem_pattern and "
				"recovery_pattern, not beside them");
		return refuse_at(config, path, "heartbeat_pattern", why);
	}
	if (problem == recovery)
		return true;
	reason_set(why, "problem_pattern and recovery_pattern need each other");
	return refuse_at(config, path, problem ? "problem_pattern" : "recovery_pattern", why);
}

bool config_check(const struct config *config, const char *path, struct reason *why)
{
	if (!required_check(config, path, why))
		return false;
	if (config->rooms.count > LIST_MAX) {
		reason_set(why, "there are more than %d rooms", LIST_MAX);
		return refuse_at(config, path, "rooms", why);
	}
	if (config->repeat_max < config->repeat_interval) {
		reason_set(why, "repeat_max: is shorter than repeat_interval");
		return refuse_at(config, path, "repeat_max", why);
	}
	return patterns_check(config, path, why);
}
