/* SPDX-License-Identifier: MIT */
/*
 * Redis: does it answer, and is the queue worked off? hiredis formats and parses; the socket is
 * ours, so that nothing blocks. Each probe is one connection and one pipeline:
 *
 *     AUTH, SELECT             as configured
 *     LLEN queue, LINDEX queue -1
 *     HGET event_counters all  counts the events that Flapjack 1 has taken
 *     SCAN                     a step in the search for httpbroker-notify's lists of notifications
 *     LLEN, LINDEX 0           of each that was found
 */
#include "oobetet/probe/dial.h"
#include "oobetet/probe/probe.h"

#include "common/memory.h"
#include "common/number.h"
#include "common/secret.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUTS_MAX 16 /* lists of notifications that are read */
#define OUTPUTS "httpbroker-notify:*:output:*"
#define SCAN_STEP "1000"         /* keys that one step looks at */
#define ANSWER_MAX (1024 * 1024) /* bytes of one probe's replies */
#define DATABASE_MAX 65535

struct redis {
	struct dial dial;
	const char *password; /* NULL: none */
	const char *queue;
	char database[8];
	bool connected;
	redisReader *reader;
	struct buffer out;
	size_t received;
	int replies; /* so far */
	char cursor[24];
	char *output[OUTPUTS_MAX]; /* owned */
	int outputs, asked;        /* asked: in this pipeline */
	struct queue_reading reading;
	int64_t length; /* of the output list whose item comes next */
};

/* `HOST:PORT[/DB]`, which config_read() has accepted. */
static void *redis_new(const struct watch_config *watch, CURLM *multi)
{
	struct address address;
	struct reason ignored;

	(void)multi;
	if (watch->probe_redis == NULL)
		return NULL;
	const char *slash = strrchr(watch->probe_redis, '/');
	char *server = memory_printed("%.*s",
		(int)(slash != NULL ? slash - watch->probe_redis
				    : (long)strlen(watch->probe_redis)),
		watch->probe_redis);
	bool valid = address_parse(server, &address, &ignored);
	free(server);
	if (!valid)
		return NULL;
	struct redis *redis = memory_zeroed(1, sizeof *redis);
	dial_init(&redis->dial, &address);
	redis->password = watch->probe_redis_password;
	redis->queue = watch->probe_queue;
	snprintf(redis->database, sizeof redis->database, "%s", slash != NULL ? slash + 1 : "0");
	snprintf(redis->cursor, sizeof redis->cursor, "0");
	return redis;
}

static void connection_end(struct redis *redis)
{
	dial_close(&redis->dial, true);
	if (redis->reader != NULL)
		redisReaderFree(redis->reader);
	redis->reader = NULL;
	buffer_wipe(&redis->out);
}

static void redis_free(void *state)
{
	struct redis *redis = state;

	connection_end(redis);
	dial_free(&redis->dial);
	for (int i = 0; i < redis->outputs; i++)
		free(redis->output[i]);
	free(redis);
}

static void redis_start(struct probe_run *run, nsec now)
{
	struct redis *redis = run->state;

	connection_end(redis);
	dial_start(&redis->dial, now);
	redis->connected = false;
	redis->received = 0;
	redis->replies = 0;
	redis->reading = (struct queue_reading){.length = -1, .taken = -1, .output = -1};
}

/* ---- the pipeline ---- */

static void command_add(struct redis *redis, int count, const char *words[])
{
	char *text = NULL;
	int length = (int)redisFormatCommandArgv(&text, count, words, NULL);

	if (length > 0)
		buffer_append(&redis->out, text, (size_t)length);
	redisFreeCommand(text);
}

#define COMMAND(redis, ...)                                                               \
	command_add(redis, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), \
		(const char *[]){__VA_ARGS__})

/* Commands before LLEN: replies that must be `OK`. */
static int preambles(const struct redis *redis)
{
	return (redis->password != NULL) + 1;
}

static void pipeline_begin(struct redis *redis)
{
	redis->connected = true;
	redis->reader = redisReaderCreate();
	if (redis->password != NULL)
		COMMAND(redis, "AUTH", redis->password);
	COMMAND(redis, "SELECT", redis->database);
	COMMAND(redis, "LLEN", redis->queue);
	COMMAND(redis, "LINDEX", redis->queue, "-1");
	COMMAND(redis, "HGET", "event_counters", "all");
	COMMAND(redis, "SCAN", redis->cursor, "MATCH", OUTPUTS, "COUNT", SCAN_STEP);
	redis->asked = redis->outputs;
	for (int i = 0; i < redis->asked; i++) {
		COMMAND(redis, "LLEN", redis->output[i]);
		COMMAND(redis, "LINDEX", redis->output[i], "0");
	}
}

/* FNV-1a: two items of a list are told apart, nobody is kept from making equal ones. */
static uint64_t hash_of(const redisReply *reply)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; reply->type == REDIS_REPLY_STRING && i < reply->len; i++)
		hash = (hash ^ (unsigned char)reply->str[i]) * UINT64_C(1099511628211);
	return hash >> 1; /* a non-negative number in the message */
}

static bool is_known(const struct redis *redis, const char *name)
{
	for (int i = 0; i < redis->outputs; i++)
		if (strcmp(redis->output[i], name) == 0)
			return true;
	return false;
}

static void scan_take(struct redis *redis, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[1]->type != REDIS_REPLY_ARRAY)
		return;
	snprintf(redis->cursor, sizeof redis->cursor, "%s", reply->element[0]->str);
	for (size_t i = 0; i < reply->element[1]->elements; i++) {
		const redisReply *name = reply->element[1]->element[i];

		if (name->type == REDIS_REPLY_STRING && strlen(name->str) < READING_NAME &&
			redis->outputs < OUTPUTS_MAX && !is_known(redis, name->str))
			redis->output[redis->outputs++] = memory_copied(name->str);
	}
}

