/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/delivery.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/delivery/alone.h"
#include "httpbroker/delivery/desk.h"
#include "httpbroker/delivery/handover.h"
#include "httpbroker/delivery/leaving.h"
#include "httpbroker/delivery/pressure.h"
#include "httpbroker/limits.h"
#include "httpbroker/redis/link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

/* What was asked of Redis last. */
#define RETRY_WAIT NSEC_PER_SEC /* until what Redis refused of a commit is tried again */

enum asked { ASKED_NOTHING, ASKED_STATES, ASKED_HANDOVER, ASKED_LENGTH, ASKED_TO_TAKE };

struct delivery {
	struct inbox *inbox;
	pthread_t thread;
	_Atomic nsec stop_at; /* when to give up; NSEC_NEVER: not stopping */
	struct status_board board;
	struct histogram commits; /* how long they took */

	/* the thread's own */
	struct keys keys;
	struct link *link; /* NULL: there is no Redis, and all the link would do is not done */
	struct books books;
	struct reader *reader;
	struct backlog *backlog;
	struct desk *desk;
	struct handover handover;
	struct leaving leaving;
	struct pressure pressure;
	enum asked asked;
	nsec commit_at;         /* when the last commit was begun */
	bool commit_next;       /* a question was asked just now */
	uint64_t unreadable;    /* events that others have handed over */
	nsec retry_at;          /* for what Redis has refused of commits */
	unsigned rewrite;       /* the next shard whose records are written again */
	nsec count_at;          /* when to log the number of states */
	unsigned last_failures; /* of the link, when stopping began */
	bool stopping, releasing;
	struct delivery_status status; /* as it is published */
};

static const struct session *session_of(const struct delivery *delivery)
{
	return link_session(delivery->link);
}

static bool is_active(const struct delivery *delivery)
{
	return session_role(session_of(delivery)) == SESSION_ACTIVE;
}

static bool repeats_go(const struct delivery *delivery)
{
	return is_active(delivery) && link_serves(delivery->link) && !delivery->pressure.paused &&
	       (outbox_refused(delivery->books.outbox) & COMMIT_PUSHES) == 0;
}

static struct recall recall_make(const struct delivery *delivery, struct moment now)
{
	return (struct recall){delivery->books.flapjack, session_clock(session_of(delivery)), now};
}

static void active_begin(struct delivery *delivery, struct moment now)
{
	log_info("active: this broker repeats, and takes events");
	desk_reopen(delivery->desk);
	books_reset(&delivery->books, now);
	handover_begin(&delivery->handover, now.monotonic);
	link_content(delivery->link, now.monotonic);
	delivery->rewrite = STATES_SHARDS;
	if (delivery->books.persistent)
		reader_begin(delivery->reader, now.monotonic);
}

static void standby_begin(struct delivery *delivery, struct moment now)
{
	log_info("standing by: %s is active", session_holder(session_of(delivery)));
	desk_drop(delivery->desk, "another broker is the active one");
	desk_reopen(delivery->desk);
	books_reset(&delivery->books, now);
	handover_free(&delivery->handover);
	link_content(delivery->link, now.monotonic);
	reader_finish(delivery->reader);
}

static void rewrite_begin(struct delivery *delivery)
{
	log_warning("Redis has lost what it had: writing all states again");
	delivery->rewrite = 0;
	if (!reader_complete(delivery->reader))
		reader_interrupt(delivery->reader);
}

static void turn_work(struct delivery *delivery, struct moment now)
{
	switch (link_turned(delivery->link)) {
	case TURN_NONE:
		return;
	case TURN_REWOUND:
		rewrite_begin(delivery);
		return;
	case TURN_ANEW:
		active_begin(delivery, now);
		return;
	case TURN_STANDBY:
		standby_begin(delivery, now);
		return;
	}
}

