/* SPDX-License-Identifier: MIT */
/* Events from standard input, a line each. */
#ifndef HTTPBROKER_NOTIFY_INPUT_H
#define HTTPBROKER_NOTIFY_INPUT_H

#include "common/clocks.h"

#include <stdbool.h>

struct input;
struct notify;
struct pollfd;

struct input *input_new(void);
void input_free(struct input *input);

/* Reads what there is, at most 64 KiB. */
void input_work(struct input *input, struct notify *notify, struct moment now);

void input_poll(const struct input *input, struct pollfd *out);
bool input_ended(const struct input *input);

#endif
