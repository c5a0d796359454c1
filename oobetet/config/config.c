/* SPDX-License-Identifier: MIT */
#include "oobetet/config/config.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "oobetet/config/strictini.h"
#include "oobetet/config/values.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECONDS(n) ((n)*NSEC_PER_SEC)
#define DAYS(n) SECONDS((n)*86400)
#define FIELD(name) #name, offsetof(struct config, name)
#define V1_URL "https://events.pagerduty.com/generic/2010-04-15/create_event.json"
#define V2_URL "https://events.pagerduty.com/v2/enqueue"

/* The section of the original's keys, which may also stand before any section. */
#define MAIN "oobetet"

static const char *const sections[] = {MAIN, "logger", NULL};

static const struct key {
	const char *section;
	const char *name;
	size_t field;         /* where in struct config */
	value_read *read;     /* its type */
	const char *fallback; /* its default, as one would write it; NULL: none */
	unsigned whom;        /* which hands are handed it */
	int64_t min, max;     /* of numbers and durations */
} keys[] = {
	{MAIN, FIELD(enabled), value_flag, "yes", 0, 0, 0},
	{MAIN, FIELD(server), value_host, NULL, CONFIG_EAR, 0, 0},
	{MAIN, FIELD(port), value_number, "5222", CONFIG_EAR, 1, UINT16_MAX},
	{MAIN, FIELD(jabberid), value_jid, NULL, CONFIG_EAR, 0, 0},
	{MAIN, FIELD(password), value_secret, NULL, CONFIG_EAR, 0, 0},
	{MAIN, FIELD(password_file), value_file, NULL, 0, 0, 0},
	{MAIN, FIELD(alias), value_text, NULL, CONFIG_EAR, 0, 0},
	{MAIN, FIELD(tls), value_tls, "required", CONFIG_EAR, 0, 0},
	{MAIN, FIELD(tls_ca_file), value_file, NULL, CONFIG_EAR, 0, 0},
	{MAIN, FIELD(rooms), value_rooms, NULL, CONFIG_EAR, 0, 0},
	{MAIN, FIELD(watch_rooms), value_rooms, NULL, 0, 0, 0},
	{MAIN, FIELD(alert_rooms), value_rooms, NULL, 0, 0, 0},
	{MAIN, FIELD(room_password), value_secret, NULL, CONFIG_EAR, 0, 0},
	{MAIN, FIELD(greeting), value_flag, "yes", 0, 0, 0},
	{MAIN, FIELD(watched_check), value_text, NULL, 0, 0, 0},
	{MAIN, FIELD(watched_entity), value_text, NULL, 0, 0, 0},
	{MAIN, FIELD(watched_nick), value_names, NULL, 0, 0, 0},
	{MAIN, FIELD(problem_pattern), value_pattern, NULL, 0, 0, 0},
	{MAIN, FIELD(recovery_pattern), value_pattern, NULL, 0, 0, 0},
	{MAIN, FIELD(acknowledgement_pattern), value_pattern, NULL, 0, 0, 0},
	{MAIN, FIELD(heartbeat_pattern), value_pattern, NULL, 0, 0, 0},
	{MAIN, FIELD(max_latency), value_duration, "300", CONFIG_HANDS, SECONDS(1), DAYS(7)},
	{MAIN, FIELD(repeat_interval), value_duration, "60", 0, SECONDS(1), DAYS(1)},
	{MAIN, FIELD(repeat_max), value_duration, "15m", 0, SECONDS(1), DAYS(1)},
	{MAIN, FIELD(state_file), value_text, NULL, 0, 0, 0},
	{MAIN, FIELD(incident_key), value_text, NULL, 0, 0, 0},
	{MAIN, FIELD(alert_command), value_command, NULL, 0, 0, 0},
	{MAIN, FIELD(pagerduty_contact), value_secret, NULL, CONFIG_PAGER, 0, 0},
	{MAIN, FIELD(pagerduty_contact_file), value_file, NULL, 0, 0, 0},
	{MAIN, FIELD(pagerduty_api), value_api, "v2", CONFIG_PAGER, 0, 0},
	{MAIN, FIELD(pagerduty_url), value_url, NULL, CONFIG_PAGER, 0, 0},
	{MAIN, FIELD(pagerduty_severity), value_severity, "critical", CONFIG_PAGER, 0, 0},
	{MAIN, FIELD(heartbeat_url), value_url, NULL, CONFIG_PAGER, 0, 0},
	{MAIN, FIELD(heartbeat_interval), value_duration, "60", CONFIG_PAGER, SECONDS(1), DAYS(1)},
	{"logger", FIELD(level), value_level, "INFO", 0, 0, 0},
	{"logger", FIELD(syslog_errors), value_flag, "no", 0, 0, 0},
};

