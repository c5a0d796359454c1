/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/consumer.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/notify.h"
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

#define WAIT_MAX \
	(NSEC_PER_SEC / 2) /* of one BLMOVE: the lease is renewed, notifications are listed */
#define WAIT_MIN (NSEC_PER_SEC / 100)

enum { PLACE_TEXT = HOST_NAME_MAX + 32, LOAD_AT_ONCE = 1000 };

enum phase { PHASE_IDLE, PHASE_STATES, PHASE_LISTS, PHASE_RUNS };
enum query { QUERY_NONE, QUERY_STATES, QUERY_LIST, QUERY_EVENTS, QUERY_WAIT };

struct consumer {
	struct notify *notify;
	struct keys keys;
	char place[PLACE_TEXT];
	int wake_fd;
	struct redis *redis;
	enum phase phase;
	enum query query;      /* whose reply is awaited */
	char cursor[24];       /* of HSCAN */
	size_t list, loaded;   /* the output whose list is loaded, and how many of it */
	bool empty;            /* the queue was empty: wait for it */
	redisReply *taken;     /* the events that were judged, and are not trimmed yet */
	struct commit *commit; /* in flight */
	int64_t length;        /* of the queue */
	uint64_t number;       /* of events taken, for messages */
	struct log_limit foreign;
	bool stopping, releasing;
};

/*
 * Nothing is done if a key has a wrong type. The commands are in the arguments from the fifth on,
 * each behind the number of its words. Flapjack 2's tokens: at most one, and none for an empty
 * queue.
 */
static const char script[] =
	"local queue, actions, left = KEYS[2], KEYS[3], 0\n"
	"local types = {RPUSH = 'list', LREM = 'list', HSET = 'hash', HDEL = 'hash'}\n"
	"local function kind(key) return redis.call('TYPE', key).ok end\n"
	"local i = 5\n"
	"while i <= #ARGV do\n"
	"  local found = kind(ARGV[i + 2])\n"
	"  local wanted = types[ARGV[i + 1]]\n"
	"  if wanted and found ~= 'none' and found ~= wanted then\n"
	"    return redis.error_reply('WRONGTYPE ' .. ARGV[i + 2] .. ' is a ' .. found)\n"
	"  end\n"
	"  i = i + ARGV[i] + 1\n"
	"end\n"
	"i = 5\n"
	"while i <= #ARGV do\n"
	"  redis.call(unpack(ARGV, i + 1, i + ARGV[i]))\n"
	"  i = i + ARGV[i] + 1\n"
	"end\n"
	"local taken, foreign = tonumber(ARGV[2]), false\n"
	"local list = kind(queue) == 'list'\n"
	"if taken > 0 then\n"
	"  foreign = not list or redis.call('LINDEX', queue, -1) ~= ARGV[3] or\n"
	"    redis.call('LINDEX', queue, -taken) ~= ARGV[4]\n"
	"  if not foreign then redis.call('LTRIM', queue, 0, -taken - 1) end\n"
	"end\n"
	"if list then left = redis.call('LLEN', queue) end\n"
	"if taken > 0 and kind(actions) == 'list' then\n"
	"  if left == 0 then redis.call('DEL', actions) else redis.call('LTRIM', actions, 0, 0) end\n"
	"end\n"
	"redis.call('SET', KEYS[1], ARGV[1])\n"
	"if foreign then return -1 - left end\n"
	"return left\n";

static struct session *session_of(const struct consumer *consumer)
{
	return redis_session(consumer->redis);
}

struct consumer *consumer_new(struct notify *notify, nsec now)
{
	struct consumer *consumer = memory_zeroed(1, sizeof *consumer);
	const struct options *options = notify->options;
	char host[HOST_NAME_MAX + 1] = "";

	gethostname(host, sizeof host - 1);
	snprintf(consumer->place, sizeof consumer->place, "%s pid:%ld", host, (long)getpid());
	consumer->notify = notify;
	consumer->length = -1;
	consumer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (consumer->wake_fd < 0)
		die(EX_OSERR, "no eventfd");
	keys_init(&consumer->keys, "httpbroker-notify", options->name, options->queue, 2);
	for (size_t i = 0; i < notify->output_count; i++)
		notify->outputs[i]->key = memory_printed(
			"httpbroker-notify:%s:output:%s", options->name, notify->outputs[i]->name);
	struct redis_settings settings = {
		.server = options->server,
		.session =
			{
				.login = {options->password, options->database},
				.keys = &consumer->keys,
				.place = consumer->place,
			},
		.meanwhile = "no events are read",
		.wake_fd = consumer->wake_fd,
	};
	snprintf(settings.session.token, sizeof settings.session.token, "%08x%08x", random_number(),
		random_number());
	consumer->redis = redis_new(&settings, now);
	return consumer;
}

