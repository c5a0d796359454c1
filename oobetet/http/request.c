/* SPDX-License-Identifier: MIT */
#include "oobetet/http/request.h"

#include "common/log.h"
#include "common/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define ANSWER_MAX 1024 /* bytes: enough for an error message */

/* Reads the rest of a long answer, too: to stop would make the request fail. */
static size_t on_answer(char *bytes, size_t size, size_t count, void *user)
{
	struct request *request = user;
	size_t there = size * count;
	size_t room = ANSWER_MAX - request->answer.length;

	buffer_append(&request->answer, bytes, there < room ? there : room);
	return there;
}

struct request *request_start(CURLM *multi, const char *url, const char *id, char *body, nsec limit)
{
	struct request *request = memory_zeroed(1, sizeof *request);
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		die(EX_OSERR, "out of memory");
	request->multi = multi;
	request->easy = easy;
	request->headers = curl_slist_append(NULL, "Content-Type: application/json");
	request->headers = curl_slist_append(request->headers, "Expect:");
	request->id = memory_copied(id);
	request->body = body;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	if (request->body != NULL) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	}
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "oobetet/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(limit / NSEC_PER_MSEC));
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* without it a name server that does not answer stalls the process (curl 7.88) */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	/*
	 * One copy of the system's authorities for all connections of the multi handle, in place of
	 * a megabyte each. libcurl shares a file of authorities, but no directory; where it has
	 * both, they are the same ones.
	 */
	if (curl_version_info(CURLVERSION_NOW)->cainfo != NULL) {
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 60L);
	}
	curl_multi_add_handle(multi, easy);
	return request;
}

/* Cuts from "after" to the colon before the reason, or to the end. */
char *error_unmeasured(char *error)
{
	static const char after[] = " after ";

	for (char *cut = strstr(error, after); cut != NULL; cut = strstr(cut, after)) {
		const char *rest = cut + strcspn(cut, ":");
		const char *span = cut + strlen(after), *unit = span + strspn(span, "0123456789");

		/* "12 ms", "5001 milliseconds" */
		if (unit > span &&
			(strncmp(unit, " ms", 3) == 0 || strncmp(unit, " milli", 6) == 0))
			memmove(cut, rest, strlen(rest) + 1);
		else
			cut++;
	}
	return error;
}

struct request *request_done(CURLM *multi)
{
	struct request *request = NULL;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		if (message->data.result == CURLE_OK)
			curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &request->status);
		else if (request->error[0] == '\0')
			snprintf(request->error, sizeof request->error, "%s",
				curl_easy_strerror(message->data.result));
		error_unmeasured(request->error);
		buffer_append(&request->answer, "", 1); /* for those who read it as a string */
		return request;
	}
	return NULL;
}

void request_free(struct request *request)
{
	curl_multi_remove_handle(request->multi, request->easy);
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->headers);
	buffer_free(&request->answer);
	if (request->body != NULL)
		explicit_bzero(request->body, strlen(request->body));
	free(request->body);
	free(request->id);
	free(request);
}
