/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/submit.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/number.h"
#include "common/random.h"
#include "common/signals.h"
#include "httpbroker/submit/sender.h"
#include "httpbroker/submit/source.h"
#include "httpbroker/submit/spool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Bytes of queued events at which reading pauses: of an input with an end, of a named pipe. */
#define READ_AHEAD ((size_t)256 * 1024)
#define READ_AHEAD_ENDLESS ((size_t)64 * 1024 * 1024)

#define STOP_READ_MAX ((size_t)1024 * 1024) /* bytes read at a stop: a full pipe */

struct submit {
	const struct submit_parts *parts;
	struct source *source; /* NULL: none */
	struct queue queue;    /* events of the source without a response */
	struct spool *spool;   /* NULL: none */
	struct queue taken;    /* events of the spool without a response; they are sent first */
	size_t kept;           /* events put into the spool */
	struct batch batch;
	struct outage outage;
	struct results results;
	bool ended;         /* nothing more is read */
	bool cut;           /* and the input has not ended */
	bool full;          /* reading pauses; logged */
	bool spool_refuses; /* it is full or broken; logged */
	bool locked_out;    /* another run has the spool: its events must be sent first */
	bool stop_wanted;   /* a signal has arrived */
	bool stopping;      /* and was acted on */
	nsec stop_at;       /* the deadline for what is still to be sent */
};

/* Moves the source's events into the queue. */
static void events_queue(struct submit *submit)
{
	struct source *source = submit->source;
	struct queued event = {.arrived = clock_wall()};
	enum feed_result result;
	struct feed_item item;
	struct reason why;

	while ((result = source_next(source, &item, &why)) != FEED_NONE) {
		event.origin = (struct origin){source_file(source), item.line};
		if (result == FEED_BAD) {
			results_unreadable(&submit->results, &event.origin, &why);
			continue;
		}
		event.timeless = item.timeless;
		queue_append(&submit->queue, &event, item.json, item.length);
	}
	submit->ended = source_fd(source) < 0;
}

static size_t input_read(struct submit *submit)
{
	size_t got = source_read(submit->source);

	events_queue(submit);
	return got;
}

/* The input is a named pipe. */
static bool is_endless(const struct submit *submit)
{
	return submit->source != NULL && source_endless(submit->source);
}

/* Pauses of a named pipe are logged: its writer may drop what does not fit into the pipe. */
static bool reads_on(struct submit *submit)
{
	bool endless = is_endless(submit), one = submit->queue.count == 1;
	bool full = submit->queue.bytes >= (endless ? READ_AHEAD_ENDLESS : READ_AHEAD);

	if (submit->ended)
		return false;
	if (endless && full && !submit->full)
		log_warning("%zu event%s wait%s: %s is not read until the broker accepts some",
			submit->queue.count, number_plural(submit->queue.count), one ? "s" : "",
			source_name(submit->source));
	if (endless && !full && submit->full)
		log_info("%s is read again", source_name(submit->source));
	submit->full = full;
	return !full;
}

/* Reads what has been written to the input until now, and nothing later. */
static void input_stop(struct submit *submit)
{
	size_t got = 0;

	while (!submit->ended && got < STOP_READ_MAX && source_ready(submit->source))
		got += input_read(submit);
	if (submit->ended)
		return;
	submit->cut = !is_endless(submit);
	source_stop(submit->source);
	events_queue(submit);
}

/* Moves the queue into the spool, as far as there is room. */
static void queue_spool(struct submit *submit)
{
	size_t before = submit->queue.count;
	struct reason why;

	if (before == 0 || submit->spool == NULL)
		return;
	bool refuses = !spool_put(submit->spool, &submit->queue, &why);
	if (refuses && !submit->spool_refuses)
		log_error("%s", why.text);
	submit->spool_refuses = refuses;
	submit->kept += before - submit->queue.count;
}

/* SIGTERM */
static void stop_begin(struct submit *submit)
{
	nsec now = clock_monotonic();
	/* with a spool, waiting for an unreachable broker gains nothing */
	bool hopeless = submit->spool != NULL && submit->outage.away;

	submit->stopping = true;
	submit->stop_at = now + SUBMIT_STOP_LIMIT;
	outage_set_limit(&submit->outage, now, hopeless ? 0 : SUBMIT_STOP_LIMIT);
	input_stop(submit);
}

