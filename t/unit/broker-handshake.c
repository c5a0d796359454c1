/* SPDX-License-Identifier: MIT */
/* The first commands on a connection, the lease, and the batch number. */
#include "t/unit/unit.h"

#include "httpbroker/redis/commit.h"
#include "httpbroker/redis/connection.h"
#include "httpbroker/redis/connector.h"
#include "httpbroker/redis/lease.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

/* Writes commands while there are replies; then compares all of them. */
static void assert_greeted(
	const char *password, const char *answers, const char *request, const char *why)
{
	const struct handshake_settings login = {.password = password, .database = 13};
	redisReader *loader = redisReaderCreate();
	enum handshake_result result = HANDSHAKE_WAITS;
	struct buffer out = {NULL, 0, 0};
	struct reason reason = {""};
	struct handshake handshake;
	void *reply = NULL;

	assert_non_null(loader);
	handshake_write(&handshake, &login, &out);
	redisReaderFeed(loader, answers, strlen(answers));
	while (result == HANDSHAKE_WAITS) {
		assert_int_equal(redisReaderGetReply(loader, &reply), REDIS_OK);
		if (reply == NULL)
			break;
		result = handshake_read(&handshake, reply, &out, &reason);
		freeReplyObject(reply);
	}
	redisReaderFree(loader);
	assert_string_equal(out.data, request);
	assert_string_equal(reason.text, why != NULL ? why : "");
	assert_int_equal(result == HANDSHAKE_REFUSED, why != NULL);
	buffer_free(&out);
}

#define SELECT "*2\r\n$6\r\nSELECT\r\n$2\r\n13\r\n"
#define AUTH "*2\r\n$4\r\nAUTH\r\n$12\r\ns3cr\xc3\xa9t pass\r\n"
#define PASSWORD "s3cr\xc3\xa9t pass"

static void the_password_is_sent_first(void **state)
{
	(void)state;
	assert_greeted(PASSWORD, "", AUTH, NULL);
	assert_greeted(PASSWORD, "+OK\r\n", AUTH SELECT, NULL);
	assert_greeted(PASSWORD, "-WRONGPASS x\r\n", AUTH, "refuses AUTH: WRONGPASS x");
	/* Redis quotes it like this when AUTH was renamed, possibly cut */
	assert_greeted(PASSWORD,
		"-ERR unknown command 'AUTH', with args beginning with: '" PASSWORD "' \r\n", AUTH,
		"refuses AUTH: ERR unknown command 'AUTH', with args beginning with: '************' ");
	assert_greeted(PASSWORD, "-ERR s3cr\xc3\xa9t\r\n", AUTH, "refuses AUTH: ERR *******");
	assert_greeted(PASSWORD, "+OK\r\n-NOPERM x\r\n", AUTH SELECT, "refuses SELECT: NOPERM x");
}

static void a_user_is_sent_with_its_password(void **state)
{
	const struct handshake_settings login = {.user = "ops", .password = "secret"};
	struct buffer out = {NULL, 0, 0};
	struct handshake handshake;

	(void)state;
	handshake_write(&handshake, &login, &out);
	assert_string_equal(out.data, "*3\r\n$4\r\nAUTH\r\n$3\r\nops\r\n$6\r\nsecret\r\n");
	buffer_free(&out);
}

static void refusals_are_quoted(void **state)
{
	(void)state;
	assert_greeted(NULL, "+OK\r\n", SELECT, NULL);
	assert_greeted(NULL, "-NOAUTH Authentication required.\r\n", SELECT,
		"refuses SELECT: NOAUTH Authentication required.");
	assert_greeted(NULL, "-ERR DB index is out of range\r\n", SELECT,
		"refuses SELECT: ERR DB index is out of range");
	assert_greeted(NULL, ":1\r\n", SELECT, "refuses SELECT: an odd answer");
}

#define TOKEN "0123456789abcdef"
#define OTHER "0123456789abcdee"

