/* SPDX-License-Identifier: MIT */
#include "oobetet/config/config.h"

#include "common/memory.h"
#include "common/secret.h"
#include "common/utf8_clean.h"
#include "oobetet/config/keys.h"
#include "oobetet/listen/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define KEY_NAME_MAX 40 /* bytes of a name that is compared with a misspelt one */
#define SECRET_MAX 1000 /* bytes */

#define MAIN "[oobetet]"
#define LOGGER "[logger]"
#define WATCH "[watch "

/* The file, and how far it is read. */
struct reading {
	const char *path;
	struct config *config;
	struct watch_config *main;                       /* what [oobetet] says for all watches */
	char heading[sizeof WATCH "]" + WATCH_NAME_MAX]; /* of the section */
	struct watch_config *watch;                      /* of the section, or main */
};

/* ---- the sections and keys of the file ---- */

/* `name` ends with the closing bracket. */
static bool watch_begin(struct reading *reading, const char *name, struct reason *why)
{
	size_t length = strlen(name) - 1;
	char copy[WATCH_NAME_MAX + 1];

	if (length == 0 || length > WATCH_NAME_MAX || name[length] != ']')
		return reason_set(
			why, "expected [watch NAME], NAME of 1 to %d bytes", WATCH_NAME_MAX);
	snprintf(copy, sizeof copy, "%.*s", (int)length, name);
	if (strpbrk(copy, "[];\"") != NULL || strchr(" \t", copy[0]) != NULL ||
		strchr(" \t", copy[length - 1]) != NULL || !utf8_is_clean_line(copy))
		return reason_set(why,
			"expected [watch NAME], NAME without brackets, quotation marks, "
			"semicolons and blanks around it");
	for (int i = 0; i < reading->config->watch_count; i++)
		if (strcasecmp(reading->config->watch[i]->name, copy) == 0)
			return reason_set(why, "the watch '%s' is there twice", copy);
	if (reading->config->watch_count == WATCHES_MAX)
		return reason_set(why, "there are more than %d watches", WATCHES_MAX);
	reading->watch = watch_config_new(copy);
	config_add(reading->config, reading->watch);
	return true;
}

static bool on_section(void *user, const char *heading, int line, struct reason *why)
{
	struct reading *reading = user;

	(void)line;
	if (strncmp(heading, WATCH, strlen(WATCH)) == 0) {
		if (!watch_begin(reading, heading + strlen(WATCH), why))
			return false;
	} else if (strcmp(heading, MAIN) == 0 || strcmp(heading, LOGGER) == 0) {
		reading->watch = reading->main;
	} else {
		return reason_set(why,
			"unknown section '%.60s'; expected " MAIN " or " LOGGER ", or [watch NAME]",
			heading);
	}
	snprintf(reading->heading, sizeof reading->heading, "%s", heading);
	return true;
}

/* The heading under which the key belongs, if it does not belong here; else NULL. */
static const char *belongs_elsewhere(const struct reading *reading, const struct key *key)
{
	bool watch = reading->watch != reading->main;
	bool logger = strcmp(reading->heading, LOGGER) == 0;

	if (key->scope == SCOPE_LOGGER)
		return logger ? NULL : LOGGER;
	return logger || (watch && key->scope == SCOPE_PROCESS) ? MAIN : NULL;
}

/* The Levenshtein distance. `b` has at most KEY_NAME_MAX bytes. */
static size_t name_distance(const char *a, const char *b)
{
	size_t length = strlen(b), row[KEY_NAME_MAX + 1];

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

static bool key_unknown(const struct reading *reading, const char *name, struct reason *why)
{
	size_t least = strlen(name) / 3 + 2;
	const struct key *key, *nearest = NULL;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		if (strlen(key->name) > KEY_NAME_MAX)
			continue;
		size_t distance = name_distance(name, key->name);
		if (distance < least) {
			nearest = key;
			least = distance;
		}
	}
	if (nearest == NULL)
		return reason_set(why, "unknown key '%.60s' in %s; oobetet.ini(5) lists all keys",
			name, reading->heading);
	const char *elsewhere = belongs_elsewhere(reading, nearest);
	return reason_set(why, "unknown key '%.60s' in %s; is it '%s'%s%s?", name, reading->heading,
		nearest->name, elsewhere != NULL ? " in " : "", elsewhere != NULL ? elsewhere : "");
}

