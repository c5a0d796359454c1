/* SPDX-License-Identifier: MIT */
/*
 * pagerduty-standin: accepts requests of oobetet to PagerDuty's Events API, version 1 and 2, checks
 * every field, and prints the lines of journal.h. It pages nobody, but keeps incidents as the real
 * one does (incidents.h). A GET of /heartbeat is answered 200 and printed. Manual actions at
 * PagerDuty are a POST to /by-hand/acknowledge, /resolve, /maintenance-on or /maintenance-off.
 */
#include "common/buffer.h"
#include "common/clocks.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"
#include "common/signals.h"
#include "t/tools/answers.h"
#include "t/tools/enqueue.h"
#include "t/tools/events-api.h"
#include "t/tools/incidents.h"
#include "t/tools/journal.h"
#include "t/tools/respond.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

struct standin {
	uint16_t port;          /* 0: any */
	bool payloads;          /* are printed */
	int version;            /* of the API that the integration is for */
	char *certificate;      /* PEM, with its key; NULL: no TLS */
	struct answers answers; /* guarded by lock, like the next */
	struct incidents *incidents;
	pthread_mutex_t lock;
	int stopping; /* an eventfd that becomes readable at shutdown */
};

struct request {
	struct buffer body;
	bool too_large;
};

static const char usage[] =
	"usage: pagerduty-standin [--port PORT] [--api 1|2] [--certificate FILE]\n"
	"                         [--answer WORD,...] [--payload]\n"
	"api: the integration's; the other version knows no such key. FILE: PEM, certificate and key.\n"
	"WORD: a status (500), a status after a while (202@3s), a slow body (202~3s), hang or reset;\n"
	"in the end what is good.\n";

