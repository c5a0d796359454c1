/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/chain.h"

#include "common/utf8_clean.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- from the port to the message ---- */

const int swing_bounds[SWING_BUCKETS] = {1, 5, 15, 30, 60, 120, 300, 600, 1800};

void swings_hear(struct swings *swings, enum kind kind, nsec stamp)
{
	if ((int)kind < SWING_KINDS && swings->heard[kind] == 0)
		swings->heard[kind] = stamp;
}

static void pair_add(struct swings *swings, int kind, nsec delay)
{
	swings->known[kind] = true;
	swings->delay[kind] = delay;
	swings->count++;
	swings->sum += delay;
	for (int i = 0; i < SWING_BUCKETS; i++)
		if (delay <= swing_bounds[i] * NSEC_PER_SEC) {
			swings->bucket[i]++;
			return;
		}
}

/* The last change to `value` that may have come before `heard`; NULL: it is not known. */
static const struct run *change_find(const struct runs *port, int value, nsec heard, nsec gap)
{
	for (int i = port->count - 1; i > 0; i--) {
		const struct run *run = &port->run[i], *before = &port->run[i - 1];

		if (run->value != value || before->until >= heard)
			continue;
		bool known = before->value != value && run->from - before->until <= gap;
		return known ? run : NULL;
	}
	return NULL;
}

void swings_read(struct swings *swings, const struct runs *port, nsec at, nsec gap)
{
	static const int values[SWING_KINDS] = {
		[KIND_PROBLEM] = PORT_REFUSED, [KIND_RECOVERY] = PORT_OPEN};

	for (int kind = 0; kind < SWING_KINDS; kind++) {
		nsec heard = swings->heard[kind];

		if (heard == 0 || at <= heard)
			continue;
		swings->heard[kind] = 0;
		const struct run *run = change_find(port, values[kind], heard, gap);
		if (run == NULL || run->from == swings->paired[kind])
			continue;
		nsec middle = (run->from + (run - 1)->until) / 2;

		swings->paired[kind] = run->from;
		pair_add(swings, kind, heard > middle ? heard - middle : 0);
	}
}

/* ---- what is known ---- */

static const char rollup[] = "Problem summary:";

void chain_begin(struct chain *chain, const struct watch_config *config, nsec notice, nsec now)
{
	memset(chain, 0, sizeof *chain);
	chain->config = config;
	chain->start = chain->ranked = now;
	chain->notice = notice;
	chain->gap = readings_gap(config->max_latency);
	chain->nearest_rank = -1;
	readings_init(&chain->readings);
	if (config->probe_broker != NULL) {
		size_t length;
		const char *host = url_host(config->probe_broker, &length);

		snprintf(chain->broker, sizeof chain->broker, "%.*s", (int)length, host);
	}
}

void chain_carry(struct chain *chain, const struct chain *before)
{
	const struct watch_config *to = chain->config, *from = before->config;

	chain->start = before->start;
	chain->ranked = before->ranked;
	chain->rankings = before->rankings;
	memcpy(chain->heard, before->heard, sizeof chain->heard);
	chain->rollup = before->rollup;
	chain->sender_in = before->sender_in;
	chain->others = before->others;
	chain->nearest_rank = before->nearest_rank;
	memcpy(chain->nearest, before->nearest, sizeof chain->nearest);
	/* readings of other peers would be taken for theirs */
	if (same_text(to->probe_flapper, from->probe_flapper) &&
		same_text(to->probe_broker, from->probe_broker) &&
		same_text(to->probe_redis, from->probe_redis) &&
		same_text(to->probe_queue, from->probe_queue))
		chain->readings = before->readings;
	chain->swings = before->swings;
	if (same_text(to->probe_flapper, from->probe_flapper)) {
		chain->period = before->period;
		return;
	}
	memset(chain->swings.heard, 0, sizeof chain->swings.heard);
	memset(chain->swings.paired, 0, sizeof chain->swings.paired);
	memset(chain->swings.known, 0, sizeof chain->swings.known);
}

static bool anything_heard(const struct chain *chain)
{
	for (int i = 0; i < KINDS_AWAITED; i++)
		if (chain->heard[i] != 0)
			return true;
	return false;
}

/* Only a later second begins anew: a program may print any times, in any order. */
static bool may_rank(struct chain *chain, nsec stamp)
{
	if (stamp - chain->ranked >= NSEC_PER_SEC) {
		chain->ranked = stamp;
		chain->rankings = 0;
	}
	if (chain->rankings == CHAIN_RANKINGS)
		return false;
	chain->rankings++;
	return true;
}

/* How nearly it counts; a text that does, of a nick that does not, most of all. */
static int rank_of(const struct match *match, const char *body)
{
	struct explanation explanation;
	char beginning[CHAIN_RANKED + 1];

	if (match_body(match, body) != KIND_NONE)
		return MISMATCH_NONE;
	snprintf(beginning, sizeof beginning, "%s", body);
	match_explain(match, beginning, &explanation);
	return (int)explanation.mismatch;
}

static void other_count(
	struct chain *chain, const struct match *match, const char *body, nsec stamp)
{
	chain->others++;
	if (anything_heard(chain) || !may_rank(chain, stamp))
		return;
	int rank = rank_of(match, body);
	if (rank <= chain->nearest_rank)
		return;
	chain->nearest_rank = rank;
	utf8_clean_line(body, chain->nearest, sizeof chain->nearest);
}

void chain_hear(struct chain *chain, const struct match *match, enum kind kind, const char *body,
	nsec stamp)
{
	swings_hear(&chain->swings, kind, stamp);
	if (kind < KINDS_AWAITED) {
		if (stamp > chain->heard[kind])
			chain->heard[kind] = stamp;
	} else if (kind == KIND_NONE) {
		other_count(chain, match, body, stamp);
	}
	if (strncasecmp(body, rollup, sizeof rollup - 1) == 0 && stamp > chain->rollup)
		chain->rollup = stamp;
}

