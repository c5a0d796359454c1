/* SPDX-License-Identifier: MIT */
/* The command line of httpbroker: its defaults, and what follows from other options. */
#include "t/unit/unit.h"

#include "httpbroker/limits.h"
#include "httpbroker/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NSEC_PER_SEC)

/* Of a command line without quotation marks. The texts stay valid until the next one. */
static struct options options_of(const char *line)
{
	static char copy[300];
	char *argv[20], *rest = copy;
	int argc = 0;

	snprintf(copy, sizeof copy, "%s", line);
	while ((argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	optind = 0; /* glibc's getopt_long() begins anew */
	return options_read(argc, argv);
}

static void defaults_are_those_of_the_manual(void **state)
{
	struct options options = options_of("httpbroker");

	(void)state;
	assert_int_equal(options.listen_count, 1);
	assert_int_equal(options.listen[0].port, 3090);
	assert_string_equal(options.redis.place.server.host, "localhost");
	assert_int_equal(options.redis.place.server.port, 6380);
	assert_false(options.delivery.memory_only);
	assert_true(options.delivery.persistent);
	assert_true(options.delivery.interval == 10 * NSEC_PER_SEC);
	assert_string_equal(options.delivery.queue, "events");
	assert_int_equal(options.delivery.flapjack, 2);
	assert_int_equal(options.delivery.stale_as, STATE_UNKNOWN);
	assert_true(options.delivery.forget_after == NSEC_NEVER);
	assert_true(options.ping_ttl == 25 * HOUR);
	assert_true(options.run_limit == NSEC_NEVER);
	assert_int_equal(options.heartbeat_count, 1);
	assert_string_equal(options.heartbeats[0], "Watchdog");
	assert_null(options.heartbeats[1]);
	assert_int_equal(options.ready_fd, -1);
	options_free(&options);
}

/* A body and its parsed form have room beside others, and small bodies take nothing away. */
static void the_memory_of_requests_follows_the_size_of_bodies(void **state)
{
	static const struct {
		const char *line;
		size_t held;
	} cases[] = {
		{"httpbroker --max-body 1M", LIMIT_HELD},
		{"httpbroker --max-body 64M", (size_t)256 << 20},
		{"httpbroker --max-body 65M", (size_t)260 << 20},
		{"httpbroker --max-body 1G", (size_t)4 << 30},
		{"httpbroker --max-body 1M --max-held 4M", (size_t)4 << 20},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct options options = options_of(cases[i].line);

		assert_int_equal(options.max_held, cases[i].held);
		options_free(&options);
	}
}

static void the_environment_has_the_port_if_no_option_has_it(void **state)
{
	(void)state;
	setenv("PORT", "[::1]:80", 1);
	struct options options = options_of("httpbroker");
	assert_int_equal(options.listen_count, 1);
	assert_string_equal(options.listen[0].host, "::1");
	assert_int_equal(options.listen[0].port, 80);
	options_free(&options);
	options = options_of("httpbroker --port 81 --port unix:/x");
	assert_int_equal(options.listen_count, 2);
	assert_int_equal(options.listen[0].port, 81);
	assert_string_equal(options.listen[1].path, "/x");
	options_free(&options);
	setenv("PORT", "", 1);
	options = options_of("httpbroker");
	assert_int_equal(options.listen[0].port, 3090);
	options_free(&options);
	unsetenv("PORT");
}

static void named_heartbeats_replace_the_default(void **state)
{
	struct options options = options_of("httpbroker --heartbeat-alert Alive");

	(void)state;
	assert_int_equal(options.heartbeat_count, 1);
	assert_string_equal(options.heartbeats[0], "Alive");
	options_free(&options);
	options = options_of("httpbroker --heartbeat-alert Alive --heartbeat-alert Second");
	assert_int_equal(options.heartbeat_count, 2);
	assert_string_equal(options.heartbeats[0], "Alive");
	assert_string_equal(options.heartbeats[1], "Second");
	assert_null(options.heartbeats[2]);
	options_free(&options);
}

static void without_redis_an_output_may_take_the_events(void **state)
{
	struct options options = options_of("httpbroker --server none --output /run/events");

	(void)state;
	assert_true(options.delivery.memory_only);
	assert_string_equal(options.delivery.output, "/run/events");
	options_free(&options);
	options = options_of("httpbroker --server none --server 6379");
	assert_false(options.delivery.memory_only);
	assert_int_equal(options.redis.place.server.port, 6379);
	options_free(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(the_memory_of_requests_follows_the_size_of_bodies),
		cmocka_unit_test(the_environment_has_the_port_if_no_option_has_it),
		cmocka_unit_test(named_heartbeats_replace_the_default),
		cmocka_unit_test(without_redis_an_output_may_take_the_events),
	};

	unsetenv("PORT");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
