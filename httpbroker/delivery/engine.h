/* SPDX-License-Identifier: MIT */
/*
 * Decides what is pushed and when. Events and the time go in; events for the queue and records for
 * Redis come out, into the outbox. No I/O, no clock; used by one thread, the table's writer.
 *
 * - A check that is new, or whose state differs from the one pushed last, is pushed at once.
 * - An event with the same state waits for the check's next repeat. Repeats are exactly one
 *   interval apart; the first comes one interval after the push, or earlier where too many would
 *   come at that moment (burst limit).
 * - A check whose ttl is over is pushed with the state settings->stale_as, at once and at each
 *   repeat.
 * - The start of a run changes nothing, but that the deadline is the run's: the check is pushed as
 *   critical if no end of the run came by then. A check that is not known becomes ok.
 * - A new check with a former name (prepared->former) sets the former check ok if that was loaded
 *   and no event came for it since; the former check is forgotten at its next repeat.
 * - The newest event wins, by its own time (event.h); among equals the later to arrive, except that
 *   an event handed over never beats one that was posted here.
 */
#ifndef HTTPBROKER_DELIVERY_ENGINE_H
#define HTTPBROKER_DELIVERY_ENGINE_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/outbox.h"

enum engine_result {
	ENGINE_APPLIED, /* in the outbox */
	ENGINE_OLDER,   /* nothing done: the known event is newer */
	ENGINE_FULL,    /* nothing done: the limit of checks or LIMIT_PENDING is reached */
	ENGINE_IGNORED, /* nothing done: it is no lasting state, and nothing is pushed */
};

struct engine_settings {
	nsec interval;       /* between the repeats of a check */
	size_t max_checks;   /* that are remembered */
	enum state stale_as; /* pushed for a stale check */
	nsec forget_after;   /* a check is stale this long at most; NSEC_NEVER: forever */
	bool muted;          /* nothing is pushed; the outbox gets records only */

	/* Called for each check that is forgotten; NULL: never. */
	void (*forgotten)(void *owner, const struct names *names);
	void *owner; /* its first argument */
};

struct engine;

/* Table, outbox and settings are used, not owned. */
struct engine *engine_new(struct checks *checks, struct outbox *outbox,
	const struct engine_settings *settings, struct moment now);
void engine_free(struct engine *engine);

/* Loaded checks still to be pushed wait until then: the handover may bring earlier events. */
void engine_hold_until(struct engine *engine, nsec until);

/*
 * A prepared->forgotten is applied as engine_forget(), unless the known event is newer. With
 * prepared->again it was applied before, and Redis may have lost it: it is pushed again, then the
 * state of its check if that is another one now; no check changes.
 */
enum engine_result engine_apply(
	struct engine *engine, const struct prepared *prepared, struct moment now);

/*
 * The same for an event that another broker has handed over, in order. For a loaded check
 * that is still to be pushed, this event or an older one is pushed and the record stays.
 */
enum engine_result engine_apply_handed(
	struct engine *engine, const struct prepared *prepared, struct moment now);

/*
 * Adds a check from its record, with the state pushed last: that is no change. NULL: it is still
 * to be pushed: at once or as engine_hold_until() says. False if there is no room, or the check is
 * known already (its event is then as new or newer).
 */
bool engine_load(struct engine *engine, const struct prepared *prepared, const enum state *sent,
	struct moment now);

/* Writes the records of a shard of the table again. */
void engine_rewrite(struct engine *engine, unsigned shard);

/* Drops the check and deletes its record. False if there was none. */
bool engine_forget(struct engine *engine, const struct names *names);

/*
 * Does what is due: stale states, repeats, forgetting. Without `repeats`, due repeats are skipped,
 * not made up for. Stops when a commit is full. Returns the number of repeats.
 */
size_t engine_run(struct engine *engine, bool repeats, struct moment now);

/* When engine_run() has something to do (monotonic). */
nsec engine_next(struct engine *engine, bool repeats);

/*
 * The state of an active broker: table, engine and outbox. They point into each other and are
 * emptied together when the role changes.
 */
struct core {
	struct checks *checks; /* not owned */
	struct outbox *outbox;
	struct engine *engine;
	struct engine_settings settings;
	size_t max_pending; /* events that wait, at most */
	int flapjack;       /* version, 1 or 2 */
	bool persistent;    /* records are written */
};

/* Creates outbox and engine; the rest is set. Do not move it until core_close(). */
void core_open(struct core *core, struct moment now);
void core_close(struct core *core);

/* Empties them and the table. */
void core_reset(struct core *core, struct moment now);

#endif
