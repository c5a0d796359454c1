/* SPDX-License-Identifier: MIT */
/* What a FIFO's readers and a file get of the events (--output). Time is made up. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/output.h"
#include "httpbroker/limits.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONG = 20000 }; /* bytes of an event; the pipe holds one page */

struct fixture {
	char directory[64], path[80];
	struct output *output;
	int reader;
	nsec now;
};

static void reader_open(struct fixture *fixture)
{
	fixture->reader = open(fixture->path, O_RDONLY | O_NONBLOCK);
	assert_true(fixture->reader >= 0);
	fcntl(fixture->reader, F_SETPIPE_SZ, 4096);
}

static void fixture_open(struct fixture *fixture)
{
	*fixture = (struct fixture){.directory = "/tmp/broker-output-XXXXXX", .now = NSEC_PER_SEC};
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof fixture->path, "%s/fifo", fixture->directory);
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	fixture->output = output_new(fixture->path, fixture->now);
	reader_open(fixture);
}

static void fixture_close(struct fixture *fixture)
{
	output_free(fixture->output);
	close(fixture->reader);
	unlink(fixture->path);
	rmdir(fixture->directory);
}

static bool step(struct fixture *fixture, nsec later)
{
	fixture->now += later;
	return output_step(fixture->output, fixture->now);
}

/* An event of LONG times `letter`. */
static void put_long(struct fixture *fixture, char letter)
{
	struct resp_list list = {{NULL, 0, 0}, 0};
	char text[LONG];

	memset(text, letter, sizeof text);
	resp_add(&list, text, sizeof text);
	output_put(fixture->output, &list, fixture->now);
	resp_free(&list);
}

static void put(struct fixture *fixture, const char *event)
{
	struct resp_list list = {{NULL, 0, 0}, 0};

	resp_add_text(&list, event);
	output_put(fixture->output, &list, fixture->now);
	resp_free(&list);
}

/* Reads all that is written meanwhile, up to `max` bytes. */
static void read_all(struct fixture *fixture, struct buffer *out, size_t max)
{
	ssize_t length;

	do {
		step(fixture, NSEC_PER_SEC);
		char *room = buffer_reserve(out, 4096);
		length = read(fixture->reader, room, 4096);
		out->length += length > 0 ? (size_t)length : 0;
	} while (length > 0 && out->length < max);
	buffer_append(out, "", 0);
}

static void assert_long(const char *text, char letter)
{
	char whole[LONG + 1];

	memset(whole, letter, LONG);
	whole[LONG] = '\n';
	assert_memory_equal(text, whole, sizeof whole);
}

/* The first reader dies within a line: the next one gets the rest of the pipe, then all of it. */
static void the_next_reader_gets_the_whole_line(void **state)
{
	struct fixture fixture;
	struct buffer first = {NULL, 0, 0}, second = {NULL, 0, 0};

	(void)state;
	fixture_open(&fixture);
	assert_true(step(&fixture, NSEC_PER_SEC));
	put_long(&fixture, 'a');
	read_all(&fixture, &first, 8000);
	assert_int_equal(first.length, 8192);
	assert_false(step(&fixture, 0));
	close(fixture.reader);
	for (int i = 0; i < 3; i++) {
		assert_false(step(&fixture, NSEC_PER_SEC));
		assert_true(output_is_away(fixture.output));
		assert_string_equal(output_why(fixture.output), "nobody reads it");
		assert_int_equal(output_poll(fixture.output).fd, -1);
	}
	reader_open(&fixture);
	read_all(&fixture, &second, SIZE_MAX);
	assert_false(output_is_away(fixture.output));
	size_t rest = strcspn(second.data, "\n"); /* what was still in the pipe */
	assert_int_equal(rest, 4096);
	assert_int_equal(second.length, rest + 1 + LONG + 1);
	assert_long(second.data + rest + 1, 'a');
	buffer_free(&first);
	buffer_free(&second);
	fixture_close(&fixture);
}

/* And between two lines nothing is added or repeated. */
static void a_new_reader_between_two_lines_gets_the_second(void **state)
{
	struct fixture fixture;
	struct buffer out = {NULL, 0, 0};

	(void)state;
	fixture_open(&fixture);
	assert_true(step(&fixture, 0));
	put(&fixture, "one");
	read_all(&fixture, &out, SIZE_MAX);
	assert_string_equal(out.data, "one\n");
	close(fixture.reader);
	put(&fixture, "two");
	assert_false(step(&fixture, NSEC_PER_SEC));
	reader_open(&fixture);
	buffer_clear(&out);
	read_all(&fixture, &out, SIZE_MAX);
	assert_string_equal(out.data, "two\n");
	buffer_free(&out);
	fixture_close(&fixture);
}

static void another_fifo_of_that_name_gets_the_whole_line(void **state)
{
	struct fixture fixture;
	struct buffer out = {NULL, 0, 0};

	(void)state;
	fixture_open(&fixture);
	assert_true(step(&fixture, 0));
	put_long(&fixture, 'a');
	assert_false(step(&fixture, 0));
	close(fixture.reader);
	unlink(fixture.path);
	assert_int_equal(mkfifo(fixture.path, 0600), 0);
	assert_false(step(&fixture, NSEC_PER_SEC));
	reader_open(&fixture);
	read_all(&fixture, &out, SIZE_MAX);
	assert_int_equal(out.length, LONG + 1);
	assert_long(out.data, 'a');
	buffer_free(&out);
	fixture_close(&fixture);
}

