/* SPDX-License-Identifier: MIT */
/* The checks of Amazon SNS messages that need no certificate. */
#include "t/unit/unit.h"

#include "httpbroker/checks/event.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/sns/envelope.h"
#include "httpbroker/sns/message.h"

#include <string.h>

#define ARN "arn:aws:sns:eu-west-1:123456789012:alarms"
#define HOST "https://sns.eu-west-1.amazonaws.com"
#define PEM "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
#define NOW INT64_C(1767323045) /* 2026-01-02T03:04:05Z */

static struct text text(const char *words)
{
	return (struct text){words, strlen(words)};
}

#define NOTIFICATION                                                                              \
	"{\"Type\":\"Notification\",\"MessageId\":\"22b80b92\",\"TopicArn\":\"" ARN "\","         \
	"\"Subject\":\"My \\\"First\\\" Message\",\"Message\":\"Hell\\u00f6 \\\"world\\\"\\\\\"," \
	"\"Timestamp\":\"2026-01-02T03:04:05.678Z\",\"SignatureVersion\":\"1\","                  \
	"\"Signature\":\"RVhB\",\"SigningCertURL\":\"" HOST PEM "\",\"UnsubscribeURL\":\"x\"}"

#define CONFIRMATION                                                                               \
	"{\"Type\":\"SubscriptionConfirmation\",\"MessageId\":\"165545c9\",\"Token\":\"2336412f\"" \
	",\"TopicArn\":\"" ARN "\",\"Message\":\"You have chosen\",\"SubscribeURL\":\"https://s\"" \
	",\"Timestamp\":\"2026-01-02T03:04:05.678Z\",\"SignatureVersion\":\"2\","                  \
	"\"Signature\":\"RVhB\",\"SigningCertURL\":\"" HOST PEM "\"}"

static json_t *document_of(const char *words)
{
	json_t *document = json_loads(words, 0, NULL);

	assert_non_null(document);
	return document;
}

static void assert_signed(const char *document, const char *expected)
{
	json_t *json = document_of(document);
	struct envelope envelope;
	struct buffer out = {0};
	struct reason why;

	assert_true(format_sns.matches(json));
	assert_true(envelope_read(json, &envelope, &why));
	canonical_append(&out, &envelope);
	assert_string_equal(out.data, expected);
	buffer_free(&out);
	json_decref(json);
}

static void the_signed_text_is_built_from_the_fields(void **state)
{
	(void)state;
	assert_signed(NOTIFICATION,
		"Message\nHell\xc3\xb6 \"world\"\\\nMessageId\n22b80b92\nSubject\nMy \"First\" Message\n"
		"Timestamp\n2026-01-02T03:04:05.678Z\nTopicArn\n" ARN "\nType\nNotification\n");
	assert_signed(CONFIRMATION,
		"Message\nYou have chosen\nMessageId\n165545c9\nSubscribeURL\nhttps://s\n"
		"Timestamp\n2026-01-02T03:04:05.678Z\nToken\n2336412f\nTopicArn\n" ARN
		"\nType\nSubscriptionConfirmation\n");
}

static void a_notification_without_subject_is_signed_without_it(void **state)
{
	json_t *json = document_of(NOTIFICATION);
	struct envelope envelope;
	struct buffer out = {0};
	struct reason why;

	(void)state;
	json_object_del(json, "Subject");
	assert_true(envelope_read(json, &envelope, &why));
	canonical_append(&out, &envelope);
	assert_null(strstr(out.data, "Subject"));
	buffer_free(&out);
	json_decref(json);
}

/* Without the key, with a number in it, with more in it than SNS sends: each is refused by name. */
static void assert_required(const char *document, const char *key)
{
	json_t *json = document_of(document);
	struct envelope envelope;
	struct reason why;
	static char much[300 * 1024];

	memset(much, 'x', sizeof much - 1);
	json_object_set_new(json, key, json_string(much));
	assert_false(envelope_read(json, &envelope, &why));
	assert_non_null(strstr(why.text, key));
	json_object_set_new(json, key, json_integer(1));
	assert_false(envelope_read(json, &envelope, &why));
	assert_non_null(strstr(why.text, key));
	json_object_del(json, key);
	assert_false(envelope_read(json, &envelope, &why));
	assert_non_null(strstr(why.text, key));
	json_decref(json);
}

