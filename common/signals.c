/* SPDX-License-Identifier: MIT */
#include "common/signals.h"

#include "common/log.h"

#include <errno.h>
#include <stddef.h>

#define FAILURE_PAUSE 100000000 /* nanoseconds: a loop whose ppoll(2) fails must not spin */

static volatile sig_atomic_t arrived[NSIG];
static sigset_t wait_mask; /* without the caught signals */
static sigset_t caught;
static struct sigaction file_too_large; /* the action for SIGXFSZ at the start */

static void signal_note(int signal)
{
	arrived[signal] = 1;
}

void signals_catch(const int *signals, int count)
{
	struct sigaction note = {.sa_handler = signal_note};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&caught);
	/* uncaught, ppoll(2) would sleep for what was left of its timeout */
	sigaddset(&caught, SIGCONT);
	for (int i = 0; i < count; i++)
		sigaddset(&caught, signals[i]);
	sigprocmask(SIG_BLOCK, &caught, &wait_mask);
	for (int signal = 1; signal < NSIG; signal++) {
		if (sigismember(&caught, signal) != 1)
			continue;
		sigdelset(&wait_mask, signal);
		sigaction(signal, &note, NULL);
	}
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, &file_too_large);
}

bool signal_arrived(int signal)
{
	bool was = arrived[signal] != 0;

	arrived[signal] = 0;
	return was;
}

bool signals_say_stop(void)
{
	const char *name = signal_arrived(SIGTERM)  ? "SIGTERM"
			   : signal_arrived(SIGINT) ? "SIGINT"
						    : NULL;

	if (name != NULL)
		log_info("stopping: %s", name);
	return name != NULL;
}

/* ENOMEM, or more descriptors than may be open (EINVAL): that call let no signal through. */
static void failure_wait(const struct timespec *timeout)
{
	static const struct timespec pause = {0, FAILURE_PAUSE};
	bool sooner = timeout != NULL && timeout->tv_sec == 0 && timeout->tv_nsec < FAILURE_PAUSE;
	int error = errno;

	ppoll(NULL, 0, sooner ? timeout : &pause, &wait_mask);
	errno = error;
}

int signals_poll(struct pollfd *fds, nfds_t count, const struct timespec *timeout)
{
	static const struct timespec at_once = {0, 0};
	int ready = ppoll(fds, count, timeout, &wait_mask);

	if (ready > 0)
		ppoll(NULL, 0, &at_once, &wait_mask);
	else if (ready < 0 && errno != EINTR)
		failure_wait(timeout);
	return ready;
}

void signals_restore(void)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};

	for (int signal = 1; signal < NSIG; signal++)
		if (sigismember(&caught, signal) == 1)
			sigaction(signal, &usual, NULL);
	sigaction(SIGPIPE, &usual, NULL);
	sigaction(SIGXFSZ, &file_too_large, NULL);
	sigprocmask(SIG_SETMASK, &wait_mask, NULL);
}
