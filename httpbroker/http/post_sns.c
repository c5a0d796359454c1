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

	request_resume(request);
}

void post_sns_begin(struct request *request, json_t *document)
{
	struct post *post = request->data;

	post_clear(post);
	post->message =
		sns_message_new(request->broker->sns, document, sns_message_fetched, request);
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

/* It holds no event. */
static struct submission *sns_message_respond(
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

static struct submission *event_submit(struct request *request, json_t *document)
{
	struct collector collector;

	if (!collector_begin(&collector, request))
		return NULL;
	collector_document(&collector, document, (struct place){0, 0});
	collector_end(&collector);
	return post_submission(request);
}

static struct submission *content_submit(struct request *request)
{
	const struct post *post = request->data;
	struct text text = sns_message_text(post->message);
	struct submission *submission;
	json_error_t error;
	struct reason why;
	json_t *content = body_document(text.bytes, text.length, JSON_REJECT_DUPLICATES, &error);

	if (json_object_get(content, "entity") != NULL || format_cloudwatch.matches(content)) {
		submission = event_submit(request, content);
	} else {
		reason_set(&why, "the message is no alarm: %.*s",
			text.length > 200 ? 200 : (int)text.length, text.bytes);
		submission = sns_message_respond(request, SNS_MESSAGE_DONE, &why);
	}
	json_decref(content);
	return submission;
}

struct submission *post_sns_go(struct request *request)
{
	const struct post *post = request->data;
	struct reason why = {""};
	enum sns_message_step step = sns_message_continue(post->message, moment_now(), &why);

	if (step == SNS_MESSAGE_EVENT)
		return content_submit(request);
	if (step != SNS_MESSAGE_WAITING)
		return sns_message_respond(request, step, &why);
	request->waits = true;
	return NULL;
}

void post_sns_end(struct post *post, const struct response *response)
{
	if (response->status == 200 || response->status == 202)
		sns_message_accepted(post->message, clock_monotonic());
}

bool post_sns_is_raw(const struct request *request)
{
	const char *raw = request->header(request, "x-amz-sns-rawdelivery");

	return raw != NULL && strcasecmp(raw, "true") == 0;
}
