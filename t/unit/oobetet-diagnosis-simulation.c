/* SPDX-License-Identifier: MIT */
/*
 * A model of the chain, of which links break at random, one or several at a time, for a while or
 * for good. Its probes are set or not, lose readings, or see nothing at all; readings come late. At
 * each alarm the diagnosis is compared with the truth: a link that it names was broken when a
 * message was due; of `either ... or ...` one was. 100,000 alarms; SEED=N and ALARMS=N in the
 * environment.
 */
#include "t/unit/unit.h"

#include "oobetet/watch/diagnosis.h"

#include <stdlib.h>
#include <string.h>

#define SECOND NSEC_PER_SEC
#define MAX_LATENCY 300 /* all times of the model are seconds */
#define SETTLED 60
#define NOTICE 90
#define PROBE_EVERY 5
#define END 1500
#define FAULTS 3
#define MESSAGES 64
#define LATE 256 /* readings on their way */

enum mode { MODE_A, MODE_B, MODE_GONE };

struct fault {
	enum link link;
	int from, until;
	enum mode mode;
};

struct late {
	int arrives, at;
	enum probe probe;
	bool none, local;
	int port;
	struct broker_reading broker;
	struct queue_reading queue;
};

struct message {
	enum kind kind;
	int due, cause;
};

struct world {
	int now, period, interval, delay, notice;
	unsigned probes;
	double loss;
	int blind_from[PROBES], blind_until[PROBES], next_probe[PROBES];
	struct fault fault[FAULTS];
	int faults;
	/* the chain */
	bool submitted_problem, pushed_problem, processed_problem;
	bool known;
	int submitted, changed, turned;
	bool to_push[8];
	int push_cause[8], pushes;
	bool queue_problem[LATE];
	int queue_cause[LATE], queued, sequence;
	int64_t last_length;
	struct message message[MESSAGES];
	int messages;
	int heard[2], cause[2];
	int out_since; /* -1: in the room */
	bool noticed, known_nick;
	struct late late[LATE];
	int late_count, late_last;
	struct readings readings;
};

static long alarms, named, either, named_of_all, alarms_of_all, single, per_link[LINKS];

static int below(int limit)
{
	return limit > 0 ? (int)(drand48() * limit) : 0;
}

static bool chance(double part)
{
	return drand48() < part;
}

static const struct fault *fault_at(const struct world *w, enum link link, int at)
{
	for (int i = 0; i < w->faults; i++)
		if (w->fault[i].link == link && w->fault[i].from <= at && at < w->fault[i].until)
			return &w->fault[i];
	return NULL;
}

static bool down(const struct world *w, enum link link)
{
	return fault_at(w, link, w->now) != NULL;
}

static bool port_should_be_open(const struct world *w, int at)
{
	return at % w->period < w->period / 2;
}

static bool port_is_open(const struct world *w)
{
	const struct fault *fault = fault_at(w, LINK_FLAPPER, w->now);

	return fault == NULL ? port_should_be_open(w, w->now) : fault->mode == MODE_A;
}

/* ---- the chain ---- */

static void engine_step(struct world *w)
{
	const struct fault *fault = fault_at(w, LINK_ENGINE, w->now);

	if (w->now % w->interval != 0 || down(w, LINK_BROKER) ||
		(fault != NULL && fault->mode != MODE_B))
		return;
	w->submitted_problem = fault == NULL && !port_is_open(w);
	w->submitted = w->now;
	w->known = true;
}

static void broker_push(struct world *w, bool problem)
{
	if (w->pushes == 8) {
		memmove(w->to_push, w->to_push + 1, 7 * sizeof w->to_push[0]);
		w->pushes--;
	}
	w->to_push[w->pushes++] = problem;
}

static void broker_step(struct world *w)
{
	if (down(w, LINK_BROKER) || !w->known)
		return;
	if (w->submitted_problem != w->pushed_problem)
		broker_push(w, w->submitted_problem);
	else if (w->now % 10 == 0)
		broker_push(w, w->pushed_problem);
	w->pushed_problem = w->submitted_problem;
	if (down(w, LINK_REDIS))
		return;
	for (int i = 0; i < w->pushes && w->queued < LATE; i++) {
		w->queue_problem[w->queued++] = w->to_push[i];
		w->last_length = w->queued;
	}
	w->pushes = 0;
}

