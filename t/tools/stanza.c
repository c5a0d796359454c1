/* SPDX-License-Identifier: MIT */
#include "t/tools/stanza.h"

#include <string.h>

#define NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define NS_DELAY "urn:xmpp:delay"

const char *stanza_nick(xmpp_stanza_t *stanza)
{
	const char *from = xmpp_stanza_get_from(stanza);
	const char *slash = from == NULL ? NULL : strchr(from, '/');

	return slash == NULL ? "" : slash + 1;
}

const char *stanza_condition(xmpp_stanza_t *stanza)
{
	xmpp_stanza_t *error = xmpp_stanza_get_child_by_name(stanza, "error");
	xmpp_stanza_t *child = error == NULL ? NULL : xmpp_stanza_get_children(error);
	const char *name = child == NULL ? NULL : xmpp_stanza_get_name(child);

	return name == NULL ? "error without a condition" : name;
}

bool stanza_has_status(xmpp_stanza_t *presence, const char *code)
{
	xmpp_stanza_t *x = xmpp_stanza_get_child_by_ns(presence, NS_MUC_USER);
	xmpp_stanza_t *child = x == NULL ? NULL : xmpp_stanza_get_children(x);

	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		const char *name = xmpp_stanza_get_name(child);
		const char *its = xmpp_stanza_get_attribute(child, "code");

		if (name != NULL && strcmp(name, "status") == 0 && its != NULL &&
			strcmp(its, code) == 0)
			return true;
	}
	return false;
}

const char *stanza_removal(xmpp_stanza_t *presence)
{
	static const struct {
		const char *code, *meaning;
	} causes[] = {{"301", "banned"}, {"307", "kicked"}, {"332", "the service shuts down"},
		{"333", "removed by the server"}};

	for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
		if (stanza_has_status(presence, causes[i].code))
			return causes[i].meaning;
	return "left";
}

bool stanza_is_delayed(xmpp_stanza_t *message)
{
	return xmpp_stanza_get_child_by_ns(message, NS_DELAY) != NULL;
}
