/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/options.h"

#include "common/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_LONGEST (365 * 86400 * NSEC_PER_SEC)
#define DEFAULT_URL "http://localhost:3090/state"

static const char usage[] =
	"usage: httpbroker-submit [--format FORMAT] [--url URL] [--retry DURATION] [-v] [FILE]\n"
	"Hands events from standard input, a file or a named pipe to httpbroker.\n"
	"\n"
	"      --format FORMAT   what comes in: json (default), nagios\n"
	"      --url URL         the broker (default " DEFAULT_URL ", or\n"
	"                        HTTPBROKER_URL from the environment)\n"
	"      --retry DURATION  how long to wait for a broker that is away: 0, 30s, forever\n"
	"                        (default 30s; with a named pipe as FILE, forever)\n"
	"  -v, --verbose         say of each event what became of it\n"
	"  -V, --version         print the version\n"
	"  -h, --help            print this\n"
	"\n"
	"Exit status: 0 all accepted, 64 wrong usage, 65 some refused, 66 FILE cannot be read,\n"
	"69 the broker is away. More in httpbroker-submit(1).\n";

enum { OPTION_FORMAT = 256, OPTION_URL, OPTION_RETRY }; /* those without a letter */

static const struct option long_options[] = {
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"url", required_argument, NULL, OPTION_URL},
	{"retry", required_argument, NULL, OPTION_RETRY},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static nsec retry_value(const char *text)
{
	if (strcmp(text, "forever") == 0)
		return NSEC_NEVER;
	return option_duration("--retry", text, 0, RETRY_LONGEST);
}

static const char *default_url(void)
{
	const char *url = getenv("HTTPBROKER_URL");

	return url != NULL && url[0] != '\0' ? url : DEFAULT_URL;
}

static void option_take(struct options *options, int option)
{
	switch (option) {
	case OPTION_FORMAT:
		options->format = optarg;
		break;
	case OPTION_URL:
		options->url = optarg;
		break;
	case OPTION_RETRY:
		options->retry = retry_value(optarg);
		break;
	case 'v':
		options->verbose = true;
		break;
	case 'V':
		option_version("httpbroker-submit");
		exit(0);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		option_hint("httpbroker-submit");
	}
}

struct options options_parse(int argc, char **argv)
{
	struct options options = {
		.url = default_url(), .format = "json", .retry = OPTIONS_RETRY_UNSET};
	int option;

	while ((option = getopt_long(argc, argv, "vVh", long_options, NULL)) != -1)
		option_take(&options, option);
	if (optind < argc)
		options.file = argv[optind++];
	if (optind < argc)
		option_unexpected(argv[optind]);
	return options;
}