static void processor_step(struct world *w)
{
	if (down(w, LINK_PROCESSOR) || down(w, LINK_REDIS))
		return;
	for (int i = 0; i < w->queued; i++) {
		if (w->queue_problem[i] == w->processed_problem)
			continue;
		w->processed_problem = w->queue_problem[i];
		if (w->messages < MESSAGES)
			w->message[w->messages++] = (struct message){
				w->processed_problem ? KIND_PROBLEM : KIND_RECOVERY,
				w->now + below(w->delay + 1), w->now};
	}
	w->sequence += w->queued;
	w->queued = 0;
}

/* The connection to the room is interrupted. What is sent meanwhile waits, until that is noticed.
 */
static bool interrupted(const struct world *w, bool *noticed)
{
	const struct fault *room = fault_at(w, LINK_ROOM, w->now);

	*noticed = w->out_since >= 0 && w->now - w->out_since >= w->notice;
	return (room != NULL && room->mode != MODE_B) || down(w, LINK_NETWORK);
}

static void alerter_step(struct world *w)
{
	const struct fault *fault = fault_at(w, LINK_ALERTER, w->now);
	const struct fault *room = fault_at(w, LINK_ROOM, w->now);
	bool noticed, cut = interrupted(w, &noticed);
	int kept = 0;

	for (int i = 0; i < w->messages; i++) {
		const struct message message = w->message[i];

		if (message.due > w->now || (fault != NULL && fault->mode == MODE_B) ||
			(fault == NULL && cut && !noticed)) {
			w->message[kept++] = message;
		} else if (fault == NULL && room == NULL && !cut) {
			w->heard[message.kind] = w->now;
			w->cause[message.kind] = message.cause;
		}
	}
	w->messages = kept;
}

/* ---- the readings ---- */

static void room_step(struct world *w)
{
	const struct fault *fault = fault_at(w, LINK_ROOM, w->now);
	bool destroyed = fault != NULL && fault->mode == MODE_B;
	bool out = (fault != NULL && !destroyed) || down(w, LINK_NETWORK);

	if (destroyed && w->readings.created <= (nsec)fault->from * SECOND)
		w->readings.created = (nsec)w->now * SECOND;
	w->readings.alone = destroyed && w->known_nick;
	if (!out)
		w->out_since = -1;
	else if (w->out_since < 0)
		w->out_since = w->now;
	bool noticed = w->out_since >= 0 && w->now - w->out_since >= w->notice;
	if (w->now % PROBE_EVERY == 0 || noticed != w->noticed)
		readings_room(&w->readings, noticed ? ROOM_OUT : ROOM_IN, "no answer",
			(nsec)w->now * SECOND, MAX_LATENCY * SECOND / 10);
	w->noticed = noticed;
}

static void flapper_probe(struct world *w, struct late *late)
{
	late->port = port_is_open(w) ? PORT_OPEN : PORT_REFUSED;
}

static void broker_probe(struct world *w, struct late *late)
{
	const struct fault *fault = fault_at(w, LINK_BROKER, w->now);
	bool redis = !down(w, LINK_REDIS);

	late->none = fault != NULL && fault->mode == MODE_GONE;
	late->broker = (struct broker_reading){.silent = fault != NULL,
		.healthy = redis,
		.redis = redis,
		.check = !w->known              ? CHECK_UNKNOWN
			 : w->submitted_problem ? CHECK_PROBLEM
						: CHECK_OK,
		.age = w->known ? (nsec)(w->now - w->submitted) * SECOND : -1,
		.queue = w->last_length};
}

