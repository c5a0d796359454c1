/* SPDX-License-Identifier: MIT */
/*
 * Prometheus's text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): the samples
 * of one family stand together, after its name and type.
 */
#ifndef COMMON_PROMETHEUS_H
#define COMMON_PROMETHEUS_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <stdint.h>

/* `counter`, `gauge`, `histogram`. */
void prometheus_family(struct buffer *out, const char *name, const char *type, const char *help);

/* A label's value, in quotes, with a backslash, a quotation mark and a newline escaped. */
void prometheus_label(struct buffer *out, const char *bytes, size_t length);

/* Names and values of labels in turn. */
#define PROMETHEUS_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A sample; labels: PROMETHEUS_LABELS, or NULL: none. */
void prometheus_number(
	struct buffer *out, const char *name, const char *const *labels, int64_t value);
void prometheus_seconds(struct buffer *out, const char *name, const char *const *labels, nsec span);

/* A family of one sample without labels. */
void prometheus_single(
	struct buffer *out, const char *name, const char *type, const char *help, int64_t value);

#endif
