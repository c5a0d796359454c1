/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/format.h"

/* The first that matches is it. */
static const struct format *const formats[] = {
	&format_flapjack,
};

unsigned formats_count(void)
{
	return sizeof formats / sizeof formats[0];
}

const struct format *format_at(unsigned number)
{
	return formats[number];
}

static const struct format *format_find(const json_t *document)
{
	for (unsigned i = 0; i < formats_count(); i++)
		if (formats[i]->matches(document))
			return formats[i];
	return NULL;
}

static bool unknown_explain(const json_t *document, struct reason *why)
{
	if (json_is_array(document))
		return reason_set(why, "this is an array: post one event, an object, at a time");
	return reason_set(why, "this is no event: 'entity' is missing");
}

bool format_translate(json_t *document, const struct format_context *context, struct events *out,
	const struct format **format, struct reason *why)
{
	const struct format *found = format_find(document);
	size_t first = out->count;

	if (format != NULL)
		*format = found;
	if (found == NULL)
		return unknown_explain(document, why);
	if (!found->translate(document, context, out, why))
		return false;
	for (size_t i = first; i < out->count; i++)
		if (!event_check(&out->list[i], context->flapjack, context->now, why))
			return false;
	return true;
}