static bool on_key(void *user, const char *name, const char *value, int line, struct reason *why)
{
	struct reading *reading = user;
	const struct key *key = key_find(name);

	if (key == NULL)
		return key_unknown(reading, name, why);
	const char *elsewhere = belongs_elsewhere(reading, key);
	if (elsewhere != NULL)
		return reason_set(why, "the key '%s' belongs into %s", name, elsewhere);
	struct given *given = given_of(key, reading->config, reading->watch);
	int before = key_line(given, name);
	if (before != 0 && !key_is_list(key))
		return reason_set(why, "%s: is already there, in line %d", name, before);
	return key_set(given, key, value, line, why);
}

/* Puts the file, the line of the key if it has one, and the watch before the reason. */
static bool fail_at(const struct reading *reading, const struct watch_config *watch,
	const char *name, struct reason *why)
{
	int line = key_line(given_of(key_find(name), reading->config, watch), name);

	if (watch != NULL && watch->name != NULL)
		reason_prefix(why, WATCH "%s]", watch->name);
	return line > 0 ? reason_prefix(why, "%s:%d", reading->path, line)
			: reason_prefix(why, "%s", reading->path);
}

/* ---- secrets ---- */

static bool has_secret(const struct given *given)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if (key->read == value_secret && key_text(given, key->name) != NULL)
			return true;
	return false;
}

/* Checks the file that was opened: its path may name another one by now. */
static bool exposes_secret(const struct reading *reading, FILE *file)
{
	const struct config *config = reading->config;
	struct stat status;

	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode) ||
		(status.st_mode & S_IROTH) == 0)
		return false;
	for (int i = 0; i < config->watch_count; i++)
		if (has_secret(config->watch[i]->given))
			return true;
	return has_secret(config->given) || has_secret(reading->main->given);
}

static bool secret_read(struct config *config, struct given *given, const char *name,
	const char *file, struct reason *why)
{
	bool exposed = false, set = false;
	char *secret = secret_file_line(file, &exposed, why);

	if (secret == NULL)
		return false;
	if (exposed && !list_has(&config->exposed, file, strlen(file)))
		list_add(&config->exposed, file, strlen(file), why);
	if (strlen(secret) > SECRET_MAX)
		reason_set(why, "%s: it is longer than %d bytes", file, SECRET_MAX);
	else if (!utf8_is_clean_line(secret))
		reason_set(why, "%s: it holds control characters, or is not UTF-8", file);
	else
		set = key_set(given, key_find(name), secret, 0, why);
	explicit_bzero(secret, strlen(secret));
	free(secret);
	return set;
}

/* Either the key `name` is set, or `file_name`, or neither. `watch`: whose keys these are. */
static bool secret_complete(struct reading *reading, struct watch_config *watch, const char *name,
	const char *file_name, struct reason *why)
{
	struct given *given = given_of(key_find(name), reading->config, watch);
	const char *file = key_text(given, file_name);

	if (file == NULL)
		return true;
	if (key_text(given, name) != NULL)
		reason_set(why, "%s: there is %s as well, in line %d: expected one of them",
			file_name, name, key_line(given, name));
	else if (secret_read(reading->config, given, name, file, why))
		return true;
	else
		reason_prefix(why, "%s", file_name);
	return fail_at(reading, watch, file_name, why);
}

/* ---- checks across keys ---- */

