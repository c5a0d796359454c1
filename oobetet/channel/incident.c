/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/incident.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/utf8_clean.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Flapjack's default: for how long an acknowledgement silences a check. */
#define ACKNOWLEDGED (4 * 3600 * NSEC_PER_SEC)

#define REMARKS_MAX 750 /* bytes of all that follows the alarm's own text */

/* ---- its parts ---- */

/* config_read() has accepted these patterns. */
static void match_begin(struct match *match, const struct watch_config *config)
{
	const char *const patterns[KIND_NONE] = {
		[KIND_PROBLEM] = config->problem_pattern,
		[KIND_RECOVERY] = config->recovery_pattern,
		[KIND_HEARTBEAT] = config->heartbeat_pattern,
		[KIND_ACKNOWLEDGEMENT] = config->acknowledgement_pattern,
	};
	struct reason why;

	*match = (struct match){.check = config->watched_check, .entity = config->watched_entity};
	for (enum kind kind = KIND_PROBLEM; kind < KIND_NONE; kind++)
		if (patterns[kind] != NULL && !match_pattern(match, kind, patterns[kind], &why))
			die(EX_CONFIG, "%s_pattern: %s", kind_name(kind), why.text);
}

static struct watch *watch_begin(
	const struct watch_config *config, const struct match *match, nsec now)
{
	struct watch_rules rules = {.max_latency = config->max_latency,
		.repeat_interval = config->repeat_interval,
		.repeat_max = config->repeat_max};

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		rules.awaited[kind] = match_awaits(match, kind);
	return watch_new(&rules, now);
}

static struct listener *listener_begin(
	const struct watch_config *config, const struct timing *timing, nsec now)
{
	const struct listen_rules rules = {.label = config->label,
		.command = config->listen_command,
		.format = config->listen_format != NULL ? config->listen_format : "text",
		.silence = config->listen_silence > 0 ? config->listen_silence : NSEC_NEVER,
		.retry_min = timing->retry_min,
		.retry_max = timing->retry_max};

	return listener_new(&rules, now);
}

struct watched *watched_new(const struct watch_config *config, const char *host,
	const struct timing *timing, uint64_t seed, nsec now)
{
	struct watched *watched = memory_zeroed(1, sizeof *watched);

	watched->config = config;
	watched->fresh = true;
	watched->target = (struct target){.host = host,
		.check = config->watched_check,
		.entity = config->watched_entity,
		.max_latency = config->max_latency,
		.key = config->incident_key,
		.watch = config->name};
	match_begin(&watched->match, config);
	watched->watch = watch_begin(config, &watched->match, now);
	chain_begin(
		&watched->chain, config, 2 * (timing->ping + timing->answer), clock_monotonic());
	watched->channels = channels_new(config, &watched->target, timing, seed);
	if (config->listen_command != NULL)
		watched->listener = listener_begin(config, timing, clock_monotonic());
	if (config->alert_command != NULL)
		watched->command = command_new(config->alert_command, config->label);
	return watched;
}

void watched_free(struct watched *watched)
{
	command_free(watched->command);
	listener_free(watched->listener);
	channels_free(watched->channels);
	watch_free(watched->watch);
	match_free(&watched->match);
	free(watched);
}

/* ---- its notifications ---- */

static void remarks_write(const struct watched *watched, const struct rooms *rooms,
	const struct timestamps *now, struct buffer *remarks)
{
	nsec acknowledged = watch_acknowledged(watched->watch, now->active_time);
	char span[DURATION_TEXT];

	if (acknowledged < ACKNOWLEDGED)
		buffer_printf(remarks,
			"; it was acknowledged %s ago, which silences Flapjack for a while",
			duration_text(acknowledged / NSEC_PER_SEC * NSEC_PER_SEC, span));
	rooms_remark(rooms, watched->config, now->monotonic, remarks);
	listener_remark(watched->listener, now->monotonic, remarks);
}

/* The alarm ends with the broken link: other remarks are cut if both are too long. */
static void diagnosis_write(const struct watched *watched, enum kind missing, nsec silence,
	const struct timestamps *now, struct buffer *remarks)
{
	char name[NOTIFICATION_KEY], cut[REMARKS_MAX];
	struct buffer link = {NULL, 0, 0};
	struct diagnosis diagnosis;

	chain_diagnose(&watched->chain, missing, target_name(&watched->target, name, sizeof name),
		silence, now->monotonic, &link, &diagnosis);
	if (remarks->length + link.length > REMARKS_MAX) {
		size_t room = link.length < REMARKS_MAX ? REMARKS_MAX - link.length : 1;

		utf8_clean_line(remarks->length > 0 ? remarks->data : "", cut, room);
		buffer_clear(remarks);
		buffer_append_text(remarks, cut);
	}
	buffer_append(remarks, link.data, link.length);
	buffer_free(&link);
}

