/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/submit.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/signals.h"
#include "httpbroker/submit/delivery/batch.h"
#include "httpbroker/submit/delivery/excerpt.h"
#include "httpbroker/submit/delivery/outage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define STOP_READ_MOST ((size_t)1024 * 1024) /* bytes to take in after SIGTERM: a full pipe */
#define LOCK_AGAIN (50 * NSEC_PER_MSEC)

struct submit {
	const struct submit_parts *parts;
	struct queue fresh;      /* from the source */
	struct queue spooled;    /* from the spool: they go before */
	struct queue *under_way; /* of which the first `sent` events are in the request */
	size_t sent;
	struct buffer body;
	struct request request;
	size_t singly; /* of the next events: a batch with one of them was refused as a whole */
	struct outage outage;
	uint64_t accepted;
	uint64_t refused;   /* by us or by the broker */
	bool ended;         /* nothing more is read */
	bool cut;           /* and that before the input's end */
	bool full;          /* reading pauses; said */
	bool spool_refuses; /* it is full, or broken; said */
	size_t kept;        /* events that were put into the spool */
	bool locked_out;    /* another run has the spool: nothing may be sent past what is in it */
	bool stop_wanted;   /* by a signal, and nothing was done about it yet */
	bool stopping;      /* by a signal */
	nsec stop_at;       /* whatever is still to be sent */
};

/* `FILE: line N: `, as far as that is known. */
static const char *origin_text(const struct origin *origin, char *out, size_t size)
{
	const char *file = origin->file != NULL ? origin->file : "";

	out[0] = '\0';
	if (origin->line > 0)
		snprintf(out, size, "%s%sline %" PRIu64 ": ", file, *file != '\0' ? ": " : "",
			origin->line);
	return out;
}

enum { ORIGIN_TEXT = 512 };

/* What the input has on this line is no event. */
static void input_refused(struct submit *submit, uint64_t line, const struct reason *why)
{
	const struct origin origin = {source_file(submit->parts->source), line};
	char place[ORIGIN_TEXT];

	log_error("%s%s", origin_text(&origin, place, sizeof place), why->text);
	submit->refused++;
}

/* The broker does not take it. Behind a pipe the line alone names nothing. */
static void event_refused(struct submit *submit, const struct queued *event, const char *why)
{
	char place[ORIGIN_TEXT], text[EXCERPT_SIZE];

	log_error("%s%s: %s", origin_text(&event->origin, place, sizeof place), why,
		excerpt(event->json, text));
	submit->refused++;
}

static void event_accepted(struct submit *submit, const struct queued *event, const char *why)
{
	char place[ORIGIN_TEXT];

	if (submit->parts->verbose)
		log_info("%saccepted (%s)", origin_text(&event->origin, place, sizeof place), why);
	submit->accepted++;
}

/* Moves what the source has into the queue. */
static void events_take(struct submit *submit)
{
	struct source *source = submit->parts->source;
	struct queued event = {.arrived = clock_wall()};
	enum feed_result result;
	struct feed_item item;
	struct reason why;

	while ((result = source_next(source, &item, &why)) != FEED_NONE) {
		if (result == FEED_BAD) {
			input_refused(submit, item.line, &why);
			continue;
		}
		event.origin = (struct origin){source_file(source), item.line};
		event.timeless = item.timeless;
		queue_append(&submit->fresh, &event, item.json, item.length);
	}
	submit->ended = source_fd(source) < 0;
}

static size_t input_take(struct submit *submit)
{
	size_t got = source_read(submit->parts->source);

	events_take(submit);
	return got;
}

/* SIGTERM: what has been written to us until now is sent, nothing that comes later. */
static void stop_begin(struct submit *submit)
{
	struct source *source = submit->parts->source;
	nsec now = clock_monotonic();
	/* with a spool nothing is gained by waiting for who is away */
	nsec patience = submit->parts->spool != NULL && submit->outage.away ? 0 : SUBMIT_STOP_LIMIT;
	size_t got = 0;

	submit->stopping = true;
	submit->stop_at = now + SUBMIT_STOP_LIMIT;
	outage_hurry(&submit->outage, now, patience);
	while (!submit->ended && got < STOP_READ_MOST && source_ready(source))
		got += input_take(submit);
	if (submit->ended)
		return;
	submit->cut = !source_endless(source);
	source_stop(source);
	events_take(submit);
}

