/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "common/buffer.h"
#include "oobetet/config/config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "oobetet-ini.XXXXXX"; /* one file, rewritten by every test */

static int path_make(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int path_remove(void **state)
{
	(void)state;
	return unlink(path);
}

static struct config *read_bytes(const char *bytes, size_t length, struct reason *why)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	return config_read(path, why);
}

static struct config *read_text(const char *text, struct reason *why)
{
	return read_bytes(text, strlen(text), why);
}

#define LEAST                                          \
	"jabberid = flapjacktest@jabber.example.com\n" \
	"password = nuther-good-password\n"            \
	"watched_check = Flapper\n"                    \
	"rooms = test@conference.jabber.example.com\n"

static void a_minimal_file_gets_the_defaults(void **state)
{
	struct reason why;
	struct config *config = read_text(LEAST, &why);

	(void)state;
	if (config == NULL)
		fail_msg("%s", why.text);
	assert_true(config->enabled);
	assert_null(config->server);
	assert_int_equal(config->port, 5222);
	assert_string_equal(config->alias, "flapjacktest");
	assert_string_equal(config->password, "nuther-good-password");
	assert_true(config->tls);
	assert_null(config->watch[0]->watched_entity);
	assert_int_equal(config->watch[0]->max_latency, 300 * NSEC_PER_SEC);
	assert_int_equal(config->watch[0]->repeat_interval, 60 * NSEC_PER_SEC);
	assert_null(config->watch[0]->pagerduty_contact);
	assert_string_equal(
		config->watch[0]->pagerduty_url, "https://events.pagerduty.com/v2/enqueue");
	assert_int_equal(config->rooms.count, 1);
	assert_int_equal(config->level, LOG_LEVEL_INFO);
	assert_false(config->syslog_errors);
	config_free(config);
}

static void every_key_is_read(void **state)
{
	struct reason why;
	struct config *config = read_text("# a comment\r\n"
					  "; another\n"
					  "   # an indented one\n"
					  "[oobetet]\n"
					  "enabled = Yes\n"
					  "server=jabber.example.com\n"
					  "port = 5223  \n"
					  "jabberid = flapjacktest@jabber.example.com/home\n"
					  "password = =a;b \"c\" # d:e\n"
					  "alias = oobe tet\n"
					  "tls = off\n"
					  "watched_check = He said \"x\" twice\n"
					  "watched_entity = flapper-01\n"
					  "max_latency = 1m30s\n"
					  "repeat_interval = 2m\n"
					  "pagerduty_contact = 11111111111111111111111111111111\n"
					  "pagerduty_url = http://127.0.0.1:8080/v2/enqueue\n"
					  "rooms = a@c.example.com , b@c.example.com\n"
					  "rooms = c@c.example.com\n"
					  "[logger]\n"
					  "level = DEBUG\n"
					  "syslog_errors = on",
		&why);

	(void)state;
	if (config == NULL)
		fail_msg("%s", why.text);
	assert_string_equal(config->server, "jabber.example.com");
	assert_int_equal(config->port, 5223);
	assert_string_equal(config->password, "=a;b \"c\" # d:e");
	assert_string_equal(config->alias, "oobe tet");
	assert_false(config->tls);
	assert_string_equal(config->watch[0]->watched_check, "He said \"x\" twice");
	assert_int_equal(config->watch[0]->max_latency, 90 * NSEC_PER_SEC);
	assert_int_equal(config->rooms.count, 3);
	assert_string_equal(config->rooms.item[1], "b@c.example.com");
	assert_string_equal(config->rooms.item[2], "c@c.example.com");
	assert_int_equal(config->level, LOG_LEVEL_DEBUG);
	assert_true(config->syslog_errors);
	config_free(config);
}

