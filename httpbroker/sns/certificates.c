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

enum { CHAIN_MAX = 8 }; /* certificates of one file; SNS's chains have three or four */

X509_STORE *authorities_read(const char *ca_file, struct reason *why)
{
	X509_STORE *store = X509_STORE_new();

	if (store != NULL && (ca_file != NULL ? X509_STORE_load_file(store, ca_file)
					      : X509_STORE_set_default_paths(store)) == 1)
		return store;
	X509_STORE_free(store);
	reason_set(why, "no certificates of authorities can be read from %s",
		ca_file != NULL ? ca_file : "the system");
	return NULL;
}

/* Appends the certificates of the text. */
static void certificates_read(STACK_OF(X509) * into, const struct buffer *pem)
{
	BIO *bio = pem->length > 0 ? BIO_new_mem_buf(pem->data, (int)pem->length) : NULL;
	X509 *next;

	for (int i = 0; bio != NULL && i < CHAIN_MAX; i++) {
		next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (next == NULL)
			break;
		if (sk_X509_push(into, next) == 0)
			X509_free(next);
	}
	BIO_free(bio);
	ERR_clear_error();
}

static bool chain_verify(X509_STORE *store, X509 *leaf, STACK_OF(X509) * intermediates, nsec wall,
	struct reason *why)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool valid = false;

	if (context == NULL || X509_STORE_CTX_init(context, store, leaf, intermediates) != 1) {
		X509_STORE_CTX_free(context);
		return reason_set(why, "the signing certificate cannot be verified: no memory");
	}
	X509_STORE_CTX_set_time(context, 0, (time_t)(wall / NSEC_PER_SEC));
	X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
	valid = X509_verify_cert(context) == 1;
	if (!valid)
		reason_set(why, "the signing certificate cannot be verified: %s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	X509_STORE_CTX_free(context);
	return valid;
}

X509 *certificate_verify(X509_STORE *authorities, const struct buffer *pem,
	const struct buffer *intermediates, nsec wall, struct reason *why)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	X509 *leaf = NULL;

	if (all == NULL) {
		reason_set(why, "the signing certificate cannot be verified: no memory");
		return NULL;
	}
	certificates_read(all, pem);
	if (sk_X509_num(all) == 0) {
		reason_set(why, "SigningCertURL holds no certificate");
	} else {
		certificates_read(all, intermediates);
		if (chain_verify(authorities, sk_X509_value(all, 0), all, wall, why)) {
			leaf = sk_X509_value(all, 0);
			X509_up_ref(leaf);
		}
	}
	sk_X509_pop_free(all, X509_free);
	return leaf;
}

struct cached_certificate {
	UT_hash_handle hh; /* the order is that of arrival */
	struct certificates *certificates;
	struct fetch fetch;
	struct certificate_wait *waiting;
	enum certificate_status status;
	X509 *certificate; /* if VALID */
	struct reason why; /* if UNAVAILABLE or INVALID */
	nsec until;        /* monotonic; when the entry expires; not if PENDING */
	char url[];
};

struct certificates {
	X509_STORE *authorities;
	struct fetcher *fetcher;
	pthread_mutex_t lock; /* for the entries */
	struct cached_certificate *entries;
};

struct certificates *certificates_new(X509_STORE *authorities, struct fetcher *fetcher)
{
	struct certificates *certificates = memory_zeroed(1, sizeof *certificates);

	certificates->authorities = authorities;
	certificates->fetcher = fetcher;
	pthread_mutex_init(&certificates->lock, NULL);
	return certificates;
}

static void entry_free(struct cached_certificate *entry)
{
	X509_free(entry->certificate);
	fetch_free(&entry->fetch);
	free(entry);
}

static void entry_remove(struct certificates *certificates, struct cached_certificate *entry)
{
	HASH_DEL(certificates->entries, entry);
	entry_free(entry);
}

void certificates_free(struct certificates *certificates)
{
	struct cached_certificate *entry, *next;

	HASH_ITER(hh, certificates->entries, entry, next)
		entry_remove(certificates, entry);
	pthread_mutex_destroy(&certificates->lock);
	free(certificates);
}

