/* SPDX-License-Identifier: MIT */
/*
 * Whole requests, as they come over a connection: through libmicrohttpd, the routes, the formats,
 * and back. Behind the routes there is no delivery: the first byte says what it would answer, and
 * whether a token is needed.
 */
#include "httpbroker/http/request.h"
#include "common/log.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/clients.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/health.h"
#include "httpbroker/http/page.h"
#include "httpbroker/limits.h"
#include "t/fuzz/fuzz.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INPUT_MAX = 60000, TURNS_MAX = 200 }; /* so much fits a socket's buffer */

enum { MOOD_GUARDED = 0x80 }; /* a token is needed */

static struct request_context context;
static struct request_listener listener = {&context, false};
static struct auth *auth;
static struct MHD_Daemon *server;
static uint8_t mood;

bool __wrap_delivery_submit(struct delivery *delivery, struct submission *submission);
bool __wrap_delivery_submit(struct delivery *delivery, struct submission *submission)
{
	static const enum engine_result answers[] = {
		ENGINE_APPLIED, ENGINE_APPLIED, ENGINE_OLDER, ENGINE_FULL};
	static const enum submission_result results[] = {SUBMISSION_COMMITTED, SUBMISSION_COMMITTED,
		SUBMISSION_ACCEPTED, SUBMISSION_DROPPED};

	(void)delivery;
	if (mood % 8 == 7)
		return false;
	for (size_t i = 0; i < submission->count; i++)
		submission->items[i].result = answers[(i + mood / 4) % 4];
	submission->result = results[mood % 4];
	submission->why = "the broker is stopping";
	submission->done(submission);
	return true;
}

struct delivery_status __wrap_delivery_status(struct delivery *delivery);
struct delivery_status __wrap_delivery_status(struct delivery *delivery)
{
	(void)delivery;
	return (struct delivery_status){
		.role = mood % 16 == 15 ? DELIVERY_STANDS_BY : DELIVERY_ACTIVE};
}

enum delivery_role __wrap_delivery_role(struct delivery *delivery);
enum delivery_role __wrap_delivery_role(struct delivery *delivery)
{
	return __wrap_delivery_status(delivery).role;
}

bool __wrap_delivery_outlived(struct delivery *delivery, nsec now);
bool __wrap_delivery_outlived(struct delivery *delivery, nsec now)
{
	(void)delivery;
	(void)now;
	return mood % 16 == 14;
}

const struct histogram *__wrap_delivery_commits(const struct delivery *delivery);
const struct histogram *__wrap_delivery_commits(const struct delivery *delivery)
{
	static const struct histogram none;

	(void)delivery;
	return &none;
}

/* A token for everything, and one for some entities. */
static struct auth *auth_make(void)
{
	static const char tokens[] = "secret\nless a* *.example.org\n";
	static char path[64];
	struct reason why;
	int fd = memfd_create("tokens", MFD_CLOEXEC);

	FUZZ_EXPECT(fchmod(fd, 0600) == 0);
	FUZZ_EXPECT(write(fd, tokens, strlen(tokens)) == (ssize_t)strlen(tokens));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return auth_new(path, &why);
}

static void server_prepare(void)
{
	static const struct clients_settings clients = {
		.max = LIMIT_CONNECTIONS,
		.limits = {NSEC_NEVER, NSEC_NEVER, NSEC_NEVER, NSEC_NEVER},
	};
	static struct broker broker;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	broker.checks = checks_new(&(struct siphash_key){1, 2});
	broker.flapjack = 2;
	broker.counters = counters_new();
	static struct state_counts_cache counts;
	state_counts_cache_init(&counts);
	broker.counts = &counts;
	static struct page_cache pages;
	page_cache_init(&pages);
	broker.pages = &pages;
	broker.held = held_new(LIMIT_HELD);
	context.broker = &broker;
	context.max_body = LIMIT_BODY;
	context.hosts.own = "here";
	context.clients = clients_start(&clients);
	auth = auth_make();
	FUZZ_EXPECT(auth != NULL);
	server = MHD_start_daemon(MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL,
		NULL, request_handle, &context, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)LIMIT_HEADERS, MHD_OPTION_NOTIFY_CONNECTION, request_connected, &listener,
		MHD_OPTION_URI_LOG_CALLBACK, request_first_line, &context,
		MHD_OPTION_NOTIFY_COMPLETED, request_completed, &context, MHD_OPTION_END);
	FUZZ_EXPECT(server != NULL);
}

/* Everything is sent, then the answers are read until the connection ends. */
static void connection_run(const uint8_t *bytes, size_t length, struct buffer *out)
{
	struct sockaddr_storage address = {.ss_family = AF_UNIX};
	char chunk[16384];
	ssize_t got = -1;
	int pair[2];

	FUZZ_EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	FUZZ_EXPECT(send(pair[0], bytes, length, 0) == (ssize_t)length || length == 0);
	shutdown(pair[0], SHUT_WR);
	FUZZ_EXPECT(MHD_add_connection(server, pair[1], (struct sockaddr *)&address,
			    sizeof address) == MHD_YES);
	for (int turn = 0; got != 0 && turn < TURNS_MAX; turn++) {
		MHD_run(server);
		while ((got = recv(pair[0], chunk, sizeof chunk, 0)) > 0)
			buffer_append(out, chunk, (size_t)got);
	}
	close(pair[0]);
	for (int turn = 0;
		turn < TURNS_MAX &&
		MHD_get_daemon_info(server, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections >
			0;
		turn++)
		MHD_run(server);
}

/* Whatever came, its answer is one that the manual or the HTTP library has, or there is none. */
static void answer_try(const struct buffer *out)
{
	static const int known[] = {100, 200, 202, 207, 400, 401, 403, 404, 405, 411, 413, 414, 431,
		500, 501, 503, 505};
	bool is_known = out->length == 0;
	int status = 0;

	if (out->length > 0)
		FUZZ_EXPECT(sscanf(out->data, "HTTP/1.%*c %d", &status) == 1);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		is_known |= known[i] == status;
	FUZZ_EXPECT(is_known);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buffer out = {NULL, 0, 0};

	if (length == 0 || length > INPUT_MAX)
		return 0;
	if (server == NULL)
		server_prepare();
	mood = bytes[0];
	context.auth = (mood & MOOD_GUARDED) != 0 ? auth : NULL;
	connection_run(bytes + 1, length - 1, &out);
	answer_try(&out);
	buffer_free(&out);
	return 0;
}
