/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/redis_options.h"

#include "common/log.h"
#include "common/options.h"
#include "common/secret.h"

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

const char *redis_option_name(const char *option, const char *value)
{
	size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-");

	if (length == 0 || length > NAME_LENGTH_MAX || value[length] != '\0')
		die(EX_USAGE, "%s: '%s' is not 1 to %d letters, digits, '.', '_' or '-'", option,
			value, NAME_LENGTH_MAX);
	return value;
}

char *redis_option_password(const char *option, const char *path)
{
	struct reason why;
	char *password = secret_file_line(path, NULL, &why);

	if (password == NULL)
		die(EX_CONFIG, "%s: %s", option, why.text);
	return password;
}

void redis_option_user_check(const char *user, const char *password)
{
	if (user != NULL && password == NULL)
		die(EX_USAGE, "--user: needs a password: --password-file, or $REDIS_PASSWORD");
}

const char *redis_default_password(void)
{
	const char *password = getenv("REDIS_PASSWORD");

	return password != NULL && password[0] != '\0' ? password : NULL;
}
