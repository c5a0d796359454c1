/* SPDX-License-Identifier: MIT */
#include "httpbroker/events/condition.h"

#include <string.h>
#include <strings.h>

static const struct word {
	const char *text;
	enum condition condition;
	bool flapjack_knows;
} words[] = {
	/* in the order of enum condition */
	{"ok", CONDITION_OK, true},
	{"warning", CONDITION_WARNING, true},
	{"critical", CONDITION_CRITICAL, true},
	{"unknown", CONDITION_UNKNOWN, true},
	{"acknowledgement", CONDITION_ACKNOWLEDGEMENT, true},
	{"test_notifications", CONDITION_TEST_NOTIFICATIONS, true},
	/* what Nagios and its kin say of hosts */
	{"up", CONDITION_OK, false},
	{"down", CONDITION_CRITICAL, false},
	{"unreachable", CONDITION_CRITICAL, false},
};

bool condition_read(const char *word, size_t length, enum condition *out, bool *flapjack_knows)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i].text) != length ||
			strncasecmp(words[i].text, word, length) != 0)
			continue;
		*out = words[i].condition;
		*flapjack_knows = words[i].flapjack_knows;
		return true;
	}
	return false;
}

const char *condition_name(enum condition condition)
{
	return words[condition].text;
}

bool condition_lasts(enum condition condition)
{
	return condition <= CONDITION_UNKNOWN;
}
