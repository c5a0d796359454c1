/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/consumer.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "httpbroker/notify/input.h"
#include "httpbroker/notify/notify.h"
#include "httpbroker/notify/store.h"
#include "httpbroker/redis/client.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>
#include <utlist.h>

/* Of one BLMOVE: meanwhile neither is the lease renewed nor a notification listed. */
#define WAIT_MAX (NSEC_PER_SEC / 2)
#define WAIT_MIN (NSEC_PER_SEC / 100)

#define COUNT_INTERVAL NSEC_PER_SEC /* between the counts of an output's list */

enum query { QUERY_NONE, QUERY_LOAD, QUERY_EVENTS, QUERY_WAIT, QUERY_COUNT };

struct consumer {
	struct notify *notify;
	struct keys keys;
	int wake_fd;
	struct redis *redis;
	bool active;        /* first it loads, then it runs */
	enum query query;   /* whose reply is awaited; QUERY_NONE: none, or it is of no use */
	enum query refused; /* whose reply was, and none was applied since; QUERY_NONE: none */
	char asked[700];    /* its command and key, for messages */
	struct load load;
	bool empty;             /* the queue was empty: wait for it */
	redisReply *taken;      /* the events that were judged, and are not trimmed yet */
	struct commit *commit;  /* in flight */
	int64_t length;         /* of the queue */
	int64_t records;        /* of problems, by the last commit; -1: not known */
	uint64_t number;        /* of events taken, for messages */
	struct output *counted; /* whose list was counted last, */
	nsec count_at;          /* and when the next one is */
	struct log_limit foreign, losses;
};

static struct session *session_of(const struct consumer *consumer)
{
	return redis_session(consumer->redis);
}

struct consumer *consumer_new(struct notify *notify, nsec now)
{
	struct consumer *consumer = memory_zeroed(1, sizeof *consumer);
	const struct options *options = notify->options;
	char host[HOST_NAME_MAX + 1] = "", place[sizeof host + 32];
	struct output *output;

	gethostname(host, sizeof host - 1);
	snprintf(place, sizeof place, "%s pid:%ld", host, (long)getpid());
	consumer->notify = notify;
	consumer->length = consumer->records = -1;
	consumer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (consumer->wake_fd < 0)
		die(EX_OSERR, "no eventfd");
	keys_init(&consumer->keys, "httpbroker-notify", options->name, options->queue, 2);
	notify->judge.problems.states = consumer->keys.checks;
	LL_FOREACH(notify->outputs, output)
		output->key = memory_printed(
			"httpbroker-notify:%s:output:%s", options->name, output->name);
	consumer->counted = notify->outputs;
	struct redis_settings settings = {
		.place = options->redis.place,
		.session =
			{
				.login = {.user = options->redis.user,
					.password = options->redis.password,
					.database = options->redis.database},
				.keys = &consumer->keys,
				.place = place,
				.persistent = true,
			},
		.meanwhile = "no events are read",
		.unconfirmed = "after a failover some may be sent twice",
		.wake_fd = consumer->wake_fd,
	};
	snprintf(settings.session.token, sizeof settings.session.token, "%08x%08x", random_number(),
		random_number());
	consumer->redis = redis_new(&settings, now);
	return consumer;
}

static void taken_drop(struct consumer *consumer)
{
	freeReplyObject(consumer->taken);
	consumer->taken = NULL;
}

void consumer_free(struct consumer *consumer)
{
	if (consumer == NULL)
		return;
	taken_drop(consumer);
	commit_free(consumer->commit);
	redis_free(consumer->redis);
	keys_free(&consumer->keys);
	close(consumer->wake_fd);
	free(consumer);
}

/* ---- roles ---- */

static void forget_all(struct consumer *consumer)
{
	struct notify *notify = consumer->notify;
	struct output *output;

	LL_FOREACH(notify->outputs, output) {
		output->type->reset(output);
		queue_clear(&output->queue);
	}
	problems_clear(&notify->judge.problems);
	taken_drop(consumer);
	consumer->query = QUERY_NONE;
	commit_free(consumer->commit);
	consumer->commit = NULL;
	consumer->records = -1;
}

static void all_rewrite(struct consumer *consumer, struct moment now)
{
	log_limited(&consumer->losses, now.monotonic, log_warning,
		"Redis has lost what it had: writing all problems and notifications again");
	store_rewrite(consumer->notify, now);
	consumer->records = -1;
}

/* A list may have been deleted, or shortened, while notifications wait in it. */
static bool list_check(struct consumer *consumer, const redisReply *reply, struct moment now)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return false;
	if ((size_t)reply->integer < queue_listed(&consumer->counted->queue))
		all_rewrite(consumer, now);
	return true;
}

