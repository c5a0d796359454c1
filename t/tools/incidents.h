/* SPDX-License-Identifier: MIT */
/*
 * The incidents of PagerDuty, as far as oobetet depends on them: a trigger opens an incident or
 * adds to the open one with its key, acknowledged or not; a resolve closes the open one with its
 * key. During a maintenance window none is opened or closed. Other events are dropped. Pure.
 */
#ifndef T_TOOLS_INCIDENTS_H
#define T_TOOLS_INCIDENTS_H

#include <stdbool.h>
#include <stddef.h>

struct incidents;

struct incidents *incidents_new(void);
void incidents_free(struct incidents *incidents);

/* Applies an event. Writes the result, such as `incident 2 opened`, into out; returns out. */
const char *incidents_take(
	struct incidents *incidents, const char *action, const char *key, char *out, size_t size);

/* Manual actions on every open incident. Return the number of incidents. */
int incidents_acknowledge(struct incidents *incidents);
int incidents_resolve(struct incidents *incidents);
void incidents_maintain(struct incidents *incidents, bool on);

#endif
