/* SPDX-License-Identifier: MIT */
/* The parts of flapper without a clock: addresses, the quit command, the listener. */
#include "t/unit/unit.h"

#include "flapper/clients.h"
#include "flapper/listener.h"

#include <errno.h>
#include <string.h>

static void bind_accepts_numeric_addresses_only(void **state)
{
	static const char *const valid[] = {"127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1%lo",
		"::ffff:127.0.0.1", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"};
	static const char *const invalid[] = {"", "localhost", "127.1", "127.0.0.1:80", "[::1]",
		"::1%", "::1%nosuch", "127.0.0.1%lo", " ::1", "1", "*",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(valid); i++)
		if (!listener_host_valid(valid[i]))
			fail_msg("'%s' was refused", valid[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(invalid); i++)
		if (listener_host_valid(invalid[i]))
			fail_msg("'%s' was taken", invalid[i]);
}

static void quit_must_be_a_complete_line(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} cases[] = {
		{"quit\n", true},
		{"QuIt\r\n", true},
		{"quit \t\r\n", true},
		{"hello\nquit\n", true},
		{"\n\nquit\nand more", true},
		{"quit", false},
		{"quite\n", false},
		{"qui\nt\n", false},
		{" quit\n", false},
		{"do not quit\n", false},
		{"quit now\n", false},
		{"quitquit\n", false},
		{"quit \nx\n", true},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		quit_state whole = 0, pieces = 0;
		bool found = false;

		for (const char *c = cases[i].text; *c != '\0' && !found; c++)
			found = quit_found(&pieces, c, 1);
		if (found != cases[i].found)
			fail_msg("'%s' in pieces: %d", cases[i].text, found);
		found = quit_found(&whole, cases[i].text, strlen(cases[i].text));
		if (found != cases[i].found)
			fail_msg("'%s': %d", cases[i].text, found);
	}
}

static void quit_with_a_nul_byte_is_ignored(void **state)
{
	quit_state place = 0;

	(void)state;
	assert_false(quit_found(&place, "quit\0\n", 6));
	assert_false(quit_found(&place, "\0quit\n", 6));
}

static void a_listener_can_be_opened_again(void **state)
{
	struct reason why;
	struct listener *listener = listener_hold("127.0.0.1", 0, &why);

	(void)state;
	assert_non_null(listener);
	assert_int_equal(listener_socket(listener), -1);
	for (int i = 0; i < 3; i++) {
		assert_true(listener_open(listener, &why));
		assert_true(listener_socket(listener) >= 0);
		listener_close(listener);
		assert_int_equal(listener_socket(listener), -1);
	}
	listener_release(listener);
}

static void a_listener_error_has_the_address(void **state)
{
	struct reason why;
	unsigned int number;
	struct listener *first = listener_hold("127.0.0.1", 0, &why);

	(void)state;
	assert_non_null(first);
	assert_int_equal(sscanf(listener_text(first), "127.0.0.1:%u", &number), 1);
	struct listener *second = listener_hold("127.0.0.1", (uint16_t)number, &why);
	assert_non_null(second);
	/* two listeners, one port: the second fails until the first is closed */
	assert_true(listener_open(first, &why));
	assert_false(listener_open(second, &why));
	assert_int_equal(errno, EADDRINUSE);
	assert_non_null(strstr(why.text, listener_text(second)));
	assert_int_equal(listener_socket(second), -1);
	assert_null(listener_hold(NULL, (uint16_t)number, &why));
	assert_int_equal(errno, EADDRINUSE);
	listener_close(first);
	assert_true(listener_open(second, &why));
	listener_release(first);
	listener_release(second);
	listener_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bind_accepts_numeric_addresses_only),
		cmocka_unit_test(quit_must_be_a_complete_line),
		cmocka_unit_test(quit_with_a_nul_byte_is_ignored),
		cmocka_unit_test(a_listener_can_be_opened_again),
		cmocka_unit_test(a_listener_error_has_the_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
