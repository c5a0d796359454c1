/* SPDX-License-Identifier: MIT */
#include "oobetet/message.h"

#include "common/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MONITOR SPEAKER_MONITOR
#define XMPP SPEAKER_XMPP
#define HTTP SPEAKER_HTTP
#define PROBE SPEAKER_PROBE
#define WORKER (XMPP | HTTP | PROBE)

static const struct {
	const char *name;
	int fields;
	unsigned speakers; /* who may send it */
} message_types[] = {
	[MESSAGE_CONFIG] = {"config", 3, MONITOR},
	[MESSAGE_GO] = {"go", 1, MONITOR},
	[MESSAGE_SAY] = {"say", 3, MONITOR},
	[MESSAGE_TRIGGER] = {"trigger", 8, MONITOR},
	[MESSAGE_RESOLVE] = {"resolve", 3, MONITOR},
	[MESSAGE_HEARTBEAT] = {"beat", 0, MONITOR},
	[MESSAGE_MISSED] = {"missed", 2, MONITOR},
	[MESSAGE_STOP] = {"stop", 0, MONITOR},
	[MESSAGE_ALIVE] = {"alive", 1, WORKER},
	[MESSAGE_ONLINE] = {"online", 1, WORKER},
	[MESSAGE_GONE] = {"gone", 1, WORKER},
	[MESSAGE_CREATED] = {"created", 1, XMPP},
	[MESSAGE_JOINED] = {"joined", 2, XMPP},
	[MESSAGE_LEFT] = {"left", 2, XMPP},
	[MESSAGE_OCCUPANT] = {"occupant", 5, XMPP},
	[MESSAGE_VACATED] = {"vacated", 2, XMPP},
	[MESSAGE_DEPARTED] = {"departed", 2, XMPP},
	[MESSAGE_HEARD] = {"heard", 5, XMPP},
	[MESSAGE_RECALLED] = {"recalled", 5, XMPP},
	[MESSAGE_ASKED] = {"asked", 1, XMPP},
	[MESSAGE_DONE] = {"done", 1, XMPP | HTTP},
	[MESSAGE_REFUSED] = {"refused", 2, HTTP},
	[MESSAGE_FAILED] = {"failed", 2, XMPP | HTTP},
	[MESSAGE_PORT] = {"port", 3, PROBE},
	[MESSAGE_BROKER] = {"broker", 6, PROBE},
	[MESSAGE_QUEUE] = {"queue", 8, PROBE},
	[MESSAGE_SILENT] = {"silent", 3, PROBE},
	[MESSAGE_BLIND] = {"blind", 5, PROBE},
};

#define TYPES ((int)(sizeof message_types / sizeof message_types[0]))

/* The escaped characters, and the letters that stand for them after the backslash. */
static const char escaped[] = "\t\n\r\\";
static const char letters[] = "tnr\\";

void field_escape(struct buffer *out, const char *field)
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

bool field_unescape(char *field)
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
		field_escape(out, *fields);
	}
	if (out->length - start > IPC_LINE) {
		out->length = start;
		out->data[start] = '\0';
		return false;
	}
	buffer_append(out, "\n", 1);
	return true;
}

const char *speaker_name(enum speaker speaker)
{
	switch (speaker) {
	case SPEAKER_XMPP:
		return "xmpp";
	case SPEAKER_HTTP:
		return "http";
	case SPEAKER_PROBE:
		return "probe";
	default:
		return "monitor";
	}
}

bool message_read(char *line, enum speaker from, struct message *out, struct reason *why)
{
	char *rest = line;
	const char *name = strsep(&rest, "\t");
	int count = 0;

	memset(out, 0, sizeof *out);
	out->from = from;
	while ((int)out->type < TYPES && strcmp(message_types[out->type].name, name) != 0)
		out->type++;
	if ((int)out->type == TYPES)
		return reason_set(why, "unknown type '%.20s'", name);
	if ((message_types[out->type].speakers & from) == 0)
		return reason_set(why, "'%s' may not be sent by %s", name, speaker_name(from));
	for (; rest != NULL && count < IPC_FIELDS; count++) {
		out->field[count] = strsep(&rest, "\t");
		if (!field_unescape(out->field[count]))
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
