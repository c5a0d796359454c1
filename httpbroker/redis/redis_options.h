/* SPDX-License-Identifier: MIT */
/* Values of the options that concern Redis. A wrong one ends the program (64; a file: 78, or 66).
 */
#ifndef HTTPBROKER_REDIS_REDIS_OPTIONS_H
#define HTTPBROKER_REDIS_REDIS_OPTIONS_H

#include "common/address.h"
#include "httpbroker/redis/connector.h"
#include "httpbroker/redis/tls.h"

/* A port, host:port, [v6]:port or unix:/path; `others` names what else the option takes. */
struct address redis_option_server(const char *option, const char *value, const char *others);

/* --sentinel, repeatable: host:port, or as above. */
void redis_option_sentinel(struct redis_place *place, const char *option, const char *value);

/* --master: the name that the sentinels know it by. */
void redis_option_master(struct redis_place *place, const char *option, const char *value);

/*
 * --sentinel and --master need each other, and exclude --server (`server`: it was given); the TLS
 * options need --tls, which needs host and port.
 */
void redis_option_place_check(
	const struct redis_place *place, const struct tls_settings *tls, bool server);

/* Reads the files of --tls; NULL without it. To be freed by SSL_CTX_free(). A bad file: 66. */
SSL_CTX *redis_option_tls(const struct tls_settings *tls);

/* A part of keys: 1 to 64 letters, digits, '.', '_' or '-'. Returns the value. */
const char *redis_option_name(const char *option, const char *value);

/* The only line of a file, to be freed by secret_free(). */
char *redis_option_password(const char *option, const char *path);

/* A user needs a password: Redis logs nobody in without one. */
void redis_option_user_check(const char *user, const char *password);

/* $REDIS_PASSWORD; NULL: none. */
const char *redis_default_password(void);

#endif
