/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/message.h"

#include "common/log.h"
#include "common/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <uthash.h>

struct cached_id {
	UT_hash_handle hh; /* uthash keeps the order of arrival: the oldest comes first */
	nsec since;
	char id[];
};

struct id_cache {
	struct cached_id *ids;
};

struct id_cache *id_cache_new(void)
{
	return memory_zeroed(1, sizeof(struct id_cache));
}

static void oldest_remove(struct id_cache *cache)
{
	struct cached_id *oldest = cache->ids;

	HASH_DEL(cache->ids, oldest);
	free(oldest);
}

void id_cache_free(struct id_cache *cache)
{
	while (cache->ids != NULL)
		oldest_remove(cache);
	free(cache);
}

bool id_cache_has(struct id_cache *cache, struct text id, nsec now)
{
	struct cached_id *found;

	while (cache->ids != NULL && now - cache->ids->since >= ID_CACHE_LAST)
		oldest_remove(cache);
	HASH_FIND(hh, cache->ids, id.bytes, id.length, found);
	return found != NULL;
}

void id_cache_add(struct id_cache *cache, struct text id, nsec now)
{
	if (id_cache_has(cache, id, now))
		return;
	if (HASH_COUNT(cache->ids) >= ID_CACHE_MAX)
		oldest_remove(cache);
	struct cached_id *added = memory_zeroed(1, sizeof *added + id.length + 1);
	added->since = now;
	memcpy(added->id, id.bytes, id.length);
	HASH_ADD_KEYPTR(hh, cache->ids, added->id, id.length, added);
}

struct sns {
	struct policy policy;
	X509_STORE *authorities; /* these three are NULL where no topic is allowed */
	struct fetcher *fetcher;
	struct certificates *certificates;
	pthread_mutex_t lock;      /* for the ids */
	struct id_cache *accepted; /* their messages are answered 200 without effect */
};

struct sns *sns_start(const struct sns_settings *settings)
{
	struct sns *sns = memory_zeroed(1, sizeof *sns);
	struct reason why;

	sns->policy = settings->policy;
	sns->accepted = id_cache_new();
	pthread_mutex_init(&sns->lock, NULL);
	if (sns->policy.count == 0)
		return sns;
	sns->authorities = authorities_read(settings->ca_file, &why);
	if (sns->authorities == NULL)
		die(EX_NOINPUT, "--sns-ca-file: %s", why.text);
	sns->fetcher = fetcher_start(settings->ca_file);
	sns->certificates = certificates_new(sns->authorities, sns->fetcher);
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
	X509_STORE_free(sns->authorities);
	id_cache_free(sns->accepted);
	pthread_mutex_destroy(&sns->lock);
	free(sns);
}

enum stage { STAGE_CHECK, STAGE_VERIFY, STAGE_CONFIRM };

struct sns_message {
	struct certificate_wait wait; /* first: a wait is cast to its message */
	struct sns *sns;
	void (*done)(void *owner);
	void *owner;
	json_t *document;
	struct envelope envelope;
	struct topic topic;
	enum stage stage; /* the next */
	struct fetch confirmation;
	struct buffer url; /* of the confirmation */
};

static void certificate_arrived(struct certificate_wait *wait)
{
	const struct sns_message *message = (const struct sns_message *)wait;

	message->done(message->owner);
}

static void confirmation_arrived(struct fetch *fetch)
{
	const struct sns_message *message = fetch->owner;

	message->done(message->owner);
}

struct sns_message *sns_message_new(
	struct sns *sns, json_t *document, void (*done)(void *owner), void *owner)
{
	struct sns_message *message = memory_zeroed(1, sizeof *message);

	message->wait.done = certificate_arrived;
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
	json_decref(message->document);
	free(message);
}

struct text sns_message_text(const struct sns_message *message)
{
	return message->envelope.message;
}

void sns_message_accepted(struct sns_message *message, nsec now)
{
	struct sns *sns = message->sns;

	pthread_mutex_lock(&sns->lock);
	id_cache_add(sns->accepted, message->envelope.message_id, now);
	pthread_mutex_unlock(&sns->lock);
}

