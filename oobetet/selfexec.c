/* SPDX-License-Identifier: MIT */
#include "oobetet/selfexec.h"

#include "common/descriptors.h"
#include "common/memory.h"
#include "common/signals.h"
#include "oobetet/ipc.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

struct selfexec {
	char path[PATH_MAX]; /* the target of SELF */
	struct stat file;    /* its inode at the start */
};

struct selfexec *selfexec_self(void)
{
	struct selfexec *selfexec = memory_zeroed(1, sizeof *selfexec);

	if (readlink(SELF, selfexec->path, sizeof selfexec->path - 1) < 0 ||
		stat(selfexec->path, &selfexec->file) != 0) {
		free(selfexec);
		return NULL;
	}
	return selfexec;
}

/* A file installed since may have another protocol: then run the one in memory. */
static const char *selfexec_path(const struct selfexec *selfexec)
{
	struct stat now;

	return stat(selfexec->path, &now) == 0 && now.st_dev == selfexec->file.st_dev &&
			       now.st_ino == selfexec->file.st_ino
		       ? selfexec->path
		       : SELF;
}

/* In the child: makes `end` IPC_FD and marks everything else close-on-exec. */
static bool descriptors_arrange(int end)
{
	if (end == IPC_FD)
		fcntl(end, F_SETFD, 0);
	else if (dup2(end, IPC_FD) < 0)
		return false;
	descriptors_keep_from_exec(IPC_FD + 1); /* also what the supervisor left open */
	return true;
}

static _Noreturn void worker_become(
	const struct selfexec *selfexec, const char *name, int end, pid_t parent)
{
	char title[] = "oobetet:", *role = memory_copied(name);
	char *const arguments[] = {title, role, NULL};

	signals_restore();
	/* signals to the process group are for the monitor, which stops its workers */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* a stuck worker would not notice that the monitor died */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent && descriptors_arrange(end))
		execv(selfexec_path(selfexec), arguments);
	_exit(127);
}

pid_t selfexec_start(const struct selfexec *selfexec, const char *name, int *fd)
{
	int ends[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0)
		worker_become(selfexec, name, ends[1], parent);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -1;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*fd = ends[0];
	return pid;
}
