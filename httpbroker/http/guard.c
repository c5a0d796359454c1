/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/guard.h"

#include "common/memory.h"
#include "common/secretfile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct guard {
	const char *path;
	pthread_mutex_t lock; /* for what follows */
	struct tokens *tokens;
};

static struct tokens *file_read(const char *path, struct reason *why)
{
	struct tokens *tokens;
	struct buffer text;

	if (!secret_file_read(path, TOKENS_FILE_MOST, &text, why))
		return NULL;
	tokens = tokens_parse(text.data, text.length, why);
	if (tokens == NULL)
		reason_prefix(why, "%s", path);
	buffer_wipe(&text);
	return tokens;
}

struct guard *guard_new(const char *path, struct reason *why)
{
	struct tokens *tokens = file_read(path, why);

	if (tokens == NULL)
		return NULL;
	struct guard *guard = memory_zeroed(1, sizeof *guard);
	guard->path = path;
	guard->tokens = tokens;
	pthread_mutex_init(&guard->lock, NULL);
	return guard;
}

void guard_free(struct guard *guard)
{
	if (guard == NULL)
		return;
	tokens_release(guard->tokens);
	pthread_mutex_destroy(&guard->lock);
	free(guard);
}

bool guard_reload(struct guard *guard, struct reason *why)
{
	struct tokens *tokens = file_read(guard->path, why);

	if (tokens == NULL)
		return false;
	pthread_mutex_lock(&guard->lock);
	struct tokens *before = guard->tokens;
	guard->tokens = tokens;
	pthread_mutex_unlock(&guard->lock);
	tokens_release(before);
	return true;
}

static struct tokens *guard_tokens(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	struct tokens *tokens = tokens_share(guard->tokens);
	pthread_mutex_unlock(&guard->lock);
	return tokens;
}

enum guard_verdict guard_admit(struct guard *guard, const char *header, struct pass *pass)
{
	char token[TOKEN_MOST];

	*pass = (struct pass){NULL, NULL};
	if (guard == NULL)
		return GUARD_OPEN;
	if (header == NULL || !credentials_read(header, token))
		return GUARD_MISSING;
	pass->tokens = guard_tokens(guard);
	pass->permit = tokens_find(pass->tokens, token);
	explicit_bzero(token, sizeof token);
	if (pass->permit != NULL)
		return GUARD_OPEN;
	pass_end(pass);
	return GUARD_UNKNOWN;
}

void pass_end(struct pass *pass)
{
	tokens_release(pass->tokens);
	*pass = (struct pass){NULL, NULL};
}
