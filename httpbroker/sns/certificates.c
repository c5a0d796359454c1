/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/certificates.h"

#include "common/memory.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { LINKS_MAX = 8 }; /* certificates of one file; SNS's chains have three or four */

struct chain {
	X509_STORE *store;
};

struct chain *chain_new(const char *ca_file, struct reason *why)
{
	X509_STORE *store = X509_STORE_new();
	bool loaded = store != NULL && (ca_file != NULL ? X509_STORE_load_file(store, ca_file)
							: X509_STORE_set_default_paths(store)) == 1;

	if (!loaded) {
		X509_STORE_free(store);
		reason_set(why, "no certificates of authorities can be read from %s",
			ca_file != NULL ? ca_file : "the system");
		return NULL;
	}
	struct chain *chain = memory_zeroed(1, sizeof *chain);
	chain->store = store;
	return chain;
}

void chain_free(struct chain *chain)
{
	if (chain == NULL)
		return;
	X509_STORE_free(chain->store);
	free(chain);
}

/* Adds the certificates of the text to those that there are. */
static void certificates_read(STACK_OF(X509) * into, const struct buffer *pem)
{
	BIO *bio = pem->length > 0 ? BIO_new_mem_buf(pem->data, (int)pem->length) : NULL;
	X509 *next;

	for (int i = 0; bio != NULL && i < LINKS_MAX; i++) {
		next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (next == NULL)
			break;
		if (sk_X509_push(into, next) == 0)
			X509_free(next);
	}
	BIO_free(bio);
	ERR_clear_error();
}

static bool links_verify(
	X509_STORE *store, X509 *leaf, STACK_OF(X509) * links, nsec wall, struct reason *why)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool sound = false;

	if (context == NULL || X509_STORE_CTX_init(context, store, leaf, links) != 1) {
		X509_STORE_CTX_free(context);
		return reason_set(why, "the signing certificate cannot be verified: no memory");
	}
	X509_STORE_CTX_set_time(context, 0, (time_t)(wall / NSEC_PER_SEC));
	X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
	sound = X509_verify_cert(context) == 1;
	if (!sound)
		reason_set(why, "the signing certificate cannot be verified: %s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	X509_STORE_CTX_free(context);
	return sound;
}

X509 *chain_verify(const struct chain *chain, const struct buffer *pem,
	const struct buffer *helpers, nsec wall, struct reason *why)
{
	STACK_OF(X509) *links = sk_X509_new_null();
	X509 *leaf = NULL;

	if (links == NULL)
		return NULL;
	certificates_read(links, pem);
	if (sk_X509_num(links) == 0) {
		reason_set(why, "what SigningCertURL has is no certificate");
	} else {
		certificates_read(links, helpers);
		if (links_verify(chain->store, sk_X509_value(links, 0), links, wall, why)) {
			leaf = sk_X509_value(links, 0);
			X509_up_ref(leaf);
		}
	}
	sk_X509_pop_free(links, X509_free);
	return leaf;
}

struct entry {
	UT_hash_handle hh; /* the order is that of arrival */
	struct certificates *certificates;
	struct fetch fetch;
	struct certificate_wait *waiting;
	enum certificate_verdict verdict; /* AWAITED: it is under way */
	X509 *certificate;                /* if SOUND */
	struct reason why;                /* if LATER or WRONG */
	nsec until;                       /* monotonic; when to forget it */
	char url[];
};

struct certificates {
	const struct chain *chain;
	struct fetcher *fetcher;
	pthread_mutex_t lock; /* for the entries */
	struct entry *entries;
};

struct certificates *certificates_new(const struct chain *chain, struct fetcher *fetcher)
{
	struct certificates *certificates = memory_zeroed(1, sizeof *certificates);

	certificates->chain = chain;
	certificates->fetcher = fetcher;
	pthread_mutex_init(&certificates->lock, NULL);
	return certificates;
}

static void entry_free(struct entry *entry)
{
	X509_free(entry->certificate);
	fetch_free(&entry->fetch);
	free(entry);
}

static void entry_forget(struct certificates *certificates, struct entry *entry)
{
	HASH_DEL(certificates->entries, entry);
	entry_free(entry);
}

void certificates_free(struct certificates *certificates)
{
	struct entry *entry, *next;

	HASH_ITER(hh, certificates->entries, entry, next)
		entry_forget(certificates, entry);
	pthread_mutex_destroy(&certificates->lock);
	free(certificates);
}

/* What came is judged. */
static enum certificate_verdict entry_judge(struct entry *entry, nsec wall)
{
	const struct fetch *fetch = &entry->fetch;

