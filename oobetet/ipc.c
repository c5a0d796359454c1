/* SPDX-License-Identifier: MIT */
#include "oobetet/ipc.h"

#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

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
