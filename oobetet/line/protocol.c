/* SPDX-License-Identifier: MIT */
#include "oobetet/line/protocol.h"

#include "common/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLOCK SPEAKER_CLOCK
#define EAR SPEAKER_XMPP
#define PAGER SPEAKER_HTTP

static const struct {
	const char *name;
	int fields;
	unsigned speakers; /* who may say it */
} message_types[] = {
	[MESSAGE_CONFIG] = {"config", 2, CLOCK},
	[MESSAGE_GO] = {"go", 1, CLOCK},
	[MESSAGE_SAY] = {"say", 3, CLOCK},
	[MESSAGE_TRIGGER] = {"trigger", 6, CLOCK},
	[MESSAGE_RESOLVE] = {"resolve", 2, CLOCK},
	[MESSAGE_HEARTBEAT] = {"beat", 0, CLOCK},
	[MESSAGE_MISSED] = {"missed", 2, CLOCK},
	[MESSAGE_STOP] = {"stop", 0, CLOCK},
	[MESSAGE_ALIVE] = {"alive", 1, EAR | PAGER},
	[MESSAGE_ONLINE] = {"online", 1, EAR | PAGER},
	[MESSAGE_GONE] = {"gone", 1, EAR | PAGER},
	[MESSAGE_CREATED] = {"created", 1, EAR},
	[MESSAGE_JOINED] = {"joined", 2, EAR},
	[MESSAGE_LEFT] = {"left", 2, EAR},
	[MESSAGE_OCCUPANT] = {"occupant", 5, EAR},
	[MESSAGE_HEARD] = {"heard", 4, EAR},
	[MESSAGE_RECALLED] = {"recalled", 4, EAR},
	[MESSAGE_DONE] = {"done", 1, EAR | PAGER},
	[MESSAGE_REFUSED] = {"refused", 2, PAGER},
	[MESSAGE_FAILED] = {"failed", 2, EAR | PAGER},
};

#define WORDS ((int)(sizeof message_types / sizeof message_types[0]))

/* What is escaped, and the letter that stands for it after the backslash. */
static const char escaped[] = "\t\n\r\\";
static const char letters[] = "tnr\\";

void ipc_escape(struct buffer *out, const char *field)
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

/* Undoes ipc_escape(), in place; false for a backslash that begins nothing we know. */
bool ipc_unescape(char *field)
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

bool message_write(struct buffer *out, enum message_type type, const char *const fields[])
{
	size_t start = out->length;

	buffer_append_text(out, message_types[type].name);
	for (; *fields != NULL; fields++) {
		buffer_append(out, "\t", 1);
		ipc_escape(out, *fields);
	}
	if (out->length - start > IPC_LINE) {
		out->length = start;
		out->data[start] = '\0';
		return false;
	}
	buffer_append(out, "\n", 1);
	return true;
}

static bool message_type_read(const char *name, enum message_type *out)
{
	for (int i = 0; i < WORDS; i++) {
		if (strcmp(message_types[i].name, name) == 0) {
			*out = (enum message_type)i;
			return true;
		}
	}
	return false;
}

const char *speaker_name(enum speaker speaker)
{
	switch (speaker) {
	case SPEAKER_XMPP:
		return "ear";
	case SPEAKER_HTTP:
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
	if (!message_type_read(name, &out->type))
		return reason_set(why, "unknown word '%.20s'", name);
	if ((message_types[out->type].speakers & from) == 0)
		return reason_set(why, "'%s' is not for the %s to say", name, speaker_name(from));
	for (; rest != NULL && count < IPC_FIELDS; count++) {
		out->field[count] = strsep(&rest, "\t");
		if (!ipc_unescape(out->field[count]))
			return reason_set(why, "bad escape in field %d of '%s'", count + 1, name);
	}
	if (rest != NULL || count != message_types[out->type].fields)
		return reason_set(why, "'%s' does not have its %d fields", name,
			message_types[out->type].fields);
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
