/* SPDX-License-Identifier: MIT */
/*
 * The output that is an Alertmanager. One request at a time has the alerts of the notifications
 * that wait, then those that are due again.
 *
 * Alertmanager refuses a request for one alert that is not valid, and may or may not have taken the
 * others: so all are sent again, in smaller requests, until the one that is not valid is alone. It
 * is dropped if HttpbrokerNotifyWatchdog, which is valid, is then accepted; else something else is
 * wrong.
 */
#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/client/transfer.h"
#include "httpbroker/notify/alerts.h"
#include "httpbroker/notify/output.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_LIMIT_MS 10000L

enum {
	ANSWER_MAX = 64 << 10,                     /* bytes that are kept of an answer */
	ITEMS_MAX = ALERTS_MAX / ALERTS_PER_CHECK, /* notifications in a request */
};

struct alertmanager {
	struct alerts alerts;
	struct target *target;
	struct transfer *transfer;
	struct curl_slist *headers;
	struct alert *sent[ALERTS_MAX]; /* in the request, */
	size_t count;
	struct item *items[ITEMS_MAX]; /* the notifications that its first alerts are of, */
	size_t item_count;
	size_t units; /* and how many notifications and other alerts these are */
	size_t max;   /* of units: fewer after a refusal */
	bool probes;  /* a single unit was refused: HttpbrokerNotifyWatchdog is sent in its place */
	struct reason refusal; /* of that */
	struct buffer body;
};

/* Adds the alerts of a notification. One that has none is delivered at once. */
static void item_add(struct output *output, struct item *item,
	const struct notification *notification, struct moment now)
{
	struct alertmanager *self = output->self;
	size_t count = alerts_apply(&self->alerts, notification, now, self->sent + self->count);

	if (count == 0) {
		queue_done(&output->queue, item);
		output->delivered++;
		return;
	}
	self->count += count;
	self->items[self->item_count++] = item;
	self->units++;
}

static void request_gather(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;
	struct notification notification;
	struct item *item;
	struct alert *alert;

	self->units = 0;
	while (self->units < self->max && self->item_count < ITEMS_MAX &&
		(item = output_next(output, &notification, now.monotonic)) != NULL) {
		item_add(output, item, &notification, now);
		json_decref(notification.document);
	}
	while (self->units < self->max && self->count < ALERTS_MAX &&
		(alert = alerts_due(&self->alerts, now.monotonic)) != NULL) {
		self->sent[self->count++] = alert;
		self->units++;
	}
}

static void request_send(struct alertmanager *self, struct moment now)
{
	struct alert *watchdog = self->alerts.watchdog;
	struct alert *const *sent = self->probes ? &watchdog : self->sent;
	size_t count = self->probes ? 1 : self->count;

	buffer_clear(&self->body);
	for (size_t i = 0; i < count; i++) {
		buffer_append(&self->body, i == 0 ? "[" : ",", 1);
		alert_encode(&self->alerts, sent[i], now.wall / NSEC_PER_SEC, &self->body);
	}
	buffer_append(&self->body, "]", 1);
	curl_easy_setopt(
		self->target->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)self->body.length);
	curl_easy_setopt(self->target->easy, CURLOPT_POSTFIELDS, self->body.data);
	transfer_start(self->transfer, self->target->easy);
}

static void request_end(struct alertmanager *self)
{
	self->count = self->item_count = 0;
	self->probes = false;
}

static void unit_drop(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;
	struct buffer json = {NULL, 0, 0};

	if (self->item_count > 0) {
		output_refused(output, self->items[0], self->refusal.text);
	} else {
		alert_encode(&self->alerts, self->sent[0], now.wall / NSEC_PER_SEC, &json);
		log_error("output %s: an alert is dropped: %s: %s", output->name,
			self->refusal.text, json.data);
		output->dropped++;
		buffer_free(&json);
	}
	for (size_t i = 0; i < self->count; i++)
		alerts_drop(&self->alerts, self->sent[i]);
}

static void request_accepted(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;

	output_back(output, now.monotonic);
	if (self->probes) {
		unit_drop(output, now);
	} else {
		for (size_t i = 0; i < self->count; i++)
			alerts_sent(&self->alerts, self->sent[i], now.monotonic);
		for (size_t i = 0; i < self->item_count; i++)
			output_delivered(output, self->items[i], now.monotonic);
		self->max = self->max < ALERTS_MAX / 2 ? 2 * self->max : ALERTS_MAX;
	}
	request_end(self);
}