/* Each commit and renewal counts the problems: their key may have been deleted or evicted. */
static void records_check(struct consumer *consumer, struct moment now)
{
	int64_t there = session_records(session_of(consumer));

	if (there >= 0 && there < consumer->records)
		all_rewrite(consumer, now);
}

static void role_change_apply(struct consumer *consumer, struct moment now)
{
	switch (session_role_change(session_of(consumer))) {
	case CHANGE_NONE:
		return;
	case CHANGE_DATA_LOST:
		all_rewrite(consumer, now);
		return;
	case CHANGE_BECAME_ACTIVE:
		forget_all(consumer);
		consumer->active = true;
		load_begin(&consumer->load, consumer->notify);
		return;
	case CHANGE_STANDBY:
		log_info("standing by: %s is active", session_holder(session_of(consumer)));
		forget_all(consumer);
		consumer->active = false;
		return;
	}
}

/* ---- loading ---- */

static void problems_give(const struct notify *notify, struct output *output)
{
	const struct problem *problem;

	DL_FOREACH(notify->judge.problems.heard, problem) {
		struct notification notification = judge_problem(problem, problem->since);

		if (problem->told != STATE_OK)
			output->type->problem(output, &notification);
	}
}

static void load_end(struct consumer *consumer, struct moment now)
{
	struct notify *notify = consumer->notify;
	struct output *output;

	consumer->empty = false;
	consumer->records = (int64_t)problems_count(&notify->judge.problems);
	problems_sort(&notify->judge.problems);
	judge_resume(&notify->judge, now);
	LL_FOREACH(notify->outputs, output)
		if (output->type->problem != NULL)
			problems_give(notify, output);
	log_info("active: takes events from %s; lasting problems: %zu", consumer->keys.queue,
		problems_count(&notify->judge.problems));
}

/* ---- events ---- */

static bool events_judge(struct consumer *consumer, redisReply *reply, struct moment now)
{
	char place[600];

	if (!reply_is_texts(reply))
		return false;
	snprintf(place, sizeof place, "queue %s, event", consumer->keys.queue);
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *element = reply->element[i];
		char *copy = memory_zeroed(1, (size_t)element->len + 1);

		/* the reader may change it, and the first and last are compared later */
		memcpy(copy, element->str, (size_t)element->len);
		event_take(consumer->notify, copy, (size_t)element->len, place, ++consumer->number,
			now);
		free(copy);
	}
	consumer->empty = reply->elements == 0;
	return true;
}

static void commit_apply(struct consumer *consumer, nsec now)
{
	struct commit *commit = session_applied(session_of(consumer));

	if (commit == NULL)
		return;
	store_committed(consumer->notify);
	int64_t length = commit->script_result;
	bool foreign = length < -1;
	if (foreign)
		log_limited(&consumer->foreign, now, log_error,
			"another program takes events from %s as well: some may be lost, or sent "
			"twice; end it, or give it another queue",
			consumer->keys.queue);
	consumer->length = foreign ? -2 - length : length;
	commit_free(commit);
	consumer->commit = NULL;
}

static bool reply_apply(struct consumer *consumer, redisReply *reply, struct moment now)
{
	struct notify *notify = consumer->notify;

	switch (consumer->query) {
	case QUERY_LOAD:
		if (!load_read(&consumer->load, notify, &consumer->keys, reply, now))
			return false;
		if (load_is_complete(&consumer->load))
			load_end(consumer, now);
		return true;
	case QUERY_EVENTS:
		return events_judge(consumer, reply, now);
	case QUERY_WAIT:
		consumer->empty = reply->type != REDIS_REPLY_STRING;
		return reply->type != REDIS_REPLY_ERROR;
	case QUERY_COUNT:
		return list_check(consumer, reply, now);
	case QUERY_NONE:
		break;
	}
	return true;
}

static void reply_work(struct consumer *consumer, struct moment now)
{
	redisReply *reply = redis_reply(consumer->redis);
	enum query query = consumer->query;
	struct reason why;

	if (reply == NULL && session_busy(session_of(consumer)))
		return;
	if (reply == NULL) { /* none is awaited, or it is lost with its connection */
		consumer->query = QUERY_NONE;
		return;
	}
	bool applied = reply_apply(consumer, reply, now);
	consumer->refused = applied ? QUERY_NONE : query;
	if (!applied) {
		reply_refuse(reply, consumer->asked, "", &why);
		redis_reject(consumer->redis, why.text, now.monotonic);
	}
	consumer->query = QUERY_NONE;
	/* events of a reply that is refused stay in the queue */
	if (applied && query == QUERY_EVENTS && reply->elements > 0)
		consumer->taken = reply;
	else
		freeReplyObject(reply);
}