static void length_hear(struct delivery *delivery, int64_t length, nsec now)
{
	delivery->status.queue_length = length;
	switch (pressure_hear(&delivery->pressure, length, now)) {
	case PRESSURE_SAME:
		return;
	case PRESSURE_PAUSES:
		log_warning("the queue has %" PRId64 " events, more than %" PRId64
			    ": repeats pause until somebody takes them",
			length, delivery->pressure.most);
		return;
	case PRESSURE_RESUMES:
		log_info("the queue has %" PRId64 " events: repeats go on", length);
		return;
	}
}

static void states_hear(struct delivery *delivery, const redisReply *reply, struct moment now)
{
	const struct recall recall = recall_make(delivery, now);
	struct reason why;

	if (!reader_take(delivery->reader, reply, &recall, delivery->books.ledger, &why))
		link_refuse(delivery->link, why.text, now.monotonic);
}

/* The other broker has it now, or soon. */
static void taken_hear(struct delivery *delivery, const redisReply *reply, nsec now)
{
	struct reason why;

	if (!leaving_take(&delivery->leaving, delivery->backlog, reply, &why))
		link_refuse(delivery->link, why.text, now);
	else if (backlog_count(delivery->backlog) == 0)
		log_info("all that was answered 202 was handed over");
}

static void answer_hear(struct delivery *delivery, const redisReply *reply, struct moment now)
{
	const struct recall recall = recall_make(delivery, now);

	switch (delivery->asked) {
	case ASKED_NOTHING:
		return;
	case ASKED_STATES:
		states_hear(delivery, reply, now);
		return;
	case ASKED_HANDOVER:
		delivery->unreadable += handover_take(&delivery->handover, reply, &recall);
		return;
	case ASKED_LENGTH:
		if (reply->type == REDIS_REPLY_INTEGER)
			length_hear(delivery, reply->integer, now.monotonic);
		return;
	case ASKED_TO_TAKE:
		taken_hear(delivery, reply, now.monotonic);
		return;
	}
}

/* Where the connection broke, what was asked is not answered any more. */
static void answer_work(struct delivery *delivery, struct moment now)
{
	struct redisReply *reply = link_answer(delivery->link);

	if (reply != NULL)
		answer_hear(delivery, reply, now);
	else if (delivery->asked == ASKED_STATES && !session_busy(session_of(delivery)))
		reader_interrupt(delivery->reader);
	if (reply != NULL || !session_busy(session_of(delivery)))
		delivery->asked = ASKED_NOTHING;
	if (reply != NULL)
		freeReplyObject(reply);
}

/* What stood in the place of the records may have taken all of them along. */
static void refusals_see(struct delivery *delivery, unsigned before, unsigned refused, nsec now)
{
	unsigned left = outbox_refused(delivery->books.outbox);

	if (refused != 0) {
		link_complain(delivery->link, refused, now);
		delivery->retry_at = now + RETRY_WAIT;
	} else if (left == 0) {
		link_content(delivery->link, now);
	}
	if ((before & ~left & COMMIT_RECORDS) != 0)
		rewrite_begin(delivery);
}

static void applied_take(struct delivery *delivery, struct commit *applied, nsec now)
{
	struct outbox *outbox = delivery->books.outbox;
	uint64_t pushes = outbox_done(outbox).pushes;
	unsigned before = outbox_refused(outbox), refused = applied->refused;

	outbox_applied(outbox, applied);
	delivery->status.pushed += outbox_done(outbox).pushes - pushes;
	histogram_add(&delivery->commits, now - delivery->commit_at);
	refusals_see(delivery, before, refused, now);
}

static void redis_work(struct delivery *delivery, struct moment now)
{
	link_step(delivery->link, now);
	struct commit *applied = link_applied(delivery->link);
	if (applied != NULL)
		applied_take(delivery, applied, now.monotonic);
	desk_commit(delivery->desk); /* before what is left may be given away */
	if (applied != NULL && applied->queue_length >= 0)
		length_hear(delivery, applied->queue_length, now.monotonic);
	answer_work(delivery, now);
	turn_work(delivery, now);
}

