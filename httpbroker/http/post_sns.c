/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/post_sns.h"

#include "common/log.h"
#include "httpbroker/formats/body.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/http/post.h"
#include "httpbroker/http/post_state.h"
#include "httpbroker/sns/message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In the fetcher's thread. */
static void sns_message_fetched(void *owner)
{
	struct request *request = owner;

	request->wake(request);
}

void post_sns_begin(const struct broker *broker, struct request *request, json_t *document)
{
	struct post *post = request->data;

	post_clear(post);
	post->message = sns_message_new(broker->sns, document, sns_message_fetched, request);
}

/* What is refused is logged with the request (requestlog.h). Anybody can post what looks so. */
static void sns_message_log(enum sns_message_step step, const struct reason *why)
{
	static struct log_limit limit;
	unsigned long dropped_field;
	char text[LOG_LIMIT_TEXT];

	if (step == SNS_MESSAGE_REFUSED ||
		!log_limit_pass(&limit, clock_monotonic(), &dropped_field))
		return;
	log_limit_text(dropped_field, text);
	if (step == SNS_MESSAGE_DONE)
		log_info("SNS: %s%s", why->text, text);
	else
		log_warning("SNS: not now: %s%s", why->text, text);
}

/* Nothing is made of it. */
static struct submission *sns_message_answer(const struct broker *broker,
	enum sns_message_step step, const struct reason *why, struct response *answer)
{
	static const struct {
		enum outcome outcome;
		unsigned status;
	} ends[] = {
		[SNS_MESSAGE_DONE] = {OUTCOME_NOTED, 200},
		[SNS_MESSAGE_LATER] = {OUTCOME_LATER, 503},
		[SNS_MESSAGE_REFUSED] = {OUTCOME_FORBIDDEN, 403},
	};

	counters_event(broker->counters, &format_sns, ends[step].outcome, 1);
	sns_message_log(step, why);
	if (step == SNS_MESSAGE_DONE) {
		answer->status = ends[step].status;
		answer->type = ANSWER_TEXT;
		buffer_printf(&answer->body, "SNS: %s\n", why->text);
		return NULL;
	}
	if (step == SNS_MESSAGE_LATER)
		response_busy(answer, why->text);
	else
		response_error(answer, ends[step].status, "SNS: %s", why->text);
	return NULL;
}

static bool is_event(const json_t *said)
{
	return json_object_get(said, "entity") != NULL || format_cloudwatch.matches(said);
}

static struct submission *said_take(
	const struct broker *broker, struct request *request, json_t *said, struct response *answer)
{
	struct post *post = request->data;
	struct collector collector;

	if (!collector_begin(&collector, broker, request, post, answer))
		return NULL;
	collector_document(&collector, said, (struct place){0, 0});
	collector_end(&collector);
	if (post->submission.count > 0)
		return &post->submission;
	post_settle(post);
	post_respond(post, answer);
	return NULL;
}

static struct submission *message_take(
	const struct broker *broker, struct request *request, struct response *answer)
{
	struct text text = sns_message_text(((struct post *)request->data)->message);
	struct submission *submission;
	json_error_t error;
	json_t *said = body_document(text.bytes, text.length, JSON_REJECT_DUPLICATES, &error);

	if (is_event(said)) {
		submission = said_take(broker, request, said, answer);
	} else {
		struct reason why;

		reason_set(&why, "the message is no alarm: %.*s",
			text.length > 200 ? 200 : (int)text.length, text.bytes);
		submission = sns_message_answer(broker, SNS_MESSAGE_DONE, &why, answer);
	}
	json_decref(said);
	return submission;
}

struct submission *post_sns_go(
	const struct broker *broker, struct request *request, struct response *answer)
{
	struct post *post = request->data;
	struct reason why = {""};
	enum sns_message_step step = sns_message_continue(post->message, moment_now(), &why);

	if (step == SNS_MESSAGE_EVENT)
		return message_take(broker, request, answer);
	if (step != SNS_MESSAGE_WAITING)
		return sns_message_answer(broker, step, &why, answer);
	request->waits = true;
	return NULL;
}

void post_sns_end(struct post *post, const struct response *answer)
{
	if (answer->status == 200 || answer->status == 202)
		sns_message_accepted(post->message, clock_monotonic());
}

bool post_sns_is_raw(const struct request *request)
{
	const char *raw = request->header(request, "x-amz-sns-rawdelivery");

	return raw != NULL && strcasecmp(raw, "true") == 0;
}
