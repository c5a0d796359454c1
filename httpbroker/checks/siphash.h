/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a hash under a secret key, so that nobody who does
 * not know the key can choose names that fall into one bucket.
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