static void ask(struct delivery *delivery, enum asked what, const char *const *words,
	const struct resp_list *list, nsec now)
{
	delivery->asked = what;
	delivery->commit_next = true;
	link_ask(delivery->link, words, list, now);
}

static void states_ask(struct delivery *delivery, nsec now)
{
	const char *words[READER_WORDS];
	const struct resp_list *list = reader_question(delivery->reader, &delivery->keys, words);

	ask(delivery, ASKED_STATES, words, list, now);
}

/* What was answered 202 is for the active one. */
static bool leaving_ask(struct delivery *delivery, nsec now)
{
	struct resp_list list = {{NULL, 0, 0}, 0};
	const char *words[LEAVING_WORDS];
	bool asks = leaving_question(&delivery->leaving, delivery->backlog, words, &list);

	if (asks)
		ask(delivery, ASKED_TO_TAKE, words, &list, now);
	resp_free(&list);
	return asks;
}

static bool question_begin(struct delivery *delivery, nsec now)
{
	bool looks = handover_looks(&delivery->handover, &delivery->books, now);

	if (leaving_is_open(&delivery->leaving))
		return leaving_ask(delivery, now); /* and then found among what others have left */
	if (delivery->stopping && desk_is_empty(delivery->desk))
		return false; /* only what is still to be judged needs an answer */
	if (!reader_complete(delivery->reader) && (delivery->handover.settled || !looks))
		states_ask(delivery, now);
	else if (looks)
		ask(delivery, ASKED_HANDOVER, HANDOVER_QUESTION(&delivery->keys), NULL, now);
	else if (pressure_asks(&delivery->pressure, now)) {
		pressure_asked(&delivery->pressure, now);
		ask(delivery, ASKED_LENGTH, RESP_WORDS("LLEN", delivery->keys.queue), NULL, now);
	} else {
		return false;
	}
	return true;
}

static bool commit_begin(struct delivery *delivery, struct moment now)
{
	struct commit *commit =
		outbox_take(delivery->books.outbox, session_clock(session_of(delivery)));

	delivery->commit_next = false;
	delivery->commit_at = now.monotonic;
	if (commit != NULL)
		link_commit(delivery->link, commit, now);
	return commit != NULL;
}

/* Commits and questions in turn, so that neither waits for the end of the others. */
static void active_say(struct delivery *delivery, struct moment now)
{
	if (delivery->commit_next && commit_begin(delivery, now))
		return;
	if (!question_begin(delivery, now.monotonic))
		commit_begin(delivery, now);
}

static void redis_say(struct delivery *delivery, struct moment now)
{
	if (session_ready(session_of(delivery)))
		active_say(delivery, now);
	else if (session_rests(session_of(delivery)) && !is_active(delivery))
		leaving_ask(delivery, now.monotonic);
}

static void retry_begin(struct delivery *delivery)
{
	outbox_retry(delivery->books.outbox);
	delivery->retry_at = NSEC_NEVER;
}

static bool records_wait(const struct outbox *outbox)
{
	return outbox_marks(outbox).records != outbox_done(outbox).records;
}

/* One shard at a time that has any states, when the records of the one before are written. */
static void rewrite_work(struct delivery *delivery)
{
	while (delivery->rewrite < STATES_SHARDS && !records_wait(delivery->books.outbox))
		ledger_rewrite(delivery->books.ledger, delivery->rewrite++);
}

static void active_work(struct delivery *delivery, struct moment now)
{
	reader_want_none(delivery->reader);
	handover_judge(&delivery->handover, &delivery->books, delivery->reader, now);
	if (delivery->handover.settled)
		desk_judge(delivery->desk, now);
	if (now.monotonic >= delivery->retry_at)
		retry_begin(delivery);
	delivery->status.repeats += ledger_turn(delivery->books.ledger, repeats_go(delivery), now);
	rewrite_work(delivery);
}

