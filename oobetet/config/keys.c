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

static const struct key keys[] = {
	{MAIN, FIELD(enabled), value_flag, "yes", 0, 0, 0},
	{MAIN, FIELD(server), value_host, NULL, CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(port), value_number, "5222", CONFIG_XMPP, 1, UINT16_MAX},
	{MAIN, FIELD(jabberid), value_jid, NULL, CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(password), value_secret, NULL, CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(password_file), value_file, NULL, 0, 0, 0},
	{MAIN, FIELD(alias), value_text, NULL, CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(tls), value_tls, "required", CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(tls_ca_file), value_pem, NULL, CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(rooms), value_rooms, NULL, CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(watch_rooms), value_rooms, NULL, 0, 0, 0},
	{MAIN, FIELD(alert_rooms), value_rooms, NULL, 0, 0, 0},
	{MAIN, FIELD(room_password), value_secret, NULL, CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(greeting), value_flag, "yes", 0, 0, 0},
	{MAIN, FIELD(watched_check), value_text, NULL, 0, 0, 0},
	{MAIN, FIELD(watched_entity), value_text, NULL, 0, 0, 0},
	{MAIN, FIELD(watched_nick), value_names, NULL, CONFIG_XMPP, 0, 0},
	{MAIN, FIELD(problem_pattern), value_pattern, NULL, 0, 0, 0},
	{MAIN, FIELD(recovery_pattern), value_pattern, NULL, 0, 0, 0},
	{MAIN, FIELD(acknowledgement_pattern), value_pattern, NULL, 0, 0, 0},
	{MAIN, FIELD(heartbeat_pattern), value_pattern, NULL, 0, 0, 0},
	{MAIN, FIELD(max_latency), value_duration, "300", CONFIG_WORKERS, SECONDS(1), DAYS(7)},
	{MAIN, FIELD(repeat_interval), value_duration, "60", 0, SECONDS(1), DAYS(1)},
	{MAIN, FIELD(repeat_max), value_duration, "15m", 0, SECONDS(1), DAYS(1)},
	{MAIN, FIELD(state_file), value_state, NULL, 0, 0, 0},
	{MAIN, FIELD(incident_key), value_text, NULL, 0, 0, 160},
	{MAIN, FIELD(alert_command), value_command, NULL, 0, 0, 0},
	{MAIN, FIELD(pagerduty_contact), value_secret, NULL, CONFIG_HTTP, 0, 0},
	{MAIN, FIELD(pagerduty_contact_file), value_file, NULL, 0, 0, 0},
	{MAIN, FIELD(pagerduty_api), value_api, "v2", CONFIG_HTTP, 0, 0},
	{MAIN, FIELD(pagerduty_url), value_url, NULL, CONFIG_HTTP, 0, 0},
	{MAIN, FIELD(pagerduty_severity), value_severity, "critical", CONFIG_HTTP, 0, 0},
	{MAIN, FIELD(heartbeat_url), value_ping, NULL, CONFIG_HTTP, 0, 0},
	{MAIN, FIELD(heartbeat_interval), value_duration, "60", CONFIG_HTTP, SECONDS(1), DAYS(1)},
	{"logger", FIELD(level), value_level, "INFO", 0, 0, 0},
	{"logger", FIELD(syslog_errors), value_flag, "no", 0, 0, 0},
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

bool key_is_secret(const struct key *key)
{
	return key->read == value_secret;
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

bool key_is_given(const struct config *config, const char *name)
{
	return key_text(config, name) != NULL;
}

int key_line(const struct config *config, const char *name)
{
	return config->given->line[key_find(name) - keys];
}

void key_set_line(struct config *config, const struct key *key, int line)
{
	config->given->line[key - keys] = line;
}

bool key_set(struct config *config, const struct key *key, const char *value, struct reason *why)
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

bool key_default(struct config *config, const char *name, const char *value, struct reason *why)
{
	return value == NULL || key_is_given(config, name) ||
	       key_set(config, key_find(name), value, why);
}

struct given *given_new(void)
{
	return memory_zeroed(1, sizeof(struct given));
}

static void text_wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void given_free(struct config *config)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (key_is_list(&keys[i]))
			list_free(key_field(&keys[i], config));
		text_wipe(config->given->text[i]);
	}
	free(config->given);
}
