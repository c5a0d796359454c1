/* SPDX-License-Identifier: MIT */
#include "oobetet/ipc.h"

#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

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

struct ipc {
	struct lines in;
	struct buffer out; /* the line being sent */
	nsec sent;         /* when `alive` was sent last */
	nsec timeout;      /* its field */
	int64_t attempt;   /* the field of `go` */
	bool closed;
};

static void process_become(const char *name)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE};
	char title[16]; /* as much as the kernel takes */

	snprintf(title, sizeof title, "oobetet-%s", name);
	prctl(PR_SET_NAME, title);
	/* it parses what strangers send: nothing that it might run could become root */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
}

struct ipc *ipc_open(const char *name)
{
	struct stat status;
	struct ipc *ipc = memory_zeroed(1, sizeof *ipc);

	if (fstat(IPC_FD, &status) != 0 || !S_ISSOCK(status.st_mode))
		die(EX_USAGE, "the %s worker is started by oobetet itself, not by hand", name);
	fcntl(IPC_FD, F_SETFD, FD_CLOEXEC);
	process_become(name);
	lines_init(&ipc->in, IPC_LINE);
	return ipc;
}

void ipc_free(struct ipc *ipc)
{
	if (ipc == NULL)
		return;
	/* IPC_FD stays open until the exit: its end tells the monitor that this worker ended */
	lines_free(&ipc->in);
	buffer_free(&ipc->out);
	free(ipc);
}

void ipc_send(struct ipc *ipc, enum message_type type, const char *const fields[])
{
	buffer_clear(&ipc->out);
	bool fits = message_write(&ipc->out, type, fields);

	while (fits && !ipc->closed && ipc->out.length > 0) {
		ssize_t sent = send(IPC_FD, ipc->out.data, ipc->out.length, MSG_NOSIGNAL);

		if (sent >= 0)
			buffer_consume(&ipc->out, (size_t)sent);
		else if (errno != EINTR)
			ipc->closed = true;
	}
}

void ipc_live(struct ipc *ipc, nsec now, nsec interval, nsec timeout)
{
	char text[MESSAGE_NUMBER];

	if (ipc->sent != 0 && now - ipc->sent < interval && timeout == ipc->timeout)
		return;
	ipc->sent = now;
	ipc->timeout = timeout;
	ipc_send(ipc, MESSAGE_ALIVE, FIELDS(message_number_text(timeout, text)));
}

void ipc_listen(struct ipc *ipc)
{
	enum lines_read_result result = lines_read(&ipc->in, IPC_FD);

	if (result == LINES_END || result == LINES_ERROR)
		ipc->closed = true;
}

bool ipc_next(struct ipc *ipc, struct message *message)
{
	char *line;
	struct reason why;

	for (;;) {
		switch (lines_next(&ipc->in, &line)) {
		case LINES_LINE:
			if (message_read(line, SPEAKER_MONITOR, message, &why))
				return true;
			log_error("protocol error: the monitor sent: %s; ignored", why.text);
			break;
		case LINES_TOO_LONG:
			log_error(
				"protocol error: the monitor sent a line longer than IPC_LINE bytes; ignored");
			break;
		case LINES_NONE:
			return false;
		}
	}
}

static void item_take(struct config *config, char *const field[])
{
	int64_t watch = CONFIG_PROCESS;
	struct reason why;

	if (field[0][0] != '\0' && !message_number(field[0], &watch))
		reason_set(&why, "'%.20s' is no watch", field[0]);
	else if (config_take(config, watch, field[1], field[2], &why))
		return;
	log_error("protocol error: the monitor sent a wrong configuration: %s; ignored", why.text);
}

struct config *ipc_configuration(struct ipc *ipc)
{
	struct config *config = config_new();
	struct message message;

	while (!ipc->closed) {
		ipc_listen(ipc);
		while (ipc_next(ipc, &message)) {
			char *const *field = message.field;

			if (message.type == MESSAGE_GO && message_number(field[0], &ipc->attempt)) {
				config_complete(config);
				log_set_level(config->level);
				return config;
			}
			if (message.type == MESSAGE_CONFIG)
				item_take(config, field);
		}
	}
	config_free(config);
	return NULL;
}

int64_t ipc_attempt(const struct ipc *ipc)
{
	return ipc->attempt;
}

bool ipc_closed(const struct ipc *ipc)
{
	return ipc->closed;
}