void chain_sender(struct chain *chain, bool in)
{
	chain->sender_in = in;
	if (in)
		chain->readings.alone = false;
}

void chain_created(struct chain *chain, nsec now)
{
	chain->readings.created = now;
	chain->readings.alone = chain->sender_in;
	chain->sender_in = false;
}

/* ---- the end of an alarm ---- */

static void unheard_write(const struct chain *chain, nsec now, struct buffer *out)
{
	buffer_printf(out, "; nothing was heard since the start, %" PRId64 " s ago",
		(now - chain->start) / NSEC_PER_SEC);
	if (chain->others == 0) {
		buffer_append_text(out, ", nor any other message");
		return;
	}
	buffer_printf(out, ", but other messages: %" PRId64 "; nearest: '%s'", chain->others,
		chain->nearest);
}

static nsec heard_last(const struct chain *chain)
{
	nsec last = 0;

	for (int i = 0; i < KINDS_AWAITED; i++)
		if (chain->heard[i] > last)
			last = chain->heard[i];
	return last;
}

void chain_port(struct chain *chain, int value, nsec at)
{
	readings_port(&chain->readings, value, at, chain->gap);
	if (chain->readings.period > 0)
		chain->period = chain->readings.period;
	swings_read(&chain->swings, &chain->readings.port, at, chain->gap);
}

void chain_diagnose(const struct chain *chain, enum kind missing, const char *check, nsec silence,
	nsec now, struct buffer *out, struct diagnosis *diagnosis)
{
	const struct watch_config *config = chain->config;
	const struct evidence evidence = {.readings = &chain->readings,
		.address = {config->probe_flapper,
			config->probe_broker != NULL ? chain->broker : NULL, config->probe_redis},
		.queue = config->probe_queue,
		.check = check,
		.missing = missing,
		.heard = chain->heard[missing] != 0 ? chain->heard[missing] : now - silence,
		.start = chain->start,
		.now = now,
		.max_latency = config->max_latency,
		.notice = chain->notice};

	diagnose(&evidence, diagnosis);
	if (!anything_heard(chain))
		unheard_write(chain, now, out);
	if (chain->rollup > heard_last(chain))
		buffer_printf(out,
			"; a summary of several checks came %" PRId64
			" s ago: a roll-up replaces the messages of single checks",
			(now - chain->rollup) / NSEC_PER_SEC);
	buffer_printf(out, "; %s", diagnosis->text);
}

/*
 * From the port's change, at the latest when it was read, to the last message that tells it. A
 * message may come before the change is read: it is not late then.
 */
static nsec delay_of(const struct chain *chain, enum kind kind, nsec now)
{
	const struct runs *port = &chain->readings.port;
	const struct run *last = runs_last(port);
	int into = kind == KIND_PROBLEM ? PORT_REFUSED : PORT_OPEN;
	nsec heard = chain->heard[kind];

	if (heard == 0 || last == NULL || (last->value != into && now - heard <= chain->gap))
		return -1;
	nsec covered = runs_covered(port, heard, chain->gap);
	for (int i = port->count - 1; i > 0; i--) {
		const struct run *run = &port->run[i];

		if (run->value != into || run[-1].value == into || run[-1].until > heard)
			continue;
		if (covered > run[-1].until) /* not read meanwhile: it may have changed again */
			return -1;
		if (chain->swings.paired[kind] == run->from) /* later ones are repeats */
			return chain->swings.delay[kind];
		return run->from < heard ? heard - run->from : 0;
	}
	return -1;
}

bool chain_fault_known(const struct chain *chain, nsec now)
{
	const struct watch_config *config = chain->config;
	const struct run *queue = runs_last(&chain->readings.queue.runs);

	return (config->max_delay == 0 || (delay_of(chain, KIND_PROBLEM, now) >= 0 &&
						  delay_of(chain, KIND_RECOVERY, now) >= 0)) &&
	       (config->max_queue_age == 0 || (queue != NULL && now - queue->until <= chain->gap));
}

bool chain_fault(const struct chain *chain, nsec now, char *out, size_t size)
{
	const struct watch_config *config = chain->config;
	const struct standing *queue = &chain->readings.queue;
	const struct run *last = runs_last(&queue->runs);
	nsec delay = delay_of(chain, KIND_PROBLEM, now);
	nsec other = delay_of(chain, KIND_RECOVERY, now);

	out[0] = '\0';
	delay = other > delay ? other : delay;
	if (config->max_delay > 0 && delay > config->max_delay) {
		snprintf(out, size, "swings arrive %" PRId64 " s late", delay / NSEC_PER_SEC);
		return true;
	}
	if (config->max_queue_age == 0 || last == NULL || last->value == QUEUE_EMPTY ||
		now - last->until > chain->gap)
		return false;
	nsec since = queue->busy;
	if (now - since <= config->max_queue_age)
		return false;
	snprintf(out, size, "the queue '%s' has not been empty for %" PRId64 " s",
		config->probe_queue, (now - since) / NSEC_PER_SEC);
	return true;
}

nsec period_rounded(nsec period)
{
	return (period + NSEC_PER_SEC / 2) / NSEC_PER_SEC * NSEC_PER_SEC;
}

bool period_is_long(nsec period, nsec max_latency)
{
	return 2 * period + 60 * NSEC_PER_SEC > max_latency;
}

bool chain_period_is_long(struct chain *chain)
{
	nsec period = chain->readings.period;

	if (period == 0 || chain->period_warned ||
		!period_is_long(period, chain->config->max_latency))
		return false;
	chain->period_warned = true;
	return true;
}
