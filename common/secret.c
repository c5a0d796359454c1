/* SPDX-License-Identifier: MIT */
#include "common/secret.h"

#include "common/utf8_clean.h"

#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

void secret_protect_process(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* cannot fail */
}

static void beginning_mask(char *text, const char *secret, size_t length)
{
	size_t there = strlen(text);

	for (size_t part = length - 1; part >= SECRET_MIN; part--)
		if (part <= there && memcmp(text + there - part, secret, part) == 0) {
			memset(text + there - part, '*', part);
			return;
		}
}

void secret_mask(char *text, const char *secret)
{
	size_t length = secret != NULL ? strlen(secret) : 0;
	char *found = text;

	if (length < SECRET_MIN)
		return;
	while ((found = strstr(found, secret)) != NULL) {
		memset(found, '*', length);
		found += length;
	}
	beginning_mask(text, secret, length);
}

enum { LINE_MAX_BYTES = 4096 }; /* of a password file */

/* Reserves all memory first: a buffer that grows leaves copies behind. */
static bool file_read(int fd, size_t limit, struct buffer *out, struct reason *why)
{
	ssize_t got = 1;

	buffer_reserve(out, limit + 1);
	while (got != 0 && out->length <= limit) {
		got = read(fd, out->data + out->length, limit + 1 - out->length);
		if (got < 0 && errno != EINTR)
			return reason_set(why, "%s", strerror(errno));
		out->length += got > 0 ? (size_t)got : 0;
	}
	out->data[out->length] = '\0';
	return out->length <= limit || reason_set(why, "it has more than %zu bytes", limit);
}

static bool file_take(int fd, size_t limit, struct buffer *out, bool *exposed, struct reason *why)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return reason_set(why, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return reason_set(why, "it is no plain file");
	*exposed = (status.st_mode & S_IROTH) != 0;
	return file_read(fd, limit, out, why);
}

bool secret_file_read(
	const char *path, size_t limit, struct buffer *out, bool *exposed, struct reason *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool readable = false;

	*out = (struct buffer){NULL, 0, 0};
	if (fd < 0)
		return reason_set(why, "%s: %s", path, strerror(errno));
	bool done = file_take(fd, limit, out, &readable, why) || reason_prefix(why, "%s", path);
	close(fd);
	if (!done)
		buffer_wipe(out);
	else if (exposed != NULL)
		*exposed = readable;
	else if (readable)
		log_warning("%s: everybody on this machine may read the secrets in it", path);
	return done;
}

static void last_cut(struct buffer *bytes, char last)
{
	if (bytes->length > 0 && bytes->data[bytes->length - 1] == last)
		bytes->data[--bytes->length] = '\0';
}

static bool line_cut(struct buffer *bytes, struct reason *why)
{
	last_cut(bytes, '\n');
	last_cut(bytes, '\r');
	if (bytes->length == 0)
		return reason_set(why, "there is nothing in it");
	if (memchr(bytes->data, '\n', bytes->length) != NULL)
		return reason_set(why, "it has more than one line");
	if (memchr(bytes->data, '\0', bytes->length) != NULL)
		return reason_set(why, "there is a NUL in it");
	return true;
}

char *secret_file_line(const char *path, bool *exposed, struct reason *why)
{
	struct buffer bytes;
	char *line = NULL;

	if (!secret_file_read(path, LINE_MAX_BYTES, &bytes, exposed, why))
		return NULL;
	if (line_cut(&bytes, why))
		line = memory_copied(bytes.data);
	else
		reason_prefix(why, "%s", path);
	buffer_wipe(&bytes);
	return line;
}

char *secret_clean_line(const char *text, const char *const *secrets, char *out, size_t size)
{
	struct buffer whole = {NULL, 0, 0};

	/* mask after cleaning and before cutting: otherwise a secret may not be found */
	utf8_clean_append(&whole, text, strlen(text), UTF8_ONE_LINE);
	buffer_append(&whole, "", 1);
	for (; *secrets != NULL; secrets++)
		secret_mask(whole.data, *secrets);
	utf8_clean_line(whole.data, out, size);
	buffer_wipe(&whole);
	return out;
}

void secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