static void a_lease_distinguishes_itself_its_address_and_others(void **state)
{
	static const struct {
		const char *value;
		enum lease_holder holder;
	} cases[] = {
		{"host 127.0.0.1:80 " TOKEN, LEASE_OURS},
		{"host 127.0.0.1:80 " OTHER, LEASE_OF_OUR_PLACE},
		{"host 127.0.0.1:81 " TOKEN, LEASE_ANOTHERS},
		{"hosu 127.0.0.1:80 " TOKEN, LEASE_ANOTHERS},
		{"host 127.0.0.1:80 a 123456789abcde", LEASE_ANOTHERS},
		{"host 127.0.0.1:80", LEASE_ANOTHERS},
		{"", LEASE_ANOTHERS},
		{"precious", LEASE_ANOTHERS},
	};
	struct lease lease;

	(void)state;
	lease_init(&lease, "host 127.0.0.1:80", TOKEN);
	assert_string_equal(lease.text, "host 127.0.0.1:80 " TOKEN);
	assert_string_equal(lease_token(&lease), TOKEN);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (lease_holder_of(&lease, cases[i].value, strlen(cases[i].value)) !=
			cases[i].holder)
			fail_msg("'%s'", cases[i].value);
}

static void a_long_address_is_cut(void **state)
{
	char place[2 * LEASE_PLACE];
	struct lease lease;

	(void)state;
	memset(place, 'x', sizeof place);
	place[sizeof place - 1] = '\0';
	lease_init(&lease, place, TOKEN);
	assert_string_equal(lease_token(&lease), TOKEN);
	assert_int_equal(lease_holder_of(&lease, lease.text, strlen(lease.text)), LEASE_OURS);
}

