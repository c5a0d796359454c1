/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/guard.h"

#include "common/memory.h"
#include "common/secretfile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct auth {
	const char *path;
	pthread_mutex_t lock; /* for what follows */
	struct tokens *tokens;
};

static struct tokens *file_read(const char *path, struct reason *why)
{
	struct tokens *tokens;
	struct buffer text;

	if (!secret_file_read(path, TOKENS_FILE_MAX, &text, why))
		return NULL;
	tokens = tokens_parse(text.data, text.length, why);
	if (tokens == NULL)
		reason_prefix(why, "%s", path);
	buffer_wipe(&text);
	return tokens;
}

struct auth *auth_new(const char *path, struct reason *why)
{
	struct tokens *tokens = file_read(path, why);

	if (tokens == NULL)
		return NULL;
	struct auth *auth = memory_zeroed(1, sizeof *auth);
	auth->path = path;
	auth->tokens = tokens;
	pthread_mutex_init(&auth->lock, NULL);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	tokens_release(auth->tokens);
	pthread_mutex_destroy(&auth->lock);
	free(auth);
}

bool auth_reload(struct auth *auth, struct reason *why)
{
	struct tokens *tokens = file_read(auth->path, why);

	if (tokens == NULL)
		return false;
	pthread_mutex_lock(&auth->lock);
	struct tokens *before = auth->tokens;
	auth->tokens = tokens;
	pthread_mutex_unlock(&auth->lock);
	tokens_release(before);
	return true;
}

static struct tokens *auth_tokens(struct auth *auth)
{
	pthread_mutex_lock(&auth->lock);
	struct tokens *tokens = tokens_share(auth->tokens);
	pthread_mutex_unlock(&auth->lock);
	return tokens;
}

enum auth_verdict auth_admit(struct auth *auth, const char *header, struct grant *pass)
{
	char token[TOKEN_MAX];

	*pass = (struct grant){NULL, NULL};
	if (auth == NULL)
		return AUTH_OPEN;
	if (header == NULL || !credentials_read(header, token))
		return AUTH_MISSING;
	pass->tokens = auth_tokens(auth);
	pass->acl = tokens_find(pass->tokens, token);
	explicit_bzero(token, sizeof token);
	if (pass->acl != NULL)
		return AUTH_OPEN;
	grant_end(pass);
	return AUTH_UNKNOWN;
}

void grant_end(struct grant *pass)
{
	tokens_release(pass->tokens);
	*pass = (struct grant){NULL, NULL};
}
