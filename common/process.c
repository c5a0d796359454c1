/* SPDX-License-Identifier: MIT */
#include "common/process.h"

#include "common/descriptors.h"
#include "common/memory.h"
#include "common/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- between fork and exec ---- */

static void environment_arrange(const struct process_plan *plan)
{
	static const char *const ours[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};

	for (size_t i = 0; !plan->transparent && i < sizeof ours / sizeof ours[0]; i++)
		unsetenv(ours[i]);
	for (const struct process_variable *at = plan->variables; at != NULL && at->name; at++) {
		if (at->value != NULL)
			setenv(at->name, at->value, 1);
		else
			unsetenv(at->name);
	}
}

static bool descriptors_arrange(const struct process_plan *plan)
{
	int from[] = {plan->in, plan->out, plan->err};

	/* the standard three may have been closed: keep clear of them */
	for (int i = 0; i < 3; i++)
		if (from[i] >= 0 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3)) < 0)
			return false;
	for (int i = 0; i < 3; i++)
		if (from[i] >= 0 && dup2(from[i], i) < 0)
			return false;
	/* also what the supervisor left open, and libcurl's connections */
	if (!plan->transparent)
		descriptors_keep_from_exec(STDERR_FILENO + 1);
	return true;
}

/* Returns if it fails: see errno. */
static void program_exec(const struct process_plan *plan, pid_t parent)
{
	if (!plan->in_our_group)
		setpgid(0, 0);
	signals_restore();
	if (plan->dies_with_us) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(126);
	}
	environment_arrange(plan);
	if (descriptors_arrange(plan))
		execvp(plan->argv[0], plan->argv);
}

static _Noreturn void program_become(const struct process_plan *plan, pid_t parent, int failure)
{
	program_exec(plan, parent);
	int error = errno;
	if (failure < 0)
		dprintf(STDERR_FILENO, "cannot run %s: %s\n", plan->argv[0], strerror(error));
	while (failure >= 0 && write(failure, &error, sizeof error) < 0 && errno == EINTR)
		;
	_exit(error == ENOENT ? 127 : 126);
}

/* ---- in this process ---- */

/* 0, or errno of exec. */
static int failure_read(int fd)
{
	int error = 0;
	ssize_t got;

	do
		got = read(fd, &error, sizeof error);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof error ? error : 0;
}

static void pid_reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int process_start(struct process *process, const struct process_plan *plan)
{
	int failure[2] = {-1, -1}; /* gets errno of a failed exec; a successful one closes it */
	pid_t parent = getpid();

	*process = (struct process){0};
	if (plan->exec_is_awaited && pipe2(failure, O_CLOEXEC) != 0)
		return errno;
	pid_t pid = fork();
	int error = pid < 0 ? errno : 0;
	if (pid == 0)
		program_become(plan, parent, failure[1]);
	if (pid > 0 && !plan->in_our_group)
		setpgid(pid, pid); /* here and there: whichever runs first */
	if (plan->exec_is_awaited) {
		close(failure[1]);
		if (pid > 0 && (error = failure_read(failure[0])) != 0)
			pid_reap(pid);
		close(failure[0]);
	}
	if (error == 0)
		process->pid = pid;
	return error;
}

bool process_ended(struct process *process)
{
	siginfo_t info = {.si_pid = 0};

	if (process->pid == 0 || process->ended)
		return process->pid != 0;
	if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		info.si_pid == 0)
		return false;
	process->ended = true;
	process->code = info.si_code;
	process->status = info.si_status;
	return true;
}

void process_signal(const struct process *process, int signal)
{
	if (process->pid > 0)
		kill(-process->pid, signal);
}

void process_kill(struct process *process)
{
	process_signal(process, SIGKILL);
	process->killed = true;
}

/* Killed and not reaped yet: the kernel may hold them. */
static struct {
	pid_t *pid; /* owned; NULL: none */
	int count;
} killed;

void process_reap(struct process *process)
{
	pid_t pid = process->pid;

	process->pid = 0;
	if (pid == 0 || waitpid(pid, NULL, WNOHANG) != 0)
		return;
	killed.pid = memory_resized(killed.pid, ((size_t)killed.count + 1) * sizeof(pid_t));
	killed.pid[killed.count++] = pid;
}

bool processes_reap(void)
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

void process_end_text(const struct process *process, char *out, size_t size)
{
	if (process->code == CLD_EXITED)
		snprintf(out, size, "exit status %d", process->status);
	else
		snprintf(out, size, "signal %d (%s)", process->status, strsignal(process->status));
}

int process_input(const char *bytes, size_t length)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, bytes, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool process_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}