#define LISTEN "watched_check = Flapper\nlisten_command = tail -F \"a b\"\n"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void errors_name_their_line(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{"", ": the key 'jabberid' is missing"},
		{"jabberid = a@b\n", ": the key 'password' is missing, and so is 'password_file'"},
		{"jabberid = a@b\npassword = x\n", ": the key 'watched_check' is missing"},
		{"jabberid = a@b\npassword = x\nwatched_check = c\n",
			": the key 'rooms' is missing"},
		{LEAST "\nbogus = 1\n",
			":6: unknown key 'bogus' in [oobetet]; oobetet.ini(5) lists all keys"},
		{"max_latancy = x\n",
			":1: unknown key 'max_latancy' in [oobetet]; is it 'max_latency'?"},
		{"pager-duty_contact = x\n",
			":1: unknown key 'pager-duty_contact' in [oobetet]; is it 'pagerduty_contact'?"},
		{"syslog-error = x\n",
			":1: unknown key 'syslog-error' in [oobetet]; is it 'syslog_errors' in [logger]?"},
		{"x = x\n", ":1: unknown key 'x' in [oobetet]; oobetet.ini(5) lists all keys"},
		{LEAST "level = INFO\n", ":5: the key 'level' belongs into [logger]"},
		{"[logger]\nalias = x\n", ":2: the key 'alias' belongs into [oobetet]"},
		{"[logger]\nbogus = x\n", ":2: unknown key 'bogus' in [logger]"},
		{"[elsewhere]\n",
			":1: unknown section '[elsewhere]'; expected [oobetet] or [logger]"},
		{"[watch]\n", ":1: unknown section '[watch]'; expected [oobetet] or [logger], or"},
		{"[watch ]\n", ":1: expected [watch NAME], NAME of 1 to 64 bytes"},
		{"[watch web\n", ":1: expected [watch NAME], NAME of 1 to 64 bytes"},
		{"[watch " X50 "123456789012345]\n", ":1: expected [watch NAME], NAME of 1 to 64"},
		{"[watch  web]\n", ":1: expected [watch NAME], NAME without brackets"},
		{"[watch a]b]\n", ":1: expected [watch NAME], NAME without brackets"},
		{"[watch \"web\"]\n", ":1: expected [watch NAME], NAME without brackets"},
		{"[watch a\x01]\n", ":1: expected [watch NAME], NAME without brackets"},
		{"[watch web]\n[oobetet]\n[watch Web]\n", ":3: the watch 'Web' is there twice"},
		{"[watch web]\nalias = x\n", ":2: the key 'alias' belongs into [oobetet]"},
		{"[watch web]\nstate_file = x\n",
			":2: the key 'state_file' belongs into [oobetet]"},
		{"[watch web]\nlevel = INFO\n", ":2: the key 'level' belongs into [logger]"},
		{"[watch web]\nmax_latancy = x\n",
			":2: unknown key 'max_latancy' in [watch web]; is it 'max_latency'?"},
		{"[watch web]\npassword_fil = x\n",
			":2: unknown key 'password_fil' in [watch web]; is it 'password_file' in [oobetet]?"},
		{"[watch web]\nmax_latency = 1\nmax_latency = 2\n",
			":3: max_latency: is already there, in line 2"},
		{"jabberid = a@b\npassword = x\nrooms = r@c\n[watch web]\nwatched_check = c\n"
		 "[watch mail]\n",
			": [watch mail]: the key 'watched_check' is missing: the name"},
		{LEAST "[watch web]\nrepeat_interval = 1h\nrepeat_max = 1m\n",
			":7: [watch web]: repeat_max: is shorter than repeat_interval"},
		/* the line of the value that was inherited */
		{LEAST "repeat_max = 2m\n[watch web]\nrepeat_interval = 1h\n",
			":5: [watch web]: repeat_max: is shorter than repeat_interval"},
		{LEAST "[watch web]\nproblem_pattern = x\n",
			":6: [watch web]: problem_pattern and recovery_pattern need each other"},
		{LEAST "[watch web]\npagerduty_contact = x\npagerduty_contact_file = /dev/null\n",
			":7: [watch web]: pagerduty_contact_file: there is pagerduty_contact as well"},
		{"[logger\n", ":1: unknown section"},
		{"[logger] level = INFO\n", ":1: unknown section"},
		{LEAST "alias\n", ":5: expected 'key = value'"},
		{"password: x\n", ":1: expected 'key = value'"},
		{"= x\n", ":1: expected 'key = value'"},
		{LEAST "alias =\n", ":5: alias: the value is missing"},
		{LEAST "alias = a\nalias = b\n", ":6: alias: is already there, in line 5"},
		{LEAST "port = 65536\n", ":5: port: 65536 is not from 1 to 65535"},
		{LEAST "port = 5222x\n", ":5: port: '5222x' is not a whole number"},
		{LEAST "enabled = maybe\n", ":5: enabled: 'maybe': expected yes or no"},
		{LEAST "tls = no\n", ":5: tls: 'no': expected required or off"},
		{LEAST "tls_ca_file = /nowhere/ca.pem\n",
			":5: tls_ca_file: cannot read /nowhere/ca.pem: No"},
		{LEAST "tls_ca_file = /\n", ":5: tls_ca_file: /: Is a directory"},
		{LEAST "tls_ca_file = /dev/null\n",
			":5: tls_ca_file: /dev/null: holds no PEM certificate"},
		{LEAST "state_file = /dev/null\n", ":5: state_file: /dev/null: is no plain file"},
		{LEAST "state_file = /\n", ":5: state_file: /: is no plain file"},
		{LEAST "max_latency = 5 minutes\n",
			":5: max_latency: '5 minutes' is not a duration"},
		{LEAST "max_latency = 999ms\n", ":5: max_latency: '999ms' is not from 1s to"},
		{LEAST "repeat_interval = 0\n", ":5: repeat_interval: '0' is not from"},
		{LEAST "server = jabber.example.com:5222\n", ":5: server: "},
		{LEAST "pagerduty_url = events.pagerduty.com\n", ":5: pagerduty_url: "},
		{LEAST "pagerduty_url = ftp://x/y\n", ":5: pagerduty_url: "},
		{LEAST "pagerduty_url = http:///y\n", ":5: pagerduty_url: "},
		{LEAST "watched_entity = \"web\"\n",
			":5: watched_entity: \"web\": quotation marks"},
		{LEAST "watched_nick = flapjack, \"eve\"\n",
			":5: watched_nick: \"eve\": quotation marks"},
		{LEAST "incident_key = " X50 X50 X50 "0123456789x\n",
			":5: incident_key: it is longer than 160 bytes"},
		{"jabberid = jabber.example.com\n", ":1: jabberid: "},
		{"jabberid = a@b/\n", ":1: jabberid: "},
		{"jabberid = a@b@c\n", ":1: jabberid: "},
		{LEAST "problem_pattern = a(b\n",
			":5: problem_pattern: 'a(b': no extended regular expression: "},
		{LEAST "problem_pattern = \\\\(.)\\1\n",
			":5: problem_pattern: '\\\\(.)\\1': a back-reference"},
		{LEAST "problem_pattern = x\n",
			":5: problem_pattern and recovery_pattern need each other"},
		{LEAST "recovery_pattern = x\n",
			":5: problem_pattern and recovery_pattern need each other"},
		{LEAST "heartbeat_pattern = x\nproblem_pattern = x\nrecovery_pattern = y\n",
			":5: heartbeat_pattern is instead of problem_pattern"},
		{LEAST "repeat_interval = 1h\nrepeat_max = 30m\n",
			":6: repeat_max: is shorter than repeat_interval"},
		{LEAST "password_file = /nowhere/password\n",
			":5: password_file: cannot read /nowhere/password: No"},
		{LEAST "password_file = /dev/null\n",
			":5: password_file: there is password as well, in line 2: expected one"},
		{"pagerduty_contact_file = /dev/null\n",
			":1: pagerduty_contact_file: /dev/null: it is no plain file"},
		{"pagerduty_contact_file = /dev/zero\n",
			":1: pagerduty_contact_file: /dev/zero: it is no plain file"},
		/* it may have a password */
		{"pagerduty_url = user:s3cret@h\n", ":1: pagerduty_url: expected the full address"},
		{"password_file = /\n", ":1: password_file: /: it is no plain file"},
		{LEAST "watched_nick = a,,b\n", ":5: watched_nick: '': expected a name"},
		{LEAST "pagerduty_api = 2\n", ":5: pagerduty_api: '2': expected v1 or v2"},
		{LEAST "pagerduty_severity = bad\n", ":5: pagerduty_severity: 'bad': expected"},
		{"rooms = a@b, \n", ":1: rooms: '': expected a room"},
		{"rooms = a@b/nick\n", ":1: rooms: 'a@b/nick': expected a room"},
		{"rooms = a@b\nrooms = c@d, A@B\n", ":2: rooms: 'A@B' is there twice"},
		{LEAST "listen_command = a 'b\n", ":5: listen_command: a quotation mark is not"},
		{LEAST "listen_format = xml\n", ":5: listen_format: 'xml': expected 'text'"},
		{LEAST "listen_format = text\n", ":5: listen_format: there is no listen_command"},
		{LEAST "listen_silence = 5\n", ":5: listen_silence: there is no listen_command"},
		{LEAST "listen_command = a\nwatch_rooms = a@b\n",
			":6: watch_rooms: listen_command is in place of it"},
		{LEAST "listen_command = a\nwatched_nick = x\n",
			":6: watched_nick: the lines of the listen_command have no nick"},
		{LEAST "listen_command = a\nwatched_jid = a@b\n",
			":6: watched_jid: a listen_command has no occupants"},
		{LEAST "listen_command = a\nwatched_affiliation = owner\n",
			":6: watched_affiliation: a listen_command has no occupants"},
		{LEAST "watched_jid = a@b/c\n",
			":5: watched_jid: 'a@b/c': expected a Jabber ID without resource"},
		{LEAST "watched_affiliation = none\n",
			":5: watched_affiliation: 'none': expected member, admin or owner"},
		{LISTEN, ":2: the alarm has no channel: set alert_rooms, pagerduty_contact or"},
		{LISTEN "alert_rooms = a@b\n", ": the key 'jabberid' is missing"},
		{"listen_command = a\nalert_command = b\n", ": the key 'watched_check' is missing"},
		{LEAST "[logger]\nlevel = LOUD\n",
			":6: level: 'LOUD': expected DEBUG, INFO, WARN or ERROR"},
		/* lines that inih would misread */
		{"password = a ;b\n", ":1: a blank and ';' begin a comment"},
		{"password = a\t; b\n", ":1: a blank and ';' begin a comment"},
		{"password = a\n  alias = b\n", ":2: a line must not begin with a blank"},
		{"\talias = b\n", ":1: a line must not begin with a blank"},
		{"password = " X50 X50 X50 X50 "\n", ":1: the line is longer than 198 bytes"},
		{"\xef\xbb\xbf" LEAST, ":1: the file begins with a byte-order mark"},
		{"alias = a\x01"
		 "b\n",
			":1: the line holds control characters"},
		{"alias = \xff\n", ":1: the line holds control characters, or is not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct reason why = {""};
		struct config *config = read_text(cases[i].text, &why);

		if (config != NULL)
			fail_msg("accepted: %s", cases[i].text);
		if (strncmp(why.text, path, strlen(path)) != 0 ||
			strncmp(why.text + strlen(path), cases[i].expected,
				strlen(cases[i].expected)) != 0)
			fail_msg("expected '%s', got '%s'", cases[i].expected, why.text);
	}
}

