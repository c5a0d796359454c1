/* SPDX-License-Identifier: MIT */
/*
 * The bytes that SNS has signed: `Name\nValue\n` of certain fields in byte order, the values as
 * they are behind JSON's escapes.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
#ifndef HTTPBROKER_SNS_CANONICAL_H
#define HTTPBROKER_SNS_CANONICAL_H

#include "common/buffer.h"
#include "httpbroker/sns/envelope.h"

void canonical_append(struct buffer *out, const struct envelope *envelope);

#endif
