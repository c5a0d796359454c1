/* SPDX-License-Identifier: MIT */
/* External commands of Nagios. */
#include "t/fuzz/fuzz.h"
#include "t/fuzz/submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	return submit_feed_try("extcmd", bytes, length);
}
