/* SPDX-License-Identifier: MIT */
/*
 * flapjack-standin: a replacement for Flapjack's event processor and Jabber gateway. Takes events
 * from Redis, checks them as strictly as Flapjack, and sends the same messages to the room. Prints
 * one line an event that begins with the time. Input that crashes Flapjack is exit code 70.
 */
#include "common/log.h"
#include "common/options.h"
#include "common/signals.h"
#include "t/tools/account.h"
#include "t/tools/flapjack-alerts.h"
#include "t/tools/flapjack-queue.h"
#include "t/tools/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct standin {
	struct address redis;
	int database;
	const char *queue_name;
	enum flapjack_version version;
	nsec failure_delay;
	struct muc_account account; /* all empty: no room */

	struct queue *queue;
	struct alerts *alerts;
	struct muc *muc; /* NULL: no room */
	bool joined;     /* the room */
};

static const char usage[] =
	"usage: flapjack-standin --redis HOST:PORT [OPTION...]\n"
	"  --database NUMBER (0)   --queue NAME (events)   --flapjack-version 1|2 (2)\n"
	"  --failure-delay DURATION (30)   how long a failure lasts before it is told\n"
	"and, to speak in a room:\n" ACCOUNT_USAGE;

enum { OPTION_REDIS = 1, OPTION_DATABASE, OPTION_QUEUE, OPTION_VERSION, OPTION_DELAY, OPTION_HELP };

