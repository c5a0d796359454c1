/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/roads.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WHY 300 /* bytes of a reason */
#define RECORDING (500 * NSEC_PER_MSEC)
#define ID 64 /* bytes of an id as text */

enum way { WAY_ROOM, WAY_PAGER, WAY_COMMAND };

struct road {
	const char *name; /* the room's; the others' are said in words */
	enum way way;
	struct outbox *outbox;
	bool open;
	uint64_t intent;    /* the newest, among all roads' */
	nsec intent_by;     /* when it is tried, recorded or not */
	bool greeted;       /* the room: once a start, or never */
	char *announcement; /* owned; what the room is to be told besides; NULL: nothing */
	char why[WHY];      /* why it is closed, or does not take what it is told; "": it works */
};

struct roads {
	const struct subject *subject;
	char id_start[ID / 2]; /* of all our ids, and of nobody else's */
	uint64_t last_id;
	uint64_t intents;  /* so far */
	uint64_t recorded; /* of these */
	struct road *road; /* the rooms, then PagerDuty and the command if they are configured */
	int rooms;
	int count;
};

/* The pager and the command give up by themselves, and say so. */
static nsec answer_limit(enum way way, const struct pace *pace)
{
	switch (way) {
	case WAY_ROOM:
		return pace->answer;
	case WAY_PAGER:
		return 2 * pace->request;
	default:
		return 2 * COMMAND_LIMIT;
	}
}

static void road_init(
	struct road *road, const char *name, enum way way, const struct pace *pace, uint32_t seed)
{
	const struct outbox_rules rules = {.latest_only = way == WAY_ROOM,
		.answer_limit = answer_limit(way, pace),
		.retry_min = pace->retry_min,
		.retry_max = pace->retry_max,
		.seed = seed};

	road->name = name;
	road->way = way;
	road->outbox = outbox_new(&rules);
	snprintf(road->why, sizeof road->why, "%s", "not there yet");
}

static void road_open(struct road *road)
{
	road->open = true;
	road->why[0] = '\0';
	outbox_open(road->outbox);
}

static void roads_init(
	struct roads *roads, const struct config *config, const struct pace *pace, uint32_t seed)
{
	struct road *road = roads->road;

	for (int i = 0; i < roads->rooms; i++, road++) {
		road_init(road, config->alert_rooms.item[i], WAY_ROOM, pace, seed++);
		road->greeted = !config->greeting;
	}
	if (config->pagerduty_contact != NULL)
		road_init(road++, "PagerDuty", WAY_PAGER, pace, seed++);
	if (config->alert_command != NULL) {
		road_init(road, "alert_command", WAY_COMMAND, pace, seed);
		road_open(road);
	}
}

struct roads *roads_new(const struct config *config, const struct subject *subject,
	const struct pace *pace, uint64_t seed)
{
	struct roads *roads = memory_zeroed(1, sizeof *roads);

	roads->subject = subject;
	roads->rooms = config->alert_rooms.count;
	roads->count = roads->rooms + (config->pagerduty_contact != NULL ? 1 : 0) +
		       (config->alert_command != NULL ? 1 : 0);
	roads->road = memory_zeroed((size_t)roads->count, sizeof *roads->road);
	snprintf(roads->id_start, sizeof roads->id_start, PROTOCOL_ID "%016" PRIx64 "-", seed);
	roads_init(roads, config, pace, (uint32_t)seed);
	return roads;
}

void roads_free(struct roads *roads)
{
	if (roads == NULL)
		return;
	for (int i = 0; i < roads->count; i++) {
		outbox_free(roads->road[i].outbox);
		free(roads->road[i].announcement);
	}
	free(roads->road);
	free(roads);
}

void roads_put(struct roads *roads, const struct notice *notice, bool loud)
{
	for (int i = 0; i < roads->count; i++)
		if (loud || roads->road[i].way == WAY_PAGER)
			outbox_put(roads->road[i].outbox, notice, ++roads->last_id);
}

/* ---- opened and closed ---- */

static struct road *road_named(struct roads *roads, const char *room)
{
	for (int i = 0; i < roads->rooms; i++)
		if (strcasecmp(roads->road[i].name, room) == 0)
			return &roads->road[i];
	return NULL;
}

