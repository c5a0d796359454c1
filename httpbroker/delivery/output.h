/* SPDX-License-Identifier: MIT */
/*
 * Events without Redis (--output): lines that are written, in order, to standard output, a FIFO or
 * a file. Nothing here waits: what is not accepted at once stays until the next step.
 *
 * The output is away while the FIFO has no reader, the file cannot be written, or no byte was
 * accepted for LIMIT_REDIS_WAIT; it is back when all that was put is written. The begin and the end
 * of that are logged. It is broken for good when the reader of standard output has gone.
 *
 * A FIFO without a reader is kept open, so that the next reader gets what is still in it, and is
 * opened again if another file has its name. A line of which the last reader may have had only a
 * part is written again, after a newline. A file that ends within a line, as a full disk
 * leaves it, gets a newline first.
 */
#ifndef HTTPBROKER_DELIVERY_OUTPUT_H
#define HTTPBROKER_DELIVERY_OUTPUT_H

#include "common/clocks.h"
#include "httpbroker/redis/resp.h"

#include <poll.h>
#include <stdbool.h>

struct output;

/* `-` is standard output. Creates a file that is missing; dies (EX_CANTCREAT) if it cannot. */
struct output *output_new(const char *path, nsec now);
void output_free(struct output *output);

/* Writes what is accepted at once. Whether all is written and it is neither away nor broken. */
bool output_step(struct output *output, nsec now);

/* A line for each argument of the list; only after output_step() has returned true. */
void output_put(struct output *output, const struct resp_list *list, nsec now);

/* For poll(2); fd is -1 where there is nothing to wait for. And when to call output_step(). */
struct pollfd output_poll(const struct output *output);
nsec output_deadline(const struct output *output);

/* Opens a file by its name again, as after a rotation; logs if that is impossible. */
void output_reopen(struct output *output);

bool output_is_away(const struct output *output);
bool output_is_broken(const struct output *output);

/* For messages: `standard output`, or the path. And why it is away or broken; empty if not. */
const char *output_name(const struct output *output);
const char *output_why(const struct output *output);

#endif
