/* SPDX-License-Identifier: MIT */
/* The sentences of the diagnosis. Whether they are true is for oobetet-diagnosis-simulation.c. */
#include "t/unit/unit.h"

#include "oobetet/watch/diagnosis.h"

#include <string.h>

#define S NSEC_PER_SEC
#define GAP (30 * S)
#define BEGIN 1000 /* seconds: readings begin */
#define NOW 2000   /* the alarm; the last problem came 412 s before */
#define HEARD (NOW - 412)
#define PERIOD 120

static struct readings readings;

struct story {
	int port_until; /* the port changes until then, and is refused after that */
	int results_until;
	bool refused;     /* after port_until; else open */
	int broker_until; /* it answers until then */
	int redis_until;
	int taken_until; /* events are taken until then */
	int in_until;    /* the room is joined until then */
	int64_t waiting; /* events in the queue after taken_until */
};

static const struct story all_is_well = {
	NOW + 1, NOW + 1, true, NOW + 1, NOW + 1, NOW + 1, NOW + 1, 0};

static int earlier(int a, int b)
{
	return a < b ? a : b;
}

static int port_at(const struct story *story, int t)
{
	if (t >= story->port_until)
		return story->refused ? PORT_REFUSED : PORT_OPEN;
	return (t - HEARD + PERIOD) % PERIOD < PERIOD / 2 ? PORT_REFUSED : PORT_OPEN;
}

static void broker_at(const struct story *story, int t)
{
	int submitted = earlier(t, story->results_until);
	bool redis = t < story->redis_until;
	struct broker_reading reading = {.silent = t >= story->broker_until,
		.healthy = redis,
		.redis = redis,
		.check = port_at(story, submitted) == PORT_OPEN ? CHECK_OK : CHECK_PROBLEM,
		.age = (nsec)(t - submitted) * S,
		.queue = 1};

	readings_broker(&readings, &reading, (nsec)t * S, GAP);
}

static void queue_at(const struct story *story, int t)
{
	bool stands = t >= story->taken_until;
	struct queue_reading reading = {.silent = t >= story->redis_until,
		.length = stands ? story->waiting : 0,
		.oldest = 1,
		.taken = -1,
		.output = -1};

	readings_queue(&readings, &reading, (nsec)t * S, GAP);
}

/* Everything is read each five seconds; returns the sentence. `probes`: a bit for each. */
static const char *diagnosis_text(const struct story *story, unsigned probes)
{
	static struct diagnosis diagnosis;

	readings_init(&readings);
	for (int t = BEGIN; t <= NOW; t += 5) {
		if ((probes & 1) != 0)
			readings_port(&readings, port_at(story, t), (nsec)t * S, GAP);
		if ((probes & 2) != 0)
			broker_at(story, t);
		if ((probes & 4) != 0)
			queue_at(story, t);
		readings_room(&readings, t < story->in_until ? ROOM_IN : ROOM_OUT,
			"the connection broke", (nsec)t * S, GAP);
	}
	const struct evidence evidence = {.readings = &readings,
		.address = {(probes & 1) != 0 ? "lab:12345" : NULL,
			(probes & 2) != 0 ? "lab:3090" : NULL,
			(probes & 4) != 0 ? "lab:6380" : NULL},
		.queue = "events",
		.check = "\"Flapper\" on web-01",
		.missing = KIND_PROBLEM,
		.heard = (nsec)HEARD * S,
		.start = (nsec)(BEGIN - 10) * S,
		.now = (nsec)NOW * S,
		.max_latency = 300 * S,
		.notice = 90 * S};
	diagnose(&evidence, &diagnosis);
	return diagnosis.text;
}

