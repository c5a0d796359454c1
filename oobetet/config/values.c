/* SPDX-License-Identifier: MIT */
#include "oobetet/config/values.h"

#include "common/address.h"
#include "common/duration.h"
#include "common/memory.h"
#include "common/number.h"
#include "oobetet/listen/format.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#define DATABASE_MAX 65535 /* of Redis */

/* ---- texts ---- */

bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool value_secret(const struct key *key, const char *text, void *field, struct reason *why)
{
	(void)key, (void)why;
	*(const char **)field = text;
	return true;
}

static bool quotes_check(const char *text, size_t length, struct reason *why)
{
	if (length < 2 || strchr("\"'", text[0]) == NULL || text[length - 1] != text[0])
		return true;
	return reason_set(why, "%.*s: quotation marks would be part of the value: leave them out",
		(int)length, text);
}

bool value_text(const struct key *key, const char *text, void *field, struct reason *why)
{
	size_t length = strlen(text);

	if (key->max > 0 && length > (size_t)key->max)
		return reason_set(why, "it is longer than %" PRId64 " bytes", key->max);
	return quotes_check(text, length, why) && value_secret(key, text, field, why);
}

bool value_command(const struct key *key, const char *text, void *field, struct reason *why)
{
	return value_secret(key, text, field, why);
}

bool value_listen(const struct key *key, const char *text, void *field, struct reason *why)
{
	char **words = words_split(text, why);
	bool good = words != NULL;

	free(words);
	return good && value_secret(key, text, field, why);
}

bool value_lines(const struct key *key, const char *text, void *field, struct reason *why)
{
	struct listen_format format;

	return listen_format_parse(text, &format, why) && value_text(key, text, field, why);
}

bool value_host(const struct key *key, const char *text, void *field, struct reason *why)
{
	const char *colon = strchr(text, ':');
	bool with_port = colon != NULL && strchr(colon + 1, ':') == NULL; /* IPv6 has more */

	if (with_port || strpbrk(text, " \t/@[]\"") != NULL)
		return reason_set(why, "'%s': expected a host; its port is a key of its own", text);
	return value_secret(key, text, field, why);
}

bool value_peer(const struct key *key, const char *text, void *field, struct reason *why)
{
	struct address address;

	if (!address_parse(text, &address, why))
		return false;
	if (address.path[0] != '\0' || address.port == 0)
		return reason_set(why, "'%s': expected HOST:PORT", text);
	return value_secret(key, text, field, why);
}

bool value_redis(const struct key *key, const char *text, void *field, struct reason *why)
{
	const char *slash = strrchr(text, '/');
	const char *server;
	int64_t database;

	if (slash == NULL)
		return value_peer(key, text, field, why);
	char *copy = memory_printed("%.*s", (int)(slash - text), text);
	bool valid = value_peer(key, copy, &server, why) &&
		     (number_parse(slash + 1, 0, DATABASE_MAX, &database, why) ||
			     reason_prefix(why, "the database"));
	free(copy);
	return valid && value_secret(key, text, field, why);
}

/* `local@domain` without an empty part or a character that XMPP forbids. */
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

bool value_jid(const struct key *key, const char *text, void *field, struct reason *why)
{
	size_t bare = strcspn(text, "/");

	if (!address_is_whole(text, bare) || (text[bare] == '/' && text[bare + 1] == '\0'))
		return reason_set(why, "'%s': expected a Jabber ID: user@domain", text);
	return value_secret(key, text, field, why);
}

/* glibc accepts back-references, though POSIX has none; matching one line could take hours. */
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

bool value_pattern(const struct key *key, const char *text, void *field, struct reason *why)
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
	return value_text(key, text, field, why);
}

static bool url_is_full(const char *text)
{
	const char *host = strstr(text, "://");
	bool scheme = strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;

	return scheme && strcspn(host + 3, "/?# \t") > 0 && strpbrk(text, " \t\"") == NULL;
}

const char *url_host(const char *url, size_t *length)
{
	const char *host = strstr(url, "://") + 3;
	const char *end = host + strcspn(host, "/?#");
	const char *user = memrchr(host, '@', (size_t)(end - host));

	host = user != NULL ? user + 1 : host;
	*length = (size_t)(end - host);
	return host;
}

bool value_url(const struct key *key, const char *text, void *field, struct reason *why)
{
	if (!url_is_full(text))
		return reason_set(why, "expected the full address: http://… or https://…");
	return value_secret(key, text, field, why);
}

bool value_ping(const struct key *key, const char *text, void *field, struct reason *why)
{
	return value_url(key, text, field, why);
}

/* ---- files ---- */

bool value_file(const struct key *key, const char *text, void *field, struct reason *why)
{
	if (access(text, R_OK) != 0)
		return reason_set(why, "cannot read %s: %s", text, strerror(errno));
	return value_text(key, text, field, why);
}

bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return a != NULL && b != NULL &&
	       (strcmp(a, b) == 0 ||
		       (stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
			       one.st_ino == other.st_ino));
}

/* It is replaced by rename(2): a device or a directory there would be lost. */
bool value_state(const struct key *key, const char *text, void *field, struct reason *why)
{
	struct stat status;

	if (stat(text, &status) == 0 && !S_ISREG(status.st_mode))
		return reason_set(why, "%s: is no plain file", text);
	return value_text(key, text, field, why);
}

