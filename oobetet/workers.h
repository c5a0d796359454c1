/* SPDX-License-Identifier: MIT */
/*
 * The workers, each a process of its own with all that can block. They run until the monitor
 * (monitor.h, the parent) ends them, and return the exit code.
 */
#ifndef OOBETET_WORKERS_H
#define OOBETET_WORKERS_H

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
