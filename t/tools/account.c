/* SPDX-License-Identifier: MIT */
#include "t/tools/account.h"

#include "common/options.h"

bool account_option_take(struct muc_account *account, int option, char *value)
{
	switch (option) {
	case ACCOUNT_SERVER:
		account->server = option_address("--server", value);
		return true;
	case ACCOUNT_JID:
		account->jid = value;
		return true;
	case ACCOUNT_PASSWORD:
		account->password = value;
		return true;
	case ACCOUNT_ROOM:
		account->room = value;
		return true;
	case ACCOUNT_NICK:
		account->nick = value;
		return true;
	case ACCOUNT_CA:
		account->ca_file = value;
		return true;
	default:
		return false;
	}
}

bool account_complete(const struct muc_account *account)
{
	return account->server.port != 0 && account->jid != NULL && account->password != NULL &&
	       account->room != NULL && account->nick != NULL;
}
