/* SPDX-License-Identifier: MIT */
/* Amazon SNS: trust in certificates, and signatures of messages. */
#include "t/unit/unit.h"

#include "common/memory.h"
#include "httpbroker/sns/certificates.h"
#include "httpbroker/sns/envelope.h"
#include "t/unit/certificates.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400 };
#define NOW INT64_C(1767323045)

static struct {
	struct identity root, link, leaf, client, expired, stranger, curved;
	char root_file[IDENTITY_PATH];
	X509_STORE *authorities;
} pki;

static struct identity made(const char *name, const char *usage, const struct identity *issuer)
{
	const struct identity_wish wish = {name, usage, NOW - DAY, NOW + DAY, NULL};

	return identity_make(&wish, issuer);
}

static int pki_make(void **state)
{
	const struct identity_wish expired = {"old", "serverAuth", NOW - 2 * DAY, NOW - DAY, NULL};
	const struct identity_wish curved = {"curved", "serverAuth", NOW - DAY, NOW + DAY, "P-256"};
	struct reason why;

	(void)state;
	pki.root = made("root", NULL, NULL);
	pki.link = made("link", NULL, &pki.root);
	pki.leaf = made("sns", "serverAuth", &pki.link);
	pki.client = made("client", "clientAuth", &pki.root);
	pki.expired = identity_make(&expired, &pki.root);
	pki.curved = identity_make(&curved, &pki.root);
	pki.stranger = made("stranger", "serverAuth", NULL);
	identity_file(pki.root_file, &pki.root);
	pki.authorities = authorities_read(pki.root_file, &why);
	return pki.authorities == NULL ? -1 : 0;
}

static int pki_free(void **state)
{
	(void)state;
	unlink(pki.root_file);
	X509_STORE_free(pki.authorities);
	identity_free(&pki.root);
	identity_free(&pki.link);
	identity_free(&pki.leaf);
	identity_free(&pki.client);
	identity_free(&pki.expired);
	identity_free(&pki.stranger);
	identity_free(&pki.curved);
	return 0;
}

/* Verifies the leaf with these further certificates; NULL as expected error: it is trusted. */
static void assert_trusted(const struct identity *leaf, const struct identity *beside,
	const struct identity *helper, nsec wall, const char *expected)
{
	struct buffer pem = {0}, helpers = {0};
	struct reason why = {""};

	identity_pem(&pem, leaf);
	if (beside != NULL)
		identity_pem(&pem, beside);
	if (helper != NULL)
		identity_pem(&helpers, helper);
	X509 *verified = certificate_verify(pki.authorities, &pem, &helpers, wall, &why);
	if (expected == NULL) {
		assert_non_null(verified);
		assert_int_equal(X509_cmp(verified, leaf->certificate), 0);
	} else {
		assert_null(verified);
		if (strstr(why.text, expected) == NULL)
			fail_msg("%s, not %s", why.text, expected);
	}
	X509_free(verified);
	buffer_free(&pem);
	buffer_free(&helpers);
}

#define AT (NOW * NSEC_PER_SEC)

static void a_chain_is_trusted_if_complete_and_valid(void **state)
{
	(void)state;
	assert_trusted(&pki.leaf, &pki.link, NULL, AT, NULL);
	assert_trusted(&pki.leaf, NULL, &pki.link, AT, NULL);
	assert_trusted(&pki.leaf, NULL, NULL, AT, "unable to get local issuer");
	assert_trusted(&pki.stranger, NULL, NULL, AT, "self-signed");
	assert_trusted(&pki.stranger, NULL, &pki.link, AT, "self-signed");
	assert_trusted(&pki.stranger, &pki.stranger, &pki.stranger, AT, "self-signed");
	assert_trusted(&pki.client, NULL, NULL, AT, "purpose");
	assert_trusted(&pki.expired, NULL, NULL, AT, "expired");
	assert_trusted(&pki.leaf, &pki.link, NULL, AT + 2 * DAY * NSEC_PER_SEC, "expired");
	assert_trusted(&pki.leaf, &pki.link, NULL, AT - 2 * DAY * NSEC_PER_SEC, "not yet valid");
}