/* `channels`: with their failures. */
static void alarm_make(const struct watched *watched, const struct rooms *rooms,
	const struct timestamps *now, bool channels, struct notification *notification)
{
	enum kind missing = watch_incident(watched->watch)->missing;
	struct buffer remarks = {NULL, 0, 0};

	nsec silence = watch_silence(watched->watch, missing, now->active_time);

	remarks_write(watched, rooms, now, &remarks);
	if (channels)
		channels_remark(watched->channels, &remarks);
	if (silence < watched->config->max_latency && watched->fault[0] != '\0') {
		notification_fault(notification, &watched->target, &watched->outage, missing,
			watched->fault, now->wall, remarks.data != NULL ? remarks.data : "");
	} else {
		diagnosis_write(watched, missing, silence, now, &remarks);
		notification_alarm(notification, &watched->target, &watched->outage, missing,
			silence, now->wall, remarks.data);
	}
	buffer_free(&remarks);
}

static void alarm_put(
	struct watched *watched, const struct rooms *rooms, const struct timestamps *now, bool loud)
{
	struct notification notification;

	alarm_make(watched, rooms, now, true, &notification);
	log_error("%s", notification.text);
	if (channels_all_fail(watched->channels))
		log_error("NOTICE: Self monitoring has detected a failure and is unable to tell "
			  "anyone about it. DON'T PANIC.");
	channels_put(watched->channels, &notification, loud);
	watched->alarmed = now->boot;
}

static void ok_put(struct watched *watched, const struct timestamps *now)
{
	struct notification notification;

	notification_ok(&notification, &watched->target, &watched->outage,
		watch_incident(watched->watch)->missing, now->boot - watched->began, now->wall);
	log_info("%s", notification.text);
	channels_put(watched->channels, &notification, true);
}

/* Planned work: the log alone has it. */
static void held_log(const struct watched *watched, bool over)
{
	char name[NOTIFICATION_KEY];

	log_info("%s%s: %s during planned work: %s", watched->config->label,
		target_name(&watched->target, name, sizeof name),
		over ? "the incident is over" : "an incident begins",
		over ? "it is not reported" : "it is reported at the end of the work if it lasts");
}

/* An incident begins, or the alarm of one is no longer held back. */
static void outage_begin(struct watched *watched, const struct timestamps *now)
{
	nsec ago = now->active_time - watch_incident(watched->watch)->since;

	watched->outage.since = now->wall - ago;
	notification_key(&watched->target, watched->outage.since, watched->outage.key);
	watched->began = now->boot - ago;
}

/* Counts the incidents that began and ended, and keeps what the next verdict is compared with. */
static void verdict_note(
	struct watched *watched, enum verdict verdict, const struct timestamps *now)
{
	bool ended = verdict == WATCH_ENDED || verdict == WATCH_SPARED;
	/* an alarm at the end of planned work is that of an incident which began before */
	bool begins = verdict == WATCH_HELD || (verdict == WATCH_ALARM && !watched->held);

	if (verdict == WATCH_ALARM || verdict == WATCH_HELD)
		outage_begin(watched, now);
	watched->incidents += begins;
	watched->ended += ended;
	if (ended)
		watched->fault[0] = '\0';
	watched->held = verdict == WATCH_HELD;
}

void incident_report(
	struct watched *watched, const struct rooms *rooms, const struct timestamps *now)
{
	enum verdict verdict;
	char fault[INCIDENT_FAULT];
	bool wrong = chain_fault(&watched->chain, now->monotonic, fault, sizeof fault);

	if (wrong) /* what was wrong last is kept until the incident is over */
		memcpy(watched->fault, fault, sizeof fault);
	/* a fault is over when readings say so, not when there are none */
	if (wrong || chain_fault_known(&watched->chain, now->monotonic))
		watch_fault(watched->watch, wrong, now->active_time);
	while ((verdict = watch_evaluate(watched->watch, now->active_time)) != WATCH_NOTHING) {
		verdict_note(watched, verdict, now);
		if (verdict == WATCH_HELD || verdict == WATCH_SPARED)
			held_log(watched, verdict == WATCH_SPARED);
		else if (verdict == WATCH_ENDED)
			ok_put(watched, now);
		else
			alarm_put(watched, rooms, now,
				verdict == WATCH_ALARM || watch_repeat_loud(watched->watch));
	}
}

