/* SPDX-License-Identifier: MIT */
/*
 * The types of values in oobetet.ini: each knows how to read its text into a field of struct
 * config, and says what it expected otherwise.
 */
#ifndef OOBETET_CONFIG_VALUES_H
#define OOBETET_CONFIG_VALUES_H

#include "common/reason.h"
#include "oobetet/config/config.h"

#include <stdbool.h>

/*
 * `min` and `max` bound numbers and durations; the others do not look at them. A text is not
 * copied: the field points to it afterwards.
 */
typedef bool value_read(
	const char *text, void *field, int64_t min, int64_t max, struct reason *why);

value_read value_text;     /* const char *: not in quotation marks; max: bytes, 0: any number */
value_read value_secret;   /* const char *: anything; a reason never shows it */
value_read value_file;     /* const char *: a file that can be read */
value_read value_pem;      /* const char *: a file that holds certificates */
value_read value_state;    /* const char *: a plain file, or none yet */
value_read value_host;     /* const char *: a host's name or address, without a port */
value_read value_flag;     /* bool: yes, no, true, false, on, off */
value_read value_tls;      /* bool: required, off */
value_read value_number;   /* int64_t */
value_read value_duration; /* nsec */
value_read value_level;    /* enum log_level */
value_read value_jid;      /* const char *: user@domain[/resource] */
value_read value_rooms;    /* struct text_list: room@service, by commas; adds to what is there */
value_read value_names;    /* struct text_list: anything, by commas; adds to what is there */
value_read value_pattern;  /* const char *: a POSIX extended regular expression */
value_read value_command;  /* const char *: for sh(1), quotation marks and all */
value_read value_api;      /* int64_t: v1, v2 */
value_read value_severity; /* const char *: critical, error, warning, info */
value_read value_ping;     /* the same, but the path is not for everybody's eyes */
value_read value_url;      /* const char *: http:// or https:// */

/* What a file that the configuration names must be, found out before it is needed. */

/* To be replaced as a whole: a plain file, or none yet. A device would be gone, a directory too. */
bool file_check_replaceable(const char *path, struct reason *why);

/* For libstrophe, which does not say what is wrong: at least one certificate in PEM. */
bool file_check_certificates(const char *path, struct reason *why);

#endif