/* Of which events are sent next; NULL: there are none. */
static struct queue *queue_next(struct submit *submit)
{
	struct spool *spool = submit->parts->spool;
	struct queue *spooled = &submit->spooled;

	while (spool != NULL && spooled->count < submit->parts->batch &&
		spooled->bytes < BATCH_BYTES && spool_take(spool, spooled))
		;
	if (spooled->first != NULL)
		return spooled;
	return submit->fresh.first != NULL ? &submit->fresh : NULL;
}

static void next_send(struct submit *submit)
{
	size_t most = submit->singly > 0 ? 1 : submit->parts->batch;

	if (sender_busy(submit->parts->sender) || clock_monotonic() < submit->outage.try_again)
		return;
	submit->under_way = queue_next(submit);
	if (submit->under_way == NULL)
		return;
	submit->sent = batch_fill(&submit->body, submit->under_way, most, clock_wall());
	submit->request = (struct request){.body = submit->body.data,
		.length = submit->body.length,
		.documents = submit->sent};
	sender_start(submit->parts->sender, &submit->request);
}

static void broker_answered(struct submit *submit)
{
	size_t waiting = submit->fresh.count + submit->spooled.count;
	nsec since = submit->outage.since;
	char text[DURATION_TEXT];

	if (outage_over(&submit->outage))
		log_info("%s is back after %s, %zu events wait", sender_url(submit->parts->sender),
			duration_text(clock_monotonic() - since, text), waiting);
}

/* Puts what waits into the spool, as far as it takes it. */
static void spool_all(struct submit *submit)
{
	size_t before = submit->fresh.count;
	struct reason why;

	if (before == 0)
		return;
	bool refuses = !spool_put(submit->parts->spool, &submit->fresh, &why);
	if (refuses && !submit->spool_refuses)
		log_error("%s", why.text);
	submit->spool_refuses = refuses;
	submit->kept += before - submit->fresh.count;
}

static void broker_failed(struct submit *submit, const struct reason *why)
{
	if (outage_failed(&submit->outage, clock_monotonic(), arc4random()))
		log_warning("%s is away: %s", sender_urls(submit->parts->sender), why->text);
	if (submit->outage.given_up && submit->parts->spool != NULL)
		spool_all(submit);
}

/* The event behind `before`, the first where that is NULL, has this outcome, for this reason. */
static void event_settle(
	struct submit *submit, struct queued *before, enum outcome outcome, const char *why)
{
	struct queue *queue = submit->under_way;
	const struct queued *event = before != NULL ? before->next : queue->first;

	if (outcome == OUTCOME_REFUSED)
		event_refused(submit, event, why);
	else
		event_accepted(submit, event, why);
	if (queue == &submit->spooled)
		spool_settle(submit->parts->spool, event);
	queue_drop(queue, before);
	if (submit->singly > 0)
		submit->singly--;
}

static enum outcome outcome_of(const struct answer *answer, size_t index)
{
	return answer->verdicts != NULL ? answer->verdicts[index].outcome : answer->outcome;
}

/* The broker has answered; but some events it wants to be sent again. */
static bool wants_some_again(const struct submit *submit, const struct answer *answer)
{
	for (size_t i = 0; i < submit->sent; i++)
		if (outcome_of(answer, i) == OUTCOME_AWAY)
			return true;
	return false;
}

/* Settles what the request held. */
static void events_settle(struct submit *submit, const struct answer *answer)
{
	struct queued *before = NULL;

	for (size_t i = 0; i < submit->sent; i++) {
		const char *why = answer->verdicts != NULL ? answer->verdicts[i].why : NULL;
		enum outcome outcome = outcome_of(answer, i);

		if (outcome == OUTCOME_AWAY)
			before = before != NULL ? before->next : submit->under_way->first;
		else
			event_settle(submit, before, outcome, why != NULL ? why : answer->why.text);
	}
}

/* It may be that one event has spoilt the request for all. */
static bool may_be_one(const struct submit *submit, const struct answer *answer)
{
	return answer->outcome == OUTCOME_REFUSED && answer->by_content &&
	       answer->verdicts == NULL && submit->sent > 1;
}

