/* SPDX-License-Identifier: MIT */
/* The state table and its hash. */
#include "t/unit/unit.h"

#include "httpbroker/checks/checks.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

/* From the authors' list: the key is 00 01 … 0f, the input 00 01 … of each length. */
static void siphash_matches_the_published_values(void **state)
{
	static const struct {
		size_t length;
		uint64_t hash;
	} vectors[] = {
		{0, UINT64_C(0x726fdb47dd0e0e31)},
		{1, UINT64_C(0x74f839c593dc67fd)},
		{2, UINT64_C(0x0d6c8009d9a94f5a)},
		{3, UINT64_C(0x85676696d7fb7e2d)},
		{4, UINT64_C(0xcf2794e0277187b7)},
		{5, UINT64_C(0x18765564cd99a68d)},
		{6, UINT64_C(0xcbc9466e58fee3ce)},
		{7, UINT64_C(0xab0200f58b01d137)},
		{8, UINT64_C(0x93f5f5799a932462)},
		{9, UINT64_C(0x9e0082df0ba9e4b0)},
		{14, UINT64_C(0xf723ca908e7af2ee)},
		{15, UINT64_C(0xa129ca6149be45e5)},
		{63, UINT64_C(0x958a324ceb064572)},
	};
	const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	unsigned char input[64];

	(void)state;
	for (size_t i = 0; i < sizeof input; i++)
		input[i] = (unsigned char)i;
	for (size_t i = 0; i < ARRAY_LENGTH(vectors); i++)
		assert_int_equal(siphash(&key, input, vectors[i].length), vectors[i].hash);
}

static struct checks *checks_make(void)
{
	return checks_new(&(struct siphash_key){3, 5});
}

/* The pair, as `entity:check` in `text`. */
static struct names pair(char *text, size_t size, const char *entity, const char *name)
{
	int length = snprintf(text, size, "%s:%s", entity, name);

	return (struct names){text, (uint16_t)length, (uint16_t)strlen(entity)};
}

/* Adds the pair with `json` for its event. */
static struct check *add(
	struct checks *checks, const char *entity, const char *name, const char *json)
{
	char text[64], bytes[64];
	struct names names = pair(text, sizeof text, entity, name);

	snprintf(bytes, sizeof bytes, "%s", json);
	return checks_add(checks, &(struct prepared){
					  .names = names,
					  .encoded = {bytes, (uint32_t)strlen(bytes), 2},
					  .state = STATE_WARNING,
					  .time = 7,
					  .ttl = 8,
					  .deadline = 9,
				  });
}

static struct check *find(const struct checks *checks, const char *entity, const char *name)
{
	char text[64];
	struct names names = pair(text, sizeof text, entity, name);

	return checks_find(checks, &names);
}

static void a_check_stores_its_event_and_nothing_else(void **state)
{
	struct checks *checks = checks_make();
	struct check *added = add(checks, "e", "c", "{}");

	(void)state;
	assert_int_equal(checks_count(checks), 1);
	assert_ptr_equal(find(checks, "e", "c"), added);
	assert_int_equal(added->hh.keylen, 3);
	assert_memory_equal(added->names, "e:c", 3);
	assert_int_equal(added->entity_length, 1);
	assert_int_equal(added->encoded.length, 2);
	assert_memory_equal(added->encoded.bytes, "{}", 2);
	assert_int_equal(added->encoded.tail, 2);
	assert_true(offsetof(struct check, names) <= 176); /* there may be a million of them */
	assert_int_equal(added->state, STATE_WARNING);
	assert_int_equal(added->time, 7);
	assert_int_equal(added->ttl, 8);
	assert_int_equal(added->deadline, 9);
	assert_int_equal(added->repeat_at, 0);
	assert_false(added->stale);
	assert_false(added->listed);
	checks_free(checks);
}

