/* SPDX-License-Identifier: MIT */
/*
 * The first broken link of the chain that the readings prove. Never a guess: where several links
 * may be broken, the sentence names them all, and the configuration key of the probe that would
 * tell. Pure.
 *
 * A link is proven broken if it was broken for half of max_latency, or when a message was due. It
 * is proven to work if it was read as working all the time, or if what is behind it has received
 * the change. max_latency has to be at least two periods and a minute.
 */
#ifndef OOBETET_WATCH_DIAGNOSIS_H
#define OOBETET_WATCH_DIAGNOSIS_H

#include "oobetet/watch/links.h"

#define DIAGNOSIS_TEXT 600

struct diagnosis {
	unsigned links; /* a bit for each that may be the broken one; one bit: it is named */
	char text[DIAGNOSIS_TEXT];
};

void diagnose(const struct evidence *evidence, struct diagnosis *out);

#endif
