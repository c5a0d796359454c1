/* SPDX-License-Identifier: MIT */
/*
 * Times as services write them (ISO 8601, RFC 3339): `2026-01-02T03:04:05Z`,
 * `2026-01-02T03:04:05.678+0000`, `2026-01-02T04:04:05+01:00`.
 */
#ifndef HTTPBROKER_EVENTS_ISOTIME_H
#define HTTPBROKER_EVENTS_ISOTIME_H

#include "httpbroker/events/event.h"

/* Into whole seconds since 1970; false, and *out untouched, if it is no such time or earlier. */
bool isotime_read(struct text text, int64_t *out);

#endif