/* An empty subject is signed; a null one counts as missing. */
static void an_empty_subject_is_signed_and_a_null_one_is_not(void **state)
{
	(void)state;
	assert_signed("{\"Type\":\"Notification\",\"MessageId\":\"1\",\"TopicArn\":\"a\","
		      "\"Subject\":\"\",\"Message\":\"\",\"Timestamp\":\"t\","
		      "\"SignatureVersion\":\"1\",\"Signature\":\"x\",\"SigningCertURL\":\"u\"}",
		"Message\n\nMessageId\n1\nSubject\n\nTimestamp\nt\nTopicArn\na\nType\n"
		"Notification\n");
	assert_signed("{\"Type\":\"Notification\",\"MessageId\":\"1\",\"TopicArn\":\"a\","
		      "\"Subject\":null,\"Message\":\"m\",\"Timestamp\":\"t\","
		      "\"SignatureVersion\":\"1\",\"Signature\":\"x\",\"SigningCertURL\":\"u\"}",
		"Message\nm\nMessageId\n1\nTimestamp\nt\nTopicArn\na\nType\nNotification\n");
}

static void an_unknown_type_is_refused(void **state)
{
	static const char *const wrong[] = {"", "Not", "notification", "Notifications",
		"SubscriptionConfirm", "UnsubscribeConfirmation "};
	json_t *json = document_of(CONFIRMATION);
	struct envelope envelope;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		json_object_set_new(json, "Type", json_string(wrong[i]));
		assert_false(envelope_read(json, &envelope, &why));
		assert_non_null(strstr(why.text, "'Type'"));
	}
	json_decref(json);
}

static void every_field_is_required(void **state)
{
	static const char *const both[] = {"Type", "MessageId", "TopicArn", "Message", "Timestamp",
		"SignatureVersion", "Signature", "SigningCertURL"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(both); i++) {
		assert_required(NOTIFICATION, both[i]);
		assert_required(CONFIRMATION, both[i]);
	}
	assert_required(CONFIRMATION, "Token");
	assert_required(CONFIRMATION, "SubscribeURL");
}

/* The same signed text could have another id: a message could be sent twice. */
static void only_the_message_has_lines(void **state)
{
	static const char *const single[] = {"MessageId", "Subject", "TopicArn", "Timestamp",
		"SignatureVersion", "Signature", "SigningCertURL"};
	struct envelope envelope;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(single); i++) {
		json_t *json = document_of(NOTIFICATION);

		json_object_set_new(json, single[i], json_string("id\nSubject\nx"));
		assert_false(envelope_read(json, &envelope, &why));
		assert_non_null(strstr(why.text, "has a line break"));
		json_decref(json);
	}
	json_t *json = document_of(NOTIFICATION);
	json_object_set_new(json, "Message", json_string("{\n}"));
	assert_true(envelope_read(json, &envelope, &why));
	json_decref(json);
}

static void assert_shape(bool expected, const char *document)
{
	json_t *json = document_of(document);

	assert_int_equal(format_sns.matches(json), expected);
	json_decref(json);
}

static void an_envelope_is_recognised_by_its_shape(void **state)
{
	(void)state;
	assert_shape(true, "{\"Type\":\"Whatever\",\"TopicArn\":\"\"}");
	assert_shape(false, "{\"Type\":\"Notification\"}");
	assert_shape(false, "{\"TopicArn\":\"" ARN "\"}");
	assert_shape(false, "{\"Type\":1,\"TopicArn\":\"" ARN "\"}");
	assert_shape(false, "{\"Type\":\"Notification\",\"TopicArn\":\"a\",\"entity\":\"e\"}");
	assert_shape(false, "[]");
}

static bool topic_sound(const char *arn, struct topic *out)
{
	struct reason why;

	return topic_read(text(arn), out, &why);
}

