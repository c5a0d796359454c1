/* SPDX-License-Identifier: MIT */
/* The file of planned work, and how long it lasts whatever the clocks do. */
#include "t/unit/unit.h"

#include "oobetet/state/quiet.h"
#include "oobetet/state/state.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC
#define HOUR (3600 * SEC)
#define BOOT "11111111-2222-3333-4444-555555555555"
#define NOON (500000 * HOUR)

static struct quiet_entry entry_of(const char *watch, nsec from, nsec span)
{
	struct quiet_entry entry = {
		.from = from, .until = from + span, .boot = 10 * HOUR, .boot_id = BOOT};

	strcpy(entry.watch, watch);
	strcpy(entry.reason, "new switches\tin rack 4");
	return entry;
}

static struct timestamps at(nsec wall, nsec boot)
{
	return (struct timestamps){.wall = wall, .boot = boot};
}

/* One entry for every watch, from NOON and 10 h after booting, that lasts for `span`. */
static struct quiet *quiet_make(nsec span)
{
	struct quiet *quiet = calloc(1, sizeof *quiet);

	quiet->entry[quiet->count++] = entry_of("", NOON, span);
	return quiet;
}

static const struct quiet nothing;

/* How long it lasts, read at this moment of this boot. */
static nsec left_at(struct quiet *quiet, const char *boot_id, nsec wall, nsec boot)
{
	struct timestamps now = at(wall, boot);

	quiet_begin(quiet, &nothing, boot_id, &now);
	return quiet_left(&quiet->entry[0], &now);
}

static void a_file_is_read_as_it_was_written(void **state)
{
	struct quiet *before = quiet_make(HOUR), *after = calloc(1, sizeof *after);
	struct buffer text = {NULL, 0, 0};
	struct reason why;

	(void)state;
	before->entry[before->count++] = entry_of("web, \\ 1", NOON + 1, QUIET_LONGEST);
	quiet_write(before, &text);
	assert_true(quiet_read(text.data, after, &why));
	assert_int_equal(after->count, 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(after->entry[i].watch, before->entry[i].watch);
		assert_string_equal(after->entry[i].reason, before->entry[i].reason);
		assert_string_equal(after->entry[i].boot_id, before->entry[i].boot_id);
		assert_int_equal(after->entry[i].from, before->entry[i].from);
		assert_int_equal(after->entry[i].until, before->entry[i].until);
		assert_int_equal(after->entry[i].boot, before->entry[i].boot);
	}
	buffer_free(&text);
	free(before);
	free(after);
}

static void a_damaged_file_counts_for_nothing(void **state)
{
	struct quiet *quiet = quiet_make(HOUR), *read = calloc(1, sizeof *read);
	struct buffer text = {NULL, 0, 0};
	struct reason why;

	(void)state;
	quiet_write(quiet, &text);
	for (size_t i = 0; i < text.length; i++) {
		char *copy = strdup(text.data);

		copy[i] ^= 1;
		assert_false(quiet_read(copy, read, &why));
		assert_int_equal(read->count, 0);
		strcpy(copy, text.data);
		copy[i] = '\0';
		assert_false(quiet_read(copy, read, &why));
		assert_int_equal(read->count, 0);
		free(copy);
	}
	buffer_free(&text);
	free(quiet);
	free(read);
}

static void what_a_file_must_not_say_is_refused(void **state)
{
	static const struct {
		const char *line, *why;
	} wrong[] = {
		{"quiet\t\t1000\t86400000001001\t0\t\tmore than a day", "line 2"},
		{"quiet\t\t1000\t1000\t0\t\tno time", "line 2"},
		{"quiet\t\t1000\t999\t0\t\tbackwards", "line 2"},
		{"quiet\t\t-1\t999\t0\t\tnegative", "line 2"},
		{"quiet\t\t1000\t2000\t0\t\t", "line 2"},
		{"quiet\t\t1000\t2000\t0\t\tx\ty", "line 2"},
		{"quiet\t\t1000\t2000\t0\tx", "line 2"},
		{"quiet\ta\t1\t2\t0\t\tx\nquiet\ta\t1\t2\t0\t\ttwice", "line 3"},
		{"loud\t\t1000\t2000\t0\t\tx", "line 2"},
		{"", "line 2"},
	};
	struct quiet *quiet = calloc(1, sizeof *quiet);
	struct reason why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		struct buffer text = {NULL, 0, 0};

		buffer_printf(&text, "oobetet-quiet\t1\n%s\n", wrong[i].line);
		state_seal(&text);
		if (quiet_read(text.data, quiet, &why))
			fail_msg("accepted: %s", wrong[i].line);
		assert_non_null(strstr(why.text, wrong[i].why));
		assert_int_equal(quiet->count, 0);
		buffer_free(&text);
	}
	free(quiet);
}

