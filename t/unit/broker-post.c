/* SPDX-License-Identifier: MIT */
/* POST /state from body to response, with simulated results of the delivery. */
#include "t/unit/unit.h"

#include "common/buffer.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/routes.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>

/* A request and its response. */
struct posted {
	struct counters *counters;
	struct broker broker;
	struct request request;
	struct submission *submission;
};

static struct posted *posted_new(int flapjack)
{
	struct posted *posted = calloc(1, sizeof *posted);

	posted->counters = counters_new();
	posted->request.broker = &posted->broker;
	posted->broker = (struct broker){.flapjack = flapjack, .counters = posted->counters};
	posted->request.query.valid = true;
	return posted;
}

static void posted_begin(struct posted *posted, const char *body)
{
	buffer_append_text(&posted->request.holding.body, body);
	posted->submission = route_post_state.begin(&posted->request);
}

static struct posted *post(const char *body)
{
	struct posted *posted = posted_new(2);

	posted_begin(posted, body);
	return posted;
}

/* Completes the submission: a character for each event, `t`aken, `o`lder or `f`ull. */
static void posted_end(struct posted *posted, enum submission_result result, const char *answers)
{
	struct submission *submission = posted->submission;

	assert_non_null(submission);
	size_t submitted = 0;
	for (size_t i = 0; i < submission->count; i++) {
		struct item *item = &submission->items[i];

		if (!item->submitted)
			continue;
		item->result = answers[submitted] == 't'   ? ENGINE_APPLIED
			       : answers[submitted] == 'o' ? ENGINE_OLDER
							   : ENGINE_FULL;
		submitted++;
	}
	assert_int_equal(submitted, strlen(answers));
	submission->result = result;
	submission->why = "the broker is stopping";
	route_post_state.end(&posted->request);
}

static void posted_free(struct posted *posted)
{
	route_post_state.free(&posted->request);
	buffer_free(&posted->request.holding.body);
	response_free(&posted->request.response);
	counters_free(posted->counters);
	free(posted);
}

static uint64_t counted(
	const struct posted *posted, const struct format *format, enum outcome outcome)
{
	unsigned i = 0;

	while (i < formats_count() && format_at(i) != format)
		i++;
	return counters_events(posted->counters, i, outcome);
}

static void assert_answer(const struct posted *posted, unsigned status, const char *body)
{
	assert_string_equal(posted->request.response.body.data, body);
	assert_int_equal(posted->request.response.status, status);
}

#define EVENT(check, more) \
	"{\"entity\":\"e\",\"check\":\"" check "\",\"state\":\"ok\",\"time\":1000" more "}"
#define ECHO(check, ttl)                                                                       \
	"Caching state: {\"entity\":\"e\",\"check\":\"" check                                  \
	"\",\"type\":\"service\",\"state\":\"ok\",\"summary\":\"\",\"time\":1000,\"ttl\":" ttl \
	"}\n"

static void assert_one(enum submission_result result, const char *answers, unsigned status,
	const char *body, enum outcome outcome)
{
	struct posted *posted = post(EVENT("c", ""));

	posted_end(posted, result, answers);
	assert_answer(posted, status, body);
	assert_int_equal(counted(posted, &format_flapjack, outcome), 1);
	assert_int_equal(posted->request.response.retry_after > 0, status == 503);
	posted_free(posted);
}

#define FULL \
	"too many checks (--max-states), or events that wait for Redis or the output (--max-pending)"

static void one_event_gets_the_response_of_the_original(void **state)
{
	(void)state;
	assert_one(SUBMISSION_COMMITTED, "t", 200, ECHO("c", "300"), OUTCOME_DELIVERED);
	assert_one(SUBMISSION_ACCEPTED, "t", 202, ECHO("c", "300"), OUTCOME_ACCEPTED);
	assert_one(SUBMISSION_COMMITTED, "o", 200,
		"{\"kept\": false, \"reason\": \"a newer event of this check is cached\"}\n",
		OUTCOME_OLDER);
	assert_one(SUBMISSION_COMMITTED, "f", 503, "{\"error\": \"" FULL "\"}\n", OUTCOME_FULL);
	assert_one(SUBMISSION_DROPPED, "t", 503, "{\"error\": \"the broker is stopping\"}\n",
		OUTCOME_STOPPING);
}

