/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of VidSch share.
 */
#ifndef _GPUP_VIDSCH_INTERNAL_H_
#define _GPUP_VIDSCH_INTERNAL_H_

#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "vidsch.h"
#include "vidsch_pick.h"

/* What a partition that keeps hanging the GPU has at most, in percent. */
#define GPUP_THROTTLE_CAP	10u

/**
 * struct gpup_engine - One engine
 */
struct gpup_engine {
	/** @sched: The scheduler. */
	struct gpup_vidsch *sched;
	/** @engine_class: One of &enum drm_gpup_engine_class. */
	u32 engine_class;
	/** @index: Number in its class. */
	u32 index;
	/** @job: The job that runs on it, or NULL. */
	struct gpup_job *job;
	/** @started: When @job was started or went on, in jiffies. */
	unsigned long started;
	/** @preempting: Since when it is to give up @job, in jiffies; or zero. */
	unsigned long preempting;
	/** @slice: Ends the slice of @job. */
	struct hrtimer slice;
	/** @halted: It is being reset, and is given no job. */
	bool halted;
	/** @armed: @timeout will fire, at @expires or before. */
	bool armed;
	/** @expires: When, in jiffies. */
	unsigned long expires;
	/** @timeout: Looks whether @job hangs, or does not get off. */
	struct delayed_work timeout;
};

/**
 * struct gpup_engine_class - All engines of one class
 */
struct gpup_engine_class {
	/** @pick: The competition for them. */
	struct gpup_pick pick;
	/** @count: Number of @engines. */
	unsigned int count;
	/** @engines: The engines. */
	struct gpup_engine engines[GPUP_MAX_ENGINES];
	/** @preemption: What they can do. */
	enum gpup_preemption preemption;
	/** @sched: The scheduler. */
	struct gpup_vidsch *sched;
	/** @wakeup: Fires when somebody's cap lets it run again. */
	struct hrtimer wakeup;
};

/**
 * struct gpup_vidsch - The scheduler of one adapter
 */
struct gpup_vidsch {
	/** @adapter: Passed to @ops. */
	struct gpup_adapter *adapter;
	/** @dev: Device of all logging. */
	struct device *dev;
	/** @ops: What the GPU can do. */
	const struct gpup_adapter_ops *ops;
	/** @lock: Protects all engines, competitions, queues and jobs. From any context. */
	spinlock_t lock;
	/** @classes: Engines by class. */
	struct gpup_engine_class classes[DRM_GPUP_ENGINE_CLASSES];
	/** @left: Woken when a job has left its engine. */
	wait_queue_head_t left;
	/** @reset_lock: One reset at a time. Held over no allocation. */
	struct mutex reset_lock;
	/** @wq: Runs what must not be done by whoever ends a job. */
	struct workqueue_struct *wq;
	/** @queues: Number of queues. */
	unsigned int queues;
};

/**
 * struct gpup_fault - Why a queue was banned, for the log
 */
struct gpup_fault {
	/** @error: How its job ended; zero if there is nothing to report. */
	int error;
	/** @value: Timeline value of the job. */
	u64 value;
	/** @addr: GPU virtual address with -EFAULT. */
	u64 addr;
	/** @ran_ms: How long it had run, in ms. */
	unsigned int ran_ms;
	/** @stream_addr: GPU virtual address of its command stream. */
	u64 stream_addr;
	/** @stream_size: Size of that in bytes. */
	u32 stream_size;
	/** @throttled: Its partition is throttled because of it. */
	bool throttled;
	/** @lost: Its partition is lost because of it. */
	bool lost;
};

/**
 * struct gpup_queue - An in-order stream of jobs to one engine class
 *
 * All that can change is protected by the scheduler's lock.
 */
