/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target is one file, NAME.c, with the function below: any bytes go in, and whatever is
 * not true of what comes out aborts. Its seeds are in corpus/NAME/, one input a file; an input
 * that once found a fault stays there for ever.
 *
 * `make check` gives it every file of its corpus (replay.c); `make fuzz` lets clang's libFuzzer
 * look for more (https://llvm.org/docs/LibFuzzer.html), with ASan and UBSan.
 */
#ifndef T_FUZZ_FUZZ_H
#define T_FUZZ_FUZZ_H

#include "common/memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns 0. The bytes are not terminated, and belong to the caller. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* What must hold, whatever went in. Not assert(): nobody can compile it away. */
#define FUZZ_EXPECT(fact)                                                                  \
	do {                                                                               \
		if (!(fact)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #fact); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* The bytes as a string, to be freed; it ends at the first NUL among them, as strings do. */
static inline char *fuzz_string(const uint8_t *bytes, size_t length)
{
	char *string = memory_zeroed(length + 1, 1);

	if (length > 0)
		memcpy(string, bytes, length);
	return string;
}

#endif
