/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VidSch: whose turn it is on the engines.
 *
 * Nothing in here knows who its callers are: DRM files, VRDs and processes are
 * other folders' business.
 */
#ifndef _GPUP_VIDSCH_H_
#define _GPUP_VIDSCH_H_

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/ratelimit_types.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/gpup_adapter.h>

#include "../gpup_timeline.h"
#include "vidsch_pick.h"

struct device;
struct drm_printer;
struct gpup_vidsch;
struct gpup_queue;

/**
 * enum gpup_sched_knob - What an operator can set of a partition's share
 * @GPUP_SCHED_WEIGHT: Share, in relation to those of the others.
 * @GPUP_SCHED_CAP: Limit in percent of all engines of a class; zero for none.
 * @GPUP_SCHED_QUANTUM_US: How long it may run if others wait.
 * @GPUP_SCHED_PREEMPT_TIMEOUT_US: How long it may take to get a job of it off an engine.
 * @GPUP_SCHED_JOB_TIMEOUT_MS: A job that runs longer is taken to be hung.
 * @GPUP_SCHED_KNOBS: How many there are.
 */
enum gpup_sched_knob {
	GPUP_SCHED_WEIGHT,
	GPUP_SCHED_CAP,
	GPUP_SCHED_QUANTUM_US,
	GPUP_SCHED_PREEMPT_TIMEOUT_US,
	GPUP_SCHED_JOB_TIMEOUT_MS,
	GPUP_SCHED_KNOBS,
};

#define GPUP_WEIGHT_MIN			1u
#define GPUP_WEIGHT_MAX			10000u
#define GPUP_JOB_TIMEOUT_MAX_MS		600000u

/* Jobs that one queue may hold; a submission beyond them fails with EBUSY. */
#define GPUP_QUEUE_MAX_JOBS		4096u

/*
 * Jobs, and conditions that they wait for, that the queues of one partition may hold
 * together; a submission beyond them fails with EBUSY. Bounds the memory that a guest
 * can make the host spend on them (less than 200 bytes for each).
 */
#define GPUP_PARTITION_MAX_PENDING	65536u

/* Powers of two of a microsecond: up to one, two, four ... and all that is longer. */
#define GPUP_WAIT_BUCKETS	24

/**
 * struct gpup_wait_stats - How long jobs that could run had to wait for an engine
 */
struct gpup_wait_stats {
	/** @count: How many have waited. */
	u64 count;
	/** @ns: How long, all together, in ns. */
	u64 ns;
	/** @buckets: How many for how long: bucket i holds those below 2^i us. */
	u64 buckets[GPUP_WAIT_BUCKETS];
};

/**
 * struct gpup_sched_share - A partition's part in one engine class
 */
struct gpup_sched_share {
	/** @sc: Its part in the competition. */
	struct gpup_sched_class sc;
	/** @gpu_ns: GPU time used. */
	u64 gpu_ns;
	/** @jobs: Jobs that have ended. */
	u64 jobs;
	/** @preemptions: How often a job was taken off its engine, to go on later. */
	u64 preemptions;
	/** @waits: What its jobs have waited. */
	struct gpup_wait_stats waits;
};

/**
 * enum gpup_sched_event_type - What an operator may want to know
 * @GPUP_SCHED_HANG: A job was taken to be hung.
 * @GPUP_SCHED_FAULT: A job has ended with an error.
 * @GPUP_SCHED_THROTTLED: The partition has hung the GPU too often, and gets little of it.
 * @GPUP_SCHED_RELEASED: It behaved for a while, and has its share again.
 * @GPUP_SCHED_LOST: It did not; its VM has to be reset.
 */
enum gpup_sched_event_type {
	GPUP_SCHED_HANG,
	GPUP_SCHED_FAULT,
	GPUP_SCHED_THROTTLED,
	GPUP_SCHED_RELEASED,
	GPUP_SCHED_LOST,
};

/**
 * struct gpup_sched_event - What has happened
 */
struct gpup_sched_event {
	/** @type: In a word. */
	enum gpup_sched_event_type type;
	/** @client: Client and process of the queue, or NULL if it is about no queue. */
	const char *client;
	/** @queue: Handle of the queue. */
	u32 queue;
	/** @job: Timeline value of the job. */
	u64 job;
	/** @error: How it ended. */
	int error;
	/** @addr: GPU virtual address with -EFAULT. */
	u64 addr;
	/** @ran_ms: How long it had run, in ms. */
	unsigned int ran_ms;
	/** @stream_addr: GPU virtual address of its command stream. */
	u64 stream_addr;
	/** @stream_size: Size of that in bytes. */
	u32 stream_size;
	/** @context: Where the engine has left it, or NULL. */
	struct gpup_hw_context *context;
};

