/* SPDX-License-Identifier: MIT */
/* Sessions of several brokers against a model of Redis: connections break with commands in flight
 * that run later or never, replies are lost, Redis and brokers hang, brokers stop and start, the
 * queue key has another type for a while. Events reported as applied must be in the queue once, and
 * in order; events reported as not applied must never get there. */
#include "t/unit/unit.h"

#include "httpbroker/redis/session.h"
#include "t/unit/broker-parts.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BROKERS = 3, ROUNDS = 1000000, CONNECTIONS = 24, LISTED = 1 << 20, TEXT = 600 };

struct value {
	char key[TEXT], text[TEXT]; /* an empty text: there is none */
	nsec expires;
	uint64_t touched; /* in which step */
};

enum { VALUES = 16384 };

struct peer {
	redisReader *incoming; /* commands for Redis to run; NULL: not in use */
	struct buffer answers;
	bool open; /* the broker can still receive the replies */
	bool multi;
	char watched[TEXT];
	uint64_t watched_at;
	bool watched_there;
	redisReply *queued[16];
	int queued_count;
};

struct redis {
	nsec now;
	uint64_t step;
	struct value *values;
	int count;
	struct peer connections[CONNECTIONS];
	char (*queue)[16];
	int length;
	bool no_list; /* the queue key has another type now */
	int records;  /* of states: each commit writes one more, and one that tells of its event */
	char *pushed; /* of each event: whether it was pushed */
};

struct broker {
	struct session *session;
	struct keys keys;
	char place[32];
	struct peer *connection;
	redisReader *loader;
	struct commit commit;
	int event, last; /* of which the commit in flight is, or 0; made so far */
	nsec rests_until, cut_until;
	bool active;
	int64_t records; /* as the last commit has counted them */
};

struct simulation {
	unsigned seed;
	struct redis redis;
	struct broker brokers[BROKERS];
	char *outcome; /* of each event: '?' in flight, 'a' applied, 'd' dropped, 'u' nobody knows
			*/
	int events;
	nsec frozen_until;
	bool calm;   /* no broker is cut off, stopped or restarted by chance */
	long shrunk; /* commits that counted fewer records than the one before */
	long applied, dropped, unknown, refused, turns[4], both;
};

static int chance(struct simulation *simulation, int max)
{
	return rand_r(&simulation->seed) % max;
}

/* The key's value; an expired one is none, which counts as touching it. */
static struct value *value_of(struct redis *redis, const char *key)
{
	struct value *value = redis->values;

	while (value < redis->values + redis->count && strcmp(value->key, key) != 0)
		value++;
	if (value == redis->values + redis->count) {
		assert_between(++redis->count, 0, VALUES);
		snprintf(value->key, sizeof value->key, "%s", key);
		value->expires = NSEC_NEVER;
	}
	if (value->expires <= redis->now) {
		value->text[0] = '\0';
		value->expires = NSEC_NEVER;
		value->touched = ++redis->step;
	}
	return value;
}

static void value_answer(struct redis *redis, const char *key, struct buffer *out)
{
	const char *text = value_of(redis, key)->text;

	if (text[0] == '\0')
		buffer_append_text(out, "$-1\r\n");
	else
		buffer_printf(out, "$%zu\r\n%s\r\n", strlen(text), text);
}

static void value_set(struct redis *redis, const redisReply *command)
{
	struct value *value = value_of(redis, command->element[1]->str);

	snprintf(value->text, sizeof value->text, "%s", command->element[2]->str);
	value->expires = NSEC_NEVER;
	if (command->elements == 5)
		value->expires =
			redis->now + strtoll(command->element[4]->str, NULL, 10) * NSEC_PER_MSEC;
	value->touched = ++redis->step;
}