static void the_next_event_replaces_the_previous_one(void **state)
{
	static const char *const events[] = {"{\"a\":1}", "{\"b\":2}", "{}", "{\"long\":\"er\"}"};
	struct checks *checks = checks_make();
	struct check *held = add(checks, "e", "c", "{}");

	(void)state;
	held->repeat_at = 5;
	held->sent = STATE_OK;
	for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
		char bytes[64];

		snprintf(bytes, sizeof bytes, "%s", events[i]);
		checks_set(checks, held,
			&(struct prepared){.encoded = {bytes, (uint32_t)strlen(bytes), 1},
				.state = STATE_CRITICAL,
				.time = 10 + (int64_t)i});
		memset(bytes, 'x', sizeof bytes); /* it must be a copy */
		assert_int_equal(held->encoded.length, strlen(events[i]));
		assert_memory_equal(held->encoded.bytes, events[i], held->encoded.length);
		assert_int_equal(held->time, 10 + i);
	}
	assert_int_equal(held->state, STATE_CRITICAL);
	assert_int_equal(held->repeat_at, 5);
	assert_int_equal(held->sent, STATE_OK);
	assert_int_equal(checks_count(checks), 1);
	checks_free(checks);
}

static void pairs_with_the_same_key_are_distinct(void **state)
{
	struct checks *checks = checks_make();
	struct check *first = add(checks, "a:b", "c", "{}");

	(void)state;
	assert_null(find(checks, "a", "b:c"));
	struct check *second = add(checks, "a", "b:c", "{}");
	assert_ptr_not_equal(first, second);
	assert_ptr_equal(find(checks, "a:b", "c"), first);
	assert_ptr_equal(find(checks, "a", "b:c"), second);
	assert_null(find(checks, "a:b:c", ""));
	assert_int_equal(checks_count(checks), 2);
	checks_free(checks);
}

static void pairs_with_the_same_key_are_ranked_in_order(void **state)
{
	struct checks *checks = checks_make();

	(void)state;
	assert_int_equal(add(checks, "a:b", "c:d", "{}")->rank, 1);
	assert_int_equal(add(checks, "a", "b:c:d", "{}")->rank, 2);
	assert_int_equal(add(checks, "a:b:c", "d", "{}")->rank, 3);
	assert_int_equal(add(checks, "a", "b:c", "{}")->rank, 1);
	assert_int_equal(add(checks, "a:b", "c", "{}")->rank, 2);
	assert_int_equal(add(checks, "a-b", "c", "{}")->rank, 1);
	assert_int_equal(add(checks, ":", "::", "{}")->rank, 1);
	assert_int_equal(add(checks, "::", ":", "{}")->rank, 2);
	checks_free(checks);
}

/* The key of the check in GET /state. */
static void assert_key(const struct check *check, const char *expected)
{
	char key[CHECKS_KEY];

	assert_int_equal(check_key(check, key), strlen(expected));
	assert_string_equal(key, expected);
}

static void forget(struct checks *checks, const char *entity, const char *name)
{
	struct check *check = find(checks, entity, name);

	assert_non_null(check);
	checks_remove(checks, check);
	free(check);
}