static void invalid_files_are_refused(void **state)
{
	static const char nul[] = "alias = a\0b\n";
	struct reason why = {""};

	(void)state;
	assert_null(read_bytes(nul, sizeof nul - 1, &why));
	assert_non_null(strstr(why.text, ":1: the line holds a NUL byte"));
	assert_null(config_read("/nowhere/oobetet.ini", &why));
	assert_string_equal(why.text, "/nowhere/oobetet.ini: No such file or directory");
	assert_null(config_read("/", &why));
	assert_string_equal(why.text, "/:1: Is a directory");
	assert_null(config_read("/dev/zero", &why));
	assert_string_equal(why.text, "/dev/zero:1: the line holds a NUL byte");
}

static void the_longest_line_is_accepted(void **state)
{
	struct reason why;
	struct config *config = read_text(
		LEAST "watched_entity = " X50 X50 X50 "0123456789012345678901234567890\n", &why);

	(void)state;
	if (config == NULL)
		fail_msg("%s", why.text);
	assert_int_equal(
		strlen("watched_entity = ") + strlen(config->watch[0]->watched_entity), 198);
	config_free(config);
}

static void read_fails(const char *lines, const char *fault)
{
	char text[2 * sizeof path + 300];
	struct reason why;

	snprintf(text, sizeof text, LEAST "%s", lines);
	assert_null(read_text(text, &why));
	if (strstr(why.text, fault) == NULL)
		fail_msg("expected '%s', got '%s'", fault, why.text);
}

