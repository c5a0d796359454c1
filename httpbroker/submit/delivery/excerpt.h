/* SPDX-License-Identifier: MIT */
/*
 * The beginning of a text, to name it in a message: on one line, white space made one blank, cut
 * between two characters of UTF-8 with `…` where it goes on.
 */
#ifndef HTTPBROKER_SUBMIT_DELIVERY_EXCERPT_H
#define HTTPBROKER_SUBMIT_DELIVERY_EXCERPT_H

#define QUOTED_INPUT_SIZE 128 /* bytes that hold any excerpt */

/* Writes into `out` and returns it. */
const char *quoted_input(const char *text, char out[QUOTED_INPUT_SIZE]);

#endif
