/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/json.h"

#include "common/buffer.h"
#include "common/number.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "httpbroker/limits.h"

#include <jansson.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *value_kind(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	default:
		return "true, false or null";
	}
}

bool value_refuse(const char *name, const json_t *value, struct reason *why)
{
	char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
	struct reason expected = *why;

	reason_set(why, "'%s' is %.64s, not %s", name, shown != NULL ? shown : "unreadable",
		expected.text);
	jsonpool_give(shown);
	return false;
}

bool value_is_deep(json_t *value, unsigned max)
{
	const char *key;
	json_t *inner;
	size_t i;

	if (!json_is_object(value) && !json_is_array(value))
		return false;
	if (max == 0)
		return true;
	json_object_foreach(value, key, inner)
		if (value_is_deep(inner, max - 1))
			return true;
	json_array_foreach(value, i, inner)
		if (value_is_deep(inner, max - 1))
			return true;
	return false;
}

bool value_whole(const json_t *value, int64_t min, int64_t max, int64_t *out)
{
	struct reason ignored;

	if (json_is_integer(value)) {
		int64_t given = json_integer_value(value);

		if (given < min || given > max)
			return false;
		*out = given;
		return true;
	}
	return json_is_string(value) &&
	       strlen(json_string_value(value)) == json_string_length(value) &&
	       number_parse(json_string_value(value), min, max, out, &ignored);
}

/* NULL: missing or null. */
static const json_t *value_given(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

struct text value_string(const json_t *value)
{
	return (struct text){json_string_value(value), json_string_length(value)};
}

bool value_text(const json_t *object, const char *key, struct text *out, struct reason *why)
{
	const json_t *value = value_given(object, key);

	if (value == NULL)
		return true;
	if (!json_is_string(value)) {
		reason_set(why, "a string");
		return value_refuse(key, value, why);
	}
	*out = value_string(value);
	return true;
}

#define KEPT "" /* the key in a document under which text_keep() keeps its strings */

struct text text_keep(json_t *document, const char *bytes, size_t length)
{
	json_t *kept = json_object_get(document, KEPT);
	json_t *string = json_stringn(bytes, length);

	if (!json_is_array(kept)) {
		kept = json_array();
		json_object_set_new(document, KEPT, kept);
	}
	if (string == NULL || json_array_append_new(kept, string) != 0)
		return (struct text){NULL, 0};
	return value_string(string);
}

struct text value_shown(json_t *document, const json_t *value)
{
	struct text text = {NULL, 0};

	if (value == NULL || json_is_null(value) ||
		(json_is_string(value) && json_string_length(value) == 0))
		return text;
	if (json_is_string(value))
		return value_string(value);
	char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	if (shown != NULL)
		text = text_keep(document, shown, strlen(shown));
	jsonpool_give(shown);
	return text;
}

bool value_object(const json_t *object, const char *key, const json_t **out, struct reason *why)
{
	*out = value_given(object, key);
	if (*out == NULL || json_is_object(*out))
		return true;
	reason_set(why, "an object");
	return value_refuse(key, *out, why);
}

void value_milliseconds(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = value_given(object, key);
	int64_t given;

	if (value == NULL || !value_whole(value, 0, INT64_MAX, &given))
		return;
	while (given >= EVENT_TIME_IN_MILLISECONDS)
		given /= 1000;
	*out = given;
}

bool text_equals(struct text a, struct text b)
{
	return a.bytes != NULL && b.bytes != NULL && a.length == b.length &&
	       memcmp(a.bytes, b.bytes, a.length) == 0;
}

bool text_is(struct text text, const char *word)
{
	return text.bytes != NULL && text.length == strlen(word) &&
	       strncasecmp(text.bytes, word, text.length) == 0;
}

static void characters_replace(struct buffer *name, char from, char to)
{
	char *at = name->data;

	while ((at = memchr(at, from, name->length - (size_t)(at - name->data))) != NULL)
		*at++ = to;
}

static void clean_append(struct buffer *out, struct text text)
{
	utf8_clean_append(out, text.bytes, text.length, UTF8_ONE_LINE);
}

/* Cuts a name between characters, at `limit` bytes, and appends a hash of the whole. */
static void name_cut(struct buffer *name, size_t limit, const struct buffer *whole)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	name->length = utf8_whole(name->data, limit);
	EVP_Digest(whole->data, whole->length, digest, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < NAME_HASH / 2; i++)
		buffer_printf(name, "%02x", digest[i]);
}

static struct text name_keep(json_t *document, struct buffer *name)
{
	struct text text = {NULL, 0};

	if (name->length > 0)
		text = text_keep(document, name->data, name->length);
	buffer_free(name);
	return text;
}

struct text name_fit(json_t *document, struct text text)
{
	struct buffer name = {NULL, 0, 0}, whole = {NULL, 0, 0};

	if (text.bytes == NULL || text.length == 0)
		return (struct text){NULL, 0};
	if (text.length <= LIMIT_NAME && memchr(text.bytes, '"', text.length) == NULL &&
		utf8_clean_span(text.bytes, text.length, UTF8_ONE_LINE) == text.length)
		return text;
	buffer_append(&whole, text.bytes, text.length);
	clean_append(&name, text);
	if (name.length > 0)
		characters_replace(&name, '"', '\'');
	if (name.length > LIMIT_NAME)
		name_cut(&name, LIMIT_NAME - NAME_HASH, &whole);
	buffer_free(&whole);
	return name_keep(document, &name);
}

