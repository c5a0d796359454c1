/* SPDX-License-Identifier: MIT */
/* Durations, addresses and numbers, as they are written in options and configuration files. */
#include "common/address.h"
#include "common/duration.h"
#include "common/number.h"
#include "t/fuzz/fuzz.h"

/* What was understood is written as it would be understood again. */
static void address_try(const char *text)
{
	struct address first, second;
	struct reason why;
	char written[ADDRESS_TEXT];

	if (!address_parse(text, &first, &why)) {
		FUZZ_EXPECT(why.text[0] != '\0');
		return;
	}
	FUZZ_EXPECT(address_parse(address_text(&first, written), &second, &why));
	FUZZ_EXPECT(strcmp(first.host, second.host) == 0);
	FUZZ_EXPECT(strcmp(first.path, second.path) == 0);
	FUZZ_EXPECT(first.port == second.port);
}

static void duration_try(const char *text)
{
	struct reason why;
	char written[DURATION_TEXT];
	nsec duration;

	if (!duration_parse(text, NSEC_PER_MSEC, 24 * 3600 * NSEC_PER_SEC, &duration, &why)) {
		FUZZ_EXPECT(why.text[0] != '\0');
		return;
	}
	FUZZ_EXPECT(duration >= NSEC_PER_MSEC && duration <= 24 * 3600 * NSEC_PER_SEC);
	FUZZ_EXPECT(strlen(duration_text(duration, written)) < DURATION_TEXT);
}

static void number_try(const char *text)
{
	struct reason why;
	int64_t number;

	if (number_parse(text, -5, 5000, &number, &why))
		FUZZ_EXPECT(number >= -5 && number <= 5000);
	else
		FUZZ_EXPECT(why.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_string(bytes, length);

	address_try(text);
	duration_try(text);
	number_try(text);
	free(text);
	return 0;
}
