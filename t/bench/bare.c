/* SPDX-License-Identifier: MIT */
/*
 * bare PORT REDIS-PORT: what these libraries cost at least. An HTTP server with libmicrohttpd as
 * the broker sets it up; of each POST jansson reads the event, a commit writes it to Redis as the
 * broker would, and then there is a 200. No header is looked at, nothing is checked or remembered.
 * Ends with its standard input.
 *
 * A commit takes what has arrived while the one before it was under way. All that one thread waits
 * for is resumed by one wake-up, as in the broker.
 */
#include "common/buffer.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"
#include "httpbroker/limits.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { THREADS = 3, CONNECTIONS = 4096 };

struct job {
	struct MHD_Connection *connection;
	struct buffer body;
	json_t *event;
	char *field; /* in the hash: entity and check */
	int thread;
	bool committed;
	struct job *next;
};

/* What the HTTP threads hand to the one that commits. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct job *jobs;
} arrived = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static _Atomic(struct job *) committed[THREADS]; /* those that each HTTP thread has to resume */
static struct job queue_end;                     /* of such a list */

static int thread_number(void)
{
	static atomic_int threads;
	static _Thread_local int mine;

	if (mine == 0)
		mine = atomic_fetch_add(&threads, 1) + 1;
	return mine - 1;
}

/* Reads the event, and leaves the connection to the thread that commits. */
static enum MHD_Result job_submit(struct job *job)
{
	json_error_t error;

	job->event = json_loadb(job->body.data, job->body.length, JSON_REJECT_DUPLICATES, &error);
	const char *entity = json_string_value(json_object_get(job->event, "entity"));
	const char *check = json_string_value(json_object_get(job->event, "check"));
	if (entity == NULL || check == NULL)
		die(EX_DATAERR, "not an event: %s", job->body.data);
	job->field = memory_printed("%s\x1f%s", entity, check);
	job->thread = thread_number();
	MHD_suspend_connection(job->connection);
	pthread_mutex_lock(&arrived.lock);
	bool first = arrived.jobs == NULL;
	job->next = arrived.jobs;
	arrived.jobs = job;
	pthread_mutex_unlock(&arrived.lock);
	if (first)
		pthread_cond_signal(&arrived.more);
	return MHD_YES;
}

static void others_resume(int thread)
{
	struct job *next = atomic_load(&committed[thread]) != NULL
				   ? atomic_exchange(&committed[thread], NULL)
				   : NULL;

	for (struct job *job = next; job != NULL && job != &queue_end; job = next) {
		next = job->next;
		MHD_resume_connection(job->connection);
	}
}

static enum MHD_Result job_answer(struct job *job)
{
	struct MHD_Response *response;