static bool required_check(
	const struct reading *reading, const struct watch_config *watch, struct reason *why)
{
	const bool in_rooms = watch->listen_command == NULL;
	const struct {
		const char *name, *fault;
		bool required;
	} required[] = {
		{"jabberid", "the key 'jabberid' is missing: user@domain",
			in_rooms || watch->rooms.count > 0},
		{"password", "the key 'password' is missing, and so is 'password_file'",
			in_rooms || watch->rooms.count > 0},
		{"watched_check", "the key 'watched_check' is missing: the name of a check", true},
		{"rooms", "the key 'rooms' is missing: at least one, name@conference.domain",
			in_rooms},
	};

	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
		const struct key *key = key_find(required[i].name);

		if (!required[i].required ||
			key_text(given_of(key, reading->config, watch), key->name) != NULL)
			continue;
		reason_set(why, "%s", required[i].fault);
		return fail_at(reading, key->scope == SCOPE_WATCH ? watch : NULL, key->name, why);
	}
	return true;
}

/* The key, if the section of the watch itself has it; else NULL. */
static const char *own_key(
	const struct reading *reading, const struct watch_config *watch, const char *name)
{
	bool inherited = watch != reading->main &&
			 key_line(watch->given, name) == key_line(reading->main->given, name);

	return key_text(watch->given, name) != NULL && !inherited ? name : NULL;
}

/* What listen_command excludes or needs. */
static bool listen_check(
	const struct reading *reading, const struct watch_config *watch, struct reason *why)
{
	struct listen_format format = {.layout = LAYOUT_TEXT};
	const char *name = NULL;

	if (watch->listen_format != NULL)
		listen_format_parse(watch->listen_format, &format, why);
	if (watch->listen_command == NULL) {
		name = own_key(reading, watch, "listen_format");
		if (name == NULL)
			name = own_key(reading, watch, "listen_silence");
		if (name != NULL)
			reason_set(why, "%s: there is no listen_command", name);
	} else if (watch->watch_rooms.count > 0) {
		name = "watch_rooms";
		reason_set(why, "watch_rooms: listen_command is in place of it, not beside it");
	} else if (watch->watched_nick.count > 0 && !listen_format_has_nick(&format)) {
		name = "watched_nick";
		reason_set(why, "watched_nick: the lines of the listen_command have no nick: see "
				"listen_format");
	} else if (watch->watched_jid.count > 0 || watch->watched_affiliation > 0) {
		name = watch->watched_jid.count > 0 ? "watched_jid" : "watched_affiliation";
		reason_set(why, "%s: a listen_command has no occupants", name);
	} else if (watch->alert_rooms.count == 0 && watch->pagerduty_contact == NULL &&
		   watch->alert_command == NULL) {
		name = "listen_command";
		reason_set(why, "the alarm has no channel: set alert_rooms, pagerduty_contact or "
				"alert_command");
	}
	return name == NULL || fail_at(reading, watch, name, why);
}

static bool watch_check(
	const struct reading *reading, const struct watch_config *watch, struct reason *why)
{
	bool problem = watch->problem_pattern != NULL, recovery = watch->recovery_pattern != NULL;
	const char *name;

	if (!required_check(reading, watch, why) || !listen_check(reading, watch, why))
		return false;
	if (watch->rooms.count > LIST_MAX) {
		reason_set(why, "there are more than %d rooms", LIST_MAX);
		name = "rooms";
	} else if (watch->repeat_max < watch->repeat_interval) {
		reason_set(why, "repeat_max: is shorter than repeat_interval");
		name = "repeat_max";
	} else if (watch->heartbeat_pattern != NULL && (problem || recovery)) {
		reason_set(why, "heartbeat_pattern is instead of problem_pattern and "
				"recovery_pattern, not beside them");
		name = "heartbeat_pattern";
	} else if (problem != recovery) {
		reason_set(why, "problem_pattern and recovery_pattern need each other");
		name = problem ? "problem_pattern" : "recovery_pattern";
	} else if (watch->max_delay > 0 && watch->probe_flapper == NULL) {
		reason_set(why, "max_delay needs probe_flapper");
		name = "max_delay";
	} else if (watch->max_queue_age > 0 && watch->probe_redis == NULL) {
		reason_set(why, "max_queue_age needs probe_redis");
		name = "max_queue_age";
	} else {
		return true;
	}
	return fail_at(reading, watch, name, why);
}