static void entry_finish(struct cached_certificate *entry, struct moment now)
{
	static const nsec lasts[] = {
		[CERTIFICATE_VALID] = CERTIFICATE_VALID_LASTS,
		[CERTIFICATE_UNAVAILABLE] = CERTIFICATE_UNAVAILABLE_LASTS,
		[CERTIFICATE_INVALID] = CERTIFICATE_INVALID_LASTS,
	};
	struct fetch *fetch = &entry->fetch;

	if (fetch->fetched) {
		entry->certificate = certificate_verify(entry->certificates->authorities,
			&fetch->body, &fetch->intermediates, now.wall, &entry->why);
		entry->status =
			entry->certificate != NULL ? CERTIFICATE_VALID : CERTIFICATE_INVALID;
	} else {
		reason_set(&entry->why, "%s: %s", entry->url, fetch->why.text);
		entry->status = CERTIFICATE_UNAVAILABLE;
	}
	entry->until = now.monotonic + lasts[entry->status];
	fetch_free(fetch);
}

/* In the fetcher's thread. */
static void entry_fetched(struct fetch *fetch)
{
	struct cached_certificate *entry = fetch->owner;
	struct certificate_wait *waiting, *wait, *next;

	pthread_mutex_lock(&entry->certificates->lock);
	entry_finish(entry, moment_now());
	waiting = entry->waiting;
	entry->waiting = NULL;
	pthread_mutex_unlock(&entry->certificates->lock);
	LL_FOREACH_SAFE(waiting, wait, next)
		wait->done(wait);
}

static struct cached_certificate *entry_find(
	struct certificates *certificates, struct text url, nsec now)
{
	struct cached_certificate *entry;

	HASH_FIND(hh, certificates->entries, url.bytes, url.length, entry);
	if (entry == NULL || entry->status == CERTIFICATE_PENDING || now < entry->until)
		return entry;
	entry_remove(certificates, entry);
	return NULL;
}

static struct cached_certificate *oldest_of(
	const struct certificates *certificates, enum certificate_status status)
{
	struct cached_certificate *entry, *next;

	HASH_ITER(hh, certificates->entries, entry, next)
		if (entry->status == status)
			return entry;
	return NULL;
}

/*
 * Any sender can cause failing fetches. They must not evict valid certificates: one of those goes
 * only where all are valid.
 */
static bool room_make(struct certificates *certificates)
{
	struct cached_certificate *spare;

	if (HASH_COUNT(certificates->entries) < CERTIFICATES_MAX)
		return true;
	spare = oldest_of(certificates, CERTIFICATE_UNAVAILABLE);
	if (spare == NULL)
		spare = oldest_of(certificates, CERTIFICATE_INVALID);
	if (spare == NULL && oldest_of(certificates, CERTIFICATE_PENDING) == NULL)
		spare = oldest_of(certificates, CERTIFICATE_VALID);
	if (spare == NULL)
		return false;
	entry_remove(certificates, spare);
	return true;
}

/* Starts to fetch; NULL: too many are pending. */
static struct cached_certificate *entry_begin(struct certificates *certificates, struct text url)
{
	if (!room_make(certificates))
		return NULL;
	struct cached_certificate *entry = memory_zeroed(1, sizeof *entry + url.length + 1);

	memcpy(entry->url, url.bytes, url.length);
	entry->certificates = certificates;
	entry->status = CERTIFICATE_PENDING;
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

enum certificate_status certificates_get(struct certificates *certificates, struct text url,
	struct moment now, struct certificate_wait *wait, X509 **out, struct reason *why)
{
	pthread_mutex_lock(&certificates->lock);
	struct cached_certificate *entry = entry_find(certificates, url, now.monotonic);
	if (entry == NULL)
		entry = entry_begin(certificates, url);
	enum certificate_status status = entry != NULL ? entry->status : CERTIFICATE_UNAVAILABLE;
	if (entry == NULL)
		reason_set(why, "the queue of certificates to fetch is full");
	else if (status == CERTIFICATE_PENDING)
		LL_PREPEND(entry->waiting, wait);
	else if (status == CERTIFICATE_VALID && X509_up_ref(entry->certificate) == 1)
		*out = entry->certificate;
	else
		*why = entry->why;
	pthread_mutex_unlock(&certificates->lock);
	return status;
}