static void it_lasts_as_long_as_asked(void **state)
{
	struct quiet *quiet = quiet_make(HOUR);
	struct timestamps now = at(NOON, 10 * HOUR);

	(void)state;
	assert_int_equal(left_at(quiet, BOOT, NOON, 10 * HOUR), HOUR);
	now = at(NOON + HOUR - 1, 11 * HOUR - 1);
	assert_int_equal(quiet_left(&quiet->entry[0], &now), 1);
	now = at(NOON + HOUR, 11 * HOUR);
	assert_int_equal(quiet_left(&quiet->entry[0], &now), 0);
	/* read by a later run; in another boot, of which only the wall clock is known */
	assert_int_equal(left_at(quiet, BOOT, NOON + HOUR / 2, 10 * HOUR + HOUR / 2), HOUR / 2);
	assert_int_equal(left_at(quiet, "another", NOON + HOUR / 2, SEC), HOUR / 2);
	assert_int_equal(left_at(quiet, "another", NOON + HOUR, SEC), 0);
	free(quiet);
}

static void no_step_of_the_clock_makes_it_longer(void **state)
{
	struct quiet *quiet = quiet_make(HOUR);
	struct timestamps now;

	(void)state;
	/* the clock is set back by two hours while it lasts, or before it is read again */
	assert_int_equal(left_at(quiet, BOOT, NOON, 10 * HOUR), HOUR);
	now = at(NOON - 2 * HOUR, 11 * HOUR);
	assert_int_equal(quiet_left(&quiet->entry[0], &now), 0);
	assert_int_equal(left_at(quiet, BOOT, NOON - HOUR, 11 * HOUR - SEC), SEC);
	/* set back before it began, and booted since: it does not count */
	assert_int_equal(left_at(quiet, "another", NOON - 1, SEC), 0);
	assert_int_equal(left_at(quiet, "another", NOON + HOUR / 2, SEC), HOUR / 2);
	now = at(NOON - 1, SEC + HOUR / 2);
	assert_int_equal(quiet_left(&quiet->entry[0], &now), 0);
	/* set forward: it ends by the wall clock */
	assert_int_equal(left_at(quiet, BOOT, NOON + HOUR - SEC, 10 * HOUR), SEC);
	/* a time before the machine was booted */
	assert_int_equal(left_at(quiet, BOOT, NOON, 9 * HOUR), 0);
	free(quiet);
}

static void reading_it_again_does_not_make_it_longer(void **state)
{
	struct quiet *before = quiet_make(HOUR), *after = quiet_make(HOUR);
	struct timestamps now = at(NOON + HOUR / 2, SEC);

	(void)state;
	quiet_begin(before, &nothing, "another", &now);
	now = at(NOON, SEC + HOUR / 4); /* set back by three quarters of an hour */
	quiet_begin(after, before, "another", &now);
	assert_int_equal(quiet_left(&after->entry[0], &now), HOUR / 4);
	free(before);
	free(after);
}

