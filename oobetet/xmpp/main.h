/* SPDX-License-Identifier: MIT */
/*
 * The xmpp worker, which runs libstrophe. It logs in, joins the rooms, proves that it stays in
 * them, sends messages and reports those of others. It lives for one connection: when that ends it
 * reports why and exits, and the main process starts another.
 */
#ifndef OOBETET_XMPP_MAIN_H
#define OOBETET_XMPP_MAIN_H

/* Runs until the connection or the main process ends. Returns the exit code. */
int xmpp_main(void);

#endif