static void answer_heed(struct submit *submit, const struct answer *answer)
{
	const struct reason busy = {"it takes only some events now"};

	if (answer->outcome == OUTCOME_AWAY) {
		broker_failed(submit, &answer->why);
	} else if (may_be_one(submit, answer)) {
		submit->singly = submit->sent; /* which one it is shows then */
	} else if (wants_some_again(submit, answer)) {
		events_settle(submit, answer);
		broker_failed(submit, &busy);
	} else {
		broker_answered(submit);
		events_settle(submit, answer);
	}
}

/* Lets the transfer go on, and looks whether that answered for what was sent. */
static void answer_take(struct submit *submit, const struct pollfd *fds, nfds_t count)
{
	struct sender *sender = submit->parts->sender;
	struct answer answer = {.outcome = OUTCOME_PENDING};
	enum outcome outcome = sender_advance(sender, fds, count, clock_monotonic(), &answer);

	if (outcome == OUTCOME_PENDING)
		return;
	answer_heed(submit, &answer);
	answer_clear(&answer);
}

/* True while there is room to read on; an endless input's pause is announced, and its end. */
static bool room_to_read(struct submit *submit)
{
	const struct source *source = submit->parts->source;
	bool endless = source_endless(source);
	bool full =
		submit->fresh.bytes >= (endless ? SUBMIT_AHEAD_MOST_ENDLESS : SUBMIT_AHEAD_MOST);

	if (endless && full != submit->full) {
		if (full)
			log_warning("%zu events wait: %s is not read until the broker takes some",
				submit->fresh.count, source_name(source));
		else
			log_info("%s is read again", source_name(source));
	}
	submit->full = full;
	return !full;
}

/* Given up, with a spool that takes the rest of what is read. */
static bool only_spooling(const struct submit *submit)
{
	return submit->outage.given_up && submit->parts->spool != NULL &&
	       (submit->parts->source == NULL || !source_endless(submit->parts->source));
}

/* When something is to be done even if nobody does anything to us. */
static nsec deadline(const struct submit *submit)
{
	const struct sender *sender = submit->parts->sender;
	nsec when = submit->stopping ? submit->stop_at : NSEC_NEVER;
	bool waiting = submit->fresh.first != NULL || submit->spooled.first != NULL;

	if (sender_busy(sender))
		return nsec_earlier(when, sender_deadline(sender));
	return waiting && !only_spooling(submit) ? nsec_earlier(when, submit->outage.try_again)
						 : when;
}

static bool stop_wanted(void)
{
	bool terminated = signal_arrived(SIGTERM);
	bool interrupted = signal_arrived(SIGINT);

	return terminated || interrupted;
}

/* Sleeps until something happens, and sees to it. */
static void turn(struct submit *submit)
{
	struct pollfd fds[1 + SENDER_FDS];
	struct timespec left;
	bool reading = !submit->ended && room_to_read(submit);

	fds[0] = (struct pollfd){
		.fd = reading ? source_fd(submit->parts->source) : -1, .events = POLLIN};
	nfds_t count = sender_watch(submit->parts->sender, fds + 1);
	const struct timespec *timeout = clock_timeout(clock_monotonic(), deadline(submit), &left);
	bool readable = ppoll(fds, 1 + count, timeout, signals_wait_mask()) > 0;
	if (sender_busy(submit->parts->sender))
		answer_take(submit, fds + 1, readable ? count : 0);
	/* the broker has its work before we go on with ours */
	if (!only_spooling(submit))
		next_send(submit);
	if (readable && fds[0].revents != 0)
		input_take(submit);
	if (only_spooling(submit))
		spool_all(submit);
	if (stop_wanted() && !submit->stopping)
		stop_begin(submit);
}

static bool all_sent(const struct submit *submit)
{
	const struct spool *spool = submit->parts->spool;

	return submit->ended && submit->fresh.first == NULL && submit->spooled.first == NULL &&
	       (spool == NULL || !spool_holds(spool));
}

static bool is_over(const struct submit *submit)
{
	if (all_sent(submit) || (submit->stopping && clock_monotonic() >= submit->stop_at))
		return true;
	if (!submit->outage.given_up)
		return false;
	return submit->parts->spool == NULL || submit->ended || submit->locked_out ||
	       (only_spooling(submit) && submit->spool_refuses);
}

