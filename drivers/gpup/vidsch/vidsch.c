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
 * queue waits here, not in the engine.
 *
 * ::
 *
 *	submit --> queue->jobs --> runnable --> engine --> queue->ended --> timeline
 *	           in order        if first     one job     in order
 *	                           and ready    each
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
 * logarithmic in its jobs and conditions; everything linear is done in small pieces
 * or by a work item that can be preempted.
 *
 * **Faults.** A job that ends with an error, or that runs for longer than the
 * partition's timeout, bans its queue: what is left in it ends with -ECANCELED. Other queues
 * do not notice, but for the reset of the engine. If the engine does not reset, the
 * adapter is; a job of another queue that is lost in this ends with -EIO, and its queue
 * is banned as well, because what follows in it may build on the lost one.
 */

static void engine_init(struct gpup_engine *engine, struct gpup_vidsch *sched, u32 engine_class,
			u32 index)
{
	engine->sched = sched;
	engine->engine_class = engine_class;
	engine->index = index;
	INIT_DELAYED_WORK(&engine->timeout, gpup_engine_timeout);
}

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
	u32 i, c;

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
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++) {
		struct gpup_engine_class *class = &sched->classes[c];

		gpup_pick_init(&class->pick);
		class->count = min(caps->engines[c], GPUP_MAX_ENGINES);
		for (i = 0; i < class->count; i++)
			engine_init(&class->engines[i], sched, c, i);
	}
	return sched;
}

/**
 * gpup_vidsch_destroy() - Destroy a scheduler
 * @sched: The scheduler, without queues. May sleep.
 */
void gpup_vidsch_destroy(struct gpup_vidsch *sched)
{
	u32 i, c;

	WARN_ON(sched->queues);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++)
		for (i = 0; i < sched->classes[c].count; i++)
			cancel_delayed_work_sync(&sched->classes[c].engines[i].timeout);
	destroy_workqueue(sched->wq);
	mutex_destroy(&sched->reset_lock);
	kfree(sched);
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
	u32 c;

	*sp = (struct gpup_sched_partition) {
		.sched = sched,
		.name = name,
		.weight = clamp(weight, GPUP_WEIGHT_MIN, GPUP_WEIGHT_MAX),
		.job_timeout_ms = GPUP_DEFAULT_JOB_TIMEOUT_MS,
	};
	ratelimit_default_init(&sp->log_limit);
	/* How often a guest was not listened to is no message either. */
	ratelimit_set_flags(&sp->log_limit, RATELIMIT_MSG_ON_RELEASE);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++)
		gpup_pick_class_init(&sp->classes[c]);
}

/**
 * gpup_sched_partition_fini() - Take a partition's share back
 * @sp: Its share, without queues.
 */
void gpup_sched_partition_fini(struct gpup_sched_partition *sp)
{
	WARN_ON(sp->queues || sp->pending);
}

/**
 * gpup_sched_partition_set_weight() - Change the weight
 * @sp: The partition's share.
 * @weight: The new weight.
 *
 * It counts for all GPU time that is used from now on, and for the jobs that run.
 *
 * Return: 0, or -EINVAL if it is not within GPUP_WEIGHT_MIN and GPUP_WEIGHT_MAX.
 */
int gpup_sched_partition_set_weight(struct gpup_sched_partition *sp, u32 weight)
{
	if (weight < GPUP_WEIGHT_MIN || weight > GPUP_WEIGHT_MAX)
		return -EINVAL;

	spin_lock_irq(&sp->sched->lock);
	WRITE_ONCE(sp->weight, weight);
	spin_unlock_irq(&sp->sched->lock);
	return 0;
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
 * gpup_sched_partition_set_timeout() - Change the job timeout
 * @sp: The partition's share.
 * @timeout_ms: The new timeout in ms; it also holds for jobs that run already.
 *
 * Return: 0, or -EINVAL if it is not within GPUP_JOB_TIMEOUT_MIN_MS and
 * GPUP_JOB_TIMEOUT_MAX_MS.
 */
int gpup_sched_partition_set_timeout(struct gpup_sched_partition *sp, u32 timeout_ms)
{
	if (timeout_ms < GPUP_JOB_TIMEOUT_MIN_MS || timeout_ms > GPUP_JOB_TIMEOUT_MAX_MS)
		return -EINVAL;

	spin_lock_irq(&sp->sched->lock);
	WRITE_ONCE(sp->job_timeout_ms, timeout_ms);
	rearm_timeouts(sp);
	spin_unlock_irq(&sp->sched->lock);
	return 0;
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
		stats->gpu_ns[c] = sp->classes[c].gpu_ns;
		stats->jobs[c] = sp->classes[c].jobs;
	}
	stats->hangs = sp->hangs;
	spin_unlock_irq(&sp->sched->lock);
}
