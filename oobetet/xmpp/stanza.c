/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/stanza.h"

#include "common/memory.h"
#include "common/secret.h"
#include "common/utf8_clean.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_OLD_DELAY "jabber:x:delay"

/* ---- building ---- */

/* `ns` may be NULL. The child belongs to the parent. */
static xmpp_stanza_t *child_add(xmpp_stanza_t *parent, const char *name, const char *ns)
{
	xmpp_stanza_t *child = xmpp_stanza_new(xmpp_stanza_get_context(parent));

	xmpp_stanza_set_name(child, name);
	if (ns != NULL)
		xmpp_stanza_set_ns(child, ns);
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

static void password_add(xmpp_stanza_t *x, const char *password)
{
	xmpp_stanza_t *element = child_add(x, "password", NULL);
	xmpp_stanza_t *text = xmpp_stanza_new(xmpp_stanza_get_context(x));

	xmpp_stanza_set_text(text, password);
	xmpp_stanza_add_child_ex(element, text, 0);
}

/* Of a busy room the newest messages are enough. */
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

void stanza_join(xmpp_conn_t *connection, const char *room, const char *nick, const char *id,
	const char *password, int64_t seconds)
{
	xmpp_stanza_t *presence = xmpp_presence_new(xmpp_conn_get_context(connection));
	xmpp_stanza_t *x = child_add(presence, "x", NS_MUC);
	xmpp_stanza_t *history = child_add(x, "history", NULL);

	to_occupant(presence, room, nick);
	xmpp_stanza_set_id(presence, id);
	history_ask(history, seconds);
	if (password != NULL)
		password_add(x, password);
	send_and_release(connection, presence);
}

void stanza_presence(xmpp_conn_t *connection, const char *room, const char *nick, const char *type)
{
	xmpp_stanza_t *presence = xmpp_presence_new(xmpp_conn_get_context(connection));

	to_occupant(presence, room, nick);
	if (type != NULL)
		xmpp_stanza_set_type(presence, type);
	send_and_release(connection, presence);
}

/* XEP-0045, 10.1.2: the defaults are accepted, and the room is open to others. */
void stanza_unlock(xmpp_conn_t *connection, const char *room)
{
	xmpp_stanza_t *iq = xmpp_iq_new(xmpp_conn_get_context(connection), "set", "unlock");
	xmpp_stanza_t *query = child_add(iq, "query", NS_MUC_OWNER);
	xmpp_stanza_t *form = child_add(query, "x", "jabber:x:data");

	xmpp_stanza_set_to(iq, room);
	xmpp_stanza_set_type(form, "submit");
	send_and_release(connection, iq);
}

void stanza_message(xmpp_conn_t *connection, const char *room, const char *id, const char *text)
{
	xmpp_stanza_t *message =
		xmpp_message_new(xmpp_conn_get_context(connection), "groupchat", room, id);

	xmpp_message_set_body(message, text);
	send_and_release(connection, message);
}

void stanza_ping(xmpp_conn_t *connection, const char *room, const char *nick, const char *id)
{
	xmpp_stanza_t *iq = xmpp_iq_new(xmpp_conn_get_context(connection), "get", id);

	child_add(iq, "ping", NS_PING);
	to_occupant(iq, room, nick);
	send_and_release(connection, iq);
}

void stanza_ask_features(xmpp_conn_t *connection, const char *room, const char *id)
{
	xmpp_stanza_t *iq = xmpp_iq_new(xmpp_conn_get_context(connection), "get", id);

	child_add(iq, "query", NS_DISCO);
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

/* Whether `parent` has a child <name attribute="value"/>. */
static bool has_child(
	xmpp_stanza_t *parent, const char *name, const char *attribute, const char *value)
{
	xmpp_stanza_t *child = parent != NULL ? xmpp_stanza_get_children(parent) : NULL;

	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		const char *its_name = xmpp_stanza_get_name(child);
		const char *its_value = xmpp_stanza_get_attribute(child, attribute);

		if (its_name != NULL && its_value != NULL && strcmp(its_name, name) == 0 &&
			strcmp(its_value, value) == 0)
			return true;
	}
	return false;
}

/* The child `name` of the room's own part of a presence; NULL: none. */
static xmpp_stanza_t *muc_child(xmpp_stanza_t *presence, const char *name)
{
	xmpp_stanza_t *x = xmpp_stanza_get_child_by_ns(presence, NS_MUC_USER);

	return x != NULL ? xmpp_stanza_get_child_by_name(x, name) : NULL;
}

bool stanza_has_status(xmpp_stanza_t *presence, int code)
{
	char value[8];

	snprintf(value, sizeof value, "%d", code);
	return has_child(
		xmpp_stanza_get_child_by_ns(presence, NS_MUC_USER), "status", "code", value);
}

bool stanza_has_feature(xmpp_stanza_t *iq, const char *feature)
{
	return has_child(xmpp_stanza_get_child_by_ns(iq, NS_DISCO), "feature", "var", feature);
}

const char *stanza_new_nick(xmpp_stanza_t *presence)
{
	xmpp_stanza_t *item = muc_child(presence, "item");

	if (item == NULL || !stanza_has_status(presence, MUC_NICK_CHANGED))
		return NULL;
	return xmpp_stanza_get_attribute(item, "nick");
}

/* Corrections, copies and retractions are not messages of their own. */
static bool refers_to_another(xmpp_stanza_t *message)
{
	static const char *const namespaces[] = {"urn:xmpp:message-correct:0", "urn:xmpp:carbons:2",
		"urn:xmpp:forward:0", "urn:xmpp:fasten:0", "urn:xmpp:message-retract:0",
		"urn:xmpp:message-retract:1", "urn:xmpp:message-moderate:0",
		"urn:xmpp:message-moderate:1"};

	for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
		if (xmpp_stanza_get_child_by_ns(message, namespaces[i]) != NULL)
			return true;
	return false;
}

static bool has_namespace(xmpp_stanza_t *stanza, const char *ns)
{
	const char *its = xmpp_stanza_get_ns(stanza);

	return its != NULL && strcmp(its, ns) == 0;
}

/* Whether the room or its service may have added the delay; without a sender it may. */
static bool may_be_of_room(const char *from, const char *room)
{
	if (from == NULL)
		return true;
	size_t bare = strcspn(from, "/");
	const char *service = strchr(room, '@');

	return (strlen(room) == bare && strncasecmp(from, room, bare) == 0) ||
	       (service != NULL && strcasecmp(from, service + 1) == 0);
}

/* What one delay (XEP-0203) means for the message. */
static enum stanza_time delay_time(
	xmpp_stanza_t *delay, const char *room, bool history_is_over, nsec *stamp)
{
	const char *from = xmpp_stanza_get_attribute(delay, "from");
	const char *text = xmpp_stanza_get_attribute(delay, "stamp");

	if (has_namespace(delay, NS_DELAY) && from != NULL && strcasecmp(from, room) == 0 &&
		text != NULL && clock_parse(text, stamp))
		return STANZA_RECALLED;
	return history_is_over && !may_be_of_room(from, room) ? STANZA_LIVE : STANZA_NEITHER;
}

enum stanza_time stanza_time(
	xmpp_stanza_t *message, const char *room, bool history_is_over, nsec *stamp)
{
	enum stanza_time time = STANZA_LIVE;
	xmpp_stanza_t *child = xmpp_stanza_get_children(message);

	if (refers_to_another(message))
		return STANZA_NEITHER;
	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		if (!has_namespace(child, NS_DELAY) && !has_namespace(child, NS_OLD_DELAY))
			continue;
		enum stanza_time its = delay_time(child, room, history_is_over, stamp);

		/* some rooms keep the old kind of delay, or the sender's, beside their own */
		if (its == STANZA_RECALLED)
			return its;
		if (its == STANZA_NEITHER)
			time = its;
	}
	return time;
}

