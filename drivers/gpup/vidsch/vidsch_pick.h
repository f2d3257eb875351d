/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The choice between partitions, and between the queues of one: data, a clock that is given
 * to it, and no engines.
 */
#ifndef _GPUP_VIDSCH_PICK_H_
#define _GPUP_VIDSCH_PICK_H_

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/* Weight at which virtual time goes as fast as time does. */
#define GPUP_PICK_UNIT_WEIGHT	100u
/* Levels of priority inside a partition. */
#define GPUP_PICK_PRIORITIES	3
/* A cap that is none, in percent. */
#define GPUP_PICK_NO_CAP	0u
/* No time at all, or never. */
#define GPUP_PICK_NEVER		((u64)-1)

/**
 * struct gpup_pick - The competition for one engine class
 */
struct gpup_pick {
	/** @tree: &struct gpup_sched_class that compete, by deadline. */
	struct rb_root_cached tree;
	/** @throttled: Those that would, but for their caps, by the end of their wait. */
	struct rb_root_cached throttled;
	/** @woken: Those that were idle, in the order in which they woke up. */
	struct list_head woken;
	/** @engines: Number of engines. */
	unsigned int engines;
	/** @weight: Sum of the weights of those that count for the virtual time. */
	u64 weight;
	/** @sum: Sum of their distances from @vtime, each times its weight. */
	s64 sum;
	/** @vtime: Virtual time when it was last looked at. */
	u64 vtime;
	/** @vtime_max: Greatest virtual runtime that there was. */
	u64 vtime_max;
	/** @active: Number of partitions that run something, or could. */
	unsigned int active;
};

/**
 * struct gpup_pick_params - What a partition is entitled to
 */
struct gpup_pick_params {
	/** @weight: Its share is this to the sum of all. */
	u32 weight;
	/** @cap: Percent of the time of all engines, or GPUP_PICK_NO_CAP. */
	u32 cap;
	/** @quantum_ns: How long it may run if others wait. */
	u64 quantum_ns;
};

/**
 * struct gpup_sched_class - A partition's part in the competition for one engine class
 */
struct gpup_sched_class {
	/** @node: Entry of one of the trees, or empty. */
	struct rb_node node;
	/** @throttled: It is in the tree of those who wait for their caps. */
	bool throttled;
	/** @averaged: It counts for the virtual time. */
	bool averaged;
	/** @params: What it is entitled to. */
	struct gpup_pick_params params;
	/** @vruntime: Time it has had, divided by weight, in ns at the unit weight. */
	u64 vruntime;
	/** @remainder: What that division has left over, in ns times the unit weight. */
	u64 remainder;
	/** @deadline: Virtual time at which what it asks for shall be done. */
	u64 deadline;
	/** @min_vruntime: Least @vruntime of it and those below it in the tree. */
	u64 min_vruntime;
	/** @advance: Part of @vruntime that it was charged for what runs. */
	u64 advance;
	/** @next_start: When its cap lets it start again, in ns. */
	u64 next_start;
	/** @cap_seq: How often its cap has changed. */
	u32 cap_seq;
	/** @woken_link: Entry of those who woke up, or empty. */
	struct list_head woken_link;
	/** @runnable: Runnable queues, a list for each priority. */
	struct list_head runnable[GPUP_PICK_PRIORITIES];
	/** @level: What each priority has had, divided by its weight, in ns. */
	u64 level[GPUP_PICK_PRIORITIES];
	/** @level_now: Where a priority begins that had no queue. */
	u64 level_now;
	/** @runnable_count: Number of queues in @runnable. */
	unsigned int runnable_count;
	/** @running: Number of jobs that run. */
	unsigned int running;
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
	/** @charged_ns: What its partition was charged for the job that runs. */
	u64 charged_ns;
	/** @started: When it was chosen, in ns. */
	u64 started;
	/** @cap_seq: &gpup_sched_class.cap_seq of the cap that it was last charged for. */
	u32 cap_seq;
	/** @uncapped_ns: How long the job had run when that cap came, in ns. */
	u64 uncapped_ns;
	/** @cap_advance: Part of &gpup_sched_class.next_start that is for the job, in ns. */
	u64 cap_advance;
};

void gpup_pick_init(struct gpup_pick *pick, unsigned int engines);
void gpup_pick_class_init(struct gpup_sched_class *sc, const struct gpup_pick_params *params);
void gpup_pick_class_set(struct gpup_pick *pick, struct gpup_sched_class *sc,
			 const struct gpup_pick_params *params);

void gpup_pick_add(struct gpup_pick *pick, struct gpup_pick_entity *entity, u64 now);
void gpup_pick_remove(struct gpup_pick *pick, struct gpup_pick_entity *entity);
struct gpup_pick_entity *gpup_pick_next(struct gpup_pick *pick, u64 now, u64 *slice_ns);
bool gpup_pick_yields(struct gpup_pick *pick, const struct gpup_pick_entity *entity, u64 now);
u64 gpup_pick_renew(struct gpup_pick *pick, struct gpup_pick_entity *entity, u64 now);
void gpup_pick_charge(struct gpup_pick *pick, struct gpup_pick_entity *entity, u64 gpu_ns, u64 now);
void gpup_pick_stop(struct gpup_pick *pick, struct gpup_sched_class *sc);
u64 gpup_pick_wakeup(const struct gpup_pick *pick);

#endif /* _GPUP_VIDSCH_PICK_H_ */
