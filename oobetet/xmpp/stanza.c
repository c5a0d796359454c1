/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/stanza.h"

#include "common/memory.h"
#include "oobetet/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_OLD_DELAY "jabber:x:delay"

/* ---- building ---- */

static xmpp_stanza_t *child_new(xmpp_conn_t *connection, const char *name, const char *ns)
{
	xmpp_stanza_t *child = xmpp_stanza_new(xmpp_conn_get_context(connection));

	xmpp_stanza_set_name(child, name);
	if (ns != NULL)
		xmpp_stanza_set_ns(child, ns);
	return child;
}

/* `child` becomes the parent's. */
static xmpp_stanza_t *child_add(xmpp_stanza_t *parent, xmpp_stanza_t *child)
{
	xmpp_stanza_add_child_ex(parent, child, 0);
	return child;
}

static void send_and_release(xmpp_conn_t *connection, xmpp_stanza_t *stanza)
{
	xmpp_send(connection, stanza);
	xmpp_stanza_release(stanza);
}

static void to_occupant(xmpp_stanza_t *stanza, const char *room, const char *nick)
{
	char *to = memory_printed("%s/%s", room, nick);

	xmpp_stanza_set_to(stanza, to);
	free(to);
}

static void password_add(xmpp_stanza_t *x, xmpp_conn_t *connection, const char *password)
{
	xmpp_stanza_t *element = child_add(x, child_new(connection, "password", NULL));
	xmpp_stanza_t *text =
		child_add(element, xmpp_stanza_new(xmpp_conn_get_context(connection)));

	xmpp_stanza_set_text(text, password);
}

/* A room that was busy meanwhile need not send all of it: the newest are what counts. */
static void history_ask(xmpp_stanza_t *history, int64_t seconds)
{
	char text[24];

	if (seconds <= 0) {
		xmpp_stanza_set_attribute(history, "maxchars", "0");
		return;
	}
	snprintf(text, sizeof text, "%" PRId64, seconds);
	xmpp_stanza_set_attribute(history, "seconds", text);
	xmpp_stanza_set_attribute(history, "maxstanzas", "200");
}

void stanza_join(xmpp_conn_t *connection, const char *room, const char *nick, const char *password,
	int64_t seconds)
{
	xmpp_stanza_t *presence = xmpp_presence_new(xmpp_conn_get_context(connection));
	xmpp_stanza_t *x = child_add(presence, child_new(connection, "x", NS_MUC));
	xmpp_stanza_t *history = child_add(x, child_new(connection, "history", NULL));

	to_occupant(presence, room, nick);
	history_ask(history, seconds);
	if (password != NULL)
		password_add(x, connection, password);
	send_and_release(connection, presence);
}

/* XEP-0045, 7.6 */
void stanza_rename(xmpp_conn_t *connection, const char *room, const char *nick)
{
	xmpp_stanza_t *presence = xmpp_presence_new(xmpp_conn_get_context(connection));

	to_occupant(presence, room, nick);
	send_and_release(connection, presence);
}

void stanza_leave(xmpp_conn_t *connection, const char *room, const char *nick)
{
	xmpp_stanza_t *presence = xmpp_presence_new(xmpp_conn_get_context(connection));

	to_occupant(presence, room, nick);
	xmpp_stanza_set_type(presence, "unavailable");
	send_and_release(connection, presence);
}

/* XEP-0045, 10.1.2: the room takes its defaults, and others may come in. */
void stanza_unlock(xmpp_conn_t *connection, const char *room)
{
	xmpp_stanza_t *iq = xmpp_iq_new(xmpp_conn_get_context(connection), "set", "unlock");
	xmpp_stanza_t *query = child_add(iq, child_new(connection, "query", NS_MUC_OWNER));
	xmpp_stanza_t *form = child_add(query, child_new(connection, "x", "jabber:x:data"));

	xmpp_stanza_set_to(iq, room);
	xmpp_stanza_set_type(form, "submit");
	send_and_release(connection, iq);
}

