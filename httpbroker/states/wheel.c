/* SPDX-License-Identifier: MIT */
#include "httpbroker/states/wheel.h"

#include "common/memory.h"

#include <stdlib.h>
#include <utlist.h>

struct slot {
	struct state *states; /* a list, the first put the first */
	unsigned count;
};

struct wheel {
	int64_t tick;     /* the first one that has not come yet */
	int64_t earliest; /* from tick up to here every slot is empty */
	struct slot due;  /* what is left of the tick before: its own slot stays empty till then */
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

nsec wheel_due(const struct state *state)
{
	bool repeat_first = state->stale || state->repeat_at < state->deadline;

	return repeat_first ? state->repeat_at : state->deadline;
}

/*
 * The tick at whose start this time has passed. Never the one before wheel->tick, a turn later:
 * so a state that calls that slot its own is in `due`.
 */
static int64_t tick_of(const struct wheel *wheel, nsec due)
{
	int64_t tick = due / WHEEL_TICK + (due % WHEEL_TICK > 0);
	int64_t last = wheel->tick + WHEEL_SLOTS - 2;

	if (tick < wheel->tick)
		return wheel->tick;
	return tick < last ? tick : last;
}

static struct slot *slot_of(struct wheel *wheel, const struct state *state)
{
	bool due = state->wheel_slot == (wheel->tick - 1) % WHEEL_SLOTS;

	return due ? &wheel->due : &wheel->slots[state->wheel_slot];
}

static void slot_add(struct slot *slot, struct state *state)
{
	DL_APPEND2(slot->states, state, wheel_prev, wheel_next);
	slot->count++;
}

static void slot_remove(struct slot *slot, struct state *state)
{
	DL_DELETE2(slot->states, state, wheel_prev, wheel_next);
	slot->count--;
}

void wheel_put(struct wheel *wheel, struct state *state)
{
	int64_t tick = tick_of(wheel, wheel_due(state));

	if (tick < wheel->earliest)
		wheel->earliest = tick;
	state->wheel_slot = (uint16_t)(tick % WHEEL_SLOTS);
	slot_add(&wheel->slots[state->wheel_slot], state);
}

void wheel_remove(struct wheel *wheel, struct state *state)
{
	slot_remove(slot_of(wheel, state), state);
}

void wheel_move(struct wheel *wheel, struct state *state)
{
	int64_t tick = tick_of(wheel, wheel_due(state));

	if (state->wheel_slot == tick % WHEEL_SLOTS)
		return;
	wheel_remove(wheel, state);
	wheel_put(wheel, state);
}

/* The next tick has come. Its states are not touched, however many: only their list moves. */
static void wheel_turn(struct wheel *wheel)
{
	struct slot *slot = &wheel->slots[wheel->tick++ % WHEEL_SLOTS];

	wheel->due = *slot;
	*slot = (struct slot){NULL, 0};
}

/* After a long sleep: whole turns are left out, for each slot is looked at in the last one. */
static void wheel_skip(struct wheel *wheel, nsec now)
{
	int64_t turns = (now / WHEEL_TICK - wheel->tick) / WHEEL_SLOTS - 1;

	if (wheel->due.states == NULL && turns > 0)
		wheel->tick += turns * WHEEL_SLOTS;
}

struct state *wheel_take(struct wheel *wheel, nsec now)
{
	wheel_skip(wheel, now);
	for (;;) {
		struct state *state = wheel->due.states;

		if (state == NULL && wheel->tick * WHEEL_TICK > now)
			return NULL;
		if (state == NULL) {
			wheel_turn(wheel);
			continue;
		}
		slot_remove(&wheel->due, state);
		if (wheel_due(state) <= now)
			return state;
		wheel_put(wheel, state);
	}
}

nsec wheel_next(struct wheel *wheel)
{
	int64_t tick = wheel->earliest > wheel->tick ? wheel->earliest : wheel->tick;

	if (wheel->due.states != NULL)
		return 0;
	while (tick - wheel->tick < WHEEL_SLOTS && wheel->slots[tick % WHEEL_SLOTS].states == NULL)
		tick++;
	bool found = tick - wheel->tick < WHEEL_SLOTS;
	wheel->earliest = found ? tick : INT64_MAX; /* so that nobody looks there again */
	return found ? tick * WHEEL_TICK : NSEC_NEVER;
}

unsigned wheel_crowd(const struct wheel *wheel, nsec due)
{
	return wheel->slots[tick_of(wheel, due) % WHEEL_SLOTS].count;
}