static void count_work(struct delivery *delivery, nsec now)
{
	if (now < delivery->count_at)
		return;
	log_debug("Number of cached states: %zu", states_count(delivery->books.states));
	delivery->count_at = now + delivery->books.interval;
}

static enum delivery_role role_of(const struct delivery *delivery)
{
	static const enum delivery_role roles[] = {
		[SESSION_STARTS] = DELIVERY_STARTS,
		[SESSION_ACTIVE] = DELIVERY_ACTIVE,
		[SESSION_STANDS_BY] = DELIVERY_STANDS_BY,
	};

	return roles[session_role(session_of(delivery))];
}

static void redis_look(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	bool up = !link_away(delivery->link) && status->role != DELIVERY_STARTS;

	if (up != status->redis_up)
		status->redis_since = now;
	status->redis_up = up;
	snprintf(status->redis_why, sizeof status->redis_why, "%s",
		up ? "" : link_why(delivery->link));
}

static void status_work(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	struct marks made = outbox_marks(delivery->books.outbox);
	struct marks done = outbox_done(delivery->books.outbox);
	enum delivery_role role = role_of(delivery);

	if (role != status->role)
		status->role_since = now;
	status->role = role;
	redis_look(delivery, now);
	status->repeats_paused = delivery->pressure.paused;
	status->loading = !reader_complete(delivery->reader);
	status->loaded = reader_loaded(delivery->reader);
	status->to_load = reader_to_load(delivery->reader);
	status->unreadable = reader_unreadable(delivery->reader) + delivery->unreadable;
	status->pending = made.pushes - done.pushes + desk_count(delivery->desk);
	status_publish(&delivery->board, status);
}

static bool is_busy(const struct delivery *delivery)
{
	return session_busy(session_of(delivery)) && !link_away(delivery->link);
}

static void delivery_work(struct delivery *delivery, struct moment now)
{
	redis_work(delivery, now);
	if (!is_busy(delivery) || !reader_complete(delivery->reader))
		desk_take(delivery->desk, inbox_take(delivery->inbox), now.monotonic);
	if (role_of(delivery) == DELIVERY_STANDS_BY)
		desk_drop(delivery->desk, "another broker is the active one");
	if (is_active(delivery))
		active_work(delivery, now);
	redis_say(delivery, now);
	desk_commit(delivery->desk);
	desk_keep(delivery->desk, link_away(delivery->link) && !delivery->stopping, now.monotonic);
	status_work(delivery, now.monotonic);
	if (log_enabled(LOG_LEVEL_DEBUG))
		count_work(delivery, now.monotonic);
}

static nsec question_deadline(const struct delivery *delivery)
{
	nsec next = NSEC_NEVER;

	if (!session_ready(session_of(delivery)))
		return NSEC_NEVER;
	if (delivery->handover.found == 0)
		next = delivery->handover.look_at;
	if (delivery->pressure.paused)
		next = nsec_earlier(next, delivery->pressure.ask_at);
	return next;
}

static nsec next_work(const struct delivery *delivery)
{
	nsec next = nsec_earlier(link_deadline(delivery->link), desk_deadline(delivery->desk));

	if (is_active(delivery))
		next = nsec_earlier(nsec_earlier(next, delivery->retry_at),
			ledger_next(delivery->books.ledger, repeats_go(delivery)));
	next = nsec_earlier(next, question_deadline(delivery));
	if (log_enabled(LOG_LEVEL_DEBUG))
		next = nsec_earlier(next, delivery->count_at);
	return nsec_earlier(next, atomic_load(&delivery->stop_at));
}