static void queue_push(struct redis *redis, const redisReply *command, struct buffer *out)
{
	if (redis->no_list) {
		buffer_append_text(out, "-WRONGTYPE no list\r\n");
		return;
	}
	for (size_t i = 2; i < command->elements; i++) {
		assert_between(redis->length, 0, LISTED - 1);
		snprintf(redis->queue[redis->length++], 16, "%s", command->element[i]->str);
	}
	buffer_printf(out, ":%d\r\n", redis->length);
}

/*
 * EVAL of a script that sets the batch to its argument and the queue's type, and writes records if
 * that is a list.
 */
static void batch_prove(struct redis *redis, const redisReply *command)
{
	struct value *value = value_of(redis, command->element[3]->str);

	snprintf(value->text, sizeof value->text, "%s %s", command->element[6]->str,
		redis->no_list ? "string" : "list");
	value->expires = NSEC_NEVER;
	value->touched = ++redis->step;
	for (size_t i = 7; i < command->elements && !redis->no_list; i += 2) {
		redis->pushed[strtol(command->element[i]->str, NULL, 10)] = 1;
		redis->records++;
	}
}

static bool is(const redisReply *command, const char *name)
{
	return strcmp(command->element[0]->str, name) == 0;
}

/* Runs one command, except those of transactions. */
static void command_run(struct redis *redis, const redisReply *command, struct buffer *out)
{
	struct value *value;

	if (is(command, "GET")) {
		value_answer(redis, command->element[1]->str, out);
	} else if (is(command, "SET")) {
		value_set(redis, command);
		buffer_append_text(out, "+OK\r\n");
	} else if (is(command, "EVAL")) {
		batch_prove(redis, command);
		buffer_append_text(out, "+OK\r\n");
	} else if (is(command, "PEXPIRE")) {
		value = value_of(redis, command->element[1]->str);
		buffer_printf(out, ":%d\r\n", value->text[0] != '\0');
		if (value->text[0] == '\0')
			return;
		value->expires =
			redis->now + strtoll(command->element[2]->str, NULL, 10) * NSEC_PER_MSEC;
		value->touched = ++redis->step;
	} else if (is(command, "DEL")) {
		value = value_of(redis, command->element[1]->str);
		value->text[0] = '\0';
		value->touched = ++redis->step;
		buffer_append_text(out, ":1\r\n");
	} else if (is(command, "HSET")) {
		redis->records += (int)(command->elements - 2) / 2;
		for (size_t i = 2; i < command->elements; i += 2)
			redis->pushed[strtol(command->element[i]->str, NULL, 10)] = 1;
		buffer_append_text(out, ":1\r\n");
	} else if (is(command, "HLEN")) {
		buffer_printf(out, ":%d\r\n", redis->records);
	} else if (is(command, "LPUSH")) {
		queue_push(redis, command, out);
	} else {
		assert_true(is(command, "SELECT"));
		buffer_append_text(out, "+OK\r\n");
	}
}

static void queued_drop(struct peer *connection)
{
	for (int i = 0; i < connection->queued_count; i++)
		freeReplyObject(connection->queued[i]);
	connection->queued_count = 0;
	connection->multi = false;
	connection->watched[0] = '\0';
}

static void exec_run(struct redis *redis, struct peer *connection)
{
	struct buffer *out = &connection->answers;
	bool watched = connection->watched[0] != '\0';
	const struct value *value = watched ? value_of(redis, connection->watched) : NULL;

	if (watched && value->touched > connection->watched_at) {
		buffer_append_text(out, "*-1\r\n");
	} else {
		buffer_printf(out, "*%d\r\n", connection->queued_count);
		for (int i = 0; i < connection->queued_count; i++)
			command_run(redis, connection->queued[i], out);
	}
	queued_drop(connection);
}