	if (!fetch->fetched) {
		reason_set(&entry->why, "%s: %s", entry->url, fetch->why.text);
		return CERTIFICATE_LATER;
	}
	entry->certificate = chain_verify(
		entry->certificates->chain, &fetch->body, &fetch->links, wall, &entry->why);
	return entry->certificate != NULL ? CERTIFICATE_SOUND : CERTIFICATE_WRONG;
}

static void entry_settle(struct entry *entry, struct moment now)
{
	static const nsec lasts[] = {
		[CERTIFICATE_SOUND] = CERTIFICATE_SOUND_LASTS,
		[CERTIFICATE_LATER] = CERTIFICATE_LATER_LASTS,
		[CERTIFICATE_WRONG] = CERTIFICATE_WRONG_LASTS,
	};

	entry->verdict = entry_judge(entry, now.wall);
	entry->until = now.monotonic + lasts[entry->verdict];
	fetch_free(&entry->fetch);
}

/* In the fetcher's thread. */
static void entry_fetched(struct fetch *fetch)
{
	struct entry *entry = fetch->owner;
	struct certificate_wait *waiting, *wait, *next;

	pthread_mutex_lock(&entry->certificates->lock);
	entry_settle(entry, moment_now());
	waiting = entry->waiting;
	entry->waiting = NULL;
	pthread_mutex_unlock(&entry->certificates->lock);
	LL_FOREACH_SAFE(waiting, wait, next)
	wait->done(wait);
}

static struct entry *entry_find(struct certificates *certificates, struct text url, nsec now)
{
	struct entry *entry;

	HASH_FIND(hh, certificates->entries, url.bytes, url.length, entry);
	if (entry == NULL || entry->verdict == CERTIFICATE_AWAITED || now < entry->until)
		return entry;
	entry_forget(certificates, entry);
	return NULL;
}

static struct entry *oldest_of(
	const struct certificates *certificates, enum certificate_verdict verdict)
{
	struct entry *entry, *next;

	HASH_ITER(hh, certificates->entries, entry, next)
		if (entry->verdict == verdict)
			return entry;
	return NULL;
}

/*
 * Anybody can make us look for what is not there. That must not cost what is: a sound one goes
 * only where all are sound.
 */
static bool room_make(struct certificates *certificates)
{
	struct entry *spare;

	if (HASH_COUNT(certificates->entries) < CERTIFICATES_MAX)
		return true;
	spare = oldest_of(certificates, CERTIFICATE_LATER);
	if (spare == NULL)
		spare = oldest_of(certificates, CERTIFICATE_WRONG);
	if (spare == NULL && oldest_of(certificates, CERTIFICATE_AWAITED) == NULL)
		spare = oldest_of(certificates, CERTIFICATE_SOUND);
	if (spare == NULL)
		return false;
	entry_forget(certificates, spare);
	return true;
}

/* A new one, under way; NULL if too many are. */
static struct entry *entry_begin(struct certificates *certificates, struct text url)
{
	if (!room_make(certificates))
		return NULL;
	struct entry *entry = memory_zeroed(1, sizeof *entry + url.length + 1);

	memcpy(entry->url, url.bytes, url.length);
	entry->certificates = certificates;
	entry->verdict = CERTIFICATE_AWAITED;
	entry->fetch.url = entry->url;
	entry->fetch.done = entry_fetched;
	entry->fetch.owner = entry;
	if (!fetcher_put(certificates->fetcher, &entry->fetch)) {
		entry_free(entry);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, certificates->entries, entry->url, url.length, entry);
	return entry;
}

static enum certificate_verdict entry_tell(
	struct entry *entry, struct certificate_wait *wait, X509 **out, struct reason *why)
{
	if (entry->verdict == CERTIFICATE_AWAITED)
		LL_PREPEND(entry->waiting, wait);
	else if (entry->verdict == CERTIFICATE_SOUND && X509_up_ref(entry->certificate) == 1)
		*out = entry->certificate;
	else
		*why = entry->why;
	return entry->verdict;
}

enum certificate_verdict certificates_look(struct certificates *certificates, struct text url,
	struct moment now, struct certificate_wait *wait, X509 **out, struct reason *why)
{
	enum certificate_verdict verdict = CERTIFICATE_LATER;

	pthread_mutex_lock(&certificates->lock);
	struct entry *entry = entry_find(certificates, url, now.monotonic);
	if (entry == NULL)
		entry = entry_begin(certificates, url);
	if (entry != NULL)
		verdict = entry_tell(entry, wait, out, why);
	else
		reason_set(why, "too many certificates are being fetched");
	pthread_mutex_unlock(&certificates->lock);
	return verdict;
}