void consumer_receive(struct consumer *consumer, struct moment now)
{
	eventfd_t ignored;

	eventfd_read(consumer->wake_fd, &ignored);
	redis_step(consumer->redis, now);
	commit_apply(consumer, now.monotonic);
	records_check(consumer, now);
	reply_work(consumer, now);
	role_change_apply(consumer, now);
}

/* ---- what is sent ---- */

static void query_send(
	struct consumer *consumer, enum query query, const char *const *words, nsec now)
{
	consumer->query = query;
	bool script = strcmp(words[0], "EVAL") == 0;
	snprintf(consumer->asked, sizeof consumer->asked, "%s %s", words[0],
		script ? words[3] : words[1]);
	redis_query(consumer->redis, words, NULL, now);
}

/* False: there is nothing to commit. */
static bool commit_send(struct consumer *consumer, struct moment now)
{
	consumer->commit = store_commit(consumer->notify, consumer->taken);
	if (consumer->commit == NULL)
		return false;
	taken_drop(consumer);
	consumer->records = (int64_t)problems_count(&consumer->notify->judge.problems);
	redis_commit(consumer->redis, consumer->commit, now);
	return true;
}

static void load_send(struct consumer *consumer, nsec now)
{
	const char *words[LOAD_WORDS];

	load_command(&consumer->load, &consumer->keys, words);
	query_send(consumer, QUERY_LOAD, words, now);
}

/* Until an event comes, or a timer of the judge is due. */
static void wait_send(struct consumer *consumer, nsec now)
{
	const char *queue = consumer->keys.queue;
	nsec left = judge_deadline(&consumer->notify->judge) - now;
	char timeout[32];

	left = left > WAIT_MAX ? WAIT_MAX : left < WAIT_MIN ? WAIT_MIN : left;
	snprintf(timeout, sizeof timeout, "%.3f", (double)left / NSEC_PER_SEC);
	query_send(consumer, QUERY_WAIT,
		RESP_WORDS("BLMOVE", queue, queue, "RIGHT", "RIGHT", timeout), now);
}

/* A count that works does not show that Redis does what it refused: that comes first. */
static bool count_is_due(const struct consumer *consumer, nsec now)
{
	if (consumer->refused != QUERY_NONE)
		return consumer->refused == QUERY_COUNT;
	return now >= consumer->count_at;
}

/* The list of one output after another; one that is refused again. */
static void count_send(struct consumer *consumer, nsec now)
{
	struct output *next = consumer->counted->next;

	if (consumer->refused != QUERY_COUNT)
		consumer->counted = next != NULL ? next : consumer->notify->outputs;
	consumer->count_at = now + COUNT_INTERVAL;
	query_send(consumer, QUERY_COUNT, RESP_WORDS("LLEN", consumer->counted->key), now);
}

void consumer_send(struct consumer *consumer, bool under_way, struct moment now)
{
	bool stops = consumer->notify->phase.stopping;

	if (!session_ready(session_of(consumer)) || !consumer->active)
		return;
	if (!load_is_complete(&consumer->load))
		load_send(consumer, now.monotonic);
	else if (count_is_due(consumer, now.monotonic))
		count_send(consumer, now.monotonic);
	else if (commit_send(consumer, now))
		return;
	else if (stops && !under_way)
		redis_release(consumer->redis, now);
	else if (stops)
		return;
	else if (consumer->empty)
		wait_send(consumer, now.monotonic);
	else
		query_send(consumer, QUERY_EVENTS,
			RESP_WORDS("EVAL", take_script, "1", consumer->keys.queue), now.monotonic);
}

bool consumer_runs(const struct consumer *consumer, nsec now)
{
	return consumer->active && load_is_complete(&consumer->load) &&
	       now < session_outlived_at(session_of(consumer));
}

bool consumer_released(const struct consumer *consumer)
{
	return session_released(session_of(consumer)) || !consumer->active;
}

size_t consumer_poll(const struct consumer *consumer, struct pollfd *fds)
{
	fds[0] = (struct pollfd){.fd = consumer->wake_fd, .events = POLLIN};
	redis_poll(consumer->redis, &fds[1]);
	return CONSUMER_FDS;
}

nsec consumer_deadline(const struct consumer *consumer)
{
	return redis_deadline(consumer->redis);
}

int64_t consumer_queue_length(const struct consumer *consumer)
{
	return consumer->length;
}

const char *consumer_role(const struct consumer *consumer)
{
	static const char *const roles[] = {
		[SESSION_STARTS] = "starting",
		[SESSION_ACTIVE] = "active",
		[SESSION_STANDS_BY] = "standing by",
	};

	return redis_away(consumer->redis) ? "Redis is away"
					   : roles[session_role(session_of(consumer))];
}
