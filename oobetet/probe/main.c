/* SPDX-License-Identifier: MIT */
/* The probe worker: its loop, when each probe runs; and flapper's probe. */
#include "oobetet/ipc.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/secret.h"
#include "oobetet/probe/dial.h"
#include "oobetet/probe/probe.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define RUNS (WATCHES_MAX * PROBES)

struct probes {
	struct ipc *ipc;
	struct config *config;
	struct timing timing;
	CURLM *multi;
	struct probe_run run[RUNS];
	int count;
	uint32_t seed;
	bool stopping;
};

/* ---- the flapper's port: is it open? One connection, which is reset. ---- */

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

static const struct probe_type flapper_probe = {PROBE_FLAPPER, flapper_new, flapper_free,
	flapper_start, flapper_step, flapper_expire, flapper_poll};

/* ---- the loop ---- */

/*
 * The wait between two starts is drawn anew, from half to one and a half of the interval and not
 * below a second: probes in step with a port that changes would always see it open.
 */
static nsec wait_draw(struct probes *probes, const struct probe_run *run)
{
	nsec least = run->interval / 2 > NSEC_PER_SEC ? run->interval / 2 : NSEC_PER_SEC;
	nsec most = run->interval * 3 / 2;

	probes->seed = probes->seed * 1664525U + 1013904223U; /* Numerical Recipes */
	return least + (nsec)((double)probes->seed / UINT32_MAX * (double)(most - least));
}

static void run_end(struct probes *probes, struct probe_run *run)
{
	nsec now = clock_monotonic();

	run->limit = 0;
	run->next = run->started + wait_draw(probes, run);
	if (run->next < now)
		run->next = now;
}

static void run_step(struct probes *probes, struct probe_run *run, nsec now)
{
	if (run->limit == 0 && now >= run->next) {
		run->started = now;
		run->limit = now + run->patience;
		run->type->start(run, now);
	}
	if (run->limit == 0)
		return;
	if (run->type->step(run)) {
		run_end(probes, run);
	} else if (now >= run->limit) {
		run->type->expire(run);
		run_end(probes, run);
	}
}

static void requests_finish(struct probes *probes)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(probes->multi, &left)) != NULL) {
		char *run = NULL;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &run);
		broker_request_done((struct probe_run *)(void *)run, result);
	}
}

static void messages_read(struct probes *probes)
{
	struct message message;

	while (ipc_next(probes->ipc, &message))
		if (message.type == MESSAGE_STOP)
			probes->stopping = true;
}

static struct curl_waitfd waitfd_of(struct pollfd fd)
{
	int events = (fd.events & POLLIN) != 0 ? CURL_WAIT_POLLIN : 0;

	if ((fd.events & POLLOUT) != 0)
		events |= CURL_WAIT_POLLOUT;
	return (struct curl_waitfd){.fd = fd.fd, .events = (short)events};
}

/* Sleeps until a deadline, or until a probe or the monitor has something. */
static void probes_wait(struct probes *probes)
{
	struct curl_waitfd fds[RUNS + 1] = {{.fd = IPC_FD, .events = CURL_WAIT_POLLIN}};
	unsigned count = 1;
	nsec now = clock_monotonic(), deadline = now + probes->timing.alive;

	for (int i = 0; i < probes->count; i++) {
		const struct probe_run *run = &probes->run[i];

		deadline = nsec_earlier(deadline, run->limit != 0 ? run->limit : run->next);
		if (run->limit == 0 || run->type->poll == NULL)
			continue;
		struct pollfd fd = run->type->poll(run);
		if (fd.fd >= 0)
			fds[count++] = waitfd_of(fd);
	}
	/* rounded up: to wake before the deadline would only mean to wait again */
	nsec span = deadline > now ? (deadline - now) / NSEC_PER_MSEC + 1 : 0;
	curl_multi_poll(probes->multi, fds, count, (int)span, NULL);
	if (fds[0].revents != 0)
		ipc_listen(probes->ipc);
}

static void probes_run(struct probes *probes)
{
	int running;

	ipc_send(probes->ipc, MESSAGE_ONLINE, FIELDS(""));
	messages_read(probes); /* which may have come with the configuration */
	while (!ipc_closed(probes->ipc) && !probes->stopping) {
		ipc_live(probes->ipc, clock_monotonic(), probes->timing.alive,
			probes->timing.timeout);
		curl_multi_perform(probes->multi, &running);
		requests_finish(probes);
		for (int i = 0; i < probes->count; i++)
			run_step(probes, &probes->run[i], clock_monotonic());
		/* starts what the steps have added */
		curl_multi_perform(probes->multi, &running);
		probes_wait(probes);
		messages_read(probes);
	}
}

static void runs_make(struct probes *probes, const struct watch_config *watch)
{
	static const struct probe_type *const types[] = {
		&flapper_probe, &broker_probe, &redis_probe};
	struct timing timing = timing_of(watch->max_latency);
	nsec now = clock_monotonic();

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		void *state = types[i]->new (watch, probes->multi);

		if (state == NULL)
			continue;
		struct probe_run *run = &probes->run[probes->count++];
		*run = (struct probe_run){.type = types[i],
			.state = state,
			.ipc = probes->ipc,
			.watch = watch->index,
			.next = now,
			.interval = timing.probe,
			.patience = timing.probe_limit};
	}
}

static void probes_free(struct probes *probes)
{
	for (int i = 0; i < probes->count; i++)
		probes->run[i].type->free(probes->run[i].state);
	curl_multi_cleanup(probes->multi);
	curl_global_cleanup();
	config_free(probes->config);
	free(probes);
}

int probe_main(void)
{
	struct ipc *ipc = ipc_open("probe");
	struct config *config = ipc_configuration(ipc);

	if (config != NULL) {
		struct probes *probes = memory_zeroed(1, sizeof *probes);

		probes->ipc = ipc;
		probes->config = config;
		probes->timing = timing_of(config->max_latency);
		probes->seed = (uint32_t)random_seed();
		curl_global_init(CURL_GLOBAL_DEFAULT);
		probes->multi = curl_multi_init();
		if (probes->multi == NULL)
			die(EX_OSERR, "out of memory");
		for (int i = 0; i < config->watch_count; i++)
			runs_make(probes, config->watch[i]);
		probes_run(probes);
		probes_free(probes);
	}
	ipc_free(ipc);
	return 0;
}
