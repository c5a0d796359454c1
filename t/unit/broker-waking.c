/* SPDX-License-Identifier: MIT */
/* Who is resumed at once, and who by the thread that was woken by that. */
#include "t/unit/unit.h"

#include "httpbroker/http/waking.h"

enum { SLEEPERS = 4 };

/* Instead of libmicrohttpd's: a connection is the number of how often it was resumed. */
void MHD_resume_connection(struct MHD_Connection *connection)
{
	++*(int *)connection;
}

static int resumed[SLEEPERS];
static struct sleeper sleepers[SLEEPERS];

static int begin(void **state)
{
	(void)state;
	for (int i = 0; i < SLEEPERS; i++) {
		resumed[i] = 0;
		sleepers[i] = (struct sleeper){(struct MHD_Connection *)&resumed[i], NULL};
	}
	return 0;
}

static void assert_resumed(const int wanted[SLEEPERS])
{
	assert_memory_equal(resumed, wanted, sizeof resumed);
}

static void the_first_is_resumed_and_the_others_when_their_thread_goes_on(void **state)
{
	struct waking waking = {NULL, {0}};

	(void)state;
	for (int i = 0; i < 3; i++)
		waking_resume(&waking, &sleepers[i]);
	assert_resumed((const int[SLEEPERS]){1, 0, 0, 0});
	waking_go_on(&waking);
	assert_resumed((const int[SLEEPERS]){1, 1, 1, 0});
	waking_go_on(&waking);
	assert_resumed((const int[SLEEPERS]){1, 1, 1, 0});
}

/* Else nobody would wake their thread. */
static void after_that_there_is_a_first_again(void **state)
{
	struct waking waking = {NULL, {0}};

	(void)state;
	waking_resume(&waking, &sleepers[0]);
	waking_go_on(&waking);
	waking_resume(&waking, &sleepers[1]);
	waking_resume(&waking, &sleepers[2]);
	assert_resumed((const int[SLEEPERS]){1, 1, 0, 0});
	waking_go_on(&waking);
	waking_resume(&waking, &sleepers[3]);
	assert_resumed((const int[SLEEPERS]){1, 1, 1, 1});
}

static void each_thread_is_woken_for_its_own(void **state)
{
	struct waking wakings[WAKING_THREADS] = {{NULL, {0}}};

	(void)state;
	assert_ptr_equal(waking_mine(wakings), waking_mine(wakings));
	waking_resume(&wakings[0], &sleepers[0]);
	waking_resume(&wakings[1], &sleepers[1]);
	waking_resume(&wakings[1], &sleepers[2]);
	assert_resumed((const int[SLEEPERS]){1, 1, 0, 0});
	waking_go_on(&wakings[0]);
	assert_resumed((const int[SLEEPERS]){1, 1, 0, 0});
	waking_go_on(&wakings[1]);
	assert_resumed((const int[SLEEPERS]){1, 1, 1, 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			the_first_is_resumed_and_the_others_when_their_thread_goes_on, begin),
		cmocka_unit_test_setup(after_that_there_is_a_first_again, begin),
		cmocka_unit_test_setup(each_thread_is_woken_for_its_own, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
