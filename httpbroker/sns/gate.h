/* SPDX-License-Identifier: MIT */
/*
 * Who may pass, as far as that can be told without fetching anything: in this order the topic,
 * the place of the certificate, the version of the signature, and the age of the message.
 */
#ifndef HTTPBROKER_SNS_GATE_H
#define HTTPBROKER_SNS_GATE_H

#include "httpbroker/sns/topic.h"

enum { POLICY_TIME_MOST = 3600 }; /* seconds that a message may be old, or ahead of our clock */

struct policy {
	const char *const *patterns; /* the topics that are allowed; not owned */
	size_t count;
};

/* False and a reason, or true and the topic. `now` in seconds since the epoch. */
bool policy_judge(const struct policy *policy, const struct envelope *envelope, int64_t now,
	struct topic *topic, struct reason *why);

#endif
