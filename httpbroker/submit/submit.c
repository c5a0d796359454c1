/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/submit.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/signals.h"
#include "httpbroker/submit/delivery/excerpt.h"
#include "httpbroker/submit/delivery/outage.h"
#include "httpbroker/submit/delivery/queue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

#define READ_SIZE 65536                      /* bytes a read: what a pipe holds by default */
#define STOP_READ_MOST ((size_t)1024 * 1024) /* bytes to take in after SIGTERM: a full pipe */

struct submit {
	const struct submit_parts *parts;
	struct queue queue; /* the first is the one under way while the sender is busy */
	size_t queue_most;  /* bytes */
	struct outage outage;
	uint64_t accepted;
	uint64_t refused; /* by us or by the broker */
	bool ended;       /* nothing more is read */
	bool cut;         /* and that before the input's end */
	bool unreadable;  /* because a read failed */
	bool full;        /* reading pauses; said */
	bool stopping;    /* by a signal */
	nsec stop_at;     /* whatever is still to be sent */
};

/* What the input has on this line is no event. */
static void input_refused(struct submit *submit, uint64_t line, const struct reason *why)
{
	log_error("line %" PRIu64 ": %s", line, why->text);
	submit->refused++;
}

/* The broker does not take the first of the queue. Behind a pipe the line alone names nothing. */
static void event_refused(struct submit *submit, const struct reason *why)
{
	const struct queued *event = submit->queue.first;
	char text[EXCERPT_SIZE];

	log_error("line %" PRIu64 ": %s: %s", event->line, why->text, excerpt(event->json, text));
	submit->refused++;
}

static void event_accepted(struct submit *submit, const struct reason *why)
{
	if (submit->parts->verbose)
		log_info("line %" PRIu64 ": accepted (%s)", submit->queue.first->line, why->text);
	submit->accepted++;
}

/* Moves what the feed has into the queue. */
static void events_take(struct submit *submit)
{
	enum feed_result result;
	struct feed_item item;
	struct reason why;

	while ((result = feed_next(submit->parts->feed, &item, &why)) != FEED_NONE) {
		if (result == FEED_EVENT)
			queue_append(&submit->queue, item.line, item.json, item.length);
		else
			input_refused(submit, item.line, &why);
	}
}

static void input_end(struct submit *submit)
{
	submit->ended = true;
	feed_finish(submit->parts->feed);
	events_take(submit);
}

/* One read. Returns how many bytes came. */
static size_t input_take(struct submit *submit)
{
	char bytes[READ_SIZE];
	struct reason why;
	size_t got = 0;

	switch (input_read(submit->parts->input, bytes, sizeof bytes, &got, &why)) {
	case INPUT_READ:
		feed_push(submit->parts->feed, bytes, got);
		events_take(submit);
		break;
	case INPUT_AGAIN:
		break;
	case INPUT_END:
		input_end(submit);
		break;
	case INPUT_ERROR:
		log_error("%s", why.text);
		submit->unreadable = true;
		input_end(submit);
		break;
	}
	return got;
}

/* SIGTERM: what has been written to us until now is sent, nothing that comes later. */
static void stop_begin(struct submit *submit)
{
	nsec now = clock_monotonic();
	size_t got = 0;

	submit->stopping = true;
	submit->stop_at = now + SUBMIT_STOP_LIMIT;
	outage_hurry(&submit->outage, now, SUBMIT_STOP_LIMIT);
	while (!submit->ended && got < STOP_READ_MOST && input_ready(submit->parts->input))
		got += input_take(submit);
	if (submit->ended)
		return;
	submit->cut = !submit->parts->input->endless;
	input_end(submit);
}

static void next_send(struct submit *submit)
{
	const struct queued *event = submit->queue.first;

	if (event == NULL || sender_busy(submit->parts->sender))
		return;
	if (clock_monotonic() >= submit->outage.try_again)
		sender_start(submit->parts->sender, event->json, event->length);
}

static void broker_answered(struct submit *submit)
{
	nsec since = submit->outage.since;
	char text[DURATION_TEXT];

	if (outage_over(&submit->outage))
		log_info("%s is back after %s, %zu events wait", sender_url(submit->parts->sender),
			duration_text(clock_monotonic() - since, text), submit->queue.count);
}

