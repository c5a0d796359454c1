/* SPDX-License-Identifier: MIT */
/*
 * The ear: the hand that holds libstrophe. It logs in, joins the rooms, proves that it stays in
 * them, says what it is told to and reports what it hears. It lives for one connection: when that
 * ends it says why and exits, and the clock starts another.
 */
#ifndef OOBETET_XMPP_MAIN_H
#define OOBETET_XMPP_MAIN_H

/* The whole life of this process; returns its exit code. */
int xmpp_main(void);

#endif