/* Of each list, its length and then its oldest item; the longest is reported. */
static void output_take(struct redis *redis, int index, const redisReply *reply)
{
	if (index % 2 == 0) {
		redis->length = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
		return;
	}
	if (redis->length <= redis->reading.output)
		return;
	redis->reading.output = redis->length;
	redis->reading.output_oldest = hash_of(reply);
	redis->reading.output_name = redis->output[index / 2];
}

/* False: this reply says that no reading is possible. */
static bool reply_take(struct redis *redis, int index, const redisReply *reply)
{
	int at = index - preambles(redis);
	struct reason ignored;

	if (at < 2 && reply->type == REDIS_REPLY_ERROR)
		return false;
	if (at == 0)
		redis->reading.length = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
	else if (at == 1)
		redis->reading.oldest = hash_of(reply);
	/* there is none, or it is of another type: this is no Flapjack 1 */
	else if (at == 2 &&
		 (reply->type != REDIS_REPLY_STRING ||
			 !number_parse(reply->str, 0, INT64_MAX, &redis->reading.taken, &ignored)))
		redis->reading.taken = -1;
	else if (at == 3)
		scan_take(redis, reply);
	else if (at > 3)
		output_take(redis, at - 4, reply);
	return true;
}

/* ---- the socket ---- */

static void reading_report(struct probe_run *run)
{
	struct redis *redis = run->state;
	const struct queue_reading *reading = &redis->reading;
	char length[MESSAGE_NUMBER], oldest[MESSAGE_NUMBER], taken[MESSAGE_NUMBER] = "",
							     output[MESSAGE_NUMBER] = "",
							     output_oldest[MESSAGE_NUMBER] = "";

	if (reading->taken >= 0)
		message_number_text(reading->taken, taken);
	if (reading->output >= 0) {
		message_number_text(reading->output, output);
		message_number_text((int64_t)reading->output_oldest, output_oldest);
	}
	probe_report(run, MESSAGE_QUEUE,
		FIELDS(message_number_text(reading->length, length),
			message_number_text((int64_t)reading->oldest, oldest), taken,
			reading->output >= 0 ? reading->output_name : "", output, output_oldest));
}

static void fault_report(struct probe_run *run, const char *why)
{
	const struct redis *redis = run->state;
	const char *const secrets[] = {redis->password, NULL}; /* an unknown AUTH is quoted */
	char clean[DIAL_WHY];

	probe_blind(run, false, secret_clean_line(why, secrets, clean, sizeof clean));
	connection_end(run->state);
}

/* True: the probe has ended. */
static bool replies_take(struct probe_run *run)
{
	struct redis *redis = run->state;
	int wanted = preambles(redis) + 4 + 2 * redis->asked;
	void *reply = NULL;

	while (redis->replies < wanted) {
		if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK) {
			fault_report(run, "it does not speak Redis's protocol");
			return true;
		}
		if (reply == NULL)
			return false;
		bool taken = reply_take(redis, redis->replies++, reply);
		if (!taken)
			fault_report(run, ((redisReply *)reply)->str);
		freeReplyObject(reply);
		if (!taken)
			return true;
	}
	reading_report(run);
	connection_end(redis);
	return true;
}

/* What there is to read; true: the probe has ended. */
static bool bytes_read(struct probe_run *run)
{
	struct redis *redis = run->state;
	char bytes[4096];
	ssize_t length;

	while ((length = read(redis->dial.fd, bytes, sizeof bytes)) > 0) {
		redis->received += (size_t)length;
		if (redis->received > ANSWER_MAX) {
			fault_report(run, "its answer is too long");
			return true;
		}
		redisReaderFeed(redis->reader, bytes, (size_t)length);
		if (replies_take(run))
			return true;
	}
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	fault_report(run, length == 0 ? "it closed the connection" : strerror(errno));
	return true;
}

static bool redis_step(struct probe_run *run)
{
	struct redis *redis = run->state;

	if (!redis->connected) {
		switch (dial_step(&redis->dial)) {
		case DIAL_WAITS:
			return false;
		case DIAL_REFUSED:
			probe_silent(run);
			return true;
		case DIAL_FAILED:
			probe_blind(run, redis->dial.local, redis->dial.why);
			return true;
		case DIAL_CONNECTED:
			pipeline_begin(redis);
		}
	}
	while (redis->out.length > 0) {
		ssize_t sent = write(redis->dial.fd, redis->out.data, redis->out.length);

		if (sent < 0)
			break; /* full, or broken: reading shows which */
		buffer_consume(&redis->out, (size_t)sent);
	}
	return bytes_read(run);
}

static void redis_expire(struct probe_run *run)
{
	struct redis *redis = run->state;

	if (redis->connected && redis->replies == 0) {
		probe_silent(run);
	} else {
		dial_expire(&redis->dial);
		probe_blind(run, false, redis->dial.why);
	}
	connection_end(redis);
}

static struct pollfd redis_poll(const struct probe_run *run)
{
	const struct redis *redis = run->state;

	if (!redis->connected)
		return dial_poll(&redis->dial);
	return (struct pollfd){
		.fd = redis->dial.fd, .events = redis->out.length > 0 ? POLLIN | POLLOUT : POLLIN};
}

const struct probe_type redis_probe = {
	PROBE_REDIS, redis_new, redis_free, redis_start, redis_step, redis_expire, redis_poll};
