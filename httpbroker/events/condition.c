/* SPDX-License-Identifier: MIT */
#include "httpbroker/events/condition.h"

#include <string.h>
#include <strings.h>

static const struct word {
	const char *text;
	enum state state;
	bool flapjack_knows;
} words[] = {
	/* in the order of enum state */
	{"ok", STATE_OK, true},
	{"warning", STATE_WARNING, true},
	{"critical", STATE_CRITICAL, true},
	{"unknown", STATE_UNKNOWN, true},
	{"acknowledgement", STATE_ACKNOWLEDGEMENT, true},
	{"test_notifications", STATE_TEST_NOTIFICATIONS, true},
	/* what Nagios and its kin say of hosts */
	{"up", STATE_OK, false},
	{"down", STATE_CRITICAL, false},
	{"unreachable", STATE_CRITICAL, false},
};

bool state_read(const char *word, size_t length, enum state *out, bool *flapjack_knows)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i].text) != length ||
			strncasecmp(words[i].text, word, length) != 0)
			continue;
		*out = words[i].state;
		*flapjack_knows = words[i].flapjack_knows;
		return true;
	}
	return false;
}

const char *state_name(enum state state)
{
	return words[state].text;
}

bool state_lasts(enum state state)
{
	return state <= STATE_UNKNOWN;
}
