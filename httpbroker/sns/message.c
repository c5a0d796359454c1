/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/message.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/formats/body.h"
#include "httpbroker/sns/signature.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <uthash.h>

struct message {
	UT_hash_handle hh; /* uthash keeps the order of arrival: the oldest comes first */
	nsec since;
	char id[];
};

struct seen {
	struct message *messages;
};

struct seen *seen_new(void)
{
	return memory_zeroed(1, sizeof(struct seen));
}

static void oldest_forget(struct seen *seen)
{
	struct message *oldest = seen->messages;

	HASH_DEL(seen->messages, oldest);
	free(oldest);
}

void seen_free(struct seen *seen)
{
	if (seen == NULL)
		return;
	while (seen->messages != NULL)
		oldest_forget(seen);
	free(seen);
}

static void old_forget(struct seen *seen, nsec now)
{
	while (seen->messages != NULL && now - seen->messages->since >= SEEN_LASTS)
		oldest_forget(seen);
}

static struct message *message_find(const struct seen *seen, struct text id)
{
	struct message *message;

	HASH_FIND(hh, seen->messages, id.bytes, id.length, message);
	return message;
}

void seen_add(struct seen *seen, struct text id, nsec now)
{
	old_forget(seen, now);
	if (message_find(seen, id) != NULL)
		return;
	if (HASH_COUNT(seen->messages) >= SEEN_MAX)
		oldest_forget(seen);
	struct message *message = memory_zeroed(1, sizeof *message + id.length + 1);
	message->since = now;
	memcpy(message->id, id.bytes, id.length);
	HASH_ADD_KEYPTR(hh, seen->messages, message->id, id.length, message);
}

bool seen_has(struct seen *seen, struct text id, nsec now)
{
	old_forget(seen, now);
	return message_find(seen, id) != NULL;
}

struct sns {
	struct policy policy;
	struct chain *chain; /* these three: NULL where nobody is allowed */
	struct fetcher *fetcher;
	struct certificates *certificates;
	pthread_mutex_t lock; /* for what was seen */
	struct seen *seen;
};

static void trust_set_up(struct sns *sns, const char *ca_file)
{
	struct reason why;

	sns->chain = chain_new(ca_file, &why);
	if (sns->chain == NULL)
		die(EX_NOINPUT, "--sns-ca-file: %s", why.text);
	sns->fetcher = fetcher_start(ca_file);
	sns->certificates = certificates_new(sns->chain, sns->fetcher);
}

struct sns *sns_start(const struct sns_settings *settings)
{
	struct sns *sns = memory_zeroed(1, sizeof *sns);

	sns->policy = settings->policy;
	sns->seen = seen_new();
	pthread_mutex_init(&sns->lock, NULL);
	if (sns->policy.count > 0)
		trust_set_up(sns, settings->ca_file);
	return sns;
}

void sns_stop(struct sns *sns)
{
	if (sns->fetcher != NULL)
		fetcher_stop(sns->fetcher);
}

void sns_free(struct sns *sns)
{
	if (sns->fetcher != NULL) {
		certificates_free(sns->certificates);
		fetcher_free(sns->fetcher);
	}
	chain_free(sns->chain);
	seen_free(sns->seen);
	pthread_mutex_destroy(&sns->lock);
	free(sns);
}

const struct policy *sns_gate(const struct sns *sns)
{
	return &sns->policy;
}

struct certificates *sns_certificates(struct sns *sns)
{
	return sns->certificates;
}

struct fetcher *sns_fetcher(struct sns *sns)
{
	return sns->fetcher;
}

bool sns_has_seen(struct sns *sns, struct text message_id, nsec now)
{
	pthread_mutex_lock(&sns->lock);
	bool has = seen_has(sns->seen, message_id, now);
	pthread_mutex_unlock(&sns->lock);
	return has;
}

void sns_remember(struct sns *sns, struct text message_id, nsec now)
{
	pthread_mutex_lock(&sns->lock);
	seen_add(sns->seen, message_id, now);
	pthread_mutex_unlock(&sns->lock);
}

/* What comes next. */
enum stage { STAGE_JUDGE, STAGE_VERIFY, STAGE_CONFIRMED };

struct sns_message {
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

static void sns_message_certified(struct certificate_wait *wait)
{
	const struct sns_message *message = (const struct sns_message *)wait;

	message->done(message->owner);
}

static void sns_message_confirmed(struct fetch *fetch)
{
	const struct sns_message *message = fetch->owner;

	message->done(message->owner);
}

struct sns_message *sns_message_new(
	struct sns *sns, json_t *document, void (*done)(void *owner), void *owner)
{
	struct sns_message *message = memory_zeroed(1, sizeof *message);