/* The key names a file that is replaced as a whole, so it must have no other use. */
static bool replaced_check(
	const struct reading *reading, const char *name, const char *path, struct reason *why)
{
	const struct config *config = reading->config;
	bool used = same_file(path, reading->path) || same_file(path, config->password_file) ||
		    same_file(path, config->tls_ca_file);

	for (int i = 0; i < config->watch_count; i++) {
		const struct watch_config *watch = config->watch[i];

		used = used || same_file(path, watch->pagerduty_contact_file) ||
		       same_file(path, watch->probe_broker_token_file) ||
		       same_file(path, watch->probe_redis_password_file);
	}
	if (path != config->state_file)
		used = used || same_file(path, config->state_file);
	if (!used)
		return true;
	reason_set(why,
		"%s: %s is the configuration or another file that is used: it would be replaced",
		name, path);
	return fail_at(reading, NULL, name, why);
}

static bool config_check(const struct reading *reading, struct reason *why)
{
	const struct config *config = reading->config;

	for (int i = 0; i < config->watch_count; i++)
		if (!watch_check(reading, config->watch[i], why))
			return false;
	if (!replaced_check(reading, "state_file", config->state_file, why) ||
		!replaced_check(reading, "metrics_file", config->metrics_file, why))
		return false;
	if (config->rooms.count <= LIST_MAX)
		return true;
	reason_set(why, "the watches have more than %d rooms together", LIST_MAX);
	return reason_prefix(why, "%s", reading->path);
}

/* ---- reading ---- */

/* Completes a watch of the file: what [oobetet] says, secrets, defaults. */
static bool watch_complete(struct reading *reading, struct watch_config *watch, struct reason *why)
{
	if (watch != reading->main && !watch_inherit(watch->given, reading->main->given, why))
		return reason_prefix(why, "%s", reading->path);
	if (!secret_complete(reading, watch, "pagerduty_contact", "pagerduty_contact_file", why) ||
		!secret_complete(
			reading, watch, "probe_broker_token", "probe_broker_token_file", why) ||
		!secret_complete(
			reading, watch, "probe_redis_password", "probe_redis_password_file", why))
		return false;
	return watch_defaults_set(watch, why) || reason_prefix(why, "%s", reading->path);
}

static bool config_fill(struct reading *reading, FILE *file, struct reason *why)
{
	struct config *config = reading->config;
	const struct ini_taker taker = {reading, on_section, on_key};

	if (!ini_read(file, reading->path, &taker, why))
		return false;
	if (exposes_secret(reading, file))
		list_add(&config->exposed, reading->path, strlen(reading->path), why);
	if (!secret_complete(reading, NULL, "password", "password_file", why))
		return false;
	if (!process_defaults_set(config, why))
		return reason_prefix(why, "%s", reading->path);
	if (config->watch_count == 0)
		config_add(config, reading->main);
	for (int i = 0; i < config->watch_count; i++)
		if (!watch_complete(reading, config->watch[i], why))
			return false;
	config_complete(config);
	/* with enabled = no nothing else is used: it may be incomplete */
	return !config->enabled || config_check(reading, why);
}

struct config *config_read_stream(FILE *file, const char *name, struct reason *why)
{
	struct watch_config *main = watch_config_new(NULL);
	struct reading reading = {name, config_new(), main, MAIN, main};
	bool good = config_fill(&reading, file, why);

	if (reading.config->watch_count == 0 || reading.config->watch[0] != main)
		watch_config_free(main);
	if (good)
		return reading.config;
	config_free(reading.config);
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
