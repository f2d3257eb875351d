/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What operators are told of partitions.
 */
#ifndef _GPUP_EVENT_H_
#define _GPUP_EVENT_H_

#include "vidsch/vidsch.h"

struct gpup_partition;

extern const struct gpup_sched_listener gpup_partition_events;

void gpup_event_limits(struct gpup_partition *partition);
void gpup_event_needs_reset(struct gpup_partition *partition, u32 error);

#endif /* _GPUP_EVENT_H_ */
