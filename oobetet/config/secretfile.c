/* SPDX-License-Identifier: MIT */
#include "oobetet/config/secretfile.h"

#include "common/memory.h"
#include "common/secretfile.h"
#include "oobetet/text.h"

#include <string.h>
#include <sys/stat.h>

enum { READ_MAX = 4096 }; /* bytes, so that what is too long can be told from what has no end */

bool file_is_exposed(FILE *file)
{
	struct stat status;

	return fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) &&
	       (status.st_mode & S_IROTH) != 0;
}

/* What is wrong with the bytes that were read; NULL: nothing. */
static const char *secret_fault(const struct buffer *secret)
{
	if (secret->length > SECRETFILE_MAX)
		return "is longer than 1000 bytes: expected one line with the secret";
	if (secret->length == 0)
		return "is empty: expected one line with the secret";
	if (strlen(secret->data) != secret->length || strchr(secret->data, '\n') != NULL)
		return "holds more than one line: expected the secret alone";
	if (!text_is_clean(secret->data))
		return "holds control characters, or is not UTF-8: expected one line of text";
	return NULL;
}

static void last_cut(struct buffer *secret, char byte)
{
	if (secret->length > 0 && secret->data[secret->length - 1] == byte)
		secret->data[--secret->length] = '\0';
}

char *secretfile_read(const char *path, bool *exposed, struct reason *why)
{
	struct buffer secret;
	char *copy = NULL;

	if (!secret_file_look(path, READ_MAX, &secret, exposed, why))
		return NULL;
	last_cut(&secret, '\n'); /* an editor's, and so is a carriage return before it */
	last_cut(&secret, '\r');
	const char *fault = secret_fault(&secret);
	if (fault == NULL)
		copy = memory_copied(secret.data);
	else
		reason_set(why, "%s: %s", path, fault);
	buffer_wipe(&secret);
	return copy;
}
