/* SPDX-License-Identifier: MIT */
/*
 * flapjack-rules VERSION < EVENTS: whether Flapjack 1 or 2 accepts each event, a line of JSON.
 * Prints those that it does not, with the reason: exit code 1, and 70 if one would crash it.
 */
#include "t/tools/flapjack-event.h"

#include "common/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

int main(int argc, char **argv)
{
	struct reason why;
	int64_t version;
	int status = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (argc != 2 || !number_parse(argv[1], FLAPJACK_1, FLAPJACK_2, &version, &why)) {
		fputs("usage: flapjack-rules 1|2 < EVENTS\n", stderr);
		return EX_USAGE;
	}
	while ((length = getline(&line, &size, stdin)) > 0) {
		enum verdict verdict = flapjack_event_judge(
			(enum flapjack_version)version, line, (size_t)length, &why);

		if (verdict == EVENT_TAKEN)
			continue;
		printf("%s: %s: %s", verdict == EVENT_DEADLY ? "crash" : "rejected", why.text,
			line);
		if (status != EX_SOFTWARE)
			status = verdict == EVENT_DEADLY ? EX_SOFTWARE : 1;
	}
	free(line);
	return status;
}