#define KEYS (sizeof keys / sizeof keys[0])

/* The values as they were written, in the order of `keys`; a list's, joined by commas. */
struct given {
	char *text[KEYS]; /* owned; NULL: not given */
	int line[KEYS];   /* where; 0: a default, or a hand's */
};

/* ---- one key ---- */

static bool key_is_list(const struct key *key)
{
	return key->read == value_rooms || key->read == value_names;
}

static bool key_is_secret(const struct key *key)
{
	return key->read == value_secret;
}

static void *key_field(const struct key *key, struct config *config)
{
	return (char *)config + key->field;
}

static const struct text_list *key_list(const struct key *key, const struct config *config)
{
	return (const void *)((const char *)config + key->field);
}

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static bool key_is_given(const struct config *config, const char *name)
{
	return config->given->text[key_find(name) - keys] != NULL;
}

static bool key_set(
	struct config *config, const struct key *key, const char *value, struct reason *why)
{
	char **given = &config->given->text[key - keys];
	char *before = *given;

	if (value[0] == '\0')
		return reason_set(why, "%s: the value is missing", key->name);
	*given = before == NULL ? memory_copied(value) : memory_printed("%s, %s", before, value);
	free(before);
	/* a text is not copied again: it lives in what was given; a list takes only what is new */
	if (!key->read(key_is_list(key) ? value : *given, key_field(key, config), key->min,
		    key->max, why))
		return reason_prefix(why, "%s", key->name);
	return true;
}

/* ---- the file ---- */

static bool key_unknown(const char *section, const char *name, struct reason *why)
{
	struct buffer known = {NULL, 0, 0};

	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].section, section) == 0)
			buffer_printf(&known, " %s", keys[i].name);
	reason_set(
		why, "unknown key '%.60s' in [%s]; expected one of%s", name, section, known.data);
	buffer_free(&known);
	return false;
}

static bool file_take(void *user, const char *section, const char *name, const char *value,
	int line, struct reason *why)
{
	struct config *config = user;
	const char *where = section[0] != '\0' ? section : MAIN;
	const struct key *key = key_find(name);

	if (key == NULL)
		return key_unknown(where, name, why);
	if (strcmp(key->section, where) != 0)
		return reason_set(why, "the key '%s' belongs into [%s]", name, key->section);
	int *given = &config->given->line[key - keys];
	if (*given != 0 && !key_is_list(key))
		return reason_set(why, "%s: is already there, in line %d", name, *given);
	*given = line;
	return key_set(config, key, value, why);
}

/* Sets what was left out; NULL: there is nothing to set it to. */
static bool key_default(
	struct config *config, const char *name, const char *value, struct reason *why)
{
	return value == NULL || key_is_given(config, name) ||
	       key_set(config, key_find(name), value, why);
}

static bool alias_default(struct config *config, struct reason *why)
{
	if (config->jabberid == NULL)
		return true;
	char *local = memory_printed("%.*s", (int)strcspn(config->jabberid, "@"), config->jabberid);
	bool set = key_default(config, "alias", local, why);
	free(local);
	return set;
}