static void delivery_sleep(struct delivery *delivery)
{
	bool busy = is_busy(delivery) && reader_complete(delivery->reader);
	struct pollfd fds[2] = {{.fd = inbox_fd(delivery->inbox), .events = POLLIN}};
	struct timespec timeout;

	if (!busy && next_work(delivery) != 0 && !inbox_listen(delivery->inbox))
		return;
	link_poll(delivery->link, &fds[1]);
	if (ppoll(fds, 2, clock_timeout(clock_monotonic(), next_work(delivery), &timeout), NULL) >
			0 &&
		fds[0].revents != 0)
		inbox_awake(delivery->inbox);
}

/* The inbox is closed now, but was not yet emptied for the last time. */
static void stopping_begin(struct delivery *delivery)
{
	struct moment now = moment_now();

	delivery->stopping = true;
	delivery->last_failures = link_failures(delivery->link);
	link_hurry(delivery->link, now.monotonic);
	retry_begin(delivery);
	desk_take(delivery->desk, inbox_take(delivery->inbox), now.monotonic);
	delivery_work(delivery, now);
}

/* Whether there is nothing but what Redis refuses. */
static bool is_refused(const struct outbox *outbox)
{
	return outbox_refused(outbox) != 0 && !outbox_waits(outbox);
}

/* Whether everything that was accepted is where it belongs. */
static bool all_is_done(const struct delivery *delivery)
{
	if (!is_active(delivery))
		return backlog_count(delivery->backlog) == 0 && desk_is_empty(delivery->desk);
	return desk_is_empty(delivery->desk) &&
	       (outbox_is_empty(delivery->books.outbox) || is_refused(delivery->books.outbox));
}

/* Then the lease is given up, so that a broker that stands by need not wait until it runs out. */
static bool release_is_over(struct delivery *delivery)
{
	if (!is_active(delivery) || session_released(session_of(delivery)))
		return true;
	if (!delivery->releasing && session_ready(session_of(delivery))) {
		link_release(delivery->link, moment_now());
		delivery->releasing = true;
	}
	return false;
}

static bool delivery_is_over(struct delivery *delivery, nsec now)
{
	nsec stop_at = atomic_load(&delivery->stop_at);

	if (stop_at == NSEC_NEVER)
		return false;
	if (!delivery->stopping)
		stopping_begin(delivery);
	return now >= stop_at || link_failures(delivery->link) != delivery->last_failures ||
	       (all_is_done(delivery) && release_is_over(delivery));
}

static void loss_tell(const struct delivery *delivery)
{
	struct marks made = outbox_marks(delivery->books.outbox);
	struct marks done = outbox_done(delivery->books.outbox);
	size_t events = backlog_unjudged(delivery->backlog);
	size_t states = delivery->books.persistent ? backlog_unjudged_checks(delivery->backlog) : 0;

	if (events > 0 || !marks_reached(&done, &made))
		log_error("stopping %s: %" PRIu64 " events were not delivered and %" PRIu64
			  " states not written",
			is_refused(delivery->books.outbox) && link_serves(delivery->link)
				? "while Redis refuses some of it"
				: "without Redis",
			made.pushes - done.pushes + events, made.records - done.records + states);
}

static void *delivery_run(void *argument)
{
	struct delivery *delivery = argument;

	do {
		delivery_sleep(delivery);
		delivery_work(delivery, moment_now());
	} while (!delivery_is_over(delivery, clock_monotonic()));
	desk_take(delivery->desk, inbox_take(delivery->inbox), clock_monotonic());
	loss_tell(delivery);
	desk_drop(delivery->desk, "the broker is stopping");
	return NULL;
}

static void *delivery_run_alone(void *argument)
{
	struct delivery *delivery = argument;

	alone_run(&(struct alone){delivery->inbox, &delivery->books, delivery->desk,
		&delivery->board, &delivery->stop_at});
	return NULL;
}

static void random_fill(void *out, size_t size)
{
	if (getentropy(out, size) != 0)
		die(EX_OSERR, "no random numbers: %s", strerror(errno));
}

