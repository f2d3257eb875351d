// SPDX-License-Identifier: GPL-2.0-only
/*
 * VidSch: the scheduler of an adapter, and the shares of its partitions.
 */
#include <linux/bug.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "vidsch_internal.h"

/**
 * DOC: VidSch
 *
 * Each class of engines is competed for by the partitions, in proportion to their
 * weights; inside a partition by its queues. The choice is made whenever an engine is
 * idle, and an engine is given one job at a time, so that the choice stays ours: a long
 * queue waits here, not in the engine. Where the GPU can interrupt a job, it runs for a *slice*
 * if others wait, and then goes on later.
 *
 * ::
 *
 *	submit --> queue->jobs --> runnable --> engine --> queue->ended --> timeline
 *	           in order        if first     one job     in order
 *	              ^            and ready    each
 *	              |                           |
 *	              '------ preempted ----------'
 *
 * - vidsch_pick.c chooses: data structures alone, see "Whose turn it is".
 * - vidsch_queue.c is the way of a job through its queue: submit, retire, cancel, close.
 * - vidsch_run.c gives jobs to engines and takes them back.
 * - vidsch_recover.c deals with those that do not come back, or come back with an error.
 *
 * A job is *ready* when all that it waits for has happened. A queue whose first job is
 * ready is runnable. An empty job is no engine's business: it takes its turn in its
 * queue, and is ended by the queue's work item.
 *
 * **Locks.** One spinlock for the scheduler; the adapter's &gpup_adapter_ops.run is
 * called with it held. Timelines are completed after it is dropped, because their
 * waiters take it (see "Timelines" for the order). So that the values of a queue are
 * still reached in order, one thread at a time retires a queue's ended jobs, and whoever
 * finds it at work leaves the rest to it.
 *
 * **Nothing fails late.** All that a job will need is allocated before it has a value.
 * From there to its completion nothing is allocated, and no lock is taken under which
 * somebody allocates; work items and gpup_hw_job_done() are annotated for lockdep.
 *
 * **Bounds.** GPUP_QUEUE_MAX_JOBS jobs in a queue, GPUP_PARTITION_MAX_PENDING jobs and
 * conditions in a partition. With interrupts off a guest can cause work that is
 * logarithmic in its jobs and conditions; everything linear in them is done in small pieces
 * or by a work item that can be preempted. A switch of a group looks at all queues of one address
 * space, of which a VM has as many as timelines at most (GPUP_VRD_SLOTS_MAX).
 *
 * **Faults.** A job that ends with an error, or that runs for longer than the
 * partition's timeout, bans its queue: what is left in it ends with -ECANCELED. Other queues
 * do not notice, but for the reset of the engine. If the engine does not reset, the
 * adapter is; a job of another queue that is lost in this ends with -EIO, and its queue
 * is banned as well, because what follows in it may build on the lost one.
 */

/**
 * gpup_vidsch_create() - Create the scheduler of an adapter
 * @adapter: Passed to @ops, and not looked into.
 * @dev: Device of all logging.
 * @ops: What the GPU can do.
 * @caps: What the GPU has.
 *
 * Return: The scheduler, or ERR_PTR(-ENOMEM).
 */
struct gpup_vidsch *gpup_vidsch_create(struct gpup_adapter *adapter, struct device *dev,
				       const struct gpup_adapter_ops *ops,
				       const struct gpup_adapter_caps *caps)
{
	struct gpup_vidsch *sched;
	u32 c;

	sched = kzalloc(sizeof(*sched), GFP_KERNEL);
	if (!sched)
		return ERR_PTR(-ENOMEM);
	/* Unbound, because an ended or hung job must not wait for a busy CPU. */
	sched->wq = alloc_workqueue("gpup_vidsch", WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	if (!sched->wq) {
		kfree(sched);
		return ERR_PTR(-ENOMEM);
	}

	sched->adapter = adapter;
	sched->dev = dev;
	sched->ops = ops;
	spin_lock_init(&sched->lock);
	mutex_init(&sched->reset_lock);
	init_waitqueue_head(&sched->left);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++)
		gpup_class_init(sched, c, caps);
	return sched;
}

/**
 * gpup_vidsch_destroy() - Destroy a scheduler
 * @sched: The scheduler, without queues. May sleep.
 */
void gpup_vidsch_destroy(struct gpup_vidsch *sched)
{
	u32 c;

	WARN_ON(sched->queues);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++)
		gpup_class_fini(&sched->classes[c]);
	destroy_workqueue(sched->wq);
	mutex_destroy(&sched->reset_lock);
	kfree(sched);
}

/* What an operator may set each knob to, and what it is if nobody does. */
static const struct {
	u32 min, max, def;
} knobs[GPUP_SCHED_KNOBS] = {
	[GPUP_SCHED_WEIGHT] = { GPUP_WEIGHT_MIN, GPUP_WEIGHT_MAX, GPUP_PICK_UNIT_WEIGHT },
	[GPUP_SCHED_CAP] = { 0, 100, 0 },
	[GPUP_SCHED_QUANTUM_US] = { 100, 1000000, 1000 },
	[GPUP_SCHED_PREEMPT_TIMEOUT_US] = { 1000, 10000000, 640000 },
	[GPUP_SCHED_JOB_TIMEOUT_MS] = { 10, GPUP_JOB_TIMEOUT_MAX_MS, 5000 },
};

static struct gpup_pick_params pick_params(const struct gpup_sched_partition *sp)
{
	u32 cap = sp->knobs[GPUP_SCHED_CAP];

