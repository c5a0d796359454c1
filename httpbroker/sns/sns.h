/* SPDX-License-Identifier: MIT */
/*
 * What all of SNS's messages are judged with: who may, the certificates, what was seen. A message
 * goes through it as a letter (letter.h).
 */
#ifndef HTTPBROKER_SNS_SNS_H
#define HTTPBROKER_SNS_SNS_H

#include "httpbroker/sns/certificates.h"
#include "httpbroker/sns/gate.h"

struct sns;

struct sns_settings {
	struct policy policy; /* nobody allowed: SNS is refused, and nothing is ever fetched */
	const char *ca_file;  /* authorities, instead of the system's; NULL: the system's */
};

/* Exits with a message if the authorities cannot be read. */
struct sns *sns_start(const struct sns_settings *settings);

/* Whoever waits is woken, and finds that nothing can be had any more. */
void sns_stop(struct sns *sns);

/* After it was stopped, and when no letter is left. */
void sns_free(struct sns *sns);

const struct policy *sns_gate(const struct sns *sns);
struct certificates *sns_certificates(struct sns *sns);
struct fetcher *sns_fetcher(struct sns *sns);

/* Any thread: the messages that were accepted (see seen.h). `now` is monotonic. */
bool sns_has_seen(struct sns *sns, struct text message_id, nsec now);
void sns_remember(struct sns *sns, struct text message_id, nsec now);

#endif