/* What DNS, other keys or nobody decides has no default in the table. */
static bool config_complete(struct config *config, struct reason *why)
{
	for (size_t i = 0; i < KEYS; i++)
		if (!key_default(config, keys[i].name, keys[i].fallback, why))
			return false;
	const char *rooms = config->given->text[key_find("rooms") - keys];
	if (!alias_default(config, why) || !key_default(config, "watch_rooms", rooms, why) ||
		!key_default(config, "alert_rooms", rooms, why) ||
		!key_default(
			config, "pagerduty_url", config->pagerduty_api == 1 ? V1_URL : V2_URL, why))
		return false;
	list_unite(&config->rooms, &config->watch_rooms);
	list_unite(&config->rooms, &config->alert_rooms);
	return true;
}

/* Half a pair of patterns, or three kinds at once, would never be whole. */
static bool patterns_check(const struct config *config, struct reason *why)
{
	if (config->heartbeat_pattern != NULL &&
		(config->problem_pattern != NULL || config->recovery_pattern != NULL))
		return reason_set(why, "heartbeat_pattern is instead of problem_pattern and "
				       "recovery_pattern, not beside them");
	if ((config->problem_pattern == NULL) != (config->recovery_pattern == NULL))
		return reason_set(why, "problem_pattern and recovery_pattern need each other");
	return true;
}

static bool config_check(const struct config *config, struct reason *why)
{
	static const char *const required[] = {"jabberid", "password", "watched_check", "rooms"};

	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
		if (!key_is_given(config, required[i]))
			return reason_set(why, "the key '%s' is missing", required[i]);
	if (config->rooms.count > LIST_MAX)
		return reason_set(why, "there are more than %d rooms", LIST_MAX);
	return patterns_check(config, why);
}

/* Looks at the opened file: what a path names may be another one by then. */
static bool file_is_exposed(FILE *file, const struct config *config)
{
	struct stat status;
	bool secret = config->password != NULL || config->pagerduty_contact != NULL;

	return secret && fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) &&
	       (status.st_mode & S_IROTH) != 0;
}

static bool config_fill(struct config *config, FILE *file, const char *path, struct reason *why)
{
	if (!strictini_read(file, path, sections, file_take, config, why))
		return false;
	config->exposed = file_is_exposed(file, config);
	/* an idle one need not be complete: nothing of it is used */
	if (!config_complete(config, why) || (config->enabled && !config_check(config, why)))
		return reason_prefix(why, "%s", path);
	return true;
}

struct config *config_read(const char *path, struct reason *why)
{
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		reason_set(why, "%s: %s", path, strerror(errno));
		return NULL;
	}
	struct config *config = config_new();
	if (!config_fill(config, file, path, why)) {
		config_free(config);
		config = NULL;
	}
	fclose(file);
	return config;
}

/* ---- the hands ---- */

struct config *config_new(void)
{
	struct config *config = memory_zeroed(1, sizeof *config);

	config->given = memory_zeroed(1, sizeof *config->given);
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
	for (size_t i = 0; i < KEYS; i++) {
		if ((keys[i].whom & whom) == 0 || config->given->text[i] == NULL)
			continue;
		if (!key_is_list(&keys[i])) {
			give(user, keys[i].name, config->given->text[i]);
			continue;
		}
		const struct text_list *list = key_list(&keys[i], config);
		for (int item = 0; item < list->count; item++)
			give(user, keys[i].name, list->item[item]);
	}
}

/* ---- all of it ---- */

void config_show(const struct config *config, FILE *out)
{
	const char *section = MAIN;

	for (size_t i = 0; i < KEYS; i++) {
		const char *text = config->given->text[i];

		if (strcmp(section, keys[i].section) != 0)
			fprintf(out, "\n[%s]\n", section = keys[i].section);
		if (text != NULL)
			fprintf(out, "%s = %s\n", keys[i].name,
				key_is_secret(&keys[i]) ? "********" : text);
	}
}

static void text_wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < KEYS; i++) {
		if (key_is_list(&keys[i]))
			list_free(key_field(&keys[i], config));
		text_wipe(config->given->text[i]);
	}
	free(config->given);
	free(config);
}
