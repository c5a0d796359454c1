/* SPDX-License-Identifier: MIT */
#include "oobetet/config/loader.h"

#include "common/descriptors.h"
#include "common/duration.h"
#include "oobetet/config/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define REPORT_FD 3        /* in the child */
#define DYING NSEC_PER_SEC /* how long the end of a killed child is awaited */
#define READ (64 * 1024)
/* Reserved first: a buffer that grows leaves copies of secrets behind. */
#define USUAL (256 * 1024)

/* What the child writes: a configuration (config_pack()), or a reason. */
static const char loaded[] = "loaded\n", refused[] = "refused\n";

/* ---- in the child ---- */

static _Noreturn void child_run(const char *path, int fd, pid_t monitor)
{
	struct buffer text = {NULL, 0, 0};
	struct reason why;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "oobetet-config");
	/* the end of the workers' sockets must be noticed, though this process may hang */
	if (getppid() != monitor || dup2(fd, REPORT_FD) < 0)
		_exit(1);
	descriptors_close(REPORT_FD + 1);
	struct config *config = config_read(path, &why);
	buffer_reserve(&text, USUAL);
	buffer_append_text(&text, config != NULL ? loaded : refused);
	if (config != NULL)
		config_pack(config, &text);
	else
		buffer_append_text(&text, why.text);
	descriptor_write(REPORT_FD, text.data, text.length);
	_exit(0);
}

/* ---- in the monitor ---- */

void loader_init(struct loader *loader)
{
	*loader = (struct loader){.fd = -1};
}

bool loader_reads(const struct loader *loader)
{
	return loader->fd >= 0;
}

bool loader_dies(const struct loader *loader, nsec now)
{
	return loader->late && loader->pid != 0 && now < loader->limit + DYING;
}

static void report_close(struct loader *loader)
{
	close(loader->fd);
	loader->fd = -1;
	buffer_wipe(&loader->text);
	loader->text = (struct buffer){NULL, 0, 0};
}

bool loader_begin(struct loader *loader, const char *path, nsec now, struct reason *why)
{
	int ends[2];
	pid_t monitor = getpid();

	if (loader->late && loader->pid != 0)
		return reason_set(why, "%s: the disk has not answered since the last SIGHUP", path);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return reason_set(why, "%s: %s", path, strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		child_run(path, ends[1], monitor);
	int error = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return reason_set(
			why, "%s: no process can be started to read it: %s", path, strerror(error));
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*loader = (struct loader){
		.pid = pid, .fd = ends[0], .limit = now + LOADER_LIMIT, .path = path};
	buffer_reserve(&loader->text, USUAL);
	return true;
}

/* True: all is there. */
static bool report_read(struct loader *loader)
{
	ssize_t got;

	while (loader->text.length <= LOADER_TEXT) {
		char *space = buffer_reserve(&loader->text, READ + 1);

		do
			got = read(loader->fd, space, READ);
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return got == 0 || errno != EAGAIN;
		loader->text.length += (size_t)got;
	}
	return true;
}

static struct config *report_take(const struct loader *loader, struct reason *why)
{
	char *text = loader->text.data;

	if (strncmp(text, loaded, strlen(loaded)) == 0) {
		struct config *config = config_unpack(text + strlen(loaded), why);

		if (config == NULL)
			reason_prefix(why, "%s", loader->path);
		return config;
	}
	if (strncmp(text, refused, strlen(refused)) == 0)
		reason_set(why, "%s", text + strlen(refused));
	else
		reason_set(why, "%s: the process that read it was ended", loader->path);
	return NULL;
}

bool loader_step(struct loader *loader, nsec now, struct config **config, struct reason *why)
{
	char span[DURATION_TEXT];

	*config = NULL;
	if (report_read(loader)) {
		loader->text.data[loader->text.length] = '\0';
		*config = report_take(loader, why);
	} else if (now < loader->limit) {
		return false;
	} else {
		loader->late = true;
		kill(loader->pid, SIGKILL);
		reason_set(why,
			"%s: it could not be read within %s: the disk of it or of a file that it "
			"names does not answer, or one of these is a pipe",
			loader->path, duration_text(LOADER_LIMIT, span));
	}
	report_close(loader);
	return true;
}

nsec loader_deadline(const struct loader *loader, nsec now)
{
	if (loader_reads(loader))
		return loader->limit;
	return loader_dies(loader, now) ? loader->limit + DYING : NSEC_NEVER;
}

struct pollfd loader_poll(const struct loader *loader)
{
	return (struct pollfd){.fd = loader->fd, .events = POLLIN};
}

bool loader_ended(struct loader *loader, pid_t pid)
{
	if (pid == 0 || pid != loader->pid)
		return false;
	loader->pid = 0;
	return true;
}

void loader_free(struct loader *loader)
{
	if (!loader_reads(loader))
		return;
	if (loader->pid != 0)
		kill(loader->pid, SIGKILL);
	report_close(loader);
}

/* ---- what a reload keeps of the configuration before ---- */

static bool same_watch(const struct watch_config *a, const struct watch_config *b)
{
	const struct key *key;

	if (!same_text(a->name, b->name))
		return false;
	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if (!same_text(key_text(a->given, key->name), key_text(b->given, key->name)))
			return false;
	return true;
}

void config_keep(struct config *config, struct config *before, int count)
{
	for (int i = 0; i < config->watch_count; i++)
		for (int j = 0; j < count; j++) {
			struct watch_config *mine = config->watch[i], *old = before->watch[j];

			if (!same_watch(mine, old))
				continue;
			config->watch[i] = old;
			before->watch[j] = mine;
			old->index = i;
			mine->index = j;
			break;
		}
}

/* Takes it out, without freeing it. */
static struct watch_config *watch_take(struct config *config, int index)
{
	struct watch_config *watch = config->watch[index];

	config->watch_count--;
	for (int i = index; i < config->watch_count; i++) {
		config->watch[i] = config->watch[i + 1];
		config->watch[i]->index = i;
	}
	return watch;
}

bool config_move(struct config *config, struct config *before, const struct watch_config *watch,
	unsigned workers)
{
	if (config->watch_count == WATCHES_MAX)
		return false;
	struct watch_config *moved = watch_take(before, watch->index);
	moved->workers = workers;
	config_add(config, moved);
	return true;
}

void config_drop(struct config *config, const struct watch_config *watch)
{
	watch_config_free(watch_take(config, watch->index));
}
