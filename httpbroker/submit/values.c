/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/values.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"
#include "httpbroker/submit/event/draft.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define TTL_MOST (365 * 86400 * NSEC_PER_SEC)

static const char *const states[] = {"ok", "warning", "critical", "unknown", "up", "down",
	"unreachable", "acknowledgement", "test_notifications"};

const char *value_text(const char *option, const char *value)
{
	if (value[0] == '\0')
		die(EX_USAGE, "%s: empty", option);
	return value;
}

const char *value_state(const char *option, const char *value)
{
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcasecmp(value, states[i]) == 0)
			return value;
	die(EX_USAGE,
		"%s: '%s' is none of ok, warning, critical, unknown, up, down, unreachable, "
		"acknowledgement, test_notifications",
		option, value);
}

int64_t value_ttl(const char *option, const char *value)
{
	if (strcmp(value, "never") == 0)
		return DRAFT_TTL_NEVER;
	/* the broker counts in whole seconds: a part of one is one more */
	return (option_duration(option, value, NSEC_PER_MSEC, TTL_MOST) + NSEC_PER_SEC - 1) /
	       NSEC_PER_SEC;
}

int64_t value_time(const char *option, const char *value)
{
	struct reason why;
	int64_t time;

	if (!draft_time_read(value, &time, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return time;
}

char value_byte(const char *option, const char *value)
{
	if (strcmp(value, "\\t") == 0)
		return '\t';
	if (strlen(value) != 1 || *value == '\n')
		die(EX_USAGE, "%s: '%s' is not a single byte", option, value);
	return *value;
}

size_t value_size(const char *option, const char *value, size_t least)
{
	static const char units[] = "kMG";
	size_t length = strlen(value);
	const char *unit = length > 0 ? strchr(units, value[length - 1]) : NULL;
	int shift = unit != NULL ? 10 * (int)(unit - units + 1) : 0;
	char *digits = memory_copied(value);

	if (shift > 0)
		digits[length - 1] = '\0';
	size_t size = (size_t)option_number(option, digits, 1, INT64_MAX >> 31) << shift;
	free(digits);
	if (size < least)
		die(EX_USAGE, "%s: '%s' is less than %zu bytes", option, value, least);
	return size;
}