/**
 * struct gpup_sched_listener - Someone to be told
 */
struct gpup_sched_listener {
	/** @event: Called in process context, without locks. Rate-limited per partition. */
	void (*event)(void *data, const struct gpup_sched_event *event);
};

/**
 * struct gpup_sched_partition - A partition's share of the engines
 *
 * Embedded in the partition. Everything but @sched and @name is protected by the
 * scheduler's lock.
 */
struct gpup_sched_partition {
	/** @sched: The scheduler. */
	struct gpup_vidsch *sched;
	/** @name: Name of the partition, for logs. */
	const char *name;
	/** @knobs: What the operator has set. Read without the lock. */
	u32 knobs[GPUP_SCHED_KNOBS];
	/** @hangs: Jobs that were taken to be hung. */
	u64 hangs;
	/** @resets: Resets of an engine or of the adapter for its jobs. */
	u64 resets;
	/** @offences: Hangs of late, see "Repeat offenders". */
	unsigned int offences;
	/** @offended_at: When the last one was, in jiffies. */
	unsigned long offended_at;
	/** @throttled: It gets GPUP_THROTTLE_CAP percent at most. */
	bool throttled;
	/** @lost: It has hung the GPU so often that its VM has to be reset. */
	bool lost;
	/** @release: Looks whether it can have its share again. */
	struct delayed_work release;
	/** @listener: Told what happens, or NULL. */
	const struct gpup_sched_listener *listener;
	/** @listener_data: Passed to it. */
	void *listener_data;
	/** @queues: Number of queues. */
	unsigned int queues;
	/** @queue_list: The queues. */
	struct list_head queue_list;
	/** @pending: Jobs and conditions that its queues hold. */
	unsigned int pending;
	/** @log_limit: Keeps it from filling the log; never hides another partition's. */
	struct ratelimit_state log_limit;
	/** @hang_limit: The same for hangs, so that no other faults hide them. */
	struct ratelimit_state hang_limit;
	/** @shares: Its part in each engine class. */
	struct gpup_sched_share shares[DRM_GPUP_ENGINE_CLASSES];
};

/**
 * struct gpup_sched_stats - What a partition has used
 */
struct gpup_sched_stats {
	/** @gpu_ns: GPU time by class. */
	u64 gpu_ns[DRM_GPUP_ENGINE_CLASSES];
	/** @jobs: Jobs that have ended, by class. */
	u64 jobs[DRM_GPUP_ENGINE_CLASSES];
	/** @preemptions: How often jobs were taken off, by class. */
	u64 preemptions[DRM_GPUP_ENGINE_CLASSES];
	/** @waits: What jobs have waited, by class. */
	struct gpup_wait_stats waits[DRM_GPUP_ENGINE_CLASSES];
	/** @hangs: Jobs that were taken to be hung. */
	u64 hangs;
	/** @resets: Resets for its jobs. */
	u64 resets;
	/** @throttled: It gets less of the time because of its hangs. */
	bool throttled;
};

struct gpup_vidsch *gpup_vidsch_create(struct gpup_adapter *adapter, struct device *dev,
				       const struct gpup_adapter_ops *ops,
				       const struct gpup_adapter_caps *caps);
void gpup_vidsch_destroy(struct gpup_vidsch *sched);

void gpup_sched_partition_init(struct gpup_sched_partition *sp, struct gpup_vidsch *sched,
			       const char *name, u32 weight);
void gpup_sched_partition_fini(struct gpup_sched_partition *sp);
void gpup_sched_partition_listen(struct gpup_sched_partition *sp,
				 const struct gpup_sched_listener *listener, void *data);
void gpup_sched_partition_pardon(struct gpup_sched_partition *sp);
void gpup_sched_partition_ban(struct gpup_sched_partition *sp, int error);
int gpup_sched_partition_set(struct gpup_sched_partition *sp, enum gpup_sched_knob knob, u32 value);
u32 gpup_sched_partition_get(const struct gpup_sched_partition *sp, enum gpup_sched_knob knob);
void gpup_sched_partition_report(struct gpup_sched_partition *sp, u32 partition,
				 struct drm_printer *p);
void gpup_sched_partition_stats(struct gpup_sched_partition *sp, struct gpup_sched_stats *stats);

/**
 * struct gpup_sched_group - Queues whose jobs need the same memory
 *
 * Protected by the scheduler's lock.
 */
