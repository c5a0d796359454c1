/* SPDX-License-Identifier: MIT */
#include "httpbroker/checks/wheel.h"

#include "common/memory.h"

#include <stdlib.h>
#include <utlist.h>

struct slot {
	struct check *checks; /* a list, in the order of wheel_put() */
	unsigned count;
};

struct wheel {
	int64_t tick;     /* the next one */
	int64_t earliest; /* the slots before it are empty */
	struct slot due;  /* the rest of the tick before, whose slot is empty */
	struct slot slots[WHEEL_SLOTS];
};

struct wheel *wheel_new(nsec now)
{
	struct wheel *wheel = memory_zeroed(1, sizeof *wheel);

	wheel->tick = now / WHEEL_TICK;
	wheel->earliest = INT64_MAX;
	return wheel;
}

void wheel_free(struct wheel *wheel)
{
	free(wheel);
}

nsec wheel_due(const struct check *check)
{
	bool pushed = check->run.limit > 0 ? check->overrun : check->stale;
	bool repeat_first = pushed || check->repeat_at < check->deadline;

	return repeat_first ? check->repeat_at : check->deadline;
}

/* At most a turn ahead, less one: a check of the slot before wheel->tick is in `due`. */
static int64_t tick_of(const struct wheel *wheel, nsec due)
{
	int64_t tick = due / WHEEL_TICK + (due % WHEEL_TICK > 0);
	int64_t last = wheel->tick + WHEEL_SLOTS - 2;

	if (tick < wheel->tick)
		return wheel->tick;
	return tick < last ? tick : last;
}

static struct slot *slot_of(struct wheel *wheel, const struct check *check)
{
	bool due = check->wheel_slot == (wheel->tick - 1) % WHEEL_SLOTS;

	return due ? &wheel->due : &wheel->slots[check->wheel_slot];
}

static void slot_add(struct slot *slot, struct check *check)
{
	DL_APPEND2(slot->checks, check, wheel_prev, wheel_next);
	slot->count++;
}

static void slot_remove(struct slot *slot, struct check *check)
{
	DL_DELETE2(slot->checks, check, wheel_prev, wheel_next);
	slot->count--;
}

void wheel_put(struct wheel *wheel, struct check *check)
{
	int64_t tick = tick_of(wheel, wheel_due(check));

	if (tick < wheel->earliest)
		wheel->earliest = tick;
	check->wheel_slot = (uint16_t)(tick % WHEEL_SLOTS);
	slot_add(&wheel->slots[check->wheel_slot], check);
}

void wheel_remove(struct wheel *wheel, struct check *check)
{
	slot_remove(slot_of(wheel, check), check);
}

void wheel_move(struct wheel *wheel, struct check *check)
{
	int64_t tick = tick_of(wheel, wheel_due(check));

	if (check->wheel_slot == tick % WHEEL_SLOTS)
		return;
	wheel_remove(wheel, check);
	wheel_put(wheel, check);
}

/* Constant time, however many checks: only the list moves. */
static void wheel_turn(struct wheel *wheel)
{
	struct slot *slot = &wheel->slots[wheel->tick++ % WHEEL_SLOTS];

	wheel->due = *slot;
	*slot = (struct slot){NULL, 0};
}

/* After a long sleep whole turns are skipped: the last one visits every slot. */
static void wheel_skip(struct wheel *wheel, nsec now)
{
	int64_t turns = (now / WHEEL_TICK - wheel->tick) / WHEEL_SLOTS - 1;

	if (wheel->due.checks == NULL && turns > 0)
		wheel->tick += turns * WHEEL_SLOTS;
}

struct check *wheel_take(struct wheel *wheel, nsec now)
{
	wheel_skip(wheel, now);
	for (;;) {
		struct check *check = wheel->due.checks;

		if (check == NULL && wheel->tick * WHEEL_TICK > now)
			return NULL;
		if (check == NULL) {
			wheel_turn(wheel);
			continue;
		}
		slot_remove(&wheel->due, check);
		if (wheel_due(check) <= now)
			return check;
		wheel_put(wheel, check);
	}
}

nsec wheel_next(struct wheel *wheel)
{
	int64_t tick = wheel->earliest > wheel->tick ? wheel->earliest : wheel->tick;

	if (wheel->due.checks != NULL)
		return 0;
	while (tick - wheel->tick < WHEEL_SLOTS && wheel->slots[tick % WHEEL_SLOTS].checks == NULL)
		tick++;
	bool found = tick - wheel->tick < WHEEL_SLOTS;
	wheel->earliest = found ? tick : INT64_MAX; /* skipped by the next call */
	return found ? tick * WHEEL_TICK : NSEC_NEVER;
}

unsigned wheel_crowd(const struct wheel *wheel, nsec due)
{
	return wheel->slots[tick_of(wheel, due) % WHEEL_SLOTS].count;
}
