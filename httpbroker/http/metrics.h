/* SPDX-License-Identifier: MIT */
/*
 * Writing figures as Prometheus reads them: its text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats). All of one family stand together, behind
 * what it is.
 */
#ifndef HTTPBROKER_HTTP_METRICS_H
#define HTTPBROKER_HTTP_METRICS_H

#include "common/buffer.h"
#include "httpbroker/delivery/histogram.h"

#include <stddef.h>
#include <stdint.h>

#define ANSWER_METRICS "text/plain; version=0.0.4; charset=utf-8"

enum exposition_type { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };

/* What a family is. `help` is a line, and has no backslash. */
void exposition_family(
	struct buffer *out, const char *name, enum exposition_type type, const char *help);

/* A family of one figure. */
void exposition_number(struct buffer *out, const char *name, enum exposition_type type,
	const char *help, int64_t value);

void exposition_histogram(
	struct buffer *out, const char *name, const char *help, const struct histogram *histogram);

/* The value of a label, any bytes of valid UTF-8, in quotes. */
void exposition_label(struct buffer *out, const char *bytes, size_t length);

#endif
