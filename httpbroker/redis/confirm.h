/* SPDX-License-Identifier: MIT */
/*
 * With Sentinel: whether a replica has what was written, by a commit or by a query, and whether the
 * server is a master still. Without Sentinel all is confirmed. Pure.
 */
#ifndef HTTPBROKER_REDIS_CONFIRM_H
#define HTTPBROKER_REDIS_CONFIRM_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>

struct redisReply;

#define CONFIRM_WITHIN NSEC_PER_SEC /* for a replica to have a commit */
/* The same while no replica has confirmed the last one; but the whole of it every CONFIRM_TRIED. */
#define CONFIRM_SHORT (100 * NSEC_PER_MSEC)
#define CONFIRM_TRIED (5 * NSEC_PER_SEC)

/* Appends WAIT for one replica; its limit is at least a millisecond. */
void wait_write(nsec limit, struct buffer *out);

/* What a master says of its replicas, in bytes of its replication stream. */
struct role {
	int64_t offset;  /* its own */
	size_t replicas; /* connected */
	int64_t least;   /* that one of them has acknowledged */
};

/* The reply to ROLE: false if it is none of a master's, and why. */
bool role_read(const struct redisReply *reply, struct role *out, struct reason *why);

struct confirm {
	bool sentinel;
	bool confirmed;   /* a replica has all that was committed, by the last commit or renewal */
	bool unconfirmed; /* by that, none has; neither: there was none on this connection */
	bool fresh;       /* `role` is of a confirmed commit, and confirm_role() is to return it */
	struct role role;
	nsec whole_at; /* from then on WAIT has its whole limit */
};

/* There is a new connection. */
void confirm_open(struct confirm *confirm, nsec now);

/* The limit of the next commit's WAIT; 0: without Sentinel. */
nsec confirm_limit(struct confirm *confirm, nsec now);

/* A commit was applied. */
void confirm_end(struct confirm *confirm, bool confirmed, const struct role *role);

bool confirm_is_done(const struct confirm *confirm);

/* Once after each confirmed commit or renewal: what the master said then. */
bool confirm_role(struct confirm *confirm, struct role *out);

struct resp_list;

/*
 * Of a query, which is one command. With Sentinel WAIT is sent behind one that writes: its reply is
 * only returned if a replica has what was written.
 */
struct query_reply {
	struct redisReply *reply; /* not yet returned; NULL: none */
	bool waits;               /* WAIT was sent behind it */
};

/* Appends the command, and WAIT if it `waits`. */
void query_write(struct query_reply *query, const char *const *words, const struct resp_list *list,
	bool waits, struct buffer *out);

enum query_result { QUERY_WAITS, QUERY_DONE, QUERY_REFUSED };

/* Takes over the next reply; QUERY_REFUSED sets the reason. */
enum query_result query_read(
	struct query_reply *query, struct redisReply *reply, struct reason *why);

/* The reply, once, the caller's to free; NULL: none, or no replica has what was written. */
struct redisReply *query_take(struct query_reply *query);

/* The connection is closed. */
void query_drop(struct query_reply *query);

#endif
