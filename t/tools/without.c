/* SPDX-License-Identifier: MIT */
/*
 * without WHAT COMMAND...: runs the command as if the kernel lacked something:
 *
 *   ipv6   socket(AF_INET6, …) fails with EAFNOSUPPORT, as where IPv6 is not in the kernel
 *   ports  bind() fails with EACCES, as for a port below 1024 without the capability for it
 *   locks  flock() fails with EBADF, as for a directory on NFS
 *   lists  getdents64() fails with EIO, as on a disk with damage: no directory can be listed
 *   disk   fsync() never returns, as on a server of files that is gone
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

/* A system call that fails: always, or only with one first argument. */
static const struct lack {
	const char *what;
	unsigned call;
	unsigned first; /* the argument; ANY: every value */
	unsigned error; /* HANG: the call does not return */
} lacks[] = {
#define ANY 0xffffffffU
#define HANG 0
	{"ipv6", __NR_socket, AF_INET6, EAFNOSUPPORT},
	{"ports", __NR_bind, ANY, EACCES},
	{"locks", __NR_flock, ANY, EBADF},
	{"lists", __NR_getdents64, ANY, EIO},
	{"disk", __NR_fsync, ANY, HANG},
};

static const struct lack *lack_find(const char *what)
{
	for (size_t i = 0; i < sizeof lacks / sizeof lacks[0]; i++)
		if (strcmp(lacks[i].what, what) == 0)
			return &lacks[i];
	die(EX_USAGE, "'%s' is none of ipv6, ports, locks, lists, disk", what);
}

/*
 * A call that is passed to a listener waits for its response. There is none, but the descriptor
 * stays open, in the command as well.
 */
static bool filter_install(const struct sock_fprog *program, bool hang)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	if (!hang)
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) == 0;
	long fd = syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
	return fd >= 0 && fcntl((int)fd, F_SETFD, 0) == 0;
}

static void lack_begin(const struct lack *lack)
{
	unsigned char wrong_first = lack->first != ANY;
	unsigned action =
		lack->error == HANG ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | lack->error;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, lack->call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, lack->first, 0, wrong_first),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};

	if (!filter_install(&program, lack->error == HANG))
		die(EX_OSERR, "seccomp: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	log_open("without");
	if (argc < 3)
		die(EX_USAGE, "usage: without ipv6|ports|lists|disk COMMAND...");
	lack_begin(lack_find(argv[1]));
	execvp(argv[2], argv + 2);
	die(EX_OSERR, "%s: %s", argv[2], strerror(errno));
}