static void an_invalid_certificate_is_refused(void **state)
{
	struct buffer pem = {0}, helpers = {0};
	struct reason why;

	(void)state;
	identity_pem(&helpers, &pki.leaf); /* must not replace the certificate itself */
	identity_pem(&helpers, &pki.link);
	assert_null(certificate_verify(pki.authorities, &pem, &helpers, AT, &why));
	buffer_append_text(&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_null(certificate_verify(pki.authorities, &pem, &helpers, AT, &why));
	assert_non_null(strstr(why.text, "no certificate"));
	buffer_free(&pem);
	buffer_free(&helpers);
}

static void unreadable_authorities_are_an_error(void **state)
{
	struct reason why;

	(void)state;
	assert_null(authorities_read("/nonexistent", &why));
	assert_non_null(strstr(why.text, "/nonexistent"));
	assert_null(authorities_read("/dev/null", &why));
}

/* An envelope, signed, with room for the signature. */
struct sns_message {
	struct envelope envelope;
	char signature[512];
};

static struct text text(const char *words)
{
	return (struct text){words, strlen(words)};
}

static void sns_message_sign(
	struct sns_message *message, const struct identity *by, const EVP_MD *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct buffer signed_text = {0};
	unsigned char bytes[256];
	size_t length = sizeof bytes;

	canonical_append(&signed_text, &message->envelope);
	assert_int_equal(EVP_DigestSignInit(context, NULL, digest, NULL, by->key), 1);
	assert_int_equal(EVP_DigestSign(context, bytes, &length,
				 (const unsigned char *)signed_text.data, signed_text.length),
		1);
	EVP_EncodeBlock((unsigned char *)message->signature, bytes, (int)length);
	message->envelope.signature = text(message->signature);
	EVP_MD_CTX_free(context);
	buffer_free(&signed_text);
}

static void sns_message_write(struct sns_message *message, const char *version)
{
	*message = (struct sns_message){.envelope = {
						.type = SNS_SUBSCRIBE,
						.type_word = text("SubscriptionConfirmation"),
						.message_id = text("id"),
						.topic = text("arn"),
						.subject = text("subject"),
						.message = text("Hell\xc3\xb6"),
						.timestamp = text("2026"),
						.token = text("token"),
						.subscribe_url = text("https://"),
						.signature_version = text(version),
					}};
	sns_message_sign(message, &pki.leaf, version[0] == '1' ? EVP_sha1() : EVP_sha256());
}

static bool verified(const struct sns_message *message)
{
	struct reason why;

	return signature_verify(&message->envelope, pki.leaf.certificate, &why);
}

static void both_versions_are_verified(void **state)
{
	struct sns_message message;

	(void)state;
	sns_message_write(&message, "1");
	assert_true(verified(&message));
	message.envelope.signature_version = text("2");
	assert_false(verified(&message));
	sns_message_write(&message, "2");
	assert_true(verified(&message));
	sns_message_sign(&message, &pki.stranger, EVP_sha256());
	assert_false(verified(&message));
}

/* One byte changed, one removed, in every signed field. */
static void a_changed_field_invalidates_the_signature(void **state)
{
	static const size_t fields[] = {offsetof(struct envelope, type_word),
		offsetof(struct envelope, message_id), offsetof(struct envelope, topic),
		offsetof(struct envelope, subject), offsetof(struct envelope, message),
		offsetof(struct envelope, timestamp), offsetof(struct envelope, token),
		offsetof(struct envelope, subscribe_url)};
	struct sns_message message;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		sns_message_write(&message, "2");
		struct text *field = (struct text *)((char *)&message.envelope + fields[i]);
		char *copy = memory_copied(field->bytes);

		copy[field->length - 1] ^= 1;
		field->bytes = copy;
		assert_false(verified(&message));
		copy[field->length - 1] ^= 1;
		assert_true(verified(&message));
		field->length--;
		assert_false(verified(&message));
		*field = (struct text){NULL, 0};
		assert_false(verified(&message));
		free(copy);
	}
}

/* SNS signs only with RSA; a trusted certificate alone does not prove that SNS signed. */
static void a_key_other_than_rsa_is_refused(void **state)
{
	struct sns_message message;
	struct reason why;

	(void)state;
	sns_message_write(&message, "2");
	sns_message_sign(&message, &pki.curved, EVP_sha256());
	assert_false(signature_verify(&message.envelope, pki.curved.certificate, &why));
	assert_string_equal(why.text, "the signing certificate has no RSA key");
}

static void invalid_signatures_are_refused(void **state)
{
	static const char *const wrong[] = {"", "=", "==", "A", "AAAA", "****", "AA=A"};
	struct sns_message message;
	struct reason why;

	(void)state;
	sns_message_write(&message, "2");
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		message.envelope.signature = text(wrong[i]);
		assert_false(verified(&message));
	}
	message.envelope.signature = text("****");
	assert_false(signature_verify(&message.envelope, pki.leaf.certificate, &why));
	assert_string_equal(why.text, "'Signature' is not base64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_is_trusted_if_complete_and_valid),
		cmocka_unit_test(an_invalid_certificate_is_refused),
		cmocka_unit_test(unreadable_authorities_are_an_error),
		cmocka_unit_test(both_versions_are_verified),
		cmocka_unit_test(a_changed_field_invalidates_the_signature),
		cmocka_unit_test(a_key_other_than_rsa_is_refused),
		cmocka_unit_test(invalid_signatures_are_refused),
	};

	return cmocka_run_group_tests(tests, pki_make, pki_free);
}