static bool was_accepted(const struct sns_message *message, nsec now)
{
	struct sns *sns = message->sns;

	pthread_mutex_lock(&sns->lock);
	bool has = id_cache_has(sns->accepted, message->envelope.message_id, now);
	pthread_mutex_unlock(&sns->lock);
	return has;
}

/* Never fetches the message's SubscribeURL: that may be any host. */
static enum sns_message_step confirmation_begin(struct sns_message *message, struct reason *why)
{
	topic_confirm_url(
		&message->url, &message->topic, message->envelope.topic, message->envelope.token);
	message->confirmation.url = message->url.data;
	message->confirmation.done = confirmation_arrived;
	message->confirmation.owner = message;
	message->stage = STAGE_CONFIRM;
	if (fetcher_put(message->sns->fetcher, &message->confirmation))
		return SNS_MESSAGE_WAITING;
	reason_set(why, "the queue of fetches is full");
	return SNS_MESSAGE_LATER;
}

#define ARN_BEGIN "<SubscriptionArn>"

/* SNS responds with XML, of which only the subscription's ARN is of use. */
static enum sns_message_step confirmation_end(
	struct sns_message *message, nsec now, struct reason *why)
{
	const struct fetch *fetch = &message->confirmation;

	if (!fetch->fetched) {
		reason_set(why, "the subscription cannot be confirmed: %s", fetch->why.text);
		return SNS_MESSAGE_LATER;
	}
	const char *arn = fetch->body.data != NULL ? strstr(fetch->body.data, ARN_BEGIN) : NULL;
	arn = arn != NULL ? arn + strlen(ARN_BEGIN) : "unnamed";
	size_t length = strcspn(arn, "<");
	reason_set(why, "confirmed the subscription %.*s", length > 200 ? 200 : (int)length, arn);
	sns_message_accepted(message, now);
	return SNS_MESSAGE_DONE;
}

static enum sns_message_step verified_handle(
	struct sns_message *message, nsec now, struct reason *why)
{
	const struct text topic = message->envelope.topic;

	if (was_accepted(message, now)) {
		reason_set(why, "the message was accepted before");
		return SNS_MESSAGE_DONE;
	}
	if (message->envelope.type == SNS_NOTIFICATION)
		return SNS_MESSAGE_EVENT;
	if (message->envelope.type == SNS_SUBSCRIBE)
		return confirmation_begin(message, why);
	/* the SubscribeURL of an UnsubscribeConfirmation would subscribe again */
	reason_set(why, "the subscription to %.*s has ended",
		topic.length > 200 ? 200 : (int)topic.length, topic.bytes);
	return SNS_MESSAGE_DONE;
}

static enum sns_message_step message_verify(
	struct sns_message *message, struct moment now, struct reason *why)
{
	X509 *certificate = NULL;

	switch (certificates_get(message->sns->certificates, message->envelope.certificate_url, now,
		&message->wait, &certificate, why)) {
	case CERTIFICATE_PENDING:
		return SNS_MESSAGE_WAITING;
	case CERTIFICATE_UNAVAILABLE:
		return SNS_MESSAGE_LATER;
	case CERTIFICATE_INVALID:
		return SNS_MESSAGE_REFUSED;
	default:
		break;
	}
	bool valid = signature_verify(&message->envelope, certificate, why);
	X509_free(certificate);
	return valid ? verified_handle(message, now.monotonic, why) : SNS_MESSAGE_REFUSED;
}

enum sns_message_step sns_message_continue(
	struct sns_message *message, struct moment now, struct reason *why)
{
	struct envelope *envelope = &message->envelope;

	if (message->stage == STAGE_CONFIRM)
		return confirmation_end(message, now.monotonic, why);
	if (message->stage == STAGE_CHECK &&
		(!envelope_read(message->document, envelope, why) ||
			!policy_check(&message->sns->policy, envelope, now.wall / NSEC_PER_SEC,
				&message->topic, why)))
		return SNS_MESSAGE_REFUSED;
	message->stage = STAGE_VERIFY;
	return message_verify(message, now, why);
}
