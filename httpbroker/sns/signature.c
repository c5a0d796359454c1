/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/signature.h"

#include "common/memory.h"
#include "httpbroker/sns/envelope.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* The decoder takes white space as well, but gives out padding as bytes: that is taken off. */
static unsigned char *base64_read(struct text text, size_t *length)
{
	unsigned char *bytes = memory_zeroed(text.length + 1, 1);
	int decoded = EVP_DecodeBlock(bytes, (const unsigned char *)text.bytes, (int)text.length);

	if (decoded < 0) {
		free(bytes);
		return NULL;
	}
	*length = (size_t)decoded;
	for (size_t i = 0; i < 2 && i < text.length && text.bytes[text.length - 1 - i] == '='; i++)
		--*length;
	return bytes;
}

static const EVP_MD *digest_of(struct text version)
{
	return version.bytes[0] == '1' ? EVP_sha1() : EVP_sha256();
}

static bool bytes_verify(EVP_PKEY *key, const EVP_MD *digest, const struct buffer *said,
	const unsigned char *signature, size_t length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool sound = context != NULL &&
		     EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
		     EVP_DigestVerify(context, signature, length, (const unsigned char *)said->data,
			     said->length) == 1;

	EVP_MD_CTX_free(context);
	return sound;
}

bool signature_verify(const struct envelope *envelope, X509 *certificate, struct reason *why)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	struct buffer said = {0};
	size_t length = 0;

	if (key == NULL || EVP_PKEY_base_id(key) != EVP_PKEY_RSA)
		return reason_set(why, "the signing certificate has no RSA key");
	unsigned char *signature = base64_read(envelope->signature, &length);
	if (signature == NULL)
		return reason_set(why, "'Signature' is not base64");
	canonical_append(&said, envelope);
	bool sound =
		bytes_verify(key, digest_of(envelope->signature_version), &said, signature, length);
	buffer_free(&said);
	free(signature);
	return sound || reason_set(why, "the signature is not that of the message");
}
