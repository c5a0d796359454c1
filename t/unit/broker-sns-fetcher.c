/* SPDX-License-Identifier: MIT */
/* The fetcher for Amazon SNS, through a proxy that accepts connections and never responds. */
#include "t/unit/unit.h"

#include "common/clocks.h"
#include "httpbroker/sns/fetcher.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define URL "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"

static int proxy_open(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	char url[64];
	int proxy = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(proxy >= 0);
	assert_int_equal(bind(proxy, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(proxy, 16), 0);
	assert_int_equal(getsockname(proxy, (struct sockaddr *)&address, &length), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
	setenv("https_proxy", url, 1);
	setenv("http_proxy", url, 1);
	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	return proxy;
}

/* Fetches, and how often each has finished. */
static struct job {
	struct fetch fetch; /* first */
	atomic_uint done;
} jobs[FETCH_QUEUE_MAX + 8];

static void fetch_finished(struct fetch *fetch)
{
	((struct job *)fetch)->done++;
}

static bool put(struct fetcher *fetcher, unsigned number, const char *url)
{
	struct job *job = &jobs[number];

	job->fetch.url = url;
	job->fetch.done = fetch_finished;
	return fetcher_put(fetcher, &job->fetch);
}

static int begin(void **state)
{
	(void)state;
	memset(jobs, 0, sizeof jobs);
	return 0;
}

/* Polls for a condition set by another thread. */
static void await(bool (*has)(const struct job *job), const struct job *job)
{
	const struct timespec pause = {0, 5 * NSEC_PER_MSEC};
	nsec limit = clock_monotonic() + 30 * NSEC_PER_SEC;

	while (!has(job) && clock_monotonic() < limit)
		nanosleep(&pause, NULL);
	assert_true(has(job));
}

static bool is_done(const struct job *job)
{
	return job->done > 0;
}

static void a_stop_aborts_and_returns_all_fetches(void **state)
{
	int proxy = proxy_open();
	struct fetcher *fetcher = fetcher_start(NULL);
	unsigned taken = 0;

	(void)state;
	assert_true(put(fetcher, taken++, URL));
	int asked = accept(proxy, NULL, NULL); /* the first is in flight */
	while (put(fetcher, taken, URL))
		taken++;
	assert_int_equal(taken, 1 + FETCH_QUEUE_MAX);
	fetcher_stop(fetcher);
	assert_false(put(fetcher, taken, URL));
	for (unsigned i = 0; i < taken; i++) {
		assert_int_equal(jobs[i].done, 1);
		assert_false(jobs[i].fetch.fetched);
	}
	assert_int_equal(jobs[taken].done, 0);
	assert_non_null(strstr(jobs[0].fetch.why.text, "aborted"));
	assert_string_equal(jobs[1].fetch.why.text, "the broker is stopping");
	fetcher_free(fetcher);
	close(asked);
	close(proxy);
}

static void only_https_is_fetched(void **state)
{
	int proxy = proxy_open();
	struct fetcher *fetcher = fetcher_start(NULL);

	(void)state;
	assert_true(put(fetcher, 0, "http://sns.eu-west-1.amazonaws.com/"));
	await(is_done, &jobs[0]);
	assert_false(jobs[0].fetch.fetched);
	assert_string_not_equal(jobs[0].fetch.why.text, ""); /* in libcurl's words */
	fetcher_stop(fetcher);
	fetcher_free(fetcher);
	close(proxy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_stop_aborts_and_returns_all_fetches, begin),
		cmocka_unit_test_setup(only_https_is_fetched, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
