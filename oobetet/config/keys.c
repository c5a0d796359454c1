/* SPDX-License-Identifier: MIT */
#include "oobetet/config/keys.h"

#include "common/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS(n) ((n)*NSEC_PER_SEC)
#define DAYS(n) SECONDS((n)*86400)

/* The first columns of a row. */
#define PROCESS(name) SCOPE_PROCESS, #name, offsetof(struct config, name)
#define WATCH(name) SCOPE_WATCH, #name, offsetof(struct watch_config, name)
#define LOGGER(name) SCOPE_LOGGER, #name, offsetof(struct config, name)

/* The last columns of a row. */
#define ANY 0, 0, NULL
#define RANGE(min, max) min, max, NULL
#define ONE_OF(choices) 0, 0, &(choices)

static const struct choices yes_or_no = {"yes or no",
	{{"yes", 1}, {"true", 1}, {"on", 1}, {"no", 0}, {"false", 0}, {"off", 0}, {NULL, 0}}};
static const struct choices tls_modes = {
	"required or off", {{"required", 1}, {"off", 0}, {NULL, 0}}};
static const struct choices api_versions = {"v1 or v2", {{"v1", 1}, {"v2", 2}, {NULL, 0}}};
static const struct choices severities = {"critical, error, warning or info",
	{{"critical", 0}, {"error", 0}, {"warning", 0}, {"info", 0}, {NULL, 0}}};
