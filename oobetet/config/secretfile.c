/* SPDX-License-Identifier: MIT */
#include "oobetet/config/secretfile.h"

#include "common/memory.h"
#include "oobetet/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool file_is_exposed(FILE *file)
{
	struct stat status;

	return fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) &&
	       (status.st_mode & S_IROTH) != 0;
}

/* What is wrong with the bytes that were read; NULL: nothing. */
static const char *secret_fault(const char *secret, size_t length)
{
	if (length > SECRETFILE_MAX)
		return "is longer than 1000 bytes: expected one line with the secret";
	if (length == 0)
		return "is empty: expected one line with the secret";
	if (strlen(secret) != length || strchr(secret, '\n') != NULL)
		return "holds more than one line: expected the secret alone";
	if (!text_is_clean(secret))
		return "holds control characters, or is not UTF-8: expected one line of text";
	return NULL;
}

/* One newline at the end is an editor's, and so is a carriage return before it. */
static size_t end_cut(char *secret, size_t length)
{
	if (length > 0 && secret[length - 1] == '\n')
		length--;
	if (length > 0 && secret[length - 1] == '\r')
		length--;
	secret[length] = '\0';
	return length;
}

static char *secret_read(FILE *file, const char *path, struct reason *why)
{
	char *secret = memory_zeroed(1, SECRETFILE_MAX + 4); /* CR, LF, one too many, NUL */
	size_t length = fread(secret, 1, SECRETFILE_MAX + 3, file);
	const char *fault =
		ferror(file) ? strerror(errno) : secret_fault(secret, end_cut(secret, length));

	if (fault == NULL)
		return secret;
	reason_set(why, "%s: %s", path, fault);
	explicit_bzero(secret, SECRETFILE_MAX + 4);
	free(secret);
	return NULL;
}

char *secretfile_read(const char *path, bool *exposed, struct reason *why)
{
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		reason_set(why, "%s: %s", path, strerror(errno));
		return NULL;
	}
	*exposed = file_is_exposed(file);
	char *secret = secret_read(file, path, why);
	fclose(file);
	return secret;
}
