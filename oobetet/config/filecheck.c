/* SPDX-License-Identifier: MIT */
#include "oobetet/config/filecheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool file_check_replaceable(const char *path, struct reason *why)
{
	struct stat status;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return reason_set(why, "%s: is no plain file", path);
	return true;
}

/* RFC 7468, and what OpenSSL writes besides: `-----BEGIN TRUSTED CERTIFICATE-----`. */
static bool line_begins_certificate(const char *line)
{
	return strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, "CERTIFICATE-----") != NULL;
}

bool file_check_certificates(const char *path, struct reason *why)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[100]; /* a longer one is none that begins a certificate */

	if (file == NULL)
		return reason_set(why, "cannot read %s: %s", path, strerror(errno));
	while (!found && fgets(line, sizeof line, file) != NULL)
		found = line_begins_certificate(line);
	if (!found)
		reason_set(why, "%s: %s", path,
			ferror(file) ? strerror(errno) : "holds no PEM certificate");
	fclose(file);
	return found;
}
