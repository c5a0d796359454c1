/* SPDX-License-Identifier: MIT */
/* How many files, sockets and pipes this process may have open at once. */
#ifndef COMMON_DESCRIPTORS_H
#define COMMON_DESCRIPTORS_H

#include <stddef.h>

/*
 * Raises the soft limit to `wanted`, or as far as the hard limit lets us; never lowers it.
 * Returns how many may be open now: what is less than wanted is the caller's to live with.
 */
size_t descriptors_allow(size_t wanted);

#endif
