/* SPDX-License-Identifier: MIT */
#include "httpbroker/checks/history.h"

static unsigned slot_get(const struct history *history, uint32_t slot)
{
	unsigned at = slot % HISTORY_SLOTS;

	return history->bits[at / 4] >> at % 4 * 2 & 3;
}

static void slot_set(struct history *history, uint32_t slot, unsigned level)
{
	unsigned at = slot % HISTORY_SLOTS, shift = at % 4 * 2;

	history->bits[at / 4] =
		(uint8_t)((history->bits[at / 4] & ~(3u << shift)) | level << shift);
}

/* The level was the same until now. */
static void history_advance(struct history *history, uint32_t slot)
{
	uint32_t gap = slot - history->slot;

	if (gap > UINT32_MAX / 2) /* noted since the caller read the time */
		return;
	if (gap > HISTORY_SLOTS)
		history->slot = slot - HISTORY_SLOTS;
	while (history->slot != slot)
		slot_set(history, ++history->slot, history->level);
}

void history_add(struct history *history, enum history_level level, nsec now)
{
	uint32_t slot = (uint32_t)(now / HISTORY_SLOT);

	if (history->level == HISTORY_NONE)
		history->slot = slot;
	else
		history_advance(history, slot);
	if (level > slot_get(history, slot))
		slot_set(history, slot, level);
	history->level = (uint8_t)level;
}

void history_text(const struct history *history, nsec now, char out[HISTORY_TEXT])
{
	uint32_t slot = (uint32_t)(now / HISTORY_SLOT);
	struct history copy = *history;

	if (copy.level != HISTORY_NONE)
		history_advance(&copy, slot);
	for (unsigned i = 0; i < HISTORY_SLOTS; i++)
		out[i] = (char)('0' + slot_get(&copy, slot + 1 + i));
	out[HISTORY_SLOTS] = '\0';
}
