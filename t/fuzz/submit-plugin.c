/* SPDX-License-Identifier: MIT */
/* What a command prints, and what is made of it. */
#include "common/utf8.h"
#include "httpbroker/submit/report.h"
#include "t/fuzz/fuzz.h"

#include <jansson.h>

static void report_check(const struct command_result *result)
{
	const struct report_rules rules = {
		result->value % 2 == 0 ? EXIT_MAP_PLUGIN : EXIT_MAP_PLAIN, "critical"};
	struct fields fields = {.entity = "e", .check = "c", .time = FIELDS_NO_TIME};
	struct report report = {0};
	struct buffer json = {0};

	report_make(&report, result, &rules, "command", &fields);
	FUZZ_EXPECT(strchr(fields.summary, '\n') == NULL);
	FUZZ_EXPECT(fields.perfdata == NULL || strpbrk(fields.perfdata, "\n\r\t") == NULL);
	fields_write(&fields, &json);
	json_t *event = json_loadb(json.data, json.length, 0, NULL);
	FUZZ_EXPECT(json_is_string(json_object_get(event, "state")));
	json_decref(event);
	buffer_free(&json);
	report_free(&report);
}

/* The first byte says how it ended. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct command_result result = {.took = 1, .limit = NSEC_PER_SEC};

	if (length == 0)
		return 0;
	result.end = (enum command_end)(bytes[0] % 4);
	result.value = bytes[0] / 4;
	result.out.cut = bytes[0] >= 128;
	buffer_append(&result.out.head, bytes + 1, length / 2);
	if (length / 2 < length - 1)
		buffer_append(&result.out.tail, bytes + 1 + length / 2, length - 1 - length / 2);
	FUZZ_EXPECT(utf8_whole(result.out.head.data, result.out.head.length) + 3 >=
		    result.out.head.length);
	report_check(&result);
	command_result_free(&result);
	return 0;
}
