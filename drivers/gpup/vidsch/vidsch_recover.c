// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery: jobs that hang, that are stopped, or that end with an error.
 */
#include <linux/dev_printk.h>
#include <linux/dma-fence.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/ratelimit.h>

#include "vidsch_internal.h"

/**
 * DOC: Recovery
 *
 * To stop a job its engine is *halted* first: it is given no other job. Then the reset
 * can only hit the job it is meant for; it may end by itself at the last moment, and
 * then it has ended well. All resets are made one after the other.
 *
 * It is taken in steps. An engine is asked to give up its job, at the end of a slice or because its
 * queue is closed; where it cannot interrupt a job, one whose queue is closed is waited for. If it
 * is not off within ``preempt_timeout_us``, or the job has run for ``job_timeout_ms`` in all, the
 * engine is reset: that costs the job and bans its queue. If the engine does not reset, the GPU is.
 * Before that the other engines are halted and asked for their jobs, which go on afterwards; only a
 * job that cannot be preempted, and that the GPU reports as lost, ends with EIO.
 *
 * Each reset is a hang that counts, whatever has become of the queue: who could have one for
 * nothing, by closing it, could have them for ever.
 *
 * So a job that hangs costs others the preemption timeout of its partition and the reset, and
 * nothing else; an endless one that can be preempted not even that, as it only has its share.
 */

/* For the jobs of the other engines to get off before the GPU is reset. */
#define BYSTANDERS_TIME		HZ

static void halt_all(struct gpup_vidsch *sched, bool halted)
{
	u32 i, c;

	spin_lock_irq(&sched->lock);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++) {
		for (i = 0; i < sched->classes[c].count; i++)
			sched->classes[c].engines[i].halted = halted;
		if (!halted)
			gpup_class_kick(sched, c);
	}
	spin_unlock_irq(&sched->lock);
}

/* Ask all other engines for their jobs; returns how many have not given them up yet. */
static unsigned int bystanders(struct gpup_engine *guilty)
{
	struct gpup_vidsch *sched = guilty->sched;
	unsigned int n = 0;
	u32 i, c;

	spin_lock_irq(&sched->lock);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++) {
		for (i = 0; i < sched->classes[c].count; i++) {
			struct gpup_engine *engine = &sched->classes[c].engines[i];

			if (engine == guilty || !engine->job ||
			    sched->classes[c].preemption != GPUP_PREEMPT_INSIDE)
				continue;
			gpup_engine_preempt(engine);
			n++;
		}
	}
	spin_unlock_irq(&sched->lock);
	return n;
}

/*
 * A reset of the whole GPU may lose what runs on it. Those who have nothing to do with the
 * reason are taken off before, and go on afterwards as if nothing had happened.
 */
static void reset_adapter(struct gpup_engine *engine)
{
	struct gpup_vidsch *sched = engine->sched;

	halt_all(sched, true);
	wait_event_timeout(sched->left, !bystanders(engine), BYSTANDERS_TIME);
	sched->ops->adapter_reset(sched->adapter, engine->engine_class, engine->index);
	halt_all(sched, false);
}

/* The engine is halted; it goes on afterwards. */
static void reset_engine(struct gpup_engine *engine)
{
	struct gpup_vidsch *sched = engine->sched;
	const struct gpup_adapter_ops *ops = sched->ops;

	lockdep_assert_held(&sched->reset_lock);

	if (ops->engine_reset(sched->adapter, engine->engine_class, engine->index)) {
		dev_warn_ratelimited(sched->dev, "engine %u.%u did not reset, resetting the GPU\n",
				     engine->engine_class, engine->index);
		reset_adapter(engine);
		return;
	}

	spin_lock_irq(&sched->lock);
	engine->halted = false;
	gpup_class_kick(sched, engine->engine_class);
	spin_unlock_irq(&sched->lock);
}

/* For a reset, on behalf of the job that runs. */
static void halt_engine(struct gpup_engine *engine)
{
	struct gpup_queue *queue = engine->job->queue;

	lockdep_assert_held(&engine->sched->lock);
	queue->sp->resets++;
	queue->stats.resets++;
	engine->halted = true;
}

/* Returns whether there is a job to stop; its engine is halted then. */
static bool halt_if_hung(struct gpup_engine *engine)
{
	struct gpup_job *job = engine->job;

	lockdep_assert_held(&engine->sched->lock);

	engine->armed = false;
	if (!job)
		return false;
	if (time_before(jiffies, gpup_engine_deadline(engine))) {
		gpup_engine_arm_timeout(engine);
		return false;
	}
	job->stop_error = -ETIME;
	halt_engine(engine);
	return true;
}

/**
 * gpup_engine_timeout() - Look whether the job of an engine hangs
 * @work: &gpup_engine.timeout
 */
void gpup_engine_timeout(struct work_struct *work)
{
	struct gpup_engine *engine = container_of(to_delayed_work(work), struct gpup_engine,
						  timeout);
	struct gpup_vidsch *sched = engine->sched;
	bool cookie, hung;

	cookie = dma_fence_begin_signalling();
	mutex_lock(&sched->reset_lock);
	spin_lock_irq(&sched->lock);
	hung = halt_if_hung(engine);
	spin_unlock_irq(&sched->lock);
	if (hung)
		reset_engine(engine);
	mutex_unlock(&sched->reset_lock);
	dma_fence_end_signalling(cookie);
}

