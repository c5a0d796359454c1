/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/chain.h"

#include "common/memory.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

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
