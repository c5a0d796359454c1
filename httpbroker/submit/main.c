/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "common/signals.h"
#include "httpbroker/submit/delivery/sender.h"
#include "httpbroker/submit/feed/feed.h"
#include "httpbroker/submit/feed/input.h"
#include "httpbroker/submit/options.h"
#include "httpbroker/submit/submit.h"

#include <curl/curl.h>
#include <sysexits.h>

#define PATIENCE (30 * NSEC_PER_SEC) /* with an absent broker, where the input ends */

static nsec patience(const struct options *options, const struct input *input)
{
	if (options->retry != OPTIONS_RETRY_UNSET)
		return options->retry;
	return input->endless ? NSEC_NEVER : PATIENCE;
}

int main(int argc, char **argv)
{
	const int caught[] = {SIGTERM, SIGINT};
	struct submit_parts parts;
	struct input input;
	struct reason why;

	log_open("httpbroker-submit");
	struct options options = options_parse(argc, argv);
	signals_catch(caught, 2);
	if (!input_open(&input, options.file, &why))
		die(EX_NOINPUT, "%s", why.text);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die(EX_OSERR, "libcurl cannot be initialised");

	parts.feed = feed_new(options.format, &why);
	if (parts.feed == NULL)
		die(EX_USAGE, "--format: %s", why.text);
	parts.sender = sender_new(options.url, &why);
	if (parts.sender == NULL)
		die(EX_USAGE, "--url: %s", why.text);
	parts.input = &input;
	parts.patience = patience(&options, &input);
	parts.verbose = options.verbose;
	if (input.endless)
		log_info("reading %s, sending to %s", input.name, sender_url(parts.sender));

	int code = submit_run(&parts);

	input_close(&input);
	sender_free(parts.sender);
	feed_free(parts.feed);
	curl_global_cleanup();
	return code;
}
