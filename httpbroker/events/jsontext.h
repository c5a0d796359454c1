/* SPDX-License-Identifier: MIT */
/* Writing JSON, fast and straight into a buffer. Reading it is jansson's work. */
#ifndef HTTPBROKER_EVENTS_JSONTEXT_H
#define HTTPBROKER_EVENTS_JSONTEXT_H

#include "common/buffer.h"

#include <stdint.h>

/* A string in quotes. The bytes are valid UTF-8; what JSON wants escaped is. */
void jsontext_string(struct buffer *out, const char *bytes, size_t length);

void jsontext_number(struct buffer *out, int64_t number);

#define JSONTEXT_NUMBER 24 /* bytes that hold any number */

/* The digits alone, without a NUL; returns how many bytes that are. */
size_t jsontext_digits(char out[JSONTEXT_NUMBER], int64_t number);

#endif
