/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/roads.h"

#include "common/memory.h"
#include "common/number.h"
#include "oobetet/clock/carry.h"
#include "oobetet/clock/road.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID 64 /* bytes of an id as text */

/* What a room is told besides, once, without anybody looking whether it came. */
struct aside {
	bool greeted;       /* once a start, or never */
	char *announcement; /* owned; NULL: nothing */
};

struct roads {
	const struct subject *subject;
	char id_start[ID / 2]; /* of all our ids, and of nobody else's */
	uint64_t last_id;
	struct intents intents;
	struct road *road;   /* the rooms, then PagerDuty and the command if they are configured */
	struct aside *aside; /* the rooms' */
	int rooms;
	int count;
};

/* What nobody has answered for may have been read all the same: never sooner than the repeats. */
static struct pace room_pace(const struct config *config, const struct pace *pace)
{
	struct pace slow = *pace;

	if (slow.retry_min < config->repeat_interval)
		slow.retry_min = config->repeat_interval;
	if (slow.retry_max < config->repeat_max)
		slow.retry_max = config->repeat_max;
	return slow;
}

static void roads_init(
	struct roads *roads, const struct config *config, const struct pace *pace, uint32_t seed)
{
	struct road *road = roads->road;
	struct pace slow = room_pace(config, pace);

	for (int i = 0; i < roads->rooms; i++) {
		road_begin(road++, config->alert_rooms.item[i], WAY_ROOM, &slow, seed++);
		roads->aside[i].greeted = !config->greeting;
	}
	if (config->pagerduty_contact != NULL)
		road_begin(road++, "PagerDuty", WAY_PAGER, pace, seed++);
	if (config->alert_command != NULL)
		road_begin(road++, "alert_command", WAY_COMMAND, pace, seed);
	roads->count = (int)(road - roads->road);
}

struct roads *roads_new(const struct config *config, const struct subject *subject,
	const struct pace *pace, uint64_t seed)
{
	struct roads *roads = memory_zeroed(1, sizeof *roads);

	roads->subject = subject;
	roads->rooms = config->alert_rooms.count;
	roads->road = memory_zeroed((size_t)roads->rooms + 2, sizeof *roads->road);
	roads->aside = memory_zeroed((size_t)roads->rooms, sizeof *roads->aside);
	snprintf(roads->id_start, sizeof roads->id_start, PROTOCOL_ID "%016" PRIx64 "-", seed);
	roads_init(roads, config, pace, (uint32_t)seed);
	return roads;
}

void roads_free(struct roads *roads)
{
	if (roads == NULL)
		return;
	for (int i = 0; i < roads->count; i++)
		road_end(&roads->road[i]);
	for (int i = 0; i < roads->rooms; i++)
		free(roads->aside[i].announcement);
	free(roads->aside);
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

static struct road *road_of_pager(struct roads *roads)
{
	struct road *next = &roads->road[roads->rooms];

	return roads->count > roads->rooms && next->way == WAY_PAGER ? next : NULL;
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
	struct road *road = road_of_pager(roads);

	if (road != NULL)
		road_close(road, why);
}

void roads_pager_started(struct roads *roads)
{
	struct road *road = road_of_pager(roads);

	if (road != NULL)
		road_open(road);
}

/* ---- carried, and answered ---- */

static const char *id_text(const struct roads *roads, uint64_t id, char out[ID])
{
	snprintf(out, ID, "%s%" PRIu64, roads->id_start, id);
	return out;
}

void roads_answer(struct roads *roads, enum way way, const char *id, enum answer answer,
	const char *why, nsec now)
{
	size_t start = strlen(roads->id_start);
	struct reason ignored;
	int64_t number;

	if (strncmp(id, roads->id_start, start) != 0 ||
		!number_parse(id + start, 1, INT64_MAX, &number, &ignored))
		return;
	for (int i = 0; i < roads->count; i++)
		if (roads->road[i].way == way)
			road_answer(&roads->road[i], (uint64_t)number, answer, why, now);
}

static void mention(struct roads *roads, const char *room, struct hand *ear, const char *text)
{
	char id[ID];

	carry_to_room(ear, room, text, id_text(roads, ++roads->last_id, id));
}

static void asides_tell(struct roads *roads, int room, struct hand *ear)
{
	struct aside *aside = &roads->aside[room];
	const char *name = roads->road[room].name;
	char text[NOTICE_TEXT];

	if (!aside->greeted)
		mention(roads, name, ear,
			notice_greeting(roads->subject, clock_wall(), text, sizeof text));
	aside->greeted = true;
	if (aside->announcement != NULL)
		mention(roads, name, ear, aside->announcement);
	free(aside->announcement);
	aside->announcement = NULL;
}

void roads_announce(struct roads *roads, const char *text)
{
	for (int i = 0; i < roads->rooms; i++) {
		free(roads->aside[i].announcement);
		roads->aside[i].announcement = memory_copied(text);
	}
}

static void notice_carry(struct roads *roads, const struct road *road, const struct carriers *by,
	const struct notice *notice, const char *id, nsec now)
{
	if (road->way == WAY_ROOM)
		carry_to_room(by->ear, road->name, notice->text, id);
	else if (road->way == WAY_PAGER)
		carry_to_pagerduty(by->pager, roads->subject, notice, id);
	else if (!carry_to_command(by->command, roads->subject, notice, id, now))
		roads_answer(
			roads, WAY_COMMAND, id, ANSWER_FAILED, "the one before still runs", now);
}

void roads_deliver(struct roads *roads, const struct carriers *by, nsec now)
{
	for (int i = 0; i < roads->count; i++) {
		struct road *road = &roads->road[i];
		char id[ID];
		uint64_t number;

		if (road->way == WAY_ROOM && road->open)
			asides_tell(roads, i, by->ear);
		const struct notice *notice = road_take(road, &roads->intents, now, &number);
		if (notice != NULL)
			notice_carry(roads, road, by, notice, id_text(roads, number, id), now);
	}
}

nsec roads_deadline(const struct roads *roads)
{
	nsec deadline = NSEC_NEVER;

	for (int i = 0; i < roads->count; i++)
		deadline = nsec_earlier(deadline, road_deadline(&roads->road[i], &roads->intents));
	return deadline;
}

/* ---- kept ---- */

uint64_t roads_intents(const struct roads *roads)
{
	return roads->intents.count;
}

void roads_recorded(struct roads *roads, uint64_t recorded)
{
	roads->intents.recorded = recorded;
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
	for (int i = 0; i < roads->count; i++)
		if (road_works(&roads->road[i]))
			return false;
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
