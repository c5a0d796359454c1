/* SPDX-License-Identifier: MIT */
/*
 * pagerduty-standin: takes what oobetet sends to PagerDuty's Events API v2, checks every field of
 * it, and prints one line a request: the time, the status it answers, the action, the dedup_key,
 * the summary (the last two as JSON strings); for what it refuses, the reason. It pages nobody.
 */
#include "common/buffer.h"
#include "common/clocks.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"
#include "common/signals.h"
#include "t/tools/answers.h"
#include "t/tools/enqueue.h"
#include "t/tools/journal.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

struct standin {
	uint16_t port;          /* 0: any */
	bool payloads;          /* are printed */
	struct answers answers; /* guarded by lock */
	pthread_mutex_t lock;
	int stopping; /* an eventfd that becomes readable when it is time to go */
};

struct request {
	struct buffer body;
	bool too_large;
};

static const char usage[] =
	"usage: pagerduty-standin [--port PORT] [--answer WORD,...] [--payload]\n"
	"WORD: a status (500), a status after a while (202@3s), or hang; in the end 202.\n";

static const struct option options[] = {
	{"port", required_argument, NULL, 'p'},
	{"answer", required_argument, NULL, 'a'},
	{"payload", no_argument, NULL, 'P'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void option_take(struct standin *standin, int option)
{
	struct reason why;

	switch (option) {
	case 'p':
		standin->port = (uint16_t)option_number("--port", optarg, 0, UINT16_MAX);
		break;
	case 'a':
		if (!answers_parse(optarg, &standin->answers, &why))
			die(EX_USAGE, "--answer '%s': %s", optarg, why.text);
		break;
	case 'P':
		standin->payloads = true;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		option_hint("pagerduty-standin");
	}
}

static void options_read(struct standin *standin, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
		option_take(standin, option);
	if (optind < argc)
		option_unexpected(argv[optind]);
}

/* Takes over `body`. */
static enum MHD_Result respond(struct MHD_Connection *connection, int status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result queued;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	queued = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	json_decref(body);
	return queued;
}

static enum MHD_Result refuse(
	struct MHD_Connection *connection, int status, const struct reason *why)
{
	journal_refusal(status, why);
	return respond(connection, status,
		json_pack("{s:s, s:s, s:[s]}", "status", "invalid event", "message",
			"Event object is invalid", "errors", why->text));
}

static bool is_json(struct MHD_Connection *connection)
{
	const char *type = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t length = type == NULL ? 0 : strcspn(type, "; ");

	return length == strlen("application/json") &&
	       strncasecmp(type, "application/json", length) == 0;
}

static json_t *event_read(const struct request *request, struct reason *why)
{
	json_error_t error;
	json_t *event = json_loadb(request->body.length > 0 ? request->body.data : "",
		request->body.length, JSON_REJECT_DUPLICATES, &error);

	if (event == NULL)
		reason_set(why, "not JSON: line %d: %s", error.line, error.text);
	else if (!enqueue_check(event, why)) {
		json_decref(event);
		event = NULL;
	}
	return event;
}

/* Waits for `delay`, or until it is time to go; NSEC_NEVER only for that. */
static void standin_wait(const struct standin *standin, nsec delay)
{
	struct pollfd stopping = {.fd = standin->stopping, .events = POLLIN};
	struct timespec limit;

	ppoll(&stopping, 1, clock_timeout(0, delay, &limit), NULL);
}

static struct answer answer_choose(struct standin *standin)
{
	pthread_mutex_lock(&standin->lock);
	struct answer answer = answers_next(&standin->answers, MHD_HTTP_ACCEPTED);
	pthread_mutex_unlock(&standin->lock);
	return answer;
}

static enum MHD_Result event_take(
	struct standin *standin, struct MHD_Connection *connection, json_t *event)
{
	struct answer answer = answer_choose(standin);
	const char *key = json_string_value(json_object_get(event, "dedup_key"));

	journal_request(event, answer.status, standin->payloads);
	if (answer.status == 0) {
		standin_wait(standin, NSEC_NEVER);
		return MHD_NO;
	}
	standin_wait(standin, answer.delay);
	if (answer.status != MHD_HTTP_ACCEPTED)
		return respond(connection, answer.status,
			json_pack("{s:s}", "message", "this answer was asked for"));
	return respond(connection, answer.status,
		json_pack("{s:s, s:s, s:s}", "status", "success", "message", "Event processed",
			"dedup_key", key == NULL ? "chosen-by-the-stand-in" : key));
}

static enum MHD_Result request_answer(struct standin *standin, struct MHD_Connection *connection,
	const char *method, const char *path, const struct request *request)
{
	struct reason why;

	if (strcmp(path, "/v2/enqueue") != 0) {
		reason_set(&why, "path '%s' is not /v2/enqueue", path);
		return refuse(connection, MHD_HTTP_NOT_FOUND, &why);
	}
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0) {
		reason_set(&why, "method %s is not POST", method);
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, &why);
	}
	if (request->too_large) {
		reason_set(&why, "over %d bytes", ENQUEUE_BODY_MOST);
		return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, &why);
	}
	if (!is_json(connection)) {
		reason_set(&why, "Content-Type is not application/json");
		return refuse(connection, MHD_HTTP_BAD_REQUEST, &why);
	}
	json_t *event = event_read(request, &why);
	if (event == NULL)
		return refuse(connection, MHD_HTTP_BAD_REQUEST, &why);
	enum MHD_Result queued = event_take(standin, connection, event);
	json_decref(event);
	return queued;
}

/* Called once for the head of a request, then for each piece of its body, then at its end. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *data, size_t *length, void **state)
{
	struct request *request = *state;

	(void)version;
	if (request == NULL) {
		*state = memory_zeroed(1, sizeof *request);
		return MHD_YES;
	}
	if (*length == 0)
		return request_answer(user, connection, method, path, request);
	request->too_large |= request->body.length + *length > ENQUEUE_BODY_MOST;
	if (!request->too_large)
		buffer_append(&request->body, data, *length);
	*length = 0;
	return MHD_YES;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	struct request *request = *state;

	(void)user;
	(void)connection;
	(void)code;
	if (request != NULL)
		buffer_free(&request->body);
	free(request);
}

/* A thread a connection, so that an answer that is slow on purpose holds up no other. */
static struct MHD_Daemon *server_start(struct standin *standin)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(standin->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_Daemon *server =
		MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD,
			standin->port, NULL, NULL, on_request, standin, MHD_OPTION_SOCK_ADDR,
			&address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);

	if (server == NULL)
		die(EX_TEMPFAIL, "cannot listen on 127.0.0.1:%u", standin->port);
	return server;
}

int main(int argc, char **argv)
{
	struct standin standin = {.lock = PTHREAD_MUTEX_INITIALIZER};

	log_open("pagerduty-standin");
	options_read(&standin, argc, argv);
	signals_catch((const int[]){SIGTERM, SIGINT}, 2);
	standin.stopping = eventfd(0, EFD_CLOEXEC);
	struct MHD_Daemon *server = server_start(&standin);
	log_info("a stand-in for PagerDuty, at http://127.0.0.1:%u/v2/enqueue",
		MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);

	while (!signal_arrived(SIGTERM) && !signal_arrived(SIGINT))
		ppoll(NULL, 0, NULL, signals_wait_mask());

	eventfd_write(standin.stopping, 1);
	MHD_stop_daemon(server);
	close(standin.stopping);
	return 0;
}
