/* SPDX-License-Identifier: MIT */
#include "httpbroker/options.h"

#include "common/log.h"
#include "common/options.h"
#include "httpbroker/http/hosts.h"
#include "httpbroker/limits.h"
#include "httpbroker/sns/envelope.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define YEAR (365 * 24 * 3600 * NSEC_PER_SEC)

enum {
	HELD_PER_BODY = 4, /* a body and its parsed form fit beside those of other requests */
};

static void port_set(struct options *options, const char *option, const char *value)
{
	if (options->listen_count == LISTEN_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, LISTEN_MAX);
	options->listen[options->listen_count++] = option_address(option, value);
}

static void server_set(struct options *options, const char *option, const char *value)
{
	options->redis.server = true;
	options->delivery.memory_only = strcmp(value, "none") == 0;
	if (options->delivery.memory_only)
		return;
	options->redis.place.server = redis_option_server(option, value, " or none");
}

void options_free(struct options *options)
{
	redis_options_free(&options->redis);
}

static void stale_state_set(struct options *options, const char *option, const char *value)
{
	bool known;

	if (!state_read(value, strlen(value), &options->delivery.stale_as, &known) || !known ||
		!state_lasts(options->delivery.stale_as) || options->delivery.stale_as == STATE_OK)
		die(EX_USAGE, "%s: '%s' is not unknown, critical or warning", option, value);
}

static void host_name_set(struct options *options, const char *option, const char *value)
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

/* The default is what the largest bodies need, but at least LIMIT_HELD. */
static void max_held_complete(struct options *options)
{
	size_t least = HELD_PER_BODY * options->server.max_body;

	if (options->max_held == 0)
		options->max_held = least > LIMIT_HELD ? least : LIMIT_HELD;
	else if (options->max_held < least)
		die(EX_USAGE,
			"--max-held: %zu bytes are less than 4 times --max-body: %zu would do, or "
			"--max-body %zu",
			options->max_held, least, options->max_held / HELD_PER_BODY);
}

