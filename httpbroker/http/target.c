/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/target.h"

#include "common/memory.h"
#include "httpbroker/http/response.h"

#include <stdlib.h>
#include <string.h>

/* -1: none. */
static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* Decodes in place; returns the length. SIZE_MAX: a `%` without two digits. */
static size_t part_decode(char *bytes, size_t length)
{
	size_t out = 0;

	for (size_t i = 0; i < length; i++, out++) {
		bytes[out] = bytes[i];
		if (bytes[i] != '%')
			continue;
		int high = i + 2 < length ? hex_digit(bytes[i + 1]) : -1;
		int low = i + 2 < length ? hex_digit(bytes[i + 2]) : -1;

		if (high < 0 || low < 0)
			return SIZE_MAX;
		bytes[out] = (char)(high * 16 + low);
		i += 2;
	}
	return out;
}

static void parts_split(struct path *path, char *bytes, size_t length)
{
	const char *end = bytes + length;

	for (char *part = bytes; part <= end && path->count <= PATH_PARTS; path->count++) {
		const char *slash = memchr(part, '/', (size_t)(end - part));
		size_t raw = (size_t)((slash != NULL ? slash : end) - part);

		if (path->count < PATH_PARTS) {
			size_t decoded = part_decode(part, raw);

			path->broken |= decoded == SIZE_MAX;
			path->parts[path->count] = (struct text){part, decoded};
		}
		part += raw + 1;
	}
}

/* Takes `@TOKEN` off the beginning; returns how much of it that is, with its slash. */
static size_t token_take(struct path *path, char *bytes, size_t length)
{
	const char *slash = memchr(bytes, '/', length);
	size_t raw = slash != NULL ? (size_t)(slash - bytes) : length;

	if (!path->ping || length == 0 || bytes[0] != '@')
		return 0;
	size_t decoded = part_decode(bytes + 1, raw - 1);
	path->broken |= decoded == SIZE_MAX;
	path->token = (struct text){bytes + 1, decoded};
	return slash != NULL ? raw + 1 : raw;
}

/* Cuts the shown path at a part that begins with `@`: it may be a token in the wrong place. */
static void shown_mask(char *shown)
{
	for (char *slash = strchr(shown, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
		if (slash[1] == '@' || strncmp(slash + 1, "%40", 3) == 0) {
			memcpy(slash, "/@***", sizeof "/@***");
			return;
		}
}

struct path *path_read(const char *target)
{
	static const char state[] = "/state/", ping[] = "/ping/", masked[] = "/ping/@***/";
	bool is_ping = strncmp(target, ping, sizeof ping - 1) == 0;
	size_t begin = is_ping ? sizeof ping - 1 : sizeof state - 1;

	if (!is_ping && strncmp(target, state, begin) != 0)
		return NULL;
	size_t length = strcspn(target + begin, "?"), size = 2 * (length + sizeof masked);
	struct path *path = memory_zeroed(1, sizeof *path + size);
	char *shown = path->bytes + length + 1;

	path->ping = is_ping;
	path->size = size;
	path->shown = shown;
	memcpy(path->bytes, target + begin, length);
	size_t token = token_take(path, path->bytes, length);
	if (token > 0)
		memcpy(shown, masked, sizeof masked - 1);
	else
		memcpy(shown, target, begin);
	strncat(shown, target + begin + token, length - token);
	shown_mask(token > 0 ? shown + sizeof masked - 2 : shown + begin - 1);
	parts_split(path, path->bytes + token, length - token);
	return path;
}

void path_free(struct path *path)
{
	if (path == NULL)
		return;
	explicit_bzero(path, sizeof *path + path->size);
	free(path);
}

enum { PARAMETERS_MAX = 64 }; /* of a query; a hundred more are too many for libmicrohttpd */

struct target target_read(const char *uri)
{
	const char *query = strchr(uri, '?'), *nul = strstr(uri, "%00");
	unsigned parameters = 0;

	for (const char *c = query; c != NULL && parameters <= PARAMETERS_MAX; parameters++)
		c = strchr(c + 1, '&');
	return (struct target){uri, strlen(uri), nul != NULL && (query == NULL || nul < query),
		parameters > PARAMETERS_MAX, path_read(uri)};
}

void target_clear(struct target *target)
{
	path_free(target->path);
	target->path = NULL;
}

bool path_check(const struct path *path, const char *shown, unsigned more, const char *form,
	struct response *response)
{
	struct reason why;

	if (path == NULL || path->count < 2 || path->count > 2 + more)
		response_error(response, 404,
			"there is nothing at %.200s; there is %s, where a slash in a name is "
			"written %%2F",
			shown, form);
	else if (path->broken)
		response_error(response, 400,
			"the path has a %% without two hexadecimal digits behind it");
	else if (!event_name_check("entity", path->parts[0], &why) ||
		 !event_name_check("check", path->parts[1], &why))
		response_error(response, 400, "%s", why.text);
	else
		return true;
	return false;
}

/* ---- what follows the path: the query, which libmicrohttpd has split ---- */

const char *query_get(const struct query *query, const char *name)
{
	for (unsigned i = 0; i < query->count; i++)
		if (strcmp(query->parameters[i].name, name) == 0)
			return query->parameters[i].value != NULL ? query->parameters[i].value : "";
	return NULL;
}

bool query_check(const struct query *query, const char *const *known, struct response *response)
{
	if (!query->valid) {
		response_error(response, 400,
			"the query has a parameter twice, a NUL, or more than %d parameters",
			QUERY_MAX);
		return false;
	}
	for (unsigned i = 0; i < query->count; i++) {
		const char *name = query->parameters[i].name;
		size_t k = 0;

		while (known[k] != NULL && strcmp(known[k], name) != 0)
			k++;
		if (known[k] == NULL) {
			response_error(response, 400, "there is no parameter '%.64s' here", name);
			return false;
		}
	}
	return true;
}
