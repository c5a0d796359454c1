/* SPDX-License-Identifier: MIT */
/*
 * What a monitoring plugin prints, taken apart as its guidelines have it
 * (https://www.monitoring-plugins.org/doc/guidelines.html, "Plugin Output for Nagios", and the
 * multi-line form of Nagios 3):
 *
 *     summary | performance data
 *     details, over several lines
 *     the last of them | performance data
 *     more performance data
 *
 * Every part may be missing. Pure.
 */
#ifndef HTTPBROKER_SUBMIT_PLUGIN_H
#define HTTPBROKER_SUBMIT_PLUGIN_H

#include "common/buffer.h"

#include <stdint.h>

struct plugin_text {
	char *summary;          /* in the text that was taken apart, as is details */
	char *details;          /* its lines; empty: there are none */
	struct buffer perfdata; /* owned: all of it, on one line */
};

/*
 * Takes `text` apart in place, into a plugin_text that is {0} or was used before. Blank lines
 * before the first are passed over; blanks around a part are not part of it.
 */
void plugin_split(char *text, struct plugin_text *out);

/* In what Nagios hands on a newline is `\n` and a backslash `\\`: turns them back, in place. */
void plugin_unescape(char *text);

/* What an exit code says: ok, warning, critical, unknown for 0 to 3, critical for all else. */
const char *plugin_state(int64_t code);

#endif
