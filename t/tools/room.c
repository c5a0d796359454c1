/* SPDX-License-Identifier: MIT */
/*
 * room: a client in a Jabber room, for the tests and the demo. Prints the events there, one a line
 * that begins with the time (seconds since the epoch), and sends each line of its standard input; a
 * line that begins with `<message ` or `<iq ` is sent unchanged as a stanza. At end of file it
 * waits until the room has confirmed all messages, and leaves.
 */
#include "common/clocks.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/options.h"
#include "common/signals.h"
#include "t/tools/account.h"
#include "t/tools/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { LINE_MOST = 65536, JOIN_SECONDS = 10 };

struct room {
	struct muc_account account;
	struct muc *muc;
	struct lines input;
	bool joined; /* in the room now */
	bool out;    /* left, or could not join */
	bool ended;  /* end of input */
};

static const char usage[] = "usage: room OPTION...\n" ACCOUNT_USAGE;

static const struct option options[] = {
	ACCOUNT_OPTIONS,
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void options_read(struct muc_account *account, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(0);
		}
		if (!account_option_take(account, option, optarg))
			option_hint("room");
	}
	if (optind < argc)
		option_unexpected(argv[optind]);
	if (!account_complete(account))
		die(EX_USAGE, "--server, --jid, --password, --room and --nick are all required");
}

/* The text before and after the nick. */
static const struct event_words {
	const char *before, *after;
} event_words[] = {
	[MUC_JOINED] = {"joined as ", ""},
	[MUC_SAID] = {"<", "> "},
	[MUC_HISTORY] = {"history <", "> "},
	[MUC_ENTERED] = {"presence ", " is here"},
	[MUC_LEFT] = {"presence ", " has left"},
	[MUC_REFUSED] = {"refused: ", ""},
	[MUC_OUT] = {"out: ", ""},
};

/* An event is one line: control characters are escaped as in C. */
static void text_print(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputs("\\n", stdout);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			putchar('?');
		else
			putchar(*text);
	}
}

static void event_take(void *user, enum muc_event event, const char *nick, const char *text)
{
	struct room *room = user;
	char stamp[STAMP_TEXT];

	room->joined = room->joined || event == MUC_JOINED;
	room->out = room->out || event == MUC_OUT;
	printf("%s %s", stamp_text(clock_wall(), stamp), event_words[event].before);
	text_print(nick);
	fputs(event_words[event].after, stdout);
	text_print(text);
	putchar('\n');
}

static void line_say(struct room *room, const char *line)
{
	bool stanza = strncmp(line, "<message ", 9) == 0 || strncmp(line, "<iq ", 4) == 0;

	if (stanza)
		muc_send(room->muc, line);
	else
		muc_say(room->muc, line);
}

static void input_take(struct room *room)
{
	char *line;
	enum lines_result result;
	enum lines_read_result got = lines_read(&room->input, STDIN_FILENO);

	room->ended = got == LINES_END || got == LINES_ERROR;
	while ((result = lines_next(&room->input, &line)) != LINES_NONE) {
		if (result == LINES_LINE)
			line_say(room, line);
		else
			log_warning("line %" PRIu64 " is longer than %d bytes and is not said",
				room->input.number, LINE_MOST);
	}
}

static bool room_goes_on(const struct room *room, nsec join_limit)
{
	if (room->out || signal_arrived(SIGTERM) || signal_arrived(SIGINT))
		return false;
	if (!room->joined)
		return clock_monotonic() < join_limit;
	return !room->ended || muc_unconfirmed(room->muc) > 0;
}

static void room_run(struct room *room)
{
	const struct timespec tick = {.tv_nsec = MUC_TICK * NSEC_PER_MSEC};
	nsec join_limit = clock_monotonic() + JOIN_SECONDS * NSEC_PER_SEC;

	while (room_goes_on(room, join_limit)) {
		struct pollfd fds[] = {
			muc_pollfd(room->muc),
			{.fd = room->joined && !room->ended ? STDIN_FILENO : -1, .events = POLLIN},
		};

		if (signals_poll(fds, 2, &tick) > 0 && fds[1].revents != 0)
			input_take(room);
		muc_run(room->muc);
	}
}

int main(int argc, char **argv)
{
	struct room room = {.joined = false};
	struct reason why;

	log_open("room");
	options_read(&room.account, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signals_catch((const int[]){SIGTERM, SIGINT}, 2);
	lines_init(&room.input, LINE_MOST);
	room.muc = muc_open(&room.account, event_take, &room, &why);
	if (room.muc == NULL)
		die(EX_UNAVAILABLE, "%s", why.text);

	room_run(&room);

	muc_close(room.muc);
	lines_free(&room.input);
	if (!room.joined && !room.out)
		log_error("not in the room after %d s", JOIN_SECONDS);
	return room.out ? EX_UNAVAILABLE : room.joined ? 0 : EX_TEMPFAIL;
}
