/* SPDX-License-Identifier: MIT */
/*
 * The messages between the monitor and its workers, over a socketpair. One message a line:
 *
 *     TYPE[ TAB FIELD]... LF
 *
 * In a field, tab, newline, carriage return and backslash are written \t \n \r \\. Each type has
 * a fixed number of fields and fixed senders (the table in message.c). A line has at most IPC_LINE
 * bytes before its newline, and no NUL. The monitor does not trust a worker: one that sends
 * anything else is killed and restarted.
 *
 * From the monitor:
 *
 *     config WATCH KEY VALUE
 *                          an item of the configuration that this worker needs; the items of a
 *                          list come one by one. WATCH is the index of the watch (decimal), empty
 *                          for a key of the whole process
 *     go ATTEMPT           the configuration is complete: begin. So many runs in a row ended before
 *                          they were `online` (decimal)
 *     say ID ROOM TEXT     (xmpp) send TEXT to ROOM, then answer with done or failed
 *     trigger ID WATCH KEY SINCE SOURCE COMPONENT TEXT DETAILS
 *                          (http) open or repeat the incident KEY with PagerDuty's keys of the
 *                          watch WATCH (as in config), then answer
 *     resolve ID WATCH KEY (http) close it, then answer
 *     beat                 (http) fetch heartbeat_url once
 *     missed ROOM STAMP    (xmpp) when joining ROOM, request its history since STAMP
 *                          (CLOCK_MONOTONIC)
 *     stop                 stop in good order and exit
 *
 * From a worker:
 *
 *     alive TIMEOUT        sent every few seconds; without another message for TIMEOUT (nsec,
 *                          decimal) this worker is stuck and is killed
 *     online WHAT          it can do its work; WHAT, unless empty, is logged
 *     gone WHY             it cannot continue, for this reason, and exits
 *     created ROOM         (xmpp) joining created the room; `joined` follows
 *     joined ROOM NICK     (xmpp) the room is joined
 *     left ROOM WHY        (xmpp) the room is not, or no longer, joined; joining is tried again
 *     occupant ROOM NICK JID AFFILIATION ID
 *                          (xmpp) an occupant has this nick, if it is watched or any may have to be
 *                          identified; its real JID, affiliation and occupant-id are empty if the
 *                          room does not show them
 *     departed ROOM NICK   (xmpp) nobody has this nick any more
 *     vacated ROOM NICK    (xmpp) an occupant with this watched nick has left; not when the room
 *                          itself ended
 *     heard STAMP ROOM NICK TEXT ID
 *                          (xmpp) a live message of another occupant, at STAMP of
 *                          CLOCK_MONOTONIC (nsec, decimal); ID is the occupant-id, empty as above
 *     recalled STAMP ROOM NICK TEXT ID
 *                          (xmpp) the same from the room's history; STAMP is the room's, since the
 *                          epoch (nsec, decimal)
 *     asked ROOM           (xmpp) a live message of another occupant asks for the status
 *     done ID              the receiver has it: reflected by the room, 202
 *     refused ID WHY       the receiver will never accept it
 *     failed ID WHY        no valid answer; it may be tried again
 *
 * From the probe worker, each with the index of the watch and the STAMP (CLOCK_MONOTONIC) at which
 * the probe began; PROBE is enum probe, and an empty number is one that is not known:
 *
 *     port WATCH STAMP open|refused
 *     broker WATCH STAMP FLAGS CHECK AGE QUEUE
 *                          FLAGS: `h` it is healthy, `r` it has its Redis, `p` it pauses its
 *                          repeats, else `-`; CHECK: ok, problem or unknown; AGE of the last result
 *                          (nsec), length of its QUEUE
 *     queue WATCH STAMP LENGTH OLDEST TAKEN OUTPUT LENGTH OLDEST
 *                          OLDEST: a hash of that item; TAKEN: Flapjack's counter; OUTPUT: the name
 *                          of the fullest list of notifications
 *     silent WATCH STAMP PROBE
 *                          its machine is there, but it does not answer
 *     blind WATCH STAMP PROBE LOCAL WHY
 *                          no reading; LOCAL 1: this machine has no way to the network
 *
 * Pure. A worker's end of the link is ipc.h, the monitor's is worker.h.
 */
#ifndef OOBETET_MESSAGE_H
#define OOBETET_MESSAGE_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>

#define IPC_LINE 32768 /* bytes of a line, escaped, without its newline */
#define IPC_TEXT 4096  /* bytes of a TEXT; the sender cuts it */
#define IPC_FIELDS 8   /* no type has more */

/*
 * The beginning of the id of every message that an oobetet sends to a room: no oobetet takes
 * another's messages for alerts.
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
	MESSAGE_DEPARTED,
	MESSAGE_VACATED,
	MESSAGE_HEARD,
	MESSAGE_RECALLED,
	MESSAGE_ASKED,
	MESSAGE_DONE,
	MESSAGE_REFUSED,
	MESSAGE_FAILED,
	MESSAGE_PORT,
	MESSAGE_BROKER,
	MESSAGE_QUEUE,
	MESSAGE_SILENT,
	MESSAGE_BLIND,
};

/* The sender of a message. */
enum speaker { SPEAKER_MONITOR = 1, SPEAKER_XMPP = 2, SPEAKER_HTTP = 4, SPEAKER_PROBE = 8 };

/* The name in the worker's argument, in ps and in the log. */
const char *speaker_name(enum speaker speaker);

struct message {
	enum speaker from; /* as given to message_read() */
	enum message_type type;
	char *field[IPC_FIELDS]; /* as many as the type has; they point into the line */
};

/* The fields of one message: FIELDS("1", "room", text), or NO_FIELDS. */
#define FIELDS(...) ((const char *const[IPC_FIELDS + 1]){__VA_ARGS__})
#define NO_FIELDS FIELDS(NULL)

/*
 * Appends one line. `fields` ends with NULL. False, and nothing is appended, if that would be
 * longer than IPC_LINE.
 */
bool message_write(struct buffer *out, enum message_type type, const char *const fields[]);

/* Parses a line of `from`, in place; false also if `from` may not send this type. */
bool message_read(char *line, enum speaker from, struct message *out, struct reason *why);

/* Escapes one field; the reverse, in place; false: an unknown escape. */
void field_escape(struct buffer *out, const char *field);
bool field_unescape(char *field);

/* Parses a field that is a time, a span or a count. */
bool message_number(const char *field, int64_t *out);

#define MESSAGE_NUMBER 24
const char *message_number_text(int64_t value, char out[MESSAGE_NUMBER]);

#endif
