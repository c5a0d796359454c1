/* SPDX-License-Identifier: MIT */
/* A random number for ids and jitter: nobody must guess it, but nothing breaks if somebody does. */
#ifndef OOBETET_RANDOM_H
#define OOBETET_RANDOM_H

#include <stdint.h>

/* Never waits: a machine that has just started may have only the time to offer. */
uint64_t random_draw(void);

#endif
