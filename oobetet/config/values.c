/* SPDX-License-Identifier: MIT */
#include "oobetet/config/values.h"

#include "common/duration.h"
#include "common/number.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

bool value_secret(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	(void)min, (void)max, (void)why;
	*(const char **)field = text;
	return true;
}

static bool bare_check(const char *text, size_t length, struct reason *why)
{
	if (length < 2 || strchr("\"'", text[0]) == NULL || text[length - 1] != text[0])
		return true;
	return reason_set(why, "%.*s: quotation marks would be part of the value: leave them out",
		(int)length, text);
}

bool value_text(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	size_t length = strlen(text);

	if (max > 0 && length > (size_t)max)
		return reason_set(why, "it is longer than %" PRId64 " bytes", max);
	return bare_check(text, length, why) && value_secret(text, field, min, max, why);
}

bool value_file(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	if (access(text, R_OK) != 0)
		return reason_set(why, "cannot read %s: %s", text, strerror(errno));
	return value_text(text, field, min, max, why);
}

bool value_pem(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	return file_check_certificates(text, why) && value_text(text, field, min, max, why);
}

bool value_state(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	return file_check_replaceable(text, why) && value_text(text, field, min, max, why);
}

bool value_host(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	const char *colon = strchr(text, ':');
	bool with_port = colon != NULL && strchr(colon + 1, ':') == NULL; /* IPv6 has more */

	if (with_port || strpbrk(text, " \t/@[]\"") != NULL)
		return reason_set(why, "'%s': expected a host; its port is a key of its own", text);
	return value_secret(text, field, min, max, why);
}

struct choice {
	const char *name;
	int value;
};

static bool choose(const char *text, const struct choice *choices, int *out)
{
	for (; choices->name != NULL; choices++) {
		if (strcasecmp(text, choices->name) == 0) {
			*out = choices->value;
			return true;
		}
	}
	return false;
}

bool value_flag(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	static const struct choice choices[] = {
		{"yes", 1}, {"true", 1}, {"on", 1}, {"no", 0}, {"false", 0}, {"off", 0}, {NULL, 0}};
	int value;

	(void)min, (void)max;
	if (!choose(text, choices, &value))
		return reason_set(why, "'%s': expected yes or no", text);
	*(bool *)field = value != 0;
	return true;
}

bool value_tls(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	static const struct choice choices[] = {{"required", 1}, {"off", 0}, {NULL, 0}};
	int value;

	(void)min, (void)max;
	if (!choose(text, choices, &value))
		return reason_set(why, "'%s': expected required or off", text);
	*(bool *)field = value != 0;
	return true;
}