static void taken_drop(struct consumer *consumer)
{
	if (consumer->taken != NULL)
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

	for (size_t i = 0; i < notify->output_count; i++) {
		notify->outputs[i]->type->reset(notify->outputs[i]);
		queue_clear(notify->outputs[i]->queue);
	}
	problems_clear(notify->problems);
	taken_drop(consumer);
	commit_free(consumer->commit);
	consumer->commit = NULL;
}

static void active_begin(struct consumer *consumer)
{
	forget_all(consumer);
	consumer->phase = PHASE_STATES;
	strcpy(consumer->cursor, "0");
}

static void rewrite_begin(struct consumer *consumer)
{
	struct notify *notify = consumer->notify;

	log_warning("Redis has lost what it had: writing all problems and notifications again");
	problems_rewrite(notify->problems);
	for (size_t i = 0; i < notify->output_count; i++)
		queue_rewrite(notify->outputs[i]->queue);
}

static void role_change_apply(struct consumer *consumer)
{
	switch (session_role_change(session_of(consumer))) {
	case CHANGE_NONE:
		return;
	case CHANGE_DATA_LOST:
		rewrite_begin(consumer);
		return;
	case CHANGE_BECAME_ACTIVE:
		active_begin(consumer);
		return;
	case CHANGE_STANDBY:
		log_info("standing by: %s is active", session_holder(session_of(consumer)));
		forget_all(consumer);
		consumer->phase = PHASE_IDLE;
		return;
	}
}

/* ---- loading ---- */

static void problem_give(const struct problem *problem, void *context)
{
	struct output *output = context;

	if (problem->told == STATE_OK)
		return;
	struct notification notification = judge_problem(problem, problem->since);
	output->type->problem(output, &notification);
}

static void load_end(struct consumer *consumer)
{
	struct notify *notify = consumer->notify;

	consumer->phase = PHASE_RUNS;
	consumer->empty = false;
	problems_sort(notify->problems);
	judge_resume(notify->judge);
	for (size_t i = 0; i < notify->output_count; i++)
		if (notify->outputs[i]->type->problem != NULL)
			problems_visit(notify->problems, problem_give, notify->outputs[i]);
	log_info("active: takes events from %s; lasting problems: %zu", consumer->keys.queue,
		problems_count(notify->problems));
}

static bool states_load(struct consumer *consumer, const redisReply *reply, struct moment now)
{
	struct reason why;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[0]->len >= (int)sizeof consumer->cursor)
		return false;
	const redisReply *pairs = reply->element[1];
	for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
		const redisReply *field = pairs->element[i], *value = pairs->element[i + 1];

		if (!problem_decode(consumer->notify->problems,
			    (struct text){field->str, (size_t)field->len},
			    (struct text){value->str, (size_t)value->len}, now, &why))
			log_warning("the record '%.100s' in %s is ignored: %s", field->str,
				consumer->keys.checks, why.text);
	}
	memcpy(consumer->cursor, reply->element[0]->str, (size_t)reply->element[0]->len + 1);
	if (strcmp(consumer->cursor, "0") != 0)
		return true;
	consumer->phase = PHASE_LISTS;
	consumer->list = consumer->loaded = 0;
	return true;
}

static void item_load(struct notify *notify, struct output *output, const redisReply *item)
{
	struct notification notification;
	struct reason why;
	uint64_t check = 0; /* one that cannot be read is refused by the output */
	json_t *document = notification_decode(item->str, (size_t)item->len, &notification, &why);

	if (document != NULL)
		check = problems_check(notify->problems, notification.entity, notification.check);
	queue_load(output->queue, check, item->str, (size_t)item->len);
	json_decref(document);
}

static bool list_load(struct consumer *consumer, const redisReply *reply)
{
	struct notify *notify = consumer->notify;

	if (reply->type != REDIS_REPLY_ARRAY)
		return false;
	for (size_t i = 0; i < reply->elements; i++)
		item_load(notify, notify->outputs[consumer->list], reply->element[i]);
	consumer->loaded += reply->elements;
	if (reply->elements == LOAD_AT_ONCE)
		return true;
	consumer->list++;
	consumer->loaded = 0;
	if (consumer->list == notify->output_count)
		load_end(consumer);
	return true;
}

