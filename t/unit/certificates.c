/* SPDX-License-Identifier: MIT */
#include "t/unit/certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A test that cannot make its parts is over. */
static void must(int sound)
{
	if (sound <= 0)
		abort();
}

static void extension_add(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	must(extension != NULL);
	must(X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static void names_set(X509 *certificate, const char *name, const struct identity *issuer)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	must(X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0));
	must(X509_set_issuer_name(certificate,
		issuer == NULL ? subject : X509_get_subject_name(issuer->certificate)));
}

struct identity identity_make(const struct identity_wish *wish, const struct identity *issuer)
{
	static long serial;
	struct identity made = {
		wish->curve != NULL ? EVP_EC_gen(wish->curve) : EVP_RSA_gen(2048), X509_new()};

	must(made.key != NULL && made.certificate != NULL);
	must(X509_set_version(made.certificate, X509_VERSION_3));
	must(ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), ++serial));
	must(ASN1_TIME_set(X509_getm_notBefore(made.certificate), wish->from) != NULL);
	must(ASN1_TIME_set(X509_getm_notAfter(made.certificate), wish->until) != NULL);
	must(X509_set_pubkey(made.certificate, made.key));
	names_set(made.certificate, wish->name, issuer);
	if (wish->usage != NULL)
		extension_add(made.certificate, NID_ext_key_usage, wish->usage);
	else
		extension_add(made.certificate, NID_basic_constraints, "critical,CA:TRUE");
	must(X509_sign(made.certificate, issuer == NULL ? made.key : issuer->key, EVP_sha256()));
	return made;
}

void identity_free(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->certificate);
}

void identity_pem(struct buffer *out, const struct identity *identity)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;

	must(bio != NULL);
	must(PEM_write_bio_X509(bio, identity->certificate));
	long length = BIO_get_mem_data(bio, &bytes);
	buffer_append(out, bytes, (size_t)length);
	BIO_free(bio);
}

void identity_file(char path[IDENTITY_PATH], const struct identity *identity)
{
	struct buffer pem = {0};

	strcpy(path, "/tmp/certificate-XXXXXX");
	int fd = mkstemp(path);
	identity_pem(&pem, identity);
	must(write(fd, pem.data, pem.length) == (ssize_t)pem.length);
	must(close(fd) == 0);
	buffer_free(&pem);
}
