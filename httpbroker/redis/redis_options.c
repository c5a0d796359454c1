/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/redis_options.h"

#include "common/log.h"
#include "common/secret.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { NAME_LENGTH_MAX = 64 };

struct address redis_option_server(const char *option, const char *value, const char *others)
{
	if (strpbrk(value, ":0123456789-") == NULL)
		die(EX_USAGE,
			"%s: '%s' is not port, host:port, [v6]:port%s unix:/path%s: a host needs its "
			"port behind it, %s:6379",
			option, value, others[0] != '\0' ? "," : " or", others, value);
	struct address address = option_address(option, value);
	if (address.path[0] == '\0' && address.port == 0)
		die(EX_USAGE, "%s: there is no Redis at port 0", option);
	return address;
}

void redis_option_sentinel(void *member, const char *option, const char *value)
{
	struct redis_place *place = &((struct redis_options *)member)->place;

	if (place->sentinel_count == SENTINELS_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, SENTINELS_MAX);
	if (strpbrk(value, ":0123456789-") == NULL)
		die(EX_USAGE,
			"%s: '%s' is not host:port: a host needs its port behind it, %s:26379",
			option, value, value);
	struct address address = option_address(option, value);
	if (address.path[0] == '\0' && address.port == 0)
		die(EX_USAGE, "%s: there is no sentinel at port 0", option);
	place->sentinels[place->sentinel_count++] = address;
}

static void name_check(const char *option, const char *value, size_t max)
{
	size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-");

	if (length == 0 || length > max || value[length] != '\0')
		die(EX_USAGE, "%s: '%s' is not 1 to %zu letters, digits, '.', '_' or '-'", option,
			value, max);
}

void redis_option_master(void *member, const char *option, const char *value)
{
	struct redis_options *redis = member;

	name_check(option, value, MASTER_NAME); /* Sentinel permits no others */
	memcpy(redis->place.master, value, strlen(value) + 1);
}

void redis_option_name(void *member, const char *option, const char *value)
{
	name_check(option, value, NAME_LENGTH_MAX);
	*(const char **)member = value;
}

void redis_option_password(void *member, const char *option, const char *value)
{
	struct redis_options *redis = member;
	struct reason why;

	secret_free(redis->secret);
	redis->password = redis->secret = secret_file_line(value, NULL, &why);
	if (redis->password == NULL)
		die(EX_CONFIG, "%s: %s", option, why.text);
}

static void tls_check(const struct redis_place *place, const struct tls_settings *tls)
{
	const char *needs_tls = tls->ca_file != NULL     ? "--tls-ca-file"
				: tls->cert_file != NULL ? "--tls-cert-file"
				: tls->key_file != NULL  ? "--tls-key-file"
							 : NULL;

	if (!tls->on && needs_tls != NULL)
		die(EX_USAGE, "%s: needs --tls", needs_tls);
	if ((tls->cert_file != NULL) != (tls->key_file != NULL))
		die(EX_USAGE, "--tls-cert-file and --tls-key-file need each other");
	bool path = place->server.path[0] != '\0';
	for (size_t i = 0; i < place->sentinel_count; i++)
		path = path || place->sentinels[i].path[0] != '\0';
	if (tls->on && path)
		die(EX_USAGE, "--tls: there is no TLS on a UNIX socket: give host:port");
}

static void place_check(const struct redis_place *place, bool server)
{
	bool sentinel = place->sentinel_count > 0, master = place->master[0] != '\0';

	if (sentinel && server)
		die(EX_USAGE, "--sentinel: the sentinels say where Redis is: give no --server");
	if (sentinel && !master)
		die(EX_USAGE,
			"--sentinel: needs --master, the name by which the sentinels know it, such "
			"as mymaster");
	if (master && !sentinel)
		die(EX_USAGE, "--master: needs --sentinel, who knows where that is");
}

const char *redis_default_password(void)
{
	const char *password = getenv("REDIS_PASSWORD");

	return password != NULL && password[0] != '\0' ? password : NULL;
}

void redis_options_complete(struct redis_options *redis)
{
	struct reason why;

	tls_check(&redis->place, &redis->tls);
	place_check(&redis->place, redis->server);
	if (redis->tls.on) {
		redis->place.tls = tls_new(&redis->tls, &why);
		if (redis->place.tls == NULL)
			die(EX_NOINPUT, "%s", why.text);
	}
	if (redis->user != NULL && redis->password == NULL)
		die(EX_USAGE, "--user: needs a password: --password-file, or $REDIS_PASSWORD");
}

void redis_options_free(struct redis_options *redis)
{
	secret_free(redis->secret);
	redis->secret = NULL;
	SSL_CTX_free(redis->place.tls);
	redis->place.tls = NULL;
}
