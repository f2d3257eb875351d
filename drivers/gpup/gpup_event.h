/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What operators are told of jobs that go wrong.
 */
#ifndef _GPUP_EVENT_H_
#define _GPUP_EVENT_H_

#include "vidsch/vidsch.h"

extern const struct gpup_sched_listener gpup_partition_events;

#endif /* _GPUP_EVENT_H_ */
