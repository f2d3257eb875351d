/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The choice between partitions, and between the queues of one: data, no engines.
 */
#ifndef _GPUP_VIDSCH_PICK_H_
#define _GPUP_VIDSCH_PICK_H_

#include "vidsch.h"

/* Weight at which virtual time goes as fast as time does. */
#define GPUP_PICK_UNIT_WEIGHT	100u

/**
 * struct gpup_pick - The competition for one engine class
 */
struct gpup_pick {
	/** @tree: &struct gpup_sched_class with runnable queues, by vruntime. */
	struct rb_root_cached tree;
	/** @vtime: Virtual time: where a partition starts that has been idle. */
	u64 vtime;
	/** @vtime_max: Greatest vruntime that there was. */
	u64 vtime_max;
	/** @active: Number of partitions that run something, or could. */
	unsigned int active;
};

/**
 * struct gpup_pick_entity - One who wants to run: a queue
 */
struct gpup_pick_entity {
	/** @link: Entry of its class's runnable list; empty if not runnable. */
	struct list_head link;
	/** @sc: Its partition's part in the competition. */
	struct gpup_sched_class *sc;
	/** @priority: One of &enum drm_gpup_queue_priority. */
	u32 priority;
};

void gpup_pick_init(struct gpup_pick *pick);
void gpup_pick_class_init(struct gpup_sched_class *sc);
void gpup_pick_add(struct gpup_pick *pick, struct gpup_pick_entity *entity);
void gpup_pick_remove(struct gpup_pick *pick, struct gpup_pick_entity *entity);
struct gpup_pick_entity *gpup_pick_next(struct gpup_pick *pick);
void gpup_pick_charge(struct gpup_pick *pick, struct gpup_sched_class *sc, u64 gpu_ns,
		      u32 weight);
void gpup_pick_stop(struct gpup_pick *pick, struct gpup_sched_class *sc);

#endif /* _GPUP_VIDSCH_PICK_H_ */
