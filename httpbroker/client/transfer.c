/* SPDX-License-Identifier: MIT */
#include "httpbroker/client/transfer.h"

#include "common/log.h"
#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct transfer {
	CURLM *multi;
	CURL *easy;    /* under way; not owned; NULL: none */
	nsec deadline; /* libcurl's, monotonic */
	size_t count;  /* of watched */
	struct pollfd watched[TRANSFER_FDS];
	size_t max; /* of response */
	struct buffer response;
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

static size_t response_append(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	size_t room = transfer->max - transfer->response.length;

	buffer_append(&transfer->response, bytes, size * count < room ? size * count : room);
	return size * count;
}

struct transfer *transfer_new(size_t max)
{
	struct transfer *transfer = memory_zeroed(1, sizeof *transfer);

	transfer->max = max;
	transfer->deadline = NSEC_NEVER;
	transfer->multi = curl_multi_init();
	if (transfer->multi == NULL)
		die(EX_OSERR, "libcurl cannot be initialised");
	curl_multi_setopt(transfer->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
	curl_multi_setopt(transfer->multi, CURLMOPT_SOCKETDATA, transfer);
	curl_multi_setopt(transfer->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	curl_multi_setopt(transfer->multi, CURLMOPT_TIMERDATA, transfer);
	return transfer;
}

void transfer_free(struct transfer *transfer)
{
	transfer_abort(transfer);
	curl_multi_cleanup(transfer->multi);
	buffer_free(&transfer->response);
	free(transfer);
}

struct curl_slist *transfer_json_headers(void)
{
	/* no waiting for `100 Continue` before a large body */
	return curl_slist_append(
		curl_slist_append(NULL, "Content-Type: application/json"), "Expect:");
}

void transfer_start(struct transfer *transfer, CURL *easy)
{
	int left;

	buffer_clear(&transfer->response);
	transfer->error[0] = '\0';
	transfer->easy = easy;
	transfer->deadline = NSEC_NEVER;
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, response_append);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
	curl_multi_add_handle(transfer->multi, easy);
	curl_multi_socket_action(transfer->multi, CURL_SOCKET_TIMEOUT, 0, &left);
	if (left == 0)
		transfer->deadline = 0; /* it has ended already, without an event */
}

bool transfer_is_busy(const struct transfer *transfer)
{
	return transfer->easy != NULL;
}

void transfer_abort(struct transfer *transfer)
{
	if (transfer->easy != NULL)
		curl_multi_remove_handle(transfer->multi, transfer->easy);
	transfer->easy = NULL;
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

bool transfer_step(struct transfer *transfer, nsec now, CURLcode *code)
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
	*code = message->data.result;
	transfer_abort(transfer);
	return true;
}

const struct buffer *transfer_response(const struct transfer *transfer)
{
	return &transfer->response;
}

const char *transfer_error(const struct transfer *transfer, CURLcode code)
{
	return transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
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
