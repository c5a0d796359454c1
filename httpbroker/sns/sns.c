/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/sns.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/sns/seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

struct sns {
	struct policy policy;
	struct chain *chain; /* these three: NULL where nobody is allowed */
	struct fetcher *fetcher;
	struct certificates *certificates;
	pthread_mutex_t lock; /* for what was seen */
	struct seen *seen;
};

static void trust_set_up(struct sns *sns, const char *ca_file)
{
	struct reason why;

	sns->chain = chain_new(ca_file, &why);
	if (sns->chain == NULL)
		die(EX_NOINPUT, "--sns-ca-file: %s", why.text);
	sns->fetcher = fetcher_start(ca_file);
	sns->certificates = certificates_new(sns->chain, sns->fetcher);
}

struct sns *sns_start(const struct sns_settings *settings)
{
	struct sns *sns = memory_zeroed(1, sizeof *sns);

	sns->policy = settings->policy;
	sns->seen = seen_new();
	pthread_mutex_init(&sns->lock, NULL);
	if (sns->policy.count > 0)
		trust_set_up(sns, settings->ca_file);
	return sns;
}

void sns_stop(struct sns *sns)
{
	if (sns->fetcher != NULL)
		fetcher_stop(sns->fetcher);
}

void sns_free(struct sns *sns)
{
	if (sns->fetcher != NULL) {
		certificates_free(sns->certificates);
		fetcher_free(sns->fetcher);
	}
	chain_free(sns->chain);
	seen_free(sns->seen);
	pthread_mutex_destroy(&sns->lock);
	free(sns);
}

const struct policy *sns_gate(const struct sns *sns)
{
	return &sns->policy;
}

struct certificates *sns_certificates(struct sns *sns)
{
	return sns->certificates;
}

struct fetcher *sns_fetcher(struct sns *sns)
{
	return sns->fetcher;
}

bool sns_has_seen(struct sns *sns, struct text message_id, nsec now)
{
	pthread_mutex_lock(&sns->lock);
	bool has = seen_has(sns->seen, message_id, now);
	pthread_mutex_unlock(&sns->lock);
	return has;
}

void sns_remember(struct sns *sns, struct text message_id, nsec now)
{
	pthread_mutex_lock(&sns->lock);
	seen_add(sns->seen, message_id, now);
	pthread_mutex_unlock(&sns->lock);
}
