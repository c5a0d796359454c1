/* SPDX-License-Identifier: MIT */
/*
 * The probe worker: reads the flapper's port, the broker and Redis of each watch that names them.
 * Each probe has a limit, and none waits for another.
 */
#ifndef OOBETET_PROBE_MAIN_H
#define OOBETET_PROBE_MAIN_H

/* Runs until the main process ends it. Returns the exit code. */
int probe_main(void);

#endif
