/* SPDX-License-Identifier: MIT */
/* The file of planned work: any bytes, with a true checksum behind them too. */
#include "oobetet/state/quiet.h"
#include "oobetet/state/state.h"
#include "t/fuzz/fuzz.h"

static void quiet_try(char *text)
{
	static struct quiet quiet, again;
	struct buffer written = {NULL, 0, 0};
	struct reason why;

	if (!quiet_read(text, &quiet, &why)) {
		FUZZ_EXPECT(quiet.count == 0);
		return;
	}
	quiet_write(&quiet, &written);
	FUZZ_EXPECT(quiet_read(written.data, &again, &why));
	FUZZ_EXPECT(quiet.count == again.count);
	for (int i = 0; i < quiet.count; i++)
		FUZZ_EXPECT(quiet.entry[i].until - quiet.entry[i].from <= QUIET_LONGEST);
	buffer_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_string(bytes, length);
	struct buffer whole = {NULL, 0, 0};

	buffer_printf(&whole, "oobetet-quiet\t1\n%s", text);
	state_seal(&whole);
	quiet_try(text);
	quiet_try(whole.data);
	buffer_free(&whole);
	free(text);
	return 0;
}