/* Refused before anything is submitted. */
static void assert_refusal(const char *body, unsigned status, const char *words,
	const struct format *format, enum outcome outcome)
{
	struct posted *posted = post(body);

	assert_null(posted->submission);
	assert_answer(posted, status, words);
	assert_int_equal(counted(posted, format, outcome), 1);
	posted_free(posted);
}

static void one_invalid_event_is_refused(void **state)
{
	(void)state;
	assert_refusal("", 400, "{\"error\": \"the body is empty: post a JSON object\"}\n", NULL,
		OUTCOME_SYNTAX);
	assert_refusal("{", 400,
		"{\"error\": \"line 1, column 1: string or '}' expected near end of file\"}\n",
		NULL, OUTCOME_SYNTAX);
	assert_refusal("{}", 400, "{\"error\": \"this is no event: 'entity' is missing\"}\n", NULL,
		OUTCOME_SHAPE);
	assert_refusal("[]", 400, "{\"error\": \"the batch is empty: there is no event in it\"}\n",
		NULL, OUTCOME_SHAPE);
	assert_refusal("{\"entity\":7}", 400, "{\"error\": \"'entity' is 7, not a string\"}\n",
		&format_flapjack, OUTCOME_INVALID);
	assert_refusal("{\"alerts\":[]}", 400,
		"{\"error\":\"none of 1: 'alerts' is empty\",\"accepted\":0,\"refused\":1,"
		"\"events\":[\n"
		"{\"index\":0,\"part\":0,\"result\":\"refused\",\"error\":\"'alerts' is empty\"}\n]}\n",
		&format_alertmanager, OUTCOME_INVALID);
}

#define LIST(accepted, refused) "\"accepted\":" accepted ",\"refused\":" refused ",\"events\":[\n"
#define THREE "[" EVENT("a", "") "," EVENT("b", "") "," EVENT("c", "") "]"

/* Posts three events; `results` are their words in the response. */
static void assert_three(enum submission_result result, const char *answers, unsigned status,
	const char *start, const char *const results[3])
{
	struct posted *posted = post(THREE);
	struct buffer expected = {NULL, 0, 0};

	posted_end(posted, result, answers);
	buffer_append_text(&expected, start);
	for (int i = 0; i < 3; i++)
		buffer_printf(&expected, "{\"index\":%d,\"result\":\"%s\"%s}%s", i, results[i],
			strcmp(results[i], "busy") != 0 ? ""
			: result == SUBMISSION_DROPPED  ? ",\"error\":\"the broker is stopping\""
							: ",\"error\":\"" FULL "\"",
			i < 2 ? ",\n" : "\n]}\n");
	assert_answer(posted, status, expected.data);
	assert_string_equal(posted->request.response.type, CONTENT_JSON);
	assert_int_equal(posted->request.response.retry_after > 0, status == 503);
	buffer_free(&expected);
	posted_free(posted);
}

static void the_response_to_a_batch_has_the_result_of_each_item(void **state)
{
	static const char *const delivered[] = {"delivered", "delivered", "delivered"};
	static const char *const kept[] = {"kept", "kept", "kept"};
	static const char *const older[] = {"delivered", "older", "delivered"};
	static const char *const some[] = {"kept", "busy", "older"};
	static const char *const busy[] = {"busy", "busy", "busy"};

	(void)state;
	assert_three(SUBMISSION_COMMITTED, "ttt", 200, "{" LIST("3", "0"), delivered);
	assert_three(SUBMISSION_ACCEPTED, "ttt", 202, "{" LIST("3", "0"), kept);
	assert_three(SUBMISSION_COMMITTED, "tot", 200, "{" LIST("3", "0"), older);
	assert_three(SUBMISSION_ACCEPTED, "tfo", 207, "{" LIST("2", "1"), some);
	assert_three(SUBMISSION_COMMITTED, "fff", 503,
		"{\"error\":\"none of 3: " FULL "\"," LIST("0", "3"), busy);
	assert_three(SUBMISSION_DROPPED, "ttt", 503,
		"{\"error\":\"none of 3: the broker is stopping\"," LIST("0", "3"), busy);
}

/* An item of a mixture and the words for it in the response. */
static const struct kind {
	const char *json;
	char answer;          /* the engine's result; 0: not submitted */
	const char *words[3]; /* by the submission's result */
} kinds[] = {
	{EVENT("c", ""), 't', {"delivered", "kept", "busy"}},
	{EVENT("c", ""), 'o', {"older", "older", "busy"}},
	{EVENT("c", ""), 'f', {"busy", "busy", "busy"}},
	{"{\"entity\":\"e\"}", 0, {"refused", "refused", "refused"}},
	{"{\"current_state\":\"test\",\"condition_name\":\"c\"}", 0, {"test", "test", "test"}},
};

