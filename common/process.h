/* SPDX-License-Identifier: MIT */
/*
 * A child process that runs a program of the user, without a shell, in a process group of its own:
 * start, end, kill. Its time limit and what is done with its output are the caller's. SIGCHLD says
 * that one has ended. Nothing here blocks, unless it says so.
 */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process_variable {
	const char *name;
	const char *value; /* NULL: the variable is removed */
};

/* Nothing is owned, nor needed after process_start(). */
struct process_plan {
	char *const *argv;                        /* up to a NULL; argv[0] is searched in PATH */
	const struct process_variable *variables; /* up to one without a name; NULL: none */
	int in, out, err;  /* become its standard descriptors; the caller closes them; -1: ours */
	bool transparent;  /* it inherits all, as from timeout(1). Otherwise neither other
			      descriptors nor what our supervisor set for this process only */
	bool in_our_group; /* it gets no group of its own */
	bool dies_with_us; /* the kernel kills it (not its children) when this process dies */
	bool exec_is_awaited; /* until execvp(3) has succeeded, or failed: it reads the disk */
};

struct process {
	pid_t pid;   /* also of its group, if it has one of its own; 0: none */
	bool ended;  /* it is a zombie until process_reap(): no other group can get its number */
	bool killed; /* by process_kill() */
	int code;    /* si_code and si_status of siginfo_t, once it has ended */
	int status;
};

/*
 * 0, or errno, and no process. An execvp(3) that fails and is not awaited prints why on the new
 * standard error; the exit status is 127 (not found) or 126.
 */
int process_start(struct process *process, const struct process_plan *plan);

/* Whether it has ended; looks, and does not reap. False if there is none. */
bool process_ended(struct process *process);

/* Sends a signal to its group. Only before process_reap(). */
void process_signal(const struct process *process, int signal);

/* SIGKILL to its group. */
void process_kill(struct process *process);

/* Reaps it; pid is 0 then. One that was killed and has not ended is left to processes_reap(). */
void process_reap(struct process *process);

/* After SIGCHLD: reaps those. True: not all of them have ended. */
bool processes_reap(void);

/* `exit status 1`, `signal 9 (Killed)`. */
void process_end_text(const struct process *process, char *out, size_t size);

/* A file in memory to be its standard input, so that no process can block us. -1: see errno. */
int process_input(const char *bytes, size_t length);

/* A pipe; the first end, ours, does not block. */
bool process_pipe(int ends[2]);

#endif
