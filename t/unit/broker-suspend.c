/* SPDX-License-Identifier: MIT */
/* Which connections are resumed at once, and which by the woken thread. */
#include "t/unit/unit.h"

#include "httpbroker/http/clients.h"

enum { SUSPENDED = 4 };

void __wrap_MHD_resume_connection(struct MHD_Connection *connection);

/* Instead of libmicrohttpd's: a connection is the number of how often it was resumed. */
void __wrap_MHD_resume_connection(struct MHD_Connection *connection)
{
	++*(int *)connection;
}

static int resumed[SUSPENDED];
static struct suspended_request suspended[SUSPENDED];

static int begin(void **state)
{
	(void)state;
	for (int i = 0; i < SUSPENDED; i++) {
		resumed[i] = 0;
		suspended[i] =
			(struct suspended_request){(struct MHD_Connection *)&resumed[i], NULL};
	}
	return 0;
}

static void assert_resumed(const int wanted[SUSPENDED])
{
	assert_memory_equal(resumed, wanted, sizeof resumed);
}

static void the_first_connection_is_resumed_and_wakes_its_thread(void **state)
{
	struct resume_queue queue = {NULL, {0}};

	(void)state;
	for (int i = 0; i < 3; i++)
		resume_queue_resume(&queue, &suspended[i]);
	assert_resumed((const int[SUSPENDED]){1, 0, 0, 0});
	resume_queue_run(&queue);
	assert_resumed((const int[SUSPENDED]){1, 1, 1, 0});
	resume_queue_run(&queue);
	assert_resumed((const int[SUSPENDED]){1, 1, 1, 0});
}

/* Otherwise their thread would not wake. */
static void the_next_connection_wakes_the_thread_again(void **state)
{
	struct resume_queue queue = {NULL, {0}};

	(void)state;
	resume_queue_resume(&queue, &suspended[0]);
	resume_queue_run(&queue);
	resume_queue_resume(&queue, &suspended[1]);
	resume_queue_resume(&queue, &suspended[2]);
	assert_resumed((const int[SUSPENDED]){1, 1, 0, 0});
	resume_queue_run(&queue);
	resume_queue_resume(&queue, &suspended[3]);
	assert_resumed((const int[SUSPENDED]){1, 1, 1, 1});
}

static void each_thread_is_woken_for_its_own_connections(void **state)
{
	struct resume_queue resume_queues[RESUME_QUEUE_THREADS] = {{NULL, {0}}};

	(void)state;
	assert_ptr_equal(resume_queue_mine(resume_queues), resume_queue_mine(resume_queues));
	resume_queue_resume(&resume_queues[0], &suspended[0]);
	resume_queue_resume(&resume_queues[1], &suspended[1]);
	resume_queue_resume(&resume_queues[1], &suspended[2]);
	assert_resumed((const int[SUSPENDED]){1, 1, 0, 0});
	resume_queue_run(&resume_queues[0]);
	assert_resumed((const int[SUSPENDED]){1, 1, 0, 0});
	resume_queue_run(&resume_queues[1]);
	assert_resumed((const int[SUSPENDED]){1, 1, 1, 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_connection_is_resumed_and_wakes_its_thread, begin),
		cmocka_unit_test_setup(the_next_connection_wakes_the_thread_again, begin),
		cmocka_unit_test_setup(each_thread_is_woken_for_its_own_connections, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