/* False: there is none, or it was not reported. */
static bool end_make(const struct watched *watched, const struct timestamps *now,
	struct notification *notification)
{
	struct watch_saved saved;

	watch_remember(watched->watch, now->active_time, &saved);
	if (!saved.open || saved.held)
		return false;
	notification_removed(notification, &watched->target, &watched->outage, saved.missing,
		now->boot - watched->began, now->wall);
	return true;
}

bool incident_remove(struct watched *watched, const struct timestamps *now)
{
	struct notification notification;

	listener_free(watched->listener);
	watched->listener = NULL;
	if (end_make(watched, now, &notification)) {
		log_info("%s", notification.text);
		channels_put(watched->channels, &notification, true);
	}
	return channels_pending(watched->channels) > 0;
}

bool same_service(const struct watch_config *a, const struct watch_config *b)
{
	return same_text(a->pagerduty_contact, b->pagerduty_contact) &&
	       (a->pagerduty_contact == NULL || (same_text(a->pagerduty_url, b->pagerduty_url) &&
							a->pagerduty_api == b->pagerduty_api));
}

/* FNV-1a, with the end of each text. */
static uint64_t text_sum(uint64_t sum, const char *text)
{
	do
		sum = (sum ^ (unsigned char)*text) * 1099511628211U;
	while (*text++ != '\0');
	return sum;
}

nsec service_sum(const struct watch_config *config)
{
	uint64_t sum = 14695981039346656037U;

	if (config->pagerduty_contact == NULL)
		return 0;
	sum = text_sum(text_sum(sum, config->pagerduty_contact), config->pagerduty_url);
	sum = (sum ^ (unsigned)config->pagerduty_api) * 1099511628211U;
	return (nsec)(sum >> 2) + 1;
}

void incident_open_again(
	struct watched *watched, const struct rooms *rooms, const struct timestamps *now)
{
	struct notification notification;
	struct watch_saved saved;

	watch_remember(watched->watch, now->active_time, &saved);
	if (!saved.open || saved.held || watched->config->pagerduty_contact == NULL)
		return;
	/* its channel has just begun */
	alarm_make(watched, rooms, now, false, &notification);
	channels_put(watched->channels, &notification, false);
}

struct watched *incident_resolve_there(const struct watched *before, const struct timing *timing,
	uint64_t seed, const struct timestamps *now)
{
	struct watched *left =
		watched_new(before->config, before->target.host, timing, seed, now->active_time);
	struct channel_saved *channels = channels_remember(before->channels);
	struct notification notification;

	listener_free(left->listener);
	left->listener = NULL;
	left->outage = before->outage;
	for (int i = 0; i < channels_count(before->channels); i++)
		if (channels_status(before->channels, i).type == CHANNEL_PAGERDUTY)
			channels_resume(left->channels, &channels[i], 1);
	free(channels);
	if (end_make(before, now, &notification))
		channels_put(left->channels, &notification, false);
	if (channels_pending(left->channels) > 0)
		return left;
	watched_free(left);
	return NULL;
}

/* The outcome of a run that was started before is nobody's; the next one waits for its end. */
static void programs_carry(struct watched *watched, struct watched *before)
{
	const struct watch_config *mine = watched->config, *its = before->config;
	struct listener *listener = watched->listener;
	struct command *command = watched->command;

	/* its log lines begin with the name of the watch */
	if (same_text(mine->alert_command, its->alert_command) &&
		strcmp(mine->label, its->label) == 0) {
		watched->command = before->command;
		before->command = command;
	}
	if (same_text(mine->listen_command, its->listen_command) &&
		same_text(mine->listen_format, its->listen_format) &&
		mine->listen_silence == its->listen_silence) {
		watched->listener = before->listener;
		before->listener = listener;
		listener_rename(watched->listener, mine->label);
	}
}

void watched_carry(struct watched *watched, struct watched *before, nsec now)
{
	struct watch_saved saved;

	watch_remember(before->watch, now, &saved);
	watch_resume(watched->watch, &saved, now);
	channels_carry(
		watched->channels, before->channels, same_service(watched->config, before->config));
	watched->outage = before->outage;
	watched->began = before->began;
	watched->alarmed = before->alarmed;
	memcpy(watched->heard, before->heard, sizeof watched->heard);
	memcpy(watched->fault, before->fault, sizeof watched->fault);
	chain_carry(&watched->chain, &before->chain);
	watched->planned = before->planned;
	watched->incidents = before->incidents;
	watched->ended = before->ended;
	watched->held = before->held;
	watch_hold(watched->watch, before->planned.until != 0);
	programs_carry(watched, before);
}
