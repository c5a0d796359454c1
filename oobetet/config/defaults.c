/* SPDX-License-Identifier: MIT */
/* The values that a section does not have: those of [oobetet], then the defaults. */
#include "common/memory.h"
#include "oobetet/config/keys.h"

#include <stdlib.h>
#include <string.h>

#define V1_URL "https://events.pagerduty.com/generic/2010-04-15/create_event.json"
#define V2_URL "https://events.pagerduty.com/v2/enqueue"

#define REPEAT_MAX (15 * 60 * NSEC_PER_SEC) /* the default in the table */

/* A watch that has one key of a group inherits none of the others: they would contradict it. */
static const char *const groups[][3] = {
	{"pagerduty_contact", "pagerduty_contact_file", NULL},
	{"problem_pattern", "recovery_pattern", "heartbeat_pattern"},
	/* nor does it send a secret to another server */
	{"probe_broker", "probe_broker_token", "probe_broker_token_file"},
	{"probe_redis", "probe_redis_password", "probe_redis_password_file"},
};

#define GROUPS (sizeof groups / sizeof groups[0])
#define GROUP_KEYS (sizeof groups[0] / sizeof groups[0][0])

/* A watch that has the first key does not inherit the others, which would not fit to it. */
static const char *const excluded[][5] = {
	{"listen_command", "watch_rooms", "watched_nick", "watched_jid", "watched_affiliation"},
	{"watch_rooms", "listen_command", "listen_format", "listen_silence", NULL},
};

/* True if the watch has the key itself. What is inherited has the line of `from`. */
static bool is_own(const struct given *given, const struct given *from, const char *name)
{
	return key_text(given, name) != NULL && key_line(given, name) != key_line(from, name);
}

static bool is_excluded(const struct given *given, const struct given *from, const char *name)
{
	for (size_t i = 0; i < sizeof excluded / sizeof excluded[0]; i++)
		for (size_t j = 1; j < 5 && excluded[i][j] != NULL; j++)
			if (strcmp(excluded[i][j], name) == 0 &&
				is_own(given, from, excluded[i][0]))
				return true;
	return false;
}

/* True if the watch has the key, or one of its group, or one that excludes it. */
static bool is_overridden(const struct given *given, const struct given *from, const char *name)
{
	bool overridden = key_text(given, name) != NULL || is_excluded(given, from, name);

	for (size_t i = 0; i < GROUPS; i++) {
		bool member = false, own = false;

		for (size_t j = 0; j < GROUP_KEYS && groups[i][j] != NULL; j++) {
			const char *other = groups[i][j];

			member = member || strcmp(other, name) == 0;
			own = own || is_own(given, from, other);
		}
		overridden = overridden || (member && own);
	}
	return overridden;
}

bool watch_inherit(struct given *given, const struct given *from, struct reason *why)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		const char *text = key_text(from, key->name);

		if (key->scope == SCOPE_WATCH && text != NULL &&
			!is_overridden(given, from, key->name) &&
			!key_set(given, key, text, key_line(from, key->name), why))
			return false;
	}
	return true;
}

/* The defaults of the table, for the keys of this struct. */
static bool table_defaults_set(struct given *given, bool watch, struct reason *why)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if ((key->scope == SCOPE_WATCH) == watch &&
			!key_default(given, key->name, key->fallback, why))
			return false;
	return true;
}

bool watch_defaults_set(struct watch_config *watch, struct reason *why)
{
	struct given *given = watch->given;

	/* the default must not make a long interval invalid */
	if (watch->repeat_interval > REPEAT_MAX &&
		!key_default(given, "repeat_max", key_text(given, "repeat_interval"), why))
		return false;
	if (!table_defaults_set(given, true, why))
		return false;

	/* with listen_command, rooms are for alarms only */
	const char *rooms = key_text(given, "rooms");
	const char *watched = watch->listen_command == NULL ? rooms : NULL;
	const char *url = watch->pagerduty_api == 1 ? V1_URL : V2_URL;

	return key_default(given, "watch_rooms", watched, why) &&
	       key_default(given, "alert_rooms", rooms, why) &&
	       key_default(given, "pagerduty_url", url, why);
}

bool process_defaults_set(struct config *config, struct reason *why)
{
	if (!table_defaults_set(config->given, false, why))
		return false;
	if (config->jabberid == NULL)
		return true;
	char *local = memory_printed("%.*s", (int)strcspn(config->jabberid, "@"), config->jabberid);
	bool set = key_default(config->given, "alias", local, why);
	free(local);
	return set;
}
