/* SPDX-License-Identifier: MIT */
/*
 * What PagerDuty makes of the events that it has taken, as far as oobetet depends on it: a trigger
 * opens an incident or adds to the open one with its key, whoever has acknowledged that; a resolve
 * closes the open one with its key, but not during a maintenance window, in which nothing is opened
 * either. All else is dropped. Pure.
 */
#ifndef T_TOOLS_INCIDENTS_H
#define T_TOOLS_INCIDENTS_H

#include <stdbool.h>
#include <stddef.h>

struct incidents;

struct incidents *incidents_new(void);
void incidents_free(struct incidents *incidents);

/* An event that was taken. Writes what came of it, such as `incident 2 opened`; returns out. */
const char *incidents_take(
	struct incidents *incidents, const char *action, const char *key, char *out, size_t size);

/* What people do there: to every open incident. How many there were. */
int incidents_acknowledge(struct incidents *incidents);
int incidents_resolve(struct incidents *incidents);
void incidents_maintain(struct incidents *incidents, bool on);

#endif
