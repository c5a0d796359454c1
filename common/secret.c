/* SPDX-License-Identifier: MIT */
#include "common/secret.h"

#include <sys/prctl.h>

void secret_protect_process(void)
{
	/* it cannot fail with this argument */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
