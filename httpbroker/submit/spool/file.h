/* SPDX-License-Identifier: MIT */
/*
 * A file of the spool, as bytes. Pure. A line says what must follow,
 *
 *     httpbroker-submit spool 1: EVENTS events, BYTES bytes
 *
 * then comes each event, on one line. So what was cut or overwritten is known for it.
 */
#ifndef HTTPBROKER_SUBMIT_SPOOL_FILE_H
#define HTTPBROKER_SUBMIT_SPOOL_FILE_H

#include "common/buffer.h"
#include "common/reason.h"
#include "httpbroker/submit/delivery/queue.h"

#define SPOOL_FILE_EVENTS 500
#define SPOOL_FILE_BYTES ((size_t)256 * 1024)    /* of events; a longer one has its own file */
#define SPOOL_FILE_MAX ((size_t)2 * 1024 * 1024) /* no file is longer */

/*
 * Writes into `out`, which is cleared first, `first` and those behind it, while they come from
 * the same file as it (that is NULL, for events that come from none) and the file has at most
 * `most` bytes. Returns how many they are.
 */
size_t spool_file_write(struct buffer *out, const struct queued *first, size_t max);

/*
 * Appends the events of the file's bytes to `queue`, with `name` as their origin. False: the file
 * is damaged; nothing was appended, and *why says what is wrong.
 */
bool spool_file_read(const char *bytes, size_t length, const char *name, struct queue *queue,
	struct reason *why);

#endif
