/* SPDX-License-Identifier: MIT */
/* The state table and its hash. */
#include "t/unit/unit.h"

#include "httpbroker/states/states.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

/* From the authors' own list: the key is 00 01 … 0f, the input 00 01 … of each length. */
static void siphash_is_as_published(void **state)
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

static struct states *states_make(void)
{
	return states_new(&(struct siphash_key){3, 5});
}

/* The pair, as `entity:check` in `text`. */
static struct names pair(char *text, size_t size, const char *entity, const char *check)
{
	int length = snprintf(text, size, "%s:%s", entity, check);

	return (struct names){text, (uint16_t)length, (uint16_t)strlen(entity)};
}

/* Adds the pair with `json` for its event. */
static struct state *add(
	struct states *states, const char *entity, const char *check, const char *json)
{
	char text[64], bytes[64];
	struct names names = pair(text, sizeof text, entity, check);

	snprintf(bytes, sizeof bytes, "%s", json);
	return states_add(states, &names,
		&(struct states_event){
			.wire = {bytes, (uint32_t)strlen(bytes), 1, 2},
			.condition = CONDITION_WARNING,
			.time = 7,
			.ttl = 8,
			.deadline = 9,
		});
}

static struct state *find(const struct states *states, const char *entity, const char *check)
{
	char text[64];
	struct names names = pair(text, sizeof text, entity, check);

	return states_find(states, &names);
}

static void a_state_holds_its_event_and_nothing_else(void **state)
{
	struct states *states = states_make();
	struct state *added = add(states, "e", "c", "{}");

	(void)state;
	assert_int_equal(states_count(states), 1);
	assert_ptr_equal(find(states, "e", "c"), added);
	assert_int_equal(added->hh.keylen, 3);
	assert_memory_equal(added->names, "e:c", 3);
	assert_int_equal(added->entity_length, 1);
	assert_int_equal(added->wire.length, 2);
	assert_memory_equal(added->wire.bytes, "{}", 2);
	assert_int_equal(added->wire.head, 1);
	assert_int_equal(added->wire.tail, 2);
	assert_int_equal(added->condition, CONDITION_WARNING);
	assert_int_equal(added->time, 7);
	assert_int_equal(added->ttl, 8);
	assert_int_equal(added->deadline, 9);
	assert_int_equal(added->repeat_at, 0);
	assert_false(added->stale);
	assert_false(added->listed);
	states_free(states);
}

static void the_next_event_takes_the_place_of_the_last(void **state)
{
	static const char *const events[] = {"{\"a\":1}", "{\"b\":2}", "{}", "{\"long\":\"er\"}"};
	struct states *states = states_make();
	struct state *held = add(states, "e", "c", "{}");

	(void)state;
	held->repeat_at = 5;
	held->sent = CONDITION_OK;
	for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
		char bytes[64];

		snprintf(bytes, sizeof bytes, "%s", events[i]);
		states_set(states, held,
			&(struct states_event){.wire = {bytes, (uint32_t)strlen(bytes), 0, 1},
				.condition = CONDITION_CRITICAL,
				.time = 10 + (int64_t)i});
		memset(bytes, 'x', sizeof bytes); /* it must be a copy */
		assert_int_equal(held->wire.length, strlen(events[i]));
		assert_memory_equal(held->wire.bytes, events[i], held->wire.length);
		assert_int_equal(held->time, 10 + i);
	}
	assert_int_equal(held->condition, CONDITION_CRITICAL);
	assert_int_equal(held->repeat_at, 5);
	assert_int_equal(held->sent, CONDITION_OK);
	assert_int_equal(states_count(states), 1);
	states_free(states);
}

static void pairs_that_look_alike_are_two(void **state)
{
	struct states *states = states_make();
	struct state *first = add(states, "a:b", "c", "{}");

	(void)state;
	assert_null(find(states, "a", "b:c"));
	struct state *second = add(states, "a", "b:c", "{}");
	assert_ptr_not_equal(first, second);
	assert_ptr_equal(find(states, "a:b", "c"), first);
	assert_ptr_equal(find(states, "a", "b:c"), second);
	assert_null(find(states, "a:b:c", ""));
	assert_int_equal(states_count(states), 2);
	states_free(states);
}

