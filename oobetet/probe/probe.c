/* SPDX-License-Identifier: MIT */
/* The reports of all probes to the monitor. */
#include "oobetet/probe/probe.h"

void probe_report(struct probe_run *run, enum message_type type, const char *const fields[])
{
	char watch[MESSAGE_NUMBER], stamp[MESSAGE_NUMBER];
	const char *all[IPC_FIELDS + 1] = {
		message_number_text(run->watch, watch), message_number_text(run->started, stamp)};

	for (int i = 0; i + 2 < IPC_FIELDS && fields[i] != NULL; i++)
		all[i + 2] = fields[i];
	ipc_send(run->ipc, type, all);
}

static const char *probe_number(const struct probe_run *run)
{
	static const char *const numbers[PROBES] = {"0", "1", "2"};

	return numbers[run->type->probe];
}

void probe_silent(struct probe_run *run)
{
	probe_report(run, MESSAGE_SILENT, FIELDS(probe_number(run)));
}

void probe_blind(struct probe_run *run, bool local, const char *why)
{
	probe_report(run, MESSAGE_BLIND, FIELDS(probe_number(run), local ? "1" : "0", why));
}
