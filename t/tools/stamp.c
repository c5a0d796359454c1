/* SPDX-License-Identifier: MIT */
#include "t/tools/stamp.h"

#include <inttypes.h>
#include <stdio.h>

const char *stamp_text(nsec wall, char out[STAMP_TEXT])
{
	snprintf(out, STAMP_TEXT, "%" PRId64 ".%03" PRId64, wall / NSEC_PER_SEC,
		wall % NSEC_PER_SEC / NSEC_PER_MSEC);
	return out;
}
