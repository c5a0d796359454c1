/* SPDX-License-Identifier: MIT */
/* The certificate cache of Amazon SNS; the test replaces the fetcher. */
#include "t/unit/unit.h"

#include "httpbroker/sns/certificates.h"
#include "t/unit/certificates.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400 };

/* The requested fetches; the test replaces the thread of the fetcher. */
static struct {
	struct fetch *asked[2 * CERTIFICATES_MAX];
	unsigned count;
	bool full;
} fetcher;

bool fetcher_put(struct fetcher *unused, struct fetch *fetch)
{
	(void)unused;
	if (fetcher.full)
		return false;
	fetcher.asked[fetcher.count++] = fetch;
	return true;
}

void fetch_free(struct fetch *fetch)
{
	buffer_free(&fetch->body);
	buffer_free(&fetch->intermediates);
}

static struct {
	struct identity root, leaf;
	char root_file[IDENTITY_PATH];
	X509_STORE *authorities;
	struct certificates *certificates;
	nsec now; /* monotonic */
} fixture;

static int fixture_make(void **state)
{
	time_t now = time(NULL);
	const struct identity_wish root = {"root", NULL, now - DAY, now + DAY, NULL};
	const struct identity_wish leaf = {"sns", "serverAuth", now - DAY, now + DAY, NULL};
	struct reason why;

	(void)state;
	fixture.root = identity_make(&root, NULL);
	fixture.leaf = identity_make(&leaf, &fixture.root);
	identity_file(fixture.root_file, &fixture.root);
	fixture.authorities = authorities_read(fixture.root_file, &why);
	return fixture.authorities == NULL ? -1 : 0;
}