bool value_level(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	static const struct choice choices[] = {{"error", LOG_LEVEL_ERROR},
		{"warn", LOG_LEVEL_WARNING}, {"warning", LOG_LEVEL_WARNING},
		{"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG}, {NULL, 0}};
	int value;

	(void)min, (void)max;
	if (!choose(text, choices, &value))
		return reason_set(why, "'%s': expected DEBUG, INFO, WARN or ERROR", text);
	*(enum log_level *)field = (enum log_level)value;
	return true;
}

bool value_number(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	return number_parse(text, min, max, field, why);
}

bool value_duration(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	return duration_parse(text, min, max, field, why);
}

/* `local@domain`, and in a JID perhaps `/resource`; no part of it empty, no blank in it. */
static bool address_is_whole(const char *text, size_t length)
{
	const char *at = memchr(text, '@', length);
	const char *end = text + length;

	if (at == NULL || at == text || at + 1 == end ||
		memchr(at + 1, '@', (size_t)(end - at - 1)))
		return false;
	for (const char *p = text; p < end; p++)
		if (strchr(" \t\"&'<>:", *p) != NULL)
			return false;
	return true;
}

bool value_jid(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	size_t bare = strcspn(text, "/");

	if (!address_is_whole(text, bare) || (text[bare] == '/' && text[bare + 1] == '\0'))
		return reason_set(why, "'%s': expected a Jabber ID: user@domain", text);
	return value_secret(text, field, min, max, why);
}

static bool room_add(struct text_list *rooms, const char *start, size_t length, struct reason *why)
{
	if (!address_is_whole(start, length) || memchr(start, '/', length) != NULL)
		return reason_set(
			why, "'%.*s': expected a room: name@conference.domain", (int)length, start);
	return list_add(rooms, start, length, why);
}

typedef bool item_add(struct text_list *list, const char *start, size_t length, struct reason *why);

static bool items_read(const char *text, struct text_list *list, item_add *add, struct reason *why)
{
	for (;;) {
		text += strspn(text, " \t");
		size_t length = strcspn(text, ",");
		size_t name = length;

		while (name > 0 && strchr(" \t", text[name - 1]) != NULL)
			name--;
		if (!add(list, text, name, why))
			return false;
		if (text[length] == '\0')
			return true;
		text += length + 1;
	}
}

bool value_rooms(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	(void)min, (void)max;
	return items_read(text, field, room_add, why);
}

static bool name_add(struct text_list *names, const char *start, size_t length, struct reason *why)
{
	if (length == 0)
		return reason_set(why, "'': expected a name between commas");
	return bare_check(start, length, why) && list_add(names, start, length, why);
}

bool value_names(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	(void)min, (void)max;
	return items_read(text, field, name_add, why);
}

/* glibc takes them, though they are not POSIX; one line of a peer could then cost hours. */
static bool has_back_reference(const char *pattern)
{
	for (const char *p = strchr(pattern, '\\'); p != NULL; p = strchr(p + 2, '\\')) {
		if (p[1] == '\0')
			return false;
		if (p[1] >= '1' && p[1] <= '9')
			return true;
	}
	return false;
}

bool value_pattern(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	char fault[200];
	regex_t compiled;
	int error = regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB);

	if (error != 0) {
		regerror(error, &compiled, fault, sizeof fault);
		return reason_set(why, "'%s': no extended regular expression: %s", text, fault);
	}
	regfree(&compiled);
	if (has_back_reference(text))
		return reason_set(why, "'%s': a back-reference could take for ever", text);
	return value_text(text, field, min, max, why);
}

bool value_command(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	return value_secret(text, field, min, max, why);
}

bool value_api(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	static const struct choice choices[] = {{"v1", 1}, {"v2", 2}, {NULL, 0}};
	int value;

	(void)min, (void)max;
	if (!choose(text, choices, &value))
		return reason_set(why, "'%s': expected v1 or v2", text);
	*(int64_t *)field = value;
	return true;
}

bool value_severity(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	static const char *const severities[] = {"critical", "error", "warning", "info"};

	(void)min, (void)max;
	for (size_t i = 0; i < sizeof severities / sizeof severities[0]; i++) {
		if (strcmp(text, severities[i]) == 0) {
			*(const char **)field = severities[i];
			return true;
		}
	}
	return reason_set(why, "'%s': expected critical, error, warning or info", text);
}

/* The full address of something on a web server. */
static bool url_is_full(const char *text)
{
	const char *host = strstr(text, "://");
	bool scheme = strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;

	return scheme && strcspn(host + 3, "/?# \t") > 0 && strpbrk(text, " \t\"") == NULL;
}

bool value_url(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	if (!url_is_full(text))
		return reason_set(
			why, "'%s': expected the full address: http://… or https://…", text);
	return value_secret(text, field, min, max, why);
}

/* Who knows such an address can use it: it is not repeated. */
bool value_ping(const char *text, void *field, int64_t min, int64_t max, struct reason *why)
{
	if (!url_is_full(text))
		return reason_set(why, "expected the full address: http://… or https://…");
	return value_secret(text, field, min, max, why);
}

bool file_check_replaceable(const char *path, struct reason *why)
{
	struct stat status;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return reason_set(why, "%s: is no plain file", path);
	return true;
}

/* RFC 7468, and what OpenSSL writes besides: `-----BEGIN TRUSTED CERTIFICATE-----`. */
static bool line_begins_certificate(const char *line)
{
	return strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, "CERTIFICATE-----") != NULL;
}

bool file_check_certificates(const char *path, struct reason *why)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[100]; /* a longer one is none that begins a certificate */

	if (file == NULL)
		return reason_set(why, "cannot read %s: %s", path, strerror(errno));
	while (!found && fgets(line, sizeof line, file) != NULL)
		found = line_begins_certificate(line);
	if (!found)
		reason_set(why, "%s: %s", path,
			ferror(file) ? strerror(errno) : "holds no PEM certificate");
	fclose(file);
	return found;
}