	message->wait.done = sns_message_certified;
	message->sns = sns;
	message->document = json_incref(document);
	message->done = done;
	message->owner = owner;
	return message;
}

void sns_message_free(struct sns_message *message)
{
	if (message == NULL)
		return;
	fetch_free(&message->confirmation);
	buffer_free(&message->url);
	json_decref(message->said);
	json_decref(message->document);
	free(message);
}

json_t *sns_message_said(const struct sns_message *message)
{
	return message->said;
}

void sns_message_accepted(struct sns_message *message, nsec now)
{
	sns_remember(message->sns, message->envelope.message_id, now);
}

/* The beginning of a text from outside, fit for a log's line. */
static struct reason text_shown(struct text text)
{
	struct reason shown;

	reason_set(&shown, "%.*s", text.length > 200 ? 200 : (int)text.length, text.bytes);
	return shown;
}

/* Nothing but an object is worth being translated. */
static enum sns_message_step message_read(struct sns_message *message, struct reason *why)
{
	struct text body = message->envelope.message;
	json_error_t error;

	message->said = body_document(body.bytes, body.length, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(message->said))
		return SNS_MESSAGE_SPEAKS;
	reason_set(why, "the message is no alarm: %s", text_shown(body).text);
	return SNS_MESSAGE_DONE;
}

/* SubscribeURL is not asked: it may be anybody's. */
static enum sns_message_step confirmation_begin(struct sns_message *message, struct reason *why)
{
	topic_confirm_url(
		&message->url, &message->topic, message->envelope.topic, message->envelope.token);
	message->confirmation.url = message->url.data;
	message->confirmation.done = sns_message_confirmed;
	message->confirmation.owner = message;
	message->stage = STAGE_CONFIRMED;
	if (fetcher_put(sns_fetcher(message->sns), &message->confirmation))
		return SNS_MESSAGE_AWAITS;
	reason_set(why, "too much is being fetched");
	return SNS_MESSAGE_LATER;
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

static enum sns_message_step confirmation_end(
	struct sns_message *message, nsec now, struct reason *why)
{
	if (!message->confirmation.fetched) {
		reason_set(why, "the subscription cannot be confirmed: %s",
			message->confirmation.why.text);
		return SNS_MESSAGE_LATER;
	}
	reason_set(why, "confirmed the subscription %s",
		text_shown(subscription_of(&message->confirmation.body)).text);
	sns_message_accepted(message, now);
	return SNS_MESSAGE_DONE;
}

/* It is believed. */
static enum sns_message_step sns_message_open(
	struct sns_message *message, nsec now, struct reason *why)
{
	if (sns_has_seen(message->sns, message->envelope.message_id, now)) {
		reason_set(why, "the message was accepted before");
		return SNS_MESSAGE_DONE;
	}
	switch (message->envelope.type) {
	case SNS_NOTIFICATION:
		return message_read(message, why);
	case SNS_SUBSCRIBE:
		return confirmation_begin(message, why);
	default: /* fetching its SubscribeURL would subscribe again */
		reason_set(why, "the subscription to %s has ended",
			text_shown(message->envelope.topic).text);
		return SNS_MESSAGE_DONE;
	}
}

static enum sns_message_step sns_message_verify(
	struct sns_message *message, struct moment now, struct reason *why)
{
	X509 *certificate = NULL;

	switch (certificates_look(sns_certificates(message->sns), message->envelope.certificate_url,
		now, &message->wait, &certificate, why)) {
	case CERTIFICATE_AWAITED:
		return SNS_MESSAGE_AWAITS;
	case CERTIFICATE_LATER:
		return SNS_MESSAGE_LATER;
	case CERTIFICATE_WRONG:
		return SNS_MESSAGE_REFUSED;
	default:
		break;
	}
	bool sound = signature_verify(&message->envelope, certificate, why);
	X509_free(certificate);
	return sound ? sns_message_open(message, now.monotonic, why) : SNS_MESSAGE_REFUSED;
}

static bool sns_message_judge(struct sns_message *message, struct moment now, struct reason *why)
{
	return envelope_read(message->document, &message->envelope, why) &&
	       policy_judge(sns_gate(message->sns), &message->envelope, now.wall / NSEC_PER_SEC,
		       &message->topic, why);
}

enum sns_message_step sns_message_go(
	struct sns_message *message, struct moment now, struct reason *why)
{
	if (message->stage == STAGE_CONFIRMED)
		return confirmation_end(message, now.monotonic, why);
	if (message->stage == STAGE_JUDGE && !sns_message_judge(message, now, why))
		return SNS_MESSAGE_REFUSED;
	message->stage = STAGE_VERIFY;
	return sns_message_verify(message, now, why);
}
