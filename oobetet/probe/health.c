/* SPDX-License-Identifier: MIT */
#include "oobetet/probe/health.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

/* NULL: no JSON object; see the reason. */
static json_t *object_read(const char *answer, long status, struct reason *why)
{
	json_t *root = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);

	if (status == 401 || status == 403)
		reason_set(why, "HTTP %ld: probe_broker_token is missing or wrong", status);
	else if (!json_is_object(root))
		reason_set(why, "HTTP %ld, and the answer is not the broker's", status);
	else
		return root;
	json_decref(root);
	return NULL;
}

static bool health_take(const json_t *root, struct broker_reading *out, struct reason *why)
{
	const json_t *healthy = json_object_get(root, "healthy");
	const json_t *redis = json_object_get(root, "redis_up");
	const json_t *queue = json_object_get(root, "queue_length");
	const char *role = json_string_value(json_object_get(root, "role"));

	if (!json_is_boolean(healthy) || role == NULL)
		return reason_set(why, "the answer is not the broker's");
	if (strcmp(role, "active") != 0)
		return reason_set(why, "it is not the active broker (%.40s)", role);
	out->healthy = json_is_true(healthy);
	out->redis = redis == NULL || json_is_true(redis); /* with --server none there is none */
	out->paused = json_is_true(json_object_get(root, "repeats_paused"));
	out->queue = json_is_integer(queue) ? json_integer_value(queue) : -1;
	return true;
}

bool health_read(const char *answer, long status, struct broker_reading *out, struct reason *why)
{
	json_t *root = object_read(answer, status, why);
	bool taken = root != NULL && health_take(root, out, why);

	json_decref(root);
	return taken;
}

/* The one check that was asked for. */
static bool check_take(const json_t *check, struct broker_reading *out, struct reason *why)
{
	const char *state = json_string_value(json_object_get(check, "reported"));
	const json_t *age = json_object_get(check, "received_age");

	if (state == NULL || !json_is_integer(age) || json_integer_value(age) < 0 ||
		json_integer_value(age) > INT64_MAX / NSEC_PER_SEC)
		return reason_set(why, "the answer is not the broker's, or of an old version");
	out->check = strcasecmp(state, "ok") == 0 ? CHECK_OK : CHECK_PROBLEM;
	out->age = json_integer_value(age) * NSEC_PER_SEC;
	return true;
}

bool check_read(const char *answer, long status, struct broker_reading *out, struct reason *why)
{
	json_t *root = object_read(answer, status, why);
	const json_t *first = json_object_iter_value(json_object_iter(root));
	bool taken = false;

	if (root != NULL && status != 200)
		reason_set(why, "HTTP %ld to GET /state", status);
	else if (root != NULL && first == NULL)
		taken = true; /* {}: the broker does not know it */
	else if (root != NULL)
		taken = check_take(first, out, why);
	json_decref(root);
	return taken;
}
