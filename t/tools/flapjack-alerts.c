/* SPDX-License-Identifier: MIT */
#include "t/tools/flapjack-alerts.h"

#include "common/buffer.h"
#include "common/memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct check {
	char *name;
	enum check_state state;
	nsec since;            /* start of the current state */
	bool sent;             /* a failure was sent, and no recovery since */
	enum check_state last; /* the failure that was sent */
	bool acknowledged;     /* the failure, until the recovery */
	UT_hash_handle hh;
};

struct alerts {
	enum flapjack_version version;
	nsec failure_delay;
	uint32_t count; /* of the failures sent */
	struct check *checks;
};

struct alerts *alerts_new(enum flapjack_version version, nsec failure_delay)
{
	struct alerts *alerts = memory_zeroed(1, sizeof *alerts);

	alerts->version = version;
	alerts->failure_delay = failure_delay;
	return alerts;
}

void alerts_free(struct alerts *alerts)
{
	struct check *check, *next;

	HASH_ITER(hh, alerts->checks, check, next) {
		HASH_DEL(alerts->checks, check);
		free(check->name);
		free(check);
	}
	free(alerts);
}

const char *check_state_name(enum check_state state)
{
	static const char *const names[] = {
		[CHECK_OK] = "OK",
		[CHECK_WARNING] = "Warning",
		[CHECK_CRITICAL] = "Critical",
		[CHECK_UNKNOWN] = "Unknown",
		[CHECK_ACKNOWLEDGED] = "Acknowledgement",
		[CHECK_TESTED] = "Test",
	};

	return names[state];
}

/* In Flapjack 1 the entity is the part before the first colon, in lower case. */
char *check_name(enum flapjack_version version, const struct flapjack_event *event)
{
	char *name = event->entity[0] == '\0'
			     ? memory_copied(event->check)
			     : memory_printed("%s:%s", event->entity, event->check);

	if (version == FLAPJACK_1)
		for (char *at = name; *at != '\0' && *at != ':'; at++)
			*at = (char)tolower((unsigned char)*at);
	return name;
}

static struct check *check_find_or_add(struct alerts *alerts, const struct flapjack_event *event)
{
	char *name = check_name(alerts->version, event);
	struct check *check;

	HASH_FIND_STR(alerts->checks, name, check);
	if (check != NULL) {
		free(name);
		return check;
	}
	check = memory_zeroed(1, sizeof *check);
	check->name = name;
	HASH_ADD_KEYPTR(hh, alerts->checks, check->name, strlen(check->name), check);
	return check;
}

/* `"CHECK" on ENTITY` in 1, `"ENTITY:CHECK"` in 2. Quotes in names are not escaped. */
static void subject_add(struct buffer *out, const struct alerts *alerts, const struct check *check)
{
	const char *colon = strchr(check->name, ':');

	if (alerts->version == FLAPJACK_1 && colon != NULL)
		buffer_printf(
			out, "\"%s\" on %.*s", colon + 1, (int)(colon - check->name), check->name);
	else
		buffer_printf(out, "\"%s\"", check->name);
}

/* Only Flapjack 1 appends the summary, unless it is empty. */
static char *message_finish(
	struct buffer *out, const struct alerts *alerts, const struct flapjack_event *event)
{
	if (alerts->version == FLAPJACK_1 && event->summary[0] != '\0')
		buffer_printf(out, ", %s", event->summary);
	return out->data;
}

static char *problem_text(
	struct alerts *alerts, const struct check *check, const struct flapjack_event *event)
{
	struct buffer out = {NULL, 0, 0};

	alerts->count++;
	buffer_append_text(&out, "Problem: flapjack: ACKID ");
	if (alerts->version == FLAPJACK_1)
		buffer_printf(&out, "%08" PRIx32, alerts->count * UINT32_C(0x9e3779b1));
	buffer_append_text(&out, ", ");
	subject_add(&out, alerts, check);
	buffer_printf(&out, " is %s", check_state_name(event->state));
	return message_finish(&out, alerts, event);
}

static char *recovery_text(
	const struct alerts *alerts, const struct check *check, const struct flapjack_event *event)
{
	struct buffer out = {NULL, 0, 0};

	buffer_append_text(&out, "Recovery: ");
	subject_add(&out, alerts, check);
	buffer_append_text(&out, " is OK");
	return message_finish(&out, alerts, event);
}

static void span_add(struct buffer *out, int64_t count, const char *unit)
{
	if (count > 0)
		buffer_printf(out, " %" PRId64 " %s%s", count, unit, count == 1 ? "" : "s");
}

static char *acknowledgement_text(
	const struct alerts *alerts, const struct check *check, const struct flapjack_event *event)
{
	struct buffer out = {NULL, 0, 0};
	int64_t seconds = event->duration / NSEC_PER_SEC;

	buffer_append_text(&out, "Acknowledgement: ");
	subject_add(&out, alerts, check);
	buffer_append_text(&out, " has been acknowledged, unscheduled maintenance created for");
	span_add(&out, seconds / 3600, "hour");
	span_add(&out, seconds / 60 % 60, "minute");
	span_add(&out, seconds % 60, "second");
	return message_finish(&out, alerts, event);
}

static char *acknowledgement_take(
	const struct alerts *alerts, struct check *check, const struct flapjack_event *event)
{
	if (check->state == CHECK_OK)
		return NULL;
	check->acknowledged = true;
	return acknowledgement_text(alerts, check, event);
}

static char *recovery_take(
	const struct alerts *alerts, struct check *check, const struct flapjack_event *event)
{
	bool sent = check->sent;

	check->sent = check->acknowledged = false;
	return sent ? recovery_text(alerts, check, event) : NULL;
}

static char *failure_take(
	struct alerts *alerts, struct check *check, const struct flapjack_event *event, nsec now)
{
	nsec delay = event->failure_delay >= 0 ? event->failure_delay : alerts->failure_delay;

	/* a contact's default rules in 1 have no medium for unknown */
	if (alerts->version == FLAPJACK_1 && event->state == CHECK_UNKNOWN)
		return NULL;
	if (check->acknowledged || (check->sent && check->last == event->state))
		return NULL;
	if (now - check->since < delay)
		return NULL;
	check->sent = true;
	check->last = event->state;
	return problem_text(alerts, check, event);
}

char *alerts_take(struct alerts *alerts, const struct flapjack_event *event, nsec now)
{
	struct check *check = check_find_or_add(alerts, event);

	if (event->state == CHECK_TESTED)
		return NULL;
	if (event->state == CHECK_ACKNOWLEDGED)
		return acknowledgement_take(alerts, check, event);
	if (event->state != check->state) {
		check->state = event->state;
		check->since = now;
	}
	if (event->state == CHECK_OK)
		return recovery_take(alerts, check, event);
	return failure_take(alerts, check, event, now);
}