/* It is replaced as a whole. */
static void a_file_that_is_written_has_no_other_use(void **state)
{
	char lines[2 * sizeof path + 100];

	(void)state;
	snprintf(lines, sizeof lines, "state_file = ./%s\n", path);
	read_fails(lines, ":5: state_file: ./oobetet-ini.");
	read_fails(
		lines, " is the configuration or another file that is used: it would be replaced");
	snprintf(lines, sizeof lines, "metrics_file = %s\n", path);
	read_fails(lines, ":5: metrics_file: oobetet-ini.");
	read_fails(
		"state_file = /none/a\nmetrics_file = /none/a\n", ":6: metrics_file: /none/a is");
	/* a secret of a watch */
	char secret[] = "oobetet-secret.XXXXXX";
	int fd = mkstemp(secret);
	assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
	close(fd);
	snprintf(lines, sizeof lines, "metrics_file = %s\n[watch a]\npagerduty_contact_file = %s\n",
		secret, secret);
	read_fails(lines, ":5: metrics_file: oobetet-secret.");
	unlink(secret);
}

/* As the server writes them; a nick may have capitals. */
static void addresses_are_in_lower_case(void **state)
{
	struct reason why;
	struct config *config = read_text("jabberid = a@b\npassword = x\nwatched_check = c\n"
					  "rooms = ÜBER-Ä@Konferenz.Öst.de, Ops@ΣΔ.gr\n"
					  "rooms = ASCII@b\n"
					  "watched_nick = Ärger\nwatched_jid = Ünit@b\n",
		&why);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->rooms.item[0], "über-ä@konferenz.öst.de");
	assert_string_equal(config->rooms.item[1], "ops@σδ.gr");
	assert_string_equal(config->rooms.item[2], "ASCII@b");
	assert_string_equal(config->watch[0]->watched_nick.item[0], "Ärger");
	assert_string_equal(config->watch[0]->watched_jid.item[0], "ünit@b");
	config_free(config);
}

static void watch_rooms_and_alert_rooms_are_merged(void **state)
{
	struct reason why;
	struct config *config = read_text(LEAST, &why);

	(void)state;
	assert_int_equal(config->watch[0]->watch_rooms.count, 1);
	assert_int_equal(config->watch[0]->alert_rooms.count, 1);
	assert_string_equal(config->watch[0]->alert_rooms.item[0], config->rooms.item[0]);
	config_free(config);
	config = read_text(LEAST
		"watch_rooms = b@c, d@e\nalert_rooms = B@c, f@g\nwatched_nick = x, y\n",
		&why);
	assert_int_equal(config->rooms.count, 4);
	assert_int_equal(config->watch[0]->watch_rooms.count, 2);
	assert_int_equal(config->watch[0]->alert_rooms.count, 2);
	assert_int_equal(config->watch[0]->watched_nick.count, 2);
	config_free(config);
}

static void the_default_url_depends_on_the_api_version(void **state)
{
	struct reason why;
	struct config *config = read_text(LEAST "pagerduty_api = v1\n", &why);

	(void)state;
	assert_non_null(strstr(config->watch[0]->pagerduty_url, "create_event.json"));
	config_free(config);
	config = read_text(LEAST, &why);
	assert_non_null(strstr(config->watch[0]->pagerduty_url, "/v2/enqueue"));
	config_free(config);
}

static void a_disabled_configuration_may_be_incomplete(void **state)
{
	struct reason why;
	struct config *config = read_text("enabled = no\n", &why);

	(void)state;
	assert_non_null(config);
	assert_false(config->enabled);
	config_free(config);
	assert_null(read_text("enabled = no\nbogus = 1\n", &why));
}

static void a_world_readable_secret_is_reported(void **state)
{
	struct reason why;

	(void)state;
	chmod(path, 0644);
	struct config *config = read_text(LEAST, &why);
	assert_int_equal(config->exposed.count, 1);
	config_free(config);
	chmod(path, 0640);
	config = read_text(LEAST, &why);
	assert_int_equal(config->exposed.count, 0);
	config_free(config);
}

static char secret_path[] = "oobetet-secret.XXXXXX";

