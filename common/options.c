/* SPDX-License-Identifier: MIT */
#include "common/options.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/number.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

nsec option_duration(const char *option, const char *text, nsec min, nsec max)
{
	struct reason why;
	nsec value;

	if (!duration_parse(text, min, max, &value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return value;
}

int64_t option_number(const char *option, const char *text, int64_t min, int64_t max)
{
	struct reason why;
	int64_t value;

	if (!number_parse(text, min, max, &value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return value;
}

int64_t option_size(const char *option, const char *text, int64_t min, int64_t max)
{
	static const char units[] = "kMG"; /* each 1024 of the one before */
	size_t length = strlen(text);
	const char *unit = length > 1 ? strchr(units, text[length - 1]) : NULL;
	char digits[32];
	struct reason why;
	int64_t value;

	if (strspn(text, "0123456789") == length && length > 0)
		return option_number(option, text, min, max);
	if (unit == NULL)
		die(EX_USAGE, "%s: '%s' is not a number of bytes such as 65536, 64k, 16M or 1G",
			option, text);
	int shift = 10 * (int)(unit - units + 1);
	snprintf(digits, sizeof digits, "%.*s", (int)length - 1, text);
	if (!number_parse(digits, 0, INT64_MAX >> shift, &value, &why))
		die(EX_USAGE, "%s: '%s' is not a number of bytes such as 65536, 64k, 16M or 1G",
			option, text);
	value <<= shift;
	if (value < min || value > max)
		die(EX_USAGE, "%s: '%s' is not from %" PRId64 " to %" PRId64 " bytes", option, text,
			min, max);
	return value;
}

struct address option_address(const char *option, const char *text)
{
	struct reason why;
	struct address value;

	if (!address_parse(text, &value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return value;
}

int option_ready_fd(const char *option, const char *text)
{
	int fd = (int)option_number(option, text, 0, INT_MAX);

	if (fd == STDERR_FILENO)
		die(EX_USAGE, "%s: %d is where the log goes", option, fd);
	if (fcntl(fd, F_GETFD) < 0)
		die(EX_USAGE, "%s: %d: %s", option, fd, strerror(errno));
	return fd;
}

void option_version(const char *program)
{
	printf("%s %s\n", program, PACKAGE_VERSION);
}

void option_hint(const char *program)
{
	fprintf(stderr, "Try '%s --help'.\n", program);
	exit(EX_USAGE);
}

void option_unexpected(const char *operand)
{
	die(EX_USAGE, "unexpected argument '%s'", operand);
}
