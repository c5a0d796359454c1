/* SPDX-License-Identifier: MIT */
/* Random numbers from the kernel; arc4random(3) is not in every C library. */
#ifndef COMMON_RANDOM_H
#define COMMON_RANDOM_H

#include <stdint.h>

/* 32 bits; may block soon after boot. Exits if the kernel has none. */
uint32_t random_number(void);

/* For ids and jitter, which need not be secret. Never waits: soon after boot it is the time. */
uint64_t random_seed(void);

#endif