void stanza_say(xmpp_conn_t *connection, const char *room, const char *id, const char *text)
{
	xmpp_stanza_t *message =
		xmpp_message_new(xmpp_conn_get_context(connection), "groupchat", room, id);

	xmpp_message_set_body(message, text);
	send_and_release(connection, message);
}

void stanza_ping(xmpp_conn_t *connection, const char *room, const char *nick, const char *id)
{
	xmpp_stanza_t *iq = xmpp_iq_new(xmpp_conn_get_context(connection), "get", id);

	child_add(iq, child_new(connection, "ping", NS_PING));
	to_occupant(iq, room, nick);
	send_and_release(connection, iq);
}

void stanza_ask_features(xmpp_conn_t *connection, const char *room, const char *id)
{
	xmpp_stanza_t *iq = xmpp_iq_new(xmpp_conn_get_context(connection), "get", id);

	child_add(iq, child_new(connection, "query", NS_DISCO));
	xmpp_stanza_set_to(iq, room);
	send_and_release(connection, iq);
}

void stanza_answer(xmpp_conn_t *connection, xmpp_stanza_t *iq)
{
	xmpp_stanza_t *answer = xmpp_stanza_reply(iq);

	if (answer == NULL)
		return;
	xmpp_stanza_set_type(answer, "result");
	send_and_release(connection, answer);
}

void stanza_answer_error(xmpp_conn_t *connection, xmpp_stanza_t *iq, const char *condition)
{
	xmpp_stanza_t *answer = xmpp_stanza_reply_error(iq, "cancel", condition, NULL);

	if (answer != NULL)
		send_and_release(connection, answer);
}

/* ---- reading ---- */

bool stanza_has_status(xmpp_stanza_t *presence, int code)
{
	xmpp_stanza_t *x = xmpp_stanza_get_child_by_ns(presence, NS_MUC_USER);
	xmpp_stanza_t *child = x != NULL ? xmpp_stanza_get_children(x) : NULL;
	char wanted[8];

	snprintf(wanted, sizeof wanted, "%d", code);
	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		const char *name = xmpp_stanza_get_name(child);
		const char *value = xmpp_stanza_get_attribute(child, "code");

		if (name != NULL && value != NULL && strcmp(name, "status") == 0 &&
			strcmp(value, wanted) == 0)
			return true;
	}
	return false;
}

const char *stanza_new_nick(xmpp_stanza_t *presence)
{
	xmpp_stanza_t *x = xmpp_stanza_get_child_by_ns(presence, NS_MUC_USER);
	xmpp_stanza_t *item = x != NULL ? xmpp_stanza_get_child_by_name(x, "item") : NULL;

	if (item == NULL || !stanza_has_status(presence, MUC_NICK_CHANGED))
		return NULL;
	return xmpp_stanza_get_attribute(item, "nick");
}

/* On what is not somebody's own words now, whoever says so. */
static bool is_no_saying(xmpp_stanza_t *message)
{
	static const char *const marks[] = {"urn:xmpp:message-correct:0", "urn:xmpp:carbons:2",
		"urn:xmpp:forward:0", "urn:xmpp:fasten:0", "urn:xmpp:message-retract:0",
		"urn:xmpp:message-retract:1", "urn:xmpp:message-moderate:0",
		"urn:xmpp:message-moderate:1"};

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (xmpp_stanza_get_child_by_ns(message, marks[i]) != NULL)
			return true;
	return false;
}

static bool has_namespace(xmpp_stanza_t *stanza, const char *ns)
{
	const char *its = xmpp_stanza_get_ns(stanza);

	return its != NULL && strcmp(its, ns) == 0;
}

/* May the room, or its service, have put it there? Who says nothing may be anybody. */
static bool may_be_of_room(const char *from, const char *room)
{
	if (from == NULL)
		return true;
	size_t bare = strcspn(from, "/");
	const char *service = strchr(room, '@');

	return (strlen(room) == bare && strncasecmp(from, room, bare) == 0) ||
	       (service != NULL && strcasecmp(from, service + 1) == 0);
}

