/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/values.h"

#include "common/duration.h"
#include "common/log.h"
#include "httpbroker/submit/event/draft.h"

#include <string.h>
#include <sysexits.h>

#define TTL_MAX (365 * 86400 * NSEC_PER_SEC)
#define PATIENCE_MAX TTL_MAX

static const char *const states[] = {"ok", "warning", "critical", "unknown", "up", "down",
	"unreachable", "acknowledgement", "test_notifications"};

const char *value_filled(const char *option, const char *value)
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
	struct reason why;
	nsec ttl;

	if (strcmp(value, "never") == 0)
		return FIELDS_TTL_NEVER;
	if (!duration_parse(value, NSEC_PER_MSEC, TTL_MAX, &ttl, &why))
		die(EX_USAGE, "%s: %s; say 'never' for a state that does not go stale", option,
			why.text);
	/* the broker counts in whole seconds: a part of one is one more */
	return (ttl + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
}

int64_t value_time(const char *option, const char *value)
{
	struct reason why;
	int64_t time;

	if (!fields_time_read(value, &time, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return time;
}

char value_byte(const char *option, const char *value)
{
	if (strcmp(value, "\\t") == 0)
		return '\t';
	if (strlen(value) != 1 || *value == '\n')
		die(EX_USAGE, "%s: '%s' is not a single byte such as ';', or '\\t' for a tab",
			option, value);
	return *value;
}

nsec value_patience(const char *option, const char *value)
{
	struct reason why;
	nsec patience;

	if (strcmp(value, "forever") == 0)
		return NSEC_NEVER;
	if (!duration_parse(value, 0, PATIENCE_MAX, &patience, &why))
		die(EX_USAGE, "%s: %s, nor 'forever'", option, why.text);
	return patience;
}
