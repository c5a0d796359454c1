/* SPDX-License-Identifier: MIT */
/* File descriptors: their limit, the standard ones, and those that exec(3) closes. */
#ifndef COMMON_DESCRIPTORS_H
#define COMMON_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Raises the soft limit to `wanted`, or to the hard limit; never lowers it. Returns the new limit,
 * which may be less than wanted.
 */
size_t descriptors_allow(size_t wanted);

/* Of a standard one it must be asked before log_open(), which opens /dev/null in its place. */
bool descriptor_is_open(int fd);

/* Opens /dev/null in place of each standard descriptor that is closed, so that nothing opened later
 * gets its number. */
void descriptors_complete(void);

/* Whether one of the events of poll(2) has come, or an error; false for -1. */
bool descriptor_is_ready(int fd, short events);

/*
 * Writes all of it to a descriptor that blocks. False, with errno: a part may be written, such as
 * what a disk that is full now had room for.
 */
bool descriptor_write(int fd, const char *bytes, size_t length);

/*
 * A terminal, opened again: no write to the result blocks, though its reader (ssh, a suspended
 * tmux) has stopped, and others who have the terminal open are not affected. `fd` itself if that is
 * no terminal, or one of another user.
 */
int descriptor_reopen_terminal(int fd);

/*
 * Whether it is a file whose last byte is no newline: its disk was full, and the writer ended
 * before the rest of the line. False for -1.
 */
bool descriptor_ends_within_line(int fd);

/*
 * Between fork and exec: sets close-on-exec from `from` up, with close_range(2), or one by one
 * where the C library (musl) or the kernel has none.
 */
void descriptors_keep_from_exec(int from);

/* Closes all from `from` up, in a child that execs nothing. */
void descriptors_close(int from);

#endif
