/* SPDX-License-Identifier: MIT */
#include "oobetet/config/config.h"

#include "common/memory.h"
#include "common/secret.h"
#include "common/utf8.h"
#include "oobetet/config/ini.h"
#include "oobetet/config/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_NAME_MAX 40 /* bytes of a name that is compared with a misspelt one */
#define SECRET_MAX 1000 /* bytes */

#define V1_URL "https://events.pagerduty.com/generic/2010-04-15/create_event.json"
#define V2_URL "https://events.pagerduty.com/v2/enqueue"

#define REPEAT_MAX (15 * 60 * NSEC_PER_SEC) /* the default in the table */

/* ---- the keys of the file ---- */

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

static bool key_unknown(const char *section, const char *name, struct reason *why)
{
	size_t least = strlen(name) / 3 + 2;
	const struct key *key, *nearest = NULL;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		size_t distance = strlen(key->name) <= KEY_NAME_MAX ? name_distance(name, key->name)
								    : SIZE_MAX;
		if (distance < least) {
			nearest = key;
			least = distance;
		}
	}
	if (nearest == NULL)
		return reason_set(why, "unknown key '%.60s' in [%s]; oobetet.ini(5) lists all keys",
			name, section);
	bool elsewhere = strcmp(nearest->section, section) != 0;
	return reason_set(why, "unknown key '%.60s' in [%s]; is it '%s'%s%s%s?", name, section,
		nearest->name, elsewhere ? " in [" : "", elsewhere ? nearest->section : "",
		elsewhere ? "]" : "");
}

static bool on_key(void *user, const char *section, const char *name, const char *value, int line,
	struct reason *why)
{
	struct config *config = user;
	const struct key *key = key_find(name);

	if (section[0] == '\0')
		section = KEYS_MAIN;
	if (key == NULL)
		return key_unknown(section, name, why);
	if (strcmp(key->section, section) != 0)
		return reason_set(why, "the key '%s' belongs into [%s]", name, key->section);
	int before = key_line(config, name);
	if (before != 0 && !key_is_list(key))
		return reason_set(why, "%s: is already there, in line %d", name, before);
	return key_set(config, key, value, line, why);
}

/* Puts the file, and the line of the key if it has one, before the reason. */
static bool fail_at(
	const struct config *config, const char *path, const char *name, struct reason *why)
{
	int line = key_line(config, name);

	return line > 0 ? reason_prefix(why, "%s:%d", path, line) : reason_prefix(why, "%s", path);
}

/* ---- secrets ---- */

/* Checks the file that was opened: its path may name another one by now. */
static bool exposes_secret(const struct config *config, FILE *file)
{
	struct stat status;
	const struct key *key;

	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode) ||
		(status.st_mode & S_IROTH) == 0)
		return false;
	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if (key->read == value_secret && key_text(config, key->name) != NULL)
			return true;
	return false;
}

static bool secret_check(const char *file, const char *secret, struct reason *why)
{
	if (strlen(secret) > SECRET_MAX)
		return reason_set(why, "%s: it is longer than %d bytes", file, SECRET_MAX);
	return utf8_is_clean_line(secret) ||
	       reason_set(why, "%s: it holds control characters, or is not UTF-8", file);
}

static bool secret_read(
	struct config *config, const char *name, const char *file, struct reason *why)
{
	bool exposed = false;
	char *secret = secret_file_line(file, &exposed, why);

	if (secret == NULL)
		return false;
	if (exposed && !list_has(&config->exposed, file, strlen(file)))
		list_add(&config->exposed, file, strlen(file), why);
	bool set =
		secret_check(file, secret, why) && key_set(config, key_find(name), secret, 0, why);
	explicit_bzero(secret, strlen(secret));
	free(secret);
	return set;
}

