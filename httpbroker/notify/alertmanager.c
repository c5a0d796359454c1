/* SPDX-License-Identifier: MIT */
/*
 * The output that is an Alertmanager. One request at a time has the alerts of the notifications
 * that wait, then those that are due again.
 *
 * Alertmanager refuses a request for one alert that is not valid, and may or may not have taken the
 * others: so each half is sent again, until the one that is not valid is alone. It is dropped if
 * HttpbrokerNotifyWatchdog, which is valid, is then accepted; else something else is wrong.
 */
#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/client/transfer.h"
#include "httpbroker/notify/alerts.h"
#include "httpbroker/notify/output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#define REQUEST_LIMIT_MS 10000L

enum {
	ANSWER_MAX = 64 << 10,                     /* bytes that are kept of an answer */
	ITEMS_MAX = ALERTS_MAX / ALERTS_PER_CHECK, /* notifications in a request */
	PARTS_MAX = 16,                            /* more than halvings of ALERTS_MAX */
};

/* An alert of the request; with an item: the last alert of that notification. */
struct entry {
	struct alert *alert;
	struct item *item;
};

/* Entries that are to be sent together. */
struct part {
	size_t from, count;
	bool probe; /* a single one was refused: HttpbrokerNotifyWatchdog is sent in its place */
};

struct alertmanager {
	struct alerts_settings settings;
	struct alerts *alerts;
	struct target *target;
	struct transfer *transfer;
	struct curl_slist *headers;
	struct entry entries[ALERTS_MAX];
	size_t count;
	struct part parts[PARTS_MAX]; /* a stack: the last is being sent, or is the next */
	size_t part_count;
	struct buffer body;
	struct reason refusal; /* of the single one, while the probe is sent */
};

static void entry_add(struct alertmanager *self, struct alert *alert, struct item *item)
{
	self->entries[self->count++] = (struct entry){alert, item};
}

/* The alerts that tell of it. Without any, it is told. */
static void item_add(struct output *output, struct item *item, struct moment now)
{
	struct alertmanager *self = output->self;
	struct alert *alerts[ALERTS_PER_CHECK];
	struct notification notification;
	struct reason why;
	json_t *document = notification_decode(item->json, item->length, &notification, &why);

	if (document == NULL) {
		output_refused(output, item, why.text);
		return;
	}
	size_t count = alerts_apply(self->alerts, &notification, now, alerts);
	json_decref(document);
	for (size_t i = 0; i < count; i++)
		entry_add(self, alerts[i], i + 1 == count ? item : NULL);
	if (count == 0) {
		queue_done(output->queue, item);
		output->delivered++;
	}
}

static void request_gather(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;
	struct item *item;
	struct alert *alert;

	self->count = 0;
	for (int i = 0; i < ITEMS_MAX && (item = output_next(output, now.monotonic)) != NULL; i++)
		item_add(output, item, now);
	while (self->count < ALERTS_MAX &&
		(alert = alerts_due(self->alerts, now.monotonic)) != NULL)
		entry_add(self, alert, NULL);
	if (self->count > 0)
		self->parts[self->part_count++] = (struct part){0, self->count, false};
}

static void part_send(struct alertmanager *self, struct moment now)
{
	const struct part *part = &self->parts[self->part_count - 1];

	buffer_clear(&self->body);
	for (size_t i = 0; i < part->count; i++) {
		buffer_append(&self->body, i == 0 ? "[" : ",", 1);
		alert_encode(self->alerts,
			part->probe ? alerts_watchdog(self->alerts)
				    : self->entries[part->from + i].alert,
			now.wall / NSEC_PER_SEC, &self->body);
	}
	buffer_append(&self->body, "]", 1);
	curl_easy_setopt(
		self->target->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)self->body.length);
	curl_easy_setopt(self->target->easy, CURLOPT_POSTFIELDS, self->body.data);
	transfer_start(self->transfer, self->target->easy);
}

static void alert_refused(struct output *output, const struct entry *entry, struct moment now)
{
	struct alertmanager *self = output->self;
	struct buffer json = {NULL, 0, 0};

	if (entry->item != NULL) {
		output_refused(output, entry->item, self->refusal.text);
	} else {
		alert_encode(self->alerts, entry->alert, now.wall / NSEC_PER_SEC, &json);
		log_error("output %s: an alert is dropped: %s: %s", output->name,
			self->refusal.text, json.data);
		output->dropped++;
		buffer_free(&json);
	}
	alerts_drop(self->alerts, entry->alert);
}

static void part_accepted(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;
	struct part part = self->parts[--self->part_count];

	output_back(output, now.monotonic);
	if (part.probe) {
		alert_refused(output, &self->entries[part.from], now);
		return;
	}
	for (size_t i = part.from; i < part.from + part.count; i++) {
		const struct entry *entry = &self->entries[i];

		alerts_sent(self->alerts, entry->alert, now.monotonic);
		if (entry->item != NULL)
			output_delivered(output, entry->item, now.monotonic);
	}
}

