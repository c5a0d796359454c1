/* SPDX-License-Identifier: MIT */
/*
 * The lines that Nagios writes with the templates of doc/examples/nagios: fields between tabs,
 *
 *     [SERVICEPERFDATA] TIMET HOST SERVICE STATE EXECTIME LATENCY OUTPUT PERFDATA [LONGOUTPUT]
 *     [HOSTPERFDATA]    TIMET HOST HOST    STATE EXECTIME LATENCY OUTPUT PERFDATA [LONGOUTPUT]
 *
 * where the second HOST is that word. In LONGOUTPUT alone Nagios 4 writes a newline as `\n` and
 * a backslash as `\\`. A tab in a plugin's output shifts what is behind it: nothing is lost, but
 * it may land in the event's perfdata or details.
 */
#ifndef HTTPBROKER_SUBMIT_FORMATS_NAGIOS_H
#define HTTPBROKER_SUBMIT_FORMATS_NAGIOS_H

#include "common/buffer.h"
#include "common/reason.h"

/*
 * Appends the line's event, one JSON object, to `json`. The line is taken apart in place. What is
 * not UTF-8 in it is replaced: an alert is worth more than its umlauts.
 */
bool nagios_translate(char *line, struct buffer *json, struct reason *why);

#endif
