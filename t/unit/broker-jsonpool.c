/* SPDX-License-Identifier: MIT */
/* The memory of JSON documents. */
#include "t/unit/unit.h"

#include "httpbroker/formats/json.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More blocks of a kilobyte than fit in a pool. */
enum { MANY = 3000, BLOCK = 1000 };

static void *block_allocate(char mark)
{
	char *block = jsonpool_take(BLOCK);

	assert_non_null(block);
	assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
	return memset(block, mark, BLOCK);
}

static void block_free(void *block, char mark)
{
	char expected[BLOCK];

	memset(expected, mark, BLOCK);
	assert_memory_equal(block, expected, BLOCK);
	jsonpool_give(block);
}

static void *give(void *block)
{
	jsonpool_give(block);
	return NULL;
}

static void free_in_other_thread(void *block)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, give, block), 0);
	pthread_join(thread, NULL);
}

static void a_pool_restarts_when_all_blocks_are_freed(void **state)
{
	void *first = block_allocate('a'), *second = block_allocate('b');

	(void)state;
	assert_ptr_not_equal(first, second);
	block_free(first, 'a');
	block_free(second, 'b');
	assert_ptr_equal(block_allocate('c'), first);
	block_free(first, 'c');
}

static void a_live_block_is_not_allocated_again(void **state)
{
	void *kept = block_allocate('k');

	(void)state;
	for (int i = 0; i < MANY; i++)
		block_free(block_allocate('x'), 'x');
	block_free(kept, 'k');
	assert_ptr_equal(block_allocate('c'), kept);
	block_free(kept, 'c');
}

static void allocations_beyond_the_pool_work(void **state)
{
	static void *blocks[MANY];
	char *foreign = malloc(BLOCK);

	(void)state;
	for (int i = 0; i < MANY; i++)
		blocks[i] = block_allocate((char)i);
	for (int i = MANY - 1; i >= 0; i--)
		block_free(blocks[i], (char)i);
	assert_ptr_equal(block_allocate('c'), blocks[0]);
	block_free(blocks[0], 'c');
	assert_non_null(foreign);
	memset(foreign, 'm', BLOCK);
	block_free(foreign, 'm');
}

static void another_thread_can_free_a_block(void **state)
{
	void *first = block_allocate('a');
	void *second = block_allocate('b');

	(void)state;
	free_in_other_thread(first);
	void *third = block_allocate('d');
	assert_true(third != first && third != second);
	block_free(third, 'd');
	block_free(second, 'b');
	assert_ptr_equal(block_allocate('c'), first);
	block_free(first, 'c');
}

/* Each thread allocates blocks and passes them to the next one to free. */
static void *blocks_swap(void *slot)
{
	_Atomic(void *) *shared = slot;

	for (int i = 0; i < 100000; i++) {
		char *block = memset(jsonpool_take(64), 's', 64);

		block = atomic_exchange(shared, block);
		for (int j = 0; block != NULL && j < 64; j++)
			if (block[j] != 's')
				return block;
		if (block != NULL)
			memset(block, 'f', 64);
		jsonpool_give(block);
	}
	return NULL;
}

static void threads_free_blocks_of_each_other(void **state)
{
	_Atomic(void *) shared = NULL;
	pthread_t threads[20]; /* some have no pool */

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, blocks_swap, &shared), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++) {
		void *broken;

		pthread_join(threads[i], &broken);
		assert_null(broken);
	}
	jsonpool_give(shared);
}

struct budget {
	size_t taken, max;
};

static bool budget_reserve(void *owner, size_t bytes, bool must)
{
	struct budget *budget = owner;

	if (!must && budget->taken + bytes > budget->max)
		return false;
	budget->taken += bytes;
	return true;
}

static void budget_release(void *owner, size_t bytes)
{
	struct budget *budget = owner;

	assert_true(budget->taken >= bytes);
	budget->taken -= bytes;
}

/* A new thread has no pool or a full one: each block is allocated outside of it. */
static void *documents_read(void *context)
{
	struct budget *budget = context;
	static char wide[400000];
	json_error_t error;

	for (size_t i = 0; i + 3 < sizeof wide; i += 3)
		memcpy(wide + i, i == 0 ? "[{}" : ",{}", 3);
	size_t length = strlen(wide);
	wide[length++] = ']';
	jsonpool_read_begin();
	json_t *document = json_loadb(wide, length, 0, &error);
	assert_int_equal(jsonpool_read_end(), JSONPOOL_FITS);
	assert_non_null(document);
	assert_true(budget->taken > 10 * length);
	size_t needed = budget->taken;
	json_decref(document);
	assert_int_equal(budget->taken, 0);
	budget->max = needed / 2;
	jsonpool_read_begin();
	json_decref(json_loadb(wide, length, 0, &error));
	assert_int_equal(jsonpool_read_end(), JSONPOOL_FULL);
	assert_int_equal(budget->taken, 0);
	document = json_loadb(wide, length, 0, &error); /* required memory is counted */
	assert_non_null(document);
	assert_true(budget->taken > budget->max);
	json_decref(document);
	jsonpool_read_begin();
	document = json_loads("[1]", 0, &error);
	assert_int_equal(jsonpool_read_end(), JSONPOOL_FITS);
	json_decref(document);
	return NULL;
}

static void documents_beyond_the_bound_are_refused(void **state)
{
	struct budget budget = {0, SIZE_MAX};
	struct jsonpool_bound bound = {budget_reserve, budget_release, &budget, SIZE_MAX};
	pthread_t thread;
	char *blocks[MANY];

	(void)state;
	jsonpool_use(&bound);
	assert_int_equal(pthread_create(&thread, NULL, documents_read, &budget), 0);
	pthread_join(thread, NULL);
	assert_int_equal(budget.taken, 0);
	bound.max = BLOCK;
	jsonpool_read_begin();
	size_t count = 0;
	while (count < MANY && (blocks[count] = jsonpool_take(BLOCK)) != NULL)
		count++;
	assert_int_equal(jsonpool_read_end(), JSONPOOL_LARGE);
	assert_true(count < MANY);
	while (count > 0)
		jsonpool_give(blocks[--count]);
	jsonpool_use(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_restarts_when_all_blocks_are_freed),
		cmocka_unit_test(a_live_block_is_not_allocated_again),
		cmocka_unit_test(allocations_beyond_the_pool_work),
		cmocka_unit_test(another_thread_can_free_a_block),
		cmocka_unit_test(threads_free_blocks_of_each_other),
		cmocka_unit_test(documents_beyond_the_bound_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
