/* SPDX-License-Identifier: MIT */
/* Durations, addresses and numbers, as people write them; and text that has to be made clean. */
#include "common/address.h"
#include "common/duration.h"
#include "common/number.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
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

/* What was cleaned is clean, and a copy that was cut is its beginning. */
static void clean_try(const char *bytes, size_t length, enum utf8_lines lines)
{
	struct buffer clean = {NULL, 0, 0};
	char copy[16];

	buffer_append(&clean, "", 0);
	utf8_clean_append(&clean, bytes, length, lines);
	FUZZ_EXPECT(utf8_clean_span(clean.data, clean.length, lines) == clean.length);
	FUZZ_EXPECT(strlen(clean.data) == clean.length);
	if (utf8_clean_span(bytes, length, lines) == length)
		FUZZ_EXPECT(clean.length == length &&
			    (length == 0 || memcmp(clean.data, bytes, length) == 0));
	size_t copied = utf8_clean_copy(copy, sizeof copy, bytes, length, lines);
	FUZZ_EXPECT(copied < sizeof copy && copied <= clean.length && copy[copied] == '\0');
	FUZZ_EXPECT(memcmp(copy, clean.data, copied) == 0);
	FUZZ_EXPECT(copied == clean.length || copied + UTF8_LONGEST >= sizeof copy);
	buffer_free(&clean);
}

/* What is visible stays as it is. */
static void visible_try(const char *bytes, size_t length)
{
	struct buffer once = {NULL, 0, 0}, twice = {NULL, 0, 0};

	buffer_append(&once, "", 0);
	buffer_append(&twice, "", 0);
	utf8_visible_append(&once, bytes, length);
	utf8_visible_append(&twice, once.data, once.length);
	FUZZ_EXPECT(strcmp(once.data, twice.data) == 0);
	FUZZ_EXPECT(utf8_clean_span(once.data, once.length, UTF8_ONE_LINE) == once.length);
	buffer_free(&once);
	buffer_free(&twice);
}

/* What was mended needs it no more. */
static void escapes_try(const char *bytes, size_t length)
{
	struct buffer json = {NULL, 0, 0};

	buffer_append(&json, bytes, length);
	utf8_mend_escapes(json.data, length);
	FUZZ_EXPECT(!utf8_mend_escapes(json.data, length));
	buffer_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_string(bytes, length);

	address_try(text);
	duration_try(text);
	number_try(text);
	free(text);
	clean_try((const char *)bytes, length, UTF8_LINES);
	clean_try((const char *)bytes, length, UTF8_ONE_LINE);
	visible_try((const char *)bytes, length);
	escapes_try((const char *)bytes, length);
	return 0;
}
