/* SPDX-License-Identifier: MIT */
/*
 * The messages between the monitor and its workers, over a socketpair. One message a line:
 *
 *     TYPE[ TAB FIELD]... LF
 *
 * In a field, tab, newline, carriage return and backslash are written \t \n \r \\. Each type has
 * a fixed number of fields and fixed senders (the table in ipc.c). A line has at most IPC_LINE
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
 * message_read() and message_write() are pure.
 */
#ifndef OOBETET_IPC_H
#define OOBETET_IPC_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"
#include "oobetet/config/config.h"

#include <stdbool.h>

#define IPC_LINE 32768 /* bytes of a line, escaped, without its newline */
#define IPC_TEXT 4096  /* bytes of a TEXT; the sender cuts it */
#define IPC_FIELDS 8   /* no type has more */

/* The descriptor of a worker's end of the socketpair. */
#define IPC_FD 3

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
void ipc_escape(struct buffer *out, const char *field);
bool ipc_unescape(char *field);

/* Parses a field that is a time, a span or a count. */
bool message_number(const char *field, int64_t *out);

#define MESSAGE_NUMBER 24
const char *message_number_text(int64_t value, char out[MESSAGE_NUMBER]);

/* A worker's end. It trusts the monitor, and should exit when the link is closed. */

struct ipc;

/*
 * Makes this process the worker `name`: sets its name in ps, ignores signals to the process group
 * (the monitor stops it), opens the link. Dies if IPC_FD is not a socket.
 */
struct ipc *ipc_open(const char *name);
void ipc_free(struct ipc *ipc);

/* Waits for the configuration. NULL: the link is closed. Free with config_free(). */
struct config *ipc_configuration(struct ipc *ipc);

/* Then: how many runs in a row ended before they were online. */
int64_t ipc_attempt(const struct ipc *ipc);

/* Sends one message, as message_write() takes it; blocks while the link is full. */
void ipc_send(struct ipc *ipc, enum message_type type, const char *const fields[]);

/* Sends `alive` if it is time to, or if `timeout` has changed. */
void ipc_live(struct ipc *ipc, nsec now, nsec interval, nsec timeout);

/* Calls read(2) once: wait until IPC_FD is readable. */
void ipc_listen(struct ipc *ipc);

/* The next message; false: there is none. Valid until the next ipc_listen(). */
bool ipc_next(struct ipc *ipc, struct message *message);

/* True if the monitor has closed the link, or died. */
bool ipc_closed(const struct ipc *ipc);

/*
 * The workers, each a process of its own with all that can block. They run until the monitor
 * ends them, and return the exit code.
 */

/*
 * The xmpp worker, which runs libstrophe. It logs in, joins the rooms, proves that it stays in
 * them, sends messages and reports those of others. It lives for one connection: when that ends it
 * reports why and exits, and the monitor starts another.
 */
int xmpp_main(void);

/*
 * The http worker, which runs libcurl. It posts each event to PagerDuty once and reports the
 * result; the monitor decides on retries. It fetches heartbeat_url on request.
 */
int http_main(void);

/*
 * The probe worker: reads the flapper's port, the broker and Redis of each watch that names them.
 * Each probe has a limit, and none waits for another.
 */
int probe_main(void);

#endif