static void sns_topic_set(struct options *options, const char *option, const char *value)
{
	struct reason why;

	if (options->sns_topic_count == SNS_TOPICS_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, SNS_TOPICS_MAX);
	if (!topic_pattern_check(value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	options->sns_topics[options->sns_topic_count++] = value;
}

static void heartbeat_set(struct options *options, const char *option, const char *value)
{
	if (options->heartbeat_count == HEARTBEATS_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, HEARTBEATS_MAX);
	if (value[0] == '\0')
		die(EX_USAGE, "%s: the name of the alert is empty", option);
	options->heartbeats[options->heartbeat_count++] = value;
}

static const struct option_row rows[] = {
	{"port", "ADDRESS",
		"listen on port, host:port, [v6]:port or unix:/path; repeatable; a port alone is "
		"on 127.0.0.1 and ::1 (default: $PORT, or 3090; 0 picks one)",
		OPTION_SET(port_set)},
	{"server", "ADDRESS",
		"Redis: port, host:port, [v6]:port or unix:/path; none: no Redis, states are kept "
		"in memory only (default localhost:6380)",
		OPTION_SET(server_set)},
	REDIS_OPTIONS_SENTINEL(redis),
	{"output", "FILE",
		"with --server none: write the events to this file or FIFO, a line each; - is "
		"standard output (default: they are not sent)",
		OPTION_FILLED(delivery.output)},
	REDIS_OPTIONS_LOGIN(redis),
	{"interval", "DURATION", "between the repeats of a check (default 10s)",
		OPTION_DURATION(delivery.interval, NSEC_PER_MSEC, 24 * 3600 * NSEC_PER_SEC)},
	{"queue", "NAME", "Flapjack's list in Redis (default events)",
		OPTION_NAME(delivery.queue, 512)},
	{"flapjack-version", "N", "1 or 2 (default 2)", OPTION_NUMBER(delivery.flapjack, 1, 2),
		.choices = "1 2"},
	{"name", "NAME",
		"brokers of one name stand by for each other; its default is the word default",
		OPTION_MEMBER_SET(delivery.name, redis_option_name)},
	{"grace", "DURATION",
		"how long times to live stand still while no broker is active (default 1h)",
		OPTION_DURATION(delivery.grace, 0, YEAR)},
	{"no-persist", NULL, "do not keep states in Redis", OPTION_FLAG_OFF(delivery.persistent)},
	{"stale-state", "STATE",
		"state reported for stale checks: unknown, critical or warning (default unknown)",
		OPTION_SET(stale_state_set), .choices = "unknown critical warning"},
	{"ping-ttl", "DURATION", "time to live of a ping without ?ttl= (default 25h)",
		OPTION_DURATION(ping_ttl, NSEC_PER_SEC, YEAR)},
	{"run-limit", "DURATION",
		"a run whose start has no ?limit= is critical after this time (default: no limit)",
		OPTION_DURATION(run_limit, NSEC_PER_SEC, YEAR)},
	{"forget-after", "DURATION", "forget a check that is stale for so long (default never)",
		OPTION_DURATION(delivery.forget_after, NSEC_PER_SEC, 10 * YEAR)},
	{"max-pending", "N", "events that may wait for Redis or the output (default 100000)",
		OPTION_NUMBER(delivery.max_pending, 1, 10000000)},
	{"max-queue", "N", "repeats pause while the queue is longer (default 1000000)",
		OPTION_NUMBER(delivery.max_queue, 1, INT32_MAX)},
	{"sns-topic", "ARN",
		"accept Amazon SNS messages of this topic; a * at the end stands for anything; "
		"repeatable (default: none)",
		OPTION_SET(sns_topic_set)},
	{"sns-ca-file", "FILE",
		"authorities, in PEM, to trust for SNS's certificates (default: the system's)",
		OPTION_TEXT(sns_ca_file)},
	{"host-name", "NAME",
		"a name by which browsers and clients may reach the broker on loopback; "
		"repeatable (default: localhost, this machine's)",
		OPTION_SET(host_name_set)},
	{"heartbeat-alert", "NAME",
		"an alert of Alertmanager that fires all the time: ok while it fires, critical "
		"when it is resolved; repeatable (default Watchdog)",
		OPTION_SET(heartbeat_set)},
	{"token-file", "FILE",
		"accept only clients with a token in FILE; a line each: TOKEN [ENTITY-GLOB...]; "
		"SIGHUP reads it again",
		OPTION_TEXT(token_file)},
	{"max-body", "BYTES", "of a request (default 16M)",
		OPTION_SIZE(server.max_body, 1, 1 << 30)},
	{"max-held", "BYTES", "of memory that all requests hold together (default 256M)",
		OPTION_SIZE(max_held, 1 << 20, INT64_C(1) << 40)},
	{"max-states", "N", "checks that are remembered (default 1000000)",
		OPTION_NUMBER(delivery.max_states, 1, 100000000)},
	{"max-connections", "N", "at a time (default 4096)",
		OPTION_NUMBER(server.max_connections, 1, 1000000)},
	{"idle-timeout", "DURATION", "close a connection idle for so long (default 15s)",
		OPTION_DURATION(server.idle_timeout, NSEC_PER_SEC, 3600 * NSEC_PER_SEC)},
	{"request-timeout", "DURATION", "for a whole request to arrive (default 30s)",
		OPTION_DURATION(server.request_timeout, NSEC_PER_SEC, 3600 * NSEC_PER_SEC)},
	{"ready-fd", "FD", "write a newline to FD when serving", OPTION_READY_FD(ready_fd)},
	{"debug", NULL, "log every event", OPTION_FLAG(debug)},
	OPTION_END,
};

static const struct option_table table = {
	.program = "httpbroker",
	.operands = "",
	.purpose =
		"Accepts events over HTTP (POST /state), remembers the last state of every check,\n"
		"and repeats it to Flapjack, through Redis, until its time to live expires; then\n"
		"it reports UNKNOWN.\n"
		"More in httpbroker(8), httpbroker-http(7) and httpbroker-formats(5).\n",
	.rows = rows,
};

/* Without --port: $PORT, as the original httpbroker has it. */
static void listen_default(struct options *options)
{
	const char *port = getenv("PORT");

	port_set(options, "PORT", port != NULL && port[0] != '\0' ? port : "3090");
}

struct options options_read(int argc, char **argv)
{
	struct options options = {
		.redis.place.server = redis_option_server("--server", "localhost:6380", ""),
		.redis.password = redis_default_password(),
		.delivery.interval = 10 * NSEC_PER_SEC,
		.delivery.queue = "events",
		.server.max_body = LIMIT_BODY,
		.delivery.max_states = LIMIT_STATES,
		.server.max_connections = LIMIT_CONNECTIONS,
		.server.idle_timeout = LIMIT_IDLE,
		.server.request_timeout = LIMIT_REQUEST,
		.delivery.flapjack = 2,
		.delivery.name = "default",
		.delivery.grace = 3600 * NSEC_PER_SEC,
		.delivery.persistent = true,
		.delivery.stale_as = STATE_UNKNOWN,
		.ping_ttl = 25 * 3600 * NSEC_PER_SEC,
		.run_limit = NSEC_NEVER,
		.delivery.forget_after = NSEC_NEVER,
		.delivery.max_pending = LIMIT_PENDING,
		.delivery.max_queue = 1000000,
		.ready_fd = -1,
	};

	options_parse(&table, &options, argc, argv);
	if (options.sns_ca_file != NULL && options.sns_topic_count == 0)
		die(EX_USAGE,
			"--sns-ca-file: needs --sns-topic: without it no SNS message is accepted");
	if (options.delivery.output != NULL && !options.delivery.memory_only)
		die(EX_USAGE, "--output: needs --server none: with Redis, events go to the queue");
	redis_options_complete(&options.redis);
	options.delivery.redis = options.redis.place;
	options.delivery.user = options.redis.user;
	options.delivery.password = options.redis.password;
	options.delivery.database = options.redis.database;
	max_held_complete(&options);
	if (options.listen_count == 0)
		listen_default(&options);
	if (options.heartbeat_count == 0)
		heartbeat_set(&options, "--heartbeat-alert", "Watchdog");
	return options;
}
