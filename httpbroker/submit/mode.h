/* SPDX-License-Identifier: MIT */
/* What the options as a whole ask for, and which of them make no sense with that. */
#ifndef HTTPBROKER_SUBMIT_MODE_H
#define HTTPBROKER_SUBMIT_MODE_H

#include "httpbroker/submit/options.h"

/* Sets options->mode, where it is not --forget already. A contradiction ends the program with 64
 * and the words that resolve it. */
void mode_set(struct options *options);

#endif
