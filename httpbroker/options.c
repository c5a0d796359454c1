/* SPDX-License-Identifier: MIT */
#include "httpbroker/options.h"

#include "common/log.h"
#include "common/options.h"
#include "common/optiontable.h"
#include "common/secretfile.h"
#include "httpbroker/http/hosts.h"
#include "httpbroker/limits.h"
#include "httpbroker/sns/policy.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define INTERVAL_MIN NSEC_PER_MSEC
#define INTERVAL_MAX (24 * 3600 * NSEC_PER_SEC)

#define HELD_MAX (INT64_C(1) << 40)

#define TIMEOUT_MAX (3600 * NSEC_PER_SEC)
#define GRACE_MAX (365 * 24 * 3600 * NSEC_PER_SEC)

#define FORGET_MIN NSEC_PER_SEC
#define FORGET_MAX (3650 * 24 * 3600 * NSEC_PER_SEC)

enum {
	QUEUE_MAX = 512, /* bytes of its name */
	NAME_LENGTH_MAX = 64,
	PENDING_HIGHEST = 10000000,
	BODY_HIGHEST = 1 << 30,
	HELD_MIN = 1 << 20,
	HELD_PER_BODY = 4, /* a body and what is read of it have room beside others */
	CHECKS_HIGHEST = 100000000,
	CONNECTIONS_HIGHEST = 1000000,
};

static struct address server_address(const char *option, const char *text)
{
	struct address address = option_address(option, text);

	if (address.path[0] == '\0' && address.port == 0)
		die(EX_USAGE, "%s: there is no Redis at port 0", option);
	return address;
}

static void port_take(struct options *options, const char *option, const char *value)
{
	if (options->listen_count == LISTEN_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, LISTEN_MAX);
	options->listen[options->listen_count++] = option_address(option, value);
}

static void server_take(struct options *options, const char *option, const char *value)
{
	options->memory_only = strcmp(value, "none") == 0;
	if (options->memory_only)
		return;
	if (strpbrk(value, ":0123456789-") == NULL)
		die(EX_USAGE,
			"%s: '%s' is not port, host:port, [v6]:port, unix:/path or none: a host "
			"needs its port behind it, %s:6379",
			option, value, value);
	options->server = server_address(option, value);
}

void options_free(struct options *options)
{
	if (options->secret == NULL)
		return;
	explicit_bzero(options->secret, strlen(options->secret));
	free(options->secret);
	options->secret = NULL;
}

static void password_take(struct options *options, const char *option, const char *value)
{
	struct reason why;

	options_free(options);
	options->password = options->secret = secret_file_line(value, &why);
	if (options->secret == NULL)
		die(EX_CONFIG, "%s: %s", option, why.text);
}

static void database_take(struct options *options, const char *option, const char *value)
{
	options->database = (int)option_number(option, value, 0, INT_MAX);
}

static void interval_take(struct options *options, const char *option, const char *value)
{
	options->interval = option_duration(option, value, INTERVAL_MIN, INTERVAL_MAX);
}

static void queue_take(struct options *options, const char *option, const char *value)
{
	if (value[0] == '\0' || strlen(value) > QUEUE_MAX)
		die(EX_USAGE, "%s: the name must have 1 to %d bytes", option, QUEUE_MAX);
	options->queue = value;
}

static void name_take(struct options *options, const char *option, const char *value)
{
	size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-");

	if (length == 0 || length > NAME_LENGTH_MAX || value[length] != '\0')
		die(EX_USAGE, "%s: '%s' is not 1 to %d letters, digits, '.', '_' or '-'", option,
			value, NAME_LENGTH_MAX);
	options->name = value;
}

static void grace_take(struct options *options, const char *option, const char *value)
{
	options->grace = option_duration(option, value, 0, GRACE_MAX);
}

static void no_persist_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	(void)value;
	options->persistent = false;
}

static void stale_state_take(struct options *options, const char *option, const char *value)
{
	bool known;

	if (!state_read(value, strlen(value), &options->stale_state, &known) || !known ||
		!state_lasts(options->stale_state) || options->stale_state == STATE_OK)
		die(EX_USAGE, "%s: '%s' is not unknown, critical or warning", option, value);
}

