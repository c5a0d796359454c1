/* SPDX-License-Identifier: MIT */
/* Files, sockets and pipes: how many this process may have open at once, and the standard three. */
#ifndef COMMON_DESCRIPTORS_H
#define COMMON_DESCRIPTORS_H

#include <stddef.h>

/*
 * Raises the soft limit to `wanted`, or as far as the hard limit lets us; never lowers it.
 * Returns how many may be open now: what is less than wanted is the caller's to live with.
 */
size_t descriptors_allow(size_t wanted);

/* Opens /dev/null as each of the standard three that is closed: or what is opened next, be it a
 * connection, would be taken for it. */
void descriptors_complete(void);

/*
 * Between fork and exec: keeps `from` and all above it from the new program. With close_range(2),
 * or one by one where the C library (musl) or the kernel has none.
 */
void descriptors_keep_from_exec(int from);

#endif
