/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *batch_text(const struct batch *batch, char out[BATCH_TEXT])
{
	snprintf(out, BATCH_TEXT, "%" PRId64 " %s %" PRId64 " %" PRId64, batch->number,
		batch->token, batch->clock, batch->wall);
	return out;
}

bool batch_read(const char *value, size_t length, struct batch *out, struct reason *why)
{
	char text[BATCH_TEXT];
	int used = -1;

	if (length < sizeof text) {
		memcpy(text, value, length);
		text[length] = '\0';
		sscanf(text, "%" SCNd64 " %16[0-9a-f] %" SCNd64 " %" SCNd64 "%n", &out->number,
			out->token, &out->clock, &out->wall, &used);
	}
	if (used < 0 || (size_t)used != length || out->number < 0 || out->clock < 0)
		return reason_set(why, "it is not NUMBER TOKEN CLOCK WALL");
	return true;
}
