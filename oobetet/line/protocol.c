/* SPDX-License-Identifier: MIT */
#include "oobetet/line/protocol.h"

#include "common/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLOCK SPEAKER_CLOCK
#define EAR SPEAKER_EAR
#define PAGER SPEAKER_PAGER

static const struct {
	const char *name;
	int fields;
	unsigned speakers; /* who may say it */
} words[] = {
	[WORD_CONFIG] = {"config", 2, CLOCK},
	[WORD_GO] = {"go", 1, CLOCK},
	[WORD_SAY] = {"say", 3, CLOCK},
	[WORD_TRIGGER] = {"trigger", 6, CLOCK},
	[WORD_RESOLVE] = {"resolve", 2, CLOCK},
	[WORD_BEAT] = {"beat", 0, CLOCK},
	[WORD_MISSED] = {"missed", 2, CLOCK},
	[WORD_STOP] = {"stop", 0, CLOCK},
	[WORD_ALIVE] = {"alive", 1, EAR | PAGER},
	[WORD_ONLINE] = {"online", 1, EAR | PAGER},
	[WORD_GONE] = {"gone", 1, EAR | PAGER},
	[WORD_CREATED] = {"created", 1, EAR},
	[WORD_JOINED] = {"joined", 2, EAR},
	[WORD_LEFT] = {"left", 2, EAR},
	[WORD_OCCUPANT] = {"occupant", 5, EAR},
	[WORD_HEARD] = {"heard", 4, EAR},
	[WORD_RECALLED] = {"recalled", 4, EAR},
	[WORD_DONE] = {"done", 1, EAR | PAGER},
	[WORD_REFUSED] = {"refused", 2, PAGER},
	[WORD_FAILED] = {"failed", 2, EAR | PAGER},
};

#define WORDS ((int)(sizeof words / sizeof words[0]))

/* What is escaped, and the letter that stands for it after the backslash. */
static const char escaped[] = "\t\n\r\\";
static const char letters[] = "tnr\\";

void protocol_escape(struct buffer *out, const char *field)
{
	while (*field != '\0') {
		size_t plain = strcspn(field, escaped);

		buffer_append(out, field, plain);
		field += plain;
		if (*field != '\0') {
			const char pair[] = {'\\', letters[strchr(escaped, *field++) - escaped]};
			buffer_append(out, pair, sizeof pair);
		}
	}
}

/* Undoes protocol_escape(), in place; false for a backslash that begins nothing we know. */
bool protocol_unescape(char *field)
{
	char *out = field;

	for (; *field != '\0'; field++) {
		if (*field != '\\') {
			*out++ = *field;
			continue;
		}
		const char *letter = field[1] != '\0' ? strchr(letters, field[1]) : NULL;
		if (letter == NULL)
			return false;
		*out++ = escaped[letter - letters];
		field++;
	}
	*out = '\0';
	return true;
}

bool message_write(struct buffer *out, enum word word, const char *const fields[])
{
	size_t start = out->length;

	buffer_append_text(out, words[word].name);
	for (; *fields != NULL; fields++) {
		buffer_append(out, "\t", 1);
		protocol_escape(out, *fields);
	}
	if (out->length - start > PROTOCOL_LINE) {
		out->length = start;
		out->data[start] = '\0';
		return false;
	}
	buffer_append(out, "\n", 1);
	return true;
}

static bool word_read(const char *name, enum word *out)
{
	for (int i = 0; i < WORDS; i++) {
		if (strcmp(words[i].name, name) == 0) {
			*out = (enum word)i;
			return true;
		}
	}
	return false;
}

const char *speaker_name(enum speaker speaker)
{
	switch (speaker) {
	case SPEAKER_EAR:
		return "ear";
	case SPEAKER_PAGER:
		return "pager";
	default:
		return "clock";
	}
}

bool message_read(char *line, enum speaker from, struct message *out, struct reason *why)
{
	char *rest = line;
	const char *name = strsep(&rest, "\t");
	int count = 0;

	memset(out, 0, sizeof *out);
	out->from = from;
	if (!word_read(name, &out->word))
		return reason_set(why, "unknown word '%.20s'", name);
	if ((words[out->word].speakers & from) == 0)
		return reason_set(why, "'%s' is not for the %s to say", name, speaker_name(from));
	for (; rest != NULL && count < PROTOCOL_FIELDS; count++) {
		out->field[count] = strsep(&rest, "\t");
		if (!protocol_unescape(out->field[count]))
			return reason_set(why, "bad escape in field %d of '%s'", count + 1, name);
	}
	if (rest != NULL || count != words[out->word].fields)
		return reason_set(
			why, "'%s' does not have its %d fields", name, words[out->word].fields);
	return true;
}

bool message_number(const char *field, int64_t *out)
{
	struct reason ignored;

	return number_parse(field, 0, INT64_MAX, out, &ignored);
}

const char *message_number_text(int64_t value, char out[MESSAGE_NUMBER])
{
	snprintf(out, MESSAGE_NUMBER, "%" PRId64, value);
	return out;
}