/* ---- events ---- */

static bool events_judge(struct consumer *consumer, redisReply *reply, struct moment now)
{
	char place[600];

	if (reply->type != REDIS_REPLY_ARRAY)
		return false;
	snprintf(place, sizeof place, "queue %s, event", consumer->keys.queue);
	for (size_t i = reply->elements; i-- > 0;) {
		redisReply *element = reply->element[i];
		char *copy = memory_zeroed(1, (size_t)element->len + 1);

		/* the reader may change it, and the first and last are compared later */
		memcpy(copy, element->str, (size_t)element->len);
		notify_event(consumer->notify, copy, (size_t)element->len, place,
			++consumer->number, now);
		free(copy);
	}
	consumer->empty = reply->elements == 0;
	return true;
}

static void commit_apply(struct consumer *consumer, nsec now)
{
	struct commit *commit = session_applied(session_of(consumer));
	struct notify *notify = consumer->notify;
	char more[LOG_LIMIT_TEXT];
	unsigned long suppressed;

	if (commit == NULL)
		return;
	for (size_t i = 0; i < notify->output_count; i++)
		queue_committed(notify->outputs[i]->queue);
	if (commit->script_result < -1 && log_limit_pass(&consumer->foreign, now, &suppressed))
		log_error("another program takes events from %s as well: some may be lost, or told "
			  "twice; end it, or give it another queue%s",
			consumer->keys.queue, log_limit_text(suppressed, more));
	if (commit->script_result != -1)
		consumer->length = commit->script_result >= 0 ? commit->script_result
							      : -1 - commit->script_result;
	commit_free(commit);
	consumer->commit = NULL;
}

static bool reply_apply(struct consumer *consumer, redisReply *reply, struct moment now)
{
	switch (consumer->query) {
	case QUERY_STATES:
		return consumer->phase != PHASE_STATES || states_load(consumer, reply, now);
	case QUERY_LIST:
		return consumer->phase != PHASE_LISTS || list_load(consumer, reply);
	case QUERY_EVENTS:
		return consumer->phase != PHASE_RUNS || events_judge(consumer, reply, now);
	case QUERY_WAIT:
		consumer->empty = reply->type != REDIS_REPLY_STRING;
		return reply->type != REDIS_REPLY_ERROR;
	case QUERY_NONE:
		break;
	}
	return true;
}

