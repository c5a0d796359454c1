/* SPDX-License-Identifier: MIT */
#include "httpbroker/events/isotime.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

/* Two digits from 0 to `most`; -1: none there. */
static int pair_read(const char *text, int max)
{
	if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]))
		return -1;
	int pair = 10 * (text[0] - '0') + text[1] - '0';
	return pair <= max ? pair : -1;
}

/* `Z`, `+0100` or `+01:00`, and nothing behind it. */
static bool offset_read(const char *text, int64_t *out)
{
	if (strcmp(text, "Z") == 0) {
		*out = 0;
		return true;
	}
	int sign = text[0] == '-' ? -1 : 1;
	int hours = text[0] == '+' || text[0] == '-' ? pair_read(text + 1, 23) : -1;
	if (hours < 0)
		return false;
	const char *rest = text[3] == ':' ? text + 4 : text + 3;
	int minutes = pair_read(rest, 59);
	if (minutes < 0 || rest[2] != '\0')
		return false;
	*out = sign * (INT64_C(3600) * hours + INT64_C(60) * minutes);
	return true;
}

bool isotime_read(struct text text, int64_t *out)
{
	char copy[64];
	struct tm broken = {0};
	int64_t offset;

	if (text.bytes == NULL || text.length >= sizeof copy)
		return false;
	memcpy(copy, text.bytes, text.length);
	copy[text.length] = '\0';
	const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &broken);
	if (rest == NULL)
		return false;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!offset_read(rest, &offset))
		return false;
	int64_t time = timegm(&broken) - offset;
	if (time < 0)
		return false;
	*out = time;
	return true;
}