/**
 * gpup_queue_stop_running() - Stop the job of a queue that runs, if there is one
 * @queue: The queue, cancelled. May sleep.
 *
 * The job ends with -ECANCELED when the engine has given it up, unless it was faster. Where the
 * engine cannot do that, the job has the preemption timeout to end by itself. If it is still there
 * then, its timeout finds out: that is a hang like any other. Does not wait for any of this.
 */
void gpup_queue_stop_running(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;
	bool cookie;

	cookie = dma_fence_begin_signalling();
	/* Not a job that is being stopped because it hangs. */
	mutex_lock(&sched->reset_lock);
	spin_lock_irq(&sched->lock);
	if (queue->running) {
		queue->running->stop_error = -ECANCELED;
		gpup_engine_preempt(queue->running->engine);
	}
	spin_unlock_irq(&sched->lock);
	mutex_unlock(&sched->reset_lock);
	dma_fence_end_signalling(cookie);
}

/**
 * gpup_queue_ban() - A job has ended with an error
 * @queue: Its queue; the scheduler's lock is held.
 * @job: The job, which is still its engine's.
 *
 * If the job was only taken off because its queue was closed there is nothing to say. That its
 * queue was closed, or has failed for another reason, is no excuse for a job that hangs.
 */
void gpup_queue_ban(struct gpup_queue *queue, const struct gpup_job *job)
{
	u64 ran_ns = job->ran_ns;
	struct gpup_fault fault;

	lockdep_assert_held(&queue->sched->lock);

	if (job->error == -ECANCELED)
		return;
	fault = (struct gpup_fault) {
		.error = job->error,
		.value = job->value,
		.addr = job->fault_addr,
		.ran_ms = div_u64(ran_ns, NSEC_PER_MSEC),
		.stream_addr = job->hw.stream_addr,
		.stream_size = job->hw.stream_size,
	};
	if (job->error == -ETIME) {
		queue->sp->hangs++;
		queue->stats.hangs++;
		gpup_offence(queue->sp, &fault);
	}
	queue->fault = fault;
	gpup_queue_cancel(queue);
	queue_work(system_unbound_wq, &queue->report);
}

static void log_fault(struct gpup_queue *queue, const struct gpup_fault *fault, u32 handle)
{
	struct gpup_sched_partition *sp = queue->sp;
	struct device *dev = queue->sched->dev;

	switch (fault->error) {
	case -ETIME:
		dev_warn(dev, "partition %s: %s queue %#x job %llu hung for %u ms, queue banned\n",
			 sp->name, queue->label, handle, fault->value, fault->ran_ms);
		break;
	case -EFAULT:
		dev_warn(dev,
			 "partition %s: %s queue %#x job %llu page fault at %#llx, queue banned\n",
			 sp->name, queue->label, handle, fault->value, fault->addr);
		break;
	default:
		dev_warn(dev, "partition %s: %s queue %#x job %llu error %d, queue banned\n",
			 sp->name, queue->label, handle, fault->value, fault->error);
		break;
	}
}

static void tell(struct gpup_queue *queue, enum gpup_sched_event_type type,
		 const struct gpup_fault *fault, u32 handle)
{
	const struct gpup_sched_event event = {
		.type = type,
		.client = queue->label,
		.queue = handle,
		.job = fault->value,
		.error = fault->error,
		.addr = fault->addr,
		.ran_ms = fault->ran_ms,
		.stream_addr = fault->stream_addr,
		.stream_size = fault->stream_size,
		/* The queue is banned: nothing happens to it any more. */
		.context = queue->context,
	};
	struct gpup_sched_partition *sp = queue->sp;

	if (sp->listener)
		sp->listener->event(sp->listener_data, &event);
}

/**
 * gpup_queue_report() - Say why a queue was banned
 * @work: &gpup_queue.report
 */
void gpup_queue_report(struct work_struct *work)
{
	struct gpup_queue *queue = container_of(work, struct gpup_queue, report);
	struct gpup_sched_partition *sp = queue->sp;
	struct device *dev = queue->sched->dev;
	struct ratelimit_state *limit;
	struct gpup_fault fault;
	u32 handle;

	spin_lock_irq(&queue->sched->lock);
	fault = queue->fault;
	handle = queue->handle;
	spin_unlock_irq(&queue->sched->lock);

	limit = fault.error == -ETIME ? &sp->hang_limit : &sp->log_limit;
	if (__ratelimit(limit)) {
		log_fault(queue, &fault, handle);
		tell(queue, fault.error == -ETIME ? GPUP_SCHED_HANG : GPUP_SCHED_FAULT, &fault,
		     handle);
	}
	/* Each of these happens once in a while, and is worth a line. */
	if (fault.throttled) {
		dev_warn(dev,
			 "partition %s: has hung the GPU %u times of late, last by %s queue %#x job %llu; gets %u %% of it\n",
			 sp->name, sp->offences, queue->label, handle, fault.value,
			 GPUP_THROTTLE_CAP);
		tell(queue, GPUP_SCHED_THROTTLED, &fault, handle);
	}
	if (fault.lost) {
		dev_warn(dev,
			 "partition %s: keeps hanging the GPU, last by %s queue %#x job %llu\n",
			 sp->name, queue->label, handle, fault.value);
		tell(queue, GPUP_SCHED_LOST, &fault, handle);
	}
}