static void the_entry_that_lasts_longest_counts(void **state)
{
	struct quiet *quiet = quiet_make(HOUR);
	struct timestamps now = at(NOON, 10 * HOUR);

	(void)state;
	quiet->entry[quiet->count++] = entry_of("web", NOON, 2 * HOUR);
	quiet->entry[quiet->count++] = entry_of("db", NOON, HOUR / 2);
	quiet_begin(quiet, &nothing, BOOT, &now);
	assert_ptr_equal(quiet_of(quiet, "web", &now), &quiet->entry[1]);
	assert_ptr_equal(quiet_of(quiet, "db", &now), &quiet->entry[0]);
	assert_ptr_equal(quiet_of(quiet, "", &now), &quiet->entry[0]);
	now = at(NOON + HOUR, 11 * HOUR);
	assert_ptr_equal(quiet_of(quiet, "web", &now), &quiet->entry[1]);
	assert_null(quiet_of(quiet, "db", &now));
	free(quiet);
}

static void entries_are_replaced_ended_and_dropped(void **state)
{
	struct quiet *quiet = quiet_make(HOUR);
	struct quiet_entry web = entry_of("web", NOON, 2 * HOUR), db = entry_of("db", NOON, HOUR);
	struct timestamps now = at(NOON, 10 * HOUR);

	(void)state;
	quiet_begin(quiet, &nothing, BOOT, &now);
	web.ends = 12 * HOUR, db.ends = 11 * HOUR;
	assert_true(quiet_put(quiet, &web, &now) && quiet_put(quiet, &db, &now));
	assert_true(quiet_put(quiet, &web, &now));
	assert_int_equal(quiet->count, 3);
	assert_int_equal(quiet_end(quiet, "db", &now), 1);
	assert_int_equal(quiet_end(quiet, "db", &now), 0);
	assert_int_equal(quiet->count, 2);
	now = at(NOON + HOUR, 11 * HOUR);
	assert_int_equal(quiet_end(quiet, "", &now), 1); /* the other one was over */
	assert_int_equal(quiet->count, 0);
	for (int i = 0; i <= QUIET_ENTRIES; i++) {
		web.watch[0] = (char)(1 + i);
		assert_int_equal(quiet_put(quiet, &web, &now), i < QUIET_ENTRIES);
	}
	free(quiet);
}

/* Steps of the clock, suspensions, and reading it again at any time, within one boot. */
static void planned_work_never_lasts_longer_than_asked(void **state)
{
	struct quiet *before = quiet_make(HOUR), *quiet = quiet_make(HOUR);
	long seed = (long)clock_wall() / 1000;

	(void)state;
	print_message("# SEED=%ld\n", seed);
	srand48(seed);
	for (int run = 0; run < 20000; run++) {
		nsec span = 1 + (nsec)(drand48() * (double)QUIET_LONGEST), held = 0;
		bool known = drand48() < 0.5; /* the boot in which it was asked for */
		struct timestamps now = at(NOON, 10 * HOUR);

		*quiet = nothing;
		quiet->entry[quiet->count++] = entry_of("", NOON, span);
		quiet_begin(quiet, &nothing, known ? BOOT : "another", &now);
		for (int i = 0; i < 30; i++) {
			nsec step = (nsec)(drand48() * (double)span / 5);

			if (quiet_left(&quiet->entry[0], &now) > 0)
				held += nsec_earlier(quiet_left(&quiet->entry[0], &now), step);
			now = at(now.wall + step, now.boot + step);
			if (drand48() < 0.3)
				now.wall += (nsec)((drand48() - 0.5) * (double)span);
			*before = *quiet;
			if (drand48() < 0.3)
				quiet_begin(quiet, before, known ? BOOT : "another", &now);
		}
		assert_true(held <= span);
	}
	free(before);
	free(quiet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_as_it_was_written),
		cmocka_unit_test(a_damaged_file_counts_for_nothing),
		cmocka_unit_test(what_a_file_must_not_say_is_refused),
		cmocka_unit_test(it_lasts_as_long_as_asked),
		cmocka_unit_test(no_step_of_the_clock_makes_it_longer),
		cmocka_unit_test(reading_it_again_does_not_make_it_longer),
		cmocka_unit_test(the_entry_that_lasts_longest_counts),
		cmocka_unit_test(entries_are_replaced_ended_and_dropped),
		cmocka_unit_test(planned_work_never_lasts_longer_than_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
