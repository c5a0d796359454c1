/* SPDX-License-Identifier: MIT */
/* Random numbers from the kernel; arc4random(3) is not in every C library. */
#ifndef COMMON_RANDOM_H
#define COMMON_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* These may block soon after boot, and exit if the kernel has none. At most 256 bytes. */
void random_bytes(void *out, size_t size);
uint32_t random_number(void);

/* For ids and jitter, which need not be secret. Never waits: soon after boot it is the time. */
uint64_t random_seed(void);

#endif