static int fixture_end(void **state)
{
	(void)state;
	unlink(fixture.root_file);
	X509_STORE_free(fixture.authorities);
	identity_free(&fixture.root);
	identity_free(&fixture.leaf);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	fetcher.count = 0;
	fetcher.full = false;
	fixture.now = clock_monotonic();
	fixture.certificates = certificates_new(fixture.authorities, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	certificates_free(fixture.certificates);
	return 0;
}

/* A waiter. */
struct waiter {
	struct certificate_wait wait; /* first */
	unsigned woken;
};

static void wake(struct certificate_wait *wait)
{
	((struct waiter *)wait)->woken++;
}

static enum certificate_status look(const char *url, struct waiter *waiter, struct reason *why)
{
	const struct text text = {url, strlen(url)};
	const struct moment now = {.monotonic = fixture.now};
	X509 *out = NULL;

	waiter->wait.done = wake;
	enum certificate_status status =
		certificates_get(fixture.certificates, text, now, &waiter->wait, &out, why);
	assert_int_equal(out != NULL, status == CERTIFICATE_VALID);
	if (out != NULL)
		assert_int_equal(X509_cmp(out, fixture.leaf.certificate), 0);
	X509_free(out);
	return status;
}

static void assert_status(const char *url, enum certificate_status expected)
{
	static struct waiter waiter;
	struct reason why;

	assert_int_equal(look(url, &waiter, &why), expected);
}

/* Completes the fetch of this number: with the certificate, other data or a failure. */
static void fetched(unsigned number, enum certificate_status as)
{
	struct fetch *fetch = fetcher.asked[number];

	fetch->fetched = as != CERTIFICATE_UNAVAILABLE;
	if (as == CERTIFICATE_VALID)
		identity_pem(&fetch->body, &fixture.leaf);
	else if (as == CERTIFICATE_INVALID)
		buffer_append_text(&fetch->body, "<html>");
	else
		reason_set(&fetch->why, "no route");
	fetch->done(fetch);
}

static void all_waiters_are_woken_once(void **state)
{
	struct waiter waiters[3] = {0};
	struct reason why;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(look("a", &waiters[i], &why), CERTIFICATE_PENDING);
	assert_int_equal(fetcher.count, 1);
	assert_string_equal(fetcher.asked[0]->url, "a");
	fetched(0, CERTIFICATE_VALID);
	for (int i = 0; i < 3; i++)
		assert_int_equal(waiters[i].woken, 1);
	assert_status("a", CERTIFICATE_VALID);
	assert_int_equal(fetcher.count, 1);
}

/* The status is cached for this time, then fetched again. */
static void assert_lasts(enum certificate_status status, nsec lasts)
{
	unsigned number = fetcher.count;

	assert_status("a", CERTIFICATE_PENDING);
	nsec before = clock_monotonic();
	fetched(number, status);
	fixture.now = before + lasts - 1;
	assert_status("a", status);
	assert_int_equal(fetcher.count, number + 1);
	fixture.now = clock_monotonic() + lasts;
	assert_status("a", CERTIFICATE_PENDING);
	assert_int_equal(fetcher.count, number + 2);
	fetched(number + 1, CERTIFICATE_UNAVAILABLE);
	fixture.now = clock_monotonic() + CERTIFICATE_UNAVAILABLE_LASTS;
}

static void each_status_is_cached_for_its_time(void **state)
{
	(void)state;
	assert_lasts(CERTIFICATE_VALID, CERTIFICATE_VALID_LASTS);
	assert_lasts(CERTIFICATE_INVALID, CERTIFICATE_INVALID_LASTS);
	assert_lasts(CERTIFICATE_UNAVAILABLE, CERTIFICATE_UNAVAILABLE_LASTS);
}

static void the_reason_is_cached(void **state)
{
	struct waiter waiter = {0};
	struct reason why = {""};

	(void)state;
	assert_status("a", CERTIFICATE_PENDING);
	fetched(0, CERTIFICATE_UNAVAILABLE);
	assert_int_equal(look("a", &waiter, &why), CERTIFICATE_UNAVAILABLE);
	assert_string_equal(why.text, "a: no route");
	assert_status("b", CERTIFICATE_PENDING);
	fetched(1, CERTIFICATE_INVALID);
	assert_int_equal(look("b", &waiter, &why), CERTIFICATE_INVALID);
	assert_string_equal(why.text, "SigningCertURL holds no certificate");
	assert_int_equal(waiter.woken, 0);
}

/* Requests as many as fit; the first URL is "0". */
static void fill(unsigned from, unsigned below)
{
	char url[16];

	for (unsigned i = from; i < below; i++) {
		snprintf(url, sizeof url, "%u", i);
		assert_status(url, CERTIFICATE_PENDING);
	}
}

static void unavailable_certificates_displace_no_valid_one(void **state)
{
	struct waiter waiter = {0};
	struct reason why;

	(void)state;
	fill(0, CERTIFICATES_MAX);
	assert_int_equal(look("more", &waiter, &why), CERTIFICATE_UNAVAILABLE);
	assert_string_equal(why.text, "the queue of certificates to fetch is full");
	fetched(0, CERTIFICATE_VALID);
	assert_status("more", CERTIFICATE_UNAVAILABLE); /* the rest is in flight */
	fetched(1, CERTIFICATE_INVALID);
	fetched(2, CERTIFICATE_UNAVAILABLE);
	fill(CERTIFICATES_MAX, CERTIFICATES_MAX + 1);
	assert_status("1", CERTIFICATE_INVALID); /* unavailable ones are displaced first */
	fill(CERTIFICATES_MAX + 1, CERTIFICATES_MAX + 2);
	assert_status("more", CERTIFICATE_UNAVAILABLE);
	assert_status("0", CERTIFICATE_VALID);
	for (unsigned i = 3; i < fetcher.count; i++)
		fetched(i, CERTIFICATE_UNAVAILABLE);
}

static void the_oldest_valid_certificate_is_displaced(void **state)
{
	(void)state;
	fill(0, CERTIFICATES_MAX);
	for (unsigned i = 0; i < CERTIFICATES_MAX; i++)
		fetched(i, CERTIFICATE_VALID);
	assert_status("more", CERTIFICATE_PENDING);
	assert_status("1", CERTIFICATE_VALID);
	fetched(CERTIFICATES_MAX, CERTIFICATE_VALID);
	assert_status("0", CERTIFICATE_PENDING);
	fetched(CERTIFICATES_MAX + 1, CERTIFICATE_UNAVAILABLE);
}

static void a_full_queue_is_not_cached(void **state)
{
	(void)state;
	fetcher.full = true;
	assert_status("a", CERTIFICATE_UNAVAILABLE);
	fetcher.full = false;
	assert_status("a", CERTIFICATE_PENDING);
	fetched(0, CERTIFICATE_VALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_waiters_are_woken_once, begin, end),
		cmocka_unit_test_setup_teardown(each_status_is_cached_for_its_time, begin, end),
		cmocka_unit_test_setup_teardown(the_reason_is_cached, begin, end),
		cmocka_unit_test_setup_teardown(
			unavailable_certificates_displace_no_valid_one, begin, end),
		cmocka_unit_test_setup_teardown(
			the_oldest_valid_certificate_is_displaced, begin, end),
		cmocka_unit_test_setup_teardown(a_full_queue_is_not_cached, begin, end),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_end);
}
