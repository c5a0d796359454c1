/* SPDX-License-Identifier: MIT */
/* An answer of Alertmanager: its status (two bytes), then its body. */
#include "common/utf8_clean.h"
#include "httpbroker/notify/alerts.h"
#include "t/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length < 2)
		return 0;
	struct reason why = {""};
	long status = bytes[0] * 256 + bytes[1];
	enum alerts_answer answer =
		alerts_answer_read(status, (const char *)bytes + 2, length - 2, &why);

	FUZZ_EXPECT((answer == ALERTS_ACCEPTED) == (status >= 200 && status < 300));
	FUZZ_EXPECT(answer == ALERTS_ACCEPTED ? why.text[0] == '\0'
					      : strncmp(why.text, "it answers ", 11) == 0);
	FUZZ_EXPECT(utf8_clean_span(why.text, strlen(why.text), UTF8_ONE_LINE) == strlen(why.text));
	return 0;
}
