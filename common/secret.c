/* SPDX-License-Identifier: MIT */
#include "common/secret.h"

#include <string.h>
#include <sys/prctl.h>

void secret_protect_process(void)
{
	/* it cannot fail with this argument */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void beginning_mask(char *text, const char *secret, size_t length)
{
	size_t there = strlen(text);

	for (size_t part = length - 1; part >= SECRET_LEAST; part--)
		if (part <= there && memcmp(text + there - part, secret, part) == 0) {
			memset(text + there - part, '*', part);
			return;
		}
}

void secret_mask(char *text, const char *secret)
{
	size_t length = secret != NULL ? strlen(secret) : 0;
	char *found = text;

	if (length < SECRET_LEAST)
		return;
	while ((found = strstr(found, secret)) != NULL) {
		memset(found, '*', length);
		found += length;
	}
	beginning_mask(text, secret, length);
}