struct gpup_sched_group {
	/** @sched: The scheduler. */
	struct gpup_vidsch *sched;
	/** @queues: The queues that are not closed. */
	struct list_head queues;
	/** @running: Number of jobs that run. */
	unsigned int running;
	/** @suspended: No job of it is started. */
	bool suspended;
	/** @wanted: @want was called since the last resume or poke. */
	bool wanted;
	/**
	 * @want: Called when a job could run, but the group is suspended. In any context,
	 * with the scheduler's lock held.
	 */
	void (*want)(struct gpup_sched_group *group);
	/** @wait: Woken when nothing of it runs any more. */
	wait_queue_head_t wait;
	/** @last_run: When a job last started or ended, in jiffies. Read without the lock. */
	unsigned long last_run;
};

void gpup_sched_group_init(struct gpup_sched_group *group, struct gpup_vidsch *sched,
			   void (*want)(struct gpup_sched_group *group));
void gpup_sched_group_wait_idle(struct gpup_sched_group *group, unsigned long timeout);
void gpup_sched_group_suspend(struct gpup_sched_group *group);
void gpup_sched_group_wait_stopped(struct gpup_sched_group *group);
void gpup_sched_group_poke(struct gpup_sched_group *group);
void gpup_sched_group_resume(struct gpup_sched_group *group);
void gpup_sched_group_fail(struct gpup_sched_group *group, int error);

/**
 * struct gpup_queue_params - What a queue is created with
 */
struct gpup_queue_params {
	/** @engine_class: One of &enum drm_gpup_engine_class. */
	u32 engine_class;
	/** @priority: One of &enum drm_gpup_queue_priority. */
	u32 priority;
	/** @as: Address space of its jobs. */
	struct gpup_hw_as *as;
	/** @group: Group that it belongs to until it is closed, or NULL. */
	struct gpup_sched_group *group;
	/**
	 * @charge: Called before host memory is allocated for it, with the size in bytes, and
	 * when it is freed, with its negative; the former may fail. May be NULL. May sleep.
	 */
	int (*charge)(void *data, s64 bytes);
	/** @release: Called once, when no job of it uses @as any more. May sleep. */
	void (*release)(void *data);
	/** @release_data: Passed to @charge and @release. */
	void *release_data;
	/** @timeline: Its timeline; the queue takes a reference. */
	struct gpup_timeline *timeline;
	/** @label: Client and process, for logs: printable, and without blanks. Copied. */
	const char *label;
};

/**
 * struct gpup_job_params - One job to queue
 */
struct gpup_job_params {
	/** @stream_addr: GPU virtual address of the command stream. */
	u64 stream_addr;
	/** @stream_size: Size of the command stream in bytes. */
	u32 stream_size;
	/** @waits: What it waits for. */
	const struct gpup_wait *waits;
	/** @wait_count: Number of @waits. */
	unsigned int wait_count;
	/** @fence: Fence to arm with the job's value, or NULL. */
	struct dma_fence *fence;
	/** @value: In: expected timeline value or zero. Out: timeline value. */
	u64 value;
};

/**
 * struct gpup_queue_stats - What a queue has used
 */
struct gpup_queue_stats {
	/** @gpu_ns: GPU time in ns. */
	u64 gpu_ns;
	/** @jobs: Jobs that have ended. */
	u64 jobs;
	/** @preemptions: How often one was taken off its engine, to go on later. */
	u64 preemptions;
	/** @hangs: Jobs that were taken to be hung; the first one bans it. */
	u64 hangs;
	/** @resets: Resets of an engine or of the adapter for its jobs. */
	u64 resets;
	/** @waits: What its jobs have waited. */
	struct gpup_wait_stats waits;
};

struct gpup_queue *gpup_queue_create(struct gpup_sched_partition *sp,
				     const struct gpup_queue_params *params);
struct gpup_queue *gpup_queue_get(struct gpup_queue *queue);
void gpup_queue_put(struct gpup_queue *queue);
void gpup_queue_close(struct gpup_queue *queue);
void gpup_queue_set_name(struct gpup_queue *queue, u32 handle);
int gpup_queue_submit(struct gpup_queue *queue, struct gpup_job_params *jobs, unsigned int count);
void gpup_queue_fail(struct gpup_queue *queue, int error);
struct gpup_timeline *gpup_queue_timeline(struct gpup_queue *queue);
void *gpup_queue_get_data(struct gpup_queue *queue, void (*get)(void *data));
u32 gpup_queue_class(const struct gpup_queue *queue);
u64 gpup_queue_gpu_time(struct gpup_queue *queue);
void gpup_queue_stats(struct gpup_queue *queue, struct gpup_queue_stats *stats);

#endif /* _GPUP_VIDSCH_H_ */
