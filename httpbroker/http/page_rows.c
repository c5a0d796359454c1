/* SPDX-License-Identifier: MIT */
/* The rows of the page for browsers: the worst checks that match, from a place in that order on. */
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/http/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Where a check stands: the worst first, then what changed last, then by name. */
struct place {
	int rank;
	int64_t since;
	uint16_t entity_length;
	size_t length;
	char names[NAMES_MAX];
};

struct row {
	struct place place;
	struct buffer json;
};

struct scan_rows {
	const struct page_filter *filter;
	/* of the filter, in lower case; quoted: the text, as it stands in JSON */
	struct buffer entity, text, quoted;
	struct buffer folded;      /* a text that is searched */
	const struct place *after; /* NULL: from the first on */
	enum state stale_as;
	struct moment now;
	struct page_counts *counts;
	struct row *rows[PAGE_ROWS + 1]; /* sorted; the last one is only to know that it exists */
	size_t count;
};

static int rank_of(enum state state)
{
	static const int ranks[] = {
		[STATE_OK] = 3, [STATE_WARNING] = 2, [STATE_CRITICAL] = 0, [STATE_UNKNOWN] = 1};

	return ranks[state];
}

static int place_compare(const struct place *one, const struct place *other)
{
	size_t shorter = one->length < other->length ? one->length : other->length;

	if (one->rank != other->rank)
		return one->rank < other->rank ? -1 : 1;
	if (one->since != other->since)
		return one->since > other->since ? -1 : 1;
	int order = memcmp(one->names, other->names, shorter);
	if (order != 0)
		return order;
	if (one->length != other->length)
		return one->length < other->length ? -1 : 1;
	return (int)one->entity_length - (int)other->entity_length;
}

/* `RANK.SINCE.LENGTH.NAMES`, LENGTH that of the entity. */
static void place_write(const struct place *place, struct buffer *out)
{
	buffer_printf(out, "%d.%" PRId64 ".%u.", place->rank, place->since, place->entity_length);
	buffer_append(out, place->names, place->length);
}

static bool number_take(const char **at, const char *end, int64_t max, int64_t *out)
{
	const char *dot = memchr(*at, '.', (size_t)(end - *at));
	struct reason ignored;
	char digits[JSONTEXT_NUMBER];

	if (dot == NULL || (size_t)(dot - *at) >= sizeof digits)
		return false;
	memcpy(digits, *at, (size_t)(dot - *at));
	digits[dot - *at] = '\0';
	*at = dot + 1;
	return number_parse(digits, 0, max, out, &ignored);
}

static bool place_read(struct text text, struct place *place)
{
	const char *at = text.bytes, *end = text.bytes + text.length;
	int64_t rank, since, entity;

	if (!number_take(&at, end, 3, &rank) || !number_take(&at, end, INT64_MAX, &since) ||
		!number_take(&at, end, LIMIT_NAME, &entity))
		return false;
	place->rank = (int)rank;
	place->since = since;
	place->entity_length = (uint16_t)entity;
	place->length = (size_t)(end - at);
	if (place->length > sizeof place->names)
		return false;
	memcpy(place->names, at, place->length);
	return true;
}

/* Appends the text with its ASCII letters in lower case. */
static void folded_append(struct buffer *out, const char *bytes, size_t length)
{
	char *to = buffer_reserve(out, length);

	for (size_t i = 0; i < length; i++)
		to[i] = (char)(bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] | 0x20 : bytes[i]);
	to[length] = '\0';
	out->length += length;
}

/*
 * Whether the part, which is folded, is in the bytes. By memmem(), whose time does not grow with
 * the part as that of two loops does: names like `aaaa…` would keep the HTTP threads for minutes.
 */
static bool contains(
	struct scan_rows *scan, const char *bytes, size_t length, const struct buffer *part)
{
	if (part->length == 0)
		return true;
	buffer_clear(&scan->folded);
	folded_append(&scan->folded, bytes, length);
	return memmem(scan->folded.data, length, part->data, part->length) != NULL;
}

