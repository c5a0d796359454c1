/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/mode.h"

#include "common/log.h"

#include <sysexits.h>

/* What was given by the user and has no use, who is told what it is for. */
static void unwanted(bool given, const char *words)
{
	if (given)
		die(EX_USAGE, "%s", words);
}

static void mode_choose(struct options *options)
{
	bool forget = options->mode == MODE_FORGET;
	bool state = options->event.state != NULL;

	unwanted(options->command != NULL && options->command[0] == NULL,
		"a command must stand behind --");
	unwanted(forget && (state || options->command != NULL),
		"--forget goes neither with -s nor with a command");
	unwanted(state && options->command != NULL,
		"-s does not go with a command: its exit code says the state");
	unwanted(options->files_count > 0 && (forget || state || options->command != NULL),
		"a file to read does not go with -s, -- or --forget");
	if (options->command != NULL)
		options->mode = MODE_CHECK;
	else if (state)
		options->mode = MODE_EVENT;
}

static void mode_check(const struct options *options)
{
	const struct fields *event = &options->event;
	bool feed = options->mode == MODE_FEED, check = options->mode == MODE_CHECK;
	bool forget = options->mode == MODE_FORGET;

	unwanted(options->mode == MODE_EVENT && event->check == NULL, "-s needs -c");
	unwanted(feed && event->check != NULL, "-c needs -s, a command or --forget");
	unwanted((feed || forget || check) && (event->summary != NULL || event->details != NULL),
		"-m and -d need -s");
	unwanted((feed || forget) && event->time != FIELDS_NO_TIME, "--time needs -s or a command");
	unwanted(forget && (event->ttl != 0 || options->tags_count > 0),
		"-t and -T do not go with --forget");
	unwanted(forget && event->entity == NULL, "--forget needs -e");
	unwanted(forget && options->spool != NULL, "--forget cannot be kept in a spool");
	unwanted(!check && (options->timeout != NSEC_NEVER || options->quiet),
		"--timeout and -q need a command");
}

void mode_set(struct options *options)
{
	mode_choose(options);
	mode_check(options);
}
