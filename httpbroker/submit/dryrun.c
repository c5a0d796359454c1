/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/submit.h"

#include "common/clocks.h"
#include "common/log.h"
#include "common/signals.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/submit/sender.h"
#include "httpbroker/submit/source.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void event_print(const char *json, size_t length)
{
	/* JSON has line breaks between tokens only, never in strings */
	for (size_t i = 0; i < length; i++)
		putchar(json[i] == '\n' || json[i] == '\r' ? ' ' : json[i]);
	putchar('\n');
}

/* 0, or the exit code. */
static int printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	log_error("cannot write to standard output: %s", strerror(errno));
	return EX_IOERR;
}

/* The first refusal in a document. */
struct refusal {
	struct event_sink sink;
	bool refused;
	struct reason why;
};

static void event_ignore(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	(void)event;
}

static void refusal_note(struct event_sink *sink, const struct reason *why)
{
	struct refusal *refusal = (struct refusal *)sink; /* the first member */

	if (!refusal->refused)
		refusal->why = *why;
	refusal->refused = true;
}

static void passed_ignore(struct event_sink *sink, enum skipped why)
{
	(void)sink;
	(void)why;
}

static bool accepted_by(int flapjack, const char *json, size_t length, struct reason *why)
{
	const struct format_context context = {
		.flapjack = flapjack, .now = clock_wall() / NSEC_PER_SEC};
	struct refusal refusal = {.sink = {event_ignore, refusal_note, passed_ignore}};
	json_error_t error;
	json_t *document = body_document(json, length, JSON_REJECT_DUPLICATES, &error);

	if (document == NULL)
		return reason_set(why, "%s", error.text);
	format_translate(document, &context, &refusal.sink);
	json_decref(document);
	if (refusal.refused)
		*why = refusal.why;
	return !refusal.refused;
}

/*
 * False, and logged: no broker would accept it, whatever its Flapjack. What depends on the broker's
 * options, such as tokens, is not checked.
 */
static bool event_acceptable(const char *json, size_t length, const char *place)
{
	struct reason why;
	bool taken = accepted_by(1, json, length, &why) || accepted_by(2, json, length, &why);

	if (!taken)
		log_error("%sthe broker would refuse this: %s", place, why.text);
	return taken;
}

int dryrun_event(const char *json, size_t length)
{
	event_print(json, length);
	bool taken = event_acceptable(json, length, "");
	int code = printed();
	return code == 0 && !taken ? EX_DATAERR : code;
}

int dryrun_forget(const char *url, const char *query)
{
	printf("DELETE %s?%s\n", url, query);
	return printed();
}

/* Returns the number of bad ones. */
static uint64_t events_print(struct source *source)
{
	enum feed_result result;
	struct feed_item item;
	struct reason why;
	char place[ORIGIN_TEXT];
	uint64_t bad = 0;

	while ((result = source_next(source, &item, &why)) != FEED_NONE) {
		const struct origin origin = {source_file(source), item.line};

		origin_text(&origin, ": ", place);
		if (result == FEED_EVENT) {
			event_print(item.json, item.length);
			bad += !event_acceptable(item.json, item.length, place);
		} else {
			log_error("%s%s", place, why.text);
			bad++;
		}
	}
	return bad;
}

int dryrun_source(struct source *source)
{
	uint64_t bad = events_print(source);

	while (printed() == 0) {
		struct pollfd input = {.fd = source_fd(source), .events = POLLIN};

		if (input.fd < 0)
			return source_unreadable(source) ? EX_NOINPUT : bad > 0 ? EX_DATAERR : 0;
		if (signals_poll(&input, 1, NULL) > 0)
			source_read(source);
		if (stop_signalled())
			source_stop(source);
		bad += events_print(source);
	}
	return EX_IOERR;
}
