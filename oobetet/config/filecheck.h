/* SPDX-License-Identifier: MIT */
/* What a file that the configuration names must be, found out before it is needed. */
#ifndef OOBETET_CONFIG_FILECHECK_H
#define OOBETET_CONFIG_FILECHECK_H

#include "common/reason.h"

#include <stdbool.h>

/* To be replaced as a whole: a plain file, or none yet. A device would be gone, a directory too. */
bool file_check_replaceable(const char *path, struct reason *why);

/* For libstrophe, which does not say what is wrong: at least one certificate in PEM. */
bool file_check_certificates(const char *path, struct reason *why);

#endif
