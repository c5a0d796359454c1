/* SPDX-License-Identifier: MIT */
/*
 * The configuration, oobetet.ini(5). One table of keys (keys.c) serves the file (file.c),
 * --check-config (show.c) and the workers' part of it (transfer.c). A new key is a row there, a
 * field here, and a paragraph in the manual.
 */
#ifndef OOBETET_CONFIG_CONFIG_H
#define OOBETET_CONFIG_CONFIG_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/log.h"
#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LIST_MAX 64 /* items; each room costs a presence, a ping and a queue */

/* Texts that all differ, ignoring case: rooms or nicks. {0} is empty. */
struct text_list {
	char **item; /* owned, as are the items */
	int count;
};

bool list_has(const struct text_list *list, const char *text, size_t length);

/* True if both are NULL, or the same. */
bool same_text(const char *a, const char *b);

/* The host of a URL that a key has, and its port if it has one, without a user. */
const char *url_host(const char *url, size_t *length);

/* The same URL for people: its user and its query, which may be secret, are masked. Free it. */
char *url_shown(const char *url);

#define WATCHES_MAX 64    /* each costs a queue a channel and a run of alert_command */
#define WATCH_NAME_MAX 64 /* bytes of NAME in [watch NAME] */

/*
 * One watch: a section [watch NAME], with the values of [oobetet] for the keys that it does not
 * have; or [oobetet] itself, if there is no such section. It owns the texts.
 */
struct watch_config {
	char *name;       /* owned; NULL: it is the one watch, of [oobetet] */
	char *label;      /* owned; how log lines about it begin: "watch NAME: ", or "" */
	int index;        /* in config->watch: how workers know it */
	unsigned workers; /* those that get its keys: all, unless the watch is ending (reload.c) */
	struct text_list rooms;       /* to join: all different, the next two included */
	struct text_list watch_rooms; /* where alerts are watched for; none: listen_command */
	struct text_list alert_rooms; /* where alarms are sent; none: only with listen_command */
	const char *listen_command;   /* in place of watch_rooms, see listen/format.h; NULL: none */
	const char *listen_format;    /* see listen/format.h; NULL: text */
	nsec listen_silence;          /* it prints more often; 0: it may be silent for ever */
	const char *watched_check;    /* see match.h */
	const char *watched_entity;   /* NULL: see match.h */
	struct text_list watched_nick; /* whose alerts count; empty: everybody's */
	struct text_list watched_jid;  /* the same by real JIDs, bare */
	int watched_affiliation;       /* at least; enum affiliation, 0: any */
	const char *problem_pattern;   /* see match.h; NULL, as the following three: none */
	const char *recovery_pattern;
	const char *acknowledgement_pattern;
	const char *heartbeat_pattern;      /* one kind is expected instead of two */
	nsec max_latency;                   /* silence of either kind for longer is an incident */
	nsec repeat_interval;               /* between alarms of one incident */
	nsec repeat_max;                    /* what it grows to */
	const char *incident_key;           /* how incidents' keys begin; NULL: as the original's */
	const char *alert_command;          /* for sh(1); NULL: none */
	const char *pagerduty_contact;      /* secret, the routing key; NULL: no PagerDuty */
	const char *pagerduty_contact_file; /* where it was read from; NULL: it was given */
	int pagerduty_api;                  /* 1 or 2 */
	const char *pagerduty_url;          /* where events are posted */
	nsec max_delay;                     /* from the port's change to its message; 0: any */
	nsec max_queue_age;                 /* since the queue was empty; 0: any */
	const char *probe_flapper; /* HOST:PORT; NULL, as the next two: there is no such probe */
	const char *probe_broker;  /* its URL */
	const char *probe_redis;   /* HOST:PORT[/DB] */
	const char *probe_broker_token; /* secret; NULL: none */
	const char *probe_broker_token_file;
	const char *probe_redis_password; /* secret; NULL: none */
	const char *probe_redis_password_file;
	const char *probe_queue;        /* the list of events in Redis */
	const char *pagerduty_severity; /* critical, error, warning or info */
	struct given *given;            /* keys.c's: the values as they were written */
};

