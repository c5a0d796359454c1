/* SPDX-License-Identifier: MIT */
/*
 * What libstrophe holds of memory, expat's share included. A server may send a stanza, a tag or a
 * name without end, and libstrophe gathers it: nobody can bound it but who gives it the memory.
 */
#ifndef OOBETET_XMPP_HEAP_H
#define OOBETET_XMPP_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <strophe.h>

/*
 * A log-in and any stanza of a decent server's need a fraction of it. What is nested so deeply that
 * it needs all is still released within the stack, which libstrophe does by recursion.
 */
#define HEAP_LIMIT (4 << 20) /* bytes */
#define HEAP_LIMIT_TEXT "4 MB"

struct heap {
	xmpp_mem_t memory; /* for xmpp_ctx_new() */
	size_t held;       /* bytes */
};

/* `ration` must stay where it is as long as the context lives. */
void heap_begin(struct heap *heap);

/*
 * Is more held than a ration? It is given nevertheless, so ask after each xmpp_run_once(), which
 * reads 4 KiB. Where the process itself gets no more memory it ends.
 */
bool heap_is_exceeded(const struct heap *heap);

#endif
