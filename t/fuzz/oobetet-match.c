/* SPDX-License-Identifier: MIT */
/* What oobetet hears: any line, with Flapjack's wordings and with patterns. */
#include "common/utf8_clean.h"
#include "oobetet/watch/match.h"
#include "t/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct match match = {.check = "Flapper", .entity = "web-01"};
	char *body = fuzz_string(bytes, length);
	struct reason why;
	enum kind worded = match_body(&match, body);

	FUZZ_EXPECT(worded <= KIND_NONE && worded != KIND_HEARTBEAT);
	if (worded != KIND_NONE) /* the check's name is there, whatever is around it */
		FUZZ_EXPECT(strstr(body, "Flapper\"") != NULL);
	struct explanation explanation;
	match_explain(&match, body, &explanation);
	FUZZ_EXPECT(explanation.kind == worded);
	FUZZ_EXPECT((explanation.mismatch == MISMATCH_NONE) == (worded != KIND_NONE));
	FUZZ_EXPECT(explanation.text[0] != '\0' && utf8_is_clean_line(explanation.text));
	FUZZ_EXPECT(match_pattern(&match, KIND_HEARTBEAT, "^[^a]*(a|ab)(c|bcd)*$", &why));
	enum kind matched = match_body(&match, body);
	FUZZ_EXPECT(matched >= KIND_HEARTBEAT);
	if (strncmp(body, "Flapjack Self Monitoring ", 25) == 0)
		FUZZ_EXPECT(worded == KIND_NONE && matched == KIND_NONE);
	match_free(&match);
	free(body);
	return 0;
}