/* All that is not sent yet is sent again later. */
static void request_again(struct output *output, nsec now)
{
	struct alertmanager *self = output->self;

	while (self->part_count > 0) {
		struct part part = self->parts[--self->part_count];

		for (size_t i = part.from + part.count; i-- > part.from;) {
			struct entry *entry = &self->entries[i];

			alerts_again(self->alerts, entry->alert);
			if (entry->item != NULL)
				queue_retry(output->queue, entry->item, now);
		}
	}
}

static void request_failed(struct output *output, const char *why, nsec now)
{
	output_away(output, why, now);
	request_again(output, now);
}

/* Halves it; of a single alert: probes whether that is the reason. */
static void part_refused(struct output *output, const struct reason *why, nsec now)
{
	struct alertmanager *self = output->self;
	struct part *last = &self->parts[self->part_count - 1], part = *last;
	size_t half = part.count / 2;

	if (part.count > 1) {
		*last = (struct part){part.from + half, part.count - half, false};
		self->parts[self->part_count++] = (struct part){part.from, half, false};
	} else if (part.probe || self->settings.test ||
		   self->entries[part.from].alert == alerts_watchdog(self->alerts)) {
		request_failed(output, why->text, now);
	} else {
		self->refusal = *why;
		last->probe = true;
	}
}

/* What the answer means; or there is none. */
static enum alerts_answer answer_read(
	const struct alertmanager *self, CURLcode code, struct reason *why)
{
	const struct buffer *answer = transfer_response(self->transfer);
	long status = 0;

	if (code != CURLE_OK) {
		reason_set(why, "%s", transfer_error(self->transfer, code));
		return ALERTS_AWAY;
	}
	curl_easy_getinfo(self->target->easy, CURLINFO_RESPONSE_CODE, &status);
	return alerts_answer_read(status, answer->data, answer->length, why);
}

/* True: the next part can be sent. */
static bool answer_await(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;
	struct reason why;
	CURLcode code;

	if (!transfer_is_busy(self->transfer))
		return true;
	if (!transfer_step(self->transfer, now.monotonic, &code))
		return false;
	switch (answer_read(self, code, &why)) {
	case ALERTS_ACCEPTED:
		part_accepted(output, now);
		break;
	case ALERTS_REFUSED:
		part_refused(output, &why, now.monotonic);
		break;
	case ALERTS_AWAY:
		request_failed(output, why.text, now.monotonic);
		break;
	}
	return true;
}

static void work(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;

	while (answer_await(output, now)) {
		if (output->idle) {
			request_again(output, now.monotonic);
			return;
		}
		if (now.monotonic < output->held_until)
			return;
		if (self->part_count == 0)
			request_gather(output, now);
		if (self->part_count == 0)
			return;
		part_send(self, now);
	}
}

static size_t polled(const struct output *output, struct pollfd *fds, nsec now)
{
	const struct alertmanager *self = output->self;

	(void)now;
	return transfer_poll(self->transfer, fds);
}

static nsec deadline(const struct output *output, nsec now)
{
	const struct alertmanager *self = output->self;
	nsec next = alerts_deadline(self->alerts);

	if (transfer_is_busy(self->transfer))
		return transfer_deadline(self->transfer);
	if (output->idle)
		return NSEC_NEVER;
	if (next < output->held_until)
		next = output->held_until;
	return nsec_earlier(next, output_deadline(output, now));
}

static void problem(struct output *output, const struct notification *notification)
{
	const struct alertmanager *self = output->self;

	alerts_load(self->alerts, notification);
}

static void reset(struct output *output)
{
	struct alertmanager *self = output->self;

	transfer_abort(self->transfer);
	self->part_count = 0;
	alerts_clear(self->alerts, moment_now());
}

static void self_free(struct output *output)
{
	struct alertmanager *self = output->self;

	transfer_free(self->transfer);
	curl_slist_free_all(self->headers);
	target_free(self->target);
	alerts_free(self->alerts);
	buffer_free(&self->body);
	free(self);
}

static const struct output_type type = {work, polled, deadline, problem, reset, self_free};

struct output *alertmanager_output(
	const char *url, const struct alerts_settings *settings, struct reason *why)
{
	const struct target_options options = {
		.user_agent = "httpbroker-notify/" PACKAGE_VERSION,
		.api = "api/v2/alerts",
		.limit_ms = REQUEST_LIMIT_MS,
	};
	struct target *target = target_new(url, &options, why);

	if (target == NULL || target->local) {
		reason_set(why, "it is not a URL such as http://localhost:9093");
		return NULL;
	}
	struct alertmanager *self = memory_zeroed(1, sizeof *self);
	self->settings = *settings;
	if (getentropy(&self->settings.key, sizeof self->settings.key) != 0)
		die(EX_OSERR, "cannot get random numbers: %s", strerror(errno));
	self->alerts = alerts_new(&self->settings, moment_now());
	self->target = target;
	self->transfer = transfer_new(ANSWER_MAX);
	self->headers = transfer_json_headers();
	curl_easy_setopt(target->easy, CURLOPT_URL, target->url);
	curl_easy_setopt(target->easy, CURLOPT_HTTPHEADER, self->headers);
	char *name = memory_printed("alertmanager %s", target->shown);
	struct output *output = output_new(&type, name, self);
	free(name);
	return output;
}