/* The encoded tags: `["a","b"]`; not given: there are none. */
static struct text tags_of(const struct encoded *encoded)
{
	static const char key[] = ",\"tags\":";
	const char *tail = encoded->bytes + encoded->tail, *end = encoded->bytes + encoded->length;
	size_t skip = sizeof key - 1;

	if ((size_t)(end - tail) <= skip || memcmp(tail, key, skip) != 0)
		return (struct text){NULL, 0};
	const char *c = tail + skip;
	for (bool quoted = false; c < end && (quoted || *c != ']'); c++) {
		if (*c == '"')
			quoted = !quoted;
		else if (*c == '\\')
			c++;
	}
	return (struct text){tail + skip, (size_t)(c + 1 - tail) - skip};
}

/* The length of the JSON string that begins here, with its quotes. */
static size_t string_length(const char *begin, const char *end)
{
	const char *c = begin + 1;

	while (c < end && *c != '"')
		c += *c == '\\' ? 2 : 1;
	return (size_t)(c + 1 - begin);
}

/* Each tag is compared by itself: `","` stands between any two. */
static bool has_tag(const struct check *check, struct text tag)
{
	if (tag.bytes == NULL)
		return true;
	const struct text tags = tags_of(&check->encoded);
	if (tags.bytes == NULL)
		return false;
	const char *each = tags.bytes + 1, *end = tags.bytes + tags.length;
	while (each < end && *each == '"') {
		size_t length = string_length(each, end);

		if (length == tag.length && memcmp(each, tag.bytes, length) == 0)
			return true;
		each += length + 1; /* and the comma, or the bracket */
	}
	return false;
}

static bool state_matches(int wanted, enum state reported, bool stale)
{
	return wanted == PAGE_ALL || wanted == (int)reported || (wanted == PAGE_STALE && stale) ||
	       (wanted == PAGE_PROBLEM && reported != STATE_OK);
}

static bool text_matches(struct scan_rows *scan, const struct check *check)
{
	if (contains(scan, check->names, check->hh.keylen, &scan->text))
		return true;
	const struct text summary = encoded_summary(&check->encoded);
	return contains(scan, summary.bytes, summary.length, &scan->quoted);
}

static bool matches(struct scan_rows *scan, const struct check *check)
{
	return contains(scan, check->names, check->entity_length, &scan->entity) &&
	       has_tag(check, scan->filter->tag) && text_matches(scan, check);
}

static void filter_fold(struct scan_rows *scan)
{
	const struct page_filter *filter = scan->filter;
	struct buffer json = {NULL, 0, 0};

	folded_append(&scan->entity, filter->entity.bytes, filter->entity.length);
	folded_append(&scan->text, filter->text.bytes, filter->text.length);
	if (filter->text.bytes == NULL)
		return;
	jsontext_string(&json, filter->text.bytes, filter->text.length);
	folded_append(&scan->quoted, json.data + 1, json.length - 2);
	buffer_free(&json);
}

static void string_copy(struct buffer *out, struct text text)
{
	buffer_append(out, ",\"", 2);
	buffer_append(out, text.bytes, text.length);
	buffer_append(out, "\"", 1);
}

static void name_write(struct buffer *out, const char *bytes, size_t length)
{
	buffer_append(out, out->length > 1 ? "," : "", out->length > 1);
	jsontext_string(out, bytes, length);
}

/*
 * [entity, check, state, stale, event's state, summary, time, since, end, ttl, run's limit,
 * history, tags]. Times are seconds since the epoch: they change only with the check. `end` is the
 * deadline.
 */
