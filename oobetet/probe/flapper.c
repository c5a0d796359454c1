/* SPDX-License-Identifier: MIT */
/* The flapper's port: is it open? One connection, which is reset. */
#include "oobetet/probe/dial.h"
#include "oobetet/probe/probe.h"

#include "common/memory.h"

#include <stdlib.h>

static void *flapper_new(const struct watch_config *watch, CURLM *multi)
{
	struct address address;
	struct reason ignored;

	(void)multi;
	if (watch->probe_flapper == NULL ||
		!address_parse(watch->probe_flapper, &address, &ignored))
		return NULL;
	struct dial *dial = memory_zeroed(1, sizeof *dial);
	dial_init(dial, &address);
	return dial;
}

static void flapper_free(void *state)
{
	dial_free(state);
	free(state);
}

static void flapper_start(struct probe_run *run, nsec now)
{
	dial_start(run->state, now);
}

static bool flapper_step(struct probe_run *run)
{
	struct dial *dial = run->state;
	enum dial_state state = dial_step(dial);

	if (state == DIAL_WAITS)
		return false;
	dial_close(dial, true);
	if (state == DIAL_FAILED)
		probe_blind(run, dial->local, dial->why);
	else
		probe_report(
			run, MESSAGE_PORT, FIELDS(state == DIAL_CONNECTED ? "open" : "refused"));
	return true;
}

static void flapper_expire(struct probe_run *run)
{
	struct dial *dial = run->state;

	dial_expire(dial);
	probe_blind(run, false, dial->why);
}

static struct pollfd flapper_poll(const struct probe_run *run)
{
	return dial_poll(run->state);
}

const struct probe_type flapper_probe = {PROBE_FLAPPER, flapper_new, flapper_free, flapper_start,
	flapper_step, flapper_expire, flapper_poll};