/* What one mark of an earlier time says of the message. */
static enum stanza_time delay_judge(
	xmpp_stanza_t *delay, const char *room, bool history_is_over, nsec *stamp)
{
	const char *from = xmpp_stanza_get_attribute(delay, "from");
	const char *text = xmpp_stanza_get_attribute(delay, "stamp");

	if (has_namespace(delay, NS_DELAY) && from != NULL && strcasecmp(from, room) == 0 &&
		text != NULL && stanza_stamp(text, stamp))
		return STANZA_RECALLED;
	return history_is_over && !may_be_of_room(from, room) ? STANZA_LIVE : STANZA_NEITHER;
}

enum stanza_time stanza_time(
	xmpp_stanza_t *message, const char *room, bool history_is_over, nsec *stamp)
{
	enum stanza_time time = STANZA_LIVE;
	xmpp_stanza_t *child = xmpp_stanza_get_children(message);

	if (is_no_saying(message))
		return STANZA_NEITHER;
	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		if (!has_namespace(child, NS_DELAY) && !has_namespace(child, NS_OLD_DELAY))
			continue;
		enum stanza_time its = delay_judge(child, room, history_is_over, stamp);

		/* some rooms leave the old kind of mark, or the sender's, beside their own */
		if (its == STANZA_RECALLED)
			return its;
		if (its == STANZA_NEITHER)
			time = its;
	}
	return time;
}

/* The child that is part of the message itself, and not of somebody's extension. */
static xmpp_stanza_t *own_child(xmpp_stanza_t *message, const char *name)
{
	xmpp_stanza_t *child = xmpp_stanza_get_children(message);

	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		const char *its = xmpp_stanza_get_name(child);

		if (its != NULL && strcmp(its, name) == 0 &&
			(xmpp_stanza_get_ns(child) == NULL || has_namespace(child, XMPP_NS_CLIENT)))
			return child;
	}
	return NULL;
}

char *stanza_body(xmpp_stanza_t *message)
{
	xmpp_stanza_t *body = own_child(message, "body");

	return body != NULL ? xmpp_stanza_get_text(body) : NULL;
}

bool stanza_is_subject(xmpp_stanza_t *message)
{
	return own_child(message, "subject") != NULL && own_child(message, "body") == NULL;
}

bool stanza_has_feature(xmpp_stanza_t *iq, const char *feature)
{
	xmpp_stanza_t *query = xmpp_stanza_get_child_by_ns(iq, NS_DISCO);
	xmpp_stanza_t *child = query != NULL ? xmpp_stanza_get_children(query) : NULL;

	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		const char *name = xmpp_stanza_get_name(child);
		const char *var = xmpp_stanza_get_attribute(child, "var");

		if (name != NULL && var != NULL && strcmp(name, "feature") == 0 &&
			strcmp(var, feature) == 0)
			return true;
	}
	return false;
}

struct occupant stanza_occupant(xmpp_stanza_t *presence)
{
	xmpp_stanza_t *x = xmpp_stanza_get_child_by_ns(presence, NS_MUC_USER);
	xmpp_stanza_t *item = x != NULL ? xmpp_stanza_get_child_by_name(x, "item") : NULL;
	xmpp_stanza_t *id = xmpp_stanza_get_child_by_ns(presence, NS_OCCUPANT_ID);
	struct occupant occupant = {NULL, NULL, NULL};

	if (item != NULL) {
		occupant.jid = xmpp_stanza_get_attribute(item, "jid");
		occupant.affiliation = xmpp_stanza_get_attribute(item, "affiliation");
	}
	if (id != NULL)
		occupant.id = xmpp_stanza_get_attribute(id, "id");
	return occupant;
}

