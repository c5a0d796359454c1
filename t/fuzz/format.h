/* SPDX-License-Identifier: MIT */
/* What holds for every format of the broker, whatever it is given. */
#ifndef T_FUZZ_FORMAT_H
#define T_FUZZ_FORMAT_H

#include "httpbroker/formats/format.h"

#include <stddef.h>
#include <stdint.h>

/* Gives the bytes to the format, if they are JSON of its shape, for each version of Flapjack. */
void format_fuzz(const struct format *format, const uint8_t *bytes, size_t length);

#endif