/* libstrophe does not say what is wrong with a file that holds no certificate. */
bool value_pem(const struct key *key, const char *text, void *field, struct reason *why)
{
	FILE *file = fopen(text, "re");
	bool found = false;
	char line[100]; /* longer lines begin no certificate */

	if (file == NULL)
		return reason_set(why, "cannot read %s: %s", text, strerror(errno));
	/* RFC 7468, and OpenSSL's own `-----BEGIN TRUSTED CERTIFICATE-----` */
	while (!found && fgets(line, sizeof line, file) != NULL)
		found = strncmp(line, "-----BEGIN ", 11) == 0 &&
			strstr(line, "CERTIFICATE-----") != NULL;
	if (!found)
		reason_set(why, "%s: %s", text,
			ferror(file) ? strerror(errno) : "holds no PEM certificate");
	fclose(file);
	return found && value_text(key, text, field, why);
}

/* ---- choices and numbers ---- */

static const struct choice *choose(const struct key *key, const char *text, struct reason *why)
{
	for (const struct choice *choice = key->choices->choice; choice->name != NULL; choice++)
		if (strcasecmp(text, choice->name) == 0)
			return choice;
	reason_set(why, "'%s': expected %s", text, key->choices->expected);
	return NULL;
}

bool value_flag(const struct key *key, const char *text, void *field, struct reason *why)
{
	const struct choice *choice = choose(key, text, why);

	if (choice != NULL)
		*(bool *)field = choice->value != 0;
	return choice != NULL;
}

bool value_choice(const struct key *key, const char *text, void *field, struct reason *why)
{
	const struct choice *choice = choose(key, text, why);

	if (choice != NULL)
		*(int *)field = choice->value;
	return choice != NULL;
}

bool value_word(const struct key *key, const char *text, void *field, struct reason *why)
{
	const struct choice *choice = choose(key, text, why);

	if (choice != NULL)
		*(const char **)field = choice->name;
	return choice != NULL;
}

bool value_number(const struct key *key, const char *text, void *field, struct reason *why)
{
	return number_parse(text, key->min, key->max, field, why);
}

bool value_duration(const struct key *key, const char *text, void *field, struct reason *why)
{
	return duration_parse(text, key->min, key->max, field, why);
}

/* ---- lists ---- */

bool list_has(const struct text_list *list, const char *text, size_t length)
{
	for (int i = 0; i < list->count; i++)
		if (strlen(list->item[i]) == length &&
			strncasecmp(list->item[i], text, length) == 0)
			return true;
	return false;
}

static void item_append(struct text_list *list, const char *text, size_t length)
{
	list->item = memory_resized(list->item, ((size_t)list->count + 1) * sizeof(char *));
	list->item[list->count++] = memory_printed("%.*s", (int)length, text);
}

bool list_add(struct text_list *list, const char *text, size_t length, struct reason *why)
{
	if (list_has(list, text, length))
		return reason_set(why, "'%.*s' is there twice", (int)length, text);
	if (list->count == LIST_MAX)
		return reason_set(why, "there are more than %d", LIST_MAX);
	item_append(list, text, length);
	return true;
}

void list_unite(struct text_list *list, const struct text_list *more)
{
	for (int i = 0; i < more->count; i++)
		if (!list_has(list, more->item[i], strlen(more->item[i])))
			item_append(list, more->item[i], strlen(more->item[i]));
}

void list_free(struct text_list *list)
{
	for (int i = 0; i < list->count; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct text_list){NULL, 0};
}

static bool item_check(const struct key *key, const char *start, size_t length, struct reason *why)
{
	if (key->read == value_rooms || key->read == value_jids)
		return (address_is_whole(start, length) && memchr(start, '/', length) == NULL) ||
		       reason_set(why, "'%.*s': expected %s", (int)length, start,
			       key->read == value_rooms
				       ? "a room: name@conference.domain"
				       : "a Jabber ID without resource: user@domain");
	if (length == 0)
		return reason_set(why, "'': expected a name between commas");
	return quotes_check(start, length, why);
}

bool value_names(const struct key *key, const char *text, void *field, struct reason *why)
{
	for (;;) {
		text += strspn(text, " \t");
		size_t length = strcspn(text, ",");
		size_t name = length;

		while (name > 0 && strchr(" \t", text[name - 1]) != NULL)
			name--;
		if (!item_check(key, text, name, why) || !list_add(field, text, name, why))
			return false;
		if (text[length] == '\0')
			return true;
		text += length + 1;
	}
}

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

/*
 * A Jabber server writes addresses in lower case (RFC 7622, 3.3), and ours are compared with them
 * without regard to the case of ASCII alone. Where there is no such locale the text stays as it is.
 */
static char *address_lowered(const char *text)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = uselocale(utf8);
	size_t count = utf8 != (locale_t)0 ? mbstowcs(NULL, text, 0) : (size_t)-1;
	char *lowered = memory_copied(text);

	if (count != (size_t)-1) {
		size_t size = count * MB_CUR_MAX + 1;
		wchar_t *wide = memory_zeroed(count + 1, sizeof *wide);

		mbstowcs(wide, text, count + 1);
		for (size_t i = 0; i < count; i++)
			wide[i] = (wchar_t)towlower((wint_t)wide[i]);
		lowered = memory_resized(lowered, size);
		wcstombs(lowered, wide, size);
		free(wide);
	}
	uselocale(before);
	if (utf8 != (locale_t)0)
		freelocale(utf8);
	return lowered;
}

static bool addresses_read(const struct key *key, const char *text, void *field, struct reason *why)
{
	if (is_ascii(text))
		return value_names(key, text, field, why);
	char *lowered = address_lowered(text);
	bool valid = value_names(key, lowered, field, why);
	free(lowered);
	return valid;
}

bool value_rooms(const struct key *key, const char *text, void *field, struct reason *why)
{
	return addresses_read(key, text, field, why);
}

bool value_jids(const struct key *key, const char *text, void *field, struct reason *why)
{
	return addresses_read(key, text, field, why);
}