static void topic_names_are_validated(void **state)
{
	static const char *const wrong[] = {"", "arn",
		"arn:aws:sns:eu-west-1:123456789012:", "arn:aws:sns:eu-west-1:12345678901:x",
		"arn:aws:sns:eu-west-1:1234567890123:x", "arn:aws:sns::123456789012:x",
		"arn:aws:sqs:eu-west-1:123456789012:x", "arn:aws:sns:eu-west-1:123456789012:a.b",
		"arn:aws:sns:EU-west-1:123456789012:x", "arn:aws:sns:eu.west@1:123456789012:x",
		"arn:aws:sns:eu-west-1/:123456789012:x", (ARN ":x"), (ARN "*"), (ARN ".fifo.fifo"),
		(" " ARN)};
	struct topic topic;

	(void)state;
	assert_true(topic_sound(ARN, &topic));
	assert_memory_equal(topic.region.bytes, "eu-west-1", topic.region.length);
	assert_int_equal(topic.region.length, 9);
	assert_false(topic.china);
	assert_true(topic_sound(ARN ".fifo", &topic));
	assert_true(topic_sound("arn:aws-cn:sns:cn-north-1:123456789012:x", &topic));
	assert_true(topic.china);
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		assert_false(topic_sound(wrong[i], &topic));
}

static void the_length_of_a_topic_name_is_bounded(void **state)
{
	static const char begin[] = "arn:aws:sns:eu-west-1:123456789012:";
	char arn[sizeof begin + 257];
	struct topic topic;

	(void)state;
	memset(arn, 'x', sizeof arn);
	memcpy(arn, begin, sizeof begin - 1);
	arn[sizeof begin - 1 + 257] = '\0';
	assert_false(topic_sound(arn, &topic));
	arn[sizeof begin - 1 + 256] = '\0';
	assert_true(topic_sound(arn, &topic));
}

static void allowed_topic_patterns_are_validated(void **state)
{
	struct reason why;

	(void)state;
	assert_true(topic_pattern_check(ARN, &why));
	assert_true(topic_pattern_check("arn:aws:sns:eu-west-1:123456789012:*", &why));
	assert_true(topic_pattern_check("arn:aws:sns:eu-west-1:123456789012:alarm*", &why));
	assert_false(topic_pattern_check("*", &why));
	assert_false(topic_pattern_check("arn:aws:sns:*", &why));
	assert_false(topic_pattern_check("arn:aws:sns:eu-west-1:1234*", &why));
	assert_false(topic_pattern_check("arn:aws:sns:eu-west-1:123456789012:*x", &why));
	assert_false(topic_pattern_check("alarms", &why));
}

static void only_allowed_topics_match(void **state)
{
	const char *const patterns[] = {ARN, "arn:aws:sns:eu-west-2:123456789012:a*"};

	(void)state;
	assert_true(topic_is_allowed(text(ARN), patterns, 2));
	assert_true(topic_is_allowed(text("arn:aws:sns:eu-west-2:123456789012:a"), patterns, 2));
	assert_true(topic_is_allowed(text("arn:aws:sns:eu-west-2:123456789012:abc"), patterns, 2));
	assert_false(topic_is_allowed(text("arn:aws:sns:eu-west-2:123456789012:b"), patterns, 2));
	assert_false(topic_is_allowed(text(ARN "2"), patterns, 2));
	assert_false(
		topic_is_allowed(text("arn:aws:sns:eu-west-1:123456789012:alarm"), patterns, 2));
	assert_false(topic_is_allowed(text(ARN), patterns, 0));
}

static void certificate_urls_are_validated(void **state)
{
	static const char *const wrong[] = {"", "https://",
		"http://sns.eu-west-1.amazonaws.com" PEM,
		"https://sns.evil.amazonaws.com.example.org" PEM,
		"https://sns.eu-west-1.amazonaws.com.example.org" PEM,
		"https://sns.eu-west-1.amazonaws.com@evil" PEM,
		"https://evil@sns.eu-west-1.amazonaws.com" PEM, HOST ":443" PEM,
		"https://sns.us-east-1.amazonaws.com" PEM,
		"https://sns.eu-west-1.amazonaws.com.cn" PEM, HOST PEM "?x", HOST PEM "#x",
		HOST PEM "/", HOST "/x" PEM, HOST "//SimpleNotificationService-0.pem",
		HOST "/SimpleNotificationService-0123456789ABCDEF0123456789abcdef.pem",
		HOST "/SimpleNotificationService-0123456789abcdef0123456789abcde.pem",
		HOST "/SimpleNotificationService-0123456789abcdef0123456789abcdef0.pem",
		HOST "/../SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"};
	struct topic topic;
	struct reason why;

	(void)state;
	assert_true(topic_sound(ARN, &topic));
	assert_true(topic_certificate_url_check(&topic, text(HOST PEM), &why));
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		assert_false(topic_certificate_url_check(&topic, text(wrong[i]), &why));
	assert_true(topic_sound("arn:aws-cn:sns:cn-north-1:123456789012:x", &topic));
	assert_true(topic_certificate_url_check(
		&topic, text("https://sns.cn-north-1.amazonaws.com.cn" PEM), &why));
}

