/* SPDX-License-Identifier: MIT */
/* Whether the broker would refuse an event, by its own rules. Pure. */
#ifndef HTTPBROKER_SUBMIT_REFUSAL_H
#define HTTPBROKER_SUBMIT_REFUSAL_H

#include "common/reason.h"

#include <stddef.h>

/*
 * False: no broker would take this document, whatever Flapjack it is for; *why is what it would
 * say. What depends on its options, such as who may write, is not judged.
 */
bool refusal_absent(const char *json, size_t length, struct reason *why);

#endif