static const struct choices levels = {"DEBUG, INFO, WARN or ERROR",
	{{"error", LOG_LEVEL_ERROR}, {"warn", LOG_LEVEL_WARNING}, {"warning", LOG_LEVEL_WARNING},
		{"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG}, {NULL, 0}}};

static const struct choices affiliations = {
	"member, admin or owner", {{"member", AFFILIATION_MEMBER}, {"admin", AFFILIATION_ADMIN},
					  {"owner", AFFILIATION_OWNER}, {NULL, 0}}};

static const struct key keys[] = {
	{PROCESS(enabled), value_flag, "yes", 0, ONE_OF(yes_or_no)},
	{PROCESS(server), value_host, NULL, CONFIG_XMPP, ANY},
	{PROCESS(port), value_number, "5222", CONFIG_XMPP, RANGE(1, UINT16_MAX)},
	{PROCESS(jabberid), value_jid, NULL, CONFIG_XMPP, ANY},
	{PROCESS(password), value_secret, NULL, CONFIG_XMPP, ANY},
	{PROCESS(password_file), value_file, NULL, 0, ANY},
	{PROCESS(alias), value_text, NULL, CONFIG_XMPP, ANY},
	{PROCESS(tls), value_flag, "required", CONFIG_XMPP, ONE_OF(tls_modes)},
	{PROCESS(tls_ca_file), value_pem, NULL, CONFIG_XMPP, ANY},
	{WATCH(rooms), value_rooms, NULL, CONFIG_XMPP, ANY},
	{WATCH(watch_rooms), value_rooms, NULL, 0, ANY},
	{WATCH(alert_rooms), value_rooms, NULL, 0, ANY},
	{WATCH(listen_command), value_listen, NULL, 0, ANY},
	{WATCH(listen_format), value_lines, NULL, 0, ANY},
	{WATCH(listen_silence), value_duration, NULL, 0, RANGE(SECONDS(1), DAYS(7))},
	{PROCESS(room_password), value_secret, NULL, CONFIG_XMPP, ANY},
	{PROCESS(greeting), value_flag, "yes", 0, ONE_OF(yes_or_no)},
	{WATCH(watched_check), value_text, NULL, CONFIG_PROBE, ANY},
	{WATCH(watched_entity), value_text, NULL, CONFIG_PROBE, ANY},
	{WATCH(watched_nick), value_names, NULL, CONFIG_XMPP, ANY},
	{WATCH(watched_jid), value_jids, NULL, CONFIG_XMPP, ANY},
	{WATCH(watched_affiliation), value_choice, NULL, CONFIG_XMPP, ONE_OF(affiliations)},
	{WATCH(problem_pattern), value_pattern, NULL, 0, ANY},
	{WATCH(recovery_pattern), value_pattern, NULL, 0, ANY},
	{WATCH(acknowledgement_pattern), value_pattern, NULL, 0, ANY},
	{WATCH(heartbeat_pattern), value_pattern, NULL, 0, ANY},
	{WATCH(max_latency), value_duration, "300", CONFIG_WORKERS, RANGE(SECONDS(1), DAYS(7))},
	{WATCH(repeat_interval), value_duration, "60", 0, RANGE(SECONDS(1), DAYS(1))},
	{WATCH(repeat_max), value_duration, "15m", 0, RANGE(SECONDS(1), DAYS(1))},
	{PROCESS(state_file), value_state, NULL, 0, ANY},
	{PROCESS(metrics_file), value_state, NULL, 0, ANY},
	{WATCH(incident_key), value_text, NULL, 0, RANGE(0, 160)},
	{WATCH(alert_command), value_command, NULL, 0, ANY},
	{WATCH(pagerduty_contact), value_secret, NULL, CONFIG_HTTP, ANY},
	{WATCH(pagerduty_contact_file), value_file, NULL, 0, ANY},
	{WATCH(pagerduty_api), value_choice, "v2", CONFIG_HTTP, ONE_OF(api_versions)},
	{WATCH(pagerduty_url), value_url, NULL, CONFIG_HTTP, ANY},
	{WATCH(pagerduty_severity), value_word, "critical", CONFIG_HTTP, ONE_OF(severities)},
	{WATCH(max_delay), value_duration, NULL, 0, RANGE(SECONDS(1), DAYS(7))},
	{WATCH(max_queue_age), value_duration, NULL, 0, RANGE(SECONDS(1), DAYS(7))},
	{WATCH(probe_flapper), value_peer, NULL, CONFIG_PROBE, ANY},
	{WATCH(probe_broker), value_url, NULL, CONFIG_PROBE, ANY},
	{WATCH(probe_broker_token), value_secret, NULL, CONFIG_PROBE, ANY},
	{WATCH(probe_broker_token_file), value_file, NULL, 0, ANY},
	{WATCH(probe_redis), value_redis, NULL, CONFIG_PROBE, ANY},
	{WATCH(probe_redis_password), value_secret, NULL, CONFIG_PROBE, ANY},
	{WATCH(probe_redis_password_file), value_file, NULL, 0, ANY},
	{WATCH(probe_queue), value_text, "events", CONFIG_PROBE, ANY},
	{PROCESS(heartbeat_url), value_ping, NULL, CONFIG_HTTP, ANY},
	{PROCESS(heartbeat_interval), value_duration, "60", CONFIG_HTTP,
		RANGE(SECONDS(1), DAYS(1))},
	{LOGGER(level), value_choice, "INFO", 0, ONE_OF(levels)},
	{LOGGER(syslog_errors), value_flag, "no", 0, ONE_OF(yes_or_no)},
};

#define KEYS (sizeof keys / sizeof keys[0])

struct given {
	void *fields;     /* the struct config or watch_config */
	bool of_watch;    /* it is a watch_config */
	char *text[KEYS]; /* owned; NULL: not given */
	int line[KEYS];
};

const struct key *key_at(size_t i)
{
	return i < KEYS ? &keys[i] : NULL;
}

bool key_is_list(const struct key *key)
{
	return key->read == value_rooms || key->read == value_names || key->read == value_jids;
}

static void *key_field(const struct key *key, struct given *given)
{
	return (char *)given->fields + key->field;
}

const struct text_list *key_list(const struct key *key, const struct given *given)
{
	return (const void *)((const char *)given->fields + key->field);
}

const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

struct given *given_of(
	const struct key *key, const struct config *config, const struct watch_config *watch)
{
	return key->scope == SCOPE_WATCH ? watch->given : config->given;
}

const char *key_text(const struct given *given, const char *name)
{
	return given->text[key_find(name) - keys];
}

int key_line(const struct given *given, const char *name)
{
	return given->line[key_find(name) - keys];
}

static bool text_set(struct given *given, const struct key *key, value_read *read,
	const char *value, struct reason *why)
{
	char **text = &given->text[key - keys];
	char *before = *text;

	if (value[0] == '\0')
		return reason_set(why, "%s: the value is missing", key->name);
	*text = before == NULL ? memory_copied(value) : memory_printed("%s, %s", before, value);
	free(before);
	/* a field points into the given text, which stays; a list only appends the new items */
	if (!read(key, key_is_list(key) ? value : *text, key_field(key, given), why))
		return reason_prefix(why, "%s", key->name);
	return true;
}

bool key_set(
	struct given *given, const struct key *key, const char *value, int line, struct reason *why)
{
	if (line > 0)
		given->line[key - keys] = line;
	return text_set(given, key, key->read, value, why);
}

bool key_take(struct given *given, const struct key *key, const char *value, struct reason *why)
{
	bool file = key->read == value_file || key->read == value_pem || key->read == value_state;

	return text_set(given, key, file ? value_text : key->read, value, why);
}

/* Sets a key that has no value yet; NULL: there is no default. */
static bool key_default(
	struct given *given, const char *name, const char *value, struct reason *why)
{
	return value == NULL || key_text(given, name) != NULL ||
	       key_set(given, key_find(name), value, 0, why);
}

/* ---- the two structs that keys fill ---- */

static struct given *given_new(void *fields, bool of_watch)
{
	struct given *given = memory_zeroed(1, sizeof *given);

	given->fields = fields;
	given->of_watch = of_watch;
	return given;
}

static void given_free(struct given *given)
{
	for (size_t i = 0; i < KEYS; i++) {
		/* a list may have items without a value: those of other lists */
		if (key_is_list(&keys[i]) && (keys[i].scope == SCOPE_WATCH) == given->of_watch)
			list_free(key_field(&keys[i], given));
		if (given->text[i] == NULL)
			continue;
		explicit_bzero(given->text[i], strlen(given->text[i]));
		free(given->text[i]);
	}
	free(given);
}

struct watch_config *watch_config_new(const char *name)
{
	struct watch_config *watch = memory_zeroed(1, sizeof *watch);

	watch->name = name != NULL ? memory_copied(name) : NULL;
	watch->label = name != NULL ? memory_printed("watch %s: ", name) : memory_copied("");
	watch->workers = CONFIG_WORKERS;
	watch->given = given_new(watch, true);
	return watch;
}

void watch_config_free(struct watch_config *watch)
{
	if (watch == NULL)
		return;
	given_free(watch->given);
	list_free(&watch->rooms); /* which may come from alert_rooms alone */
	free(watch->name);
	free(watch->label);
	free(watch);
}

struct config *config_new(void)
{
	struct config *config = memory_zeroed(1, sizeof *config);

	config->given = given_new(config, false);
	return config;
}

void config_add(struct config *config, struct watch_config *watch)
{
	watch->index = config->watch_count;
	config->watch[config->watch_count++] = watch;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (int i = 0; i < config->watch_count; i++)
		watch_config_free(config->watch[i]);
	given_free(config->given);
	list_free(&config->exposed);
	list_free(&config->rooms);
	free(config);
}

/* ---- what stands in for a value that a section does not have ---- */

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

/* ---- the intervals without a key of their own ---- */

/* A fraction of max_latency within bounds, in milliseconds. */
static nsec share(nsec max_latency, int part, nsec min, nsec max)
{
	nsec value = max_latency / part;

	if (value < min * NSEC_PER_MSEC)
		return min * NSEC_PER_MSEC;
	return value > max * NSEC_PER_MSEC ? max * NSEC_PER_MSEC : value;
}

struct timing timing_of(nsec max_latency)
{
	return (struct timing){
		.alive = share(max_latency, 60, 500, 5000),
		.timeout = share(max_latency, 10, 5000, 30000),
		.login = share(max_latency, 10, 10000, 30000),
		.ping = share(max_latency, 10, 1000, 30000),
		.answer = share(max_latency, 20, 1000, 15000),
		.request = share(max_latency, 20, 5000, 15000),
		.retry_min = share(max_latency, 300, 250, 1000),
		.retry_max = share(max_latency, 10, 1000, 60000),
		.probe = share(max_latency, 60, 1000, INT64_MAX / NSEC_PER_MSEC),
		.probe_limit = share(max_latency, 60, 1000, 5000),
		.record = share(max_latency, 30, 500, 10000),
	};
}