static void confirmation_urls_are_validated(void **state)
{
	struct buffer out = {0};
	struct topic topic;

	(void)state;
	assert_true(topic_sound(ARN, &topic));
	topic_confirm_url(&out, &topic, text(ARN), text("23&4/é"));
	assert_string_equal(out.data,
		HOST "/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A"
		     "123456789012%3Aalarms&Token=23%264%2F%C3%A9");
	buffer_free(&out);
}

/* Checks the notification with one field changed; NULL: it is accepted. */
static void assert_applied(const char *key, const char *value, const char *expected)
{
	const char *const patterns[] = {ARN};
	const struct policy policy = {patterns, 1};
	json_t *json = document_of(NOTIFICATION);
	struct envelope envelope;
	struct topic topic;
	struct reason why = {"it passes"};

	if (key != NULL)
		json_object_set_new(json, key, json_string(value));
	assert_true(envelope_read(json, &envelope, &why));
	bool passes = policy_check(&policy, &envelope, NOW, &topic, &why);
	assert_int_equal(passes, expected == NULL);
	if (expected != NULL)
		assert_string_equal(why.text, expected);
	json_decref(json);
}

static void only_valid_messages_of_allowed_topics_are_accepted(void **state)
{
	(void)state;
	assert_applied(NULL, NULL, NULL);
	assert_applied("TopicArn", "alarms", "'TopicArn' is not arn:aws:sns:REGION:ACCOUNT:NAME");
	assert_applied("TopicArn", ARN "2", "no --sns-topic allows " ARN "2");
	assert_applied("SigningCertURL", "https://evil" PEM,
		"'SigningCertURL' is not at https://sns.eu-west-1.amazonaws.com");
	assert_applied("SigningCertURL", HOST ".example.org" PEM,
		"'SigningCertURL' is not at https://sns.eu-west-1.amazonaws.com");
	assert_applied("SigningCertURL", HOST,
		"'SigningCertURL' is not at https://sns.eu-west-1.amazonaws.com");
	assert_applied("SigningCertURL", HOST "/x.pem",
		"the path of 'SigningCertURL' is not that of an SNS certificate");
	assert_applied("SignatureVersion", "2", NULL);
	assert_applied("SignatureVersion", "3", "'SignatureVersion' is not 1 or 2");
	assert_applied("SignatureVersion", "", "'SignatureVersion' is not 1 or 2");
	assert_applied("SignatureVersion", "12", "'SignatureVersion' is not 1 or 2");
	assert_applied("Timestamp", "2026-01-02T02:04:05.000Z", NULL);
	assert_applied(
		"Timestamp", "2026-01-02T02:04:04.999Z", "'Timestamp' is more than an hour ago");
	assert_applied("Timestamp", "2026-01-02T04:04:05Z", NULL);
	assert_applied("Timestamp", "2026-01-02T04:04:06Z",
		"'Timestamp' is more than an hour in the future: check the clocks");
	assert_applied(
		"Timestamp", "yesterday", "'Timestamp' is not like 2026-01-02T03:04:05.678Z");
}

static void every_message_is_refused_without_an_allowed_topic(void **state)
{
	const struct policy policy = {NULL, 0};
	json_t *json = document_of(NOTIFICATION);
	struct envelope envelope;
	struct topic topic;
	struct reason why;

	(void)state;
	assert_true(envelope_read(json, &envelope, &why));
	assert_false(policy_check(&policy, &envelope, NOW, &topic, &why));
	assert_string_equal(why.text, "SNS is not enabled: no --sns-topic is given");
	json_decref(json);
}

/* For how many seconds a message is accepted whose time is as far in the future as it may be. */
static int64_t seconds_accepted(void)
{
	static const char *const patterns[] = {ARN};
	const struct policy policy = {patterns, 1};
	json_t *json = document_of(NOTIFICATION);
	struct envelope envelope;
	struct topic topic;
	struct reason why;
	int64_t now = NOW;

	json_object_set_new(json, "Timestamp", json_string("2026-01-02T04:04:05.999Z"));
	assert_true(envelope_read(json, &envelope, &why));
	while (policy_check(&policy, &envelope, now, &topic, &why))
		now++;
	json_decref(json);
	return now - NOW;
}