struct text name_first(json_t *document, const char *const *keys, struct text *given)
{
	for (; *keys != NULL; keys++) {
		const json_t *value = json_object_get(document, *keys);

		if (json_is_array(value))
			value = json_array_get(value, 0); /* NULL if it is empty */
		*given = value_shown(document, value);
		struct text name = name_fit(document, *given);
		if (name.bytes != NULL)
			return name;
	}
	*given = (struct text){NULL, 0};
	return *given;
}

static int labels_compare(const void *a, const void *b)
{
	const struct label *one = a, *other = b;

	return strcmp(one->key, other->key);
}

/* The byte 0xff is in no UTF-8, so that no two sets of labels look alike. */
static void whole_append(struct buffer *whole, const char *bytes, size_t length)
{
	buffer_append(whole, bytes, length);
	buffer_append(whole, "\xff", 1);
}

struct text name_labelled(json_t *document, struct text name, struct label *labels, size_t count)
{
	struct buffer out = {NULL, 0, 0}, whole = {NULL, 0, 0};

	if (count > 1)
		qsort(labels, count, sizeof labels[0], labels_compare);
	clean_append(&out, name);
	whole_append(&whole, name.bytes, name.length);
	for (size_t i = 0; i < count; i++) {
		buffer_append(&out, i == 0 ? "{" : ",", 1);
		clean_append(&out, text_literal(labels[i].key));
		buffer_append(&out, "=", 1);
		clean_append(&out, labels[i].value);
		whole_append(&whole, labels[i].key, strlen(labels[i].key));
		whole_append(&whole, labels[i].value.bytes, labels[i].value.length);
	}
	buffer_append(&out, "}", count > 0 ? 1 : 0);
	characters_replace(&out, '"', '\'');
	characters_replace(&out, ':', '_');
	if (out.length > LABELLED_MAX)
		name_cut(&out, LABELLED_MAX, &whole);
	buffer_free(&whole);
	return name_keep(document, &out);
}

/* Later threads have none: there are more only with very many addresses to listen on. */
enum { POOLS = 16, POOL_BYTES = 1 << 20, ALIGNMENT = alignof(max_align_t) };

struct pool {
	size_t used;         /* the thread's own, as the next */
	unsigned living;     /* blocks that it allocated and did not free */
	atomic_uint strayed; /* blocks that other threads freed */
	alignas(max_align_t) char bytes[POOL_BYTES];
};

static struct pool pools[POOLS];
static atomic_uint owned;
static _Thread_local struct pool *mine;
static _Thread_local bool assigned;

static const struct jsonpool_bound *bound; /* NULL: none */

static _Thread_local struct {
	bool on;
	size_t taken; /* bytes beyond the pool */
	enum jsonpool_end end;
} reading;

static struct pool *pool_mine(void)
{
	if (assigned)
		return mine;
	unsigned number = atomic_fetch_add(&owned, 1);
	assigned = true;
	mine = number < POOLS ? &pools[number] : NULL;
	return mine;
}

/* Acquire: other threads wrote to their blocks before they freed them. */
static void pool_recycle(struct pool *pool)
{
	if (pool->living != atomic_load_explicit(&pool->strayed, memory_order_acquire))
		return;
	atomic_store_explicit(&pool->strayed, 0, memory_order_relaxed);
	pool->living = 0;
	pool->used = 0;
}

/* Counts a block of malloc's; false: it is beyond the bound. */
static bool bound_take(size_t bytes)
{
	if (bound == NULL)
		return true;
	if (!reading.on)
		return bound->take(bound->owner, bytes, true);
	if (reading.end == JSONPOOL_FITS && reading.taken + bytes > bound->max)
		reading.end = JSONPOOL_LARGE;
	else if (reading.end == JSONPOOL_FITS && !bound->take(bound->owner, bytes, false))
		reading.end = JSONPOOL_FULL;
	if (reading.end != JSONPOOL_FITS)
		return false;
	reading.taken += bytes;
	return true;
}

/* With malloc's own header: most blocks are small. */
static size_t block_bytes(void *block)
{
	return malloc_usable_size(block) + sizeof(size_t);
}

static void *block_take(size_t size)
{
	void *block = malloc(size);

	if (block == NULL || bound_take(block_bytes(block)))
		return block;
	free(block);
	return NULL;
}

static void block_give(void *block)
{
	if (bound != NULL && block != NULL)
		bound->give(bound->owner, block_bytes(block));
	free(block);
}

void *jsonpool_take(size_t size)
{
	struct pool *pool = pool_mine();

	if (pool == NULL || size > POOL_BYTES - pool->used)
		return block_take(size);
	void *block = pool->bytes + pool->used;
	size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	pool->used += rounded;
	pool->living++;
	return block;
}

void jsonpool_give(void *block)
{
	struct pool *own = pool_mine();
	uintptr_t offset = (uintptr_t)block - (uintptr_t)pools;

	if (own != NULL && (uintptr_t)block - (uintptr_t)own < sizeof *own) {
		own->living--;
		pool_recycle(own);
	} else if (offset < sizeof pools) {
		atomic_fetch_add_explicit(
			&pools[offset / sizeof pools[0]].strayed, 1, memory_order_release);
	} else {
		block_give(block);
	}
}

/* AddressSanitizer needs blocks of malloc's. */
void jsonpool_use(const struct jsonpool_bound *its)
{
	bound = its;
#ifdef __SANITIZE_ADDRESS__
	json_set_alloc_funcs(block_take, block_give);
#else
	json_set_alloc_funcs(jsonpool_take, jsonpool_give);
#endif
}

void jsonpool_read_begin(void)
{
	reading.on = true;
	reading.taken = 0;
	reading.end = JSONPOOL_FITS;
}

enum jsonpool_end jsonpool_read_end(void)
{
	reading.on = false;
	return reading.end;
}
