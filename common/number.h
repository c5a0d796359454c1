/* SPDX-License-Identifier: MIT */
/* The strict parser of whole numbers: digits with an optional minus, and nothing else. */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include "common/reason.h"

#include <stdint.h>

/* Reads `text` into *out if it is a decimal whole number from min to max. */
bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out, struct reason *why);

/* The ending of a noun behind the number: "" for one, else "s". */
const char *number_plural(uint64_t number);

#endif
