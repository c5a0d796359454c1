/* SPDX-License-Identifier: MIT */
/* oobetet.ini: an accepted file is accepted by the workers, too; an error names its line. */
#include "oobetet/config/config.h"
#include "t/fuzz/fuzz.h"

static void give(void *user, int watch, const char *key, const char *value)
{
	struct reason why;

	FUZZ_EXPECT(config_take(user, watch, key, value, &why));
}

/* It can be handed to another process whole. */
static void transfer_try(const struct config *config)
{
	struct buffer text = {NULL, 0, 0}, again = {NULL, 0, 0};
	struct reason why;

	config_pack(config, &text);
	char *copy = fuzz_string((const uint8_t *)text.data, text.length);
	struct config *other = config_unpack(copy, &why);
	FUZZ_EXPECT(other != NULL);
	config_pack(other, &again);
	FUZZ_EXPECT(strcmp(text.data, again.data) == 0);
	FUZZ_EXPECT(other->rooms.count == config->rooms.count);
	FUZZ_EXPECT(other->max_latency == config->max_latency);
	config_free(other);
	buffer_free(&again);
	buffer_free(&text);
	free(copy);
}

static void accepted_try(const struct config *config)
{
	struct config *worker = config_new();
	char *shown = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&shown, &size);

	config_hand_over(config, CONFIG_WORKERS, give, worker);
	config_complete(worker);
	FUZZ_EXPECT(worker->watch_count == config->watch_count);
	FUZZ_EXPECT(worker->rooms.count == config->rooms.count);
	FUZZ_EXPECT(worker->max_latency == config->max_latency);
	config_show(config, out);
	fclose(out);
	FUZZ_EXPECT(size > 0 && strlen(shown) == size);
	transfer_try(config);
	FUZZ_EXPECT(config->watch_count > 0 && config->watch_count <= WATCHES_MAX);
	for (int i = 0; i < config->watch_count; i++)
		FUZZ_EXPECT(!config->enabled || config->watch[i]->watched_check != NULL);
	FUZZ_EXPECT(!config->enabled || config->rooms.count == 0 || config->password != NULL);
	free(shown);
	config_free(worker);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *copy = fuzz_string(bytes, length);
	struct reason why = {""};

	/* no test of the files of this machine */
	FILE *file =
		strstr(copy, "_file") == NULL && length > 0 ? fmemopen(copy, length, "r") : NULL;
	if (file != NULL) {
		struct config *config = config_read_stream(file, "fuzz", &why);

		if (config != NULL)
			accepted_try(config);
		else
			FUZZ_EXPECT(strncmp(why.text, "fuzz:", 5) == 0);
		config_free(config);
		fclose(file);
	}
	free(copy);
	return 0;
}
