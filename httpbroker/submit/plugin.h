/* SPDX-License-Identifier: MIT */
/*
 * The output of a monitoring plugin, parsed as its guidelines say
 * (https://www.monitoring-plugins.org/doc/guidelines.html, "Plugin Output for Nagios", and the
 * multi-line form of Nagios 3):
 *
 *     summary | performance data
 *     details, over several lines
 *     the last of them | performance data
 *     more performance data
 *
 * Each part is optional. Pure.
 */
#ifndef HTTPBROKER_SUBMIT_PLUGIN_H
#define HTTPBROKER_SUBMIT_PLUGIN_H

#include "common/buffer.h"

#include <stdint.h>

struct plugin_text {
	char *summary;          /* points into the parsed text, as does details */
	char *details;          /* lines; empty: none */
	struct buffer perfdata; /* owned; all of it, on one line */
};

/*
 * Parses `text` in place, into a plugin_text that is {0} or was used before. Leading blank lines
 * and blanks around a part are dropped.
 */
void plugin_split(char *text, struct plugin_text *out);

/* Nagios writes a newline as `\n` and a backslash as `\\`: reverts that in place. */
void plugin_unescape(char *text);

/* The state of an exit code: ok, warning, critical, unknown for 0 to 3; critical for others. */
const char *plugin_state(int64_t code);

#endif
