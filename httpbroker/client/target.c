/* SPDX-License-Identifier: MIT */
#include "httpbroker/client/target.h"

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
static bool url_parse(CURLU *parts, const char *url, struct reason *why)
{
	CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, 0);
	char *scheme = NULL, *shown = url_masked(url);

	if (code == CURLUE_OK)
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
	bool known =
		scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	if (code != CURLUE_OK)
		reason_set(why, "'%s' is not a URL such as http://localhost:3090: %s", shown,
			curl_url_strerror(code));
	else if (!known)
		reason_set(
			why, "'%s': '%s' is neither http nor https, nor unix:/path", shown, scheme);
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

static bool target_parse(
	struct target *target, const char *url, const char *api, struct reason *why)
{
	CURLU *parts;

	if (strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return unix_parse(target, url + strlen(UNIX_PREFIX), why);
	parts = curl_url();
	bool known = url_parse(parts, url, why);
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
	if (!target_parse(target, url, options->api, why)) {
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
