/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/loop.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/random.h"
#include "common/signals.h"
#include "httpbroker/submit/batch.h"
#include "httpbroker/submit/intake.h"
#include "httpbroker/submit/outage.h"
#include "httpbroker/submit/spool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct submit {
	const struct submit_parts *parts;
	struct intake intake;
	struct store store;
	struct batch batch;
	struct outage outage;
	struct results results;
	bool locked_out;  /* another run has the spool: its events must be sent first */
	bool stop_wanted; /* a signal has arrived */
	bool stopping;    /* and was acted on */
	nsec stop_at;     /* the deadline for what is still to be sent */
};

/* SIGTERM: what has been written to the input until now is sent, nothing later. */
static void stop_begin(struct submit *submit)
{
	nsec now = clock_monotonic();
	/* with a spool, waiting for an unreachable broker gains nothing */
	bool hopeless = submit->store.spool != NULL && submit->outage.away;

	submit->stopping = true;
	submit->stop_at = now + SUBMIT_STOP_LIMIT;
	outage_set_limit(&submit->outage, now, hopeless ? 0 : SUBMIT_STOP_LIMIT);
	intake_stop(&submit->intake, &submit->results);
}

static bool stop_wanted(void *context)
{
	struct submit *submit = context;
	bool terminated = signal_arrived(SIGTERM);
	bool interrupted = signal_arrived(SIGINT);
	bool hung_up = signal_arrived(SIGHUP);

	submit->stop_wanted = submit->stop_wanted || terminated || interrupted || hung_up;
	return submit->stop_wanted;
}

static void next_send(struct submit *submit)
{
	size_t max = submit->parts->batch;

	if (sender_busy(submit->parts->sender) || clock_monotonic() < submit->outage.retry_at)
		return;
	struct queue *queue = store_take(&submit->store, max);
	if (queue == NULL)
		queue = &submit->intake.queue;
	if (queue->first != NULL)
		batch_send(&submit->batch, queue, max, submit->parts->sender);
}

static void broker_recovered(struct submit *submit)
{
	size_t waiting = submit->intake.queue.count + submit->store.taken.count;
	nsec since = submit->outage.since;
	char text[DURATION_TEXT];

	if (outage_over(&submit->outage))
		log_info("%s accepts events again after %s, %zu waiting",
			sender_url(submit->parts->sender),
			duration_text(clock_monotonic() - since, text), waiting);
}

static void broker_failed(struct submit *submit, const struct response *response)
{
	const struct spool *spool = submit->store.spool;
	const char *path = spool != NULL ? spool_path(spool) : NULL;
	char plan[OUTAGE_TEXT];

	if (outage_failed(&submit->outage, clock_monotonic(), random_number()))
		sender_failure_log(
			submit->parts->sender, response, outage_plan(&submit->outage, path, plan));
	if (submit->outage.given_up)
		store_put(&submit->store, &submit->intake.queue);
}

/* A spool file is removed with its last event. */
static void event_settled(void *context, const struct queue *queue, const struct queued *event)
{
	struct store *store = context;

	if (queue == &store->taken)
		store_settle(store, event);
}

static void response_apply(struct submit *submit, const struct response *response)
{
	const struct response busy = {.why = {"only some of them were taken"}};
	struct batch *batch = &submit->batch;

	if (response->outcome == OUTCOME_AWAY) {
		/* a named pipe waits for another token, too */
		if (response->unauthorized && !intake_endless(&submit->intake))
			outage_end_retries(&submit->outage);
		broker_failed(submit, response);
		return;
	}
	if (batch_split(batch, response))
		return;
	bool in_part = batch_partly_sent(batch, response);
	if (!in_part)
		broker_recovered(submit);
	batch_settle(batch, response, &submit->results, event_settled, &submit->store);
	if (in_part)
		broker_failed(submit, &busy);
}

/* Continues the transfer and applies its response. */
static void transfer_continue(struct submit *submit, const struct pollfd *fds, nfds_t count)
{
	struct sender *sender = submit->parts->sender;
	struct response response = {.outcome = OUTCOME_PENDING};
	enum outcome outcome = sender_advance(sender, fds, count, clock_monotonic(), &response);

	if (outcome == OUTCOME_PENDING)
		return;
	response_apply(submit, &response);
	response_clear(&response);
}

/* The broker is given up; the rest of the input goes into the spool. */
static bool only_spooling(const struct submit *submit)
{
	return submit->outage.given_up && submit->store.spool != NULL &&
	       !intake_endless(&submit->intake);
}

