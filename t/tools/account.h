/* SPDX-License-Identifier: MIT */
/* The command-line options that say who somebody in a room is: shared by the tools with muc.h. */
#ifndef T_TOOLS_ACCOUNT_H
#define T_TOOLS_ACCOUNT_H

#include "t/tools/muc.h"

#include <getopt.h>

/* Values that no letter has, so that a tool may have letters of its own. */
enum account_option {
	ACCOUNT_SERVER = 0x100,
	ACCOUNT_JID,
	ACCOUNT_PASSWORD,
	ACCOUNT_ROOM,
	ACCOUNT_NICK,
	ACCOUNT_CA,
};

/* To stand in a tool's table for getopt_long(). */
/* clang-format off */
#define ACCOUNT_OPTIONS                                                                            \
	{"server", required_argument, NULL, ACCOUNT_SERVER},                                       \
	{"jid", required_argument, NULL, ACCOUNT_JID},                                             \
	{"password", required_argument, NULL, ACCOUNT_PASSWORD},                                   \
	{"room", required_argument, NULL, ACCOUNT_ROOM},                                           \
	{"nick", required_argument, NULL, ACCOUNT_NICK},                                           \
	{"ca", required_argument, NULL, ACCOUNT_CA}
/* clang-format on */

#define ACCOUNT_USAGE                                                  \
	"  --server HOST:PORT --jid USER@DOMAIN --password PASSWORD\n" \
	"  --room ROOM@SERVICE --nick NICK [--ca FILE]   (without --ca: no encryption)\n"

/* Takes the option if it is one of the above; `value` must outlive the account. */
bool account_option_take(struct muc_account *account, int option, char *value);

/* Everything that is needed to log in has been given. */
bool account_complete(const struct muc_account *account);

#endif
