/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/watch.h"

#include "common/memory.h"

#include <stdlib.h>

struct watch {
	nsec max_latency;
	nsec repeat_interval;
	nsec seen[KIND_HALVES]; /* when each kind was heard last */
	nsec acknowledged;      /* when an acknowledgement was; NSEC_NEVER: never */
	struct incident incident;
	nsec repeat_at; /* the next repeat, once the incident was told */
	enum { WHOLE, BROKEN, TOLD } state;
};

struct watch *watch_new(nsec max_latency, nsec repeat_interval, nsec now)
{
	struct watch *watch = memory_zeroed(1, sizeof *watch);

	watch->max_latency = max_latency;
	watch->repeat_interval = repeat_interval;
	for (int i = 0; i < KIND_HALVES; i++)
		watch->seen[i] = now;
	watch->acknowledged = NSEC_NEVER;
	return watch;
}

void watch_free(struct watch *watch)
{
	free(watch);
}

/* The kind that was not heard for longest. */
static enum kind kind_missed(const struct watch *watch)
{
	return watch->seen[KIND_RECOVERY] < watch->seen[KIND_PROBLEM] ? KIND_RECOVERY
								      : KIND_PROBLEM;
}

/* The last moment at which hearing it is in time. */
static nsec limit(const struct watch *watch)
{
	return watch->seen[kind_missed(watch)] + watch->max_latency;
}

static void watch_break(struct watch *watch)
{
	enum kind missing = kind_missed(watch);

	watch->state = BROKEN;
	watch->incident = (struct incident){
		.since = limit(watch), .last = watch->seen[missing], .missing = missing};
}

void watch_hear(struct watch *watch, enum kind kind, nsec stamp)
{
	if (kind == KIND_NONE)
		return;
	if (kind == KIND_ACKNOWLEDGEMENT) {
		watch->acknowledged = stamp;
		return;
	}
	if (watch->state == WHOLE && stamp > limit(watch))
		watch_break(watch);
	if (stamp > watch->seen[kind])
		watch->seen[kind] = stamp;
}

/* The incident goes on. Repeats that were missed are not made up for. */
static enum verdict watch_repeat(struct watch *watch, nsec now)
{
	if (now < watch->repeat_at)
		return WATCH_QUIET;
	nsec missed = (now - watch->repeat_at) / watch->repeat_interval;
	watch->repeat_at += (missed + 1) * watch->repeat_interval;
	return WATCH_REPEAT;
}

enum verdict watch_judge(struct watch *watch, nsec now)
{
	if (watch->state == WHOLE && now >= limit(watch) + WATCH_GRACE)
		watch_break(watch);
	if (watch->state == WHOLE)
		return WATCH_QUIET;
	if (watch->state == BROKEN) {
		watch->state = TOLD;
		watch->repeat_at = now + watch->repeat_interval;
		return WATCH_ALARM;
	}
	if (now <= limit(watch)) {
		watch->state = WHOLE;
		return WATCH_HEALED;
	}
	return watch_repeat(watch, now);
}

nsec watch_deadline(const struct watch *watch)
{
	switch (watch->state) {
	case WHOLE:
		return limit(watch) + WATCH_GRACE;
	case BROKEN: /* at once */
		return watch->incident.since;
	default:
		return watch->repeat_at;
	}
}

const struct incident *watch_incident(const struct watch *watch)
{
	return &watch->incident;
}

nsec watch_acknowledged(const struct watch *watch, nsec now)
{
	return watch->acknowledged == NSEC_NEVER ? NSEC_NEVER : now - watch->acknowledged;
}
