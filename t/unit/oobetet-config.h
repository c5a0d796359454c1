/* SPDX-License-Identifier: MIT */
/* A configuration of oobetet that a test has as a text. Include it after unit.h. */
#ifndef T_UNIT_OOBETET_CONFIG_H
#define T_UNIT_OOBETET_CONFIG_H

#include "oobetet/config/config.h"

#include <string.h>

/* Fails the test if it is not valid. Free it with config_free(). */
static inline struct config *config_of(const char *text)
{
	struct reason why;
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct config *config = config_read_stream(file, "test", &why);

	fclose(file);
	if (config == NULL)
		fail_msg("%s", why.text);
	return config;
}

#endif