static void a_written_batch_can_be_read(void **state)
{
	const struct batch batches[] = {
		{0, "0123456789abcdef", 0, 0, ""},
		{42, "ffffffffffffffff", 123456, 1795224305123, "list"},
		{BATCH_MAX, "0000000000000000", BATCH_MAX, -BATCH_MAX, "0123456789abcde"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(batches); i++) {
		char text[BATCH_TEXT];
		struct batch read;
		struct reason why;

		assert_ptr_equal(batch_text(&batches[i], text), text);
		assert_true(batch_read(text, strlen(text), &read, &why));
		assert_int_equal(read.number, batches[i].number);
		assert_string_equal(read.token, batches[i].token);
		assert_int_equal(read.clock, batches[i].clock);
		assert_int_equal(read.wall, batches[i].wall);
		assert_string_equal(read.queue, batches[i].queue);
	}
}

static void an_invalid_batch_is_refused(void **state)
{
	static const char *const texts[] = {"", "x", "42", "42 0123456789abcdef",
		"42 0123456789abcdef 7", "42 0123456789abcdef 7 x", "42 0123456789abcdef 7 99 ",
		"42 0123456789abcdef 7 99x", "42 0123456789abcdef0 7 99",
		"42 0123456789abcdeX 7 99", "-1 0123456789abcdef 7 99", "42 0123456789abcdef -7 99",
		" 42 0123456789abcdef 7 99", "42  0123456789abcdef 7 99", "42 0123456789abcde 7 99",
		"+42 0123456789abcdef 7 99", "42 0123456789abcdef 7 99 list ",
		"42 0123456789abcdef 7 99 list 1", "42 0123456789abcdef 7 99 0123456789abcdef",
		"42 0123456789abcdef 9223372036854775807 99"};
	char large[BATCH_TEXT + 10];
	struct batch batch;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		if (batch_read(texts[i], strlen(texts[i]), &batch, &why))
			fail_msg("'%s' was taken", texts[i]);
	assert_false(batch_read("42 0123456789abcdef 7 99\0", 25, &batch, &why));
	memset(large, '1', sizeof large);
	assert_false(batch_read(large, sizeof large, &batch, &why));
}

#define ROLE "*1\r\n$4\r\nROLE\r\n"
#define MASTER "*3\r\n$6\r\nmaster\r\n:7\r\n*0\r\n"

/* What a sentinel has named must be a master. */
static void assert_role_read(const char *answer, const char *request, const char *why)
{
	const struct handshake_settings login = {.database = 13, .sentinel = true};
	redisReader *loader = redisReaderCreate();
	struct buffer out = {NULL, 0, 0};
	struct reason reason = {""};
	struct handshake handshake;
	void *reply = NULL;

	assert_non_null(loader);
	handshake_write(&handshake, &login, &out);
	redisReaderFeed(loader, answer, strlen(answer));
	assert_int_equal(redisReaderGetReply(loader, &reply), REDIS_OK);
	assert_non_null(reply);
	assert_int_equal(handshake_read(&handshake, reply, &out, &reason),
		why[0] != '\0' ? HANDSHAKE_REFUSED : HANDSHAKE_WAITS);
	freeReplyObject(reply);
	redisReaderFree(loader);
	assert_string_equal(out.data, request);
	assert_string_equal(reason.text, why);
	buffer_free(&out);
}

static void a_replica_is_refused_where_a_sentinel_named_it(void **state)
{
	(void)state;
	assert_role_read(MASTER, ROLE SELECT, "");
	assert_role_read("*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:7\r\n", ROLE,
		"it is no master: its role is slave");
	assert_role_read(
		"*2\r\n$8\r\nsentinel\r\n*0\r\n", ROLE, "it is no master: its role is sentinel");
	assert_role_read("-NOPERM x\r\n", ROLE, "refuses ROLE: NOPERM x");
	assert_role_read("*0\r\n", ROLE, "refuses ROLE: an odd answer");
	assert_role_read("*2\r\n$6\r\nmaster\r\n:7\r\n", ROLE, "refuses ROLE: an odd answer");
}

static redisReply *reply_of(const char *text)
{
	redisReader *loader = redisReaderCreate();
	void *reply = NULL;

	assert_non_null(loader);
	redisReaderFeed(loader, text, strlen(text));
	assert_int_equal(redisReaderGetReply(loader, &reply), REDIS_OK);
	assert_non_null(reply);
	redisReaderFree(loader);
	return reply;
}

static void the_replica_that_is_furthest_behind_is_found(void **state)
{
	redisReply *reply = reply_of("*3\r\n$6\r\nmaster\r\n:700\r\n*2\r\n"
				     "*3\r\n$1\r\na\r\n$1\r\n1\r\n$3\r\n700\r\n"
				     "*3\r\n$1\r\nb\r\n$1\r\n2\r\n$3\r\n650\r\n");
	struct reason why;
	struct role role;

	(void)state;
	assert_true(role_read(reply, &role, &why));
	assert_int_equal(role.offset, 700);
	assert_int_equal(role.replicas, 2);
	assert_int_equal(role.least, 650);
	freeReplyObject(reply);
	reply = reply_of("*3\r\n$6\r\nmaster\r\n:700\r\n*2\r\n:1\r\n"
			 "*3\r\n$1\r\nb\r\n$1\r\n2\r\n$3\r\n650\r\n");
	assert_true(role_read(reply, &role, &why));
	assert_int_equal(role.least, 0); /* nothing is known of it */
	freeReplyObject(reply);
}

static void assert_sentinel_read(const char *text, const char *host, int port, const char *why)
{
	redisReply *reply = reply_of(text);
	struct reason reason = {""};
	struct address found;

	assert_int_equal(sentinel_read(reply, "m", &found, &reason), why[0] == '\0');
	assert_string_equal(reason.text, why);
	if (why[0] == '\0') {
		assert_string_equal(found.host, host);
		assert_int_equal(found.port, port);
	}
	freeReplyObject(reply);
}

static void a_sentinel_names_host_and_port(void **state)
{
	(void)state;
	assert_sentinel_read("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n", "127.0.0.1", 6379, "");
	assert_sentinel_read("*-1\r\n", "", 0, "knows no master m");
	assert_sentinel_read("-NOAUTH x\r\n", "", 0, "refuses SENTINEL: NOAUTH x");
	assert_sentinel_read("*2\r\n$1\r\nh\r\n$1\r\n0\r\n", "", 0, "an odd answer");
	assert_sentinel_read("*2\r\n$1\r\nh\r\n$5\r\n65536\r\n", "", 0, "an odd answer");
	assert_sentinel_read("*2\r\n$0\r\n\r\n$1\r\n1\r\n", "", 0, "an odd answer");
	assert_sentinel_read("*1\r\n$1\r\nh\r\n", "", 0, "an odd answer");
	assert_sentinel_read(":1\r\n", "", 0, "an odd answer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_password_is_sent_first),
		cmocka_unit_test(a_user_is_sent_with_its_password),
		cmocka_unit_test(refusals_are_quoted),
		cmocka_unit_test(a_lease_distinguishes_itself_its_address_and_others),
		cmocka_unit_test(a_long_address_is_cut),
		cmocka_unit_test(a_written_batch_can_be_read),
		cmocka_unit_test(an_invalid_batch_is_refused),
		cmocka_unit_test(a_replica_is_refused_where_a_sentinel_named_it),
		cmocka_unit_test(the_replica_that_is_furthest_behind_is_found),
		cmocka_unit_test(a_sentinel_names_host_and_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