enum { KINDS = ARRAY_LENGTH(kinds), MIXED = 4 };

/* The status of a batch by the words for its items. */
static unsigned status_by(const char *const words[MIXED])
{
	unsigned accepted = 0, kept = 0, busy = 0;

	for (int i = 0; i < MIXED; i++) {
		kept += strcmp(words[i], "kept") == 0;
		busy += strcmp(words[i], "busy") == 0;
		accepted += strcmp(words[i], "busy") != 0 && strcmp(words[i], "refused") != 0;
	}
	if (accepted == MIXED)
		return kept > 0 ? 202 : 200;
	return accepted > 0 ? 207 : busy > 0 ? 503 : 400;
}

/* The digits of `mixture` in base KINDS select the kind of each item. */
static void assert_mixture(unsigned mixture, enum submission_result result)
{
	struct buffer body = {NULL, 0, 0};
	const char *words[MIXED];
	char answers[MIXED + 1] = "";

	for (int i = 0; i < MIXED; i++, mixture /= KINDS) {
		const struct kind *kind = &kinds[mixture % KINDS];

		buffer_printf(&body, "%s%s", i > 0 ? "," : "[", kind->json);
		words[i] = kind->words[result];
		if (kind->answer != 0)
			strncat(answers, &kind->answer, 1);
	}
	buffer_append_text(&body, "]");
	struct posted *posted = post(body.data);
	if (answers[0] != '\0')
		posted_end(posted, result, answers);
	assert_int_equal(posted->request.response.status, status_by(words));
	assert_int_equal(
		posted->request.response.retry_after > 0, posted->request.response.status == 503);
	json_t *answer = json_loads(posted->request.response.body.data, 0, NULL);
	for (int i = 0; i < MIXED; i++) {
		const json_t *item = json_array_get(json_object_get(answer, "events"), (size_t)i);

		assert_int_equal(json_integer_value(json_object_get(item, "index")), i);
		assert_string_equal(json_string_value(json_object_get(item, "result")), words[i]);
	}
	json_decref(answer);
	buffer_free(&body);
	posted_free(posted);
}

static void the_response_to_any_mixture_follows_from_its_items(void **state)
{
	(void)state;
	for (unsigned mixture = 0; mixture < KINDS * KINDS * KINDS * KINDS; mixture++) {
		assert_mixture(mixture, SUBMISSION_COMMITTED);
		assert_mixture(mixture, SUBMISSION_ACCEPTED);
		assert_mixture(mixture, SUBMISSION_DROPPED);
	}
}

static void an_invalid_event_does_not_affect_the_others(void **state)
{
	struct posted *posted =
		post("[7," EVENT("b", "") ",{\"entity\":\"e\"},{\"x\":1}," EVENT("c", "") "]");

	(void)state;
	posted_end(posted, SUBMISSION_COMMITTED, "to");
	assert_answer(posted, 207,
		"{" LIST("2",
			"3") "{\"index\":0,\"result\":\"refused\",\"error\":\"this is no event, but a number: "
			     "post an object\"},\n"
			     "{\"index\":1,\"result\":\"delivered\"},\n"
			     "{\"index\":2,\"result\":\"refused\",\"error\":\"'check' is missing\"},\n"
			     "{\"index\":3,\"result\":\"refused\",\"error\":\"this is no event: 'entity' is "
			     "missing\"},\n"
			     "{\"index\":4,\"result\":\"older\"}\n]}\n");
	assert_int_equal(counted(posted, NULL, OUTCOME_SHAPE), 2);
	assert_int_equal(counted(posted, &format_flapjack, OUTCOME_INVALID), 1);
	assert_int_equal(counted(posted, &format_flapjack, OUTCOME_DELIVERED), 1);
	assert_int_equal(counted(posted, &format_flapjack, OUTCOME_OLDER), 1);
	posted_free(posted);
}

