/* SPDX-License-Identifier: MIT */
/* httpbroker: stores the last state of each check and repeats it to Flapjack. */
#include "common/buffer.h"
#include "common/descriptors.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/ready.h"
#include "common/secret.h"
#include "common/signals.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/formats/json.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/health.h"
#include "httpbroker/http/held.h"
#include "httpbroker/http/page.h"
#include "httpbroker/http/server.h"
#include "httpbroker/options.h"
#include "httpbroker/sns/message.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Together less than five seconds, the bound of a stop. */
#define TIMEOUT_REQUESTS NSEC_PER_SEC        /* for requests being received */
#define TIMEOUT_REDIS (3 * NSEC_PER_SEC)     /* for committing accepted events */
#define TIMEOUT_RESPONSES (NSEC_PER_SEC / 2) /* for sending responses */

enum { PLACE_TEXT = HOST_NAME_MAX + ADDRESS_TEXT + 2 };

static const char *server_text(const struct options *options, char out[ADDRESS_TEXT])
{
	if (options->delivery.memory_only)
		return "none";
	return options->redis.place.sentinel_count > 0
		       ? options->redis.place.master
		       : address_text(&options->redis.place.server, out);
}

static void options_log(const struct options *options)
{
	char text[ADDRESS_TEXT], interval[DURATION_TEXT];
	struct buffer ports = {NULL, 0, 0};

	for (int i = 0; i < options->listen_count; i++)
		buffer_printf(
			&ports, "%s%s", i > 0 ? "," : "", address_text(&options->listen[i], text));
	log_debug("Booting with config: {Port:%s Server:%s Database:%d Interval:%s Queue:%s "
		  "FlapjackVersion:%d Debug:%s}",
		ports.data, server_text(options, text), options->redis.database,
		duration_text(options->delivery.interval, interval), options->delivery.queue,
		options->delivery.flapjack, options->debug ? "true" : "false");
	buffer_free(&ports);
}

static struct checks *checks_make(void)
{
	struct siphash_key key;

	random_bytes(&key, sizeof key);
	return checks_new(&key);
}

/* The bound of what all requests hold; JSON documents may take half of it. */
static struct held *held_make(const struct options *options)
{
	static struct jsonpool_bound bound; /* it is not copied */
	struct held *held = held_new(options->max_held);

	bound = (struct jsonpool_bound){held_take, held_give, held, options->max_held / 2};
	jsonpool_use(&bound);
	return held;
}

static void listeners_make(
	const struct options *options, const struct auth *auth, struct listeners *listeners)
{
	listeners_open(options->listen, options->listen_count, listeners);
	if (auth == NULL)
		listeners_warn(listeners);
}

static const char *own_name(void)
{
	static char name[HOST_NAME_MAX + 1];

	gethostname(name, sizeof name - 1);
	return name;
}

/* Identifies this broker among others: only one listens on an address of a host. */
static const char *place_text(const struct listeners *listeners, char out[PLACE_TEXT])
{
	char address[ADDRESS_TEXT];

	snprintf(out, PLACE_TEXT, "%s %s", own_name(), listeners_first(listeners, address));
	return out;
}

static struct sns *sns_make(const struct options *options)
{
	const struct sns_settings settings = {
		.policy = {options->sns_topics, options->sns_topic_count},
		.ca_file = options->sns_ca_file,
	};

	return sns_start(&settings);
}

static struct auth *auth_make(const struct options *options)
{
	struct reason why;

	if (options->token_file == NULL)
		return NULL;
	struct auth *auth = auth_new(options->token_file, &why);
	if (auth == NULL)
		die(EX_CONFIG, "--token-file: %s", why.text);
	return auth;
}

static struct server *server_make(struct options *options, struct auth *auth,
	const struct listeners *listeners, const struct broker *broker)
{
	options->server.auth = auth;
	options->server.hosts =
		(struct hosts){options->host_names, options->host_name_count, own_name()};
	return server_start(&options->server, listeners, broker);
}

