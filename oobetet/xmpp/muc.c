/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/muc.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OTHER_NICKS 3  /* `_`, `__`, `___` behind it; then the back-off begins */
#define PINGS_MISSED 2 /* one may be lost; two in a row mean that we are out */

struct muc *muc_new(const char *name, const char *nick, const struct timing *timing, uint32_t seed)
{
	struct muc *muc = memory_zeroed(1, sizeof *muc);

	muc->name = name;
	muc->alias = memory_copied(nick);
	muc->nick = memory_copied(nick);
	muc->timing = *timing;
	muc->backoff = (struct backoff){.min = timing->retry_min, .max = timing->retry_max};
	muc->seed = seed;
	muc->answer_by = NSEC_NEVER;
	muc->absent = NSEC_NEVER;
	muc->why = "";
	return muc;
}

static void sent_drop(struct muc *muc, int i)
{
	free(muc->sent[i].id);
	free(muc->sent[i].text);
	muc->sent_count--;
	memmove(&muc->sent[i], &muc->sent[i + 1],
		(size_t)(muc->sent_count - i) * sizeof muc->sent[0]);
}

static void sent_clear(struct muc *muc)
{
	while (muc->sent_count > 0)
		sent_drop(muc, muc->sent_count - 1);
}

void muc_free(struct muc *muc)
{
	if (muc == NULL)
		return;
	sent_clear(muc);
	free(muc->alias);
	free(muc->nick);
	free(muc);
}

static void nick_set(struct muc *muc, const char *nick)
{
	if (strcmp(muc->nick, nick) == 0)
		return;
	char *copy = memory_copied(nick); /* `nick` may point into the old one */
	free(muc->nick);
	muc->nick = copy;
}

bool muc_left(struct muc *muc, nsec now)
{
	if (muc->state == MUC_OUT)
		return false;
	/* a room that keeps removing us is joined less and less often */
	if (muc->state == MUC_IN && now - muc->entered > muc->timing.retry_max)
		backoff_reset(&muc->backoff);
	muc->state = MUC_OUT;
	/* each attempt has a jitter of its own (Knuth's multiplicative hash) */
	muc->seed = muc->seed * 2654435761U + 1;
	muc->next = now + backoff_wait(&muc->backoff, muc->seed);
	muc->other_nicks = 0;
	nick_set(muc, muc->alias);
	return true;
}

static enum muc_action muc_lose(struct muc *muc, nsec now, const char *why)
{
	muc_left(muc, now);
	muc->why = why;
	return MUC_LOST;
}

static enum muc_action in_tick(struct muc *muc, nsec now)
{
	if (now >= muc->answer_by) {
		muc->answer_by = NSEC_NEVER;
		if (++muc->missed == PINGS_MISSED)
			return muc_lose(muc, now, "the room does not answer our pings");
		muc->next = now;
	}
	if (muc->answer_by != NSEC_NEVER || now < muc->next)
		return MUC_NONE;
	muc->number++;
	muc->answer_by = now + muc->timing.answer;
	muc->next = now + muc->timing.ping;
	return MUC_PING;
}

enum muc_action muc_tick(struct muc *muc, nsec now)
{
	if (muc->state == MUC_IN)
		return in_tick(muc, now);
	if (now < muc->next)
		return MUC_NONE;
	if (muc->state == MUC_JOINING)
		return muc_lose(muc, now, "the room does not answer our request to join");
	muc->state = MUC_JOINING;
	muc->number++;
	muc->stable_ids = muc->occupant_ids = false;
	muc->next = now + muc->timing.answer;
	return MUC_JOIN;
}

nsec muc_deadline(const struct muc *muc)
{
	return muc->state == MUC_IN && muc->answer_by != NSEC_NEVER ? muc->answer_by : muc->next;
}

bool muc_entered(struct muc *muc, const char *nick, nsec now)
{
	bool news = muc->state != MUC_IN;

	nick_set(muc, nick);
	if (!news)
		return false;
	muc->state = MUC_IN;
	muc->history_over = false;
	sent_clear(muc);
	muc->next = now + muc->timing.ping;
	muc->answer_by = NSEC_NEVER;
	muc->missed = 0;
	muc->entered = now;
	return true;
}

void muc_nick_taken(struct muc *muc, nsec now)
{
	int tried = muc->other_nicks + 1;

	muc_left(muc, now);
	if (tried > OTHER_NICKS)
		return;
	char *nick = memory_printed("%s%.*s", muc->alias, tried, "___");
	nick_set(muc, nick);
	free(nick);
	muc->other_nicks = tried;
	muc->next = now;
}

bool muc_nick_is_free(const struct muc *muc, const char *nick)
{
	return muc->state == MUC_IN && strcmp(nick, muc->alias) == 0 &&
	       strcmp(muc->nick, muc->alias) != 0;
}

void muc_renamed(struct muc *muc, const char *nick)
{
	if (muc->state == MUC_IN)
		nick_set(muc, nick);
}

bool muc_asks_status(const struct muc *muc, const char *text)
{
	static const char word[] = "status";
	size_t nick = strlen(muc->nick), length = strlen(word);

	text += text[0] == '@' ? 1 : 0;
	if (strncasecmp(text, muc->nick, nick) != 0)
		return false;
	text += nick;
	size_t separator = strspn(text, ":,;> \t");
	if (separator == 0 || strncasecmp(text + separator, word, length) != 0)
		return false;
	text += separator + length;
	return text[strspn(text, " \t\r\n?!.")] == '\0';
}

int64_t muc_history(const struct muc *muc, nsec now)
{
	return muc->absent == NSEC_NEVER ? 0 : (now - muc->absent) / NSEC_PER_SEC + 1;
}

void muc_ponged(struct muc *muc, unsigned number)
{
	if (muc->state != MUC_IN || number != muc->number)
		return;
	muc->answer_by = NSEC_NEVER;
	muc->missed = 0;
}

void muc_sent(struct muc *muc, const char *id, const char *text)
{
	if (muc->sent_count == SENT_MAX)
		sent_drop(muc, 0);
	muc->sent[muc->sent_count++] =
		(struct sent){.id = memory_copied(id), .text = memory_copied(text)};
}

void muc_back_by_id(struct muc *muc, const char *id)
{
	for (int i = muc->sent_count - 1; i >= 0; i--)
		if (strcmp(muc->sent[i].id, id) == 0)
			sent_drop(muc, i);
}

char *muc_back_by_text(struct muc *muc, const char *text)
{
	for (int i = 0; i < muc->sent_count; i++) {
		if (strcmp(muc->sent[i].text, text) != 0)
			continue;
		char *id = memory_copied(muc->sent[i].id);
		sent_drop(muc, i);
		return id;
	}
	return NULL;
}