/* Takes over the command. */
static void command_receive(struct redis *redis, struct peer *connection, redisReply *command)
{
	if (is(command, "EXEC")) {
		exec_run(redis, connection);
	} else if (is(command, "MULTI")) {
		connection->multi = true;
		buffer_append_text(&connection->answers, "+OK\r\n");
	} else if (connection->multi) {
		assert_between(connection->queued_count, 0, 15);
		connection->queued[connection->queued_count++] = command;
		buffer_append_text(&connection->answers, "+QUEUED\r\n");
		return;
	} else if (is(command, "WATCH")) {
		value_of(redis, command->element[1]->str);
		snprintf(connection->watched, sizeof connection->watched, "%s",
			command->element[1]->str);
		connection->watched_at = redis->step;
		buffer_append_text(&connection->answers, "+OK\r\n");
	} else {
		command_run(redis, command, &connection->answers);
	}
	freeReplyObject(command);
}

static void peer_free(struct peer *connection)
{
	queued_drop(connection);
	redisReaderFree(connection->incoming);
	buffer_free(&connection->answers);
	*connection = (struct peer){0};
}

/* Runs some commands of a connection: all, or as many as fit before Redis hangs. */
static void connection_run(struct redis *redis, struct peer *connection, int max)
{
	void *command = NULL;

	while (max-- > 0) {
		assert_int_equal(redisReaderGetReply(connection->incoming, &command), REDIS_OK);
		if (command == NULL)
			break;
		command_receive(redis, connection, command);
	}
	if (!connection->open && command == NULL)
		peer_free(connection);
}

static void redis_run(struct simulation *simulation)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		struct peer *connection =
			&simulation->redis.connections[chance(simulation, CONNECTIONS)];

		if (connection->incoming != NULL)
			connection_run(&simulation->redis, connection,
				chance(simulation, 4) == 0 ? chance(simulation, 12) : 1000);
	}
}

static void broker_begin(struct simulation *simulation, struct broker *broker)
{
	struct session_settings settings = {
		.keys = &broker->keys,
		.place = broker->place,
		.grace = NSEC_PER_SEC,
		.persistent = true,
	};

	snprintf(settings.token, sizeof settings.token, "%08x%08x",
		(unsigned)rand_r(&simulation->seed), (unsigned)rand_r(&simulation->seed));
	broker->session = session_new(&settings);
	broker->active = false;
	broker->records = 0;
	broker->event = 0;
}

/* Commands in flight can still run. */
static void broker_hang_up(struct simulation *simulation, struct broker *broker)
{
	if (broker->connection == NULL)
		return;
	broker->connection->open = false;
	if (chance(simulation, 3) == 0)
		peer_free(broker->connection);
	broker->connection = NULL;
	redisReaderFree(broker->loader);
	session_close(broker->session);
}

static void broker_dial(struct simulation *simulation, struct broker *broker)
{
	struct peer *connection = simulation->redis.connections;
	struct buffer out = {NULL, 0, 0};

	for (int i = 0; connection->incoming != NULL; connection++)
		if (++i == CONNECTIONS)
			return;
	connection->incoming = redisReaderCreate();
	connection->open = true;
	broker->connection = connection;
	broker->loader = redisReaderCreate();
	session_open(broker->session, simulation->redis.now, &out);
	redisReaderFeed(connection->incoming, out.data, out.length);
	buffer_free(&out);
}

static void outcome_set(struct simulation *simulation, struct broker *broker, char outcome)
{
	assert_int_equal(simulation->outcome[broker->event], '?');
	simulation->outcome[broker->event] = outcome;
	simulation->applied += outcome == 'a';
	simulation->dropped += outcome == 'd';
	simulation->unknown += outcome == 'u';
	broker->event = 0;
}

static void records_look(struct simulation *simulation, struct broker *broker)
{
	int64_t records = session_records(broker->session);

	if (records < 0)
		return;
	simulation->shrunk += records < broker->records;
	broker->records = records;
}

static void broker_update(struct simulation *simulation, struct broker *broker)
{
	records_look(simulation, broker);
	const struct commit *applied = session_applied(broker->session);
	if (applied != NULL) {
		simulation->refused += applied->refused != 0;
		outcome_set(simulation, broker, applied->refused != 0 ? 'd' : 'a');
	}
	enum role_change turn = session_role_change(broker->session);
	simulation->turns[turn]++;
	if (!simulation->calm)
		assert_int_not_equal(turn, CHANGE_DATA_LOST); /* this Redis loses nothing */
	if (turn == CHANGE_NONE || turn == CHANGE_DATA_LOST)
		return;
	if (broker->event != 0)
		outcome_set(simulation, broker, 'd');
	broker->active = turn == CHANGE_BECAME_ACTIVE;
}

