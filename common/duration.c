/* SPDX-License-Identifier: MIT */
#include "common/duration.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
	const char *name;
	nsec length;
} units[] = {
	{"d", 86400 * NSEC_PER_SEC},
	{"h", 3600 * NSEC_PER_SEC},
	{"m", 60 * NSEC_PER_SEC},
	{"s", NSEC_PER_SEC},
	{"ms", NSEC_PER_MSEC},
};

/* Reads a unit and moves *text behind it; NULL: no unit. */
static const struct unit *unit_read(const char **text)
{
	size_t length = strspn(*text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strlen(units[i].name) == length && strncmp(units[i].name, *text, length) == 0) {
			*text += length;
			return &units[i];
		}
	}
	return NULL;
}

/* A decimal number; places behind the ninth are ignored. */
struct decimal {
	int64_t whole;
	int64_t billionths;
};

static bool decimal_read(const char **text, struct decimal *out)
{
	const char *p = *text;
	int64_t place = NSEC_PER_SEC / 10;

	if (!isdigit((unsigned char)*p))
		return false;
	*out = (struct decimal){0, 0};
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(out->whole, 10, &out->whole) ||
			__builtin_add_overflow(out->whole, *p - '0', &out->whole))
			return false;
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return false;
		for (; isdigit((unsigned char)*p); p++, place /= 10)
			out->billionths += place * (*p - '0');
	}
	*text = p;
	return true;
}

/* Adds `number` units to *total; false: overflow. */
static bool duration_add(nsec *total, struct decimal number, nsec unit)
{
	nsec whole;
	nsec part = unit >= NSEC_PER_SEC ? number.billionths * (unit / NSEC_PER_SEC)
					 : number.billionths / (NSEC_PER_SEC / unit);

	return !__builtin_mul_overflow(number.whole, unit, &whole) &&
	       !__builtin_add_overflow(*total, whole, total) &&
	       !__builtin_add_overflow(*total, part, total);
}

static bool duration_read(const char *text, nsec *out)
{
	const struct unit *last = NULL;

	*out = 0;
	do {
		struct decimal number;

		if (!decimal_read(&text, &number))
			return false;
		/* a bare number counts seconds, but only where no unit came before: not `1h30` */
		if (*text == '\0')
			return last == NULL && duration_add(out, number, NSEC_PER_SEC);
		const struct unit *unit = unit_read(&text);
		if (unit == NULL || (last != NULL && unit <= last))
			return false;
		if (!duration_add(out, number, unit->length))
			return false;
		last = unit;
	} while (*text != '\0');
	return true;
}

/* As a user would write it: a whole number of the largest possible unit. */
static const char *limit_text(nsec limit, char out[DURATION_TEXT])
{
	const struct unit *unit = units;

	while (limit % unit->length != 0 && unit->length > NSEC_PER_MSEC)
		unit++;
	snprintf(out, DURATION_TEXT, "%lld%s", (long long)(limit / unit->length),
		limit == 0 ? "" : unit->name);
	return out;
}

bool duration_parse(const char *text, nsec min, nsec max, nsec *out, struct reason *why)
{
	char low[DURATION_TEXT], high[DURATION_TEXT];
	nsec value;

	if (!duration_read(text, &value))
		return reason_set(why,
			"'%s' is not a duration such as 10, 1.5, 500ms, 10s, 2m, 1h30m, 1d", text);
	if (value < min || value > max)
		return reason_set(why, "'%s' is not from %s to %s", text, limit_text(min, low),
			limit_text(max, high));
	*out = value;
	return true;
}

const char *duration_text(nsec duration, char out[DURATION_TEXT])
{
	bool negative = duration < 0;

	if (negative)
		duration = -duration;
	/* rounded: 60 s less the time to say so is still 60 s, and 1 s is not 1000 ms */
	bool seconds = duration >= NSEC_PER_SEC - NSEC_PER_MSEC / 2000 || duration == 0;
	nsec unit = seconds ? NSEC_PER_SEC : NSEC_PER_MSEC;
	nsec thousandth = unit / 1000;
	nsec thousandths = duration / thousandth + (duration % thousandth >= thousandth / 2);

	int used = snprintf(out, DURATION_TEXT, "%s%lld.%03lld", negative ? "-" : "",
		(long long)(thousandths / 1000), (long long)(thousandths % 1000));
	while (out[used - 1] == '0')
		used--;
	if (out[used - 1] == '.')
		used--;
	snprintf(out + used, (size_t)(DURATION_TEXT - used), seconds ? " s" : " ms");
	return out;
}
