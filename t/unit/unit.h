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

/* cmocka 2.0 deprecates assert_in_range(), and 1.1 has not yet what replaces it. */
#define assert_between(value, least, most)                                                  \
	do {                                                                                \
		intmax_t between_ = (intmax_t)(value);                                      \
		if (between_ < (intmax_t)(least) || between_ > (intmax_t)(most))            \
			fail_msg("%jd is not from %jd to %jd", between_, (intmax_t)(least), \
				(intmax_t)(most));                                          \
	} while (0)

#endif