static void token_make(char token[BATCH_TOKEN + 1])
{
	uint64_t random;

	random_fill(&random, sizeof random);
	snprintf(token, BATCH_TOKEN + 1, "%016" PRIx64, random);
}

static struct link *link_make(const struct delivery_settings *settings,
	const struct delivery *delivery, const char token[BATCH_TOKEN + 1], nsec now)
{
	struct link_settings link = {
		.server = settings->server,
		.session =
			{
				.greeter = {settings->password, settings->database},
				.keys = &delivery->keys,
				.place = settings->place,
				.grace = settings->grace,
			},
		.wake_fd = inbox_fd(delivery->inbox),
	};

	memcpy(link.session.token, token, sizeof link.session.token);
	return link_new(&link, now);
}

static void parts_make(struct delivery *delivery, const struct delivery_settings *settings,
	struct states *states, struct moment now)
{
	struct siphash_key key;

	random_fill(&key, sizeof key);
	delivery->books = (struct books){
		.states = states,
		.interval = settings->interval,
		.most = settings->alone ? SIZE_MAX : (size_t)settings->max_pending,
		.most_states = settings->max_states,
		.flapjack = settings->flapjack,
		.persistent = settings->persistent && !settings->alone,
		.stale_as = settings->stale_as,
		.forget_after = settings->forget_after,
	};
	books_open(&delivery->books, now);
	delivery->reader = reader_new(&key);
	delivery->backlog = backlog_new((size_t)settings->max_pending, &key);
	delivery->desk = desk_new(&delivery->books, delivery->reader, delivery->backlog);
	delivery->pressure =
		(struct pressure){.most = settings->max_queue, .interval = settings->interval};
	delivery->rewrite = STATES_SHARDS;
	delivery->retry_at = NSEC_NEVER;
}

struct delivery *delivery_start(const struct delivery_settings *settings, struct states *states)
{
	struct delivery *delivery = memory_zeroed(1, sizeof *delivery);
	struct moment now = moment_now();
	char token[BATCH_TOKEN + 1];

	atomic_init(&delivery->stop_at, NSEC_NEVER);
	status_init(&delivery->board, now.monotonic);
	delivery->status = status_read(&delivery->board);
	keys_init(&delivery->keys, settings->name, settings->queue, settings->flapjack);
	delivery->inbox = inbox_new();
	parts_make(delivery, settings, states, now);
	token_make(token);
	leaving_init(&delivery->leaving, &delivery->keys, token);
	if (!settings->alone)
		delivery->link = link_make(settings, delivery, token, now.monotonic);
	int error = pthread_create(&delivery->thread, NULL,
		settings->alone ? delivery_run_alone : delivery_run, delivery);
	if (error != 0)
		die(EX_OSERR, "cannot start a thread: %s", strerror(error));
	return delivery;
}

struct delivery_status delivery_status(struct delivery *delivery)
{
	return status_read(&delivery->board);
}

enum delivery_role delivery_role(struct delivery *delivery)
{
	return status_role(&delivery->board);
}

const struct histogram *delivery_commits(const struct delivery *delivery)
{
	return &delivery->commits;
}

bool delivery_submit(struct delivery *delivery, struct submission *submission)
{
	return inbox_put(delivery->inbox, submission);
}

void delivery_stop(struct delivery *delivery, nsec patience)
{
	inbox_close(delivery->inbox);
	atomic_store(&delivery->stop_at, clock_monotonic() + patience);
	inbox_wake(delivery->inbox);
	pthread_join(delivery->thread, NULL);
}

void delivery_free(struct delivery *delivery)
{
	if (delivery->link != NULL)
		link_free(delivery->link);
	desk_free(delivery->desk);
	handover_free(&delivery->handover);
	leaving_free(&delivery->leaving);
	backlog_free(delivery->backlog);
	reader_free(delivery->reader);
	books_close(&delivery->books);
	keys_free(&delivery->keys);
	inbox_free(delivery->inbox);
	status_free(&delivery->board);
	free(delivery);
}
