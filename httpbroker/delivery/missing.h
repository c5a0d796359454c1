/* SPDX-License-Identifier: MIT */
/*
 * Checks without a valid record in Redis: none, one that cannot be decoded, or one to be deleted.
 * Kept while records are being loaded, so that a check that is forgotten meanwhile is not loaded
 * from a record that was read before.
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

/* Empties it and sets whether it keeps what is added. */
void missing_open(struct missing *missing, bool open);

/* A check, by the field of its record (record.h), which is copied. */
void missing_add(struct missing *missing, const char *field, size_t length);
bool missing_has(const struct missing *missing, const char *field, size_t length);

#endif
