/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/tls.h"

#include "common/buffer.h"
#include "common/secret.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 65536 }; /* bytes of --tls-key-file */

/* OpenSSL's words for the last failure, or those of errno. */
static const char *error_text(int error)
{
	unsigned long code = ERR_peek_error();
	const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;

	if (code != 0 && ERR_SYSTEM_ERROR(code))
		return strerror(ERR_GET_REASON(code));
	if (text != NULL)
		return text;
	return error != 0 ? strerror(error) : "it was closed";
}

static bool file_fail(const char *option, const char *path, struct reason *why)
{
	return reason_set(why, "%s: %s: %s", option, path, error_text(errno));
}

static bool authorities_use(SSL_CTX *tls, const char *ca_file, struct reason *why)
{
	if (ca_file == NULL)
		return SSL_CTX_set_default_verify_paths(tls) == 1 ||
		       reason_set(why, "--tls: the system's authorities cannot be read");
	return SSL_CTX_load_verify_file(tls, ca_file) == 1 ||
	       file_fail("--tls-ca-file", ca_file, why);
}

/* In place of a question at the terminal. */
static int no_passphrase(char *out, int size, int writes, void *unused)
{
	(void)out, (void)size, (void)writes, (void)unused;
	return -1;
}

static bool key_use(SSL_CTX *tls, const char *key_file, struct reason *why)
{
	struct buffer pem = {NULL, 0, 0};

	if (!secret_file_read(key_file, KEY_MAX, &pem, NULL, why))
		return reason_prefix(why, "--tls-key-file");
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.length);
	EVP_PKEY *key =
		bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	bool used = key != NULL && SSL_CTX_use_PrivateKey(tls, key) == 1;
	if (!used)
		file_fail("--tls-key-file", key_file, why);
	EVP_PKEY_free(key);
	BIO_free(bio);
	buffer_wipe(&pem);
	return used;
}

static bool files_use(SSL_CTX *tls, const struct tls_settings *settings, struct reason *why)
{
	if (!authorities_use(tls, settings->ca_file, why))
		return false;
	if (settings->cert_file == NULL)
		return true;
	if (SSL_CTX_use_certificate_chain_file(tls, settings->cert_file) != 1)
		return file_fail("--tls-cert-file", settings->cert_file, why);
	return key_use(tls, settings->key_file, why);
}

SSL_CTX *tls_new(const struct tls_settings *settings, struct reason *why)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	ERR_clear_error();
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls == NULL) {
		reason_set(why, "--tls: %s", error_text(0));
		return NULL;
	}
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	/* a reply says where it ends: the end of the connection need not */
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	errno = 0;
	if (files_use(tls, settings, why))
		return tls;
	SSL_CTX_free(tls);
	return NULL;
}

/* An address is verified as such; a name is also sent (SNI). */
static bool host_expect(SSL *ssl, const char *host)
{
	struct in6_addr ignored;

	if (inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	char name[256]; /* as long as struct address; OpenSSL's macro takes away a const */
	snprintf(name, sizeof name, "%s", host);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

/* The last call has failed. True if it can be repeated when poll(2) has these events. */
static bool waits_for(const SSL *ssl, int result, short *events, struct reason *why)
{
	int saved = errno, error = SSL_get_error(ssl, result);

	*events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return true;
	if (error == SSL_ERROR_ZERO_RETURN)
		return reason_set(why, "the connection was closed");
	return reason_set(why, "the connection broke: %s",
		error_text(error == SSL_ERROR_SYSCALL ? saved : 0));
}

/* In words for an operator: the certificate, or a server that has no TLS. */
static void handshake_explain(const SSL *ssl, struct reason *why)
{
	unsigned long code = ERR_peek_error();
	long verified = SSL_get_verify_result(ssl);

	if (verified != X509_V_OK)
		reason_set(why, "its certificate cannot be verified: %s",
			X509_verify_cert_error_string(verified));
	else if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
		 ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
		reason_set(why, "the port has no TLS: its answer is something else");
	else
		reason_prefix(why, "the TLS handshake failed");
}

static bool handshake_run(SSL *ssl, int fd, nsec timeout, struct reason *why)
{
	nsec until = clock_monotonic() + timeout;
	short events;

	for (;;) {
		ERR_clear_error();
		errno = 0;
		int result = SSL_connect(ssl);
		if (result == 1)
			return true;
		if (!waits_for(ssl, result, &events, why)) {
			handshake_explain(ssl, why);
			return false;
		}
		struct pollfd poll_fd = {.fd = fd, .events = events};
		nsec left = until - clock_monotonic();
		if (left <= 0)
			return reason_set(
				why, "no answer to the TLS handshake: the port may have no TLS");
		poll(&poll_fd, 1, (int)(left / NSEC_PER_MSEC) + 1);
	}
}

SSL *tls_connect(SSL_CTX *tls, int fd, const char *host, nsec timeout, struct reason *why)
{
	ERR_clear_error();
	SSL *ssl = SSL_new(tls);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || !host_expect(ssl, host))
		reason_set(why, "no TLS for %s: %s", host, error_text(0));
	else if (handshake_run(ssl, fd, timeout, why))
		return ssl;
	tls_free(ssl, true);
	return NULL;
}

/* The server may have sent a reason before it closed: that it requires a certificate. */
static bool alert_explain(SSL *ssl, struct reason *why)
{
	char byte;

	ERR_clear_error();
	int result = SSL_peek(ssl, &byte, 1);
	if (SSL_get_error(ssl, result) == SSL_ERROR_SSL)
		reason_set(why, "the connection broke: %s", error_text(0));
	return false;
}

bool tls_send(SSL *ssl, const void *data, size_t length, size_t *done, struct reason *why)
{
	short ignored;

	*done = 0;
	ERR_clear_error();
	errno = 0;
	int result = SSL_write_ex(ssl, data, length, done);
	return result == 1 || waits_for(ssl, result, &ignored, why) || alert_explain(ssl, why);
}

bool tls_receive(SSL *ssl, void *data, size_t size, size_t *done, struct reason *why)
{
	short ignored;

	*done = 0;
	ERR_clear_error();
	errno = 0;
	int result = SSL_read_ex(ssl, data, size, done);
	return result == 1 || waits_for(ssl, result, &ignored, why);
}

bool tls_wants_write(const SSL *ssl)
{
	return SSL_want_write(ssl);
}

void tls_free(SSL *ssl, bool broken)
{
	if (ssl != NULL && !broken)
		SSL_shutdown(ssl);
	SSL_free(ssl);
}
