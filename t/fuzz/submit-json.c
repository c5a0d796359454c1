/* SPDX-License-Identifier: MIT */
/* JSON documents, one after another. */
#include "t/fuzz/fuzz.h"
#include "t/fuzz/submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	return submit_feed_try("json", bytes, length);
}
