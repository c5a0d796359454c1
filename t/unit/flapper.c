/* SPDX-License-Identifier: MIT */
/* What of flapper needs no clock: addresses, the word that ends a visit, the port itself. */
#include "t/unit/unit.h"

#include "flapper/port.h"
#include "flapper/quit.h"

#include <errno.h>
#include <string.h>

static void bind_takes_numeric_addresses(void **state)
{
	static const char *const valid[] = {"127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1%lo",
		"::ffff:127.0.0.1", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"};
	static const char *const invalid[] = {"", "localhost", "127.1", "127.0.0.1:80", "[::1]",
		"::1%", "::1%nosuch", "127.0.0.1%lo", " ::1", "1", "*",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(valid); i++)
		if (!port_host_valid(valid[i]))
			fail_msg("'%s' was refused", valid[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(invalid); i++)
		if (port_host_valid(invalid[i]))
			fail_msg("'%s' was taken", invalid[i]);
}

static void quit_is_a_line_of_its_own(void **state)
{
	static const struct {
		const char *text;
		bool said;
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
		quit_place whole = 0, pieces = 0;
		bool said = false;

		for (const char *c = cases[i].text; *c != '\0' && !said; c++)
			said = quit_said(&pieces, c, 1);
		if (said != cases[i].said)
			fail_msg("'%s' in pieces: %d", cases[i].text, said);
		said = quit_said(&whole, cases[i].text, strlen(cases[i].text));
		if (said != cases[i].said)
			fail_msg("'%s': %d", cases[i].text, said);
	}
}

static void quit_is_not_fooled_by_nul(void **state)
{
	quit_place place = 0;

	(void)state;
	assert_false(quit_said(&place, "quit\0\n", 6));
	assert_false(quit_said(&place, "\0quit\n", 6));
}

static void port_opens_as_often_as_one_likes(void **state)
{
	struct reason why;
	struct port *port = port_hold("127.0.0.1", 0, &why);

	(void)state;
	assert_non_null(port);
	assert_int_equal(port_listener(port), -1);
	for (int i = 0; i < 3; i++) {
		assert_true(port_open(port, &why));
		assert_true(port_listener(port) >= 0);
		port_close(port);
		assert_int_equal(port_listener(port), -1);
	}
	port_release(port);
}

static void port_says_who_cannot_have_it(void **state)
{
	struct reason why;
	unsigned int number;
	struct port *first = port_hold("127.0.0.1", 0, &why);

	(void)state;
	assert_non_null(first);
	assert_int_equal(sscanf(port_text(first), "127.0.0.1:%u", &number), 1);
	struct port *second = port_hold("127.0.0.1", (uint16_t)number, &why);
	assert_non_null(second);
	/* held twice: whoever opens first has it, the other fails until it is closed again */
	assert_true(port_open(first, &why));
	assert_false(port_open(second, &why));
	assert_int_equal(errno, EADDRINUSE);
	assert_non_null(strstr(why.text, port_text(second)));
	assert_int_equal(port_listener(second), -1);
	assert_null(port_hold(NULL, (uint16_t)number, &why));
	assert_int_equal(errno, EADDRINUSE);
	port_close(first);
	assert_true(port_open(second, &why));
	port_release(first);
	port_release(second);
	port_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bind_takes_numeric_addresses),
		cmocka_unit_test(quit_is_a_line_of_its_own),
		cmocka_unit_test(quit_is_not_fooled_by_nul),
		cmocka_unit_test(port_opens_as_often_as_one_likes),
		cmocka_unit_test(port_says_who_cannot_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