static void reply_work(struct consumer *consumer, struct moment now)
{
	static const char *const commands[] = {"", "HSCAN", "LRANGE", "LRANGE", "BLMOVE"};
	redisReply *reply = redis_reply(consumer->redis);
	enum query query = consumer->query;
	struct reason why;

	if (reply != NULL || !session_busy(session_of(consumer)))
		consumer->query = QUERY_NONE;
	if (reply == NULL)
		return;
	consumer->query = query;
	if (!reply_apply(consumer, reply, now)) {
		reason_set(&why, "refuses %s: %s", commands[query],
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
		redis_reject(consumer->redis, why.text, now.monotonic);
	}
	consumer->query = QUERY_NONE;
	if (query == QUERY_EVENTS && consumer->phase == PHASE_RUNS && reply->elements > 0)
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
	reply_work(consumer, now);
	role_change_apply(consumer);
}

/* ---- what is sent ---- */

struct writer {
	struct resp_list *out;
	const char *key;
	struct moment now;
};

static void problem_write(const struct problem *problem, void *context)
{
	const struct writer *writer = context;
	struct buffer value = {NULL, 0, 0};

	resp_add_text(writer->out, problem->over ? "3" : "4");
	resp_add_text(writer->out, problem->over ? "HDEL" : "HSET");
	resp_add_text(writer->out, writer->key);
	resp_add(writer->out, problem->names, problem->hh.keylen);
	if (problem->over)
		return;
	problem_encode(problem, writer->now, &value);
	resp_add(writer->out, value.data, value.length);
	buffer_free(&value);
}

/* How many events were taken, the oldest and the newest of them. */
static void taken_write(const redisReply *taken, struct resp_list *out)
{
	size_t count = taken != NULL ? taken->elements : 0;
	char number[24];

	snprintf(number, sizeof number, "%zu", count);
	resp_add_text(out, number);
	for (int i = 0; i < 2; i++) {
		const redisReply *element =
			count > 0 ? taken->element[i == 0 ? count - 1 : 0] : NULL;

		resp_add(out, element != NULL ? element->str : "",
			element != NULL ? (size_t)element->len : 0);
	}
}

static bool is_changed(const struct consumer *consumer)
{
	const struct notify *notify = consumer->notify;

	for (size_t i = 0; i < notify->output_count; i++)
		if (queue_changed(notify->outputs[i]->queue))
			return true;
	return consumer->taken != NULL || problems_changed(notify->problems);
}

static void commit_send(struct consumer *consumer, struct moment now)
{
	struct notify *notify = consumer->notify;
	struct commit *commit = memory_zeroed(1, sizeof *commit);
	struct writer writer = {&commit->arguments, consumer->keys.checks, now};

	commit->script = script;
	taken_write(consumer->taken, &commit->arguments);
	for (size_t i = 0; i < notify->output_count; i++)
		queue_commit(
			notify->outputs[i]->queue, notify->outputs[i]->key, &commit->arguments);
	problems_take_changes(notify->problems, problem_write, &writer);
	taken_drop(consumer);
	consumer->commit = commit;
	redis_commit(consumer->redis, commit, now);
}

static void query_send(
	struct consumer *consumer, enum query query, const char *const *words, nsec now)
{
	consumer->query = query;
	redis_query(consumer->redis, words, NULL, now);
}

static void load_send(struct consumer *consumer, nsec now)
{
	char first[24], last[24];

	if (consumer->phase == PHASE_STATES) {
		query_send(consumer, QUERY_STATES,
			RESP_WORDS(
				"HSCAN", consumer->keys.checks, consumer->cursor, "COUNT", "1000"),
			now);
		return;
	}
	snprintf(first, sizeof first, "%zu", consumer->loaded);
	snprintf(last, sizeof last, "%zu", consumer->loaded + LOAD_AT_ONCE - 1);
	query_send(consumer, QUERY_LIST,
		RESP_WORDS("LRANGE", consumer->notify->outputs[consumer->list]->key, first, last),
		now);
}

/* Until an event comes, or a timer of the judge is due. */
static void wait_send(struct consumer *consumer, nsec now)
{
	const char *queue = consumer->keys.queue;
	nsec left = judge_deadline(consumer->notify->judge) - now;
	char timeout[32];

	left = left > WAIT_MAX ? WAIT_MAX : left < WAIT_MIN ? WAIT_MIN : left;
	snprintf(timeout, sizeof timeout, "%.3f", (double)left / NSEC_PER_SEC);
	query_send(consumer, QUERY_WAIT,
		RESP_WORDS("BLMOVE", queue, queue, "RIGHT", "RIGHT", timeout), now);
}

void consumer_send(struct consumer *consumer, struct moment now)
{
	static const char least[] = "-1000"; /* LIMIT_TAKEN */

	if (!session_ready(session_of(consumer)) || consumer->phase == PHASE_IDLE)
		return;
	if (consumer->phase != PHASE_RUNS)
		load_send(consumer, now.monotonic);
	else if (is_changed(consumer))
		commit_send(consumer, now);
	else if (consumer->releasing)
		redis_release(consumer->redis, now);
	else if (consumer->stopping)
		return;
	else if (consumer->empty)
		wait_send(consumer, now.monotonic);
	else
		query_send(consumer, QUERY_EVENTS,
			RESP_WORDS("LRANGE", consumer->keys.queue, least, "-1"), now.monotonic);
}

bool consumer_runs(const struct consumer *consumer)
{
	return consumer->phase == PHASE_RUNS;
}

void consumer_stop(struct consumer *consumer)
{
	consumer->stopping = true;
}

void consumer_release(struct consumer *consumer)
{
	consumer->releasing = true;
}

bool consumer_released(const struct consumer *consumer)
{
	return session_released(session_of(consumer)) || consumer->phase == PHASE_IDLE;
}

void consumer_poll(const struct consumer *consumer, struct pollfd *fds)
{
	fds[0] = (struct pollfd){.fd = consumer->wake_fd, .events = POLLIN};
	redis_poll(consumer->redis, &fds[1]);
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
	if (redis_away(consumer->redis))
		return "Redis is away";
	switch (session_role(session_of(consumer))) {
	case SESSION_ACTIVE:
		return "active";
	case SESSION_STANDS_BY:
		return "standing by";
	case SESSION_STARTS:
		break;
	}
	return "starting";
}
