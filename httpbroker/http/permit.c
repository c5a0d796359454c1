/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/permit.h"

#include "httpbroker/limits.h"

#include <fnmatch.h>
#include <string.h>

enum { COLONS_MAX = 32 }; /* in a check's name: each is one look at all globs */

static bool name_allowed(const struct acl *acl, int flapjack, const char *name)
{
	int flags = flapjack == 1 ? FNM_CASEFOLD : 0;

	for (size_t i = 0; i < acl->count; i++)
		if (fnmatch(acl->globs[i], name, flags) == 0)
			return true;
	return false;
}

/* An entity is no longer than that, so that none can be made of more. */
static bool append(char name[LIMIT_NAME + 1], size_t *used, const char *bytes, size_t length)
{
	if (length > LIMIT_NAME - *used)
		return false;
	memcpy(name + *used, bytes, length);
	*used += length;
	name[*used] = '\0';
	return true;
}

bool acl_allows(const struct acl *acl, int flapjack, struct text entity, struct text check)
{
	char name[LIMIT_NAME + 1];
	size_t used = 0;
	int colons = 0;

	if (acl == NULL || acl->count == 0)
		return true;
	if (!append(name, &used, entity.bytes, entity.length) || !name_allowed(acl, flapjack, name))
		return false;
	while (check.length > 0) {
		const char *colon = memchr(check.bytes, ':', check.length);
		size_t before = colon != NULL ? (size_t)(colon - check.bytes) : check.length;

		if (before + 1 >= check.length) /* no colon, or nothing behind it */
			return true;
		if (!append(name, &used, ":", 1) || !append(name, &used, check.bytes, before))
			return true;
		if (colons++ == COLONS_MAX || !name_allowed(acl, flapjack, name))
			return false;
		check = (struct text){colon + 1, check.length - before - 1};
	}
	return true;
}
