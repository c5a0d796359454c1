/* SPDX-License-Identifier: MIT */
/*
 * HTTP POSTs of JSON to one URL, one at a time, with libcurl: nothing here blocks, name resolution
 * included.
 */
#ifndef HTTPBROKER_NOTIFY_TRANSFER_H
#define HTTPBROKER_NOTIFY_TRANSFER_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <poll.h>
#include <stdbool.h>

enum {
	TRANSFER_FDS = 8,           /* that it may poll */
	TRANSFER_ANSWER = 64 << 10, /* bytes that are kept of an answer */
};

struct transfer;

struct transfer *transfer_new(const char *url);
void transfer_free(struct transfer *transfer);

/* Not while it is busy. The body must stay until the transfer has ended. */
void transfer_start(struct transfer *transfer, const struct buffer *body);
bool transfer_is_busy(const struct transfer *transfer);
void transfer_abort(struct transfer *transfer);

/*
 * Goes on. True: it has ended, with the status of the answer (and transfer_answer()), or 0 and why
 * there is none.
 */
bool transfer_step(struct transfer *transfer, nsec now, long *status, struct reason *why);
const struct buffer *transfer_answer(const struct transfer *transfer);

/* For poll(2): returns how many. And when to call transfer_step() at the latest. */
size_t transfer_poll(const struct transfer *transfer, struct pollfd *fds);
nsec transfer_deadline(const struct transfer *transfer);

#endif