static void broker_commit(
	struct simulation *simulation, struct broker *broker, struct moment now, struct buffer *out)
{
	char text[16];

	assert_between(simulation->events, 0, LISTED - 2);
	broker->event = ++simulation->events;
	simulation->outcome[broker->event] = '?';
	snprintf(text, sizeof text, "%d", broker->event);
	resp_clear(&broker->commit.pushes, 1 << 20);
	resp_add_text(&broker->commit.pushes, text);
	resp_clear(&broker->commit.records, 1 << 20);
	resp_add_text(&broker->commit.records, "0");
	resp_add_text(&broker->commit.records, "1 x");
	resp_clear(&broker->commit.dependent, 1 << 20);
	resp_add_text(&broker->commit.dependent, text);
	resp_add_text(&broker->commit.dependent, "1 x");
	broker->commit.todo = COMMIT_PUSHES | COMMIT_RECORDS;
	session_commit(broker->session, &broker->commit, now, out);
}

/* Feeds the replies. False if that broke the connection. */
static bool broker_receive(
	struct simulation *simulation, struct broker *broker, struct moment now, struct buffer *out)
{
	struct buffer *answers = &broker->connection->answers;
	struct reason why = {""};
	void *reply = NULL;

	if (answers->length > 0)
		redisReaderFeed(broker->loader, answers->data, answers->length);
	buffer_clear(answers);
	for (;;) {
		assert_int_equal(redisReaderGetReply(broker->loader, &reply), REDIS_OK);
		if (reply == NULL)
			return true;
		if (!session_receive(broker->session, reply, now, out, &why))
			fail_msg("refused: %s", why.text);
		broker_update(simulation, broker);
	}
}

static void broker_exchange(struct simulation *simulation, struct broker *broker, struct moment now)
{
	struct buffer out = {NULL, 0, 0};

	broker_receive(simulation, broker, now, &out);
	if (!session_tick(broker->session, now, &out)) {
		broker_hang_up(simulation, broker);
		buffer_free(&out);
		return;
	}
	if (session_ready(broker->session) && chance(simulation, 2) == 0)
		broker_commit(simulation, broker, now, &out);
	if (out.length > 0)
		redisReaderFeed(broker->connection->incoming, out.data, out.length);
	buffer_free(&out);
}

/* Kills it and starts another process at its address. The result of its last commit is unknown. */
static void broker_restart(struct simulation *simulation, struct broker *broker)
{
	broker_hang_up(simulation, broker);
	if (broker->event != 0)
		outcome_set(simulation, broker, 'u');
	session_free(broker->session);
	broker_begin(simulation, broker);
}

static void broker_disturb(struct simulation *simulation, struct broker *broker)
{
	const nsec now = simulation->redis.now;
	nsec misery = chance(simulation, 12000) * NSEC_PER_MSEC;

	if (chance(simulation, 1500) == 0)
		broker->rests_until = now + misery;
	if (chance(simulation, 1500) == 0)
		broker->cut_until = now + misery;
	if (chance(simulation, 6000) == 0)
		broker_restart(simulation, broker);
}

static void broker_step(struct simulation *simulation, struct broker *broker)
{
	const nsec now = simulation->redis.now;
	struct moment moment = {1795224000 * NSEC_PER_SEC + now, now};

	if (!simulation->calm)
		broker_disturb(simulation, broker);
	if (now < broker->rests_until)
		return;
	if (!simulation->calm && broker->connection != NULL && chance(simulation, 300) == 0)
		broker_hang_up(simulation, broker);
	if (broker->connection == NULL && now >= broker->cut_until)
		broker_dial(simulation, broker);
	if (broker->connection != NULL && now >= broker->cut_until)
		broker_exchange(simulation, broker, moment);
	else if (broker->connection != NULL && chance(simulation, 500) == 0)
		broker_hang_up(simulation, broker);
}