static void those_that_look_alike_are_ranked_in_their_order(void **state)
{
	struct states *states = states_make();

	(void)state;
	assert_int_equal(add(states, "a:b", "c:d", "{}")->rank, 1);
	assert_int_equal(add(states, "a", "b:c:d", "{}")->rank, 2);
	assert_int_equal(add(states, "a:b:c", "d", "{}")->rank, 3);
	assert_int_equal(add(states, "a", "b:c", "{}")->rank, 1);
	assert_int_equal(add(states, "a:b", "c", "{}")->rank, 2);
	assert_int_equal(add(states, "a-b", "c", "{}")->rank, 1);
	assert_int_equal(add(states, ":", "::", "{}")->rank, 1);
	assert_int_equal(add(states, "::", ":", "{}")->rank, 2);
	states_free(states);
}

/* What it is called in GET /state. */
static void assert_key(const struct state *state, const char *expected)
{
	char key[STATES_KEY];

	assert_int_equal(state_key(state, key), strlen(expected));
	assert_string_equal(key, expected);
}

static void forget(struct states *states, const char *entity, const char *check)
{
	struct state *state = find(states, entity, check);

	assert_non_null(state);
	states_remove(states, state);
	free(state);
}

static void no_two_keys_are_the_same(void **state)
{
	struct states *states = states_make();

	(void)state;
	/* a name that ends like a rank comes first */
	assert_key(add(states, "a:b", "c#2", "{}"), "a:b:c#2");
	assert_key(add(states, "a:b", "c", "{}"), "a:b:c");
	assert_key(add(states, "a", "b:c", "{}"), "a:b:c#3");
	/* or last */
	assert_key(add(states, "x:y", "z", "{}"), "x:y:z");
	assert_key(add(states, "x", "y:z", "{}"), "x:y:z#2");
	assert_key(add(states, "x", "y:z#2", "{}"), "x:y:z#2#2");
	assert_key(add(states, "x:y", "z#2", "{}"), "x:y:z#2#3");
	assert_key(add(states, "x:y", "z#2#3", "{}"), "x:y:z#2#3#2");
	/* or only looks so */
	assert_key(add(states, "x:y", "z#1", "{}"), "x:y:z#1");
	assert_key(add(states, "x:y", "z#02", "{}"), "x:y:z#02");
	assert_key(add(states, "x:y", "z#", "{}"), "x:y:z#");
	assert_key(add(states, "x:y", "z#1000", "{}"), "x:y:z#1000");
	assert_key(add(states, "x:y", "z#256", "{}"), "x:y:z#256");
	assert_key(add(states, "2", "#2", "{}"), "2:#2");
	assert_key(add(states, "#", "2", "{}"), "#:2");
	assert_key(add(states, "fan", "#2", "{}"), "fan:#2");
	/* what nobody has any more is free again */
	forget(states, "x", "y:z");
	assert_key(add(states, "x", "y:z", "{}"), "x:y:z#2");
	forget(states, "x:y", "z");
	assert_key(find(states, "x", "y:z"), "x:y:z#2");
	assert_key(add(states, "x:y", "z", "{}"), "x:y:z");
	states_free(states);
}

struct keys_seen {
	char (*keys)[32];
	size_t count;
};

static void key_see(const struct state *state, void *context)
{
	struct keys_seen *seen = context;
	char key[STATES_KEY];
	size_t length = state_key(state, key);

	assert_true(length < 32);
	memcpy(seen->keys[seen->count++], key, length + 1);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void assert_keys_differ(struct states *states)
{
	struct keys_seen seen = {calloc(states_count(states), 32), 0};

	assert_non_null(seen.keys);
	for (unsigned shard = 0; shard < STATES_SHARDS; shard++)
		states_visit(states, shard, key_see, &seen);
	assert_int_equal(seen.count, states_count(states));
	qsort(seen.keys, seen.count, 32, compare_keys);
	for (size_t i = 1; i < seen.count; i++)
		assert_string_not_equal(seen.keys[i - 1], seen.keys[i]);
	free(seen.keys);
}

/* Random names of few letters, added and removed: at no time are two keys the same. */
static void no_two_keys_ever_become_the_same(void **state)
{
	static const char letters[] = ":#2:#3";
	struct states *states = states_make();
	unsigned seed = seed_choose();

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char entity[8] = "", check[8] = "";

		for (int k = rand_r(&seed) % 4 + 1; k-- > 0;)
			entity[k] = letters[rand_r(&seed) % 6];
		for (int k = rand_r(&seed) % 4 + 1; k-- > 0;)
			check[k] = letters[rand_r(&seed) % 6];
		if (find(states, entity, check) != NULL)
			forget(states, entity, check);
		else
			add(states, entity, check, "{}");
		if (i % 1000 == 999)
			assert_keys_differ(states);
	}
	states_free(states);
}