/* Before the first event there is no line to go back to. */
static void another_fifo_of_that_name_before_the_first_event_gets_it(void **state)
{
	struct fixture fixture;
	struct buffer out = {NULL, 0, 0};

	(void)state;
	fixture_open(&fixture);
	assert_true(step(&fixture, 0));
	close(fixture.reader);
	assert_false(step(&fixture, 0));
	unlink(fixture.path);
	assert_int_equal(mkfifo(fixture.path, 0600), 0);
	reader_open(&fixture);
	assert_true(step(&fixture, NSEC_PER_SEC));
	put(&fixture, "one");
	read_all(&fixture, &out, SIZE_MAX);
	assert_string_equal(out.data, "one\n");
	buffer_free(&out);
	fixture_close(&fixture);
}

static void a_reader_that_does_not_read_is_away_after_a_while(void **state)
{
	struct fixture fixture;
	struct buffer out = {NULL, 0, 0};

	(void)state;
	fixture_open(&fixture);
	assert_true(step(&fixture, 0));
	put_long(&fixture, 'a');
	assert_false(step(&fixture, 0));
	assert_int_equal(output_deadline(fixture.output), fixture.now + LIMIT_REDIS_WAIT);
	assert_int_equal(output_poll(fixture.output).events, POLLOUT);
	assert_false(step(&fixture, LIMIT_REDIS_WAIT - 1));
	assert_false(output_is_away(fixture.output));
	assert_false(step(&fixture, 1));
	assert_true(output_is_away(fixture.output));
	assert_int_equal(output_deadline(fixture.output), NSEC_NEVER);
	assert_string_equal(output_why(fixture.output), "its reader does not read");
	read_all(&fixture, &out, SIZE_MAX);
	assert_int_equal(out.length, LONG + 1);
	assert_false(output_is_away(fixture.output));
	assert_string_equal(output_why(fixture.output), "");
	buffer_free(&out);
	fixture_close(&fixture);
}

/* Lines that fit go whole: a reader that dies has no part of one. */
static void short_lines_are_written_whole(void **state)
{
	struct fixture fixture;
	struct buffer out = {NULL, 0, 0};
	struct resp_list list = {{NULL, 0, 0}, 0};

	(void)state;
	fixture_open(&fixture);
	assert_true(step(&fixture, 0));
	for (int i = 0; i < 1000; i++)
		resp_add_text(&list, "0123456789 0123456789 0123456789");
	output_put(fixture.output, &list, fixture.now);
	assert_false(step(&fixture, 0));
	char *room = buffer_reserve(&out, 65536);
	ssize_t length = read(fixture.reader, room, 65536);
	assert_between(length, 1, 4096);
	assert_int_equal(length % 33, 0);
	resp_free(&list);
	buffer_free(&out);
	fixture_close(&fixture);
}

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *path, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	got[fread(got, 1, sizeof got - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(got, text);
}

static void file_size_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A disk was full, and the broker ended: its next line must not become a part of this one. */
static void a_file_that_ends_within_a_line_gets_a_newline_first(void **state)
{
	struct fixture fixture = {.directory = "/tmp/broker-output-XXXXXX", .now = NSEC_PER_SEC};

	(void)state;
	assert_non_null(mkdtemp(fixture.directory));
	snprintf(fixture.path, sizeof fixture.path, "%s/file", fixture.directory);
	file_write(fixture.path, "ha");
	fixture.output = output_new(fixture.path, fixture.now);
	assert_true(step(&fixture, 0));
	put(&fixture, "one");
	assert_true(step(&fixture, 0));
	put(&fixture, "two");
	assert_true(step(&fixture, 0));
	assert_file(fixture.path, "ha\none\ntwo\n");
	/* another file, while nothing is to be written, and while half a line is in the old one */
	unlink(fixture.path);
	file_write(fixture.path, "hb");
	output_reopen(fixture.output);
	put(&fixture, "three");
	file_size_limit(5); /* as on a full disk */
	assert_false(step(&fixture, 0));
	file_size_limit(RLIM_INFINITY);
	assert_file(fixture.path, "hb\nth");
	unlink(fixture.path);
	file_write(fixture.path, "hc");
	output_reopen(fixture.output);
	output_reopen(fixture.output);
	assert_true(step(&fixture, NSEC_PER_SEC));
	put(&fixture, "four");
	assert_true(step(&fixture, 0));
	assert_file(fixture.path, "hc\nthree\nfour\n");
	output_free(fixture.output);
	unlink(fixture.path);
	rmdir(fixture.directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_reader_gets_the_whole_line),
		cmocka_unit_test(a_new_reader_between_two_lines_gets_the_second),
		cmocka_unit_test(another_fifo_of_that_name_gets_the_whole_line),
		cmocka_unit_test(another_fifo_of_that_name_before_the_first_event_gets_it),
		cmocka_unit_test(a_reader_that_does_not_read_is_away_after_a_while),
		cmocka_unit_test(short_lines_are_written_whole),
		cmocka_unit_test(a_file_that_ends_within_a_line_gets_a_newline_first),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