static void keys_are_unique(void **state)
{
	struct checks *checks = checks_make();

	(void)state;
	/* a name that ends like a rank comes first */
	assert_key(add(checks, "a:b", "c#2", "{}"), "a:b:c#2");
	assert_key(add(checks, "a:b", "c", "{}"), "a:b:c");
	assert_key(add(checks, "a", "b:c", "{}"), "a:b:c#3");
	/* or last */
	assert_key(add(checks, "x:y", "z", "{}"), "x:y:z");
	assert_key(add(checks, "x", "y:z", "{}"), "x:y:z#2");
	assert_key(add(checks, "x", "y:z#2", "{}"), "x:y:z#2#2");
	assert_key(add(checks, "x:y", "z#2", "{}"), "x:y:z#2#3");
	assert_key(add(checks, "x:y", "z#2#3", "{}"), "x:y:z#2#3#2");
	/* or only looks so */
	assert_key(add(checks, "x:y", "z#1", "{}"), "x:y:z#1");
	assert_key(add(checks, "x:y", "z#02", "{}"), "x:y:z#02");
	assert_key(add(checks, "x:y", "z#", "{}"), "x:y:z#");
	assert_key(add(checks, "x:y", "z#1000", "{}"), "x:y:z#1000");
	assert_key(add(checks, "x:y", "z#256", "{}"), "x:y:z#256");
	assert_key(add(checks, "2", "#2", "{}"), "2:#2");
	assert_key(add(checks, "#", "2", "{}"), "#:2");
	assert_key(add(checks, "fan", "#2", "{}"), "fan:#2");
	/* an unused key is free again */
	forget(checks, "x", "y:z");
	assert_key(add(checks, "x", "y:z", "{}"), "x:y:z#2");
	forget(checks, "x:y", "z");
	assert_key(find(checks, "x", "y:z"), "x:y:z#2");
	assert_key(add(checks, "x:y", "z", "{}"), "x:y:z");
	checks_free(checks);
}

struct keys_seen {
	char (*keys)[32];
	size_t count;
};

static void key_see(const struct check *check, void *context)
{
	struct keys_seen *seen = context;
	char key[CHECKS_KEY];
	size_t length = check_key(check, key);

	assert_true(length < 32);
	memcpy(seen->keys[seen->count++], key, length + 1);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void assert_keys_differ(struct checks *checks)
{
	struct keys_seen seen = {calloc(checks_count(checks), 32), 0};

	assert_non_null(seen.keys);
	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++)
		checks_visit(checks, shard, key_see, &seen);
	assert_int_equal(seen.count, checks_count(checks));
	qsort(seen.keys, seen.count, 32, compare_keys);
	for (size_t i = 1; i < seen.count; i++)
		assert_string_not_equal(seen.keys[i - 1], seen.keys[i]);
	free(seen.keys);
}

/* Random names of few letters, added and removed: at no time are two keys the same. */
static void keys_stay_unique_under_random_changes(void **state)
{
	static const char letters[] = ":#2:#3";
	struct checks *checks = checks_make();
	unsigned seed = seed_choose();

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char entity[8] = "", name[8] = "";

		for (int k = rand_r(&seed) % 4 + 1; k-- > 0;)
			entity[k] = letters[rand_r(&seed) % 6];
		for (int k = rand_r(&seed) % 4 + 1; k-- > 0;)
			name[k] = letters[rand_r(&seed) % 6];
		if (find(checks, entity, name) != NULL)
			forget(checks, entity, name);
		else
			add(checks, entity, name, "{}");
		if (i % 1000 == 999)
			assert_keys_differ(checks);
	}
	checks_free(checks);
}

static void ranks_are_bounded(void **state)
{
	char text[301];
	struct checks *checks = checks_make();

	(void)state;
	memset(text, ':', sizeof text);
	for (uint16_t i = 1; i <= 299; i++) {
		struct names names = {text, sizeof text, i};
		char bytes[] = "{}";
		const struct check *added = checks_add(
			checks, &(struct prepared){.names = names, .encoded = {bytes, 2, 0}});

		assert_int_equal(added->rank, i <= CHECKS_RANKS ? i : CHECKS_UNRANKED);
	}
	checks_free(checks);
}

