/* SPDX-License-Identifier: MIT */
#include "httpbroker/client/transfer.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sysexits.h>

#define CONNECT_LIMIT_MS 5000L

#define UNIX_PREFIX "unix:"
#define UNIX_URL "http://localhost/state" /* of a broker on a UNIX socket */

/* The URL, valid or not, without anything that may be a password or a token. */
static char *url_masked(const char *url)
{
	const char *behind = strstr(url, "://");
	const char *begin = behind != NULL ? behind + 3 : url;
	const char *at = strrchr(begin, '@');
	const char *rest = at != NULL ? at : begin;
	size_t length = strcspn(rest, "?");

	return memory_printed("%.*s%s%.*s%s", (int)(begin - url), url, at != NULL ? "***" : "",
		(int)length, rest, rest[length] != '\0' ? "?***" : "");
}

/* Parses the URL into `parts`; libcurl fills in what may be left out. */
static bool url_parse(
	CURLU *parts, const char *url, const struct target_options *options, struct reason *why)
{
	CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, 0);
	char *scheme = NULL, *shown = url_masked(url);

	if (code == CURLUE_OK)
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
	bool known =
		scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	if (code != CURLUE_OK)
		reason_set(why, "'%s' is not a URL such as %s: %s", shown,
			options->api != NULL ? "http://localhost:9093" : "http://localhost:3090",
			curl_url_strerror(code));
	else if (!known)
		reason_set(why, "'%s': '%s' is neither http nor https%s", shown, scheme,
			options->api != NULL ? "" : ", nor unix:/path");
	curl_free(scheme);
	free(shown);
	return known;
}

/* To be freed with free(3); `missing` where there is no such part. */
static char *part_copied(CURLU *parts, CURLUPart part, unsigned flags, const char *missing)
{
	char *text = NULL;

	curl_url_get(parts, part, &text, flags);
	char *copy = memory_copied(text != NULL ? text : missing);
	curl_free(text);
	return copy;
}

static char *url_of_api(CURLU *parts, const char *api)
{
	curl_url_set(parts, CURLUPART_QUERY, NULL, 0);
	curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0);
	char *base = part_copied(parts, CURLUPART_URL, 0, "");
	size_t length = strlen(base);
	char *url = memory_printed(
		"%s%s%s", base, length > 0 && base[length - 1] == '/' ? "" : "/", api);
	free(base);
	return url;
}

/* The URL with its default path. */
static char *url_completed(CURLU *parts)
{
	char *path = part_copied(parts, CURLUPART_PATH, 0, "/");

	if (strcmp(path, "/") == 0)
		curl_url_set(parts, CURLUPART_PATH, "/state", 0);
	free(path);
	return part_copied(parts, CURLUPART_URL, 0, "");
}

/* The URL without its secrets, which are removed from the parts. */
static char *url_shown(CURLU *parts)
{
	curl_url_set(parts, CURLUPART_USER, NULL, 0);
	curl_url_set(parts, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(parts, CURLUPART_QUERY, NULL, 0);
	curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0);
	return part_copied(parts, CURLUPART_URL, 0, "the server");
}

static void easy_set_up(CURL *easy, const struct target_options *options)
{
	if (options->ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
	if (options->token != NULL) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, options->token);
	}
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, options->user_agent);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, options->limit_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT_MS);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* otherwise giving up waits for a resolver whose name server does not answer */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

/* libcurl takes the path of a UNIX socket as an option, not in the URL. */
static bool unix_parse(struct target *target, const char *path, struct reason *why)
{
	if (path[0] != '/')
		return reason_set(why, "'%s%s': the path begins with '/'", UNIX_PREFIX, path);
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return reason_set(why, "'%s%s': the path is longer than %zu bytes", UNIX_PREFIX,
			path, sizeof((struct sockaddr_un *)NULL)->sun_path - 1);
	if (curl_easy_setopt(target->easy, CURLOPT_UNIX_SOCKET_PATH, path) != CURLE_OK)
		return reason_set(why, "'%s%s': libcurl rejects it", UNIX_PREFIX, path);
	/* a proxy cannot reach a UNIX socket of this machine */
	curl_easy_setopt(target->easy, CURLOPT_PROXY, "");
	target->local = true;
	target->shown = memory_printed("%s%s", UNIX_PREFIX, path);
	target->url = memory_copied(UNIX_URL);
	return true;
}

static bool target_parse(struct target *target, const char *url,
	const struct target_options *options, struct reason *why)
{
	const char *api = options->api;
	CURLU *parts;

	if (api == NULL && strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return unix_parse(target, url + strlen(UNIX_PREFIX), why);
	parts = curl_url();
	bool known = url_parse(parts, url, options, why);
	if (known) {
		target->url = api != NULL ? url_of_api(parts, api) : url_completed(parts);
		target->secrets[1] = part_copied(parts, CURLUPART_PASSWORD, CURLU_URLDECODE, "");
		target->shown = url_shown(parts);
	}
	curl_url_cleanup(parts);
	return known;
}

struct target *target_new(const char *url, const struct target_options *options, struct reason *why)
{
	struct target *target = memory_zeroed(1, sizeof *target);

	target->easy = curl_easy_init();
	if (target->easy == NULL)
		die(EX_OSERR, "libcurl cannot be initialised");
	if (!target_parse(target, url, options, why)) {
		target_free(target);
		return NULL;
	}
	easy_set_up(target->easy, options);
	target->secrets[0] = memory_copied(options->token != NULL ? options->token : "");
	return target;
}

char *target_url_with(const struct target *target, const char *query)
{
	CURLU *parts = curl_url();

	curl_url_set(parts, CURLUPART_URL, target->url, 0);
	curl_url_set(parts, CURLUPART_QUERY, query, CURLU_APPENDQUERY);
	char *url = part_copied(parts, CURLUPART_URL, 0, "");
	curl_url_cleanup(parts);
	return url;
}

void target_free(struct target *target)
{
	for (size_t i = 0; i < TARGET_SECRETS; i++)
		secret_free(target->secrets[i]);
	curl_easy_cleanup(target->easy);
	free(target->url);
	free(target->shown);
	free(target);
}

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
