/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a hash with a secret key, without which no client can
 * choose names that collide.
 */
#ifndef HTTPBROKER_CHECKS_SIPHASH_H
#define HTTPBROKER_CHECKS_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t length);

#endif
