/* SPDX-License-Identifier: MIT */
/*
 * Telling the supervisor that we serve: s6's newline on a descriptor (--ready-fd) and systemd's
 * datagrams to $NOTIFY_SOCKET (sd_notify(3) documents them; its library is not needed).
 * Nothing happens, and nothing fails, where nobody asked.
 */
#ifndef COMMON_READY_H
#define COMMON_READY_H

/* Serving: READY=1, and a newline on `fd`, which is then closed; -1: no such descriptor. */
void ready_announce(int fd);

/* Sends one datagram such as "STOPPING=1", "WATCHDOG=1" or "STATUS=…". */
void ready_notify(const char *message);

#endif
