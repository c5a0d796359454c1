/* SPDX-License-Identifier: MIT */
/*
 * The objects that most feeds are made of, found in one look: on one line, in UTF-8 without
 * escapes, each value a string, a whole number of at most 18 digits, true, false, null, or an array
 * of such. They are valid JSON (RFC 8259), and no parser has to say so. Of all others
 * nothing is said, not even whether they are valid. Pure.
 */
#ifndef HTTPBROKER_SUBMIT_FEED_PLAIN_H
#define HTTPBROKER_SUBMIT_FEED_PLAIN_H

#include <stddef.h>

/* The length of the plain object that `text` begins with, its keys (event/keys.h) in *keys; 0 if it
 * begins with none, or with one that is empty or goes on behind `length`. */
size_t plain_object(const char *text, size_t length, unsigned *keys);

#endif
