/* SPDX-License-Identifier: MIT */
/*
 * Allocation that exits with a message (71) instead of failing. The caller bounds the size: no peer
 * may decide it. Free with free(3).
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stddef.h>

void *memory_zeroed(size_t count, size_t size);
void *memory_resized(void *block, size_t size);
char *memory_copied(const char *text);
char *memory_printed(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
