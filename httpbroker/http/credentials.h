/* SPDX-License-Identifier: MIT */
/*
 * What a client says to be let in: the Authorization header, RFC 9110 section 11, with
 * `Bearer TOKEN` (RFC 6750) or `Basic BASE64` of `user:TOKEN` (RFC 7617; the user is ignored).
 */
#ifndef HTTPBROKER_HTTP_CREDENTIALS_H
#define HTTPBROKER_HTTP_CREDENTIALS_H

#include <stdbool.h>

enum { TOKEN_MAX = 256 }; /* bytes that hold any token, a NUL behind it and only NULs after that */

/*
 * The token in the header's value, padded with NULs: two such can be compared as a whole. False
 * if there is none, or one that is too long. Wipe it after use.
 */
bool credentials_read(const char *header, char token[TOKEN_MAX]);

#endif