static const struct option options[] = {
	{"port", required_argument, NULL, 'p'},
	{"api", required_argument, NULL, 'v'},
	{"certificate", required_argument, NULL, 'c'},
	{"answer", required_argument, NULL, 'a'},
	{"payload", no_argument, NULL, 'P'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static char *file_read(const char *path)
{
	struct buffer content = {NULL, 0, 0};
	FILE *file = fopen(path, "re");
	char piece[4096];
	size_t count;

	if (file == NULL)
		die(EX_NOINPUT, "%s: %s", path, strerror(errno));
	while ((count = fread(piece, 1, sizeof piece, file)) > 0)
		buffer_append(&content, piece, count);
	fclose(file);
	return content.data;
}

static void answers_take(struct standin *standin, const char *text)
{
	struct reason why;

	if (!answers_parse(text, &standin->answers, &why))
		die(EX_USAGE, "--answer '%s': %s", text, why.text);
}

static void option_take(struct standin *standin, int option)
{
	switch (option) {
	case 'p':
		standin->port = (uint16_t)option_number("--port", optarg, 0, UINT16_MAX);
		break;
	case 'v':
		standin->version = (int)option_number("--api", optarg, 1, 2);
		break;
	case 'c':
		standin->certificate = file_read(optarg);
		break;
	case 'a':
		answers_take(standin, optarg);
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

static enum MHD_Result refuse(
	struct MHD_Connection *connection, int status, const struct reason *why)
{
	journal_refusal(status, why);
	return respond(connection, status,
		json_pack("{s:s, s:s, s:[s]}", "status", "invalid event", "message",
			"Event object is invalid", "errors", why->text),
		0, -1);
}

static bool is_json(struct MHD_Connection *connection)
{
	const char *type = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t length = type == NULL ? 0 : strcspn(type, "; ");

	return length == strlen("application/json") &&
	       strncasecmp(type, "application/json", length) == 0;
}

/* The peer sees a reset, also in the middle of a response. */
static void connection_reset(struct MHD_Connection *connection)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* Chooses the response and logs it; an accepted event changes its incident. */
static struct answer answer_choose(
	struct standin *standin, const struct events_api *api, const json_t *event)
{
	char outcome[100];

	pthread_mutex_lock(&standin->lock);
	struct answer answer = answers_next(&standin->answers, api->good);
	journal_request(api, event, &answer, standin->payloads);
	if (answer.status == api->good)
		journal_note(incidents_take(standin->incidents, events_api_action(api, event),
			events_api_key(api, event), outcome, sizeof outcome));
	pthread_mutex_unlock(&standin->lock);
	return answer;
}

static enum MHD_Result event_take(struct standin *standin, struct MHD_Connection *connection,
	const struct events_api *api, const json_t *event)
{
	struct answer answer = answer_choose(standin, api, event);

	if (answer.reset)
		connection_reset(connection);
	else if (answer.status == 0)
		respond_wait(standin->stopping, NSEC_NEVER);
	if (answer.status == 0)
		return MHD_NO;
	respond_wait(standin->stopping, answer.delay);
	return respond(connection, answer.status,
		answer.status == api->good
			? events_api_success(api, event)
			: json_pack("{s:s}", "message", "this answer was asked for"),
		answer.slow, standin->stopping);
}

/* 0: the body may be read. Otherwise the status of the refusal. */
static int request_fault(struct MHD_Connection *connection, const char *method,
	const struct request *request, struct reason *why)
{
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0) {
		reason_set(why, "method %s is not POST", method);
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (request->too_large) {
		reason_set(why, "over %d bytes", ENQUEUE_BODY_MOST);
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	if (!is_json(connection)) {
		reason_set(why, "Content-Type is not application/json");
		return MHD_HTTP_BAD_REQUEST;
	}
	return 0;
}

static enum MHD_Result event_answer(struct standin *standin, struct MHD_Connection *connection,
	const struct events_api *api, const char *method, const struct request *request)
{
	struct reason why;
	int fault = request_fault(connection, method, request, &why);

	if (fault != 0)
		return refuse(connection, fault, &why);
	json_t *event = events_api_read(api, request->body.length > 0 ? request->body.data : "",
		request->body.length, &why);
	if (event == NULL)
		return refuse(connection, MHD_HTTP_BAD_REQUEST, &why);
	enum MHD_Result queued;
	if (api->version == standin->version) {
		queued = event_take(standin, connection, api, event);
	} else {
		reason_set(&why, "Invalid %s: no integration of this version has it", api->secret);
		queued = refuse(connection, MHD_HTTP_BAD_REQUEST, &why);
	}
	json_decref(event);
	return queued;
}

/* A manual action; false: unknown. */
static bool action_take(struct standin *standin, const char *action)
{
	char note[100];
	bool known = true;
	int changed = 0;

	pthread_mutex_lock(&standin->lock);
	if (strcmp(action, "acknowledge") == 0)
		changed = incidents_acknowledge(standin->incidents);
	else if (strcmp(action, "resolve") == 0)
		changed = incidents_resolve(standin->incidents);
	else if (strncmp(action, "maintenance-o", 13) == 0)
		incidents_maintain(standin->incidents, strcmp(action, "maintenance-on") == 0);
	else
		known = false;
	pthread_mutex_unlock(&standin->lock);
	snprintf(note, sizeof note, "by hand: %.40s, of %d", action, changed);
	journal_note(note);
	return known;
}

static enum MHD_Result request_answer(struct standin *standin, struct MHD_Connection *connection,
	const char *method, const char *path, const struct request *request)
{
	const struct events_api *api = events_api_at(path);
	struct reason why;

	if (api != NULL)
		return event_answer(standin, connection, api, method, request);
	if (strcmp(path, "/heartbeat") == 0 && strcmp(method, MHD_HTTP_METHOD_GET) == 0) {
		journal_note("200 heartbeat");
		return respond(connection, MHD_HTTP_OK, json_object(), 0, -1);
	}
	if (strncmp(path, "/by-hand/", 9) == 0 && action_take(standin, path + 9))
		return respond(connection, MHD_HTTP_OK, json_object(), 0, -1);
	reason_set(&why, "path '%s' is not /v2/enqueue, nor that of version 1", path);
	return refuse(connection, MHD_HTTP_NOT_FOUND, &why);
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

/* A thread a connection, so that a deliberately slow response delays no other. */
static struct MHD_Daemon *server_start(struct standin *standin)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(standin->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned how = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, standin->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, standin->certificate},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_Daemon *server =
		MHD_start_daemon(standin->certificate != NULL ? how | MHD_USE_TLS : how,
			standin->port, NULL, NULL, on_request, standin, MHD_OPTION_SOCK_ADDR,
			&address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_ARRAY,
			standin->certificate != NULL ? tls : tls + 2, MHD_OPTION_END);

	if (server == NULL)
		die(EX_TEMPFAIL, "cannot listen on 127.0.0.1:%u", standin->port);
	return server;
}

int main(int argc, char **argv)
{
	struct standin standin = {.version = 2, .lock = PTHREAD_MUTEX_INITIALIZER};

	log_open("pagerduty-standin");
	options_read(&standin, argc, argv);
	signals_catch((const int[]){SIGTERM, SIGINT}, 2);
	standin.stopping = eventfd(0, EFD_CLOEXEC);
	standin.incidents = incidents_new();
	struct MHD_Daemon *server = server_start(&standin);
	log_info("a stand-in for PagerDuty, at http%s://127.0.0.1:%u%s",
		standin.certificate != NULL ? "s" : "",
		MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port,
		standin.version == 1 ? "/generic/2010-04-15/create_event.json" : "/v2/enqueue");

	while (!signal_arrived(SIGTERM) && !signal_arrived(SIGINT))
		signals_poll(NULL, 0, NULL);

	eventfd_write(standin.stopping, 1);
	MHD_stop_daemon(server);
	close(standin.stopping);
	incidents_free(standin.incidents);
	free(standin.certificate);
	return 0;
}
