/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/submissions.h"

#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>
#include <utlist.h>

struct submissions {
	pthread_mutex_t lock;
	struct submission *waiting;
	bool listening; /* the delivery thread sleeps until the next submission */
	bool closed;
	int wake_fd;
};

struct submissions *submissions_new(void)
{
	struct submissions *submissions = memory_zeroed(1, sizeof *submissions);

	pthread_mutex_init(&submissions->lock, NULL);
	submissions->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (submissions->wake_fd < 0)
		die(EX_OSERR, "eventfd: %s", strerror(errno));
	return submissions;
}

void submissions_free(struct submissions *submissions)
{
	close(submissions->wake_fd);
	pthread_mutex_destroy(&submissions->lock);
	free(submissions);
}

bool submissions_put(struct submissions *submissions, struct submission *submission)
{
	pthread_mutex_lock(&submissions->lock);
	bool open = !submissions->closed;
	bool wake = open && submissions->listening;
	if (open)
		DL_APPEND(submissions->waiting, submission);
	if (wake)
		submissions->listening = false;
	pthread_mutex_unlock(&submissions->lock);
	if (wake)
		submissions_wake(submissions);
	return open;
}

void submissions_wake(struct submissions *submissions)
{
	eventfd_write(submissions->wake_fd, 1);
}

void submissions_close(struct submissions *submissions)
{
	pthread_mutex_lock(&submissions->lock);
	submissions->closed = true;
	pthread_mutex_unlock(&submissions->lock);
	submissions_wake(submissions);
}

int submissions_fd(const struct submissions *submissions)
{
	return submissions->wake_fd;
}

void submissions_clear_wake(struct submissions *submissions)
{
	eventfd_t ignored;

	eventfd_read(submissions->wake_fd, &ignored);
}

bool submissions_listen(struct submissions *submissions)
{
	pthread_mutex_lock(&submissions->lock);
	submissions->listening = submissions->waiting == NULL;
	bool listening = submissions->listening;
	pthread_mutex_unlock(&submissions->lock);
	return listening;
}

struct submission *submissions_take(struct submissions *submissions)
{
	pthread_mutex_lock(&submissions->lock);
	struct submission *taken = submissions->waiting;
	submissions->waiting = NULL;
	submissions->listening = false;
	pthread_mutex_unlock(&submissions->lock);
	return taken;
}
