/* SPDX-License-Identifier: MIT */
#include "oobetet/listen/program.h"

#include "common/descriptors.h"
#include "common/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in the keeper and in its child ---- */

static void group_kill(int signal)
{
	(void)signal;
	kill(0, SIGKILL);
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
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
	const struct sigaction kills = {.sa_handler = group_kill};
	sigset_t blocked, before;

	setpgid(0, 0);
	signals_restore();
	/* the monitor's death sends SIGUSR1; other signals to the group are for the program */
	sigaction(SIGUSR1, &kills, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	if (getppid() != monitor)
		_exit(126);
	prctl(PR_SET_NAME, "oobetet-listen");
	const struct process_plan plan = {.argv = words,
		.in = open("/dev/null", O_RDONLY | O_CLOEXEC),
		.out = out,
		.err = err,
		.in_our_group = true,
		.dies_with_us = true};
	struct process program;
	/* until they are ignored, they wait; process_start() unblocks them in the program */
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		sigaddset(&blocked, ignored[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	int error = process_start(&program, &plan);
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	sigprocmask(SIG_SETMASK, &before, NULL);
	/* the end of the workers' sockets and of the pipes must be noticed */
	descriptors_close(0);
	if (error != 0)
		_exit(126);
	child_await(program.pid);
}

/* ---- in the monitor ---- */

bool program_start(struct program *program, char *const words[])
{
	int out[2], err[2];
	pid_t monitor = getpid();

	if (!process_pipe(out))
		return false;
	if (!process_pipe(err)) {
		close(out[0]);
		close(out[1]);
		return false;
	}
	pid_t keeper = fork();
	if (keeper == 0)
		keeper_become(words, out[1], err[1], monitor);
	int error = errno;
	close(out[1]);
	close(err[1]);
	*program = (struct program){.keeper.pid = keeper, .out = out[0], .err = err[0]};
	if (keeper < 0) {
		program->keeper.pid = 0;
		program_end(program);
		errno = error;
		return false;
	}
	setpgid(keeper, keeper); /* here and there: whichever runs first */
	return true;
}

void program_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void program_end(struct program *program)
{
	process_kill(&program->keeper);
	process_reap(&program->keeper);
	program_close(&program->out);
	program_close(&program->err);
}