static int undelivered(const struct submit *submit)
{
	const struct queue *queue = &submit->fresh;
	const struct origin *first = &queue->first->origin;
	char place[ORIGIN_TEXT];

	origin_text(first, place, sizeof place);
	if (first->line > 0)
		place[strlen(place) - 2] = '\0'; /* its colon */
	log_error("%s took no more: %zu event%s not delivered%s%s%s%s",
		sender_urls(submit->parts->sender), queue->count, queue->count == 1 ? "" : "s",
		first->line > 0 ? ", from " : "", place, first->line > 0 ? " on" : "",
		submit->ended ? "" : "; what follows was not read");
	return EX_UNAVAILABLE;
}

static size_t damaged(const struct submit *submit)
{
	return submit->parts->spool != NULL ? spool_damaged(submit->parts->spool) : 0;
}

static int conclusion(const struct submit *submit, bool endless)
{
	const struct submit_parts *parts = submit->parts;

	if (endless)
		log_info("stopped: %" PRIu64 " accepted, %" PRIu64 " refused", submit->accepted,
			submit->refused);
	if (submit->cut)
		log_warning("stopped before the end of %s", source_name(parts->source));
	if (submit->kept > 0)
		log_warning("%zu event%s kept in %s", submit->kept, submit->kept == 1 ? "" : "s",
			spool_path(parts->spool));
	if (submit->fresh.first != NULL)
		return undelivered(submit);
	if (parts->source != NULL && source_unreadable(parts->source))
		return EX_NOINPUT;
	if (submit->refused + damaged(submit) > 0 && !submit->stopping)
		return EX_DATAERR;
	bool waits = parts->spool != NULL && spool_holds(parts->spool);
	return waits || submit->locked_out ? EX_TEMPFAIL : 0;
}

/* Nothing else is to be done before the spool is ours. flock(2) has no time limit: so it is tried
 * again and again. False: it is not, and *why says why. */
static bool spool_wait(struct submit *submit, nsec until, struct reason *why)
{
	struct spool *spool = submit->parts->spool;
	enum spool_lock lock;
	struct timespec pause;

	while ((lock = spool_lock(spool, why)) == SPOOL_IN_USE) {
		nsec now = clock_monotonic();

		submit->stop_wanted = stop_wanted();
		if (now >= until || submit->stop_wanted)
			return reason_set(why, "%s is in use by another run", spool_path(spool));
		ppoll(NULL, 0, clock_timeout(now, nsec_earlier(now + LOCK_AGAIN, until), &pause),
			signals_wait_mask());
	}
	return lock == SPOOL_LOCKED;
}

/* Without the lock nothing may be sent: that would overtake what waits. */
static void spool_begin(struct submit *submit)
{
	nsec patience = submit->parts->patience;
	nsec began = clock_monotonic();
	struct reason why;

	if (!spool_wait(submit, patience == NSEC_NEVER ? NSEC_NEVER : began + patience, &why)) {
		log_warning("%s", why.text);
		submit->locked_out = true;
		submit->outage.given_up = true;
		if (submit->stop_wanted)
			stop_begin(submit);
		spool_all(submit);
	} else if (patience != NSEC_NEVER) {
		nsec waited = clock_monotonic() - began;

		submit->outage.patience = waited < patience ? patience - waited : 0;
	}
}

static void begin(struct submit *submit)
{
	const struct submit_parts *parts = submit->parts;
	struct queued event = {.arrived = clock_wall(), .timeless = parts->timeless};

	outage_init(&submit->outage, parts->patience);
	if (parts->event != NULL)
		queue_append(&submit->fresh, &event, parts->event, strlen(parts->event));
	if (parts->source != NULL)
		events_take(submit); /* there may be no file that can be read */
	else
		submit->ended = true;
	if (parts->spool != NULL)
		spool_begin(submit);
}

int submit_run(const struct submit_parts *parts)
{
	struct submit submit = {.parts = parts};
	bool endless = parts->source != NULL && source_endless(parts->source);

	begin(&submit);
	while (!is_over(&submit)) {
		if (!only_spooling(&submit))
			next_send(&submit);
		if (!is_over(&submit))
			turn(&submit);
	}
	if (parts->spool != NULL) {
		spool_all(&submit);
		spool_return(parts->spool, &submit.spooled);
	}
	int code = conclusion(&submit, endless);
	queue_clear(&submit.fresh);
	queue_clear(&submit.spooled);
	buffer_free(&submit.body);
	return code;
}
