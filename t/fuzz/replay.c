/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target without a fuzzer: gives it each file of its corpus once, or the files that are
 * named, and says in TAP how many they were. Whatever it finds wrong ends the program.
 */
#ifndef FUZZING

#include "common/buffer.h"
#include "t/fuzz/fuzz.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>

static _Noreturn void unreadable(const char *path)
{
	printf("Bail out! %s: %s\n", path, strerror(errno));
	exit(1);
}

static void file_replay(const char *path)
{
	struct buffer input = {0};
	FILE *file = fopen(path, "rb");
	char chunk[4096];
	size_t got;

	if (file == NULL)
		unreadable(path);
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
		buffer_append(&input, chunk, got);
	if (ferror(file))
		unreadable(path);
	fclose(file);
	printf("# %s\n", path); /* the last one named is the one that ended it */
	fflush(stdout);
	LLVMFuzzerTestOneInput((const uint8_t *)input.data, input.length);
	buffer_free(&input);
}

/* $srcdir is the harness's; without it this is run by hand at the top of the tree. */
static unsigned corpus_replay(char *program)
{
	const char *top = getenv("srcdir");
	struct buffer pattern = {0};
	glob_t files;

	buffer_printf(
		&pattern, "%s/t/fuzz/corpus/%s/*", top != NULL ? top : ".", basename(program));
	buffer_append(&pattern, "", 1);
	if (glob(pattern.data, 0, NULL, &files) != 0)
		unreadable(pattern.data);
	unsigned count = (unsigned)files.gl_pathc;
	for (unsigned i = 0; i < count; i++)
		file_replay(files.gl_pathv[i]);
	globfree(&files);
	buffer_free(&pattern);
	return count;
}

int main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++, count++)
		file_replay(argv[i]);
	if (argc == 1)
		count = corpus_replay(argv[0]);
	printf("1..1\n%s 1 - %u inputs\n", count > 0 ? "ok" : "not ok", count);
	return count == 0;
}

#endif
