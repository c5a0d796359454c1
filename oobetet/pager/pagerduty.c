/* SPDX-License-Identifier: MIT */
#include "oobetet/pager/pagerduty.h"

#include "common/log.h"

#include <jansson.h>
#include <stddef.h>
#include <sysexits.h>

static json_t *payload_new(const struct page *page)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "summary", page->text, "source",
		page->source, "severity", "critical", "timestamp", page->since, "component",
		page->component, "class", "self monitoring");
}

char *pagerduty_body(const char *routing_key, const struct page *page)
{
	json_t *event = json_pack("{s:s, s:s, s:s}", "routing_key", routing_key, "event_action",
		page->since != NULL ? "trigger" : "resolve", "dedup_key", page->key);

	if (page->since != NULL) {
		json_object_set_new(event, "payload", payload_new(page));
		json_object_set_new(event, "client", json_string("oobetet"));
	}
	char *body = json_dumps(event, JSON_COMPACT);
	json_decref(event);
	/* every text was made UTF-8 when it came in: only memory can be missing */
	if (body == NULL)
		die(EX_OSERR, "out of memory");
	return body;
}

enum word pagerduty_judge(long status)
{
	if (status == 202)
		return WORD_DONE;
	return status == 400 ? WORD_REFUSED : WORD_FAILED;
}
