/* SPDX-License-Identifier: MIT */
#include "oobetet/workers.h"

#include "common/log.h"

#include <string.h>
#include <sys/wait.h>

#define READS_MAX 64 /* of 64 KiB in a row: a hand that floods us must not stop the clock */

void workers_begin(struct workers *workers, const struct config *config,
	const struct selfexec *selfexec, const struct timing *timing, bool http, uint64_t seed)
{
	*workers = (struct workers){.config = config};
	workers->xmpp = worker_new(SPEAKER_XMPP, selfexec, timing, (uint32_t)(seed >> 32));
	if (http)
		workers->http = worker_new(SPEAKER_HTTP, selfexec, timing, (uint32_t)seed);
	if (config->alert_command != NULL)
		workers->command = command_new(config->alert_command);
}

void workers_end(struct workers *workers)
{
	command_free(workers->command);
	worker_free(workers->http);
	worker_free(workers->xmpp);
}

/* ---- started and lost ---- */

static void configuration_give(void *user, const char *key, const char *value)
{
	worker_send(user, MESSAGE_CONFIG, FIELDS(key, value));
}

static void worker_configure(struct worker *worker, const struct config *config, unsigned whom)
{
	char attempt[MESSAGE_NUMBER];

	config_hand_over(config, whom, configuration_give, worker);
	/* --debug may have made it another than the file's; above it the hands say nothing */
	configuration_give(worker, "level", log_enabled(LOG_LEVEL_DEBUG) ? "DEBUG" : "INFO");
	worker_send(
		worker, MESSAGE_GO, FIELDS(message_number_text(worker_attempt(worker), attempt)));
}

enum workers_news workers_tick(struct workers *workers, nsec now)
{
	enum worker_news news = worker_tick(workers->xmpp, now);

	if (news == WORKER_STARTED)
		worker_configure(workers->xmpp, workers->config, CONFIG_XMPP);
	if (news != WORKER_NO_NEWS)
		return news == WORKER_STARTED ? WORKERS_XMPP_STARTED : WORKERS_XMPP_LOST;

	news = workers->http != NULL ? worker_tick(workers->http, now) : WORKER_NO_NEWS;
	if (news == WORKER_STARTED)
		worker_configure(workers->http, workers->config, CONFIG_HTTP);
	if (news != WORKER_NO_NEWS)
		return news == WORKER_STARTED ? WORKERS_HTTP_STARTED : WORKERS_HTTP_LOST;
	return WORKERS_NO_NEWS;
}

void workers_extend(struct workers *workers, nsec away)
{
	worker_extend(workers->xmpp, away);
	if (workers->http != NULL)
		worker_extend(workers->http, away);
}

bool workers_progress(const struct workers *workers, nsec now)
{
	return worker_progresses(workers->xmpp, now) &&
	       (workers->http == NULL || worker_progresses(workers->http, now));
}

/* ---- heard ---- */

static void worker_listen(struct worker *worker, message_handler *take, void *user, nsec now)
{
	struct message message;
	bool more = worker != NULL;

	for (int i = 0; more && i < READS_MAX; i++) {
		more = worker_exchange(worker);
		while (worker_next(worker, &message, now))
			take(user, &message, now);
	}
}

void workers_listen(struct workers *workers, message_handler *take, void *user, nsec now)
{
	worker_listen(workers->xmpp, take, user, now);
	worker_listen(workers->http, take, user, now);
}

void workers_poll(const struct workers *workers, struct pollfd fds[WORKERS_POLLED])
{
	fds[0] = worker_poll(workers->xmpp);
	fds[1] = workers->http != NULL ? worker_poll(workers->http) : (struct pollfd){.fd = -1};
	fds[2] = command_poll(workers->command);
}

nsec workers_deadline(const struct workers *workers)
{
	nsec soonest = worker_deadline(workers->xmpp);

	if (workers->http != NULL)
		soonest = nsec_earlier(soonest, worker_deadline(workers->http));
	return nsec_earlier(soonest, command_deadline(workers->command));
}

/* ---- ended ---- */

void workers_shut_down(struct workers *workers)
{
	worker_shut_down(workers->xmpp);
	if (workers->http != NULL)
		worker_shut_down(workers->http);
}

/* A hand's end is noticed at its socket; here only what a signal did is said. */
static void worker_ended(const struct workers *workers, pid_t pid, int status)
{
	worker_reaped(workers->xmpp, pid);
	if (workers->http != NULL)
		worker_reaped(workers->http, pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		log_warning("process %d was ended by signal %d (%s)", (int)pid, WTERMSIG(status),
			strsignal(WTERMSIG(status)));
}

bool workers_reap(struct workers *workers, child_handler *other, void *user)
{
	int status;
	pid_t pid;

	/* those of our own process group: all but the command */
	while ((pid = waitpid(0, &status, WNOHANG)) > 0)
		if (other == NULL || !other(user, pid, status))
			worker_ended(workers, pid, status);
	return command_runs(workers->command) || pid == 0;
}
