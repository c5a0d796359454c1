/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/inbox.h"

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

struct inbox {
	pthread_mutex_t lock;
	struct submission *waiting;
	bool listening; /* the deliverer sleeps until something comes */
	bool closed;
	int wake_fd;
};

struct inbox *inbox_new(void)
{
	struct inbox *inbox = memory_zeroed(1, sizeof *inbox);

	pthread_mutex_init(&inbox->lock, NULL);
	inbox->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (inbox->wake_fd < 0)
		die(EX_OSERR, "eventfd: %s", strerror(errno));
	return inbox;
}

void inbox_free(struct inbox *inbox)
{
	close(inbox->wake_fd);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox);
}

bool inbox_put(struct inbox *inbox, struct submission *submission)
{
	pthread_mutex_lock(&inbox->lock);
	bool open = !inbox->closed;
	bool wake = open && inbox->listening;
	if (open)
		DL_APPEND(inbox->waiting, submission);
	if (wake)
		inbox->listening = false;
	pthread_mutex_unlock(&inbox->lock);
	if (wake)
		inbox_wake(inbox);
	return open;
}

void inbox_wake(struct inbox *inbox)
{
	eventfd_write(inbox->wake_fd, 1);
}

void inbox_close(struct inbox *inbox)
{
	pthread_mutex_lock(&inbox->lock);
	inbox->closed = true;
	pthread_mutex_unlock(&inbox->lock);
	inbox_wake(inbox);
}

int inbox_fd(const struct inbox *inbox)
{
	return inbox->wake_fd;
}

void inbox_awake(struct inbox *inbox)
{
	eventfd_t ignored;

	eventfd_read(inbox->wake_fd, &ignored);
}

bool inbox_listen(struct inbox *inbox)
{
	pthread_mutex_lock(&inbox->lock);
	inbox->listening = inbox->waiting == NULL;
	bool listening = inbox->listening;
	pthread_mutex_unlock(&inbox->lock);
	return listening;
}

struct submission *inbox_take(struct inbox *inbox)
{
	pthread_mutex_lock(&inbox->lock);
	struct submission *taken = inbox->waiting;
	inbox->waiting = NULL;
	inbox->listening = false;
	pthread_mutex_unlock(&inbox->lock);
	return taken;
}