static void road_close(struct road *road, const char *why)
{
	road->open = false;
	snprintf(road->why, sizeof road->why, "%s", why);
	outbox_close(road->outbox);
}

void roads_room_opened(struct roads *roads, const char *room)
{
	struct road *road = road_named(roads, room);

	if (road != NULL)
		road_open(road);
}

void roads_room_closed(struct roads *roads, const char *room, const char *why)
{
	struct road *road = road_named(roads, room);

	if (road != NULL)
		road_close(road, why);
}

void roads_ear_lost(struct roads *roads, const char *why)
{
	for (int i = 0; i < roads->rooms; i++)
		road_close(&roads->road[i], why);
}

void roads_pager_lost(struct roads *roads, const char *why)
{
	for (int i = roads->rooms; i < roads->count; i++)
		if (roads->road[i].way == WAY_PAGER)
			road_close(&roads->road[i], why);
}

void roads_pager_started(struct roads *roads)
{
	for (int i = roads->rooms; i < roads->count; i++)
		if (roads->road[i].way == WAY_PAGER)
			road_open(&roads->road[i]);
}

/* ---- answers ---- */

static void road_answered(struct road *road, enum answer answer, const char *why)
{
	bool news = strcmp(road->why, why) != 0;

	if (answer == ANSWER_DONE && road->why[0] != '\0')
		log_info("%s has been told again", road->name);
	else if (answer == ANSWER_FAILED && news)
		log_error("%s cannot be told: %s; trying again", road->name, why);
	else if (answer == ANSWER_REFUSED)
		log_error("%s refuses what it is told, which is not tried again: %s", road->name,
			why);
	snprintf(road->why, sizeof road->why, "%s", why);
}

void roads_answer(
	struct roads *roads, const char *id, enum answer answer, const char *why, nsec now)
{
	size_t start = strlen(roads->id_start);
	struct reason ignored;
	int64_t number;

	if (strncmp(id, roads->id_start, start) != 0 ||
		!number_parse(id + start, 1, INT64_MAX, &number, &ignored))
		return;
	for (int i = 0; i < roads->count; i++)
		if (outbox_answer(roads->road[i].outbox, (uint64_t)number, answer, now))
			road_answered(&roads->road[i], answer, answer == ANSWER_DONE ? "" : why);
}

/* ---- carried ---- */

static const char *id_text(const struct roads *roads, uint64_t id, char out[ID])
{
	snprintf(out, ID, "%s%" PRIu64, roads->id_start, id);
	return out;
}

static void command_send(struct roads *roads, struct command *command, const struct notice *notice,
	const char *id, nsec now)
{
	char name[NOTICE_KEY];
	const struct errand errand = {.id = id,
		.event = notice->kind == NOTICE_OK ? "ok" : "alarm",
		.watch = subject_name(roads->subject, name, sizeof name),
		.breach = kind_name(notice->missing),
		.since = notice->since,
		.key = notice->key,
		.host = roads->subject->host,
		.text = notice->text};

	if (!command_start(command, &errand, now))
		roads_answer(roads, id, ANSWER_FAILED, "the one before still runs", now);
}

static void page(
	struct roads *roads, struct hand *pager, const struct notice *notice, const char *id)
{
	char name[NOTICE_KEY];

	if (notice->kind == NOTICE_OK)
		hand_say(pager, WORD_RESOLVE, FIELDS(id, notice->key));
	else
		hand_say(pager, WORD_TRIGGER,
			FIELDS(id, notice->key, notice->since, roads->subject->host,
				subject_name(roads->subject, name, sizeof name), notice->text));
}

/* Nobody looks whether it came: what must arrive goes through the outbox. */
static void mention(
	struct roads *roads, const struct road *road, struct hand *ear, const char *text)
{
	char id[ID];

	hand_say(ear, WORD_SAY, FIELDS(id_text(roads, ++roads->last_id, id), road->name, text));
}

