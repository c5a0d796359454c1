/* SPDX-License-Identifier: MIT */
/* What the diagnosis of each watch is told: the probe worker's readings, and who could hear. */
#include "oobetet/monitor.h"

#include "common/duration.h"
#include "common/log.h"

#include <string.h>

bool probes_are_configured(const struct config *config)
{
	for (int i = 0; i < config->watch_count; i++) {
		const struct watch_config *watch = config->watch[i];

		if (watch->probe_flapper != NULL || watch->probe_broker != NULL ||
			watch->probe_redis != NULL)
			return true;
	}
	return false;
}

static int presence_of(
	const struct monitor *monitor, const struct watched *watched, nsec now, const char **why)
{
	if (watched->listener == NULL)
		return rooms_presence(monitor->rooms, watched->config, why);
	return listener_absence(watched->listener, now, why) == 0 ? ROOM_IN : ROOM_OUT;
}

void presence_note(struct monitor *monitor, nsec now)
{
	for (int i = 0; i < monitor->watches.count; i++) {
		struct watched *watched = monitor->watches.each[i];
		const char *why = "";
		int presence = presence_of(monitor, watched, now, &why);

		watched->chain.readings.program = watched->listener != NULL;
		readings_room(&watched->chain.readings, presence, why, now, watched->chain.gap);
	}
}

static void period_check(struct watched *watched)
{
	char period[DURATION_TEXT], limit[DURATION_TEXT];

	if (chain_period_is_long(&watched->chain))
		log_warning("%sflapper's period is %s: max_latency (%s) should be at least two "
			    "periods and a minute",
			watched->config->label,
			duration_text(period_rounded(watched->chain.readings.period), period),
			duration_text(watched->config->max_latency, limit));
}

/* An empty field is a number that is not known. */
static int64_t number_or_unknown(const char *field)
{
	int64_t number;

	return message_number(field, &number) ? number : -1;
}

static void broker_apply(struct chain *chain, char *const field[], nsec stamp)
{
	const struct broker_reading reading = {.healthy = strchr(field[2], 'h') != NULL,
		.redis = strchr(field[2], 'r') != NULL,
		.paused = strchr(field[2], 'p') != NULL,
		.check = strcmp(field[3], "ok") == 0        ? CHECK_OK
			 : strcmp(field[3], "problem") == 0 ? CHECK_PROBLEM
							    : CHECK_UNKNOWN,
		.age = number_or_unknown(field[4]),
		.queue = number_or_unknown(field[5])};

	readings_broker(&chain->readings, &reading, stamp, chain->gap);
}

static void queue_apply(struct chain *chain, char *const field[], nsec stamp)
{
	const struct queue_reading reading = {.length = number_or_unknown(field[2]),
		.oldest = (uint64_t)number_or_unknown(field[3]),
		.taken = number_or_unknown(field[4]),
		.output_name = field[5],
		.output = number_or_unknown(field[6]),
		.output_oldest = (uint64_t)number_or_unknown(field[7])};

	if (reading.length >= 0)
		readings_queue(&chain->readings, &reading, stamp, chain->gap);
}

static void silent_apply(struct chain *chain, const char *probe, nsec stamp)
{
	if (number_or_unknown(probe) == PROBE_BROKER)
		readings_broker(&chain->readings, &(struct broker_reading){.silent = true}, stamp,
			chain->gap);
	else if (number_or_unknown(probe) == PROBE_REDIS)
		readings_queue(&chain->readings, &(struct queue_reading){.silent = true}, stamp,
			chain->gap);
}

static void blind_apply(struct chain *chain, char *const field[])
{
	int64_t probe = number_or_unknown(field[2]);

	if (probe >= 0 && probe < PROBES)
		readings_none(
			&chain->readings, (enum probe)probe, strcmp(field[3], "1") == 0, field[4]);
}

void reading_apply(struct monitor *monitor, const struct message *message)
{
	char *const *field = message->field;
	int64_t watch = number_or_unknown(field[0]);
	nsec stamp;

	/* one that is to be restarted knows the watches of the configuration before */
	if (!worker_takes(monitor->workers.probe) || watch < 0 || watch >= monitor->watches.count ||
		!message_number(field[1], &stamp))
		return;
	struct watched *watched = monitor->watches.each[watch];
	struct chain *chain = &watched->chain;
	if (message->type == MESSAGE_PORT)
		chain_port(chain, strcmp(field[2], "open") == 0 ? PORT_OPEN : PORT_REFUSED, stamp);
	else if (message->type == MESSAGE_BROKER)
		broker_apply(chain, field, stamp);
	else if (message->type == MESSAGE_QUEUE)
		queue_apply(chain, field, stamp);
	else if (message->type == MESSAGE_SILENT)
		silent_apply(chain, field[2], stamp);
	else
		blind_apply(chain, field);
	period_check(watched);
}
