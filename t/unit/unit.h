/* SPDX-License-Identifier: MIT */
/* What every unit test includes first: cmocka, with the headers that it wants before it. */
#ifndef T_UNIT_UNIT_H
#define T_UNIT_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
/* clang-format on */

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
