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

bool forget_is_whole_entity(const struct forget *forget)
{
	return forget->names.entity_length == forget->names.length;
}

/* Capacity is the next power of two. */
static struct prepared *check_add(struct forget *forget)
{
	size_t count = forget->count++;

	if ((count & (count - 1)) == 0)
		forget->checks = memory_resized(
			forget->checks, (count == 0 ? 1 : 2 * count) * sizeof forget->checks[0]);
	return &forget->checks[count];
}

/* Not older than the known event, whose time may be ahead where the clock was set back. */
static void check_forget(struct forget *forget, const struct core *core, const struct check *check,
	struct moment now)
{
	const struct text entity = {check->names, check->entity_length};
	const struct text name = {
		check->names + entity.length + 1, check->hh.keylen - entity.length - 1};
	const struct instant known = {check->time, check->fraction};
	const struct instant time = instant_of(now.wall);
	struct prepared *prepared = check_add(forget);

	prepared_make_forgotten(
		prepared, entity, name, instant_compare(time, known) > 0 ? time : known);
	engine_forget(core->engine, &prepared->names);
}

void forget_check(struct forget *forget, struct core *core, struct moment now)
{
	const struct check *check = checks_find(core->checks, &forget->names);

	if (check != NULL)
		check_forget(forget, core, check, now);
}

struct search {
	struct forget *forget;
	struct core *core;
	struct moment now;
};

static void check_visit(struct check *check, void *context)
{
	struct search *search = context;
	const struct names *entity = &search->forget->names;

	if (check->entity_length == entity->length &&
		memcmp(check->names, entity->bytes, entity->length) == 0)
		check_forget(search->forget, search->core, check, search->now);
}

void forget_shard(struct forget *forget, struct core *core, unsigned shard, struct moment now)
{
	struct search search = {forget, core, now};

	checks_work(core->checks, shard, check_visit, &search);
}

void forget_end(struct forget *forget)
{
	for (size_t i = 0; forget->checks != NULL && i < forget->count; i++)
		prepared_free(&forget->checks[i]);
	free(forget->checks);
	forget->checks = NULL;
}

void forget_reopen(struct forget *forget)
{
	forget_end(forget);
	forget->count = 0;
}