/* Reads a configuration whose password_file has these bytes; NULL: error, see `why`. */
static struct config *read_with_secret(
	const char *bytes, size_t length, mode_t mode, struct reason *why)
{
	char text[500];
	int fd = mkstemp(strcpy(secret_path, "oobetet-secret.XXXXXX"));

	assert_true(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
	fchmod(fd, mode);
	close(fd);
	snprintf(text, sizeof text,
		"jabberid = a@b\npassword_file = %s\nwatched_check = c\nrooms = r@c\n",
		secret_path);
	struct config *config = read_text(text, why);
	unlink(secret_path);
	return config;
}

static void a_secret_may_be_in_a_separate_file(void **state)
{
	static const char *const good[] = {"a ;b", "a ;b\n", "a ;b\r\n"};
	static const struct {
		const char *bytes;
		size_t length;
		const char *why;
	} bad[] = {
		{"a\nb\n", 4, "has more than one line"},
		{"\n", 1, "there is nothing in it"},
		{"a\0b", 3, "there is a NUL in it"},
		{"a\x01", 2, "holds control characters"},
	};
	struct reason why = {""};

	(void)state;
	chmod(path, 0600);
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		struct config *config =
			read_with_secret(good[i], strlen(good[i]), i == 0 ? 0644 : 0640, &why);

		if (config == NULL)
			fail_msg("%s", why.text);
		assert_string_equal(config->password, "a ;b");
		assert_int_equal(config->exposed.count, i == 0);
		config_free(config);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		assert_null(read_with_secret(bad[i].bytes, bad[i].length, 0600, &why));
		assert_non_null(strstr(why.text, ":2: password_file: oobetet-secret."));
		assert_non_null(strstr(why.text, bad[i].why));
	}
}

static void the_length_of_a_secret_is_limited(void **state)
{
	char long_one[1001];
	struct reason why = {""};

	(void)state;
	memset(long_one, 'x', sizeof long_one);
	struct config *config = read_with_secret(long_one, 1000, 0600, &why);
	assert_non_null(config);
	assert_int_equal(strlen(config->password), 1000);
	config_free(config);
	assert_null(read_with_secret(long_one, 1001, 0600, &why));
	assert_non_null(strstr(why.text, "is longer than 1000 bytes"));
}

/* The file is opened without blocking. */
static void a_secret_is_not_read_from_a_pipe(void **state)
{
	struct reason why;

	(void)state;
	assert_int_equal(mkfifo("oobetet-secret.fifo", 0600), 0);
	struct config *config = read_text("password_file = oobetet-secret.fifo\n", &why);
	unlink("oobetet-secret.fifo");
	assert_null(config);
	assert_non_null(strstr(why.text, "it is no plain file"));
}

static void a_long_repeat_interval_needs_no_repeat_max(void **state)
{
	struct reason why;
	struct config *config = read_text(LEAST "repeat_interval = 2h\n", &why);

	(void)state;
	assert_non_null(config);
	assert_int_equal(config->watch[0]->repeat_max, 7200 * NSEC_PER_SEC);
	config_free(config);
	config = read_text(LEAST, &why);
	assert_int_equal(config->watch[0]->repeat_max, 900 * NSEC_PER_SEC);
	config_free(config);
}

/* The keys passed to a worker, one a line. */
static char keys_passed[2000];

static void key_append(void *user, int watch, const char *key, const char *value)
{
	struct reason why;

	if (!config_take(user, watch, key, value, &why))
		fail_msg("%s", why.text);
	snprintf(keys_passed + strlen(keys_passed), sizeof keys_passed - strlen(keys_passed),
		"%s=%s\n", key, value);
}

static void a_worker_gets_only_the_keys_that_it_needs(void **state)
{
	struct reason why;
	struct config *config = read_text(LEAST "rooms = b@c, d@e\n"
						"pagerduty_contact = secret-key\n",
		&why);
	struct config *xmpp = config_new(), *http = config_new();

	(void)state;
	assert_non_null(config);
	keys_passed[0] = '\0';
	config_hand_over(config, CONFIG_XMPP, key_append, xmpp);
	assert_non_null(strstr(keys_passed, "password=nuther-good-password\n"));
	assert_non_null(strstr(keys_passed, "alias=flapjacktest\n"));
	assert_non_null(strstr(keys_passed, "rooms=b@c\nrooms=d@e\n"));
	assert_null(strstr(keys_passed, "secret-key"));
	config_complete(xmpp);
	assert_int_equal(xmpp->rooms.count, 3);
	assert_int_equal(xmpp->max_latency, config->watch[0]->max_latency);
	keys_passed[0] = '\0';
	config_hand_over(config, CONFIG_HTTP, key_append, http);
	assert_non_null(strstr(keys_passed, "pagerduty_contact=secret-key\n"));
	assert_null(strstr(keys_passed, "password"));
	assert_null(strstr(keys_passed, "jabberid"));
	assert_string_equal(http->watch[0]->pagerduty_url, config->watch[0]->pagerduty_url);
	config_free(http);
	config_free(xmpp);
	config_free(config);
}

static void the_listing_masks_secrets_and_can_be_read_again(void **state)
{
	struct reason why;
	struct config *config = read_text(LEAST
		"rooms = b@c\npagerduty_contact = secret-key\nroom_password = room-secret\n"
		"heartbeat_url = https://hc.example.com/secret-uuid\nwatch_rooms = w@c\n"
		"[logger]\nlevel = WARN\n",
		&why);
	char *shown = NULL;
	size_t size;
	FILE *out = open_memstream(&shown, &size);

	(void)state;
	assert_non_null(config);
	config_show(config, out);
	fclose(out);
	config_free(config);
	assert_null(strstr(shown, "nuther-good-password"));
	assert_null(strstr(shown, "secret-key"));
	assert_null(strstr(shown, "room-secret"));
	assert_null(strstr(shown, "secret-uuid"));
	assert_non_null(strstr(shown, "\nheartbeat_url = https://hc.example.com/********\n"));
	assert_non_null(strstr(shown, "\nrooms = test@conference.jabber.example.com, b@c, w@c\n"));
	assert_non_null(strstr(shown, "\npassword = ********\n"));
	config = read_text(shown, &why);
	assert_non_null(config);
	assert_int_equal(config->rooms.count, 3);
	assert_int_equal(config->level, LOG_LEVEL_WARNING);
	config_free(config);
	free(shown);
}