bool stop_signalled(void)
{
	return signal_arrived(SIGTERM) || signal_arrived(SIGINT) || signal_arrived(SIGHUP);
}

static bool stop_wanted(void *context)
{
	struct submit *submit = context;

	submit->stop_wanted = stop_signalled() || submit->stop_wanted;
	return submit->stop_wanted;
}

static void next_send(struct submit *submit)
{
	size_t max = submit->parts->batch;

	if (sender_busy(submit->parts->sender) || clock_monotonic() < submit->outage.retry_at)
		return;
	struct queue *queue = &submit->taken;
	while (queue->count < max && queue->bytes < BATCH_BYTES && spool_take(submit->spool, queue))
		;
	if (queue->first == NULL)
		queue = &submit->queue;
	if (queue->first != NULL)
		batch_send(&submit->batch, queue, max, submit->parts->sender);
}

static void broker_recovered(struct submit *submit)
{
	size_t waiting = submit->queue.count + submit->taken.count;
	nsec since = submit->outage.since;
	char text[DURATION_TEXT];

	if (outage_over(&submit->outage))
		log_info("%s accepts events again after %s, %zu waiting",
			sender_url(submit->parts->sender),
			duration_text(clock_monotonic() - since, text), waiting);
}

static void broker_failed(struct submit *submit, const struct response *response)
{
	const char *path = submit->spool != NULL ? spool_path(submit->spool) : NULL;
	char plan[OUTAGE_TEXT];

	if (outage_failed(&submit->outage, clock_monotonic(), random_number()))
		sender_failure_log(
			submit->parts->sender, response, outage_plan(&submit->outage, path, plan));
	if (submit->outage.given_up)
		queue_spool(submit);
}

static void response_apply(struct submit *submit, const struct response *response)
{
	const struct response busy = {.why = {"only some of them were accepted"}};
	struct batch *batch = &submit->batch;

	if (response->result == RESPONSE_AWAY) {
		/* a named pipe waits for another token, too */
		if (response->unauthorized && !is_endless(submit))
			outage_end_retries(&submit->outage);
		broker_failed(submit, response);
		return;
	}
	if (batch_split(batch, response))
		return;
	bool in_part = batch_partly_sent(batch, response);
	if (!in_part)
		broker_recovered(submit);
	batch_settle(batch, response, &submit->results,
		batch->queue == &submit->taken ? submit->spool : NULL);
	if (in_part)
		broker_failed(submit, &busy);
}

/* Continues the transfer and applies its response. */
static void transfer_continue(struct submit *submit)
{
	struct sender *sender = submit->parts->sender;
	struct response response = {.result = RESPONSE_PENDING};
	enum response_result result = sender_advance(sender, clock_monotonic(), &response);

	if (result == RESPONSE_PENDING)
		return;
	response_apply(submit, &response);
	response_clear(&response);
}

/* The broker is given up; the rest of the input goes into the spool. */
static bool only_spooling(const struct submit *submit)
{
	return submit->outage.given_up && submit->spool != NULL && !is_endless(submit);
}

static bool events_wait(const struct submit *submit)
{
	return submit->queue.first != NULL || submit->taken.first != NULL;
}

/* The next timeout. */
static nsec deadline(const struct submit *submit)
{
	const struct sender *sender = submit->parts->sender;
	nsec when = submit->stopping ? submit->stop_at : NSEC_NEVER;

	if (sender_busy(sender))
		return nsec_earlier(when, sender_deadline(sender));
	return events_wait(submit) && !only_spooling(submit)
		       ? nsec_earlier(when, submit->outage.retry_at)
		       : when;
}

/* Waits for the next event and handles it. */
static void wait_and_handle(struct submit *submit)
{
	struct pollfd fds[1 + TRANSFER_FDS];
	struct timespec left;
	int input = reads_on(submit) ? source_fd(submit->source) : -1;

	fds[0] = (struct pollfd){.fd = input, .events = POLLIN};
	nfds_t count = sender_watch(submit->parts->sender, fds + 1);
	const struct timespec *timeout = clock_timeout(clock_monotonic(), deadline(submit), &left);
	bool readable = signals_poll(fds, 1 + count, timeout) > 0;
	if (sender_busy(submit->parts->sender))
		transfer_continue(submit);
	/* sending first: the broker works while this program reads */
	if (!only_spooling(submit))
		next_send(submit);
	if (readable && fds[0].revents != 0)
		(void)input_read(submit);
	if (only_spooling(submit))
		queue_spool(submit);
	if (stop_wanted(submit) && !submit->stopping)
		stop_begin(submit);
}

