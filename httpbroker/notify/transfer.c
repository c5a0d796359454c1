/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/transfer.h"

#include "common/log.h"
#include "common/memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define LIMIT_MS 10000L
#define CONNECT_LIMIT_MS 5000L

struct transfer {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	bool busy;
	nsec deadline; /* libcurl's, monotonic */
	size_t count;  /* of watched */
	struct pollfd watched[TRANSFER_FDS];
	struct buffer answer;
	char error[CURL_ERROR_SIZE];
};

/* libcurl's descriptors have changed (CURLMOPT_SOCKETFUNCTION). */
static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *data, void *unused)
{
	struct transfer *transfer = data;
	size_t i = 0;

	(void)easy;
	(void)unused;
	while (i < transfer->count && transfer->watched[i].fd != fd)
		i++;
	if (what == CURL_POLL_REMOVE) {
		if (i < transfer->count)
			transfer->watched[i] = transfer->watched[--transfer->count];
		return 0;
	}
	if (i == TRANSFER_FDS)
		return -1;
	if (i == transfer->count)
		transfer->count++;
	transfer->watched[i] = (struct pollfd){.fd = fd,
		.events = (short)((what & CURL_POLL_IN ? POLLIN : 0) |
				  (what & CURL_POLL_OUT ? POLLOUT : 0))};
	return 0;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *data)
{
	struct transfer *transfer = data;

	(void)multi;
	transfer->deadline =
		timeout_ms < 0 ? NSEC_NEVER : clock_monotonic() + timeout_ms * NSEC_PER_MSEC;
	return 0;
}

static size_t answer_append(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	size_t room = TRANSFER_ANSWER - transfer->answer.length;

	buffer_append(&transfer->answer, bytes, size * count < room ? size * count : room);
	return size * count;
}

static void easy_set_up(struct transfer *transfer, const char *url)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_append);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "httpbroker-notify/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, LIMIT_MS);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT_MS);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* otherwise giving up waits for a resolver whose name server does not answer */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

struct transfer *transfer_new(const char *url)
{
	struct transfer *transfer = memory_zeroed(1, sizeof *transfer);

	transfer->multi = curl_multi_init();
	transfer->easy = curl_easy_init();
	if (transfer->multi == NULL || transfer->easy == NULL)
		die(EX_OSERR, "libcurl cannot be initialised");
	transfer->deadline = NSEC_NEVER;
	transfer->headers = curl_slist_append(NULL, "Content-Type: application/json");
	/* no waiting for `100 Continue` before a large body */
	transfer->headers = curl_slist_append(transfer->headers, "Expect:");
	curl_multi_setopt(transfer->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
	curl_multi_setopt(transfer->multi, CURLMOPT_SOCKETDATA, transfer);
	curl_multi_setopt(transfer->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	curl_multi_setopt(transfer->multi, CURLMOPT_TIMERDATA, transfer);
	easy_set_up(transfer, url);
	return transfer;
}

void transfer_free(struct transfer *transfer)
{
	transfer_abort(transfer);
	curl_easy_cleanup(transfer->easy);
	curl_multi_cleanup(transfer->multi);
	curl_slist_free_all(transfer->headers);
	buffer_free(&transfer->answer);
	free(transfer);
}

void transfer_start(struct transfer *transfer, const struct buffer *body)
{
	int left;

	buffer_clear(&transfer->answer);
	transfer->error[0] = '\0';
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->length);
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, body->data);
	curl_multi_add_handle(transfer->multi, transfer->easy);
	transfer->busy = true;
	transfer->deadline = NSEC_NEVER;
	curl_multi_socket_action(transfer->multi, CURL_SOCKET_TIMEOUT, 0, &left);
	if (left == 0)
		transfer->deadline = 0; /* it has ended already, without an event */
}

bool transfer_is_busy(const struct transfer *transfer)
{
	return transfer->busy;
}

void transfer_abort(struct transfer *transfer)
{
	if (transfer->busy)
		curl_multi_remove_handle(transfer->multi, transfer->easy);
	transfer->busy = false;
	transfer->deadline = NSEC_NEVER;
}

static void sockets_work(struct transfer *transfer)
{
	struct pollfd fds[TRANSFER_FDS];
	size_t count = transfer_poll(transfer, fds);
	int left;

	if (poll(fds, count, 0) <= 0)
		return;
	for (size_t i = 0; i < count; i++) {
		int ready = (fds[i].revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
			    (fds[i].revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
			    (fds[i].revents & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);

		if (ready != 0)
			curl_multi_socket_action(transfer->multi, fds[i].fd, ready, &left);
	}
}

bool transfer_step(struct transfer *transfer, nsec now, long *status, struct reason *why)
{
	int left;

	sockets_work(transfer);
	if (now >= transfer->deadline) {
		transfer->deadline = NSEC_NEVER;
		curl_multi_socket_action(transfer->multi, CURL_SOCKET_TIMEOUT, 0, &left);
	}
	CURLMsg *message = curl_multi_info_read(transfer->multi, &left);
	if (message == NULL || message->msg != CURLMSG_DONE)
		return false;
	CURLcode code = message->data.result;
	*status = 0;
	if (code == CURLE_OK)
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, status);
	else
		reason_set(why, "%s",
			transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code));
	transfer_abort(transfer);
	return true;
}

const struct buffer *transfer_answer(const struct transfer *transfer)
{
	return &transfer->answer;
}

size_t transfer_poll(const struct transfer *transfer, struct pollfd *fds)
{
	if (transfer->count > 0)
		memcpy(fds, transfer->watched, transfer->count * sizeof fds[0]);
	return transfer->count;
}

nsec transfer_deadline(const struct transfer *transfer)
{
	return transfer->deadline;
}
