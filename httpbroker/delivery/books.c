/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/books.h"

void books_open(struct books *books, struct moment now)
{
	books->outbox = outbox_new();
	outbox_limit(books->outbox, books->max);
	if (!books->persistent)
		outbox_forget_records(books->outbox);
	books->engine = engine_new(books->checks, books->outbox, books->interval, now);
	engine_tell_stale_as(books->engine, books->stale_as);
	engine_limit(books->engine, books->max_states);
	engine_forget_after(books->engine, books->forget_after);
	engine_note_forgotten(books->engine, books->missing);
}

void books_close(struct books *books)
{
	engine_free(books->engine);
	outbox_free(books->outbox);
}

void books_reset(struct books *books, struct moment now)
{
	books_close(books);
	checks_clear(books->checks);
	books_open(books, now);
}
