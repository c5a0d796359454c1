/* SPDX-License-Identifier: MIT */
/*
 * The first broken link of the chain that the readings prove. Never a guess: where several links
 * may be broken, the sentence names them all, and the configuration key of the probe that would
 * tell. Pure.
 *
 * A link is proven broken if it was broken for half of max_latency, or when a message was due. It
 * is proven to work if it was read as working all the time, or if what is behind it has received
 * the change. max_latency has to be at least two periods and a minute.
 */
#ifndef OOBETET_WATCH_DIAGNOSIS_H
#define OOBETET_WATCH_DIAGNOSIS_H

#include "oobetet/watch/match.h"
#include "oobetet/watch/readings.h"

#define DIAGNOSIS_TEXT 600

/* In the order of the chain; oobetet's own network comes first, because it hides all others. */
enum link {
	LINK_NETWORK,
	LINK_FLAPPER,
	LINK_ENGINE, /* the check engine and what feeds the broker with its results */
	LINK_BROKER,
	LINK_REDIS,
	LINK_PROCESSOR, /* takes the events from the queue */
	LINK_ALERTER,   /* makes messages of them and sends them to the room */
	LINK_ROOM,      /* the Jabber server, and oobetet's presence in the room */
	LINKS
};

struct evidence {
	const struct readings *readings;
	const char *address[PROBES]; /* of what is probed; NULL: there is no such probe */
	const char *queue;           /* its name */
	const char *check;           /* the watched check, as a text */
	enum kind missing;           /* the kind of message that is missing */
	nsec heard;                  /* its last message */
	nsec start;                  /* of oobetet */
	nsec now;
	nsec max_latency;
	nsec notice; /* how long oobetet may take to notice that it is out of the room */
};

struct diagnosis {
	unsigned links; /* a bit for each that may be the broken one; one bit: it is named */
	char text[DIAGNOSIS_TEXT];
};

void diagnose(const struct evidence *evidence, struct diagnosis *out);

/* `flapper`, `nagios`, ...: one word, for the log and the tests. */
const char *link_name(enum link link);

/* The longest pause between two readings that hides nothing; never below three probes. */
nsec diagnosis_gap(nsec max_latency);

#endif
