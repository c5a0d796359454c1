/* SPDX-License-Identifier: MIT */
/*
 * The link to Redis: connects, and hands what comes in and goes out to the session (session.h),
 * which knows what to say. When it fails it says so once, tries again with back-off (0.1 s to
 * 5 s), and says once that it is over. It never blocks.
 */
#ifndef HTTPBROKER_REDIS_LINK_H
#define HTTPBROKER_REDIS_LINK_H

#include "common/address.h"
#include "common/clocks.h"
#include "httpbroker/redis/session.h"

struct pollfd;
struct link;

struct link_settings {
	struct address server;
	struct session_settings session;
	int wake_fd; /* an eventfd, written to when link_step() has work */
};

struct link *link_new(const struct link_settings *settings, nsec now);
void link_free(struct link *link);

/* Goes on as far as that is possible now. Call when poll(2) says so, or at link_deadline(). */
void link_step(struct link *link, struct moment now);
nsec link_deadline(const struct link *link);
void link_poll(const struct link *link, struct pollfd *out);

/* What the session knows: see there. */
const struct session *link_session(const struct link *link);
enum role_change link_turned(struct link *link);
struct commit *link_applied(struct link *link);
struct redisReply *link_answer(struct link *link);
int64_t link_records(struct link *link);

/* A commit, a question, the end: each only when the session is ready for it. */
void link_commit(struct link *link, struct commit *commit, struct moment now);
void link_ask(struct link *link, const char *const *words, const struct resp_list *list, nsec now);
void link_release(struct link *link, struct moment now);

/* A question was answered in a way that nobody can work with: as if the connection had failed. */
void link_refuse(struct link *link, const char *why, nsec now);

/*
 * Redis refuses some parts of commits (enum commit_part) and does the rest: it is called away, but
 * the connection goes on; and it has done those as well.
 */
void link_complain(struct link *link, unsigned parts, nsec now);
void link_content(struct link *link, nsec now);

/* Whether Redis cannot be had just now, so that nobody should wait for it. */
bool link_away(const struct link *link);

/* Whether it does what it is asked for, but for what is complained of. */
bool link_serves(const struct link *link);

/* Why it is away, or was last, in words. */
const char *link_why(const struct link *link);

/* Tries again now, not when the back-off is over. */
void link_hurry(struct link *link, nsec now);

/* How often it has failed. */
unsigned link_failures(const struct link *link);

#endif
