/* SPDX-License-Identifier: MIT */
/* Lines that Nagios writes as performance data. */
#include "t/fuzz/fuzz.h"
#include "t/fuzz/submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	return submit_feed_try("nagios", bytes, length);
}
