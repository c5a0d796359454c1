/* SPDX-License-Identifier: MIT */
/* Private to this folder: what a key is, the types of its values, and lists of texts. */
#ifndef OOBETET_CONFIG_VALUES_H
#define OOBETET_CONFIG_VALUES_H

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

/* Appends a copy. Refuses a duplicate, and an item after LIST_MAX. */
bool list_add(struct text_list *list, const char *text, size_t length, struct reason *why);

/* Appends copies of those items of `more` that the list does not have. */
void list_unite(struct text_list *list, const struct text_list *more);
void list_free(struct text_list *list);

#endif