static struct config *must_read(const char *text)
{
	struct reason why;
	struct config *config = read_text(text, &why);

	if (config == NULL)
		fail_msg("%s", why.text);
	return config;
}

static void a_watch_overrides_what_it_inherits(void **state)
{
	struct config *config = must_read("[watch web]\n"
					  "watched_entity = web-01\n"
					  "rooms = web@c\n"
					  "max_latency = 1m\n"
					  "[oobetet]\n" LEAST "watched_nick = x, y\n"
					  "pagerduty_contact = secret-key\n"
					  "alert_rooms = boss@c\n"
					  "repeat_interval = 2m\n"
					  "[watch mail two]\n"
					  "watched_nick = z\n"
					  "[watch last]\n");
	const struct watch_config *web = config->watch[0], *mail = config->watch[1],
				  *last = config->watch[2];

	(void)state;
	assert_int_equal(config->watch_count, 3);
	assert_string_equal(web->name, "web");
	assert_string_equal(mail->name, "mail two");
	assert_string_equal(mail->label, "watch mail two: ");
	assert_int_equal(mail->index, 1);
	assert_string_equal(web->watched_check, "Flapper");
	assert_string_equal(web->watched_entity, "web-01");
	assert_null(last->watched_entity);
	assert_int_equal(web->max_latency, 60 * NSEC_PER_SEC);
	assert_int_equal(mail->max_latency, 300 * NSEC_PER_SEC);
	assert_int_equal(mail->repeat_interval, 120 * NSEC_PER_SEC);
	assert_string_equal(last->pagerduty_contact, "secret-key");
	assert_int_equal(web->watched_nick.count, 2);
	assert_int_equal(mail->watched_nick.count, 1);
	/* its own rooms replace those of [oobetet], but not the alert_rooms there */
	assert_int_equal(web->watch_rooms.count, 1);
	assert_string_equal(web->watch_rooms.item[0], "web@c");
	assert_string_equal(web->alert_rooms.item[0], "boss@c");
	assert_int_equal(web->rooms.count, 2);
	assert_int_equal(last->rooms.count, 2);
	/* of all of them */
	assert_int_equal(config->rooms.count, 3);
	assert_int_equal(config->max_latency, 60 * NSEC_PER_SEC);
	config_free(config);
}

/* A key of [oobetet] that contradicts a key of the watch is not inherited. */
static void keys_that_exclude_each_other_are_inherited_together_or_not(void **state)
{
	struct config *config = must_read(LEAST "heartbeat_pattern = beat\n"
						"pagerduty_contact_file = /dev/null\n"
						"[watch a]\n"
						"problem_pattern = p\n"
						"recovery_pattern = r\n"
						"pagerduty_contact = key-of-a\n"
						"[watch b]\n"
						"pagerduty_contact = key-of-b\n");

	(void)state;
	assert_null(config->watch[0]->heartbeat_pattern);
	assert_string_equal(config->watch[0]->problem_pattern, "p");
	assert_string_equal(config->watch[0]->pagerduty_contact, "key-of-a");
	assert_string_equal(config->watch[1]->heartbeat_pattern, "beat");
	assert_null(config->watch[1]->problem_pattern);
	config_free(config);
}

static void listen_command_needs_no_account(void **state)
{
	struct config *config = must_read(LISTEN "alert_command = b\n");
	const struct watch_config *watch = config->watch[0];

	(void)state;
	assert_string_equal(watch->listen_command, "tail -F \"a b\"");
	assert_null(watch->listen_format);
	assert_int_equal(watch->listen_silence, 0);
	assert_int_equal(config->rooms.count + watch->watch_rooms.count, 0);
	config_free(config);
	/* rooms are for alarms then */
	config = must_read(LEAST "listen_command = a\nlisten_silence = 90\n"
				 "listen_format = nick text\nwatched_nick = x\n");
	watch = config->watch[0];
	assert_int_equal(watch->listen_silence, 90 * NSEC_PER_SEC);
	assert_int_equal(watch->watch_rooms.count, 0);
	assert_int_equal(watch->alert_rooms.count, 1);
	assert_int_equal(config->rooms.count, 1);
	config_free(config);
}

static void a_watch_listens_in_rooms_or_to_a_command(void **state)
{
	struct config *config = must_read("[oobetet]\n" LEAST "listen_silence = 5\n"
					  "listen_format = nick text\n"
					  "watched_nick = x\n"
					  "[watch rooms]\n"
					  "[watch command]\n"
					  "listen_command = a\n"
					  "listen_format = text\n");
	struct reason why;

	(void)state;
	assert_null(config->watch[0]->listen_command);
	assert_int_equal(config->watch[0]->watch_rooms.count, 1);
	assert_int_equal(config->watch[1]->watch_rooms.count, 0);
	assert_int_equal(config->watch[1]->watched_nick.count, 0);
	assert_int_equal(config->watch[1]->listen_silence, 5 * NSEC_PER_SEC);
	config_free(config);
	config = must_read("[oobetet]\n" LEAST "listen_command = a\nlisten_silence = 5\n"
			   "[watch command]\nrooms = b@c\n[watch rooms]\nwatch_rooms = b@c\n");
	assert_string_equal(config->watch[0]->listen_command, "a");
	assert_null(config->watch[1]->listen_command);
	assert_int_equal(config->watch[1]->listen_silence, 0);
	config_free(config);
	assert_null(read_text("[oobetet]\n" LEAST "[watch a]\nlisten_silence = 5\n", &why));
	assert_non_null(strstr(why.text, ":7: [watch a]: listen_silence: there is no listen_c"));
}

