/* SPDX-License-Identifier: MIT */
#include "oobetet/state/writer.h"

#include "common/duration.h"
#include "common/log.h"
#include "oobetet/state/replace.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in the child ---- */

/* The writer dies with its parent: stuck in I/O, it must not overwrite the successor's file. */
static void monitor_follow(pid_t monitor)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(EINTR);
}

/* ---- in the monitor ---- */

void writer_log(struct writer *writer, int error, const char *detail)
{
	if (error != 0 && error != writer->logged)
		log_error("%s %s cannot be written: %s%s; trying again", writer->what, writer->path,
			strerror(error), detail);
	else if (error == 0 && writer->logged != 0)
		log_info("%s %s is written again", writer->what, writer->path);
	writer->logged = error;
}

bool writer_begin_with(struct writer *writer, const struct buffer *text, nsec now,
	void (*work)(void *user), void *user)
{
	pid_t monitor = getpid();

	if (writer->pid != 0)
		return false;
	writer->began = now;
	writer->late = false;
	pid_t pid = fork();
	if (pid == 0) {
		/* the caught signals stay blocked: those to the process group are the monitor's */
		monitor_follow(monitor);
		signal(SIGXFSZ, SIG_IGN); /* write(2) fails instead */
		int error = file_replace(writer->path, writer->mode, text);
		if (work != NULL)
			work(user);
		_exit(error);
	}
	if (pid < 0)
		writer_log(writer, errno, "");
	else
		writer->pid = pid;
	return true;
}

bool writer_begin(struct writer *writer, const struct buffer *text, nsec now)
{
	return writer_begin_with(writer, text, now, NULL, NULL);
}

nsec writer_deadline(const struct writer *writer)
{
	return writer->pid != 0 && !writer->late ? writer->began + writer->limit : NSEC_NEVER;
}

void writer_tick(struct writer *writer, nsec now)
{
	char span[DURATION_TEXT];

	if (now < writer_deadline(writer))
		return;
	writer->late = true;
	kill(writer->pid, SIGKILL);
	if (writer->logged == ETIMEDOUT)
		return;
	writer->logged = ETIMEDOUT;
	log_error("%s %s cannot be written: the disk has not answered for %s; trying again when it "
		  "does",
		writer->what, writer->path, duration_text(writer->limit, span));
}

bool writer_ended(struct writer *writer, pid_t pid, int status, int *error)
{
	if (pid != writer->pid || pid == 0)
		return false;
	writer->pid = 0;
	*error = WIFEXITED(status) ? WEXITSTATUS(status) : writer->late ? ETIMEDOUT : EINTR;
	writer_log(writer, *error, "");
	return true;
}
