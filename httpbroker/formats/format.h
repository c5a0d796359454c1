/* SPDX-License-Identifier: MIT */
/*
 * Formats: from a JSON document, as some program posts it, to events. A format is one file and
 * one line in the table of formats.c. It knows nothing of HTTP, Redis or what is remembered.
 */
#ifndef HTTPBROKER_FORMATS_FORMAT_H
#define HTTPBROKER_FORMATS_FORMAT_H

#include "httpbroker/events/event.h"

struct format_context {
	int flapjack; /* the version that the events are for: 1 or 2 */
	int64_t now;  /* seconds since the epoch */
};

struct format {
	const char *name; /* in messages and metrics */

	/* Whether the document has this format's shape; not yet whether it is sound. */
	bool (*matches)(const json_t *document);

	/*
	 * Adds the document's events. Their texts may point into the document. What holds for
	 * every event (event_check) is checked afterwards, by format_translate.
	 */
	bool (*translate)(json_t *document, const struct format_context *context,
		struct events *out, struct reason *why);
};

extern const struct format format_flapjack;

/* The table of formats, in the order in which they are tried. */
unsigned formats_count(void);
const struct format *format_at(unsigned number);

/*
 * The document's events, translated and checked, added to *out. *format, unless NULL, is set to
 * the one that was recognised, or to NULL.
 */
bool format_translate(json_t *document, const struct format_context *context, struct events *out,
	const struct format **format, struct reason *why);

#endif