static void the_number_of_watches_and_of_their_rooms_is_limited(void **state)
{
	struct buffer text = {NULL, 0, 0};
	struct reason why;

	(void)state;
	buffer_append_text(&text, LEAST);
	for (int i = 1; i < WATCHES_MAX; i++)
		buffer_printf(&text, "[watch w%d]\nrooms = r%d@c\n", i, i);
	buffer_append_text(&text, "[watch last]\n");
	config_free(must_read(text.data));
	buffer_append_text(&text, "watch_rooms = one@c\n");
	assert_null(read_text(text.data, &why));
	assert_non_null(strstr(why.text, ": the watches have more than 64 rooms together"));
	buffer_append_text(&text, "[watch more]\n");
	assert_null(read_text(text.data, &why));
	assert_non_null(strstr(why.text, ":133: there are more than 64 watches"));
	buffer_free(&text);
}

/* The http worker needs each watch's key, the xmpp worker none; neither gets what is not its own.
 */
static void a_worker_gets_its_keys_of_each_watch(void **state)
{
	struct config *config = must_read(LEAST "alert_command = page-the-boss\n"
						"[watch a]\n"
						"pagerduty_contact = key-of-a\n"
						"watched_nick = nick-of-a\n"
						"[watch b]\n"
						"pagerduty_contact = key-of-b\n"
						"max_latency = 20\n"
						"rooms = b@c\n");
	struct config *xmpp = config_new(), *http = config_new();

	(void)state;
	keys_passed[0] = '\0';
	config_hand_over(config, CONFIG_XMPP, key_append, xmpp);
	config_complete(xmpp);
	assert_null(strstr(keys_passed, "key-of-"));
	assert_null(strstr(keys_passed, "page-the-boss"));
	assert_null(strstr(keys_passed, "watched_check"));
	assert_int_equal(xmpp->watch_count, 2);
	assert_int_equal(xmpp->rooms.count, 2);
	assert_int_equal(xmpp->max_latency, 20 * NSEC_PER_SEC);
	assert_string_equal(xmpp->watch[0]->watched_nick.item[0], "nick-of-a");
	assert_int_equal(xmpp->watch[1]->watched_nick.count, 0);
	keys_passed[0] = '\0';
	config_hand_over(config, CONFIG_HTTP, key_append, http);
	config_complete(http);
	assert_null(strstr(keys_passed, "nuther-good-password"));
	assert_null(strstr(keys_passed, "@c"));
	assert_string_equal(http->watch[0]->pagerduty_contact, "key-of-a");
	assert_string_equal(http->watch[1]->pagerduty_contact, "key-of-b");
	assert_int_equal(http->max_latency, 20 * NSEC_PER_SEC);
	config_free(http);
	config_free(xmpp);
	config_free(config);
}

static void a_worker_refuses_keys_of_watches_that_cannot_be(void **state)
{
	struct config *config = config_new();
	struct reason why;

	(void)state;
	assert_false(config_take(config, 1, "watched_nick", "x", &why));
	assert_false(config_take(config, WATCHES_MAX, "watched_nick", "x", &why));
	assert_false(config_take(config, -2, "watched_nick", "x", &why));
	assert_false(config_take(config, CONFIG_PROCESS, "watched_nick", "x", &why));
	assert_false(config_take(config, 0, "alias", "x", &why));
	assert_int_equal(config->watch_count, 0);
	assert_true(config_take(config, 0, "watched_nick", "x", &why));
	assert_true(config_take(config, CONFIG_PROCESS, "alias", "x", &why));
	assert_int_equal(config->watch_count, 1);
	config_free(config);
}

static void the_listing_shows_each_watch(void **state)
{
	struct config *config = must_read(LEAST "pagerduty_contact = secret-key\n"
						"[watch web]\n"
						"max_latency = 1m\n"
						"[watch mail]\n"
						"rooms = mail@c\n");
	char *shown = NULL;
	size_t size;
	FILE *out = open_memstream(&shown, &size);

	(void)state;
	config_show(config, out);
	fclose(out);
	config_free(config);
	assert_null(strstr(shown, "secret-key"));
	const char *web = strstr(shown, "\n[watch web]\n"),
		   *mail = strstr(shown, "\n[watch mail]\n");
	assert_true(web != NULL && mail != NULL && web < mail);
	const char *key = strstr(shown, "max_latency = 1m\n");
	assert_true(key > web && key < mail);
	assert_true(strstr(shown, "watched_check = ") > web);
	assert_non_null(strstr(mail, "\nmax_latency = 300\n"));
	config = must_read(shown);
	assert_int_equal(config->watch_count, 2);
	assert_string_equal(config->watch[1]->rooms.item[0], "mail@c");
	config_free(config);
	free(shown);
}

/* A watch with the same values keeps its object, whatever its place; a worker sees what is its own.
 */
