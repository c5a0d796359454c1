/* SPDX-License-Identifier: MIT */
#include "oobetet/child.h"

#include "common/descriptors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool child_arrange(int in, int out, int err)
{
	static const char *const ours[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};

	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		unsetenv(ours[i]);
	/* the standard three may have been closed: keep clear of them */
	in = fcntl(in, F_DUPFD, STDERR_FILENO + 1);
	out = fcntl(out, F_DUPFD, STDERR_FILENO + 1);
	err = fcntl(err, F_DUPFD, STDERR_FILENO + 1);
	if (in < 0 || out < 0 || err < 0 || dup2(in, STDIN_FILENO) < 0 ||
		dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		return false;
	descriptors_keep_from_exec(STDERR_FILENO + 1); /* also what the supervisor left open */
	return true;
}

bool child_ended(pid_t pid, siginfo_t *info)
{
	*info = (siginfo_t){.si_pid = 0};
	return waitid(P_PID, (id_t)pid, info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info->si_pid != 0;
}

void child_end_text(const siginfo_t *info, char *out, size_t size)
{
	if (info->si_code == CLD_EXITED)
		snprintf(out, size, "exit status %d", info->si_status);
	else
		snprintf(out, size, "signal %d (%s)", info->si_status, strsignal(info->si_status));
}