static void each_link_has_its_sentence(void **state)
{
	const struct {
		struct story story;
		const char *text;
	} cases[] = {
		{{.port_until = HEARD, .refused = true},
			"flapper at lab:12345 has refused every connection for 410 s"},
		{{.port_until = HEARD + PERIOD / 2, .refused = false},
			"flapper at lab:12345 has been open for 350 s and does not close"},
		{{.results_until = HEARD},
			"the last result for \"Flapper\" on web-01 reached the broker 412 s ago: the "
			"check engine or its feeder stands still"},
		{{.broker_until = HEARD + 2}, "the broker at lab:3090 does not answer (for 410 s)"},
		{{.redis_until = HEARD + 2}, "Redis at lab:6380 does not answer (for 410 s)"},
		{{.taken_until = HEARD + 2, .waiting = 1204},
			"1,204 events wait in 'events' and none is taken (for 410 s)"},
		{{.in_until = HEARD + 171}, "oobetet was out of the room for 240 of these 412 s"},
		{{.refused = true}, "events are taken, but nothing reaches the room"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct story story = cases[i].story;
		int *const times[] = {&story.port_until, &story.results_until, &story.broker_until,
			&story.redis_until, &story.taken_until, &story.in_until};

		for (size_t j = 0; j < ARRAY_LENGTH(times); j++)
			if (*times[j] == 0)
				*times[j] = NOW + 1;
		assert_string_equal(diagnosis_text(&story, 7), cases[i].text);
	}
}

static void without_a_probe_its_key_is_named(void **state)
{
	(void)state;
	assert_string_equal(diagnosis_text(&all_is_well, 0),
		"either flapper or any link after it, up to what sends to the room: probe_flapper, "
		"probe_broker and probe_redis would tell");
	assert_string_equal(diagnosis_text(&all_is_well, 5),
		"either the check engine or its feeder, the broker, the event processor or what "
		"sends to the room: probe_broker would tell");
	assert_string_equal(diagnosis_text(&all_is_well, 3),
		"either the event processor or what sends to the room: probe_redis would tell");
}

/* With a max_latency of a second, a pause between two readings may be longer. */
static void no_reading_proves_nothing(void **state)
{
	struct evidence evidence = {.readings = &readings,
		.address = {"lab:12345", "lab:3090", "lab:6380"},
		.queue = "events",
		.check = "\"Flapper\"",
		.missing = KIND_PROBLEM,
		.heard = 10 * S,
		.start = 5 * S,
		.now = 11 * S,
		.max_latency = S,
		.notice = 4 * S};
	struct diagnosis diagnosis;

	(void)state;
	readings_init(&readings);
	diagnose(&evidence, &diagnosis);
	assert_non_null(strstr(diagnosis.text, "either flapper or any link after it"));
	assert_non_null(strstr(diagnosis.text, "; probe_redis has no reading (no answer yet)"));
}

static void only_a_refused_probe_is_not_open(void **state)
{
	struct story story = all_is_well;

	(void)state;
	diagnosis_text(&story, 7);
	readings_none(&readings, PROBE_FLAPPER, false, "timed out");
	assert_string_equal(readings.probe[PROBE_FLAPPER].why, "timed out");
	assert_int_equal(runs_last(&readings.port)->until, (nsec)NOW * S);
}

static void all_readings_are_shown_with_their_age(void **state)
{
	struct buffer text = {NULL, 0, 0};

	(void)state;
	diagnosis_text(&all_is_well, 7);
	readings_none(&readings, PROBE_REDIS, false, "timed out");
	readings_write(&readings, (nsec)(NOW + 3) * S, &text);
	assert_non_null(strstr(text.data, "flapper: refused for 5"));
	assert_non_null(strstr(text.data, ", read 3 s ago\n"));
	assert_non_null(strstr(text.data, "flapper period: 120 s\n"));
	assert_non_null(strstr(text.data, "last result at the broker: 3 s ago\n"));
	assert_non_null(strstr(text.data, "queue length: 0\n"));
	assert_non_null(strstr(text.data, "probe_redis: no reading: timed out\n"));
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_link_has_its_sentence),
		cmocka_unit_test(without_a_probe_its_key_is_named),
		cmocka_unit_test(no_reading_proves_nothing),
		cmocka_unit_test(only_a_refused_probe_is_not_open),
		cmocka_unit_test(all_readings_are_shown_with_their_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