static void line_numbers_are_returned(void **state)
{
	struct posted *posted = post(EVENT("a", "") "\n\n{\n" EVENT("b", "") "\n");

	(void)state;
	posted_end(posted, SUBMISSION_ACCEPTED, "tt");
	assert_answer(posted, 207,
		"{" LIST("2",
			"1") "{\"index\":0,\"line\":1,\"result\":\"kept\"},\n"
			     "{\"index\":1,\"line\":3,\"result\":\"refused\",\"error\":\"line 3, column 1: "
			     "string or '}' expected near end of file\"},\n"
			     "{\"index\":2,\"line\":4,\"result\":\"kept\"}\n]}\n");
	assert_int_equal(counted(posted, NULL, OUTCOME_SYNTAX), 1);
	assert_int_equal(counted(posted, &format_flapjack, OUTCOME_ACCEPTED), 2);
	posted_free(posted);
}

/* With the type for lines a single line is a batch of one. */
static void assert_type(const char *type, bool lines)
{
	struct posted *posted = posted_new(2);

	posted->request.headers[HEADER_CONTENT_TYPE] = type;
	posted_begin(posted, EVENT("c", ""));
	posted_end(posted, SUBMISSION_COMMITTED, "t");
	assert_answer(posted, 200,
		lines ? "{" LIST("1", "0") "{\"index\":0,\"line\":1,\"result\":\"delivered\"}\n]}\n"
		      : ECHO("c", "300"));
	posted_free(posted);
}

static void the_content_type_selects_lines(void **state)
{
	(void)state;
	assert_type("application/x-ndjson", true);
	assert_type("Application/X-NDJSON; charset=utf-8", true);
	assert_type("application/x-ndjson\t", true);
	assert_type("application/x-ndjsonx", false);
	assert_type("application/json", false);
	assert_type("", false);
	assert_type(NULL, false);
}

static void a_fully_refused_batch_gets_400_or_its_common_status(void **state)
{
	char glob[] = "db-*";
	char *globs[] = {glob};
	const struct acl acl = {globs, 1};
	struct posted *posted = posted_new(2);

	(void)state;
	posted->request.grant.acl = &acl;
	posted_begin(posted, EVENT("c", ""));
	assert_null(posted->submission);
	assert_answer(posted, 403, "{\"error\": \"this token may not write 'e'\"}\n");
	assert_int_equal(counted(posted, &format_flapjack, OUTCOME_FORBIDDEN), 1);
	posted_free(posted);

	posted = posted_new(2);
	posted->request.grant.acl = &acl;
	posted_begin(posted, "[" EVENT("c", "") "]");
	assert_null(posted->submission);
	assert_int_equal(posted->request.response.status, 403);
	posted_free(posted);

	posted = posted_new(2);
	posted->request.grant.acl = &acl;
	posted_begin(posted, "[7," EVENT("c", "") "]");
	assert_null(posted->submission);
	assert_int_equal(posted->request.response.status, 400);
	posted_free(posted);

	posted = posted_new(2);
	posted->request.grant.acl = &acl;
	posted_begin(posted,
		"[" EVENT("c", "") ",{\"entity\":\"db-1\",\"check\":\"c\",\"state\":\"ok\"}]");
	posted_end(posted, SUBMISSION_COMMITTED, "t");
	assert_answer(posted, 207,
		"{" LIST("1", "1") "{\"index\":0,\"result\":\"refused\",\"error\":\"this token may "
				   "not write 'e'\"},\n"
				   "{\"index\":1,\"result\":\"delivered\"}\n]}\n");
	posted_free(posted);
}

#define ALERT(status, name) \
	"{\"status\":\"" status "\",\"labels\":{\"alertname\":\"" name "\",\"instance\":\"i\"}}"

static void the_response_to_a_document_of_many_is_that_of_a_batch(void **state)
{
	struct posted *posted =
		post("{\"alerts\":[" ALERT("resolved", "a") "," ALERT("firing", "a") ",{}]}");

	(void)state;
	posted_end(posted, SUBMISSION_COMMITTED, "t");
	assert_answer(posted, 207,
		"{" LIST("2",
			"1") "{\"index\":0,\"part\":0,\"result\":\"merged\"},\n"
			     "{\"index\":0,\"part\":1,\"result\":\"delivered\"},\n"
			     "{\"index\":0,\"part\":2,\"result\":\"refused\",\"error\":\"'status' is missing\"}\n"
			     "]}\n");
	assert_int_equal(counted(posted, &format_alertmanager, OUTCOME_MERGED), 1);
	assert_int_equal(counted(posted, &format_alertmanager, OUTCOME_DELIVERED), 1);
	posted_free(posted);
}

