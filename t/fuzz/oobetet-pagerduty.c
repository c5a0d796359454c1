/* SPDX-License-Identifier: MIT */
/* PagerDuty's answers: the first byte chooses the status, the others are the body. */
#include "common/utf8_clean.h"
#include "oobetet/http/pagerduty.h"
#include "t/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const long statuses[] = {0, 200, 202, 400, 403, 429, 500};
	char out[300];

	if (length == 0)
		return 0;
	int version = 1 + bytes[0] % 2;
	const struct integration integration = {version, "0123456789abcdef", "critical"};
	long status = statuses[bytes[0] / 2 % (sizeof statuses / sizeof statuses[0])];
	char *answer = fuzz_string(bytes + 1, length - 1);

	pagerduty_explain(&integration, status, answer, out, sizeof out);
	FUZZ_EXPECT(strncmp(out, "HTTP ", 5) == 0);
	FUZZ_EXPECT(utf8_is_clean_line(out));
	enum message_type type = pagerduty_result(version, status, answer);
	bool good = status == (version == 1 ? 200 : 202);
	bool told =
		version == 2 || strstr(answer, "uccess") != NULL || strchr(answer, '\\') != NULL;
	FUZZ_EXPECT(type == MESSAGE_DONE ? good && told : version == 1 || !good);
	free(answer);
	return 0;
}
