/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/permit.h"

#include "httpbroker/limits.h"

#include <fnmatch.h>
#include <string.h>

bool permit_allows(const struct permit *permit, const char *entity, size_t length)
{
	char name[LIMIT_NAME + 1];

	if (permit == NULL || permit->count == 0)
		return true;
	if (length > LIMIT_NAME)
		return false;
	memcpy(name, entity, length);
	name[length] = '\0';
	for (size_t i = 0; i < permit->count; i++)
		if (fnmatch(permit->globs[i], name, 0) == 0)
			return true;
	return false;
}