/* Alertmanager treats 207 as success: an alert refused for lack of space would be lost. */
static void a_group_of_alerts_is_retried_if_one_may_be_accepted_later(void **state)
{
	struct posted *posted =
		post("{\"alerts\":[" ALERT("firing", "a") "," ALERT("firing", "b") "]}");

	(void)state;
	posted_end(posted, SUBMISSION_COMMITTED, "tf");
	assert_answer(posted, 503,
		"{" LIST("1", "1") "{\"index\":0,\"part\":0,\"result\":\"delivered\"},\n"
				   "{\"index\":0,\"part\":1,\"result\":\"busy\",\"error\":\"" FULL
				   "\"}\n"
				   "]}\n");
	assert_true(posted->request.response.retry_after > 0);
	posted_free(posted);
}

static void a_batch_can_mix_formats(void **state)
{
	struct posted *posted = post("[{\"alerts\":[" ALERT("firing", "a") "]}," EVENT(
		"c", "") ",{\"current_state\":\"test\",\"condition_name\":\"c\"}]");

	(void)state;
	posted_end(posted, SUBMISSION_COMMITTED, "tt");
	assert_answer(posted, 200,
		"{" LIST("3", "0") "{\"index\":0,\"part\":0,\"result\":\"delivered\"},\n"
				   "{\"index\":1,\"result\":\"delivered\"},\n"
				   "{\"index\":2,\"result\":\"test\"}\n]}\n");
	assert_int_equal(counted(posted, &format_newrelic, OUTCOME_TEST), 1);
	posted_free(posted);
}

static void a_channel_test_gets_200_and_no_event(void **state)
{
	struct posted *posted = post("{\"current_state\":\"test\",\"condition_name\":\"c\"}");

	(void)state;
	assert_null(posted->submission);
	assert_answer(posted, 200,
		"{\"kept\": false, \"reason\": \"a test of the channel: no check is made of "
		"it\"}\n");
	posted_free(posted);
}

/* Posts with `?ttl=text`; `ttl` is that of the cached event; NULL: refused with 400. */
static void assert_ttl(const char *text, const char *more, const char *ttl)
{
	struct posted *posted = posted_new(2);
	struct buffer body = {NULL, 0, 0};

	posted->request.query = (struct query){{{"ttl", text}}, 1, true};
	buffer_printf(
		&body, "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",\"time\":1000%s}", more);
	posted_begin(posted, body.data);
	if (ttl == NULL) {
		assert_int_equal(posted->request.response.status, 400);
	} else {
		posted_end(posted, SUBMISSION_COMMITTED, "t");
		buffer_clear(&body);
		buffer_printf(&body, ",\"time\":1000,\"ttl\":%s}\n", ttl);
		assert_non_null(strstr(posted->request.response.body.data, body.data));
	}
	buffer_free(&body);
	posted_free(posted);
}

static void the_ttl_of_the_query_applies_to_events_without_one(void **state)
{
	(void)state;
	assert_ttl("30", "", "30");
	assert_ttl("1h30m", "", "5400");
	assert_ttl("1.5", "", "2");
	assert_ttl("30", ",\"ttl\":77", "77");
	assert_ttl("30", ",\"ttl\":-1", "-1");
	assert_ttl("2147483647", "", "2147483647");
	assert_ttl("2147483648", "", NULL);
	assert_ttl("500ms", "", NULL);
	assert_ttl("0", "", NULL);
	assert_ttl("-1", "", NULL);
	assert_ttl("never", "", NULL);
	assert_ttl(NULL, "", NULL);
}

static void a_misspelt_parameter_is_refused(void **state)
{
	struct posted *posted = posted_new(2);

	(void)state;
	posted->request.query = (struct query){{{"tll", "30"}}, 1, true};
	posted_begin(posted, EVENT("c", ""));
	assert_null(posted->submission);
	assert_answer(posted, 400, "{\"error\": \"there is no parameter 'tll' here\"}\n");
	posted_free(posted);
}

/* This number of events in an array, in lines, or in one document. */
static struct posted *many(unsigned count, const char *before, const char *each,
	const char *between, const char *after)
{
	struct posted *posted = posted_new(2);
	struct buffer *body = &posted->request.holding.body;

	buffer_append_text(body, before);
	for (unsigned i = 0; i < count; i++) {
		buffer_append_text(body, i > 0 ? between : "");
		buffer_append_text(body, each);
	}
	posted_begin(posted, after);
	return posted;
}

