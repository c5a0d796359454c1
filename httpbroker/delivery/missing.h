/* SPDX-License-Identifier: MIT */
/*
 * The checks of which Redis has no record that counts: none at all, one that cannot be read, or one
 * that is to be deleted. Kept while the states are being read, so that what was forgotten meanwhile
 * is not loaded again from a record that was read before it was deleted.
 */
#ifndef HTTPBROKER_DELIVERY_MISSING_H
#define HTTPBROKER_DELIVERY_MISSING_H

#include "httpbroker/checks/siphash.h"

#include <stdbool.h>
#include <stddef.h>

struct missing;

/* Closed. `key` makes its hash unpredictable. */
struct missing *missing_new(const struct siphash_key *key);
void missing_free(struct missing *missing);

/* Empties it; from then on it keeps what is added. Or it is closed: empty, and keeps nothing. */
void missing_open(struct missing *missing);
void missing_close(struct missing *missing);

/* A check, by the field of its record (record.h), which is copied. */
void missing_add(struct missing *missing, const char *field, size_t length);
bool missing_has(const struct missing *missing, const char *field, size_t length);

#endif