	if (sp->throttled && (!cap || cap > GPUP_THROTTLE_CAP))
		cap = GPUP_THROTTLE_CAP;
	return (struct gpup_pick_params) {
		.weight = sp->knobs[GPUP_SCHED_WEIGHT],
		/* All of the time is no limit. */
		.cap = cap == 100 ? GPUP_PICK_NO_CAP : cap,
		.quantum_ns = sp->knobs[GPUP_SCHED_QUANTUM_US] * (u64)NSEC_PER_USEC,
	};
}

/**
 * gpup_sched_partition_init() - Give a partition a share of the engines
 * @sp: Its share.
 * @sched: The scheduler.
 * @name: Name of the partition, for logs; it outlives @sp.
 * @weight: GPUP_WEIGHT_MIN to GPUP_WEIGHT_MAX.
 */
void gpup_sched_partition_init(struct gpup_sched_partition *sp, struct gpup_vidsch *sched,
			       const char *name, u32 weight)
{
	struct gpup_pick_params params;
	u32 c, i;

	*sp = (struct gpup_sched_partition) {
		.sched = sched,
		.name = name,
	};
	for (i = 0; i < GPUP_SCHED_KNOBS; i++)
		sp->knobs[i] = knobs[i].def;
	sp->knobs[GPUP_SCHED_WEIGHT] = clamp(weight, GPUP_WEIGHT_MIN, GPUP_WEIGHT_MAX);
	ratelimit_default_init(&sp->log_limit);
	ratelimit_default_init(&sp->hang_limit);
	/* How often a guest was not listened to is no message either. */
	ratelimit_set_flags(&sp->log_limit, RATELIMIT_MSG_ON_RELEASE);
	ratelimit_set_flags(&sp->hang_limit, RATELIMIT_MSG_ON_RELEASE);
	INIT_LIST_HEAD(&sp->queue_list);
	gpup_offence_init(sp);
	params = pick_params(sp);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++)
		gpup_pick_class_init(&sp->shares[c].sc, &params);
}

/**
 * gpup_sched_partition_fini() - Take a partition's share back
 * @sp: Its share, without queues. May sleep.
 */
void gpup_sched_partition_fini(struct gpup_sched_partition *sp)
{
	WARN_ON(sp->queues || sp->pending);
	gpup_offence_fini(sp);
}

static void rearm_timeouts(struct gpup_sched_partition *sp)
{
	struct gpup_vidsch *sched = sp->sched;
	u32 i, c;

	lockdep_assert_held(&sched->lock);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++) {
		for (i = 0; i < sched->classes[c].count; i++) {
			struct gpup_engine *engine = &sched->classes[c].engines[i];

			if (engine->job && engine->job->queue->sp == sp)
				gpup_engine_arm_timeout(engine);
		}
	}
}

/**
 * gpup_sched_partition_apply() - Tell the competitions what a partition is entitled to
 * @sp: The partition's share, with the scheduler's lock held. The caller kicks the engines.
 */
void gpup_sched_partition_apply(struct gpup_sched_partition *sp)
{
	struct gpup_pick_params params = pick_params(sp);
	struct gpup_vidsch *sched = sp->sched;
	u32 c;

	lockdep_assert_held(&sched->lock);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++)
		gpup_pick_class_set(&sched->classes[c].pick, &sp->shares[c].sc, &params);
}

/**
 * gpup_sched_partition_update() - Have what a partition is entitled to take effect
 * @sp: The partition's share, with the scheduler's lock held.
 */
void gpup_sched_partition_update(struct gpup_sched_partition *sp)
{
	u32 c;

	gpup_sched_partition_apply(sp);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++)
		gpup_class_kick(sp->sched, c);
}

/**
 * gpup_sched_partition_set() - Change a knob
 * @sp: The partition's share.
 * @knob: The knob.
 * @value: Its new value.
 *
 * It counts for all GPU time that is used from now on; timeouts hold for jobs that run already.
 *
 * Return: 0, or -EINVAL if the value is out of range.
 */
int gpup_sched_partition_set(struct gpup_sched_partition *sp, enum gpup_sched_knob knob, u32 value)
{
	if (value < knobs[knob].min || value > knobs[knob].max)
		return -EINVAL;

	spin_lock_irq(&sp->sched->lock);
	WRITE_ONCE(sp->knobs[knob], value);
	switch (knob) {
	case GPUP_SCHED_WEIGHT:
	case GPUP_SCHED_CAP:
	case GPUP_SCHED_QUANTUM_US:
		gpup_sched_partition_update(sp);
		break;
	default:
		rearm_timeouts(sp);
		break;
	}
	spin_unlock_irq(&sp->sched->lock);
	return 0;
}

/**
 * gpup_sched_partition_get() - Read a knob
 * @sp: The partition's share.
 * @knob: The knob. Any context.
 *
 * Return: Its value.
 */
u32 gpup_sched_partition_get(const struct gpup_sched_partition *sp, enum gpup_sched_knob knob)
{
	return READ_ONCE(sp->knobs[knob]);
}

/**
 * gpup_sched_partition_stats() - What a partition has used
 * @sp: The partition's share.
 * @stats: Filled in. Jobs count when they have ended.
 */
void gpup_sched_partition_stats(struct gpup_sched_partition *sp, struct gpup_sched_stats *stats)
{
	u32 c;

	spin_lock_irq(&sp->sched->lock);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++) {
		stats->gpu_ns[c] = sp->shares[c].gpu_ns;
		stats->jobs[c] = sp->shares[c].jobs;
		stats->preemptions[c] = sp->shares[c].preemptions;
		stats->waits[c] = sp->shares[c].waits;
	}
	stats->hangs = sp->hangs;
	stats->resets = sp->resets;
	stats->throttled = sp->throttled;
	spin_unlock_irq(&sp->sched->lock);
}