static void forget_after_take(struct options *options, const char *option, const char *value)
{
	options->forget_after = option_duration(option, value, FORGET_MIN, FORGET_MAX);
}

static void max_pending_take(struct options *options, const char *option, const char *value)
{
	options->max_pending = option_number(option, value, 1, PENDING_HIGHEST);
}

static void max_queue_take(struct options *options, const char *option, const char *value)
{
	options->max_queue = option_number(option, value, 1, INT32_MAX);
}

static void flapjack_take(struct options *options, const char *option, const char *value)
{
	options->flapjack = (int)option_number(option, value, 1, 2);
}

static void host_name_take(struct options *options, const char *option, const char *value)
{
	if (options->host_name_count == HOST_NAMES_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, HOST_NAMES_MAX);
	if (!hosts_name_check(value))
		die(EX_USAGE,
			"%s: '%.64s' is not a name or address without a port, such as "
			"broker.example.org, 192.0.2.1 or [2001:db8::1]",
			option, value);
	options->host_names[options->host_name_count++] = value;
}

static void token_file_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	options->token_file = value;
}

static void max_body_take(struct options *options, const char *option, const char *value)
{
	options->max_body = (size_t)option_size(option, value, 1, BODY_HIGHEST);
}

static void max_held_take(struct options *options, const char *option, const char *value)
{
	options->max_held = (size_t)option_size(option, value, HELD_MIN, HELD_MAX);
}

/* Not given, it is the default or what the bodies need. */
static void max_held_complete(struct options *options)
{
	size_t least = HELD_PER_BODY * options->max_body;

	if (options->max_held == 0)
		options->max_held = least > LIMIT_HELD ? least : LIMIT_HELD;
	else if (options->max_held < least)
		die(EX_USAGE,
			"--max-held: %zu bytes are less than 4 times --max-body: %zu would do, or "
			"--max-body %zu",
			options->max_held, least, options->max_held / HELD_PER_BODY);
}

static void max_states_take(struct options *options, const char *option, const char *value)
{
	options->max_states = (size_t)option_number(option, value, 1, CHECKS_HIGHEST);
}

static void max_connections_take(struct options *options, const char *option, const char *value)
{
	options->max_connections = (unsigned)option_number(option, value, 1, CONNECTIONS_HIGHEST);
}

static void idle_timeout_take(struct options *options, const char *option, const char *value)
{
	options->idle_timeout = option_duration(option, value, NSEC_PER_SEC, TIMEOUT_MAX);
}

static void request_timeout_take(struct options *options, const char *option, const char *value)
{
	options->request_timeout = option_duration(option, value, NSEC_PER_SEC, TIMEOUT_MAX);
}

static void ready_take(struct options *options, const char *option, const char *value)
{
	options->ready_fd = option_ready_fd(option, value);
}

static void sns_topic_take(struct options *options, const char *option, const char *value)
{
	struct reason why;

	if (options->sns_topic_count == SNS_TOPICS_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, SNS_TOPICS_MAX);
	if (!topic_pattern_check(value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	options->sns_topics[options->sns_topic_count++] = value;
}

static void sns_ca_file_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	options->sns_ca_file = value;
}

static void debug_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	(void)value;
	options->debug = true;
}