static void redis_probe(struct world *w, struct late *late)
{
	const struct fault *fault = fault_at(w, LINK_REDIS, w->now);
	const struct fault *alerter = fault_at(w, LINK_ALERTER, w->now);
	const struct fault *room = fault_at(w, LINK_ROOM, w->now);
	bool server_down = room != NULL && room->mode != MODE_B;

	late->none = fault != NULL && fault->mode == MODE_GONE;
	late->queue = (struct queue_reading){.silent = fault != NULL,
		.length = w->queued,
		.oldest = (uint64_t)w->sequence + 1,
		.taken = -1,
		.output = alerter != NULL && alerter->mode == MODE_B ? w->messages
			  : server_down                              ? 1
								     : 0,
		.output_oldest = server_down       ? (uint64_t)room->from
				 : w->messages > 0 ? (uint64_t)w->message[0].cause
						   : 0,
		.output_name = "list"};
}

static void late_add(struct world *w, struct late *late)
{
	int arrives = w->now + below(10);

	late->at = w->now;
	late->arrives = arrives > w->late_last ? arrives : w->late_last;
	w->late_last = late->arrives;
	if (w->late_count < LATE)
		w->late[w->late_count++] = *late;
}

static void probes_step(struct world *w)
{
	static void (*const probe[])(struct world *, struct late *) = {
		flapper_probe, broker_probe, redis_probe};

	for (int i = 0; i < PROBES; i++) {
		struct late late = {.probe = (enum probe)i};

		if ((w->probes & (1U << i)) == 0 || w->now < w->next_probe[i])
			continue;
		w->next_probe[i] = w->now + PROBE_EVERY / 2 + below(PROBE_EVERY + 1);
		probe[i](w, &late);
		const struct fault *network = fault_at(w, LINK_NETWORK, w->now);
		late.local = network != NULL && network->mode == MODE_A;
		late.none |= network != NULL ||
			     (w->blind_from[i] <= w->now && w->now < w->blind_until[i]);
		if (!chance(w->loss))
			late_add(w, &late);
	}
}

static void late_apply(struct world *w, const struct late *late)
{
	nsec at = (nsec)late->at * SECOND, gap = MAX_LATENCY * SECOND / 10;

	if (late->none)
		readings_none(&w->readings, late->probe, late->local, "timed out");
	else if (late->probe == PROBE_FLAPPER)
		readings_port(&w->readings, late->port, at, gap);
	else if (late->probe == PROBE_BROKER)
		readings_broker(&w->readings, &late->broker, at, gap);
	else
		readings_queue(&w->readings, &late->queue, at, gap);
}

static void late_step(struct world *w)
{
	int done = 0;

	while (done < w->late_count && w->late[done].arrives <= w->now)
		late_apply(w, &w->late[done++]);
	memmove(w->late, w->late + done, (size_t)(w->late_count -= done) * sizeof w->late[0]);
}

/* ---- the truth ---- */

/*
 * The links that were broken when a message of this kind was due, or in the half period before:
 * no recovery is sent without a problem.
 */
static unsigned guilty(const struct world *w, enum kind kind)
{
	unsigned links = 0;

	for (int t = w->cause[kind] + 1; t <= w->now; t++) {
		bool open = port_should_be_open(w, t);

		if (open == port_should_be_open(w, t - 1) || open != (kind == KIND_RECOVERY))
			continue;
		for (int i = 0; i < w->faults; i++)
			if (w->fault[i].from <= t + SETTLED &&
				w->fault[i].until > t - w->period / 2)
				links |= 1U << w->fault[i].link;
	}
	/* that oobetet was out of the room is true whatever the reason */
	return (links & (1U << LINK_NETWORK)) != 0 ? links | 1U << LINK_ROOM : links;
}