static void greet(struct roads *roads, struct road *road, struct hand *ear)
{
	char text[NOTICE_TEXT];

	if (!road->greeted)
		mention(roads, road, ear,
			notice_greeting(roads->subject, clock_wall(), text, sizeof text));
	road->greeted = true;
	if (road->announcement != NULL)
		mention(roads, road, ear, road->announcement);
	free(road->announcement);
	road->announcement = NULL;
}

void roads_announce(struct roads *roads, const char *text)
{
	for (int i = 0; i < roads->rooms; i++) {
		free(roads->road[i].announcement);
		roads->road[i].announcement = memory_copied(text);
	}
}

/* For the file that is to say what it is about to do. */
static bool road_waits(const struct roads *roads, const struct road *road, nsec now)
{
	return road->intent > roads->recorded && now < road->intent_by;
}

static void road_deliver(
	struct roads *roads, struct road *road, const struct carriers *by, nsec now)
{
	uint64_t number;
	char id[ID];

	if (road->way == WAY_ROOM && road->open)
		greet(roads, road, by->ear);
	if (outbox_intend(road->outbox, now)) {
		road->intent = ++roads->intents;
		road->intent_by = now + RECORDING;
	}
	if (road_waits(roads, road, now))
		return;
	const struct notice *notice = outbox_take(road->outbox, now, &number);
	if (notice == NULL)
		return;
	id_text(roads, number, id);
	if (road->way == WAY_ROOM)
		hand_say(by->ear, WORD_SAY, FIELDS(id, road->name, notice->text));
	else if (road->way == WAY_PAGER)
		page(roads, by->pager, notice, id);
	else
		command_send(roads, by->command, notice, id, now);
}

void roads_deliver(struct roads *roads, const struct carriers *by, nsec now)
{
	for (int i = 0; i < roads->count; i++)
		road_deliver(roads, &roads->road[i], by, now);
}

static nsec road_deadline(const struct roads *roads, const struct road *road)
{
	nsec deadline = outbox_deadline(road->outbox);

	return road->intent > roads->recorded && deadline < road->intent_by ? road->intent_by
									    : deadline;
}

nsec roads_deadline(const struct roads *roads)
{
	nsec deadline = NSEC_NEVER;

	for (int i = 0; i < roads->count; i++)
		deadline = nsec_earlier(deadline, road_deadline(roads, &roads->road[i]));
	return deadline;
}

uint64_t roads_intents(const struct roads *roads)
{
	return roads->intents;
}

void roads_recorded(struct roads *roads, uint64_t recorded)
{
	roads->recorded = recorded;
}

void roads_remember(const struct roads *roads, struct state *state)
{
	state->count = roads->count;
	state->roads = memory_zeroed((size_t)roads->count + 1, sizeof state->roads[0]);
	for (int i = 0; i < roads->count; i++) {
		snprintf(state->roads[i].name, sizeof state->roads[i].name, "%s",
			roads->road[i].name);
		outbox_remember(roads->road[i].outbox, &state->roads[i].outbox);
	}
}

void roads_resume(struct roads *roads, const struct state *state)
{
	for (int i = 0; i < roads->count; i++)
		for (int j = 0; j < state->count; j++)
			if (strcmp(roads->road[i].name, state->roads[j].name) == 0)
				outbox_resume(roads->road[i].outbox, &state->roads[j].outbox,
					&roads->last_id);
}

/* ---- what is wrong ---- */

bool roads_all_fail(const struct roads *roads)
{
	for (int i = 0; i < roads->count; i++) {
		const struct road *road = &roads->road[i];

		if (road->open && road->why[0] == '\0' && outbox_count(road->outbox) == 0)
			return false;
	}
	return true;
}

void roads_remark(const struct roads *roads, struct buffer *remarks)
{
	for (int i = 0; i < roads->count; i++) {
		const struct road *road = &roads->road[i];

		if (road->why[0] != '\0' && (road->open || road->way != WAY_ROOM))
			buffer_printf(remarks, "; %s does not take what it is told (%.150s)",
				road->name, road->why);
	}
}

int roads_untold(const struct roads *roads)
{
	int untold = 0;

	for (int i = 0; i < roads->count; i++)
		untold += outbox_count(roads->road[i].outbox);
	return untold;
}