static void step(struct simulation *simulation)
{
	int active = 0;

	simulation->redis.now += chance(simulation, 20) * NSEC_PER_MSEC;
	if (!simulation->calm && chance(simulation, 2000) == 0)
		simulation->frozen_until =
			simulation->redis.now + chance(simulation, 9000) * NSEC_PER_MSEC;
	if (chance(simulation, 2000) == 0)
		simulation->redis.no_list = chance(simulation, 4) == 0;
	if (simulation->redis.now >= simulation->frozen_until && chance(simulation, 3) == 0)
		redis_run(simulation);
	for (int i = 0; i < BROKERS; i++)
		broker_step(simulation, &simulation->brokers[i]);
	for (int i = 0; i < BROKERS; i++)
		active += simulation->brokers[i].active;
	simulation->both += active > 1;
}

static struct simulation *simulation_begin(void)
{
	struct simulation *simulation = calloc(1, sizeof *simulation);

	assert_non_null(simulation);
	simulation->seed = seed_choose();
	simulation->redis.values = calloc(VALUES, sizeof(struct value));
	simulation->redis.queue = calloc(LISTED, 16);
	simulation->redis.pushed = calloc(LISTED, 1);
	simulation->outcome = calloc(LISTED, 1);
	for (int i = 0; i < BROKERS; i++) {
		struct broker *broker = &simulation->brokers[i];

		keys_init(&broker->keys, "httpbroker", "n", "events", 1);
		snprintf(broker->place, sizeof broker->place, "host%d :80", i);
		broker_begin(simulation, broker);
	}
	return simulation;
}

static void simulation_end(struct simulation *simulation)
{
	for (int i = 0; i < BROKERS; i++) {
		struct broker *broker = &simulation->brokers[i];

		broker_hang_up(simulation, broker);
		session_free(broker->session);
		keys_free(&broker->keys);
		resp_free(&broker->commit.pushes);
		resp_free(&broker->commit.records);
		resp_free(&broker->commit.dependent);
	}
	for (int i = 0; i < CONNECTIONS; i++)
		if (simulation->redis.connections[i].incoming != NULL)
			peer_free(&simulation->redis.connections[i]);
	free(simulation->redis.values);
	free(simulation->redis.queue);
	free(simulation->redis.pushed);
	free(simulation->outcome);
	free(simulation);
}

/* Events are numbered at creation: those of one broker are then in order, too. */
static void queue_check(struct simulation *simulation)
{
	int *times = calloc((size_t)simulation->events + 1, sizeof *times);

	for (int i = 0; i < simulation->redis.length; i++)
		times[strtol(simulation->redis.queue[i], NULL, 10)]++;
	for (int i = 1; i <= simulation->events; i++) {
		char outcome = simulation->outcome[i];

		if (times[i] > 1)
			fail_msg("event %d came %d times", i, times[i]);
		if (simulation->redis.pushed[i] != (times[i] > 0))
			fail_msg("a record tells wrongly of event %d", i);
		if (outcome == 'a' && times[i] == 0)
			fail_msg("event %d was said to be applied", i);
		if (outcome == 'd' && times[i] > 0)
			fail_msg("event %d was said not to be applied", i);
	}
	free(times);
}

static void the_result_of_a_commit_is_correct(void **state)
{
	struct simulation *simulation = simulation_begin();

	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		step(simulation);
	queue_check(simulation);
	print_message("# %ld applied, %ld dropped (%ld of them refused), %ld unknown; %ld times "
		      "active, %ld standing by; "
		      "%ld steps with two who think they are active\n",
		simulation->applied, simulation->dropped, simulation->refused, simulation->unknown,
		simulation->turns[CHANGE_BECAME_ACTIVE], simulation->turns[CHANGE_STANDBY],
		simulation->both);
	assert_int_equal(simulation->shrunk, 0);
	assert_true(simulation->applied > 1000);
	assert_true(simulation->dropped - simulation->refused > 10);
	assert_true(simulation->refused > 100);
	assert_true(simulation->both > 10);
	simulation_end(simulation);
}

