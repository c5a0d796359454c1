/* SPDX-License-Identifier: MIT */
/* oobetet's state file: any bytes, with a true checksum behind them too. */
#include "oobetet/state/state.h"
#include "t/fuzz/fuzz.h"

static void state_try(char *text)
{
	struct state state, again;
	struct reason why;
	struct buffer written = {NULL, 0, 0};

	if (state_read(text, &state, &why)) {
		state_write(&state, &written);
		FUZZ_EXPECT(state_read(written.data, &again, &why));
		FUZZ_EXPECT(state.count == again.count && state.wall == again.wall);
		for (int i = 0; i < state.count; i++) {
			FUZZ_EXPECT(state.watches[i].past.open == again.watches[i].past.open);
			FUZZ_EXPECT(state.watches[i].count == again.watches[i].count);
		}
		state_free(&again);
	}
	buffer_free(&written);
	state_free(&state);
}

/* As state.c has it: what the fuzzer makes up must get past the checksum. */
static char *completed(int version, const char *body)
{
	char *all = memory_printed("oobetet-state\t%d\n%s", version, body);
	uint64_t sum = 14695981039346656037U;

	for (const char *p = all; *p != '\0'; p++)
		sum = (sum ^ (unsigned char)*p) * 1099511628211U;
	char *text = memory_printed("%send\t%016llx\n", all, (unsigned long long)sum);
	free(all);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_string(bytes, length);

	for (int version = 1; version <= 2; version++) {
		char *whole = completed(version, text);

		state_try(whole);
		free(whole);
	}
	state_try(text);
	free(text);
	return 0;
}
