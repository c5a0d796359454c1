/* SPDX-License-Identifier: MIT */
#include "common/number.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out, struct reason *why)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	char *end;

	/* strtoll alone would let blanks and a plus sign through */
	if (!isdigit((unsigned char)digits[0]))
		return reason_set(why, "'%s' is not a whole number", text);
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (*end != '\0')
		return reason_set(why, "'%s' is not a whole number", text);
	if (errno == ERANGE || value < min || value > max)
		return reason_set(why, "%s is not from %" PRId64 " to %" PRId64, text, min, max);
	*out = value;
	return true;
}

const char *number_plural(uint64_t number)
{
	return number == 1 ? "" : "s";
}