static bool is_over(const struct submit *submit)
{
	bool all_sent = submit->ended && !events_wait(submit) && !spool_waits(submit->spool);

	if (all_sent || (submit->stopping && clock_monotonic() >= submit->stop_at))
		return true;
	if (!submit->outage.given_up)
		return false;
	return submit->spool == NULL || submit->ended ||
	       (only_spooling(submit) && submit->spool_refuses);
}

/* The log lines at the end. */
static void conclude(const struct submit *submit, bool endless)
{
	if (endless)
		log_info("stopped: %" PRIu64 " accepted, %" PRIu64 " refused",
			submit->results.accepted, submit->results.refused);
	if (submit->cut)
		log_warning("stopped before the end of %s", source_name(submit->source));
	if (submit->kept > 0)
		log_warning("%zu event%s kept in %s", submit->kept, number_plural(submit->kept),
			spool_path(submit->spool));
	if (submit->queue.first != NULL)
		results_undelivered(
			&submit->queue, sender_urls(submit->parts->sender), submit->ended);
}

static int exit_code(const struct submit *submit)
{
	const struct source *source = submit->source;

	if (submit->queue.first != NULL)
		return EX_UNAVAILABLE;
	if (source != NULL && source_unreadable(source))
		return EX_NOINPUT;
	if (submit->results.refused + spool_damaged(submit->spool) > 0 && !submit->stopping)
		return EX_DATAERR;
	if (spool_holds(submit->spool) || submit->locked_out)
		return EX_TEMPFAIL;
	return submit->parts->spoolless && !submit->stopping ? EX_CANTCREAT : 0;
}

/* Waits for the spool's lock: without it, sending would overtake the events in the spool. */
static void spool_begin(struct submit *submit)
{
	nsec retry_limit = submit->parts->retry_limit;
	nsec began = clock_monotonic();
	nsec until = retry_limit == NSEC_NEVER ? NSEC_NEVER : began + retry_limit;

	if (!spool_lock_wait(submit->spool, until, stop_wanted, submit)) {
		submit->locked_out = true;
		submit->outage.given_up = true;
		if (submit->stop_wanted)
			stop_begin(submit);
		else if (is_endless(submit)) /* it would be spooled forever */
			input_stop(submit);
		queue_spool(submit);
	} else if (retry_limit != NSEC_NEVER) {
		/* whole milliseconds: a free lock does not change the limit that is logged */
		nsec waited = (clock_monotonic() - began) / NSEC_PER_MSEC * NSEC_PER_MSEC;

		submit->outage.retry_limit = waited < retry_limit ? retry_limit - waited : 0;
	}
}

static void begin(struct submit *submit)
{
	const struct submit_parts *parts = submit->parts;
	struct queued event = {.arrived = clock_wall(), .timeless = parts->timeless};

	outage_init(&submit->outage, parts->retry_limit);
	if (parts->event != NULL)
		queue_append(&submit->queue, &event, parts->event, strlen(parts->event));
	if (submit->source != NULL)
		events_queue(submit);
	submit->ended = submit->source == NULL || submit->ended;
	if (parts->spool != NULL)
		spool_begin(submit);
}

int submit_run(const struct submit_parts *parts)
{
	struct submit submit = {
		.parts = parts,
		.source = parts->source,
		.spool = parts->spool,
		.results.verbose = parts->verbose,
	};
	bool endless = is_endless(&submit);

	begin(&submit);
	while (!is_over(&submit)) {
		if (!only_spooling(&submit))
			next_send(&submit);
		if (!is_over(&submit))
			wait_and_handle(&submit);
	}
	queue_spool(&submit);
	if (submit.spool != NULL)
		spool_rewrite(submit.spool, &submit.taken);
	queue_clear(&submit.taken);
	conclude(&submit, endless);
	int code = exit_code(&submit);
	queue_clear(&submit.queue);
	batch_clear(&submit.batch);
	return code;
}