	others_resume(job->thread);
	response = MHD_create_response_from_buffer(
		job->body.length, job->body.data, MHD_RESPMEM_MUST_FREE);
	job->body = (struct buffer){NULL, 0, 0};
	MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	enum MHD_Result result = MHD_queue_response(job->connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result request_handle(void *context, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **state)
{
	struct job *job = *state;

	(void)context, (void)url, (void)method, (void)version;
	if (job == NULL) {
		job = *state = memory_zeroed(1, sizeof *job);
		job->connection = connection;
		return MHD_YES;
	}
	if (*upload_size == 0)
		return job->committed ? job_answer(job) : job_submit(job);
	buffer_append(&job->body, upload, *upload_size);
	*upload_size = 0;
	return MHD_YES;
}

static void request_completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct job *job = *state;

	(void)context, (void)connection, (void)how;
	if (job == NULL)
		return;
	if (job->committed) /* its client may have gone meanwhile */
		others_resume(job->thread);
	json_decref(job->event);
	free(job->field);
	buffer_free(&job->body);
	free(job);
}

struct command {
	const char *words[2 + 2 * CONNECTIONS];
	size_t lengths[2 + 2 * CONNECTIONS];
	int count;
};

static void word_add(struct command *command, const char *bytes, size_t length)
{
	command->words[command->count] = bytes;
	command->lengths[command->count++] = length;
}

static void command_begin(struct command *command, const char *name, const char *key)
{
	command->count = 0;
	word_add(command, name, strlen(name));
	word_add(command, key, strlen(key));
}

static void command_append(redisContext *redis, struct command *command)
{
	if (redisAppendCommandArgv(redis, command->count, command->words, command->lengths) !=
		REDIS_OK)
		die(EX_OSERR, "Redis: %s", redis->errstr);
}

/* Each event becomes a state; every second is pushed, as if it were a change. The commands. */
static int events_append(redisContext *redis, const struct job *jobs)
{
	static struct command states, events;
	static unsigned number;

	command_begin(&states, "HSET", "bare:states");
	command_begin(&events, "LPUSH", "bare:events");
	for (; jobs != NULL; jobs = jobs->next) {
		word_add(&states, jobs->field, strlen(jobs->field));
		word_add(&states, jobs->body.data, jobs->body.length);
		if (number++ % 2 == 0)
			word_add(&events, jobs->body.data, jobs->body.length);
	}
	command_append(redis, &states);
	if (events.count == 2)
		return 1;
	command_append(redis, &events);
	return 2;
}

/* The broker's commands. */
static void commit_run(redisContext *redis, const struct job *jobs)
{
	static long long number;
	redisReply *reply = NULL;

	redisAppendCommand(redis, "MULTI");
	redisAppendCommand(redis, "PEXPIRE bare:lease 5000");
	int replies = 8 + events_append(redis, jobs);
	redisAppendCommand(redis, "SET bare:batch %lld", ++number);
	redisAppendCommand(redis, "HLEN bare:states");
	redisAppendCommand(redis, "EXEC");
	redisAppendCommand(redis, "WATCH bare:lease");
	redisAppendCommand(redis, "GET bare:standby");
	redisAppendCommand(redis, "GET bare:lease");
	for (int i = 0; i < replies; i++) {
		if (redisGetReply(redis, (void **)&reply) != REDIS_OK)
			die(EX_UNAVAILABLE, "Redis: %s", redis->errstr);
		if (reply->type == REDIS_REPLY_ERROR)
			die(EX_UNAVAILABLE, "Redis: %s", reply->str);
		freeReplyObject(reply);
	}
}

/* The first of a thread wakes it, and that resumes the others. */
static void job_finish(struct job *job)
{
	struct MHD_Connection *connection = job->connection;
	_Atomic(struct job *) *queue = &committed[job->thread];
	struct job *before = atomic_load(queue);

	job->committed = true;
	do
		job->next = before;
	while (!atomic_compare_exchange_weak(queue, &before, before == NULL ? &queue_end : job));
	if (before == NULL)
		MHD_resume_connection(connection);
}

static void *commits_run(void *context)
{
	redisContext *redis = context;

	for (;;) {
		pthread_mutex_lock(&arrived.lock);
		while (arrived.jobs == NULL)
			pthread_cond_wait(&arrived.more, &arrived.lock);
		struct job *jobs = arrived.jobs, *next;
		arrived.jobs = NULL;
		pthread_mutex_unlock(&arrived.lock);
		commit_run(redis, jobs);
		for (; jobs != NULL; jobs = next) {
			next = jobs->next; /* it may be freed once resumed */
			job_finish(jobs);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	log_open("bare");
	if (argc != 3)
		die(EX_USAGE, "usage: bare PORT REDIS-PORT");
	uint16_t port = (uint16_t)option_number("PORT", argv[1], 1, 65535);
	redisContext *redis =
		redisConnect("127.0.0.1", (int)option_number("REDIS-PORT", argv[2], 1, 65535));
	if (redis == NULL || redis->err != 0)
		die(EX_UNAVAILABLE, "cannot connect to Redis");
	if (pthread_create(&thread, NULL, commits_run, redis) != 0 ||
		MHD_start_daemon(
			MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
			port, NULL, NULL, request_handle, NULL, MHD_OPTION_THREAD_POOL_SIZE,
			THREADS, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
			MHD_OPTION_CONNECTION_TIMEOUT, 15U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
			(size_t)LIMIT_HEADERS, MHD_OPTION_NOTIFY_COMPLETED, request_completed, NULL,
			MHD_OPTION_END) == NULL)
		die(EX_OSERR, "the HTTP server cannot be started");
	puts("listening");
	fflush(stdout);
	for (;;)
		pause();
}
