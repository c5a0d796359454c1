/* SPDX-License-Identifier: MIT */
/* The command-line options for an account in a room: shared by the tools that use muc.h. */
#ifndef T_TOOLS_ACCOUNT_H
#define T_TOOLS_ACCOUNT_H

#include "t/tools/muc.h"

#include <getopt.h>

/* Values above all letters, which are left to the tools. */
enum account_option {
	ACCOUNT_SERVER = 0x100,
	ACCOUNT_JID,
	ACCOUNT_PASSWORD,
	ACCOUNT_ROOM,
	ACCOUNT_NICK,
	ACCOUNT_CA,
};

/* For a tool's table for getopt_long(). */
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

/* All options needed to log in are set. */
bool account_complete(const struct muc_account *account);

#endif
