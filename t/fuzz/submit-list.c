/* SPDX-License-Identifier: MIT */
/* What a broker, or a proxy, answers to --query: the same whatever the pieces. */
#include "httpbroker/submit/rows.h"
#include "t/fuzz/fuzz.h"

static char *table_of(const uint8_t *bytes, size_t length, size_t piece)
{
	const struct query all = {.json = length % 2 == 1};
	struct reason why = {""};
	struct rows *rows = rows_new(&all, &why);
	size_t unused;
	char *out = NULL;
	FILE *file = open_memstream(&out, &unused);
	bool sound = true;
	int code = 0;

	for (size_t at = 0; at < length && sound; at += piece)
		sound = rows_add(rows, (const char *)bytes + at,
			at + piece < length ? piece : length - at, &why);
	FUZZ_EXPECT(sound == (why.text[0] == '\0'));
	if (sound && rows_finish(rows, &why)) {
		FUZZ_EXPECT(rows_print(rows, file, &code, &why));
		FUZZ_EXPECT(code >= 0 && code <= 3);
	}
	fprintf(file, "%d %d %s", sound, code, why.text);
	fclose(file);
	for (const char *c = out; !all.json && *c != '\0'; c++)
		FUZZ_EXPECT(((unsigned char)*c >= ' ' && *c != 0x7f) || *c == '\n');
	rows_free(rows);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *whole = table_of(bytes, length, length + 1), *pieces = table_of(bytes, length, 7);

	FUZZ_EXPECT(strcmp(whole, pieces) == 0);
	free(whole);
	free(pieces);
	return 0;
}
