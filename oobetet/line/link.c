/* SPDX-License-Identifier: MIT */
#include "oobetet/line/link.h"

#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct link {
	struct lines in;
	struct buffer out; /* the line being said */
	nsec said;         /* when `alive` was said last */
	nsec patience;     /* what it said */
	int64_t attempt;   /* what `go` said */
	bool closed;
};

static void process_become(const char *name)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
	char title[16]; /* as much as the kernel takes */

	snprintf(title, sizeof title, "oobetet-%s", name);
	prctl(PR_SET_NAME, title);
	/* it parses what strangers send: nothing that it might run could become root */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
}

struct link *link_open(const char *name)
{
	struct stat status;
	struct link *link = memory_zeroed(1, sizeof *link);

	if (fstat(PROTOCOL_FD, &status) != 0 || !S_ISSOCK(status.st_mode))
		die(EX_USAGE, "the %s is started by oobetet itself, not by hand", name);
	fcntl(PROTOCOL_FD, F_SETFD, FD_CLOEXEC);
	process_become(name);
	lines_init(&link->in, PROTOCOL_LINE);
	return link;
}

void link_free(struct link *link)
{
	if (link == NULL)
		return;
	/* the descriptor stays open to the very end: its closing tells the clock that we are gone
	 */
	lines_free(&link->in);
	buffer_free(&link->out);
	free(link);
}

void link_say(struct link *link, enum word word, const char *const fields[])
{
	buffer_clear(&link->out);
	bool fits = message_write(&link->out, word, fields);

	while (fits && !link->closed && link->out.length > 0) {
		ssize_t sent = send(PROTOCOL_FD, link->out.data, link->out.length, MSG_NOSIGNAL);

		if (sent >= 0)
			buffer_consume(&link->out, (size_t)sent);
		else if (errno != EINTR)
			link->closed = true;
	}
}

void link_live(struct link *link, nsec now, nsec interval, nsec patience)
{
	char text[MESSAGE_NUMBER];

	if (link->said != 0 && now - link->said < interval && patience == link->patience)
		return;
	link->said = now;
	link->patience = patience;
	link_say(link, WORD_ALIVE, FIELDS(message_number_text(patience, text)));
}

void link_listen(struct link *link)
{
	enum lines_read_result result = lines_read(&link->in, PROTOCOL_FD);

	if (result == LINES_END || result == LINES_ERROR)
		link->closed = true;
}

bool link_next(struct link *link, struct message *message)
{
	char *line;
	struct reason why;

	for (;;) {
		switch (lines_next(&link->in, &line)) {
		case LINES_LINE:
			if (message_read(line, SPEAKER_CLOCK, message, &why))
				return true;
			log_error("the clock says what nobody understands: %s", why.text);
			break;
		case LINES_TOO_LONG:
			log_error("the clock says more than a line holds");
			break;
		case LINES_NONE:
			return false;
		}
	}
}

/* Takes one line of the configuration; true: that was all of it. */
static bool configuration_take(
	struct link *link, struct config *config, const struct message *message)
{
	struct reason why;

	if (message->word == WORD_GO)
		return message_number(message->field[0], &link->attempt);
	if (message->word == WORD_CONFIG &&
		!config_take(config, message->field[0], message->field[1], &why))
		log_error("the clock configures what nobody understands: %s", why.text);
	return false;
}

struct config *link_configuration(struct link *link)
{
	struct config *config = config_new();
	struct message message;

	while (!link->closed) {
		link_listen(link);
		while (link_next(link, &message)) {
			if (configuration_take(link, config, &message)) {
				log_set_level(config->level);
				return config;
			}
		}
	}
	config_free(config);
	return NULL;
}

int64_t link_attempt(const struct link *link)
{
	return link->attempt;
}

bool link_closed(const struct link *link)
{
	return link->closed;
}