/* Redis loses all its data, or reverts to an earlier state. Watched keys count as touched. Commands
 * sent before run before, all at once. */
static void redis_lose(struct redis *redis, const struct value *before, int count)
{
	for (int i = 0; i < CONNECTIONS; i++)
		if (redis->connections[i].incoming != NULL)
			connection_run(redis, &redis->connections[i], 1000);
	for (int i = 0; i < redis->count; i++) {
		struct value *value = &redis->values[i];

		value->touched = ++redis->step;
		value->text[0] = '\0';
		if (i >= count)
			continue;
		memcpy(value->text, before[i].text, TEXT);
		value->expires = before[i].expires;
	}
}

static int owner_of(const struct simulation *simulation)
{
	for (int i = 0; i < BROKERS; i++)
		if (simulation->brokers[i].active)
			return i;
	return -1;
}

static void steps_until(struct simulation *simulation, nsec until)
{
	while (simulation->redis.now < until)
		step(simulation);
}

/* Kills it and breaks all connections, as when a replica is promoted. */
static void owner_kill(struct simulation *simulation, struct broker *owner)
{
	broker_restart(simulation, owner);
	owner->rests_until = owner->cut_until = NSEC_NEVER;
	for (int i = 0; i < BROKERS; i++)
		broker_hang_up(simulation, &simulation->brokers[i]);
}

enum { LOSSES = 400 };

/* Redis loses everything or the last seconds; the batch number shows it. */
static void one_loss(struct simulation *simulation, struct value *before, bool killed)
{
	struct redis *redis = &simulation->redis;
	int owner = owner_of(simulation), count = redis->count;
	long rewound = simulation->turns[CHANGE_DATA_LOST],
	     anew = simulation->turns[CHANGE_BECAME_ACTIVE];

	assert_int_not_equal(owner, -1);
	memcpy(before, redis->values, (size_t)count * sizeof *before);
	steps_until(simulation, redis->now + (1000 + chance(simulation, 3000)) * NSEC_PER_MSEC);
	if (killed)
		owner_kill(simulation, &simulation->brokers[owner]);
	redis_lose(redis, before, chance(simulation, 2) == 0 ? count : 0);
	steps_until(simulation, redis->now + 12 * NSEC_PER_SEC);
	assert_int_equal(simulation->turns[CHANGE_BECAME_ACTIVE] - anew, killed);
	if (killed)
		assert_int_not_equal(owner_of(simulation), -1);
	else
		assert_int_equal(owner_of(simulation), owner);
	assert_true(killed || simulation->turns[CHANGE_DATA_LOST] > rewound);
	simulation->brokers[owner].rests_until = simulation->brokers[owner].cut_until = 0;
	steps_until(simulation, redis->now + NSEC_PER_SEC);
}

/* Only the hash of records is lost, which a look at the lease does not show. */
static void records_lose(struct simulation *simulation)
{
	long shrunk = simulation->shrunk, anew = simulation->turns[CHANGE_BECAME_ACTIVE];

	simulation->redis.records = 0;
	steps_until(simulation, simulation->redis.now + 3 * NSEC_PER_SEC / 2);
	assert_int_equal(simulation->shrunk, shrunk + 1);
	assert_int_equal(simulation->turns[CHANGE_BECAME_ACTIVE], anew);
}

static void the_active_broker_restores_data_lost_by_a_running_redis(void **state)
{
	struct simulation *simulation = simulation_begin();
	struct value *before = calloc(VALUES, sizeof *before);

	(void)state;
	assert_non_null(before);
	simulation->calm = true;
	steps_until(simulation, 2 * NSEC_PER_SEC);
	for (int i = 0; i < LOSSES; i++) {
		one_loss(simulation, before, i % 4 == 3);
		records_lose(simulation);
	}
	free(before);
	simulation_end(simulation);
}

