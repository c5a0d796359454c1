/* SPDX-License-Identifier: MIT */
#include "common/options.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

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

struct address option_address(const char *option, const char *text)
{
	struct reason why;
	struct address value;

	if (!address_parse(text, &value, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return value;
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
