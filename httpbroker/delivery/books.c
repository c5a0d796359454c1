/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/books.h"

void books_open(struct books *books, struct moment now)
{
	books->outbox = outbox_new();
	outbox_limit(books->outbox, books->most);
	if (!books->persistent)
		outbox_forget_records(books->outbox);
	books->ledger = ledger_new(books->states, books->outbox, books->interval, now);
	ledger_tell_stale_as(books->ledger, books->stale_as);
	ledger_limit(books->ledger, books->most_states);
	ledger_forget_after(books->ledger, books->forget_after);
	ledger_note_forgotten(books->ledger, books->missing);
}

void books_close(struct books *books)
{
	ledger_free(books->ledger);
	outbox_free(books->outbox);
}

void books_reset(struct books *books, struct moment now)
{
	books_close(books);
	states_clear(books->states);
	books_open(books, now);
}
