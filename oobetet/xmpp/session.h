/* SPDX-License-Identifier: MIT */
/*
 * One connection to the Jabber server: connecting, TLS, log-in. It is used up when it ends: for
 * the next one the ear is started anew. One a process, since libstrophe's callbacks for sockets
 * and certificates know of no other.
 */
#ifndef OOBETET_XMPP_SESSION_H
#define OOBETET_XMPP_SESSION_H

#include "oobetet/config/config.h"
#include "oobetet/timing.h"

#include <poll.h>
#include <strophe.h>

struct session;

/*
 * Begins to connect. This blocks while names are resolved; an address is given up if it has not
 * let us log in after `limit`. `attempt` is how many sessions in a row have come to nothing before:
 * each begins with the next of the server's addresses, and after the last with the first again.
 * Never NULL: what fails at once is over at once. Free with session_free().
 */
struct session *session_open(const struct config *config, int64_t attempt, nsec now, nsec limit);
void session_free(struct session *session);

/* What to wait for before session_run(), which until log-in must be called twice a second as well.
 */
struct pollfd session_poll(const struct session *session);

/* Takes in what is there and calls the handlers; may stall in a TLS handshake. */
void session_run(struct session *session, nsec now);

/*
 * True: an address of the server could not be reached, or did not let us log in in time.
 * session_next() tries the following one, which resolves names again, or ends the session when
 * there is none.
 */
bool session_wants_next(const struct session *session);
void session_next(struct session *session, nsec now);

/* Logged in: stanzas can be sent, and handlers added to session_connection(). */
bool session_online(const struct session *session);
xmpp_conn_t *session_connection(const struct session *session);

/* What the server was told and nobody else may know, up to a NULL: it may repeat it. */
const char *const *session_secrets(const struct session *session);

/* NULL while it lives; afterwards, why it does not. */
const char *session_why_over(const struct session *session);

/* Ends the stream in good order; session_why_over() tells when that has happened. */
void session_close(struct session *session);

#endif
