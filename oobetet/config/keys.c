/* SPDX-License-Identifier: MIT */
#include "oobetet/config/keys.h"

#include "common/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS(n) ((n)*NSEC_PER_SEC)
#define DAYS(n) SECONDS((n)*86400)
#define FIELD(name) #name, offsetof(struct config, name)

#define MAIN KEYS_MAIN

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

static const struct key keys[] = {
	{MAIN, FIELD(enabled), value_flag, "yes", 0, ONE_OF(yes_or_no)},
	{MAIN, FIELD(server), value_host, NULL, CONFIG_XMPP, ANY},
	{MAIN, FIELD(port), value_number, "5222", CONFIG_XMPP, RANGE(1, UINT16_MAX)},
	{MAIN, FIELD(jabberid), value_jid, NULL, CONFIG_XMPP, ANY},
	{MAIN, FIELD(password), value_secret, NULL, CONFIG_XMPP, ANY},
	{MAIN, FIELD(password_file), value_file, NULL, 0, ANY},
	{MAIN, FIELD(alias), value_text, NULL, CONFIG_XMPP, ANY},
	{MAIN, FIELD(tls), value_flag, "required", CONFIG_XMPP, ONE_OF(tls_modes)},
	{MAIN, FIELD(tls_ca_file), value_pem, NULL, CONFIG_XMPP, ANY},
	{MAIN, FIELD(rooms), value_rooms, NULL, CONFIG_XMPP, ANY},
	{MAIN, FIELD(watch_rooms), value_rooms, NULL, 0, ANY},
	{MAIN, FIELD(alert_rooms), value_rooms, NULL, 0, ANY},
	{MAIN, FIELD(room_password), value_secret, NULL, CONFIG_XMPP, ANY},
	{MAIN, FIELD(greeting), value_flag, "yes", 0, ONE_OF(yes_or_no)},
	{MAIN, FIELD(watched_check), value_text, NULL, 0, ANY},
	{MAIN, FIELD(watched_entity), value_text, NULL, 0, ANY},
	{MAIN, FIELD(watched_nick), value_names, NULL, CONFIG_XMPP, ANY},
	{MAIN, FIELD(problem_pattern), value_pattern, NULL, 0, ANY},
	{MAIN, FIELD(recovery_pattern), value_pattern, NULL, 0, ANY},
	{MAIN, FIELD(acknowledgement_pattern), value_pattern, NULL, 0, ANY},
	{MAIN, FIELD(heartbeat_pattern), value_pattern, NULL, 0, ANY},
	{MAIN, FIELD(max_latency), value_duration, "300", CONFIG_WORKERS,
		RANGE(SECONDS(1), DAYS(7))},
	{MAIN, FIELD(repeat_interval), value_duration, "60", 0, RANGE(SECONDS(1), DAYS(1))},
	{MAIN, FIELD(repeat_max), value_duration, "15m", 0, RANGE(SECONDS(1), DAYS(1))},
	{MAIN, FIELD(state_file), value_state, NULL, 0, ANY},
	{MAIN, FIELD(incident_key), value_text, NULL, 0, RANGE(0, 160)},
	{MAIN, FIELD(alert_command), value_command, NULL, 0, ANY},
	{MAIN, FIELD(pagerduty_contact), value_secret, NULL, CONFIG_HTTP, ANY},
	{MAIN, FIELD(pagerduty_contact_file), value_file, NULL, 0, ANY},
	{MAIN, FIELD(pagerduty_api), value_choice, "v2", CONFIG_HTTP, ONE_OF(api_versions)},
	{MAIN, FIELD(pagerduty_url), value_url, NULL, CONFIG_HTTP, ANY},
	{MAIN, FIELD(pagerduty_severity), value_word, "critical", CONFIG_HTTP, ONE_OF(severities)},
	{MAIN, FIELD(heartbeat_url), value_ping, NULL, CONFIG_HTTP, ANY},
	{MAIN, FIELD(heartbeat_interval), value_duration, "60", CONFIG_HTTP,
		RANGE(SECONDS(1), DAYS(1))},
	{KEYS_LOGGER, FIELD(level), value_choice, "INFO", 0, ONE_OF(levels)},
	{KEYS_LOGGER, FIELD(syslog_errors), value_flag, "no", 0, ONE_OF(yes_or_no)},
};

#define KEYS (sizeof keys / sizeof keys[0])

struct given {
	char *text[KEYS]; /* owned; NULL: not given */
	int line[KEYS];
};

const struct key *key_at(size_t i)
{
	return i < KEYS ? &keys[i] : NULL;
}

bool key_is_list(const struct key *key)
{
	return key->read == value_rooms || key->read == value_names;
}

static void *key_field(const struct key *key, struct config *config)
{
	return (char *)config + key->field;
}

const struct text_list *key_list(const struct key *key, const struct config *config)
{
	return (const void *)((const char *)config + key->field);
}

const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

const char *key_text(const struct config *config, const char *name)
{
	return config->given->text[key_find(name) - keys];
}

int key_line(const struct config *config, const char *name)
{
	return config->given->line[key_find(name) - keys];
}

bool key_set(struct config *config, const struct key *key, const char *value, int line,
	struct reason *why)
{
	char **given = &config->given->text[key - keys];
	char *before = *given;

	if (value[0] == '\0')
		return reason_set(why, "%s: the value is missing", key->name);
	if (line > 0)
		config->given->line[key - keys] = line;
	*given = before == NULL ? memory_copied(value) : memory_printed("%s, %s", before, value);
	free(before);
	/* a field points into the given text, which stays; a list only appends the new items */
	if (!key->read(key, key_is_list(key) ? value : *given, key_field(key, config), why))
		return reason_prefix(why, "%s", key->name);
	return true;
}

bool key_default(struct config *config, const char *name, const char *value, struct reason *why)
{
	return value == NULL || key_text(config, name) != NULL ||
	       key_set(config, key_find(name), value, 0, why);
}

bool config_take(struct config *config, const char *name, const char *value, struct reason *why)
{
	const struct key *key = key_find(name);

	return key != NULL ? key_set(config, key, value, 0, why)
			   : reason_set(why, "unknown key '%.60s'", name);
}

struct config *config_new(void)
{
	struct config *config = memory_zeroed(1, sizeof *config);

	config->given = memory_zeroed(1, sizeof *config->given);
	return config;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < KEYS; i++) {
		if (key_is_list(&keys[i]))
			list_free(key_field(&keys[i], config));
		if (config->given->text[i] != NULL)
			explicit_bzero(config->given->text[i], strlen(config->given->text[i]));
		free(config->given->text[i]);
	}
	list_free(&config->exposed);
	free(config->given);
	free(config);
}
