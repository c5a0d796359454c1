/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/path.h"

#include "common/memory.h"

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

struct path *path_read(const char *target)
{
	static const char first[] = "/state/";
	size_t begin = sizeof first - 1, length;

	if (strncmp(target, first, begin) != 0)
		return NULL;
	length = strcspn(target + begin, "?");
	struct path *path = memory_zeroed(1, sizeof *path + length);
	memcpy(path->bytes, target + begin, length);
	parts_split(path, path->bytes, length);
	return path;
}
