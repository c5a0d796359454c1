/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/names.h"

#include "common/buffer.h"
#include "common/utf8.h"
#include "httpbroker/formats/json.h"
#include "httpbroker/limits.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

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

	while (limit > 0 && ((unsigned char)name->data[limit] & 0xc0) == 0x80)
		limit--;
	name->length = limit;
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

static void label_append(struct buffer *out, struct buffer *whole, const struct label *label)
{
	clean_append(out, text_literal(label->key));
	buffer_append(out, "=", 1);
	clean_append(out, label->value);
	whole_append(whole, label->key, strlen(label->key));
	whole_append(whole, label->value.bytes, label->value.length);
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
		label_append(&out, &whole, &labels[i]);
	}
	buffer_append(&out, "}", count > 0 ? 1 : 0);
	characters_replace(&out, '"', '\'');
	characters_replace(&out, ':', '_');
	if (out.length > LABELLED_MAX)
		name_cut(&out, LABELLED_MAX, &whole);
	buffer_free(&whole);
	return name_keep(document, &out);
}