/* Either the key `name` is set, or `file_name`, or neither. */
static bool secret_complete(struct config *config, const char *path, const char *name,
	const char *file_name, struct reason *why)
{
	const char *file = key_text(config, file_name);

	if (file == NULL)
		return true;
	if (key_text(config, name) != NULL)
		reason_set(why, "%s: there is %s as well, in line %d: expected one of them",
			file_name, name, key_line(config, name));
	else if (secret_read(config, name, file, why))
		return true;
	else
		reason_prefix(why, "%s", file_name);
	return fail_at(config, path, file_name, why);
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

static bool defaults_set(struct config *config, struct reason *why)
{
	const struct key *key;

	/* the default must not make a long interval invalid */
	if (config->repeat_interval > REPEAT_MAX &&
		!key_default(config, "repeat_max", key_text(config, "repeat_interval"), why))
		return false;
	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if (!key_default(config, key->name, key->fallback, why))
			return false;

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

/* ---- checks across keys ---- */

static bool required_check(const struct config *config, const char *path, struct reason *why)
{
	static const struct {
		const char *name, *fault;
	} required[] = {
		{"jabberid", "the key 'jabberid' is missing: user@domain"},
		{"password", "the key 'password' is missing, and so is 'password_file'"},
		{"watched_check", "the key 'watched_check' is missing: the name of a check"},
		{"rooms", "the key 'rooms' is missing: at least one, name@conference.domain"},
	};

	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
		if (key_text(config, required[i].name) == NULL)
			return reason_set(why, "%s: %s", path, required[i].fault);
	return true;
}

static bool config_check(const struct config *config, const char *path, struct reason *why)
{
	bool problem = config->problem_pattern != NULL, recovery = config->recovery_pattern != NULL;
	const char *name;

	if (!required_check(config, path, why))
		return false;
	if (config->rooms.count > LIST_MAX) {
		reason_set(why, "there are more than %d rooms", LIST_MAX);
		name = "rooms";
	} else if (config->repeat_max < config->repeat_interval) {
		reason_set(why, "repeat_max: is shorter than repeat_interval");
		name = "repeat_max";
	} else if (config->heartbeat_pattern != NULL && (problem || recovery)) {
		reason_set(why, "heartbeat_pattern is instead of problem_pattern and "
				"recovery_pattern, not beside them");
		name = "heartbeat_pattern";
	} else if (problem != recovery) {
		reason_set(why, "problem_pattern and recovery_pattern need each other");
		name = problem ? "problem_pattern" : "recovery_pattern";
	} else {
		return true;
	}
	return fail_at(config, path, name, why);
}

/* ---- reading ---- */

static bool config_fill(struct config *config, FILE *file, const char *path, struct reason *why)
{
	static const char *const sections[] = {"[" KEYS_MAIN "]", "[" KEYS_LOGGER "]"};

	if (!ini_read(file, path, sections, on_key, config, why))
		return false;
	if (exposes_secret(config, file))
		list_add(&config->exposed, path, strlen(path), why);
	if (!secret_complete(config, path, "password", "password_file", why) ||
		!secret_complete(config, path, "pagerduty_contact", "pagerduty_contact_file", why))
		return false;
	if (!defaults_set(config, why))
		return reason_prefix(why, "%s", path);
	/* with enabled = no nothing else is used: it may be incomplete */
	return !config->enabled || config_check(config, path, why);
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

/* ---- to the workers ---- */

void config_hand_over(const struct config *config, unsigned workers,
	void (*give)(void *user, const char *key, const char *value), void *user)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		const char *text = key_text(config, key->name);

		if ((key->workers & workers) == 0 || text == NULL)
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
	const struct key *key, const struct config *config, const char *text, FILE *out)
{
	const struct text_list *list = key_is_list(key) ? key_list(key, config) : NULL;

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

void config_show(const struct config *config, FILE *out)
{
	const char *section = KEYS_MAIN;
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		const char *text = key_text(config, key->name);

		if (strcmp(section, key->section) != 0)
			fprintf(out, "\n[%s]\n", section = key->section);
		if (text != NULL)
			value_show(key, config, text, out);
	}
}
