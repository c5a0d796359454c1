/* SPDX-License-Identifier: MIT */
#include "common/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool reason_set(struct reason *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->text, sizeof why->text, format, arguments);
	va_end(arguments);
	return false;
}

bool reason_prefix(struct reason *why, const char *format, ...)
{
	struct reason old = *why;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->text, sizeof why->text, format, arguments);
	va_end(arguments);
	size_t used = strlen(why->text);
	snprintf(why->text + used, sizeof why->text - used, ": %s", old.text);
	return false;
}
