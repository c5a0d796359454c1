/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/post_sns.h"

#include "common/log.h"
#include "common/loglimit.h"
#include "httpbroker/http/batch_answer.h"
#include "httpbroker/http/taking.h"
#include "httpbroker/sns/cloudwatch.h"
#include "httpbroker/sns/letter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In the fetcher's thread. */
static void letter_fetched(void *owner)
{
	struct request *request = owner;

	request->wake(request);
}

void post_sns_begin(const struct broker *broker, struct request *request, json_t *document)
{
	struct batch *batch = request->data;

	batch_clear(batch);
	batch->letter = letter_new(broker->sns, document, letter_fetched, request);
}

/* What is refused is logged with the request (requestlog.h). Anybody can post what looks so. */
static void letter_log(enum letter_step step, const struct reason *why)
{
	static struct log_limit limit;
	unsigned long left_out;
	char text[LOG_LIMIT_TEXT];

	if (step == LETTER_REFUSED || !log_limit_pass(&limit, clock_monotonic(), &left_out))
		return;
	log_limit_text(left_out, text);
	if (step == LETTER_DONE)
		log_info("SNS: %s%s", why->text, text);
	else
		log_warning("SNS: not now: %s%s", why->text, text);
}

/* Nothing is made of it. */
static struct submission *letter_answer(const struct broker *broker, enum letter_step step,
	const struct reason *why, struct answer *answer)
{
	static const struct {
		enum fate fate;
		unsigned status;
	} ends[] = {
		[LETTER_DONE] = {FATE_NOTED, 200},
		[LETTER_LATER] = {FATE_LATER, 503},
		[LETTER_REFUSED] = {FATE_FORBIDDEN, 403},
	};

	counters_event(broker->counters, &format_sns, ends[step].fate, 1);
	letter_log(step, why);
	if (step == LETTER_DONE) {
		answer->status = ends[step].status;
		answer->type = ANSWER_TEXT;
		buffer_printf(&answer->body, "SNS: %s\n", why->text);
		return NULL;
	}
	if (step == LETTER_LATER)
		answer_busy(answer, why->text);
	else
		answer_error(answer, ends[step].status, "SNS: %s", why->text);
	return NULL;
}

static bool is_event(const json_t *said)
{
	return json_object_get(said, "entity") != NULL || format_cloudwatch.matches(said);
}

static struct submission *said_take(
	const struct broker *broker, struct request *request, json_t *said, struct answer *answer)
{
	struct batch *batch = request->data;
	struct taking taking;

	if (!is_event(said)) {
		const struct reason why = {"the message is no alarm"};
		return letter_answer(broker, LETTER_DONE, &why, answer);
	}
	if (!taking_begin(&taking, broker, request, batch, answer))
		return NULL;
	taking_document(&taking, said, (struct place){0, 0});
	taking_end(&taking);
	if (batch->submission.count > 0)
		return &batch->submission;
	batch_settle(batch);
	batch_answer(batch, answer);
	return NULL;
}

struct submission *post_sns_go(
	const struct broker *broker, struct request *request, struct answer *answer)
{
	struct batch *batch = request->data;
	struct reason why = {""};
	enum letter_step step = letter_go(batch->letter, moment_now(), &why);

	if (step == LETTER_SPEAKS)
		return said_take(broker, request, letter_said(batch->letter), answer);
	if (step != LETTER_AWAITS)
		return letter_answer(broker, step, &why, answer);
	request->waits = true;
	return NULL;
}

void post_sns_end(struct batch *batch, const struct answer *answer)
{
	if (answer->status == 200 || answer->status == 202)
		letter_accepted(batch->letter, clock_monotonic());
}

bool post_sns_is_raw(const struct request *request)
{
	const char *raw = request->header(request, "x-amz-sns-rawdelivery");

	return raw != NULL && strcasecmp(raw, "true") == 0;
}
