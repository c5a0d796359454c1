/* SPDX-License-Identifier: MIT */
/*
 * The options that concern Redis, of the broker and of httpbroker-notify. A wrong value ends the
 * program (64; a file: 78, or 66).
 */
#ifndef HTTPBROKER_REDIS_REDIS_OPTIONS_H
#define HTTPBROKER_REDIS_REDIS_OPTIONS_H

#include "common/address.h"
#include "common/options.h"
#include "httpbroker/redis/connector.h"
#include "httpbroker/redis/tls.h"

#include <limits.h>

/* A member of the program's struct options. */
struct redis_options {
	struct redis_place place; /* a server, or sentinels */
	bool server;              /* --server was given */
	struct tls_settings tls;  /* with which place.tls was made */
	const char *user;         /* an ACL user; NULL: the default one */
	const char *password;     /* NULL: none */
	char *secret;             /* the same, if it is from a file; owned */
	int database;
};

/* Rows of the table; `member` is that member. */
#define REDIS_OPTIONS_SENTINEL(member)                                                               \
	{"sentinel", "ADDRESS",                                                                      \
		"in place of --server: ask the sentinel at this address, as host:port, for Redis's " \
		"master; repeatable: the next is asked where one does not answer",                   \
		OPTION_MEMBER_SET(member, redis_option_sentinel)},                                   \
	{                                                                                            \
		"master", "NAME", "with --sentinel: the name of the master, such as mymaster",       \
			OPTION_MEMBER_SET(member, redis_option_master)                               \
	}

#define REDIS_OPTIONS_LOGIN(member)                                                                        \
	{"user", "NAME",                                                                                   \
		"an ACL user of Redis, with that password (default: Redis's default user)",                \
		OPTION_FILLED(member.user)},                                                               \
		{"password-file", "FILE", "Redis's password, one line (default: $REDIS_PASSWORD)",         \
			OPTION_MEMBER_SET(member, redis_option_password)},                                 \
		{"tls", NULL,                                                                              \
			"speak TLS with Redis and the sentinels, and verify their certificates",           \
			OPTION_FLAG(member.tls.on)},                                                       \
		{"tls-ca-file", "FILE",                                                                    \
			"with --tls: authorities, in PEM, to trust (default: the system's)",               \
			OPTION_FILLED(member.tls.ca_file)},                                                \
		{"tls-cert-file", "FILE",                                                                  \
			"with --tls: a certificate to log in with, in PEM, and its chain (default: none)", \
			OPTION_FILLED(member.tls.cert_file)},                                              \
		{"tls-key-file", "FILE", "with --tls: the key of that certificate, in PEM",                \
			OPTION_FILLED(member.tls.key_file)},                                               \
	{                                                                                                  \
		"database", "N", "Redis database (default 0)",                                             \
			OPTION_NUMBER(member.database, 0, INT_MAX)                                         \
	}

/* Their functions: the member is a struct redis_options. */
option_member_set redis_option_sentinel, redis_option_master, redis_option_password;

/* --name, a part of keys: 1 to 64 letters, digits, '.', '_' or '-'. Sets a const char *. */
option_member_set redis_option_name;

/* --server: a port, host:port, [v6]:port or unix:/path; `others` names what else it takes. */
struct address redis_option_server(const char *option, const char *value, const char *others);

/* $REDIS_PASSWORD; NULL: none. */
const char *redis_default_password(void);

/* After all options: ends the program if some do not go together; makes place.tls. */
void redis_options_complete(struct redis_options *redis);

/* Wipes the password, and frees place.tls. */
void redis_options_free(struct redis_options *redis);

#endif
