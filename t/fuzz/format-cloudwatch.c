/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/format.h"
#include "t/fuzz/format.h"
#include "t/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	format_fuzz(&format_cloudwatch, bytes, length);
	return 0;
}
