/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/diagnosis.h"

#include "common/utf8_clean.h"

#include <stdio.h>

static const char *const keys[] = {"probe_flapper", "probe_broker", "probe_redis"};

/* `: probe_flapper, probe_broker and probe_redis would tell`, of those that are not set. */
static void keys_write(const struct view *v, unsigned probes, struct buffer *out)
{
	const char *before = ": ";
	unsigned left = 0;

	for (int i = 0; i < PROBES; i++)
		if ((probes & (1U << i)) != 0 && v->evidence->address[i] == NULL)
			left |= 1U << i;
	if (left == 0)
		return;
	for (int i = 0; i < PROBES; i++) {
		if ((left & (1U << i)) == 0)
			continue;
		left &= ~(1U << i);
		buffer_printf(out, "%s%s", before, keys[i]);
		before = (left & (left - 1)) == 0 ? " and " : ", ";
	}
	buffer_append_text(out, " would tell");
}

/* `; probe_redis has no reading (WHY)`, of those that are set. */
static void blind_write(const struct view *v, unsigned probes, struct buffer *out)
{
	for (int i = 0; i < PROBES; i++)
		if ((probes & (1U << i)) != 0 && v->evidence->address[i] != NULL &&
			v->evidence->now - v->readings->probe[i].at > v->gap)
			buffer_printf(out, "; %s has no reading (%s)", keys[i],
				v->readings->probe[i].why[0] != '\0' ? v->readings->probe[i].why
								     : "no answer yet");
}

/* A bit for each probe that would tell about one of these links. */
static unsigned probes_of(unsigned links)
{
	unsigned probes = 0;

	for (int i = 0; i < LINKS; i++)
		if ((links & (1U << i)) != 0 && link_rows[i].probe != PROBES)
			probes |= 1U << link_rows[i].probe;
	return probes;
}

static void either_write(unsigned links, struct buffer *out)
{
	int count = __builtin_popcount(links), first = __builtin_ctz(links);
	const char *before = "either ";

	if (count > 3 && (links >> first) == (1U << count) - 1) {
		buffer_printf(out, "either %s or any link after it, up to %s",
			link_rows[first].noun, link_rows[first + count - 1].noun);
		return;
	}
	for (int i = 0; i < LINKS; i++) {
		if ((links & (1U << i)) == 0)
			continue;
		links &= ~(1U << i);
		buffer_printf(out, "%s%s", before, link_rows[i].noun);
		before = (links & (links - 1)) == 0 ? " or " : ", ";
	}
}

/* The links of which nothing is proven. What the broker did not receive was lost before it. */
static unsigned links_unknown(const struct view *v)
{
	unsigned links = 0;
	int end = v->broker == NOT_PASSED ? LINK_BROKER + 1 : LINKS;

	for (int i = 0; i < end; i++)
		if (link_rows[i].judge(v) == LINK_UNKNOWN)
			links |= 1U << i;
	return links;
}

static void broken_say(const struct view *v, int link, struct diagnosis *out)
{
	char room[DIAGNOSIS_TEXT - 100];

	out->links = 1U << link;
	if (link != LINK_ROOM || link_rows[LINK_NETWORK].judge(v) != LINK_UNKNOWN) {
		link_rows[link].say(v, out->text, sizeof out->text);
		return;
	}
	out->links |= 1U << LINK_NETWORK;
	link_rows[LINK_ROOM].say(v, room, sizeof room);
	snprintf(out->text, sizeof out->text,
		"either oobetet's own network, as no probe has been answered for %d s, or the "
		"Jabber server: %s",
		whole_seconds(v->evidence->now - view_probes_read(v)), room);
}

void diagnose(const struct evidence *evidence, struct diagnosis *out)
{
	const struct view v = view_make(evidence);
	struct buffer text = {NULL, 0, 0};

	for (int i = 0; i < LINKS; i++)
		if (link_rows[i].judge(&v) == LINK_BROKEN) {
			broken_say(&v, i, out);
			return;
		}
	out->links = links_unknown(&v);
	if (out->links == 0) {
		snprintf(out->text, sizeof out->text,
			"no link is proven broken: the readings contradict each other");
		return;
	}
	either_write(out->links, &text);
	keys_write(&v, probes_of(out->links), &text);
	blind_write(&v, probes_of(out->links), &text);
	utf8_clean_line(text.data, out->text, sizeof out->text);
	buffer_free(&text);
}