static void files_reload(struct auth *auth, struct delivery *delivery)
{
	struct reason why;
	bool output = delivery_reopen(delivery);

	if (auth == NULL)
		log_info("SIGHUP: %s",
			output ? "the --output is opened again" : "no --token-file to reload");
	else if (auth_reload(auth, &why))
		log_info("SIGHUP: tokens reloaded");
	else
		log_error("SIGHUP: %s; the old tokens stay in use", why.text);
}

static int32_t seconds_up(nsec duration)
{
	return (int32_t)((duration + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

/* Returns the exit status. */
static int stop_await(struct auth *auth, struct delivery *delivery)
{
	struct pollfd ended = {.fd = delivery_ended_fd(delivery), .events = POLLIN};
	struct watchdog watchdog = watchdog_asked();
	struct timespec left;

	while (!signals_say_stop()) {
		nsec now = clock_monotonic(), next = watchdog_deadline(&watchdog);

		if (ended.revents != 0)
			return EX_TEMPFAIL;
		if (signal_arrived(SIGHUP))
			files_reload(auth, delivery);
		if (now >= next && watchdog_due(&watchdog, delivery_progress(delivery), now))
			ready_notify("WATCHDOG=1");
		next = watchdog_deadline(&watchdog);
		if (signals_poll(&ended, 1, clock_timeout(now, next, &left)) <= 0)
			ended.revents = 0;
	}
	return 0;
}

static void output_check(const struct options *options, bool standard_is_open)
{
	if (options->delivery.output != NULL && strcmp(options->delivery.output, "-") == 0 &&
		!standard_is_open)
		die(EX_CANTCREAT, "--output -: standard output is closed");
}

/* What is accepted is committed, and each response sent, within the timeouts. */
static void broker_stop(
	const struct broker *broker, struct server *server, struct listeners *listeners)
{
	ready_notify("STOPPING=1");
	listeners_remove(listeners);
	server_close(server);
	server_drain(server, TIMEOUT_REQUESTS);
	sns_stop(broker->sns);
	delivery_stop(broker->delivery, TIMEOUT_REDIS);
	server_drain(server, TIMEOUT_RESPONSES);
	server_stop(server);
}

int main(int argc, char **argv)
{
	bool output_open = descriptor_is_open(STDOUT_FILENO);

	log_open("httpbroker");
	secret_protect_process();
	log_never_wait();
	struct options options = options_read(argc, argv);
	if (options.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP}, 3);
	output_check(&options, output_open);
	options_log(&options);

	struct held *held = held_make(&options);
	struct auth *auth = auth_make(&options);
	struct listeners listeners;
	listeners_make(&options, auth, &listeners);
	struct checks *checks = checks_make();
	char place[PLACE_TEXT];
	options.delivery.place = place_text(&listeners, place);
	struct delivery *delivery = delivery_start(&options.delivery, checks);
	struct counters *counters = counters_new();
	struct state_counts_cache counts;
	state_counts_cache_init(&counts);
	struct page_cache pages;
	page_cache_init(&pages);
	struct sns *sns = sns_make(&options);
	const struct broker broker = {
		.checks = checks,
		.flapjack = options.delivery.flapjack,
		.stale_as = options.delivery.stale_as,
		.ping_ttl = seconds_up(options.ping_ttl),
		.run_limit = options.run_limit == NSEC_NEVER ? 0 : seconds_up(options.run_limit),
		.heartbeats = options.heartbeats,
		.counters = counters,
		.held = held,
		.counts = &counts,
		.pages = &pages,
		.sns = sns,
		.delivery = delivery,
	};
	struct server *server = server_make(&options, auth, &listeners, &broker);
	ready_announce(options.ready_fd);

	int status = stop_await(auth, delivery);

	broker_stop(&broker, server, &listeners);
	delivery_free(delivery);
	sns_free(sns);
	page_cache_clear(&pages);
	checks_free(checks);
	counters_free(counters);
	held_free(held);
	auth_free(auth);
	options_free(&options);
	return status;
}
