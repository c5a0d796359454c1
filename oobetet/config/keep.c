/* SPDX-License-Identifier: MIT */
/* What a reload keeps of the configuration before. */
#include "oobetet/config/keys.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_watch(const struct watch_config *a, const struct watch_config *b)
{
	const struct key *key;

	if (!same_text(a->name, b->name))
		return false;
	for (size_t i = 0; (key = key_at(i)) != NULL; i++)
		if (!same_text(key_text(a->given, key->name), key_text(b->given, key->name)))
			return false;
	return true;
}

void config_keep(struct config *config, struct config *before, int count)
{
	for (int i = 0; i < config->watch_count; i++)
		for (int j = 0; j < count; j++) {
			struct watch_config *mine = config->watch[i], *old = before->watch[j];

			if (!same_watch(mine, old))
				continue;
			config->watch[i] = old;
			before->watch[j] = mine;
			old->index = i;
			mine->index = j;
			break;
		}
}

/* Takes it out, without freeing it. */
static struct watch_config *watch_take(struct config *config, int index)
{
	struct watch_config *watch = config->watch[index];

	config->watch_count--;
	for (int i = index; i < config->watch_count; i++) {
		config->watch[i] = config->watch[i + 1];
		config->watch[i]->index = i;
	}
	return watch;
}

bool config_move(struct config *config, struct config *before, const struct watch_config *watch,
	unsigned workers)
{
	if (config->watch_count == WATCHES_MAX)
		return false;
	struct watch_config *moved = watch_take(before, watch->index);
	moved->workers = workers;
	config_add(config, moved);
	return true;
}

void config_drop(struct config *config, const struct watch_config *watch)
{
	watch_config_free(watch_take(config, watch->index));
}

struct sum {
	uint64_t value;
};

/* FNV-1a, with the end of each text. */
static void text_add(struct sum *sum, const char *text)
{
	do
		sum->value = (sum->value ^ (unsigned char)*text) * 1099511628211U;
	while (*text++ != '\0');
}

static void item_add(void *user, int watch, const char *key, const char *value)
{
	struct sum *sum = user;

	sum->value = (sum->value ^ (unsigned)(watch + 1)) * 1099511628211U;
	text_add(sum, key);
	text_add(sum, value);
}

uint64_t config_part(const struct config *config, unsigned workers)
{
	struct sum sum = {14695981039346656037U};

	config_hand_over(config, workers, item_add, &sum);
	return sum.value;
}
