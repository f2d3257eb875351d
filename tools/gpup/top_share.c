// SPDX-License-Identifier: MIT
/* gpup top: what is whose due. */
#include <string.h>

#include "sysfs.h"
#include "top.h"

/* What the scheduler leaves to those that keep hanging the GPU, in percent. */
#define THROTTLE_CAP	10

const struct partition *top_find(const struct partition *list, int count,
				 const struct partition *partition)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(list[i].adapter, partition->adapter) &&
		    !strcmp(list[i].name, partition->name))
			return &list[i];
	return NULL;
}

/* In percent; as the scheduler takes it. */
static uint64_t cap_of(const struct partition *partition)
{
	uint64_t cap = partition->values[SCHED_CAP];

	if (!cap || cap > 100)
		cap = 100;
	if (partition->values[THROTTLED] && cap > THROTTLE_CAP)
		cap = THROTTLE_CAP;
	return cap;
}

double top_entitlement(const struct partition *partition, const struct partition *now, int count,
		       const struct partition *before, int before_count)
{
	uint64_t sum = 0, cap = cap_of(partition);
	bool wants = false;
	double percent;
	int i;

	for (i = 0; i < count; i++) {
		const struct partition *old = top_find(before, before_count, &now[i]);

		if (!old || strcmp(now[i].adapter, partition->adapter) ||
		    (now[i].values[GPU_TIME] == old->values[GPU_TIME] &&
		     now[i].values[WAIT_TIME] == old->values[WAIT_TIME]))
			continue;
		sum += now[i].values[SCHED_WEIGHT];
		wants |= &now[i] == partition;
	}
	if (!wants || !sum)
		return -1;
	percent = 100.0 * (double)partition->values[SCHED_WEIGHT] / (double)sum;
	return percent < (double)cap ? percent : (double)cap;
}