static void a_configuration_is_the_same_after_a_transfer(void **state)
{
	struct buffer text = {NULL, 0, 0};
	char cut[] = "key\tport\t5222\n", foreign[] = "key\trooms\ta@b\nend\n",
	     bad[] = "key\tport\toften\nend\n";
	struct reason why;

	(void)state;
	struct config *config =
		read_text("jabberid = o@x\npassword = a\\tb;\nstate_file = /nowhere/state\n"
			  "rooms = a@x,b@x,  c@x\nwatched_check = A\n"
			  "[watch one]\nmax_latency = 2m\n"
			  "[watch two]\nwatched_nick = x,y\n",
			&why);
	assert_non_null(config);
	config_pack(config, &text);
	struct config *copy = config_unpack(text.data, &why);
	assert_non_null(copy);
	buffer_wipe(&text);
	assert_string_equal(copy->password, "a\\tb;");
	assert_string_equal(copy->watch[1]->name, "two");
	assert_int_equal(copy->watch[0]->rooms.count, 3);
	assert_int_equal(copy->rooms.count, 3);
	assert_int_equal(copy->max_latency, 120 * NSEC_PER_SEC);
	/* so nothing changes by it: every watch is kept */
	struct watch_config *kept = config->watch[1];
	config_keep(copy, config, config->watch_count);
	assert_ptr_equal(copy->watch[1], kept);
	for (unsigned worker = CONFIG_XMPP; worker <= CONFIG_PROBE; worker *= 2)
		assert_int_equal(config_part(copy, worker), config_part(config, worker));
	config_free(copy);
	config_free(config);
	assert_null(config_unpack(cut, &why));
	assert_string_equal(why.text, "it is not complete");
	assert_null(config_unpack(foreign, &why));
	assert_null(config_unpack(bad, &why));
}

static void a_reload_keeps_the_watches_that_are_the_same(void **state)
{
	struct config *before = must_read(LEAST "[watch a]\nmax_latency = 10\n[watch b]\n"
						"alert_command = true\n[watch c]\n");
	struct config *config = must_read(LEAST "[watch b]\nalert_command = true\n"
						"[watch a]\nmax_latency = 11\n[watch d]\n");
	const struct watch_config *b = before->watch[1], *c = before->watch[2];
	struct config *same = must_read(LEAST "[watch a]\nmax_latency = 10\n[watch b]\n"
					      "alert_command = false\n[watch c]\n");

	(void)state;
	assert_int_equal(config_part(before, CONFIG_WORKERS), config_part(same, CONFIG_WORKERS));
	assert_int_not_equal(config_part(before, CONFIG_XMPP), config_part(config, CONFIG_XMPP));
	config_keep(config, before, 3);
	assert_ptr_equal(config->watch[0], b);
	assert_int_equal(b->index, 0);
	assert_int_equal(before->watch[1]->index, 1);
	assert_int_equal(config->watch[1]->max_latency, 11 * NSEC_PER_SEC);
	assert_int_equal(before->watch[0]->max_latency, 10 * NSEC_PER_SEC);
	/* the last one is removed, but its notifications are still to be delivered */
	assert_true(config_move(config, before, c, CONFIG_HTTP));
	assert_int_equal(before->watch_count, 2);
	assert_ptr_equal(config->watch[3], c);
	assert_int_equal(c->index, 3);
	config_drop(config, config->watch[1]);
	assert_int_equal(config->watch_count, 3);
	assert_int_equal(c->index, 2);
	config_complete(config);
	assert_int_equal(config->rooms.count, 1);
	config_free(same);
	config_free(config);
	config_free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minimal_file_gets_the_defaults),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(errors_name_their_line),
		cmocka_unit_test(invalid_files_are_refused),
		cmocka_unit_test(the_longest_line_is_accepted),
		cmocka_unit_test(a_file_that_is_written_has_no_other_use),
		cmocka_unit_test(addresses_are_in_lower_case),
		cmocka_unit_test(watch_rooms_and_alert_rooms_are_merged),
		cmocka_unit_test(the_default_url_depends_on_the_api_version),
		cmocka_unit_test(a_disabled_configuration_may_be_incomplete),
		cmocka_unit_test(a_world_readable_secret_is_reported),
		cmocka_unit_test(a_secret_may_be_in_a_separate_file),
		cmocka_unit_test(the_length_of_a_secret_is_limited),
		cmocka_unit_test(a_secret_is_not_read_from_a_pipe),
		cmocka_unit_test(a_long_repeat_interval_needs_no_repeat_max),
		cmocka_unit_test(a_worker_gets_only_the_keys_that_it_needs),
		cmocka_unit_test(the_listing_masks_secrets_and_can_be_read_again),
		cmocka_unit_test(a_watch_overrides_what_it_inherits),
		cmocka_unit_test(listen_command_needs_no_account),
		cmocka_unit_test(a_watch_listens_in_rooms_or_to_a_command),
		cmocka_unit_test(keys_that_exclude_each_other_are_inherited_together_or_not),
		cmocka_unit_test(the_number_of_watches_and_of_their_rooms_is_limited),
		cmocka_unit_test(a_worker_gets_its_keys_of_each_watch),
		cmocka_unit_test(a_worker_refuses_keys_of_watches_that_cannot_be),
		cmocka_unit_test(the_listing_shows_each_watch),
		cmocka_unit_test(a_configuration_is_the_same_after_a_transfer),
		cmocka_unit_test(a_reload_keeps_the_watches_that_are_the_same),
	};

	return cmocka_run_group_tests(tests, path_make, path_remove);
}