/* The next timeout. */
static nsec deadline(const struct submit *submit)
{
	const struct sender *sender = submit->parts->sender;
	nsec when = submit->stopping ? submit->stop_at : NSEC_NEVER;
	bool waiting = submit->intake.queue.first != NULL || submit->store.taken.first != NULL;

	if (sender_busy(sender))
		return nsec_earlier(when, sender_deadline(sender));
	return waiting && !only_spooling(submit) ? nsec_earlier(when, submit->outage.retry_at)
						 : when;
}

/* Waits for the next event and handles it. */
static void wait_and_handle(struct submit *submit)
{
	struct pollfd fds[1 + SENDER_FDS];
	struct timespec left;
	bool reading = intake_wanted(&submit->intake);

	fds[0] = (struct pollfd){.fd = reading ? intake_fd(&submit->intake) : -1, .events = POLLIN};
	nfds_t count = sender_watch(submit->parts->sender, fds + 1);
	const struct timespec *timeout = clock_timeout(clock_monotonic(), deadline(submit), &left);
	bool readable = signals_poll(fds, 1 + count, timeout) > 0;
	if (sender_busy(submit->parts->sender))
		transfer_continue(submit, fds + 1, readable ? count : 0);
	/* sending first: the broker works while this program reads */
	if (!only_spooling(submit))
		next_send(submit);
	if (readable && fds[0].revents != 0)
		intake_read(&submit->intake, &submit->results);
	if (only_spooling(submit))
		store_put(&submit->store, &submit->intake.queue);
	if (stop_wanted(submit) && !submit->stopping)
		stop_begin(submit);
}

static bool all_sent(const struct submit *submit)
{
	return submit->intake.ended && submit->intake.queue.first == NULL &&
	       submit->store.taken.first == NULL && !store_waits(&submit->store);
}

static bool is_over(const struct submit *submit)
{
	if (all_sent(submit) || (submit->stopping && clock_monotonic() >= submit->stop_at))
		return true;
	if (!submit->outage.given_up)
		return false;
	return submit->store.spool == NULL || submit->intake.ended || submit->locked_out ||
	       (only_spooling(submit) && submit->store.refuses);
}

/* The log lines at the end. */
static void conclude(const struct submit *submit, bool endless)
{
	const struct store *store = &submit->store;

	if (endless)
		log_info("stopped: %" PRIu64 " accepted, %" PRIu64 " refused",
			submit->results.accepted, submit->results.refused);
	if (submit->intake.cut)
		log_warning("stopped before the end of %s", source_name(submit->intake.source));
	if (store->kept > 0)
		log_warning("%zu event%s kept in %s", store->kept, store->kept == 1 ? "" : "s",
			spool_path(store->spool));
	if (submit->intake.queue.first != NULL)
		results_undelivered(&submit->intake.queue, sender_urls(submit->parts->sender),
			submit->intake.ended);
}

static int exit_code(const struct submit *submit)
{
	const struct source *source = submit->intake.source;

	if (submit->intake.queue.first != NULL)
		return EX_UNAVAILABLE;
	if (source != NULL && source_unreadable(source))
		return EX_NOINPUT;
	if (submit->results.refused + store_damaged(&submit->store) > 0 && !submit->stopping)
		return EX_DATAERR;
	if (store_holds(&submit->store) || submit->locked_out)
		return EX_TEMPFAIL;
	return submit->parts->spoolless && !submit->stopping ? EX_CANTCREAT : 0;
}

/* Waits for the spool's lock: without it, sending would overtake the events in the spool. */
static void spool_begin(struct submit *submit)
{
	nsec retry_limit = submit->parts->retry_limit;
	nsec began = clock_monotonic();
	nsec until = retry_limit == NSEC_NEVER ? NSEC_NEVER : began + retry_limit;

	if (!store_lock(&submit->store, until, stop_wanted, submit)) {
		submit->locked_out = true;
		submit->outage.given_up = true;
		if (submit->stop_wanted)
			stop_begin(submit);
		store_put(&submit->store, &submit->intake.queue);
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
		queue_append(&submit->intake.queue, &event, parts->event, strlen(parts->event));
	intake_begin(&submit->intake, &submit->results);
	if (parts->spool != NULL)
		spool_begin(submit);
}

int submit_run(const struct submit_parts *parts)
{
	struct submit submit = {
		.parts = parts,
		.intake.source = parts->source,
		.store.spool = parts->spool,
		.results.verbose = parts->verbose,
	};
	bool endless = intake_endless(&submit.intake);

	begin(&submit);
	while (!is_over(&submit)) {
		if (!only_spooling(&submit))
			next_send(&submit);
		if (!is_over(&submit))
			wait_and_handle(&submit);
	}
	store_put(&submit.store, &submit.intake.queue);
	store_return(&submit.store);
	conclude(&submit, endless);
	int code = exit_code(&submit);
	queue_clear(&submit.intake.queue);
	batch_clear(&submit.batch);
	return code;
}