/* A child of the message itself, not of an extension. */
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

static const char *attribute_or_empty(xmpp_stanza_t *stanza, const char *name)
{
	const char *value = stanza != NULL ? xmpp_stanza_get_attribute(stanza, name) : NULL;

	return value != NULL ? value : "";
}

/* The child of this namespace; NULL: there is none, or more than one. */
static xmpp_stanza_t *only_child(xmpp_stanza_t *stanza, const char *namespace)
{
	xmpp_stanza_t *only = NULL;

	for (xmpp_stanza_t *child = xmpp_stanza_get_children(stanza); child != NULL;
		child = xmpp_stanza_get_next(child)) {
		if (!has_namespace(child, namespace))
			continue;
		if (only != NULL)
			return NULL;
		only = child;
	}
	return only;
}

const char *stanza_occupant_id(xmpp_stanza_t *stanza)
{
	return attribute_or_empty(only_child(stanza, NS_OCCUPANT_ID), "id");
}

struct identity stanza_identity(xmpp_stanza_t *presence)
{
	xmpp_stanza_t *user = only_child(presence, NS_MUC_USER);
	xmpp_stanza_t *item = user != NULL ? xmpp_stanza_get_child_by_name(user, "item") : NULL;

	return (struct identity){.jid = attribute_or_empty(item, "jid"),
		.affiliation = attribute_or_empty(item, "affiliation"),
		.id = stanza_occupant_id(presence)};
}