/* Sixteen and more pairs with the same text, in any order: keys are unique. */
static void keys_beyond_the_last_rank_are_unique(void **state)
{
	struct checks *checks = checks_make();

	(void)state;
	for (int i = 1; i <= 19; i++) {
		const char *text = "a:b:c:d:e:f:g:h:i:j";
		char entity[32];

		snprintf(entity, sizeof entity, "%.*s", i, text);
		if (text[i] == ':')
			add(checks, entity, text + i + 1, "{}");
	}
	assert_keys_differ(checks);
	for (int i = 1; i < 25; i++) {
		char entity[32] = "::::::::::::::::::::::::::::",
		     name[32] = "::::::::::::::::::::::::::::";

		entity[i] = name[26 - i] = '\0';
		add(checks, entity, name, "{}");
		assert_keys_differ(checks);
	}
	assert_key(
		find(checks, ":::::::::::::::::::", ":::::::"), ":::::::::::::::::::\x1f:::::::");
	checks_free(checks);
}

static void visit_one(const struct check *check, void *context)
{
	unsigned char *seen = context;
	size_t name = (size_t)check->entity_length + 1; /* it has no NUL */
	char number[16];

	snprintf(
		number, sizeof number, "%.*s", (int)(check->hh.keylen - name), check->names + name);
	seen[strtoul(number, NULL, 10)]++;
}

enum { MANY = 100000 };

static void a_hundred_thousand_are_found_and_visited_once(void **state)
{
	struct checks *checks = checks_make();
	unsigned char *seen = calloc(MANY, 1);
	char name[16];

	(void)state;
	assert_non_null(seen);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%d", i);
		add(checks, "host", name, "{}");
	}
	assert_int_equal(checks_count(checks), MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%d", i);
		const struct check *found = find(checks, "host", name);
		assert_non_null(found);
		assert_int_equal(found->hh.keylen, strlen("host:") + strlen(name));
		assert_memory_equal(found->names + strlen("host:"), name, strlen(name));
	}
	assert_null(find(checks, "host", "100000"));
	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++)
		checks_visit(checks, shard, visit_one, seen);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(seen[i], 1);
	free(seen);
	checks_free(checks);
}

struct pieces {
	unsigned char *seen;
	unsigned piece, longest;
};

static void visit_of_piece(const struct check *check, void *context)
{
	struct pieces *pieces = context;

	visit_one(check, pieces->seen);
	pieces->longest = ++pieces->piece > pieces->longest ? pieces->piece : pieces->longest;
}

/* The table starts empty; each piece adds more. */
static void piecewise_visits_see_each_check_once_while_the_table_grows(void **state)
{
	struct checks *checks = checks_make();
	struct checks_cursor cursor = {0, 0, 0};
	struct pieces pieces = {calloc(2 * MANY, 1), 0, 0};
	char name[16];
	int added = 0;

	(void)state;
	assert_non_null(pieces.seen);
	while (checks_visit_some(checks, &cursor, visit_of_piece, &pieces))
		continue;
	assert_int_equal(pieces.longest, 0);
	for (; added < MANY; added++) {
		snprintf(name, sizeof name, "%d", added);
		add(checks, "host", name, "{}");
	}
	do {
		for (int i = 0; i < 500 && added < 2 * MANY; i++, added++) {
			snprintf(name, sizeof name, "%d", added);
			add(checks, "host", name, "{}");
		}
		pieces.piece = 0;
	} while (checks_visit_some(checks, &cursor, visit_of_piece, &pieces));
	assert_int_equal(added, 2 * MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pieces.seen[i], 1);
	for (int i = MANY; i < added; i++)
		assert_between(pieces.seen[i], 0, 1);
	assert_between(pieces.longest, 100, 500);
	free(pieces.seen);
	checks_free(checks);
}

static void count_one(const struct check *check, void *context)
{
	unsigned *count = context;

	(void)check;
	++*count;
}

struct removal {
	struct checks *checks;
	char digit;
};

static void remove_by_digit(struct check *check, void *context)
{
	const struct removal *removal = context;

	if (check->names[check->hh.keylen - 1] != removal->digit)
		return;
	checks_remove(removal->checks, check);
	assert_null(check->encoded.bytes);
	free(check);
}