/* `.5` and so on, up to nanoseconds; returns what follows. */
static const char *fraction_read(const char *text, nsec *fraction)
{
	*fraction = 0;
	if (*text != '.')
		return text;
	text++;
	for (nsec digit = NSEC_PER_SEC / 10; *text >= '0' && *text <= '9'; text++, digit /= 10)
		*fraction += (*text - '0') * digit;
	return text;
}

static bool offset_read(const char *text, nsec *offset)
{
	int hours, minutes, end = 0;
	char sign;

	*offset = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &end) != 3 || text[end] != '\0' ||
		(sign != '+' && sign != '-') || hours < 0 || minutes < 0)
		return false;
	*offset = (hours * 60 + minutes) * 60 * (sign == '-' ? -NSEC_PER_SEC : NSEC_PER_SEC);
	return true;
}

bool stanza_stamp(const char *text, nsec *stamp)
{
	struct tm utc = {.tm_isdst = 0};
	nsec fraction, offset;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);

	if (rest == NULL || utc.tm_year < 70 || utc.tm_year > 300 ||
		!offset_read(fraction_read(rest, &fraction), &offset))
		return false;
	*stamp = (nsec)timegm(&utc) * NSEC_PER_SEC + fraction - offset;
	return *stamp >= 0;
}

static xmpp_stanza_t *error_of(xmpp_stanza_t *stanza)
{
	return xmpp_stanza_get_child_by_name(stanza, "error");
}

const char *stanza_condition(xmpp_stanza_t *stanza)
{
	xmpp_stanza_t *error = error_of(stanza);
	xmpp_stanza_t *child = error != NULL ? xmpp_stanza_get_children(error) : NULL;

	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		const char *name = xmpp_stanza_get_name(child);
		const char *ns = xmpp_stanza_get_ns(child);

		if (name != NULL && ns != NULL && strcmp(ns, NS_STANZA_ERROR) == 0 &&
			strcmp(name, "text") != 0)
			return name;
	}
	return "error";
}

/* Appends `: ` and the text of the named child, if there is one with a text. */
static void text_append(
	xmpp_stanza_t *parent, const char *name, const char *const *secrets, char *out, size_t size)
{
	xmpp_stanza_t *child = parent != NULL ? xmpp_stanza_get_child_by_name(parent, name) : NULL;
	char *text = child != NULL ? xmpp_stanza_get_text(child) : NULL;

	if (text == NULL)
		return;
	char *whole = memory_printed("%s: %s", out, text);
	text_of_peer(whole, secrets, out, size);
	free(whole);
	xmpp_free(xmpp_stanza_get_context(child), text);
}

char *stanza_fault(xmpp_stanza_t *stanza, const char *const *secrets, char *out, size_t size)
{
	text_clean_line(stanza_condition(stanza), out, size);
	text_append(error_of(stanza), "text", secrets, out, size);
	return out;
}

char *stanza_why_out(xmpp_stanza_t *presence, const char *const *secrets, char *out, size_t size)
{
	static const struct {
		int code;
		const char *why;
	} reasons[] = {
		{MUC_BANNED, "banned from the room"},
		{MUC_TECHNICAL, "removed for a technical reason"},
		{MUC_KICKED, "kicked out of the room"},
		{MUC_AFFILIATION, "no longer a member of the room"},
		{MUC_MEMBERS_ONLY, "the room is for members only now"},
		{MUC_SHUTDOWN, "the rooms' service shuts down"},
	};
	xmpp_stanza_t *x = xmpp_stanza_get_child_by_ns(presence, NS_MUC_USER);
	xmpp_stanza_t *destroy = x != NULL ? xmpp_stanza_get_child_by_name(x, "destroy") : NULL;
	xmpp_stanza_t *item = x != NULL ? xmpp_stanza_get_child_by_name(x, "item") : NULL;
	const char *why = destroy != NULL ? "the room was destroyed" : "we left the room";

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		if (stanza_has_status(presence, reasons[i].code)) {
			why = reasons[i].why;
			break;
		}
	}
	snprintf(out, size, "%s", why);
	text_append(destroy != NULL ? destroy : item, "reason", secrets, out, size);
	return out;
}
