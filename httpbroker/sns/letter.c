/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/letter.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/formats/body.h"
#include "httpbroker/sns/signature.h"

#include <stdlib.h>
#include <string.h>

/* What comes next. */
enum stage { STAGE_JUDGE, STAGE_VERIFY, STAGE_CONFIRMED };

struct letter {
	struct certificate_wait wait; /* first, so that a wait is a letter */
	struct sns *sns;
	void (*done)(void *owner);
	void *owner;
	json_t *document;
	struct envelope envelope;
	struct topic topic;
	enum stage stage;
	struct fetch confirmation;
	struct buffer url;
	json_t *said;
};

static void letter_certified(struct certificate_wait *wait)
{
	const struct letter *letter = (const struct letter *)wait;

	letter->done(letter->owner);
}

static void letter_confirmed(struct fetch *fetch)
{
	const struct letter *letter = fetch->owner;

	letter->done(letter->owner);
}

struct letter *letter_new(struct sns *sns, json_t *document, void (*done)(void *owner), void *owner)
{
	struct letter *letter = memory_zeroed(1, sizeof *letter);

	letter->wait.done = letter_certified;
	letter->sns = sns;
	letter->document = json_incref(document);
	letter->done = done;
	letter->owner = owner;
	return letter;
}

void letter_free(struct letter *letter)
{
	if (letter == NULL)
		return;
	fetch_free(&letter->confirmation);
	buffer_free(&letter->url);
	json_decref(letter->said);
	json_decref(letter->document);
	free(letter);
}

json_t *letter_said(const struct letter *letter)
{
	return letter->said;
}

void letter_accepted(struct letter *letter, nsec now)
{
	sns_remember(letter->sns, letter->envelope.message_id, now);
}

/* The beginning of a text from outside, fit for a log's line. */
static struct reason text_shown(struct text text)
{
	struct reason shown;

	reason_set(&shown, "%.*s", text.length > 200 ? 200 : (int)text.length, text.bytes);
	return shown;
}

/* Nothing but an object is worth being translated. */
static enum letter_step message_read(struct letter *letter, struct reason *why)
{
	struct text message = letter->envelope.message;
	json_error_t error;

	letter->said = body_document(message.bytes, message.length, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(letter->said))
		return LETTER_SPEAKS;
	reason_set(why, "the message is no alarm: %s", text_shown(message).text);
	return LETTER_DONE;
}

/* SubscribeURL is not asked: it may be anybody's. */
static enum letter_step confirmation_begin(struct letter *letter, struct reason *why)
{
	topic_confirm_url(
		&letter->url, &letter->topic, letter->envelope.topic, letter->envelope.token);
	letter->confirmation.url = letter->url.data;
	letter->confirmation.done = letter_confirmed;
	letter->confirmation.owner = letter;
	letter->stage = STAGE_CONFIRMED;
	if (fetcher_put(sns_fetcher(letter->sns), &letter->confirmation))
		return LETTER_AWAITS;
	reason_set(why, "too much is being fetched");
	return LETTER_LATER;
}

#define TAG_BEGIN "<SubscriptionArn>"

/* The answer is XML, of which we want one word. */
static struct text subscription_of(const struct buffer *body)
{
	const char *begin = body->data != NULL ? strstr(body->data, TAG_BEGIN) : NULL;

	if (begin == NULL)
		return (struct text){"unnamed", 7};
	begin += strlen(TAG_BEGIN);
	return (struct text){begin, strcspn(begin, "<")};
}

static enum letter_step confirmation_end(struct letter *letter, nsec now, struct reason *why)
{
	if (!letter->confirmation.fetched) {
		reason_set(why, "the subscription cannot be confirmed: %s",
			letter->confirmation.why.text);
		return LETTER_LATER;
	}
	reason_set(why, "confirmed the subscription %s",
		text_shown(subscription_of(&letter->confirmation.body)).text);
	letter_accepted(letter, now);
	return LETTER_DONE;
}

/* It is believed. */
static enum letter_step letter_open(struct letter *letter, nsec now, struct reason *why)
{
	if (sns_has_seen(letter->sns, letter->envelope.message_id, now)) {
		reason_set(why, "the message was accepted before");
		return LETTER_DONE;
	}
	switch (letter->envelope.type) {
	case SNS_NOTIFICATION:
		return message_read(letter, why);
	case SNS_SUBSCRIBE:
		return confirmation_begin(letter, why);
	default: /* fetching its SubscribeURL would subscribe again */
		reason_set(why, "the subscription to %s has ended",
			text_shown(letter->envelope.topic).text);
		return LETTER_DONE;
	}
}

static enum letter_step letter_verify(struct letter *letter, struct moment now, struct reason *why)
{
	X509 *certificate = NULL;

	switch (certificates_look(sns_certificates(letter->sns), letter->envelope.certificate_url,
		now, &letter->wait, &certificate, why)) {
	case CERTIFICATE_AWAITED:
		return LETTER_AWAITS;
	case CERTIFICATE_LATER:
		return LETTER_LATER;
	case CERTIFICATE_WRONG:
		return LETTER_REFUSED;
	default:
		break;
	}
	bool sound = signature_verify(&letter->envelope, certificate, why);
	X509_free(certificate);
	return sound ? letter_open(letter, now.monotonic, why) : LETTER_REFUSED;
}

static bool letter_judge(struct letter *letter, struct moment now, struct reason *why)
{
	return envelope_read(letter->document, &letter->envelope, why) &&
	       gate_judge(sns_gate(letter->sns), &letter->envelope, now.wall / NSEC_PER_SEC,
		       &letter->topic, why);
}

enum letter_step letter_go(struct letter *letter, struct moment now, struct reason *why)
{
	if (letter->stage == STAGE_CONFIRMED)
		return confirmation_end(letter, now.monotonic, why);
	if (letter->stage == STAGE_JUDGE && !letter_judge(letter, now, why))
		return LETTER_REFUSED;
	letter->stage = STAGE_VERIFY;
	return letter_verify(letter, now, why);
}
