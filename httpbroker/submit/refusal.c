/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/refusal.h"

#include "common/clocks.h"
#include "httpbroker/formats/body.h"
#include "httpbroker/formats/format.h"

/* The first refusal of what a document holds. */
struct finding {
	struct event_sink sink;
	bool refused;
	struct reason why;
};

static void event_find(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	(void)event;
}

static void refusal_find(struct event_sink *sink, const struct reason *why)
{
	struct finding *finding = (struct finding *)sink; /* its first member */

	if (!finding->refused)
		finding->why = *why;
	finding->refused = true;
}

static void pass_find(struct event_sink *sink, enum passed why)
{
	(void)sink;
	(void)why;
}

static bool taken_for(int flapjack, const char *json, size_t length, struct reason *why)
{
	const struct format_context context = {
		.flapjack = flapjack, .now = clock_wall() / NSEC_PER_SEC};
	struct finding finding = {.sink = {event_find, refusal_find, pass_find}};
	json_error_t error;
	json_t *document = body_document(json, length, JSON_REJECT_DUPLICATES, &error);

	if (document == NULL)
		return reason_set(why, "%s", error.text);
	format_translate(document, &context, &finding.sink);
	json_decref(document);
	if (finding.refused)
		*why = finding.why;
	return !finding.refused;
}

bool refusal_absent(const char *json, size_t length, struct reason *why)
{
	return taken_for(1, json, length, why) || taken_for(2, json, length, why);
}
