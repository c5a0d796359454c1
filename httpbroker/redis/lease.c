/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/lease.h"

#include <stdio.h>
#include <string.h>

void lease_init(struct lease *lease, const char *place, const char *token)
{
	char where[LEASE_PLACE];

	snprintf(where, sizeof where, "%s", place);
	lease->place = strlen(where);
	snprintf(lease->text, sizeof lease->text, "%s %.*s", where, BATCH_TOKEN, token);
}

const char *lease_token(const struct lease *lease)
{
	return lease->text + lease->place + 1;
}

enum lease_holder lease_judge(const struct lease *ours, const char *value, size_t length)
{
	size_t whole = strlen(ours->text);

	if (length == whole && memcmp(value, ours->text, whole) == 0)
		return LEASE_OURS;
	/* a token has no blank: so what is left of one place cannot begin another */
	if (length == whole && memcmp(value, ours->text, ours->place + 1) == 0 &&
		memchr(value + ours->place + 1, ' ', BATCH_TOKEN) == NULL)
		return LEASE_OF_OUR_PLACE;
	return LEASE_ANOTHERS;
}