static void alarm_judge(const struct world *w, enum kind kind)
{
	const struct evidence evidence = {.readings = &w->readings,
		.address = {(w->probes & 1) != 0 ? "F:1" : NULL,
			(w->probes & 2) != 0 ? "B:2" : NULL, (w->probes & 4) != 0 ? "R:3" : NULL},
		.queue = "events",
		.check = "\"Flapper\"",
		.missing = kind,
		.heard = (nsec)w->heard[kind] * SECOND,
		.start = 0,
		.now = (nsec)w->now * SECOND,
		.max_latency = MAX_LATENCY * SECOND,
		.notice = NOTICE * SECOND};
	struct diagnosis diagnosis;
	unsigned truth = guilty(w, kind);
	bool one;

	diagnose(&evidence, &diagnosis);
	one = diagnosis.links != 0 && (diagnosis.links & (diagnosis.links - 1)) == 0;
	if ((diagnosis.links & truth) == 0) {
		struct buffer details = {NULL, 0, 0};

		readings_write(&w->readings, evidence.now, &details);
		print_message(
			"alarm %ld at %d, %s heard at %d, period %d, interval %d, probes %u\n",
			alarms, w->now, kind_name(kind), w->heard[kind], w->period, w->interval,
			w->probes);
		for (int i = 0; i < w->faults; i++)
			print_message("fault %s from %d until %d, mode %d\n",
				link_rows[w->fault[i].link].noun, w->fault[i].from,
				w->fault[i].until, (int)w->fault[i].mode);
		print_message("%s\n%s", diagnosis.text, details.data);
		buffer_free(&details);
		fail_msg("a wrong name");
	}
	alarms++;
	named += one;
	either += !one;
	single += w->faults == 1;
	if (w->probes == 7 && w->loss == 0 &&
		w->blind_until[0] + w->blind_until[1] + w->blind_until[2] == 0) {
		alarms_of_all++;
		named_of_all += one;
	}
	for (int i = 0; one && i < LINKS; i++)
		per_link[i] += diagnosis.links == 1U << i;
}

/* ---- a run ---- */

static struct fault fault_make(const struct world *w, bool first)
{
	int from = (first ? 10 : 0) + below(2 * w->period + (first ? 0 : MAX_LATENCY));

	if (chance(0.05))
		from = 0;
	return (struct fault){.link = (enum link)below(LINKS),
		.from = from,
		.until = chance(0.6) ? END : from + 20 + below(400),
		.mode = (enum mode)below(3)};
}

static void world_begin(struct world *w)
{
	memset(w, 0, sizeof *w);
	readings_init(&w->readings);
	w->period = 8 + 2 * below(57);
	w->interval = 1 + below(w->period / 8);
	w->delay = below(30) < w->period / 4 ? below(w->period / 4) : 0;
	w->notice = below(NOTICE);
	w->probes = chance(0.4) ? 7 : (unsigned)below(8);
	w->loss = chance(0.5) ? 0 : drand48() * 0.4;
	w->out_since = -1;
	w->known_nick = chance(0.7);
	for (int i = 0; i < PROBES; i++)
		if (chance(0.15)) {
			w->blind_from[i] = chance(0.5) ? 0 : below(500);
			w->blind_until[i] = chance(0.5) ? END : w->blind_from[i] + below(400);
		}
	w->faults = 1;
	w->faults += chance(0.3);
	w->faults += chance(0.3);
	for (int i = 0; i < w->faults; i++)
		w->fault[i] = fault_make(w, i == 0);
}

static void world_run(struct world *w)
{
	for (w->now = 1; w->now < END; w->now++) {
		engine_step(w);
		broker_step(w);
		processor_step(w);
		alerter_step(w);
		room_step(w);
		probes_step(w);
		late_step(w);
		for (enum kind kind = KIND_PROBLEM; kind <= KIND_RECOVERY; kind++)
			if (w->now - w->heard[kind] >= MAX_LATENCY) {
				alarm_judge(w, kind);
				return;
			}
	}
}

static void never_a_wrong_name(void **state)
{
	static struct world world;
	const char *wanted = getenv("ALARMS"), *seed = getenv("SEED");
	long limit = wanted != NULL ? strtol(wanted, NULL, 10) : 100000;

	(void)state;
	srand48(seed != NULL ? strtol(seed, NULL, 10) : 1);
	while (alarms < limit) {
		world_begin(&world);
		world_run(&world);
	}
	print_message("%ld alarms: %ld named, %ld (%.1f %%) either ... or ...\n", alarms, named,
		either, 100.0 * (double)either / (double)alarms);
	print_message(
		"with all probes and no reading lost: %ld alarms, %.1f %% either ... or ...\n",
		alarms_of_all,
		100.0 * (double)(alarms_of_all - named_of_all) / (double)alarms_of_all);
	for (int i = 0; i < LINKS; i++) {
		print_message("%s: %ld\n", link_rows[i].noun, per_link[i]);
		assert_true(per_link[i] > alarms / 500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(never_a_wrong_name)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
