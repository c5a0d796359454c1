/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/status.h"

void status_init(struct status_board *board, nsec now)
{
	pthread_mutex_init(&board->lock, NULL);
	board->status = (struct delivery_status){
		.role_since = now,
		.outlived_at = NSEC_NEVER,
		.redis_since = now,
		.redis_why = "not connected yet",
		.queue_length = -1,
	};
	atomic_init(&board->role, (int)DELIVERY_STARTS);
	atomic_init(&board->outlived_at, NSEC_NEVER);
}

void status_free(struct status_board *board)
{
	pthread_mutex_destroy(&board->lock);
}

void status_publish(struct status_board *board, const struct delivery_status *status)
{
	pthread_mutex_lock(&board->lock);
	board->status = *status;
	atomic_store(&board->role, (int)status->role);
	atomic_store(&board->outlived_at, status->outlived_at);
	pthread_mutex_unlock(&board->lock);
}

struct delivery_status status_read(struct status_board *board)
{
	pthread_mutex_lock(&board->lock);
	struct delivery_status status = board->status;
	pthread_mutex_unlock(&board->lock);
	return status;
}

enum delivery_role status_role(struct status_board *board)
{
	return (enum delivery_role)atomic_load(&board->role);
}

nsec status_outlived_at(struct status_board *board)
{
	return atomic_load(&board->outlived_at);
}

const char *delivery_role_name(enum delivery_role role)
{
	static const char *const names[] = {"starting", "active", "standby"};

	return names[role];
}

enum backpressure_change backpressure_update(
	struct backpressure *backpressure, int64_t length, nsec now)
{
	bool before = backpressure->paused;

	if (length > backpressure->max)
		backpressure->paused = true;
	else if (length < backpressure->max - backpressure->max / 10)
		backpressure->paused = false;
	if (backpressure->paused == before)
		return PRESSURE_SAME;
	backpressure->ask_at = now + backpressure->interval;
	return backpressure->paused ? PRESSURE_PAUSES : PRESSURE_RESUMES;
}

bool backpressure_asks(const struct backpressure *backpressure, nsec now)
{
	return backpressure->paused && now >= backpressure->ask_at;
}

void backpressure_asked(struct backpressure *backpressure, nsec now)
{
	backpressure->ask_at = now + backpressure->interval;
}
