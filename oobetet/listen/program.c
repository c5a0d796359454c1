/* SPDX-License-Identifier: MIT */
#include "oobetet/listen/program.h"

#include "common/descriptors.h"
#include "common/memory.h"
#include "common/signals.h"
#include "oobetet/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in the keeper and in its child ---- */

static _Noreturn void program_become(char *const words[], int out, int err, pid_t parent)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !child_arrange(in, out, err))
		_exit(126);
	execvp(words[0], words);
	int error = errno;
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", words[0], strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

static void group_kill(int signal)
{
	(void)signal;
	kill(0, SIGKILL);
}

/* The monitor's death sends SIGUSR1; other signals to the group are for the program. */
static bool signals_arrange(pid_t monitor)
{
	const struct sigaction kills = {.sa_handler = group_kill};

	sigaction(SIGUSR1, &kills, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	return getppid() == monitor;
}

static void signals_ignore(void)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
}

/* Ends as the child ended. */
static _Noreturn void child_await(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFSIGNALED(status))
		_exit(WEXITSTATUS(status));
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	_exit(128 + WTERMSIG(status));
}

static _Noreturn void keeper_become(char *const words[], int out, int err, pid_t monitor)
{
	setpgid(0, 0);
	signals_restore();
	if (!signals_arrange(monitor))
		_exit(126);
	prctl(PR_SET_NAME, "oobetet-listen");
	pid_t keeper = getpid(), child = fork();
	if (child == 0) {
		signal(SIGUSR1, SIG_DFL);
		program_become(words, out, err, keeper);
	}
	signals_ignore();
	/* the end of the workers' sockets and of the pipes must be noticed */
	descriptors_close(0);
	if (child < 0)
		_exit(126);
	child_await(child);
}

/* ---- in the monitor ---- */

static bool pipes_make(int out[2], int err[2])
{
	if (pipe2(out, O_CLOEXEC) != 0)
		return false;
	if (pipe2(err, O_CLOEXEC) == 0)
		return true;
	close(out[0]);
	close(out[1]);
	return false;
}

bool program_start(struct program *program, char *const words[])
{
	int out[2], err[2];
	pid_t monitor = getpid();

	if (!pipes_make(out, err))
		return false;
	pid_t keeper = fork();
	if (keeper == 0)
		keeper_become(words, out[1], err[1], monitor);
	int error = errno;
	close(out[1]);
	close(err[1]);
	*program = (struct program){.keeper = keeper, .out = out[0], .err = err[0]};
	if (keeper < 0) {
		program->keeper = 0;
		program_end(program);
		errno = error;
		return false;
	}
	setpgid(keeper, keeper); /* here and there: whichever runs first */
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	return true;
}

void program_signal(const struct program *program, int signal)
{
	kill(-program->keeper, signal);
}

void program_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Keepers that were killed and not reaped yet: the kernel may hold them. */
static struct {
	pid_t *pid; /* owned; NULL: none */
	int count;
} killed;

static void keeper_reap(pid_t keeper)
{
	if (waitpid(keeper, NULL, WNOHANG) != 0)
		return;
	killed.pid = memory_resized(killed.pid, ((size_t)killed.count + 1) * sizeof(pid_t));
	killed.pid[killed.count++] = keeper;
}

bool programs_reap(void)
{
	for (int i = killed.count - 1; i >= 0; i--)
		if (waitpid(killed.pid[i], NULL, WNOHANG) != 0)
			killed.pid[i] = killed.pid[--killed.count];
	if (killed.count > 0)
		return true;
	free(killed.pid);
	killed.pid = NULL;
	return false;
}

void program_end(struct program *program)
{
	if (program->keeper > 0) {
		program_signal(program, SIGKILL);
		keeper_reap(program->keeper);
	}
	program->keeper = 0;
	program_close(&program->out);
	program_close(&program->err);
}