static void broker_failed(struct submit *submit, const struct reason *why)
{
	if (outage_failed(&submit->outage, clock_monotonic(), arc4random()))
		log_warning("%s is away: %s", sender_url(submit->parts->sender), why->text);
}

/* Lets the transfer go on, and looks whether that answered for the first of the queue. */
static void answer_take(struct submit *submit, const struct pollfd *fds, nfds_t count)
{
	struct sender *sender = submit->parts->sender;
	struct reason why;
	enum outcome outcome = sender_advance(sender, fds, count, clock_monotonic(), &why);

	if (outcome == OUTCOME_PENDING)
		return;
	if (outcome == OUTCOME_AWAY) {
		broker_failed(submit, &why);
		return;
	}
	broker_answered(submit);
	if (outcome == OUTCOME_REFUSED)
		event_refused(submit, &why);
	else
		event_accepted(submit, &why);
	queue_drop(&submit->queue);
}

/* True while there is room to read on; an endless input's pause is announced, and its end. */
static bool room_to_read(struct submit *submit)
{
	bool full = submit->queue.bytes >= submit->queue_most;

	if (submit->parts->input->endless && full != submit->full) {
		if (full)
			log_warning("%zu events wait: %s is not read until the broker takes some",
				submit->queue.count, submit->parts->input->name);
		else
			log_info("%s is read again", submit->parts->input->name);
	}
	submit->full = full;
	return !full;
}

/* When something is to be done even if nobody does anything to us. */
static nsec deadline(const struct submit *submit)
{
	const struct sender *sender = submit->parts->sender;
	nsec when = submit->stopping ? submit->stop_at : NSEC_NEVER;

	if (sender_busy(sender))
		return nsec_earlier(when, sender_deadline(sender));
	return submit->queue.first != NULL ? nsec_earlier(when, submit->outage.try_again) : when;
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

	fds[0] = (struct pollfd){.fd = reading ? submit->parts->input->fd : -1, .events = POLLIN};
	nfds_t count = sender_watch(submit->parts->sender, fds + 1);
	const struct timespec *timeout = clock_timeout(clock_monotonic(), deadline(submit), &left);
	if (ppoll(fds, 1 + count, timeout, signals_wait_mask()) < 0)
		count = 0; /* a signal: nothing in fds is filled in */
	else if (fds[0].revents != 0)
		input_take(submit);
	if (sender_busy(submit->parts->sender))
		answer_take(submit, fds + 1, count);
	if (stop_wanted() && !submit->stopping)
		stop_begin(submit);
}

static bool is_over(const struct submit *submit)
{
	if (submit->ended && submit->queue.first == NULL)
		return true;
	return submit->outage.given_up ||
	       (submit->stopping && clock_monotonic() >= submit->stop_at);
}

static int undelivered(const struct submit *submit)
{
	const struct queue *queue = &submit->queue;

	log_error("%s took no more: %zu event%s not delivered, from line %" PRIu64 " on%s",
		sender_url(submit->parts->sender), queue->count, queue->count == 1 ? "" : "s",
		queue->first->line, submit->ended ? "" : "; what follows was not read");
	return EX_UNAVAILABLE;
}

static int conclusion(const struct submit *submit)
{
	const struct input *input = submit->parts->input;

	if (input->endless)
		log_info("stopped: %" PRIu64 " accepted, %" PRIu64 " refused", submit->accepted,
			submit->refused);
	if (submit->cut)
		log_warning("stopped before the end of %s", input->name);
	if (submit->queue.first != NULL)
		return undelivered(submit);
	if (submit->unreadable)
		return EX_NOINPUT;
	return submit->refused > 0 && !submit->stopping ? EX_DATAERR : 0;
}

int submit_run(const struct submit_parts *parts)
{
	struct submit submit = {.parts = parts};

	submit.queue_most = parts->input->endless ? SUBMIT_AHEAD_MOST_ENDLESS : SUBMIT_AHEAD_MOST;
	outage_init(&submit.outage, parts->patience);
	while (!is_over(&submit)) {
		next_send(&submit);
		turn(&submit);
	}
	int code = conclusion(&submit);
	queue_clear(&submit.queue);
	return code;
}
