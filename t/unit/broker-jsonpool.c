/* SPDX-License-Identifier: MIT */
/* The memory of JSON documents. */
#include "t/unit/unit.h"

#include "httpbroker/formats/json.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More than any pool has, in blocks of a kilobyte. */
enum { MANY = 3000, BLOCK = 1000 };

static void *block_allocate(char mark)
{
	char *block = jsonpool_take(BLOCK);

	assert_non_null(block);
	assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
	return memset(block, mark, BLOCK);
}

static void block_give(void *block, char mark)
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

static void other_thread_gives(void *block)
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
	block_give(first, 'a');
	block_give(second, 'b');
	assert_ptr_equal(block_allocate('c'), first);
	block_give(first, 'c');
}

static void a_live_block_is_not_allocated_again(void **state)
{
	void *kept = block_allocate('k');

	(void)state;
	for (int i = 0; i < MANY; i++)
		block_give(block_allocate('x'), 'x');
	block_give(kept, 'k');
	assert_ptr_equal(block_allocate('c'), kept);
	block_give(kept, 'c');
}

static void allocations_beyond_the_pool_work(void **state)
{
	static void *blocks[MANY];
	char *foreign = malloc(BLOCK);

	(void)state;
	for (int i = 0; i < MANY; i++)
		blocks[i] = block_allocate((char)i);
	for (int i = MANY - 1; i >= 0; i--)
		block_give(blocks[i], (char)i);
	assert_ptr_equal(block_allocate('c'), blocks[0]);
	block_give(blocks[0], 'c');
	assert_non_null(foreign);
	memset(foreign, 'm', BLOCK);
	block_give(foreign, 'm');
}

static void another_thread_can_free_a_block(void **state)
{
	void *first = block_allocate('a');
	void *second = block_allocate('b');

	(void)state;
	other_thread_gives(first);
	void *third = block_allocate('d');
	assert_true(third != first && third != second);
	block_give(third, 'd');
	block_give(second, 'b');
	assert_ptr_equal(block_allocate('c'), first);
	block_give(first, 'c');
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

struct bank {
	size_t taken, max;
};

static bool bank_reserve(void *owner, size_t bytes, bool must)
{
	struct bank *bank = owner;

	if (!must && bank->taken + bytes > bank->max)
		return false;
	bank->taken += bytes;
	return true;
}

static void bank_give(void *owner, size_t bytes)
{
	struct bank *bank = owner;

	assert_true(bank->taken >= bytes);
	bank->taken -= bytes;
}

/* A thread of its own has no pool left, or one that is full: each block is beyond it. */
static void *documents_read(void *context)
{
	struct bank *bank = context;
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
	assert_true(bank->taken > 10 * length);
	size_t needed = bank->taken;
	json_decref(document);
	assert_int_equal(bank->taken, 0);
	bank->max = needed / 2;
	jsonpool_read_begin();
	json_decref(json_loadb(wide, length, 0, &error));
	assert_int_equal(jsonpool_read_end(), JSONPOOL_FULL);
	assert_int_equal(bank->taken, 0);
	document = json_loadb(wide, length, 0, &error); /* what must be had is counted */
	assert_non_null(document);
	assert_true(bank->taken > bank->max);
	json_decref(document);
	jsonpool_read_begin();
	document = json_loads("[1]", 0, &error);
	assert_int_equal(jsonpool_read_end(), JSONPOOL_FITS);
	json_decref(document);
	return NULL;
}

static void documents_beyond_the_bound_are_refused(void **state)
{
	struct bank bank = {0, SIZE_MAX};
	struct jsonpool_bound bound = {bank_reserve, bank_give, &bank, SIZE_MAX};
	pthread_t thread;
	char *blocks[MANY];

	(void)state;
	jsonpool_use(&bound);
	assert_int_equal(pthread_create(&thread, NULL, documents_read, &bank), 0);
	pthread_join(thread, NULL);
	assert_int_equal(bank.taken, 0);
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
