/* SPDX-License-Identifier: MIT */
/*
 * Private to this folder: the table of keys, the values as they were written, and what stands in
 * for those that are not; the lines of the file (ini.c). The items of a list are joined by commas.
 */
#ifndef OOBETET_CONFIG_KEYS_H
#define OOBETET_CONFIG_KEYS_H

#include "oobetet/config/values.h"

/* The keys in the order of --check-config; NULL after the last. */
const struct key *key_at(size_t i);
const struct key *key_find(const char *name);

bool key_is_list(const struct key *key);

/* The values as written for one struct config (all keys but SCOPE_WATCH) or watch_config. */
struct given;

/* The one of the two that has this key. */
struct given *given_of(
	const struct key *key, const struct config *config, const struct watch_config *watch);

const struct text_list *key_list(const struct key *key, const struct given *given);

/* The value as written, by the user or as a default; NULL: none. */
const char *key_text(const struct given *given, const char *name);

/* Its line in the file; 0: a default, or from the monitor. */
int key_line(const struct given *given, const char *name);

/* `line`: in the file, or 0. */
bool key_set(struct given *given, const struct key *key, const char *value, int line,
	struct reason *why);

/* The same for a value that another process has checked: no file is looked at. */
bool key_take(struct given *given, const struct key *key, const char *value, struct reason *why);

/* Empty. `name` is copied; NULL: the watch of [oobetet]. */
struct watch_config *watch_config_new(const char *name);
void watch_config_free(struct watch_config *watch);

/* Appends it to the configuration, which owns it from now on; there must be room. */
void config_add(struct config *config, struct watch_config *watch);

/* Sets what `from`, [oobetet]'s, has and a watch has not. */
bool watch_inherit(struct given *given, const struct given *from, struct reason *why);

/* Sets what is not set yet and has a default. */
bool watch_defaults_set(struct watch_config *watch, struct reason *why);
bool process_defaults_set(struct config *config, struct reason *why);

/*
 * ---- ini.c ----
 *
 * INI files, read with inih, but strictly: a line that inih would cut or join (too long, with a
 * blank and `;` in the value, indented, with a byte-order mark) is an error, and so is a line that
 * inih would ignore (no `=`).
 */

/* What takes the content of a file. A reason gets file and line as prefix. */
struct ini_taker {
	void *user;

	/* A heading, brackets included, exactly as the line has it. */
	bool (*section)(void *user, const char *heading, int line, struct reason *why);

	/* A key of the section whose heading came last. */
	bool (*key)(void *user, const char *key, const char *value, int line, struct reason *why);
};

/*
 * Gives `taker` each heading and key of `file`, in order, until one is refused. A reason begins
 * with `name:line: `.
 */
bool ini_read(FILE *file, const char *name, const struct ini_taker *taker, struct reason *why);

#endif
