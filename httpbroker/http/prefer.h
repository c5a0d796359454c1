/* SPDX-License-Identifier: MIT */
/* The Prefer header (RFC 7240), as far as it matters here: `respond-async, wait=5`. */
#ifndef HTTPBROKER_HTTP_PREFER_H
#define HTTPBROKER_HTTP_PREFER_H

#include <stdbool.h>

/* Whether this preference is among those in the header's value; NULL: there is no header. */
bool prefer_has(const char *value, const char *preference);

#endif
