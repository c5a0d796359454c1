/* SPDX-License-Identifier: MIT */
/*
 * The table of keys, for the files of this folder: where a key stands, its type, its default, who
 * is handed it; and the values as they were written. A list's items are joined by commas.
 */
#ifndef OOBETET_CONFIG_KEYS_H
#define OOBETET_CONFIG_KEYS_H

#include "oobetet/config/config.h"
#include "oobetet/config/values.h"

/* The section of the original's keys, which may also stand before any section. */
#define KEYS_MAIN "oobetet"
#define KEYS_LOGGER "logger"

struct key {
	const char *section;
	const char *name;
	size_t field;         /* where in struct config */
	value_read *read;     /* its type */
	const char *fallback; /* its default, as one would write it; NULL: none */
	unsigned whom;        /* which hands are handed it */
	int64_t min, max;     /* of numbers and durations */
};

/* The keys in the order in which they are shown; NULL: there are no more. */
const struct key *key_at(size_t i);
const struct key *key_find(const char *name);

bool key_is_list(const struct key *key);
bool key_is_secret(const struct key *key);
const struct text_list *key_list(const struct key *key, const struct config *config);

/* What was written, by the user or as a default; NULL: nothing. */
const char *key_text(const struct config *config, const char *name);
bool key_is_given(const struct config *config, const char *name);

/* In which line; 0: a default, or handed over. */
int key_line(const struct config *config, const char *name);
void key_set_line(struct config *config, const struct key *key, int line);

bool key_set(struct config *config, const struct key *key, const char *value, struct reason *why);

/* Sets what was left out; NULL: there is nothing to set it to. */
bool key_default(struct config *config, const char *name, const char *value, struct reason *why);

struct given *given_new(void);

/* Wipes the texts; frees the lists, too. */
void given_free(struct config *config);

#endif