/* Exchanges all commands and replies possible at this time. Returns the role change of the broker.
 */
static enum role_change settle(struct simulation *simulation, struct broker *broker, nsec now)
{
	const struct moment moment = {1795224000 * NSEC_PER_SEC + now, now};
	struct buffer out = {NULL, 0, 0};
	struct reason why;
	void *reply;

	simulation->redis.now = now;
	assert_true(session_tick(broker->session, moment, &out));
	do {
		struct peer *connection = broker->connection;

		redisReaderFeed(connection->incoming, out.data, out.length);
		buffer_clear(&out);
		connection_run(&simulation->redis, connection, 1000);
		redisReaderFeed(
			broker->loader, connection->answers.data, connection->answers.length);
		buffer_clear(&connection->answers);
		while (redisReaderGetReply(broker->loader, &reply) == REDIS_OK && reply != NULL)
			assert_true(session_receive(broker->session, reply, moment, &out, &why));
	} while (out.length > 0);
	buffer_free(&out);
	return session_role_change(broker->session);
}

/* Two brokers: the first is active, the other is a standby. Then Redis restarts empty. */
static struct simulation *empty_begin(nsec now)
{
	struct simulation *simulation = simulation_begin();

	for (int i = 0; i < 2; i++) {
		broker_dial(simulation, &simulation->brokers[i]);
		assert_int_equal(settle(simulation, &simulation->brokers[i], 0),
			i == 0 ? CHANGE_BECAME_ACTIVE : CHANGE_STANDBY);
	}
	for (int i = 0; i < 2; i++)
		broker_hang_up(simulation, &simulation->brokers[i]);
	memset(simulation->redis.values, 0, VALUES * sizeof(struct value));
	simulation->redis.count = 0;
	simulation->redis.now = now;
	return simulation;
}

static void lost_data_is_restored_by_the_formerly_active_broker(void **state)
{
	const nsec back = 60 * NSEC_PER_SEC, until = back + 6 * NSEC_PER_SEC;
	struct simulation *simulation = empty_begin(back);
	struct broker *first = &simulation->brokers[0], *second = &simulation->brokers[1];

	(void)state;
	broker_dial(simulation, second);
	for (nsec now = back; now < until; now += NSEC_PER_SEC / 10)
		assert_int_equal(settle(simulation, second, now), CHANGE_NONE);
	broker_dial(simulation, first);
	assert_int_equal(settle(simulation, first, until - 1), CHANGE_DATA_LOST);
	assert_int_equal(settle(simulation, second, until + NSEC_PER_SEC), CHANGE_NONE);
	assert_int_equal(session_role(first->session), SESSION_ACTIVE);
	assert_int_equal(session_role(second->session), SESSION_STANDS_BY);
	simulation_end(simulation);
}

static void a_standby_restores_lost_data_after_a_while(void **state)
{
	const nsec back = 60 * NSEC_PER_SEC, until = back + 6 * NSEC_PER_SEC;
	struct simulation *simulation = empty_begin(back);
	struct broker *second = &simulation->brokers[1];

	(void)state;
	broker_dial(simulation, second);
	assert_int_equal(settle(simulation, second, back), CHANGE_NONE);
	assert_int_equal(settle(simulation, second, until - 1), CHANGE_NONE);
	assert_int_equal(
		settle(simulation, second, until + NSEC_PER_SEC / 4), CHANGE_BECAME_ACTIVE);
	simulation_end(simulation);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_result_of_a_commit_is_correct),
		cmocka_unit_test(the_active_broker_restores_data_lost_by_a_running_redis),
		cmocka_unit_test(lost_data_is_restored_by_the_formerly_active_broker),
		cmocka_unit_test(a_standby_restores_lost_data_after_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
