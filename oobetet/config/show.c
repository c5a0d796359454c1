/* SPDX-License-Identifier: MIT */
/* The configuration as --check-config shows it. */
#include "common/memory.h"
#include "oobetet/config/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MASK "********"

char *url_shown(const char *url)
{
	size_t length;
	const char *start = strstr(url, "://") + 3, *host = url_host(url, &length);
	size_t path = strcspn(host + length, "?#");

	return memory_printed("%.*s%s%.*s%s", (int)(start - url), url, host > start ? MASK "@" : "",
		(int)(length + path), host, host[length + path] != '\0' ? "?" MASK : "");
}

/* Masks the user and the path: who knows these can use the address. */
static void ping_show(const char *url, FILE *out)
{
	const char *host = strstr(url, "://") + 3;
	const char *user = strchr(host, '@');
	size_t length = strcspn(host, "/?#");

	if (user != NULL && user < host + length)
		fprintf(out, "%.*s" MASK, (int)(host - url), url);
	else
		fprintf(out, "%.*s%s", (int)(host - url) + (int)length, url,
			host[length] != '\0' ? "/" MASK : "");
}

static void url_show(const char *url, FILE *out)
{
	char *shown = url_shown(url);

	fputs(shown, out);
	free(shown);
}

static void value_show(
	const struct key *key, const struct given *given, const char *text, FILE *out)
{
	const struct text_list *list = key_is_list(key) ? key_list(key, given) : NULL;

	fprintf(out, "%s = ", key->name);
	if (list != NULL)
		for (int i = 0; i < list->count; i++)
			fprintf(out, "%s%s", i > 0 ? ", " : "", list->item[i]);
	else if (key->read == value_secret)
		fputs(MASK, out);
	else if (key->read == value_ping)
		ping_show(text, out);
	else if (key->read == value_url)
		url_show(text, out);
	else
		fputs(text, out);
	putc('\n', out);
}

/* The keys of these scopes that have a value. */
static void scopes_show(
	const struct config *config, const struct watch_config *watch, unsigned scopes, FILE *out)
{
	const struct key *key;

	for (size_t i = 0; (key = key_at(i)) != NULL; i++) {
		if ((scopes & 1U << key->scope) == 0)
			continue;
		const struct given *given = given_of(key, config, watch);
		const char *text = key_text(given, key->name);

		if (text != NULL)
			value_show(key, given, text, out);
	}
}

void config_show(const struct config *config, FILE *out)
{
	const unsigned process = 1U << SCOPE_PROCESS, watch = 1U << SCOPE_WATCH;
	bool sections = config->watch[0]->name != NULL;

	scopes_show(config, config->watch[0], sections ? process : process | watch, out);
	fputs("\n[logger]\n", out);
	scopes_show(config, NULL, 1U << SCOPE_LOGGER, out);
	for (int i = 0; sections && i < config->watch_count; i++) {
		fprintf(out, "\n[watch %s]\n", config->watch[i]->name);
		scopes_show(config, config->watch[i], watch, out);
	}
}
