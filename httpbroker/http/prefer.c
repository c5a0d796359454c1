/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/prefer.h"

#include <string.h>
#include <strings.h>

/* A quoted value with a comma in it is not taken for one: none of ours has a value. */
bool prefer_has(const char *value, const char *preference)
{
	const size_t wanted = strlen(preference);

	while (value != NULL && *value != '\0') {
		value += strspn(value, ", \t");
		size_t length = strcspn(value, "=;, \t");
		if (length == wanted && strncasecmp(value, preference, wanted) == 0)
			return true;
		value += strcspn(value, ",");
	}
	return false;
}
