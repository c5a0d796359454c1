/* SPDX-License-Identifier: MIT */
/*
 * What oobetet.ini says. One table of keys (config.c) serves the file, --check-config and what a
 * hand is handed; a new key is a line there, a field here, and a paragraph in the manual.
 */
#ifndef OOBETET_CONFIG_CONFIG_H
#define OOBETET_CONFIG_CONFIG_H

#include "common/clocks.h"
#include "common/log.h"
#include "common/reason.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct text_list {
	char **item; /* owned, as are the items */
	int count;
};

/*
 * As accepted: everything required is there, what was left out has its default. The texts are the
 * configuration's own.
 */
struct config {
	bool enabled;              /* false: stay idle */
	const char *server;        /* host to connect to; NULL: what DNS says of the JID's domain */
	int64_t port;              /* only used with server, or where DNS says nothing */
	const char *jabberid;      /* user@domain[/resource] */
	const char *password;      /* secret */
	const char *alias;         /* our nick in the rooms */
	bool tls;                  /* false: in plain text, as was demanded in so many words */
	const char *tls_ca_file;   /* NULL: the system's authorities */
	const char *watched_check; /* see match.h */
	const char *watched_entity;    /* NULL: see match.h */
	nsec max_latency;              /* silence of either kind for longer is an incident */
	nsec repeat_interval;          /* between alarms of one incident */
	const char *pagerduty_contact; /* secret, the routing key; NULL: no PagerDuty */
	const char *pagerduty_url;     /* where events are posted */
	struct text_list rooms;        /* at least one, all different */
	enum log_level level;          /* what is logged */
	bool syslog_errors;            /* errors go to syslog(3) too */
	bool exposed;                  /* the file holds a secret and everybody may read it */
	struct given *given;           /* config.c's: the values as they were written */
};

/* Whom a key concerns, beside the clock. */
enum { CONFIG_EAR = 1, CONFIG_PAGER = 2, CONFIG_HANDS = CONFIG_EAR | CONFIG_PAGER };

/* Reads the file; a reason names it, and the line. */
struct config *config_read(const char *path, struct reason *why);

/*
 * In a hand: an empty one, filled key by key with what config_hand_over() gave, which was
 * accepted once and is so again.
 */
struct config *config_new(void);
bool config_take(struct config *config, const char *key, const char *value, struct reason *why);

/* Gives every key and value that concerns `whom`; a list's items one by one. */
void config_hand_over(const struct config *config, unsigned whom,
	void (*give)(void *user, const char *key, const char *value), void *user);

/* Writes down what was understood, defaults included, secrets as asterisks. */
void config_show(const struct config *config, FILE *out);

/* Overwrites the secrets first. NULL is fine. */
void config_free(struct config *config);

#endif