/* All of it is sent again later. */
static void request_again(struct output *output, nsec now)
{
	struct alertmanager *self = output->self;

	for (size_t i = self->count; i-- > 0;)
		alerts_again(&self->alerts, self->sent[i]);
	for (size_t i = 0; i < self->item_count; i++)
		queue_retry(&output->queue, self->items[i], now);
	request_end(self);
}

static void request_failed(struct output *output, const char *why, nsec now)
{
	output_away(output, why, now);
	request_again(output, now);
}

/* The next ones are half as large; of a single unit: probes whether that is the reason. */
static void request_refused(struct output *output, const struct reason *why, nsec now)
{
	struct alertmanager *self = output->self;

	if (self->units > 1) {
		self->max = self->units / 2;
		request_again(output, now);
	} else if (self->probes || output->phase->test || self->sent[0] == self->alerts.watchdog) {
		request_failed(output, why->text, now);
	} else {
		self->refusal = *why;
		self->probes = true;
	}
}

/* True: the next request can be sent. */
static bool answer_await(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;
	const struct buffer *answer;
	struct reason why;
	long status = 0;
	CURLcode code;

	if (!transfer_is_busy(self->transfer))
		return true;
	if (!transfer_step(self->transfer, now.monotonic, &code))
		return false;
	if (code != CURLE_OK) {
		request_failed(output, transfer_error(self->transfer, code), now.monotonic);
		return true;
	}
	curl_easy_getinfo(self->target->easy, CURLINFO_RESPONSE_CODE, &status);
	answer = transfer_response(self->transfer);
	switch (alerts_answer_read(status, answer->data, answer->length, &why)) {
	case ALERTS_ACCEPTED:
		request_accepted(output, now);
		break;
	case ALERTS_REFUSED:
		request_refused(output, &why, now.monotonic);
		break;
	case ALERTS_AWAY:
		request_failed(output, why.text, now.monotonic);
		break;
	}
	return true;
}

/* When an alert or a notification is due. */
static nsec gather_deadline(const struct output *output, nsec now)
{
	const struct alertmanager *self = output->self;
	nsec next = alerts_deadline(&self->alerts);

	if (next < output->held_until)
		next = output->held_until;
	return nsec_earlier(next, output_deadline(output, now));
}

static nsec work(struct output *output, struct moment now)
{
	struct alertmanager *self = output->self;

	while (answer_await(output, now)) {
		if (output->phase->idle) {
			request_again(output, now.monotonic);
			return NSEC_NEVER;
		}
		if (now.monotonic >= output->held_until && self->count == 0)
			request_gather(output, now);
		if (now.monotonic < output->held_until || self->count == 0)
			return gather_deadline(output, now.monotonic);
		request_send(self, now);
	}
	return transfer_deadline(self->transfer);
}

static size_t polled(const struct output *output, struct pollfd *fds, nsec now)
{
	const struct alertmanager *self = output->self;

	(void)now;
	return transfer_poll(self->transfer, fds);
}

static void problem(struct output *output, const struct notification *notification)
{
	struct alertmanager *self = output->self;

	alerts_load(&self->alerts, notification);
}

static void reset(struct output *output)
{
	struct alertmanager *self = output->self;

	transfer_abort(self->transfer);
	request_end(self);
	alerts_clear(&self->alerts);
	alerts_begin(&self->alerts, moment_now());
}

static void end(struct output *output)
{
	struct alertmanager *self = output->self;

	transfer_free(self->transfer);
	curl_slist_free_all(self->headers);
	target_free(self->target);
	alerts_clear(&self->alerts);
	buffer_free(&self->body);
}

static const struct output_type type = {work, polled, problem, reset, end};

struct output *alertmanager_output(
	const char *url, const struct alerts_settings *settings, struct reason *why)
{
	const struct target_options options = {
		.user_agent = "httpbroker-notify/" PACKAGE_VERSION,
		.api = "api/v2/alerts",
		.limit_ms = REQUEST_LIMIT_MS,
	};
	struct target *target = target_new(url, &options, why);

	if (target == NULL)
		return NULL;
	struct alertmanager *self = memory_zeroed(1, sizeof *self);
	self->alerts.settings = settings;
	alerts_begin(&self->alerts, moment_now());
	self->target = target;
	self->transfer = transfer_new(ANSWER_MAX);
	self->headers = transfer_json_headers();
	self->max = ALERTS_MAX;
	curl_easy_setopt(target->easy, CURLOPT_URL, target->url);
	curl_easy_setopt(target->easy, CURLOPT_HTTPHEADER, self->headers);
	char *name = memory_printed("alertmanager %s", target->shown);
	struct output *output = output_new(&type, name, self);
	free(name);
	return output;
}
