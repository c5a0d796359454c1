/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/delivery/sender.h"

#include "common/buffer.h"
#include "common/log.h"
#include "common/memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* The broker answers within 5 s even when its Redis hangs; a proxy and a slow line come on top. */
#define REQUEST_LIMIT_MS 15000L
#define CONNECT_LIMIT_MS 5000L
#define ANSWER_KEPT ((size_t)16 * 1024) /* bytes of an answer; the rest is read and dropped */

struct sender {
	char *url;
	char *shown; /* url without its secrets */
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	bool busy;
	nsec deadline; /* libcurl's, monotonic */
	nfds_t count;  /* of watched */
	struct pollfd watched[SENDER_FDS];
	struct buffer answer;
	char error[CURL_ERROR_SIZE];
};

/* libcurl tells which descriptors it waits for (CURLMOPT_SOCKETFUNCTION). */
static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *data, void *unused)
{
	struct sender *sender = data;
	nfds_t i = 0;

	(void)easy;
	(void)unused;
	while (i < sender->count && sender->watched[i].fd != fd)
		i++;
	if (what == CURL_POLL_REMOVE) {
		if (i < sender->count)
			sender->watched[i] = sender->watched[--sender->count];
		return 0;
	}
	if (i == SENDER_FDS)
		return -1;
	if (i == sender->count)
		sender->count++;
	short events =
		(short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0));
	sender->watched[i] = (struct pollfd){.fd = fd, .events = events};
	return 0;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *data)
{
	struct sender *sender = data;

	(void)multi;
	sender->deadline =
		timeout_ms < 0 ? NSEC_NEVER : clock_monotonic() + timeout_ms * NSEC_PER_MSEC;
	return 0;
}

static size_t answer_keep(char *bytes, size_t size, size_t count, void *data)
{
	struct sender *sender = data;
	size_t room = ANSWER_KEPT - sender->answer.length;

	buffer_append(&sender->answer, bytes, size * count < room ? size * count : room);
	return size * count;
}

/* Parses the URL into `parts`; libcurl fills in what may be left out. */
static bool url_parse(CURLU *parts, const char *url, struct reason *why)
{
	CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, 0);
	char *scheme = NULL;

	if (code != CURLUE_OK)
		return reason_set(why, "'%s' is not a URL such as http://localhost:3090/state: %s",
			url, curl_url_strerror(code));
	curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
	bool known = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
	if (!known)
		reason_set(why, "'%s': '%s' is neither http nor https", url, scheme);
	curl_free(scheme);
	return known;
}

static char *url_shown(CURLU *parts)
{
	char *url = NULL;

	curl_url_set(parts, CURLUPART_USER, NULL, 0);
	curl_url_set(parts, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(parts, CURLUPART_QUERY, NULL, 0);
	curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0);
	curl_url_get(parts, CURLUPART_URL, &url, 0);
	char *shown = memory_copied(url != NULL ? url : "the broker");
	curl_free(url);
	return shown;
}

static void easy_set_up(struct sender *sender)
{
	CURL *easy = sender->easy;

	curl_easy_setopt(easy, CURLOPT_URL, sender->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, sender->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "httpbroker-submit/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_keep);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, sender);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, sender->error);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, REQUEST_LIMIT_MS);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT_MS);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* without it, giving up waits for a resolver whose name server does not answer */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

struct sender *sender_new(const char *url, struct reason *why)
{
	CURLU *parts = curl_url();

	if (!url_parse(parts, url, why)) {
		curl_url_cleanup(parts);
		return NULL;
	}
	struct sender *sender = memory_zeroed(1, sizeof *sender);
	sender->url = memory_copied(url);
	sender->shown = url_shown(parts);
	curl_url_cleanup(parts);
	sender->deadline = NSEC_NEVER;
	sender->multi = curl_multi_init();
	sender->easy = curl_easy_init();
	if (sender->multi == NULL || sender->easy == NULL)
		die(EX_OSERR, "libcurl cannot be initialised");
	sender->headers = curl_slist_append(NULL, "Content-Type: application/json");
	/* no waiting for `100 Continue` before a large body */
	sender->headers = curl_slist_append(sender->headers, "Expect:");
	curl_multi_setopt(sender->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
	curl_multi_setopt(sender->multi, CURLMOPT_SOCKETDATA, sender);
	curl_multi_setopt(sender->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	curl_multi_setopt(sender->multi, CURLMOPT_TIMERDATA, sender);
	easy_set_up(sender);
	return sender;
}

void sender_free(struct sender *sender)
{
	if (sender->busy)
		curl_multi_remove_handle(sender->multi, sender->easy);
	curl_easy_cleanup(sender->easy);
	curl_multi_cleanup(sender->multi);
	curl_slist_free_all(sender->headers);
	buffer_free(&sender->answer);
	free(sender->shown);
	free(sender->url);
	free(sender);
}

const char *sender_url(const struct sender *sender)
{
	return sender->shown;
}

void sender_start(struct sender *sender, const char *body, size_t length)
{
	buffer_clear(&sender->answer);
	sender->error[0] = '\0';
	curl_easy_setopt(sender->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
	curl_easy_setopt(sender->easy, CURLOPT_POSTFIELDS, body);
	curl_multi_add_handle(sender->multi, sender->easy);
	sender->busy = true;
}

bool sender_busy(const struct sender *sender)
{
	return sender->busy;
}

nfds_t sender_watch(const struct sender *sender, struct pollfd *fds)
{
	memcpy(fds, sender->watched, sender->count * sizeof fds[0]);
	return sender->count;
}

nsec sender_deadline(const struct sender *sender)
{
	return sender->deadline;
}

static enum outcome transfer_ended(struct sender *sender, CURLcode code, struct reason *why)
{
	const char *error = sender->error[0] != '\0' ? sender->error : curl_easy_strerror(code);
	long status = 0;

	curl_multi_remove_handle(sender->multi, sender->easy);
	sender->busy = false;
	if (code != CURLE_OK) {
		reason_set(why, "%s", error);
		return OUTCOME_AWAY;
	}
	curl_easy_getinfo(sender->easy, CURLINFO_RESPONSE_CODE, &status);
	return answer_judge(status, sender->answer.data, why);
}

enum outcome sender_advance(
	struct sender *sender, const struct pollfd *fds, nfds_t count, nsec now, struct reason *why)
{
	int left;

	for (nfds_t i = 0; i < count; i++) {
		int ready = (fds[i].revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
			    (fds[i].revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
			    (fds[i].revents & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);

		if (ready != 0)
			curl_multi_socket_action(sender->multi, fds[i].fd, ready, &left);
	}
	if (now >= sender->deadline) {
		sender->deadline = NSEC_NEVER;
		curl_multi_socket_action(sender->multi, CURL_SOCKET_TIMEOUT, 0, &left);
	}
	CURLMsg *message = curl_multi_info_read(sender->multi, &left);
	if (message == NULL || message->msg != CURLMSG_DONE)
		return OUTCOME_PENDING;
	return transfer_ended(sender, message->data.result, why);
}
