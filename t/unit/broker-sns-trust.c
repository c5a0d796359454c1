/* SPDX-License-Identifier: MIT */
/* Amazon SNS: whether a certificate is to be believed, and whether it signed the message. */
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
} world;

static struct identity made(const char *name, const char *usage, const struct identity *issuer)
{
	const struct identity_wish wish = {name, usage, NOW - DAY, NOW + DAY, NULL};

	return identity_make(&wish, issuer);
}

static int world_make(void **state)
{
	const struct identity_wish expired = {"old", "serverAuth", NOW - 2 * DAY, NOW - DAY, NULL};
	const struct identity_wish curved = {"curved", "serverAuth", NOW - DAY, NOW + DAY, "P-256"};
	struct reason why;

	(void)state;
	world.root = made("root", NULL, NULL);
	world.link = made("link", NULL, &world.root);
	world.leaf = made("sns", "serverAuth", &world.link);
	world.client = made("client", "clientAuth", &world.root);
	world.expired = identity_make(&expired, &world.root);
	world.curved = identity_make(&curved, &world.root);
	world.stranger = made("stranger", "serverAuth", NULL);
	identity_file(world.root_file, &world.root);
	world.authorities = authorities_read(world.root_file, &why);
	return world.authorities == NULL ? -1 : 0;
}

static int world_end(void **state)
{
	(void)state;
	unlink(world.root_file);
	X509_STORE_free(world.authorities);
	identity_free(&world.root);
	identity_free(&world.link);
	identity_free(&world.leaf);
	identity_free(&world.client);
	identity_free(&world.expired);
	identity_free(&world.stranger);
	identity_free(&world.curved);
	return 0;
}

/* Whether the leaf is believed with these beside it (NULL: nobody); NULL: it is. */
static void assert_believed(const struct identity *leaf, const struct identity *beside,
	const struct identity *helper, nsec wall, const char *expected)
{
	struct buffer pem = {0}, helpers = {0};
	struct reason why = {""};

	identity_pem(&pem, leaf);
	if (beside != NULL)
		identity_pem(&pem, beside);
	if (helper != NULL)
		identity_pem(&helpers, helper);
	X509 *verified = certificate_verify(world.authorities, &pem, &helpers, wall, &why);
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

static void chains(void **state)
{
	(void)state;
	assert_believed(&world.leaf, &world.link, NULL, AT, NULL);
	assert_believed(&world.leaf, NULL, &world.link, AT, NULL);
	assert_believed(&world.leaf, NULL, NULL, AT, "unable to get local issuer");
	assert_believed(&world.stranger, NULL, NULL, AT, "self-signed");
	assert_believed(&world.stranger, NULL, &world.link, AT, "self-signed");
	assert_believed(&world.stranger, &world.stranger, &world.stranger, AT, "self-signed");
	assert_believed(&world.client, NULL, NULL, AT, "purpose");
	assert_believed(&world.expired, NULL, NULL, AT, "expired");
	assert_believed(&world.leaf, &world.link, NULL, AT + 2 * DAY * NSEC_PER_SEC, "expired");
	assert_believed(
		&world.leaf, &world.link, NULL, AT - 2 * DAY * NSEC_PER_SEC, "not yet valid");
}

static void what_is_no_certificate(void **state)
{
	struct buffer pem = {0}, helpers = {0};
	struct reason why;

	(void)state;
	identity_pem(&helpers, &world.leaf); /* must not be taken for the certificate itself */
	identity_pem(&helpers, &world.link);
	assert_null(certificate_verify(world.authorities, &pem, &helpers, AT, &why));
	buffer_append_text(&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_null(certificate_verify(world.authorities, &pem, &helpers, AT, &why));
	assert_non_null(strstr(why.text, "no certificate"));
	buffer_free(&pem);
	buffer_free(&helpers);
}

static void authorities_that_cannot_be_read(void **state)
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
	struct buffer said = {0};
	unsigned char bytes[256];
	size_t length = sizeof bytes;

	canonical_append(&said, &message->envelope);
	assert_int_equal(EVP_DigestSignInit(context, NULL, digest, NULL, by->key), 1);
	assert_int_equal(EVP_DigestSign(context, bytes, &length, (const unsigned char *)said.data,
				 said.length),
		1);
	EVP_EncodeBlock((unsigned char *)message->signature, bytes, (int)length);
	message->envelope.signature = text(message->signature);
	EVP_MD_CTX_free(context);
	buffer_free(&said);
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
	sns_message_sign(message, &world.leaf, version[0] == '1' ? EVP_sha1() : EVP_sha256());
}

static bool verified(const struct sns_message *message)
{
	struct reason why;

	return signature_verify(&message->envelope, world.leaf.certificate, &why);
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
	sns_message_sign(&message, &world.stranger, EVP_sha256());
	assert_false(verified(&message));
}

/* One byte changed, one taken away, in every field that is signed. */
static void no_field_can_be_changed(void **state)
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

/* SNS signs with RSA alone; what is believed as a certificate is not yet believed to be SNS's. */
static void a_key_that_is_not_rsa(void **state)
{
	struct sns_message message;
	struct reason why;

	(void)state;
	sns_message_write(&message, "2");
	sns_message_sign(&message, &world.curved, EVP_sha256());
	assert_false(signature_verify(&message.envelope, world.curved.certificate, &why));
	assert_string_equal(why.text, "the signing certificate has no RSA key");
}

static void signatures_that_are_none(void **state)
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
	assert_false(signature_verify(&message.envelope, world.leaf.certificate, &why));
	assert_string_equal(why.text, "'Signature' is not base64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains),
		cmocka_unit_test(what_is_no_certificate),
		cmocka_unit_test(authorities_that_cannot_be_read),
		cmocka_unit_test(both_versions_are_verified),
		cmocka_unit_test(no_field_can_be_changed),
		cmocka_unit_test(a_key_that_is_not_rsa),
		cmocka_unit_test(signatures_that_are_none),
	};

	return cmocka_run_group_tests(tests, world_make, world_end);
}