static void row_write(struct buffer *out, const struct check *check, enum state reported,
	const struct scan_rows *scan)
{
	const struct moment now = scan->now;
	const struct text tags = tags_of(&check->encoded);
	size_t name = (size_t)check->entity_length + 1;
	char history[HISTORY_TEXT];

	buffer_append(out, "[", 1);
	name_write(out, check->names, check->entity_length);
	name_write(out, check->names + name, check->hh.keylen - name);
	buffer_printf(out, ",\"%s\",%d,\"%s\"", state_name(reported),
		check_is_expired(check, now.monotonic), state_name((enum state)check->state));
	string_copy(out, encoded_summary(&check->encoded));
	buffer_printf(out, ",%" PRId64 ",%" PRId64 ",", check->time, check->since);
	if (check->deadline == NSEC_NEVER)
		buffer_append_text(out, "null");
	else /* rounded: the two clocks are not read at the same moment */
		jsontext_number(
			out, (now.wall - now.monotonic + check->deadline + NSEC_PER_SEC / 2) /
				     NSEC_PER_SEC);
	history_text(&check->history, now.monotonic, history);
	buffer_printf(
		out, ",%" PRId32 ",%" PRId32 ",\"%s\",", check->ttl, check->run.limit, history);
	if (tags.bytes != NULL)
		buffer_append(out, tags.bytes, tags.length);
	else
		buffer_append_text(out, "[]");
	buffer_append(out, "]", 1);
}

/* In its place among the rows; the last one falls out if there are too many. */
static void row_insert(struct scan_rows *scan, const struct place *place, const struct check *check,
	enum state reported)
{
	size_t at = scan->count;
	struct row *row;

	if (scan->count == PAGE_ROWS + 1)
		row = scan->rows[--at];
	else
		row = memory_zeroed(1, sizeof *row);
	scan->count = at + 1;
	buffer_clear(&row->json);
	row->place = *place;
	row_write(&row->json, check, reported, scan);
	for (; at > 0 && place_compare(place, &scan->rows[at - 1]->place) < 0; at--)
		scan->rows[at] = scan->rows[at - 1];
	scan->rows[at] = row;
}

static void check_visit(const struct check *check, void *context)
{
	struct scan_rows *scan = context;
	enum state reported = check_reported(check, scan->stale_as, scan->now.monotonic);
	bool stale = check_is_expired(check, scan->now.monotonic);
	struct place place;

	scan->counts->states[reported]++;
	scan->counts->stale += stale;
	if (!state_matches(scan->filter->state, reported, stale) || !matches(scan, check))
		return;
	scan->counts->matches++;
	if (scan->count == PAGE_ROWS + 1 && rank_of(reported) > scan->rows[PAGE_ROWS]->place.rank)
		return; /* most of the checks: they are ok */
	place.rank = rank_of(reported);
	place.since = check->since;
	place.entity_length = check->entity_length;
	place.length = check->hh.keylen;
	memcpy(place.names, check->names, place.length);
	if (scan->after != NULL && place_compare(&place, scan->after) <= 0) {
		scan->counts->before++;
		return;
	}
	if (scan->count == PAGE_ROWS + 1 &&
		place_compare(&place, &scan->rows[PAGE_ROWS]->place) >= 0)
		return;
	row_insert(scan, &place, check, reported);
}

bool page_rows(struct checks *checks, const struct page_filter *filter, struct text after,
	enum state stale_as, struct moment now, struct buffer *out, struct page_counts *counts,
	struct buffer *next)
{
	struct checks_cursor cursor = {0, 0, 0};
	struct place place;
	struct scan_rows scan = {
		.filter = filter, .stale_as = stale_as, .now = now, .counts = counts};

	*counts = (struct page_counts){.matches = 0};
	if (after.bytes != NULL && !place_read(after, &place))
		return false;
	if (after.bytes != NULL)
		scan.after = &place;
	filter_fold(&scan);
	while (checks_visit_some(checks, &cursor, check_visit, &scan))
		continue;
	buffer_free(&scan.entity);
	buffer_free(&scan.text);
	buffer_free(&scan.quoted);
	buffer_free(&scan.folded);
	for (size_t i = 0; i < scan.count && i < PAGE_ROWS; i++) {
		buffer_append_text(out, i > 0 ? ",\n" : "\n");
		buffer_append(out, scan.rows[i]->json.data, scan.rows[i]->json.length);
	}
	if (scan.count > PAGE_ROWS)
		place_write(&scan.rows[PAGE_ROWS - 1]->place, next);
	for (size_t i = 0; i < scan.count; i++) {
		buffer_free(&scan.rows[i]->json);
		free(scan.rows[i]);
	}
	return true;
}
