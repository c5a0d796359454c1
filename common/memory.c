/* SPDX-License-Identifier: MIT */
#include "common/memory.h"

#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void *memory_checked(void *block)
{
	if (block == NULL)
		die(EX_OSERR, "out of memory");
	return block;
}

void *memory_zeroed(size_t count, size_t size)
{
	return memory_checked(calloc(count, size));
}

void *memory_resized(void *block, size_t size)
{
	return memory_checked(realloc(block, size));
}

char *memory_copied(const char *text)
{
	return memory_checked(strdup(text));
}

char *memory_printed(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	return memory_checked(length < 0 ? NULL : text);
}
