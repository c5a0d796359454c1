/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/fetcher.h"

#include "common/log.h"
#include "common/memory.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <utlist.h>

struct fetcher {
	pthread_t thread;
	CURL *curl; /* the thread's own */
	char error[CURL_ERROR_SIZE];

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t work;
	struct fetch *waiting; /* the oldest first */
	unsigned count;
	bool stopping;
};

void fetch_free(struct fetch *fetch)
{
	buffer_free(&fetch->body);
	buffer_free(&fetch->intermediates);
}

static bool is_stopping(struct fetcher *fetcher)
{
	pthread_mutex_lock(&fetcher->lock);
	bool stopping = fetcher->stopping;
	pthread_mutex_unlock(&fetcher->lock);
	return stopping;
}

/* CURLOPT_WRITEFUNCTION: a return value other than length aborts the transfer. */
static size_t body_write(char *bytes, size_t one, size_t length, void *context)
{
	struct fetch *fetch = context;

	(void)one; /* always 1 */
	if (length > FETCH_BODY_MAX - fetch->body.length)
		return 0;
	buffer_append(&fetch->body, bytes, length);
	return length;
}

/* CURLOPT_XFERINFOFUNCTION, called about once a second: a value other than 0 aborts. */
static int progress(
	void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	(void)down_total, (void)down, (void)up_total, (void)up;
	return is_stopping(context);
}

static void curl_set_up(struct fetcher *fetcher, const char *ca_file)
{
	CURL *curl = fetcher->curl;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)FETCH_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a dead resolver */
	/* CERTINFO needs a full handshake: reuse no connection and no session */
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetcher->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_write);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetcher);
	if (ca_file != NULL) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
}

#define CERTIFICATE_LABEL "Cert:"

/* libcurl gives each certificate as lines, among them the PEM behind this label. */
static void intermediates_read(CURL *curl, struct buffer *out)
{
	struct curl_certinfo *chain = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL)
		return;
	for (int i = 0; i < chain->num_of_certs && out->length < FETCH_BODY_MAX; i++) {
		for (struct curl_slist *line = chain->certinfo[i]; line != NULL; line = line->next)
			if (strncmp(line->data, CERTIFICATE_LABEL, strlen(CERTIFICATE_LABEL)) == 0)
				buffer_append_text(out, line->data + strlen(CERTIFICATE_LABEL));
		buffer_append(out, "\n", 1);
	}
}

static bool fetch_check(const struct fetcher *fetcher, struct fetch *fetch, CURLcode result)
{
	long status = 0;

	if (result == CURLE_WRITE_ERROR)
		return reason_set(&fetch->why, "it has more than %d bytes", FETCH_BODY_MAX);
	if (result != CURLE_OK)
		return reason_set(&fetch->why, "%s",
			fetcher->error[0] != '\0' ? fetcher->error : curl_easy_strerror(result));
	curl_easy_getinfo(fetcher->curl, CURLINFO_RESPONSE_CODE, &status);
	return status == 200 || reason_set(&fetch->why, "the response is %ld, not 200", status);
}

static void fetch_run(struct fetcher *fetcher, struct fetch *fetch)
{
	fetcher->error[0] = '\0';
	curl_easy_setopt(fetcher->curl, CURLOPT_URL, fetch->url);
	curl_easy_setopt(fetcher->curl, CURLOPT_WRITEDATA, fetch);
	fetch->fetched = fetch_check(fetcher, fetch, curl_easy_perform(fetcher->curl));
	if (fetch->fetched)
		intermediates_read(fetcher->curl, &fetch->intermediates);
}

/* Waits for the next fetch; NULL: the fetcher is stopping. */
static struct fetch *fetch_next(struct fetcher *fetcher)
{
	pthread_mutex_lock(&fetcher->lock);
	while (fetcher->waiting == NULL && !fetcher->stopping)
		pthread_cond_wait(&fetcher->work, &fetcher->lock);
	struct fetch *fetch = fetcher->waiting;
	if (fetch != NULL) {
		DL_DELETE(fetcher->waiting, fetch);
		fetcher->count--;
	}
	pthread_mutex_unlock(&fetcher->lock);
	return fetch;
}

static void *fetcher_thread(void *context)
{
	struct fetcher *fetcher = context;
	struct fetch *fetch;

	while ((fetch = fetch_next(fetcher)) != NULL) {
		if (is_stopping(fetcher))
			reason_set(&fetch->why, "the broker is stopping");
		else
			fetch_run(fetcher, fetch);
		fetch->done(fetch);
	}
	return NULL;
}

struct fetcher *fetcher_start(const char *ca_file)
{
	struct fetcher *fetcher = memory_zeroed(1, sizeof *fetcher);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	fetcher->curl = curl_easy_init();
	if (fetcher->curl == NULL)
		die(EX_OSERR, "cannot start the HTTP client for SNS");
	curl_set_up(fetcher, ca_file);
	pthread_mutex_init(&fetcher->lock, NULL);
	pthread_cond_init(&fetcher->work, NULL);
	int error = pthread_create(&fetcher->thread, NULL, fetcher_thread, fetcher);
	if (error != 0)
		die(EX_OSERR, "cannot start the thread for SNS: %s", strerror(error));
	return fetcher;
}

bool fetcher_put(struct fetcher *fetcher, struct fetch *fetch)
{
	pthread_mutex_lock(&fetcher->lock);
	bool taken = !fetcher->stopping && fetcher->count < FETCH_QUEUE_MAX;
	if (taken) {
		DL_APPEND(fetcher->waiting, fetch);
		fetcher->count++;
		pthread_cond_signal(&fetcher->work);
	}
	pthread_mutex_unlock(&fetcher->lock);
	return taken;
}

void fetcher_stop(struct fetcher *fetcher)
{
	pthread_mutex_lock(&fetcher->lock);
	fetcher->stopping = true;
	pthread_cond_signal(&fetcher->work);
	pthread_mutex_unlock(&fetcher->lock);
	pthread_join(fetcher->thread, NULL);
}

void fetcher_free(struct fetcher *fetcher)
{
	curl_easy_cleanup(fetcher->curl);
	curl_global_cleanup();
	pthread_mutex_destroy(&fetcher->lock);
	pthread_cond_destroy(&fetcher->work);
	free(fetcher);
}