static void a_message_id_is_remembered_while_its_message_is_valid(void **state)
{
	struct id_cache *seen = id_cache_new();

	(void)state;
	id_cache_add(seen, text("a"), 0);
	assert_true(id_cache_has(seen, text("a"), seconds_accepted() * NSEC_PER_SEC - 1));
	id_cache_free(seen);
}

static void a_message_id_is_forgotten_in_the_end(void **state)
{
	struct id_cache *seen = id_cache_new();

	(void)state;
	assert_false(id_cache_has(seen, text("a"), 0));
	id_cache_add(seen, text("a"), 0);
	id_cache_add(seen, text("b"), NSEC_PER_SEC);
	id_cache_add(seen, text("a"), 2 * NSEC_PER_SEC); /* the first time counts */
	assert_true(id_cache_has(seen, text("a"), ID_CACHE_LAST - 1));
	assert_false(id_cache_has(seen, text("ab"), ID_CACHE_LAST - 1));
	assert_false(id_cache_has(seen, text("a"), ID_CACHE_LAST));
	assert_true(id_cache_has(seen, text("b"), ID_CACHE_LAST));
	id_cache_free(seen);
}

static void remembered_message_ids_are_bounded(void **state)
{
	struct id_cache *seen = id_cache_new();
	char id[32];

	(void)state;
	for (int i = 0; i <= ID_CACHE_MAX; i++) {
		snprintf(id, sizeof id, "%d", i);
		id_cache_add(seen, text(id), i);
	}
	assert_false(id_cache_has(seen, text("0"), ID_CACHE_MAX));
	assert_true(id_cache_has(seen, text("1"), ID_CACHE_MAX));
	snprintf(id, sizeof id, "%d", ID_CACHE_MAX);
	assert_true(id_cache_has(seen, text(id), ID_CACHE_MAX));
	id_cache_free(seen);
}

static void timestamps_are_parsed(void **state)
{
	static const char *const right[] = {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678Z",
		"2026-01-02T03:04:05.678+0000", "2026-01-02T04:34:05+01:30",
		"2026-01-01T22:04:05.123456789-0500"};
	static const char *const wrong[] = {"", "2026-01-02", "2026-01-02T03:04:05",
		"2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+01:3", "2026-01-02T03:04:05+1:30",
		"2026-01-02T03:04:05+0160", "2026-13-02T03:04:05Z", "1767323045",
		"1969-12-31T23:59:59Z", "1970-01-01T00:59:59+0100",
		"2026-01-02T03:04:05.0000000000000000000000000000000000000000000000000000Z"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(right); i++) {
		int64_t time = 0;
		assert_true(isotime_read(text(right[i]), &time));
		assert_int_equal(time, NOW);
	}
	int64_t first = 7;
	assert_true(isotime_read(text("1970-01-01T00:00:00Z"), &first));
	assert_int_equal(first, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		int64_t time = 7;
		assert_false(isotime_read(text(wrong[i]), &time));
		assert_int_equal(time, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signed_text_is_built_from_the_fields),
		cmocka_unit_test(a_notification_without_subject_is_signed_without_it),
		cmocka_unit_test(an_empty_subject_is_signed_and_a_null_one_is_not),
		cmocka_unit_test(an_unknown_type_is_refused),
		cmocka_unit_test(every_field_is_required),
		cmocka_unit_test(only_the_message_has_lines),
		cmocka_unit_test(an_envelope_is_recognised_by_its_shape),
		cmocka_unit_test(topic_names_are_validated),
		cmocka_unit_test(the_length_of_a_topic_name_is_bounded),
		cmocka_unit_test(allowed_topic_patterns_are_validated),
		cmocka_unit_test(only_allowed_topics_match),
		cmocka_unit_test(certificate_urls_are_validated),
		cmocka_unit_test(confirmation_urls_are_validated),
		cmocka_unit_test(only_valid_messages_of_allowed_topics_are_accepted),
		cmocka_unit_test(every_message_is_refused_without_an_allowed_topic),
		cmocka_unit_test(a_message_id_is_remembered_while_its_message_is_valid),
		cmocka_unit_test(a_message_id_is_forgotten_in_the_end),
		cmocka_unit_test(remembered_message_ids_are_bounded),
		cmocka_unit_test(timestamps_are_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