struct gpup_queue {
	/** @ref: Reference count. */
	struct kref ref;
	/** @sched: The scheduler. */
	struct gpup_vidsch *sched;
	/** @sp: The partition. */
	struct gpup_sched_partition *sp;
	/** @sp_link: Entry of the partition's queues. */
	struct list_head sp_link;
	/** @engine_class: One of &enum drm_gpup_engine_class. */
	u32 engine_class;
	/** @group: Its group, or NULL. */
	struct gpup_sched_group *group;
	/** @group_link: Entry of the group's queues until it is closed. */
	struct list_head group_link;
	/** @entity: Its part in the competition. */
	struct gpup_pick_entity entity;
	/** @as: Address space of its jobs. */
	struct gpup_hw_as *as;
	/** @context: Where an engine leaves off; NULL if it cannot, or before the first job. */
	struct gpup_hw_context *context;
	/** @waits_since: Since when it could run, in ns; zero if it does not wait. */
	u64 waits_since;
	/** @charge: See &gpup_queue_params.charge. */
	int (*charge)(void *data, s64 bytes);
	/** @release: Called when no job uses @as any more. */
	void (*release)(void *data);
	/** @release_data: Passed to @release. */
	void *release_data;
	/** @timeline: Its timeline. */
	struct gpup_timeline *timeline;
	/** @label: Client and process, for logs. */
	char label[40];
	/** @handle: Handle, for logs. */
	u32 handle;
	/** @submit_lock: Keeps the order of values and that of @jobs the same. */
	struct mutex submit_lock;
	/** @jobs: &struct gpup_job that were not started, in order. */
	struct list_head jobs;
	/** @running: The job that runs, or NULL. */
	struct gpup_job *running;
	/** @ended: &struct gpup_job that ended and are not yet retired, in order. */
	struct list_head ended;
	/** @held: Jobs that count for GPUP_QUEUE_MAX_JOBS. */
	unsigned int held;
	/** @live: Jobs whose memory is not freed. */
	unsigned int live;
	/** @retiring: Somebody completes jobs of it; nobody else may. */
	bool retiring;
	/** @cancelled: Banned, failed or closed: no job is started any more. */
	bool cancelled;
	/** @untold: Why it is banned, if no job is the reason and until the timeline is told. */
	int untold;
	/** @closed: gpup_queue_close() was called. */
	bool closed;
	/** @fault: What is to be reported about a ban. */
	struct gpup_fault fault;
	/** @stats: What it has used. */
	struct gpup_queue_stats stats;
	/** @idle: Woken when @live or @retiring have changed after @closed. */
	wait_queue_head_t idle;
	/** @work: Empty jobs, cancelling. Others wait for it: nothing is allocated there. */
	struct work_struct work;
	/** @report: Says why it was banned. */
	struct work_struct report;
};

/**
 * struct gpup_job - One job
 *
 * First in @jobs of its queue, then running, then in @ended; then it is freed.
 */
struct gpup_job {
	/** @hw: What the GPU's driver sees of it. */
	struct gpup_hw_job hw;
	/** @queue: The queue. */
	struct gpup_queue *queue;
	/** @engine: The engine it runs on, or NULL. */
	struct gpup_engine *engine;
	/** @link: Entry of the queue's jobs or ended. */
	struct list_head link;
	/** @deps: What it waits for. */
	struct gpup_deps deps;
	/** @ref: One for the queue, one until @deps are met or cancelled. */
	refcount_t ref;
	/** @ready: @deps are met. */
	bool ready;
	/** @cost: What it counts for in GPUP_PARTITION_MAX_PENDING. */
	unsigned int cost;
	/** @value: Timeline value. */
	u64 value;
	/** @ran_ns: GPU time of the slices that are over. */
	u64 ran_ns;
	/** @stop_error: Why we stop it: how it ends unless it was faster; or zero. */
	int stop_error;
	/** @error: How it ended. */
	int error;
	/** @fault_addr: GPU virtual address if @error is -EFAULT. */
	u64 fault_addr;
};

/* vidsch_run.c */
void gpup_class_kick(struct gpup_vidsch *sched, u32 engine_class);
unsigned long gpup_engine_deadline(const struct gpup_engine *engine);
void gpup_engine_arm_timeout(struct gpup_engine *engine);
void gpup_class_init(struct gpup_vidsch *sched, u32 engine_class,
		     const struct gpup_adapter_caps *caps);
void gpup_class_fini(struct gpup_engine_class *class);
void gpup_engine_preempt(struct gpup_engine *engine);

/* vidsch.c */
void gpup_sched_partition_apply(struct gpup_sched_partition *sp);
void gpup_sched_partition_update(struct gpup_sched_partition *sp);

/* vidsch_group.c */
bool gpup_sched_group_holds(struct gpup_sched_group *group);
void gpup_sched_group_started(struct gpup_sched_group *group);
void gpup_sched_group_ended(struct gpup_sched_group *group);

/* vidsch_queue.c */
void gpup_queue_advance(struct gpup_queue *queue);
void gpup_queue_cancel(struct gpup_queue *queue);
void gpup_queue_cancel_for(struct gpup_queue *queue, int error);
bool gpup_queue_begin_retire(struct gpup_queue *queue);
void gpup_queue_retire(struct gpup_queue *queue);

/* vidsch_recover.c */
void gpup_engine_timeout(struct work_struct *work);
void gpup_queue_stop_running(struct gpup_queue *queue);
void gpup_queue_ban(struct gpup_queue *queue, const struct gpup_job *job);
void gpup_queue_report(struct work_struct *work);

/* vidsch_offence.c */
void gpup_offence(struct gpup_sched_partition *sp, struct gpup_fault *fault);
void gpup_offence_init(struct gpup_sched_partition *sp);
void gpup_offence_fini(struct gpup_sched_partition *sp);

#endif /* _GPUP_VIDSCH_INTERNAL_H_ */
