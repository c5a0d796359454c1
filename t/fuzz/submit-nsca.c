/* SPDX-License-Identifier: MIT */
/* Lines that are piped into send_nsca. */
#include "t/fuzz/fuzz.h"
#include "t/fuzz/submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	return submit_feed_try("nsca", bytes, length);
}