static const struct option options[] = {
	{"redis", required_argument, NULL, OPTION_REDIS},
	{"database", required_argument, NULL, OPTION_DATABASE},
	{"queue", required_argument, NULL, OPTION_QUEUE},
	{"flapjack-version", required_argument, NULL, OPTION_VERSION},
	{"failure-delay", required_argument, NULL, OPTION_DELAY},
	ACCOUNT_OPTIONS,
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static void option_take(struct standin *standin, int option)
{
	switch (option) {
	case OPTION_REDIS:
		standin->redis = option_address("--redis", optarg);
		break;
	case OPTION_DATABASE:
		standin->database = (int)option_number("--database", optarg, 0, 15);
		break;
	case OPTION_QUEUE:
		standin->queue_name = optarg;
		break;
	case OPTION_VERSION:
		standin->version = (enum flapjack_version)option_number(
			"--flapjack-version", optarg, FLAPJACK_1, FLAPJACK_2);
		break;
	case OPTION_DELAY:
		standin->failure_delay =
			option_duration("--failure-delay", optarg, 0, 86400 * NSEC_PER_SEC);
		break;
	case OPTION_HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		if (!account_option_take(&standin->account, option, optarg))
			option_hint("flapjack-standin");
	}
}

static void options_read(struct standin *standin, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		option_take(standin, option);
	if (optind < argc)
		option_unexpected(argv[optind]);
	if (standin->redis.port == 0)
		die(EX_USAGE, "--redis is required");
	if (standin->account.room != NULL && !account_complete(&standin->account))
		die(EX_USAGE, "--room needs --server, --jid, --password and --nick");
}

static void event_print(const struct standin *standin, const struct flapjack_event *event)
{
	char stamp[STAMP_TEXT];
	char *name = check_name(standin->version, event);

	printf("%s event \"%s\" %s %s\n", stamp_text(clock_wall(), stamp), name,
		check_state_name(event->state), event->summary);
	free(name);
}

static void alert_say(struct standin *standin, char *message)
{
	char stamp[STAMP_TEXT];

	if (message == NULL)
		return;
	printf("%s says %s\n", stamp_text(clock_wall(), stamp), message);
	if (standin->muc != NULL)
		muc_say(standin->muc, message);
	free(message);
}

static void event_reject(
	struct standin *standin, const char *text, size_t length, const struct reason *reason)
{
	char stamp[STAMP_TEXT];
	nsec now = clock_wall();
	struct reason why;

	printf("%s rejected: %s: %.*s\n", stamp_text(now, stamp), reason->text, (int)length, text);
	if (!queue_reject(standin->queue, text, length, now, &why))
		die(EX_UNAVAILABLE, "%s", why.text);
}

static void event_take(void *user, const char *text, size_t length)
{
	struct standin *standin = user;
	struct flapjack_event event;
	struct reason why;

	switch (flapjack_event_read(standin->version, text, length, &event, &why)) {
	case EVENT_TAKEN:
		event_print(standin, &event);
		alert_say(standin, alerts_take(standin->alerts, &event, clock_monotonic()));
		flapjack_event_free(&event);
		break;
	case EVENT_REJECTED:
		event_reject(standin, text, length, &why);
		break;
	case EVENT_DEADLY:
		die(EX_SOFTWARE, "this would have killed Flapjack %d: %s: %.*s", standin->version,
			why.text, (int)length, text);
	}
}

/* The greeting of Flapjack. */
static void greeting_say(struct standin *standin)
{
	char stamp[64], greeting[160];

	snprintf(greeting, sizeof greeting,
		"flapjack's jabber gateway started at %s, hello! Try typing 'help'.",
		clock_stamp(clock_wall(), stamp, sizeof stamp));
	muc_say(standin->muc, greeting);
}

static void room_take(void *user, enum muc_event event, const char *nick, const char *text)
{
	struct standin *standin = user;

	(void)nick;
	if (event == MUC_JOINED) {
		standin->joined = true;
		greeting_say(standin);
		log_info("in the room %s", standin->account.room);
	}
	if (event == MUC_REFUSED)
		log_warning("the room does not take our words: %s", text);
	if (event == MUC_OUT)
		die(EX_UNAVAILABLE, "out of the room: %s", text);
}

static void standin_start(struct standin *standin)
{
	struct reason why;

	log_info("a stand-in for Flapjack %d, taking events from '%s'", standin->version,
		standin->queue_name);
	standin->alerts = alerts_new(standin->version, standin->failure_delay);
	standin->queue = queue_open(
		&standin->redis, standin->database, standin->queue_name, standin->version, &why);
	if (standin->queue == NULL)
		die(EX_UNAVAILABLE, "%s", why.text);
	if (standin->account.room == NULL)
		return;
	standin->muc = muc_open(&standin->account, room_take, standin, &why);
	if (standin->muc == NULL)
		die(EX_UNAVAILABLE, "%s", why.text);
}

/* No event is taken before the room is joined. */
static void standin_run(struct standin *standin)
{
	const struct timespec tick = {.tv_nsec = MUC_TICK * NSEC_PER_MSEC};
	struct muc *muc = standin->muc;
	struct reason why;

	while (!signal_arrived(SIGTERM) && !signal_arrived(SIGINT)) {
		bool taking = muc == NULL || standin->joined;
		struct pollfd fds[] = {
			{.fd = taking ? queue_fd(standin->queue) : -1, .events = POLLIN},
			muc != NULL ? muc_pollfd(muc) : (struct pollfd){.fd = -1},
		};

		if (ppoll(fds, 2, muc != NULL ? &tick : NULL, signals_wait_mask()) > 0 &&
			fds[0].revents != 0 &&
			!queue_take(standin->queue, event_take, standin, &why))
			die(EX_UNAVAILABLE, "%s", why.text);
		if (muc != NULL)
			muc_run(muc);
	}
}

int main(int argc, char **argv)
{
	struct standin standin = {
		.queue_name = "events", .version = FLAPJACK_2, .failure_delay = 30 * NSEC_PER_SEC};

	log_open("flapjack-standin");
	options_read(&standin, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signals_catch((const int[]){SIGTERM, SIGINT}, 2);
	standin_start(&standin);

	standin_run(&standin);

	if (standin.muc != NULL)
		muc_close(standin.muc);
	queue_close(standin.queue);
	alerts_free(standin.alerts);
	return 0;
}
