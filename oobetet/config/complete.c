/* SPDX-License-Identifier: MIT */
#include "oobetet/config/complete.h"

#include "common/memory.h"
#include "oobetet/config/keys.h"
#include "oobetet/config/secretfile.h"

#include <stdlib.h>
#include <string.h>

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
