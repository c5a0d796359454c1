/* SPDX-License-Identifier: MIT */
/* A message of SNS, up to where its certificate would be fetched. */
#include "common/buffer.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/sns/envelope.h"
#include "t/fuzz/fuzz.h"

static void passed_try(const struct envelope *envelope, const struct topic *topic)
{
	struct buffer url = {0};

	/* whatever was said, only one host can be asked for anything */
	FUZZ_EXPECT(topic->region.length == strlen("eu-west-1"));
	FUZZ_EXPECT(envelope->certificate_url.length > strlen("https://sns."));
	topic_confirm_url(&url, topic, envelope->topic, envelope->token);
	FUZZ_EXPECT(strncmp(url.data, "https://sns.eu-west-1.amazonaws.com/?Action=", 44) == 0);
	FUZZ_EXPECT(strpbrk(url.data + 44, "/@#:? \r\n") == NULL);
	buffer_free(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const patterns[] = {"arn:aws:sns:eu-west-1:123456789012:*"};
	const struct policy policy = {patterns, 1};
	json_t *document = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);
	struct envelope envelope;
	struct topic topic;
	struct reason why = {""};

	if (document != NULL && format_sns.matches(document)) {
		if (!envelope_read(document, &envelope, &why) ||
			!policy_check(&policy, &envelope, INT64_C(1767323045), &topic, &why))
			FUZZ_EXPECT(why.text[0] != '\0');
		else
			passed_try(&envelope, &topic);
	}
	json_decref(document);
	return 0;
}