static const struct option_row rows[] = {
	{"port", "ADDRESS", port_take,
		"listen on port, host:port, [v6]:port or unix:/path; may be "
		"given several times; a port alone is on 127.0.0.1 and ::1 "
		"(default: $PORT, or 3090; 0 picks one)"},
	{"server", "ADDRESS", server_take,
		"Redis: port, host:port, [v6]:port or unix:/path; none: no "
		"Redis, states are in memory only and nobody is told "
		"(default localhost:6380)"},
	{"password-file", "FILE", password_take,
		"Redis's password, one line (default: $REDIS_PASSWORD)"},
	{"database", "N", database_take, "Redis database (default 0)"},
	{"interval", "DURATION", interval_take, "between the repeats of a check (default 10s)"},
	{"queue", "NAME", queue_take, "Flapjack's list in Redis (default events)"},
	{"flapjack-version", "N", flapjack_take, "1 or 2 (default 2)"},
	{"name", "NAME", name_take,
		"brokers of one name stand by for each other; its default "
		"is the word default"},
	{"grace", "DURATION", grace_take,
		"a time without any broker in which no state grows older (default 1h)"},
	{"no-persist", NULL, no_persist_take, "do not keep states in Redis"},
	{"stale-state", "STATE", stale_state_take,
		"as what Flapjack is told of a stale check: unknown, critical "
		"or warning (default unknown)"},
	{"forget-after", "DURATION", forget_after_take,
		"forget a check that is stale for so long (default never)"},
	{"max-pending", "N", max_pending_take, "events that may wait for Redis (default 100000)"},
	{"max-queue", "N", max_queue_take,
		"repeats pause while the queue is longer (default 1000000)"},
	{"sns-topic", "ARN", sns_topic_take,
		"take Amazon SNS's messages of this topic; a * at the end "
		"stands for anything; repeatable (default: of none)"},
	{"sns-ca-file", "FILE", sns_ca_file_take,
		"authorities, in PEM, to trust for SNS's certificates "
		"(default: the system's)"},
	{"host-name", "NAME", host_name_take,
		"a name by which browsers and clients may reach the broker on "
		"loopback; repeatable (default: localhost, this machine's)"},
	{"token-file", "FILE", token_file_take,
		"let in only who has one of the tokens in FILE; a line each: "
		"TOKEN [ENTITY-GLOB...]; SIGHUP reads it again"},
	{"max-body", "BYTES", max_body_take, "of a request (default 16M)"},
	{"max-held", "BYTES", max_held_take,
		"of memory that all requests hold together (default 256M)"},
	{"max-states", "N", max_states_take, "checks that are remembered (default 1000000)"},
	{"max-connections", "N", max_connections_take, "at a time (default 4096)"},
	{"idle-timeout", "DURATION", idle_timeout_take,
		"close a connection after such a silence (default 15s)"},
	{"request-timeout", "DURATION", request_timeout_take,
		"for a whole request to come in (default 30s)"},
	{"ready-fd", "FD", ready_take, "write a newline to FD when serving"},
	{"debug", NULL, debug_take, "log every event"},
};

static const struct option_table table = {
	"httpbroker",
	"",
	"Takes events over HTTP (POST /state), remembers the last state of every check,\n"
	"and repeats it to Flapjack, through Redis, until its time to live is over; then\n"
	"it says UNKNOWN.\n",
	rows,
	sizeof rows / sizeof rows[0],
};

static const char *default_password(void)
{
	const char *password = getenv("REDIS_PASSWORD");

	return password != NULL && password[0] != '\0' ? password : NULL;
}

/* Where to listen if no --port says so: the original's way of being told in the environment. */
static void listen_default(struct options *options)
{
	const char *port = getenv("PORT");

	port_take(options, "PORT", port != NULL && port[0] != '\0' ? port : "3090");
}

struct options options_read(int argc, char **argv)
{
	struct options options = {
		.server = server_address("--server", "localhost:6380"),
		.password = default_password(),
		.interval = 10 * NSEC_PER_SEC,
		.queue = "events",
		.max_body = LIMIT_BODY,
		.max_states = LIMIT_STATES,
		.max_connections = LIMIT_CONNECTIONS,
		.idle_timeout = LIMIT_IDLE,
		.request_timeout = LIMIT_REQUEST,
		.flapjack = 2,
		.name = "default",
		.grace = 3600 * NSEC_PER_SEC,
		.persistent = true,
		.stale_state = STATE_UNKNOWN,
		.forget_after = NSEC_NEVER,
		.max_pending = LIMIT_PENDING,
		.max_queue = 1000000,
		.ready_fd = -1,
	};

	option_table_read(&table, &options, argc, argv);
	if (options.sns_ca_file != NULL && options.sns_topic_count == 0)
		die(EX_USAGE, "--sns-ca-file: without --sns-topic no SNS is taken");
	max_held_complete(&options);
	if (options.listen_count == 0)
		listen_default(&options);
	return options;
}