static void ranks_end(void **state)
{
	char text[301];
	struct states *states = states_make();

	(void)state;
	memset(text, ':', sizeof text);
	for (uint16_t i = 1; i <= 299; i++) {
		struct names names = {text, sizeof text, i};
		char bytes[] = "{}";
		const struct state *added = states_add(
			states, &names, &(struct states_event){.wire = {bytes, 2, 0, 0}});

		assert_int_equal(added->rank, i <= STATES_RANKS ? i : STATES_UNRANKED);
	}
	states_free(states);
}

/* Sixteen and more that look alike, in any order: no key is another's. */
static void beyond_the_ranks_keys_differ_too(void **state)
{
	struct states *states = states_make();

	(void)state;
	for (int i = 1; i <= 19; i++) {
		const char *text = "a:b:c:d:e:f:g:h:i:j";
		char entity[32];

		snprintf(entity, sizeof entity, "%.*s", i, text);
		if (text[i] == ':')
			add(states, entity, text + i + 1, "{}");
	}
	assert_keys_differ(states);
	for (int i = 1; i < 25; i++) {
		char entity[32] = "::::::::::::::::::::::::::::",
		     check[32] = "::::::::::::::::::::::::::::";

		entity[i] = check[26 - i] = '\0';
		add(states, entity, check, "{}");
		assert_keys_differ(states);
	}
	assert_key(
		find(states, ":::::::::::::::::::", ":::::::"), ":::::::::::::::::::\x1f:::::::");
	states_free(states);
}

static void visit_one(const struct state *state, void *context)
{
	unsigned char *seen = context;

	seen[strtoul(state->names + state->entity_length + 1, NULL, 10)]++;
}

enum { MANY = 100000 };

static void a_hundred_thousand_are_found_and_visited_once(void **state)
{
	struct states *states = states_make();
	unsigned char *seen = calloc(MANY, 1);
	char check[16];

	(void)state;
	assert_non_null(seen);
	for (int i = 0; i < MANY; i++) {
		snprintf(check, sizeof check, "%d", i);
		add(states, "host", check, "{}");
	}
	assert_int_equal(states_count(states), MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(check, sizeof check, "%d", i);
		const struct state *found = find(states, "host", check);
		assert_non_null(found);
		assert_int_equal(found->hh.keylen, strlen("host:") + strlen(check));
		assert_memory_equal(found->names + strlen("host:"), check, strlen(check));
	}
	assert_null(find(states, "host", "100000"));
	for (unsigned shard = 0; shard < STATES_SHARDS; shard++)
		states_visit(states, shard, visit_one, seen);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(seen[i], 1);
	free(seen);
	states_free(states);
}

struct pieces {
	unsigned char *seen;
	unsigned piece, longest;
};

static void visit_of_piece(const struct state *state, void *context)
{
	struct pieces *pieces = context;

	visit_one(state, pieces->seen);
	pieces->longest = ++pieces->piece > pieces->longest ? pieces->piece : pieces->longest;
}

/* At first there is nothing; then more come from piece to piece. */
static void in_pieces_all_are_visited_once_while_the_table_grows(void **state)
{
	struct states *states = states_make();
	struct states_cursor cursor = {0, 0, 0};
	struct pieces pieces = {calloc(2 * MANY, 1), 0, 0};
	char check[16];
	int added = 0;

	(void)state;
	assert_non_null(pieces.seen);
	while (states_visit_some(states, &cursor, visit_of_piece, &pieces))
		continue;
	assert_int_equal(pieces.longest, 0);
	for (; added < MANY; added++) {
		snprintf(check, sizeof check, "%d", added);
		add(states, "host", check, "{}");
	}
	do {
		for (int i = 0; i < 500 && added < 2 * MANY; i++, added++) {
			snprintf(check, sizeof check, "%d", added);
			add(states, "host", check, "{}");
		}
		pieces.piece = 0;
	} while (states_visit_some(states, &cursor, visit_of_piece, &pieces));
	assert_int_equal(added, 2 * MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pieces.seen[i], 1);
	for (int i = MANY; i < added; i++)
		assert_between(pieces.seen[i], 0, 1);
	assert_between(pieces.longest, 100, 500);
	free(pieces.seen);
	states_free(states);
}

