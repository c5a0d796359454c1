/* SPDX-License-Identifier: MIT */
#include "t/unit/oobetet-model.h"

static nsec silence(const struct model *model, int kind)
{
	return model->listened - model->received[kind];
}

/* Called before a message with this stamp is counted. */
static void evaluate_at(struct model *model, nsec stamp)
{
	nsec limit = nsec_earlier(model->received[0], model->received[1]) + model->max_latency;

	if (model->open || stamp <= limit)
		return;
	model->open = true;
	model->since = limit;
	model->incidents++;
}

void model_evaluate(struct model *model)
{
	evaluate_at(model, model->listened);
}

void model_receive_late(struct model *model, enum kind kind, nsec stamp)
{
	evaluate_at(model, stamp);
	if (stamp > model->received[kind])
		model->received[kind] = stamp;
	nsec oldest = nsec_earlier(model->received[0], model->received[1]);
	nsec newest = model->received[0] + model->received[1] - oldest;
	if (model->open && oldest > model->since && newest - oldest <= model->max_latency) {
		model->open = false;
		model->ends++;
	}
}

void model_receive(struct model *model, enum kind kind)
{
	model_receive_late(model, kind, model->listened);
}

bool model_is_on_the_edge(const struct model *model, nsec within)
{
	for (int i = 0; i < MODEL_KINDS; i++) {
		nsec over = silence(model, i) - model->max_latency;

		if (over > 0 && over <= within)
			return true;
	}
	return false;
}
