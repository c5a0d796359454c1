/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/results.h"

#include "common/log.h"
#include "httpbroker/submit/response.h"

#include <inttypes.h>
#include <stdio.h>

enum { PLACE_TEXT = 512 };

/* `FILE: line N`, as far as that is known, with `behind` behind it. */
static const char *place(const struct origin *origin, const char *behind, char out[PLACE_TEXT])
{
	const char *file = origin->file != NULL ? origin->file : "";

	out[0] = '\0';
	if (origin->line > 0)
		snprintf(out, PLACE_TEXT, "%s%sline %" PRIu64 "%s", file, *file != '\0' ? ": " : "",
			origin->line, behind);
	return out;
}

void results_unreadable(
	struct results *results, const struct origin *origin, const struct reason *why)
{
	char text[PLACE_TEXT];

	log_error("%s%s", place(origin, ": ", text), why->text);
	results->refused++;
}

void results_answered(
	struct results *results, const struct queued *event, enum outcome outcome, const char *why)
{
	char text[PLACE_TEXT], beginning[QUOTED_INPUT_SIZE];

	if (outcome == OUTCOME_REFUSED) {
		log_error("%s%s: %s", place(&event->origin, ": ", text), why,
			quoted_input(event->json, beginning));
		results->refused++;
		return;
	}
	if (results->verbose)
		log_info("%saccepted (%s)", place(&event->origin, ": ", text), why);
	results->accepted++;
}

void results_undelivered(const struct queue *queue, const char *brokers, bool whole)
{
	const struct origin *first = &queue->first->origin;
	char text[PLACE_TEXT];

	log_error("%s took no more: %zu event%s not delivered%s%s%s", brokers, queue->count,
		queue->count == 1 ? "" : "s", first->line > 0 ? ", from " : "",
		place(first, " on", text), whole ? "" : "; what follows was not read");
}