static void assert_most(
	const char *before, const char *each, const char *between, const char *after)
{
	struct posted *posted = many(LIMIT_BATCH, before, each, between, after);

	assert_non_null(posted->submission);
	assert_int_equal(posted->submission->count, LIMIT_BATCH);
	posted_free(posted);
	posted = many(LIMIT_BATCH + 1, before, each, between, after);
	assert_null(posted->submission);
	assert_answer(
		posted, 413, "{\"error\": \"there are more than 30000 events in the body\"}\n");
	assert_int_equal(counted(posted, NULL, OUTCOME_TOO_LARGE), 1);
	posted_free(posted);
}

static void the_size_of_a_batch_is_bounded(void **state)
{
	(void)state;
	assert_most("[", EVENT("c", ""), ",", "]");
	assert_most("", EVENT("c", ""), "\n", "\n");
	assert_most("[", "{\"alerts\":[" ALERT("firing", "a") "]}", ",", "]");
}

static void omitted_fields_are_counted(void **state)
{
	static const char body[] =
		EVENT("c", ",\"perfdata\":\"a=1\",\"initial_recovery_delay\":7,\"x\":1,\"y\":null");

	(void)state;
	for (int flapjack = 1; flapjack <= 2; flapjack++) {
		struct posted *posted = posted_new(flapjack);

		posted_begin(posted, body);
		posted_end(posted, SUBMISSION_COMMITTED, "t");
		assert_int_equal(counters_dropped_total(posted->counters, DROPPED_KEY), 2);
		assert_int_equal(
			counters_dropped_total(posted->counters, DROPPED_PERFDATA), flapjack == 2);
		assert_int_equal(counters_dropped_total(posted->counters, DROPPED_RECOVERY_DELAY),
			flapjack == 1);
		assert_int_equal(counters_dropped_total(posted->counters, DROPPED_SUMMARY), 0);
		posted_free(posted);
	}
}

static void assert_cut(const char *key, size_t length, uint64_t summaries, uint64_t details)
{
	struct posted *posted = posted_new(2);
	struct buffer *body = &posted->request.holding.body;

	buffer_printf(body, "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",\"%s\":\"", key);
	memset(buffer_reserve(body, length), 'x', length);
	body->length += length;
	posted_begin(posted, "\"}");
	posted_end(posted, SUBMISSION_COMMITTED, "t");
	assert_int_equal(counters_dropped_total(posted->counters, DROPPED_SUMMARY), summaries);
	assert_int_equal(counters_dropped_total(posted->counters, DROPPED_DETAILS), details);
	posted_free(posted);
}

static void cut_fields_are_counted(void **state)
{
	(void)state;
	assert_cut("summary", LIMIT_SUMMARY, 0, 0);
	assert_cut("summary", LIMIT_SUMMARY + 1, 1, 0);
	assert_cut("details", LIMIT_DETAILS, 0, 0);
	assert_cut("details", LIMIT_DETAILS + 1, 0, 1);
}

static void a_body_is_freed_while_its_events_wait(void **state)
{
	struct posted *posted = post(EVENT("c", ""));

	(void)state;
	assert_non_null(posted->submission);
	assert_null(posted->request.holding.body.data);
	posted_free(posted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_event_gets_the_response_of_the_original),
		cmocka_unit_test(one_invalid_event_is_refused),
		cmocka_unit_test(the_response_to_a_batch_has_the_result_of_each_item),
		cmocka_unit_test(the_response_to_any_mixture_follows_from_its_items),
		cmocka_unit_test(an_invalid_event_does_not_affect_the_others),
		cmocka_unit_test(line_numbers_are_returned),
		cmocka_unit_test(the_content_type_selects_lines),
		cmocka_unit_test(a_fully_refused_batch_gets_400_or_its_common_status),
		cmocka_unit_test(the_response_to_a_document_of_many_is_that_of_a_batch),
		cmocka_unit_test(a_group_of_alerts_is_retried_if_one_may_be_accepted_later),
		cmocka_unit_test(a_batch_can_mix_formats),
		cmocka_unit_test(a_channel_test_gets_200_and_no_event),
		cmocka_unit_test(the_ttl_of_the_query_applies_to_events_without_one),
		cmocka_unit_test(a_misspelt_parameter_is_refused),
		cmocka_unit_test(the_size_of_a_batch_is_bounded),
		cmocka_unit_test(omitted_fields_are_counted),
		cmocka_unit_test(cut_fields_are_counted),
		cmocka_unit_test(a_body_is_freed_while_its_events_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
