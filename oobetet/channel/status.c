/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/status.h"

#include "common/duration.h"
#include "common/utf8.h"

#include <string.h>

#define TENTH (NSEC_PER_SEC / 10) /* delays are not known more exactly */

struct watch_status watch_status_of(const struct watched *watched, const struct timestamps *now)
{
	struct watch_status status = {.name = watched->config->name,
		.target = &watched->target,
		.planned = &watched->planned,
		.swings = watched->config->probe_flapper != NULL ? &watched->chain.swings : NULL,
		.alarmed = watched->alarmed != 0 ? now->boot - watched->alarmed : NSEC_NEVER,
		.channels = channels_count(watched->channels),
		.pending = channels_pending(watched->channels)};
	struct watch_saved saved;

	watch_remember(watched->watch, now->active_time, &saved);
	for (int kind = 0; kind < KINDS_AWAITED; kind++) {
		status.awaited[kind] = saved.silence[kind] != NSEC_NEVER;
		status.silence[kind] = saved.silence[kind];
		status.heard[kind] = watched->heard[kind];
	}
	status.open = saved.open;
	status.held = saved.open && saved.held;
	status.missing = saved.missing;
	status.lasted = saved.lasted;
	for (int i = 0; i < status.channels; i++)
		status.failing += channels_status(watched->channels, i).why[0] != '\0' ? 1 : 0;
	return status;
}

static const char *whole(nsec span, char out[DURATION_TEXT])
{
	return duration_text(span / NSEC_PER_SEC * NSEC_PER_SEC, out);
}

static void kinds_append(const struct watch_status *status, struct buffer *text)
{
	const char *between = "; ";
	char span[DURATION_TEXT];

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++) {
		if (!status->awaited[kind])
			continue;
		whole(status->silence[kind], span);
		if (status->heard[kind])
			buffer_printf(text, "%slast %s %s ago", between, kind_name(kind), span);
		else
			buffer_printf(text, "%sno %s for %s", between, kind_name(kind), span);
		if (status->swings != NULL && (int)kind < SWING_KINDS &&
			status->swings->known[kind])
			buffer_printf(text, " (%s after the port changed)",
				duration_text(status->swings->delay[kind] / TENTH * TENTH, span));
		between = ", ";
	}
}

char *watch_status_text(const struct watch_status *status, char *out, size_t size)
{
	char name[NOTIFICATION_TEXT], span[DURATION_TEXT], stamp[40]; /* any clock_stamp() */
	struct buffer text = {NULL, 0, 0};

	buffer_printf(&text, "%s: ", target_name(status->target, name, sizeof name));
	if (status->open)
		buffer_printf(&text, "%s for %s, no %s", status->held ? "alarm held back" : "alarm",
			whole(status->lasted, span), kind_name(status->missing));
	else
		buffer_append_text(&text, "well");
	if (status->planned->until != 0)
		buffer_printf(&text, "; planned work until %s (%s)",
			clock_stamp(status->planned->until, stamp, sizeof stamp),
			status->planned->reason);
	kinds_append(status, &text);
	if (status->alarmed != NSEC_NEVER)
		buffer_printf(&text, "; last alarm %s ago", whole(status->alarmed, span));
	else
		buffer_append_text(&text, "; no alarm so far");
	if (status->pending > 0)
		buffer_printf(&text, "; notifications not delivered: %d", status->pending);
	if (status->failing > 0)
		buffer_printf(
			&text, "; channels failing: %d of %d", status->failing, status->channels);
	utf8_clean_line(text.data, out, size);
	buffer_free(&text);
	return out;
}
