/* SPDX-License-Identifier: MIT */
/*
 * The lines between the clock and its hands, over a socketpair. One message a line:
 *
 *     WORD[ TAB FIELD]... LF
 *
 * In a field, tab, newline, carriage return and backslash are written \t \n \r \\. Each word has
 * a fixed number of fields, and those who may say it (the table in protocol.c). A line has at most
 * IPC_LINE bytes before its newline, no NUL. The clock does not trust a hand to keep to this:
 * a line that does not is the end of that hand, which is started again.
 *
 * From the clock:
 *
 *     config KEY VALUE     a line of the configuration, only of what this hand needs; a list's
 *                          items come one by one
 *     go ATTEMPT           the configuration is complete: begin; so many of this hand's lives
 *                          in a row have ended before they were `online` (decimal)
 *     say ID ROOM TEXT     (ear) say TEXT in ROOM, then answer with done or failed
 *     trigger ID KEY SINCE SOURCE COMPONENT TEXT
 *                          (pager) open or repeat the incident KEY, then answer
 *     resolve ID KEY       (pager) close it, then answer
 *     beat                 (pager) fetch heartbeat_url, once
 *     missed ROOM STAMP    (ear) we have been in ROOM before, but have not heard what was said
 *                          there since STAMP (CLOCK_MONOTONIC): on joining, ask for that
 *     stop                 leave in good order and exit
 *
 * From a hand:
 *
 *     alive PATIENCE       said every few seconds; silence for longer than PATIENCE from now on
 *                          (nsec, decimal) means that this hand is stuck and should be killed
 *     online WHAT          it can do its work; WHAT, unless empty, is for the log
 *     gone WHY             it cannot any longer, for this reason, and exits
 *     created ROOM         (ear) the room did not exist: it was created as we came, and is ours;
 *                          `joined` follows
 *     joined ROOM NICK     (ear) the room has taken us in
 *     left ROOM WHY        (ear) we are not, or no longer, in the room; joining is tried again
 *     occupant ROOM NICK JID AFFILIATION ID
 *                          (ear) somebody has this watched nick in the room, or still has it; what
 *                          the room does not show of its real JID, its affiliation and its
 *                          occupant-id is empty
 *     heard STAMP ROOM NICK TEXT
 *                          (ear) someone else said TEXT in the room, live; STAMP is the ear's
 *                          CLOCK_MONOTONIC at that moment (nsec, decimal)
 *     recalled STAMP ROOM NICK TEXT
 *                          (ear) the same, from what ROOM has kept of the time that we missed;
 *                          STAMP is the room's own, since the epoch (nsec, decimal)
 *     done ID              the receiver has answered for it: reflected by the room, 202
 *     refused ID WHY       the receiver never wants it: trying again is useless
 *     failed ID WHY        nobody answered for it
 *
 * Pure: bytes in, fields out.
 */
#ifndef OOBETET_IPC_H
#define OOBETET_IPC_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"
#include "oobetet/config/config.h"

#include <stdbool.h>

#define IPC_LINE 32768 /* bytes of a line, escaped, without its newline */
#define IPC_TEXT 4096  /* bytes of a TEXT; who sends one cuts it before */
#define IPC_FIELDS 6   /* no word has more */

/* The descriptor on which a hand finds its end of the socketpair. */
#define IPC_FD 3

/*
 * With this the id of every message begins that any oobetet says in a room: so they know each
 * other, and none takes another's words for the alerts that it waits for.
 */
#define IPC_ID "oobetet-"

enum message_type {
	MESSAGE_CONFIG,
	MESSAGE_GO,
	MESSAGE_SAY,
	MESSAGE_TRIGGER,
	MESSAGE_RESOLVE,
	MESSAGE_HEARTBEAT,
	MESSAGE_MISSED,
	MESSAGE_STOP,
	MESSAGE_ALIVE,
	MESSAGE_ONLINE,
	MESSAGE_GONE,
	MESSAGE_CREATED,
	MESSAGE_JOINED,
	MESSAGE_LEFT,
	MESSAGE_OCCUPANT,
	MESSAGE_HEARD,
	MESSAGE_RECALLED,
	MESSAGE_DONE,
	MESSAGE_REFUSED,
	MESSAGE_FAILED,
};

/* Who speaks. */
enum speaker { SPEAKER_CLOCK = 1, SPEAKER_XMPP = 2, SPEAKER_HTTP = 4 };

/* What a hand's process is told to be, and what logs call it. */
const char *speaker_name(enum speaker speaker);

struct message {
	enum speaker from; /* what message_read() was told */
	enum message_type type;
	char *field[IPC_FIELDS]; /* as many as the word has; they point into the line */
};

/* The fields of one message: FIELDS("1", "room", text), as many as the word has; or NO_FIELDS. */
#define FIELDS(...) ((const char *const[IPC_FIELDS + 1]){__VA_ARGS__})
#define NO_FIELDS FIELDS(NULL)

/*
 * Appends one line. `fields` ends with NULL. False, and nothing is appended, if that would be
 * longer than IPC_LINE.
 */
bool message_write(struct buffer *out, enum message_type type, const char *const fields[]);

/* Takes a line of `from` apart, in place; false also if it is one that `from` may not say. */
bool message_read(char *line, enum speaker from, struct message *out, struct reason *why);

/* One field, as it stands in a line, and back again, in place; false: an unknown escape. */
void ipc_escape(struct buffer *out, const char *field);
bool ipc_unescape(char *field);

/* A field that is a time, a span or a count. */
bool message_number(const char *field, int64_t *out);

#define MESSAGE_NUMBER 24
const char *message_number_text(int64_t value, char out[MESSAGE_NUMBER]);

/*
 * A hand's end of the lines that ipc.h describes. The clock is trusted, and is the hand's
 * only reason to be there: when it is gone, the link is closed, and the hand should exit.
 */

struct ipc;

/*
 * Makes this process the hand `name`: its name in ps, its signals (the clock decides when it
 * ends, not who stops the whole process group), its link. Dies if nobody is at the other end.
 */
struct ipc *ipc_open(const char *name);
void ipc_free(struct ipc *ipc);

/* Waits for the configuration. NULL: the link is closed. Free with config_free(). */
struct config *ipc_configuration(struct ipc *ipc);

/* Then: how many of this hand's lives in a row have come to nothing before this one. */
int64_t ipc_attempt(const struct ipc *ipc);

/* Says one line, as message_write() takes it. Waits for the clock if need be. */
void ipc_say(struct ipc *ipc, enum message_type type, const char *const fields[]);

/* Says `alive` if it is time to, or if `patience` is not what was said last. */
void ipc_live(struct ipc *ipc, nsec now, nsec interval, nsec timeout);

/* Takes in what the clock has said: one read(2), so wait until IPC_FD is readable. */
void ipc_listen(struct ipc *ipc);

/* The next message; false: there is none. It holds until the next call of ipc_listen(). */
bool ipc_next(struct ipc *ipc, struct message *message);

/* The clock is gone. */
bool ipc_closed(const struct ipc *ipc);

#endif
