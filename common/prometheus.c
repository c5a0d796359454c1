/* SPDX-License-Identifier: MIT */
#include "common/prometheus.h"

#include <inttypes.h>

void prometheus_family(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static const char *escape_of(char c)
{
	return c == '\\' ? "\\\\" : c == '"' ? "\\\"" : c == '\n' ? "\\n" : NULL;
}

void prometheus_label(struct buffer *out, const char *bytes, size_t length)
{
	size_t start = 0;

	buffer_append(out, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		const char *escape = escape_of(bytes[i]);

		if (escape == NULL)
			continue;
		buffer_append(out, bytes + start, i - start);
		buffer_append_text(out, escape);
		start = i + 1;
	}
	buffer_append(out, bytes + start, length - start);
	buffer_append(out, "\"", 1);
}

/* `NAME{KEY="VALUE",KEY="VALUE"} ` */
static void sample_begin(struct buffer *out, const char *name, const char *const *labels)
{
	buffer_append_text(out, name);
	for (int i = 0; labels != NULL && labels[i] != NULL; i += 2) {
		buffer_printf(out, "%s%s=", i == 0 ? "{" : ",", labels[i]);
		prometheus_label(out, labels[i + 1], strlen(labels[i + 1]));
		buffer_append_text(out, labels[i + 2] == NULL ? "}" : "");
	}
	buffer_append_text(out, " ");
}

void prometheus_number(
	struct buffer *out, const char *name, const char *const *labels, int64_t value)
{
	sample_begin(out, name, labels);
	buffer_printf(out, "%" PRId64 "\n", value);
}

void prometheus_seconds(struct buffer *out, const char *name, const char *const *labels, nsec span)
{
	sample_begin(out, name, labels);
	buffer_printf(out, "%.3f\n", (double)span / (double)NSEC_PER_SEC);
}

void prometheus_single(
	struct buffer *out, const char *name, const char *type, const char *help, int64_t value)
{
	prometheus_family(out, name, type, help);
	prometheus_number(out, name, NULL, value);
}