static void count_one(const struct state *state, void *context)
{
	unsigned *count = context;

	(void)state;
	++*count;
}

struct removal {
	struct states *states;
	char digit;
};

static void remove_by_digit(struct state *state, void *context)
{
	const struct removal *removal = context;

	if (state->names[state->hh.keylen - 1] != removal->digit)
		return;
	states_remove(removal->states, state);
	assert_null(state->wire.bytes);
	free(state);
}

static void what_is_removed_is_gone_and_nothing_else(void **state)
{
	struct states *states = states_make();
	char check[16];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(check, sizeof check, "%d", i);
		add(states, "host", check, "{}");
	}
	for (unsigned shard = 0; shard < STATES_SHARDS; shard++)
		states_work(states, shard, remove_by_digit, &(struct removal){states, '7'});
	assert_int_equal(states_count(states), 4500);
	for (int i = 0; i < 5000; i++) {
		snprintf(check, sizeof check, "%d", i);
		assert_int_equal(find(states, "host", check) == NULL, i % 10 == 7);
	}
	assert_non_null(add(states, "host", "17", "{}"));
	assert_non_null(find(states, "host", "17"));
	states_free(states);
}

/* 25,600 names over 256 shards: a hundred each, give or take six times its deviation of ten. */
static void states_are_spread_over_the_shards(void **state)
{
	struct states *states = states_make();
	char check[16];

	(void)state;
	for (int i = 0; i < 100 * STATES_SHARDS; i++) {
		snprintf(check, sizeof check, "%d", i);
		add(states, "host", check, "{}");
	}
	for (unsigned shard = 0; shard < STATES_SHARDS; shard++) {
		unsigned count = 0;

		states_visit(states, shard, count_one, &count);
		assert_between(count, 40, 160);
	}
	states_free(states);
}

enum { CHOSEN = 1000 };

/* Numbers of checks that one shard of a table with this key has to hold all alone. */
static void choose_to_collide(const struct siphash_key *key, int chosen[CHOSEN])
{
	struct states *states = states_new(key);
	char check[16];
	int count = 0;

	for (int i = 0; count < CHOSEN; i++) {
		snprintf(check, sizeof check, "%d", i);
		if (add(states, "host", check, "{}")->hh.hashv >> 24 == 0)
			chosen[count++] = i;
	}
	states_free(states);
}

/* Adds them, finds them all, and returns how many the fullest shard holds. */
static unsigned fullest_shard(const struct siphash_key *key, const int chosen[CHOSEN])
{
	struct states *states = states_new(key);
	unsigned most = 0;
	char check[16];

	for (int i = 0; i < CHOSEN; i++) {
		snprintf(check, sizeof check, "%d", chosen[i]);
		add(states, "host", check, "{}");
	}
	for (int i = 0; i < CHOSEN; i++) {
		snprintf(check, sizeof check, "%d", chosen[i]);
		assert_non_null(find(states, "host", check));
	}
	for (unsigned shard = 0; shard < STATES_SHARDS; shard++) {
		unsigned count = 0;

		states_visit(states, shard, count_one, &count);
		most = count > most ? count : most;
	}
	states_free(states);
	return most;
}

/* Under the key that one knows they all meet; under the broker's own, four in a shard. */
static void names_that_were_chosen_to_collide_do_not_under_another_key(void **state)
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
		cmocka_unit_test(siphash_is_as_published),
		cmocka_unit_test(a_state_holds_its_event_and_nothing_else),
		cmocka_unit_test(the_next_event_takes_the_place_of_the_last),
		cmocka_unit_test(pairs_that_look_alike_are_two),
		cmocka_unit_test(those_that_look_alike_are_ranked_in_their_order),
		cmocka_unit_test(no_two_keys_are_the_same),
		cmocka_unit_test(no_two_keys_ever_become_the_same),
		cmocka_unit_test(ranks_end),
		cmocka_unit_test(beyond_the_ranks_keys_differ_too),
		cmocka_unit_test(a_hundred_thousand_are_found_and_visited_once),
		cmocka_unit_test(in_pieces_all_are_visited_once_while_the_table_grows),
		cmocka_unit_test(what_is_removed_is_gone_and_nothing_else),
		cmocka_unit_test(states_are_spread_over_the_shards),
		cmocka_unit_test(names_that_were_chosen_to_collide_do_not_under_another_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
