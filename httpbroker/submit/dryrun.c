/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/dryrun.h"

#include "common/log.h"
#include "common/signals.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sysexits.h>

void dryrun_event(const char *json, size_t length)
{
	/* line breaks stand between the tokens of JSON, never in its strings */
	for (size_t i = 0; i < length; i++)
		putchar(json[i] == '\n' || json[i] == '\r' ? ' ' : json[i]);
	putchar('\n');
}

/* Returns how many were bad. */
static uint64_t events_print(struct source *source)
{
	enum feed_result result;
	struct feed_item item;
	struct reason why;
	uint64_t bad = 0;

	while ((result = source_next(source, &item, &why)) != FEED_NONE) {
		if (result == FEED_EVENT) {
			dryrun_event(item.json, item.length);
			continue;
		}
		const char *file = source_file(source);

		log_error("%s%sline %" PRIu64 ": %s", file != NULL ? file : "",
			file != NULL ? ": " : "", item.line, why.text);
		bad++;
	}
	fflush(stdout);
	return bad;
}

int dryrun_source(struct source *source)
{
	uint64_t bad = events_print(source);

	while (source_fd(source) >= 0) {
		struct pollfd input = {.fd = source_fd(source), .events = POLLIN};

		if (signals_poll(&input, 1, NULL) > 0)
			source_read(source);
		if (signal_arrived(SIGTERM) || signal_arrived(SIGINT))
			source_stop(source);
		bad += events_print(source);
	}
	if (source_unreadable(source))
		return EX_NOINPUT;
	return bad > 0 ? EX_DATAERR : 0;
}
