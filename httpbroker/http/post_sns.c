/* SPDX-License-Identifier: MIT */
/* POST /state with a message of Amazon SNS. */
#include "common/log.h"
#include "httpbroker/formats/body.h"
#include "httpbroker/http/post.h"
#include "httpbroker/sns/message.h"

#include <strings.h>

bool post_sns_is_raw(const struct request *request)
{
	const char *raw = request->header(request, "x-amz-sns-rawdelivery");

	return raw != NULL && strcasecmp(raw, "true") == 0;
}

/* In the fetcher's thread. */
static void certificate_fetched(void *owner)
{
	request_resume(owner);
}

void post_sns_begin(struct request *request, json_t *document)
{
	struct post *post = request->data;

	post_clear(post);
	post->message =
		sns_message_new(request->broker->sns, document, certificate_fetched, request);
}

/* Limited, for anybody can post what looks like a message. request.c logs refusals. */
static void sns_message_log(enum sns_message_step step, const struct reason *why)
{
	static struct log_limit limit;
	unsigned long suppressed;
	char more[LOG_LIMIT_TEXT];

	if (step == SNS_MESSAGE_REFUSED || !log_limit_pass(&limit, clock_monotonic(), &suppressed))
		return;
	log_limit_text(suppressed, more);
	if (step == SNS_MESSAGE_DONE)
		log_info("SNS: %s%s", why->text, more);
	else
		log_warning("SNS: not verified yet: %s%s", why->text, more);
}

/* The message holds no event. */
static struct submission *message_respond(
	struct request *request, enum sns_message_step step, const struct reason *why)
{
	struct response *response = &request->response;
	struct reason refusal;

	sns_message_log(step, why);
	if (step == SNS_MESSAGE_DONE) {
		counters_event(request->broker->counters, &format_sns, OUTCOME_NOTED, 1);
		response->status = 200;
		response->type = CONTENT_TEXT;
		buffer_printf(&response->body, "SNS: %s\n", why->text);
	} else if (step == SNS_MESSAGE_LATER) {
		request_refuse(request, &format_sns, OUTCOME_LATER, why->text);
	} else {
		reason_set(&refusal, "SNS: %s", why->text);
		request_refuse(request, &format_sns, OUTCOME_FORBIDDEN, refusal.text);
	}
	return NULL;
}

/* The message is verified: its text is an alarm, an event in our own format, or neither. */
static struct submission *content_submit(struct request *request)
{
	const struct post *post = request->data;
	struct text text = sns_message_text(post->message);
	struct submission *submission;
	json_error_t error;
	struct reason why;
	json_t *content = body_document(text.bytes, text.length, JSON_REJECT_DUPLICATES, &error);

	if (json_object_get(content, "entity") != NULL || format_cloudwatch.matches(content)) {
		submission = post_document(request, content);
	} else {
		reason_set(&why, "the message is no alarm: %.*s",
			text.length > 200 ? 200 : (int)text.length, text.bytes);
		submission = message_respond(request, SNS_MESSAGE_DONE, &why);
	}
	json_decref(content);
	return submission;
}

struct submission *post_sns_resume(struct request *request)
{
	const struct post *post = request->data;
	struct reason why = {""};
	enum sns_message_step step = sns_message_continue(post->message, moment_now(), &why);

	if (step == SNS_MESSAGE_EVENT)
		return content_submit(request);
	if (step != SNS_MESSAGE_WAITING)
		return message_respond(request, step, &why);
	request->waits = true;
	return NULL;
}

void post_sns_end(struct request *request)
{
	const struct post *post = request->data;
	unsigned status = request->response.status;

	if (status == 200 || status == 202)
		sns_message_accepted(post->message, clock_monotonic());
}
