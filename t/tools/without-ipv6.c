/* SPDX-License-Identifier: MIT */
/* without-ipv6 COMMAND...: runs it on a kernel that, as far as it can see, has no IPv6. */
#include "common/log.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	/* socket(AF_INET6, …) fails with EAFNOSUPPORT, as where IPv6 is not in the kernel */
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};

	log_open("without-ipv6");
	if (argc < 2)
		die(EX_USAGE, "usage: without-ipv6 COMMAND...");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		die(EX_OSERR, "seccomp: %s", strerror(errno));
	execvp(argv[1], argv + 1);
	die(EX_OSERR, "%s: %s", argv[1], strerror(errno));
}