/* Once read: all required keys are there, others have their defaults. It owns the texts. */
struct config {
	bool enabled;              /* false: stay idle */
	const char *server;        /* host to connect to; NULL: what DNS says of the JID's domain */
	int64_t port;              /* only used with server, or where DNS says nothing */
	const char *jabberid;      /* user@domain[/resource] */
	const char *password;      /* secret */
	const char *password_file; /* where it was read from; NULL: it was given */
	const char *alias;         /* our nick in the rooms */
	bool tls;                  /* false: in plain text, only where tls = off */
	const char *tls_ca_file;   /* NULL: the system's authorities */
	const char *room_password; /* secret; NULL: none */
	bool greeting;             /* say once a start in each room what is watched */
	const char *state_file;    /* NULL: none */
	const char *metrics_file;  /* NULL: none */
	const char *heartbeat_url; /* fetched while all is well; NULL: none */
	nsec heartbeat_interval;
	enum log_level level;     /* what is logged */
	bool syslog_errors;       /* errors go to syslog(3) too */
	struct text_list exposed; /* files that hold secrets, and everybody may read them */
	int watch_count;          /* at least one, unless disabled */
	struct watch_config *watch[WATCHES_MAX]; /* owned */
	struct text_list rooms;                  /* to join: those of all watches */
	nsec max_latency;    /* the shortest of all watches: struct timing follows from it */
	struct given *given; /* keys.c's: the values as they were written */
};

/* Of an occupant, the least first; those below a member cannot be required. */
enum affiliation { AFFILIATION_NONE, AFFILIATION_MEMBER, AFFILIATION_ADMIN, AFFILIATION_OWNER };

/*
 * The intervals without a key of their own. All follow from max_latency: with seconds, a lost room
 * is noticed within seconds; with hours, there is little traffic. The manual lists them.
 */
struct timing {
	nsec alive;       /* between two `alive` messages of a worker */
	nsec timeout;     /* without such a message a worker is killed */
	nsec login;       /* from connecting to login */
	nsec ping;        /* between two pings of a room */
	nsec answer;      /* limit of a ping, a join and a receipt */
	nsec request;     /* limit of an HTTP request */
	nsec retry_min;   /* the first wait after a failure, which doubles ... */
	nsec retry_max;   /* ... up to this */
	nsec probe;       /* between two starts of a probe, on the average */
	nsec probe_limit; /* of a probe */
	nsec record;      /* between two writes of the state file, each by a process of its own */
};

struct timing timing_of(nsec max_latency);

/* Limit of one call of the resolver: a worker extends its deadline by it first. */
#define TIMING_RESOLVER (60 * NSEC_PER_SEC)

/* Which workers need a key. */
enum {
	CONFIG_XMPP = 1,
	CONFIG_HTTP = 2,
	CONFIG_PROBE = 4,
	CONFIG_WORKERS = CONFIG_XMPP | CONFIG_HTTP | CONFIG_PROBE
};

/* Reads the file; a reason names it, and the line. */
struct config *config_read(const char *path, struct reason *why);
struct config *config_read_stream(FILE *file, const char *name, struct reason *why);

/* In a worker: an empty one, which config_take() fills with what config_hand_over() gave. */
struct config *config_new(void);

#define CONFIG_PROCESS (-1) /* in place of a watch's index: a key of the whole process */

/* `watch`: the index of the watch, counted up from 0, or CONFIG_PROCESS. */
bool config_take(struct config *config, int64_t watch, const char *key, const char *value,
	struct reason *why);

/* Computes what follows from the values: the rooms of each watch and of all, the shortest
 * max_latency. A worker calls it after its last config_take(). */
void config_complete(struct config *config);

/*
 * Appends a text with all values, secrets included, for another process, which makes
 * the same configuration of it, in place, and looks at no file. NULL: see the reason.
 */
void config_pack(const struct config *config, struct buffer *out);
struct config *config_unpack(char *text, struct reason *why);

/*
 * After a reload: for each watch that is in `config` and among the first `count` of `before` with
 * the same values, `config` gets that object, so that what points into it stays valid, and gives
 * its own.
 */
void config_keep(struct config *config, struct config *before, int count);

/*
 * Moves a watch of `before` behind those of `config`, for these workers; one that gets a watch must
 * get all those before it. False: there is no room.
 */
bool config_move(struct config *config, struct config *before, const struct watch_config *watch,
	unsigned workers);

/* Frees a watch; those behind it get other indexes. */
void config_drop(struct config *config, const struct watch_config *watch);

/* A checksum of what config_hand_over() gives these workers. */
uint64_t config_part(const struct config *config, unsigned workers);

/* Gives each key and value that these workers need; the items of a list one by one. */
void config_hand_over(const struct config *config, unsigned workers,
	void (*give)(void *user, int watch, const char *key, const char *value), void *user);

/* Prints the keys and values, defaults included, secrets masked. */
void config_show(const struct config *config, FILE *out);

/* Wipes the secrets. NULL is fine. */
void config_free(struct config *config);

#endif
