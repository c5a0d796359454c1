/* SPDX-License-Identifier: MIT */
#include "common/log.h"

#include "common/descriptors.h"
#include "common/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <paths.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE 4096 /* a pipe takes this much in one piece (PIPE_BUF) */

static const struct level {
	const char *name;
	int priority; /* syslog's, and the journal's */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", LOG_ERR},
	[LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
	[LOG_LEVEL_INFO] = {"info", LOG_INFO},
	[LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

static const char *log_program = "?";
static enum log_level log_threshold = LOG_LEVEL_INFO;
static bool log_to_journal, log_to_syslog, log_waits = true;
static atomic_uint log_dropped; /* lines that stderr did not accept at once */

#define SYSLOG_LINE 2048 /* many daemons cut longer ones (RFC 5424, 6.1) */

static int syslog_fd = -1;
static struct sockaddr_un syslog_address = {.sun_family = AF_UNIX};

bool syslog_open(const char *path)
{
	if (strlen(path) >= sizeof syslog_address.sun_path)
		return false;
	memcpy(syslog_address.sun_path, path, strlen(path) + 1);
	if (syslog_fd < 0)
		syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return syslog_fd >= 0;
}

/* The form that glibc sends: `<27>Nov 20 10:29:06 program[123]: text`. */
bool syslog_send(int priority, const char *program, const char *text)
{
	char line[SYSLOG_LINE], stamp[32] = "";
	time_t now = time(NULL);
	struct tm local;

	if (localtime_r(&now, &local) != NULL)
		strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
	snprintf(line, sizeof line, "<%d>%s %s[%d]: %s", LOG_DAEMON | priority, stamp, program,
		(int)getpid(), text);
	/* not connected: a restarted daemon is found again */
	return sendto(syslog_fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL,
		       (const struct sockaddr *)&syslog_address, sizeof syslog_address) >= 0;
}

/* systemd.exec(5): JOURNAL_STREAM is `device:inode` of the stream that goes to the journal. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat status;

	return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

void log_open(const char *program)
{
	log_program = program;
	descriptors_complete();
	log_to_journal = stderr_is_journal();
}

void log_set_level(enum log_level level)
{
	log_threshold = level;
}

bool log_enabled(enum log_level level)
{
	return level <= log_threshold;
}

void log_errors_to_syslog(void)
{
	log_to_syslog = syslog_open(_PATH_LOG);
}

void log_never_wait(void)
{
	log_waits = false;
}

/* Control characters forge lines, steer terminals and make journald show `blob data`; a line that
 * is reordered says what was not written. */
static void line_clean(char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		size_t character = utf8_character(text, (size_t)(end - text));

		if (character > 0 && !utf8_is_control(text) && !utf8_reorders(text, character))
			text += character;
		else
			*text++ = '?';
	}
}

static int log_prefix(char *out, size_t size, const struct level *level)
{
	int journal = log_to_journal ? snprintf(out, size, "<%d>", level->priority) : 0;

	return journal + snprintf(out + journal, size - (size_t)journal, "%s: %s: ", log_program,
				 level->name);
}

/* A file, pipe or socket that polls as writable takes PIPE_BUF bytes; a terminal may take fewer. */
static bool line_try(const char *line, size_t length)
{
	static int fd = -1;
	static bool torn; /* the last line was written without its end */
	struct pollfd poller = {.events = POLLOUT};

	if (fd < 0)
		fd = descriptor_reopen_terminal(STDERR_FILENO);
	poller.fd = fd;
	if (poll(&poller, 1, 0) == 0 || (torn && write(fd, "\n", 1) < 0))
		return false;
	ssize_t wrote = write(fd, line, length);
	torn = wrote > 0 && (size_t)wrote < length;
	return wrote == (ssize_t)length;
}

/* Serialised where no thread may wait: two that see room for one line would both write. */
static bool stderr_write(const char *line, size_t length)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	if (log_waits)
		return write(STDERR_FILENO, line, length) >= 0;
	pthread_mutex_lock(&lock);
	bool written = line_try(line, length);
	pthread_mutex_unlock(&lock);
	return written;
}

/* Behind a line that was written. If there is no room for both, the count is kept. */
static void dropped_report(void)
{
	unsigned dropped = atomic_exchange(&log_dropped, 0);
	char line[LOG_LINE];

	if (dropped == 0 || !log_enabled(LOG_LEVEL_WARNING))
		return;
	size_t start = (size_t)log_prefix(line, sizeof line, &levels[LOG_LEVEL_WARNING]);
	snprintf(line + start, sizeof line - start,
		"%u log lines were dropped: stderr did not accept them\n", dropped);
	if (!stderr_write(line, strlen(line)))
		atomic_fetch_add(&log_dropped, dropped);
}

__attribute__((format(printf, 2, 0))) static void log_line(
	enum log_level level, const char *format, va_list arguments)
{
	char line[LOG_LINE];
	int saved_errno = errno; /* the caller may need it after logging */
	size_t start = (size_t)log_prefix(line, sizeof line, &levels[level]);

	vsnprintf(line + start, sizeof line - start - 1, format, arguments);
	line_clean(line + start);
	if (log_to_syslog && level == LOG_LEVEL_ERROR)
		syslog_send(LOG_ERR, log_program, line + start);
	size_t length = strlen(line);
	line[length++] = '\n';
	if (stderr_write(line, length))
		dropped_report();
	else if (!log_waits)
		log_dropped++;
	errno = saved_errno;
}

#define LOG_AT(level)                               \
	do {                                        \
		va_list arguments;                  \
                                                    \
		if (!log_enabled(level))            \
			return;                     \
		va_start(arguments, format);        \
		log_line(level, format, arguments); \
		va_end(arguments);                  \
	} while (0)

void log_error(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
}

void log_warning(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_WARNING);
}

void log_info(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}

void log_debug(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG);
}

_Noreturn void die(int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_LEVEL_ERROR, format, arguments);
	va_end(arguments);
	exit(code);
}

/* Each line moves `next` on by an interval; the burst limits how far ahead it may be. */
bool log_limit_pass(struct log_limit *limit, nsec now, unsigned long *dropped)
{
	nsec next = atomic_load(&limit->next), from;

	do {
		from = next > now ? next : now;
		if (from - now > (LOG_LIMIT_BURST - 1) * LOG_LIMIT_INTERVAL) {
			atomic_fetch_add(&limit->dropped, 1);
			return false;
		}
	} while (!atomic_compare_exchange_weak(&limit->next, &next, from + LOG_LIMIT_INTERVAL));
	*dropped = atomic_exchange(&limit->dropped, 0);
	return true;
}

const char *log_limit_text(unsigned long dropped, char out[LOG_LIMIT_TEXT])
{
	out[0] = '\0';
	if (dropped > 0)
		snprintf(out, LOG_LIMIT_TEXT, " (%lu more like it were not logged)", dropped);
	return out;
}

bool log_limited(struct log_limit *limit, nsec now, void (*write)(const char *format, ...),
	const char *format, ...)
{
	char line[LOG_LINE], more[LOG_LIMIT_TEXT];
	unsigned long dropped;
	va_list arguments;

	if (!log_limit_pass(limit, now, &dropped))
		return false;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	write("%s%s", line, log_limit_text(dropped, more));
	return true;
}
