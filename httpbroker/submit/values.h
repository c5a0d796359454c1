/* SPDX-License-Identifier: MIT */
/* Values of httpbroker-submit's options that no other program has. A wrong one ends the program
 * with 64 and a message that names `option`. */
#ifndef HTTPBROKER_SUBMIT_VALUES_H
#define HTTPBROKER_SUBMIT_VALUES_H

#include "common/clocks.h"

#include <stdint.h>

/* Not empty. */
const char *value_filled(const char *option, const char *value);

/* What httpbroker(1) calls a state, in whatever case. */
const char *value_state(const char *option, const char *value);

/* A time to live in whole seconds, or FIELDS_TTL_NEVER (event/draft.h). */
int64_t value_ttl(const char *option, const char *value);

/* Seconds since the epoch. */
int64_t value_time(const char *option, const char *value);

/* A single byte, `\t` for a tab, that no line ends with. */
char value_byte(const char *option, const char *value);

/* How long to wait; NSEC_NEVER for `forever`. */
nsec value_patience(const char *option, const char *value);

#endif
