/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/exposition.h"

#include <inttypes.h>

void exposition_family(
	struct buffer *out, const char *name, enum exposition_type type, const char *help)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

void exposition_number(struct buffer *out, const char *name, enum exposition_type type,
	const char *help, int64_t value)
{
	exposition_family(out, name, type, help);
	buffer_printf(out, "%s %" PRId64 "\n", name, value);
}

static double seconds_of(uint64_t time)
{
	return (double)time / (double)NSEC_PER_SEC;
}

/* A count is of all up to its bound; the last bound of all is infinite. */
void exposition_histogram(
	struct buffer *out, const char *name, const char *help, const struct histogram *histogram)
{
	uint64_t count = 0;

	exposition_family(out, name, EXPOSITION_HISTOGRAM, help);
	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		count += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
		buffer_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
			seconds_of((uint64_t)histogram_bound(i)), count);
	}
	count += atomic_load_explicit(&histogram->counts[HISTOGRAM_BOUNDS], memory_order_relaxed);
	buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
	buffer_printf(out, "%s_sum %.9f\n%s_count %" PRIu64 "\n", name,
		seconds_of(atomic_load_explicit(&histogram->sum, memory_order_relaxed)), name,
		count);
}

static const char *escape_of(char c)
{
	return c == '\\' ? "\\\\" : c == '"' ? "\\\"" : c == '\n' ? "\\n" : NULL;
}

void exposition_label(struct buffer *out, const char *bytes, size_t length)
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
