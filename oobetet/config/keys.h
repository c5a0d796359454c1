/* SPDX-License-Identifier: MIT */
/*
 * Private to this folder: the table of keys, the values as they were written, and what stands in
 * for those that are not (keys.c); the types of values (values.c); the lines of the file (ini.c).
 * The items of a list are joined by commas.
 */
#ifndef OOBETET_CONFIG_KEYS_H
#define OOBETET_CONFIG_KEYS_H

#include "oobetet/config/config.h"

/* Where a key may stand. */
enum key_scope {
	SCOPE_PROCESS, /* in [oobetet] only, which may also begin the file without its heading */
	SCOPE_WATCH,   /* in [oobetet], and in a [watch NAME], where it overrides that */
	SCOPE_LOGGER,  /* in [logger] only */
};

struct key;

/*
 * Reads a value into a field of struct config or watch_config. A text is not copied: the field
 * points to it. The reason says what was expected.
 */
typedef bool value_read(const struct key *key, const char *text, void *field, struct reason *why);

value_read value_text;     /* const char *: no quotation marks around it; max: bytes, 0: any */
value_read value_secret;   /* const char *: anything; no reason or listing ever shows it */
value_read value_file;     /* const char *: a readable file */
value_read value_pem;      /* const char *: a file with certificates */
value_read value_state;    /* const char *: a plain file, or none yet */
value_read value_host;     /* const char *: a host name or address, without a port */
value_read value_peer;     /* const char *: HOST:PORT */
value_read value_redis;    /* const char *: HOST:PORT[/DATABASE] */
value_read value_jid;      /* const char *: user@domain[/resource] */
value_read value_pattern;  /* const char *: a POSIX extended regular expression */
value_read value_command;  /* const char *: for sh(1), quotation marks included */
value_read value_listen;   /* const char *: a command that words_split() accepts */
value_read value_lines;    /* const char *: a format that listen_format_parse() accepts */
value_read value_url;      /* const char *: http:// or https:// */
value_read value_ping;     /* const char *: the same, but its path is a secret */
value_read value_word;     /* const char *: one of the key's choices */
value_read value_flag;     /* bool: one of the key's choices */
value_read value_choice;   /* int or enum: one of the key's choices */
value_read value_number;   /* int64_t */
value_read value_duration; /* nsec */
value_read value_rooms;    /* struct text_list: room@service by commas; appends */
value_read value_jids;     /* struct text_list: user@domain by commas; appends */
value_read value_names;    /* struct text_list: names by commas; appends */

struct choices {
	const char *expected; /* for the reason */
	struct choice {
		const char *name; /* NULL: the end */
		int value;
	} choice[7];
};

struct key {
	enum key_scope scope;
	const char *name;
	size_t field;         /* offset in struct watch_config if SCOPE_WATCH, else struct config */
	value_read *read;     /* its type */
	const char *fallback; /* its default, as in the file; NULL: none */
	unsigned workers;     /* which get it: CONFIG_XMPP, ... */
	int64_t min, max;     /* of numbers, durations and texts */
	const struct choices *choices;
};

/* True if both name one file, by path or by inode; NULL names none. */
bool same_file(const char *a, const char *b);

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

/* Appends a copy. Refuses a duplicate, and an item after LIST_MAX. */
bool list_add(struct text_list *list, const char *text, size_t length, struct reason *why);

/* Appends copies of those items of `more` that the list does not have. */
void list_unite(struct text_list *list, const struct text_list *more);
void list_free(struct text_list *list);

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
