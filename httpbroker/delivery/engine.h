/* SPDX-License-Identifier: MIT */
/*
 * The judge: events and time go in, what is to be told to Flapjack and written to Redis comes
 * out, into the outbox. It does no I/O and knows no clock. One thread, the states' writer, uses it.
 *
 * - A check that is new, or whose state differs from what Flapjack was told last, is told at once.
 * - What says the same again waits for the check's next repeat. A check's repeats are exactly one
 *   interval apart; its first comes one interval after it was told, or earlier where so many
 *   would come at that moment that they are better spread.
 * - A check whose time to live is over is told as UNKNOWN (or what is wanted instead), at once and
 *   at each repeat.
 * - A check that is new, and goes by other names than before (posting->former), sets the former
 *   one ok if that was loaded and not heard of since; it is forgotten at its next repeat.
 * - The newest event wins, by its own time (event.h); of equals, the later to arrive, but not
 *   one that another broker has handed over against one that was posted here.
 */
#ifndef HTTPBROKER_DELIVERY_ENGINE_H
#define HTTPBROKER_DELIVERY_ENGINE_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/checks/prepared.h"
#include "httpbroker/delivery/missing.h"
#include "httpbroker/delivery/outbox.h"

enum engine_result {
	ENGINE_APPLIED, /* in the outbox */
	ENGINE_OLDER,   /* nothing done: what is cached is newer */
	ENGINE_FULL,    /* nothing done: the limit of checks or LIMIT_PENDING is reached */
	ENGINE_IGNORED, /* nothing done: it is no state, and there is nobody to be told of it */
};

struct engine;

/* The states and the outbox are used, not owned. */
struct engine *engine_new(
	struct checks *checks, struct outbox *outbox, nsec interval, struct moment now);
void engine_free(struct engine *engine);

/* As what a stale check is told: before anything else; STATE_UNKNOWN if not said. */
void engine_stale_state(struct engine *engine, enum state state);

/* Nobody is told of anything, and the outbox stays empty but for records. */
void engine_mute(struct engine *engine);

/* How many checks are remembered; at first LIMIT_STATES. */
void engine_limit(struct engine *engine, size_t max);

/*
 * For how long a check is stale until it is forgotten, as engine_forget() does it: at the first
 * repeat after that, which is not told. NSEC_NEVER if not said.
 */
void engine_forget_after(struct engine *engine, nsec span);

/* What is forgotten is noted there as well; NULL if not said. */
void engine_note_forgotten(struct engine *engine, struct missing *missing);

/*
 * Until then what is loaded and owed is not told, for the broker that was active may hand over what
 * comes before it. 0 if not said.
 */
void engine_hold_until(struct engine *engine, nsec until);

/* What is to be forgotten is, unless there is something newer; it needs no room. */
enum engine_result engine_apply(
	struct engine *engine, const struct prepared *prepared, struct moment now);

/*
 * What another broker has handed over: in order. Of a check that is still owed what its record
 * says, that and whatever is older is told, and its record stays; all else is taken as it would be.
 */
enum engine_result engine_apply_handed(
	struct engine *engine, const struct prepared *prepared, struct moment now);

/*
 * A check as Redis has it, with the state that Flapjack was told last: that is no change. NULL: it
 * is owed that, and told at once, or as engine_hold_until() says. False if there is no room, or it
 * is known already: then it is as new or newer.
 */
bool engine_load(struct engine *engine, const struct prepared *prepared, const enum state *sent,
	struct moment now);

/* The records of a shard of the table are written again: Redis has lost them. */
void engine_rewrite(struct engine *engine, unsigned shard);

/* Whether there was such a check. Nothing is told of it any more, and its record is deleted. */
bool engine_forget(struct engine *engine, const struct names *names);

/*
 * Does what has become due: tells of stale states, repeats, and forgets. Without `repeats` (nobody
 * is there to be told) those that are due are skipped, not made up for. Stops when a commit is
 * full.
 * Returns how many were repeated.
 */
size_t engine_run(struct engine *engine, bool repeats, struct moment now);

/* When engine_run() will have something to do (monotonic). */
nsec engine_next(struct engine *engine, bool repeats);

/*
 * What an active broker knows: the table of states, the ledger that judges, the outbox. They
 * belong together, for each points into the others: when another broker has become the active
 * one they are emptied together.
 */

struct core {
	struct checks *checks; /* not owned */
	struct outbox *outbox;
	struct engine *engine;
	nsec interval;
	size_t max;              /* events that wait, at most */
	int flapjack;            /* version, 1 or 2 */
	bool persistent;         /* records are written */
	enum state stale_as;     /* what a stale check is told as */
	size_t max_states;       /* checks that are remembered */
	nsec forget_after;       /* for so long a check is stale at most; NSEC_NEVER: for ever */
	struct missing *missing; /* the reader's; not owned; NULL: nothing is read back */
};

/* Fills in the outbox and the ledger; the rest is set. */
void core_open(struct core *core, struct moment now);
void core_close(struct core *core);

/* Empties them, and the table. */
void core_reset(struct core *core, struct moment now);

#endif
