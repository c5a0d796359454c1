/* SPDX-License-Identifier: MIT */
/* What a configuration needs besides keys that are right one by one. */
#ifndef OOBETET_CONFIG_COMPLETE_H
#define OOBETET_CONFIG_COMPLETE_H

#include "oobetet/config/config.h"

/*
 * Reads the files that hold secrets, and sets what was left out to its default. A file that
 * everybody may read is added to config->exposed. A reason begins with `path`, and the line.
 */
bool config_complete(struct config *config, const char *path, struct reason *why);

/* Is everything there that is required, and does it fit together? */
bool config_check(const struct config *config, const char *path, struct reason *why);

#endif