static void only_the_removed_checks_are_gone(void **state)
{
	struct checks *checks = checks_make();
	char name[16];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "%d", i);
		add(checks, "host", name, "{}");
	}
	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++)
		checks_work(checks, shard, remove_by_digit, &(struct removal){checks, '7'});
	assert_int_equal(checks_count(checks), 4500);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(find(checks, "host", name) == NULL, i % 10 == 7);
	}
	assert_non_null(add(checks, "host", "17", "{}"));
	assert_non_null(find(checks, "host", "17"));
	checks_free(checks);
}

/* 25,600 names over 256 shards: a hundred each, give or take six times its deviation of ten. */
static void checks_are_spread_over_the_shards(void **state)
{
	struct checks *checks = checks_make();
	char name[16];

	(void)state;
	for (int i = 0; i < 100 * CHECKS_SHARDS; i++) {
		snprintf(name, sizeof name, "%d", i);
		add(checks, "host", name, "{}");
	}
	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++) {
		unsigned count = 0;

		checks_visit(checks, shard, count_one, &count);
		assert_between(count, 40, 160);
	}
	checks_free(checks);
}

enum { CHOSEN = 1000 };

/* Chooses numbers of checks that all fall into one shard of a table with this secret. */
static void choose_to_collide(const struct siphash_key *key, int chosen[CHOSEN])
{
	struct checks *checks = checks_new(key);
	char name[16];
	int count = 0;

	for (int i = 0; count < CHOSEN; i++) {
		snprintf(name, sizeof name, "%d", i);
		if (add(checks, "host", name, "{}")->hh.hashv >> 24 == 0)
			chosen[count++] = i;
	}
	checks_free(checks);
}

/* Adds them, finds them all, and returns the size of the fullest shard. */
static unsigned fullest_shard(const struct siphash_key *key, const int chosen[CHOSEN])
{
	struct checks *checks = checks_new(key);
	unsigned max = 0;
	char name[16];

	for (int i = 0; i < CHOSEN; i++) {
		snprintf(name, sizeof name, "%d", chosen[i]);
		add(checks, "host", name, "{}");
	}
	for (int i = 0; i < CHOSEN; i++) {
		snprintf(name, sizeof name, "%d", chosen[i]);
		assert_non_null(find(checks, "host", name));
	}
	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++) {
		unsigned count = 0;

		checks_visit(checks, shard, count_one, &count);
		max = count > max ? count : max;
	}
	checks_free(checks);
	return max;
}

/* With the known secret all fall into one shard; with the broker's secret, at most four. */
static void chosen_collisions_do_not_collide_with_another_secret(void **state)
{
	const struct siphash_key known = {3, 5}, others[] = {{3, 6}, {4, 5}, {5, 3}, {0, 0}};
	int chosen[CHOSEN];

	(void)state;
	choose_to_collide(&known, chosen);
	assert_int_equal(fullest_shard(&known, chosen), CHOSEN);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_between(fullest_shard(&others[i], chosen), 5, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_matches_the_published_values),
		cmocka_unit_test(a_check_stores_its_event_and_nothing_else),
		cmocka_unit_test(the_next_event_replaces_the_previous_one),
		cmocka_unit_test(pairs_with_the_same_key_are_distinct),
		cmocka_unit_test(pairs_with_the_same_key_are_ranked_in_order),
		cmocka_unit_test(keys_are_unique),
		cmocka_unit_test(keys_stay_unique_under_random_changes),
		cmocka_unit_test(ranks_are_bounded),
		cmocka_unit_test(keys_beyond_the_last_rank_are_unique),
		cmocka_unit_test(a_hundred_thousand_are_found_and_visited_once),
		cmocka_unit_test(piecewise_visits_see_each_check_once_while_the_table_grows),
		cmocka_unit_test(only_the_removed_checks_are_gone),
		cmocka_unit_test(checks_are_spread_over_the_shards),
		cmocka_unit_test(chosen_collisions_do_not_collide_with_another_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