/* NULL: it has none of this namespace. */
static xmpp_stanza_t *condition_of(xmpp_stanza_t *error, const char *namespace)
{
	xmpp_stanza_t *child = error != NULL ? xmpp_stanza_get_children(error) : NULL;

	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		const char *name = xmpp_stanza_get_name(child);

		if (name != NULL && strcmp(name, "text") != 0 && has_namespace(child, namespace))
			return child;
	}
	return NULL;
}

const char *stanza_condition(xmpp_stanza_t *stanza)
{
	xmpp_stanza_t *condition =
		condition_of(xmpp_stanza_get_child_by_name(stanza, "error"), NS_STANZA_ERROR);

	return condition != NULL ? xmpp_stanza_get_name(condition) : "error";
}

/* Appends `: ` and the text of the child, if it has one. */
static void text_append(
	xmpp_stanza_t *parent, const char *name, const char *const *secrets, char *out, size_t size)
{
	xmpp_stanza_t *child = parent != NULL ? xmpp_stanza_get_child_by_name(parent, name) : NULL;
	char *text = child != NULL ? xmpp_stanza_get_text(child) : NULL;

	if (text == NULL)
		return;
	char *whole = memory_printed("%s: %s", out, text);
	secret_clean_line(whole, secrets, out, size);
	free(whole);
	xmpp_free(xmpp_stanza_get_context(child), text);
}

/* `gone`, `redirect` and `see-other-host` have the other address as their text. */
static void condition_write(
	xmpp_stanza_t *condition, const char *const *secrets, char *out, size_t size)
{
	const char *name = condition != NULL ? xmpp_stanza_get_name(condition) : "error";
	char *address = condition != NULL ? xmpp_stanza_get_text(condition) : NULL;

	if (address == NULL || address[0] == '\0') {
		utf8_clean_line(name, out, size);
	} else {
		char *whole = memory_printed("%s (%s)", name, address);

		secret_clean_line(whole, secrets, out, size);
		free(whole);
	}
	if (address != NULL)
		xmpp_free(xmpp_stanza_get_context(condition), address);
}

void stanza_fault(xmpp_stanza_t *stanza, const char *const *secrets, char *out, size_t size)
{
	xmpp_stanza_t *error = xmpp_stanza_get_child_by_name(stanza, "error");

	condition_write(condition_of(error, NS_STANZA_ERROR), secrets, out, size);
	text_append(error, "text", secrets, out, size);
}

void stanza_stream_fault(xmpp_stanza_t *error, const char *const *secrets, char *out, size_t size)
{
	xmpp_stanza_t *condition = condition_of(error, XMPP_NS_STREAMS_IETF);

	condition_write(condition, secrets, out, size);
	size_t used = strlen(out);
	if (condition != NULL && strcmp(xmpp_stanza_get_name(condition), "see-other-host") == 0)
		snprintf(out + used, size - used, ": set server and port");
}

bool stanza_is_destroyed(xmpp_stanza_t *presence)
{
	return muc_child(presence, "destroy") != NULL;
}

void stanza_why_out(xmpp_stanza_t *presence, const char *const *secrets, char *out, size_t size)
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
	xmpp_stanza_t *destroy = muc_child(presence, "destroy");
	const char *why = destroy != NULL ? "the room was destroyed" : "we left the room";

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		if (stanza_has_status(presence, reasons[i].code)) {
			why = reasons[i].why;
			break;
		}
	}
	const char *other = attribute_or_empty(destroy, "jid");

	if (other[0] != '\0') {
		char *moved = memory_printed("%s in favour of %s", why, other);

		secret_clean_line(moved, secrets, out, size);
		free(moved);
	} else {
		snprintf(out, size, "%s", why);
	}
	text_append(destroy != NULL ? destroy : muc_child(presence, "item"), "reason", secrets, out,
		size);
}
