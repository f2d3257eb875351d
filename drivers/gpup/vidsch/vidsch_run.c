// SPDX-License-Identifier: GPL-2.0-only
/*
 * Engines: giving them jobs, and taking jobs back.
 */
#include <linux/dma-fence.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>

#include "../gpup_compat.h"
#include "../gpup_trace.h"
#include "vidsch_internal.h"

/**
 * DOC: Slices
 *
 * Who is chosen runs for a slice. At its end, if somebody else wants the engine or the
 * partition's cap is used up, the engine is asked to give the job up, which the GPU's driver
 * reports with gpup_hw_job_preempted(); the job is the first of its queue again, and competes
 * for its next slice. If nobody wants the engine the job goes on for another slice, unless its
 * queue has been banned meanwhile: then it has had its last. Where the GPU cannot interrupt a job,
 * the end of a slice only moves the books.
 *
 * A job that was preempted is on no engine: the memory of its partition may be evicted, and is
 * there again before it goes on (see "Groups").
 *
 * An engine that does not give up its job within the ``preempt_timeout_us`` of the partition
 * hangs, and is reset; see "Recovery". So does one that cannot interrupt the job of a queue that is
 * closed, if the job does not end within that time.
 */

/* What a job may still run, in jiffies. */
static unsigned long time_left(const struct gpup_job *job)
{
	u64 ran_ms = div_u64(job->ran_ns, NSEC_PER_MSEC);
	u32 timeout_ms = job->queue->sp->knobs[GPUP_SCHED_JOB_TIMEOUT_MS];

	return ran_ms < timeout_ms ? msecs_to_jiffies(timeout_ms - ran_ms) : 0;
}

/**
 * gpup_engine_deadline() - When the running job has had its time, or is to be off the engine
 * @engine: The engine, with a job; the scheduler's lock is held.
 *
 * Return: In jiffies.
 */
unsigned long gpup_engine_deadline(const struct gpup_engine *engine)
{
	const struct gpup_job *job = engine->job;
	unsigned long hung = engine->started + time_left(job);
	unsigned long stuck;

	if (!engine->preempting)
		return hung;
	stuck = engine->preempting +
		usecs_to_jiffies(job->queue->sp->knobs[GPUP_SCHED_PREEMPT_TIMEOUT_US]) + 1;
	return time_before(stuck, hung) ? stuck : hung;
}

/**
 * gpup_engine_arm_timeout() - Have the running job looked at when its time is over
 * @engine: The engine, with a job; the scheduler's lock is held.
 *
 * Jobs are short and timeouts long, so that the timer is left alone where it fires
 * soon enough: it then finds another job, and is set for that one's time.
 */
void gpup_engine_arm_timeout(struct gpup_engine *engine)
{
	unsigned long expires = gpup_engine_deadline(engine);
	unsigned long now = jiffies;

	lockdep_assert_held(&engine->sched->lock);

	if (engine->armed && time_before_eq(engine->expires, expires))
		return;
	engine->armed = true;
	engine->expires = expires;
	mod_delayed_work(engine->sched->wq, &engine->timeout,
			 time_after(expires, now) ? expires - now : 0);
}

/**
 * gpup_engine_preempt() - Have an engine give up its job
 * @engine: The engine, with a job; the scheduler's lock is held.
 *
 * It is asked, where it can interrupt a job; otherwise the job is to end by itself. If it is still
 * there after the preemption timeout it hangs.
 */
void gpup_engine_preempt(struct gpup_engine *engine)
{
	struct gpup_vidsch *sched = engine->sched;

	lockdep_assert_held(&sched->lock);
	if (engine->preempting)
		return;
	/* Zero means that it may have its job. */
	engine->preempting = jiffies ?: 1;
	gpup_engine_arm_timeout(engine);
	if (sched->classes[engine->engine_class].preemption == GPUP_PREEMPT_INSIDE)
		sched->ops->preempt(sched->adapter, engine->engine_class, engine->index);
}

static void start_slice(struct gpup_engine *engine, u64 slice_ns)
{
	hrtimer_start(&engine->slice, ns_to_ktime(slice_ns), HRTIMER_MODE_REL);
}

/* Whether who runs is to get off at the end of its slice. */
static bool slice_is_last(struct gpup_engine_class *class, const struct gpup_queue *queue, u64 now)
{
	if (class->preemption != GPUP_PREEMPT_INSIDE)
		return false;
	return queue->cancelled || gpup_pick_yields(&class->pick, &queue->entity, now);
}

static enum hrtimer_restart end_slice(struct hrtimer *timer)
{
	struct gpup_engine *engine = container_of(timer, struct gpup_engine, slice);
	struct gpup_vidsch *sched = engine->sched;
	struct gpup_engine_class *class = &sched->classes[engine->engine_class];
	struct gpup_queue *queue;
	unsigned long flags;
	u64 now, slice_ns;

	spin_lock_irqsave(&sched->lock, flags);
	/* It may have been started for another job since it fired. */
	if (!engine->job || hrtimer_is_queued(timer))
		goto out_unlock;
	queue = engine->job->queue;
	now = ktime_get_ns();
	if (slice_is_last(class, queue, now)) {
		gpup_engine_preempt(engine);
	} else {
		slice_ns = gpup_pick_renew(&class->pick, &queue->entity, now);
		start_slice(engine, slice_ns);
	}
out_unlock:
	spin_unlock_irqrestore(&sched->lock, flags);
	return HRTIMER_NORESTART;
}

static enum hrtimer_restart wake_up_class(struct hrtimer *timer)
{
	struct gpup_engine_class *class = container_of(timer, struct gpup_engine_class, wakeup);
	struct gpup_vidsch *sched = class->sched;
	unsigned long flags;

	spin_lock_irqsave(&sched->lock, flags);
	gpup_class_kick(sched, class - sched->classes);
	spin_unlock_irqrestore(&sched->lock, flags);
	return HRTIMER_NORESTART;
}

/**
 * gpup_class_init() - Begin with idle engines
 * @sched: The scheduler.
 * @engine_class: One of &enum drm_gpup_engine_class.
 * @caps: What the GPU has.
 */
void gpup_class_init(struct gpup_vidsch *sched, u32 engine_class,
		     const struct gpup_adapter_caps *caps)
{
	struct gpup_engine_class *class = &sched->classes[engine_class];
	u32 i;

	class->sched = sched;
	class->count = min(caps->engines[engine_class], GPUP_MAX_ENGINES);
	class->preemption = caps->preemption[engine_class];
	gpup_pick_init(&class->pick, class->count);
	gpup_hrtimer_setup(&class->wakeup, wake_up_class, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	for (i = 0; i < class->count; i++) {
		struct gpup_engine *engine = &class->engines[i];

		engine->sched = sched;
		engine->engine_class = engine_class;
		engine->index = i;
		INIT_DELAYED_WORK(&engine->timeout, gpup_engine_timeout);
		gpup_hrtimer_setup(&engine->slice, end_slice, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	}
}

/**
 * gpup_class_fini() - End with idle engines
 * @class: The class. May sleep.
 */
void gpup_class_fini(struct gpup_engine_class *class)
{
	u32 i;

	hrtimer_cancel(&class->wakeup);
	for (i = 0; i < class->count; i++) {
		hrtimer_cancel(&class->engines[i].slice);
		cancel_delayed_work_sync(&class->engines[i].timeout);
	}
}

static void count_wait(struct gpup_wait_stats *waits, u64 ns)
{
	u64 us = div_u64(ns, NSEC_PER_USEC);
	unsigned int bucket = us ? ilog2(us) + 1 : 0;

	waits->count++;
	waits->ns += ns;
	waits->buckets[min(bucket, GPUP_WAIT_BUCKETS - 1)]++;
}

static void engine_start(struct gpup_engine *engine, struct gpup_queue *queue, u64 slice_ns,
			 u64 now)
{
	struct gpup_vidsch *sched = engine->sched;
	struct gpup_job *job;

	job = list_first_entry(&queue->jobs, struct gpup_job, link);
	list_del_init(&job->link);
	queue->running = job;
	job->engine = engine;
	engine->job = job;
	engine->started = jiffies;
	engine->preempting = 0;
	gpup_engine_arm_timeout(engine);
	gpup_sched_group_started(queue->group);
	count_wait(&queue->stats.waits, now - queue->waits_since);
	count_wait(&queue->sp->shares[queue->engine_class].waits, now - queue->waits_since);
	queue->waits_since = 0;

	trace_gpup_job_run(queue->sp->name, queue->handle, job->value, engine->engine_class,
			   engine->index);
	start_slice(engine, slice_ns);
	sched->ops->run(sched->adapter, engine->engine_class, engine->index, &job->hw);
}

/**
 * gpup_class_kick() - Give jobs to idle engines
 * @sched: The scheduler, with its lock held.
 * @engine_class: One of &enum drm_gpup_engine_class.
 */
void gpup_class_kick(struct gpup_vidsch *sched, u32 engine_class)
{
	struct gpup_engine_class *class = &sched->classes[engine_class];
	struct gpup_pick_entity *entity;
	u64 now = ktime_get_ns();
	u64 slice_ns, wakeup;
	unsigned int i;

	lockdep_assert_held(&sched->lock);

	for (i = 0; i < class->count; i++) {
		struct gpup_engine *engine = &class->engines[i];

		if (engine->job || engine->halted)
			continue;
		entity = gpup_pick_next(&class->pick, now, &slice_ns);
		if (!entity) {
			wakeup = gpup_pick_wakeup(&class->pick);
			if (wakeup != GPUP_PICK_NEVER)
				hrtimer_start(&class->wakeup, ns_to_ktime(wakeup),
					      HRTIMER_MODE_ABS);
			return;
		}
		engine_start(engine, container_of(entity, struct gpup_queue, entity), slice_ns,
			     now);
	}
}

/* Only who was stopped by us may say that it was cancelled; others were lost in a reset. */
static int job_error(const struct gpup_job *job, int error)
{
	if (error != -ECANCELED)
		return error;
	return job->stop_error ?: -EIO;
}

/* The engine's clock is what counts: for the share, and for the books. */
static void account(struct gpup_job *job, u64 gpu_ns)
{
	struct gpup_queue *queue = job->queue;
	struct gpup_pick *pick = &queue->sched->classes[queue->engine_class].pick;

	gpup_pick_charge(pick, &queue->entity, gpu_ns, ktime_get_ns());
	queue->sp->shares[queue->engine_class].gpu_ns += gpu_ns;
	queue->stats.gpu_ns += gpu_ns;
	job->ran_ns += gpu_ns;
}

/* The job is on no engine any more, and in none of its queue's lists. */
static void engine_leave(struct gpup_job *job)
{
	struct gpup_engine *engine = job->engine;

	hrtimer_try_to_cancel(&engine->slice);
	engine->job = NULL;
	engine->preempting = 0;
	job->engine = NULL;
	job->queue->running = NULL;
	gpup_sched_group_ended(job->queue->group);
	wake_up_all(&engine->sched->left);
}

static void end_job(struct gpup_job *job)
{
	struct gpup_queue *queue = job->queue;

	queue->sp->shares[queue->engine_class].jobs++;
	queue->stats.jobs++;
	if (job->error)
		gpup_queue_ban(queue, job);
	engine_leave(job);
	list_add_tail(&job->link, &queue->ended);
}

/* Returns whether the caller is to retire the queue, once the lock is dropped. */
static bool engine_go_on(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;
	u32 engine_class = queue->engine_class;

	/* Its next job competes for the engine that it has just left. */
	gpup_queue_advance(queue);
	gpup_pick_stop(&sched->classes[engine_class].pick, queue->entity.sc);
	gpup_class_kick(sched, engine_class);
	/* Unless it is for us to retire, the queue may be gone once the lock is dropped. */
	return gpup_queue_begin_retire(queue);
}

/**
 * gpup_hw_job_done() - A job has ended
 * @hw: The job, as it was passed to &gpup_adapter_ops.run; it is gone on return.
 * @error: 0, -EFAULT: it touched an address that is not mapped, or not writable,
 *	-EINVAL: malformed command, -ECANCELED: a reset stopped it, or another negative errno.
 * @fault_addr: GPU virtual address with -EFAULT, else zero.
 * @gpu_ns: Time that the engine spent on it since &gpup_adapter_ops.run, in ns.
 *
 * Called by the GPU's driver, once for every job that was run, when the engine is
 * idle again: &gpup_adapter_ops.run may be called before this returns. Any context,
 * hard interrupts included, but not from within run itself, and without any lock that
 * run takes.
 */
void gpup_hw_job_done(struct gpup_hw_job *hw, int error, u64 fault_addr, u64 gpu_ns)
{
	struct gpup_job *job = container_of(hw, struct gpup_job, hw);
	struct gpup_queue *queue = job->queue;
	struct gpup_vidsch *sched = queue->sched;
	unsigned long flags;
	bool cookie, retire;

	cookie = dma_fence_begin_signalling();
	spin_lock_irqsave(&sched->lock, flags);

	job->error = job_error(job, error);
	job->fault_addr = job->error == -EFAULT ? fault_addr : 0;
	account(job, gpu_ns);
	trace_gpup_job_done(queue->sp->name, queue->handle, job->value, job->error, gpu_ns);
	end_job(job);
	retire = engine_go_on(queue);
	spin_unlock_irqrestore(&sched->lock, flags);

	if (retire)
		gpup_queue_retire(queue);
	dma_fence_end_signalling(cookie);
}
EXPORT_SYMBOL_GPL(gpup_hw_job_done);

/**
 * gpup_hw_job_preempted() - A job was taken off its engine
 * @hw: The job; its context says how far it is. It may be gone on return.
 * @gpu_ns: Time that the engine spent on it since &gpup_adapter_ops.run, in ns.
 *
 * Called by the GPU's driver, in the place of gpup_hw_job_done() and as that, after
 * &gpup_adapter_ops.preempt.
 */
void gpup_hw_job_preempted(struct gpup_hw_job *hw, u64 gpu_ns)
{
	struct gpup_job *job = container_of(hw, struct gpup_job, hw);
	struct gpup_queue *queue = job->queue;
	struct gpup_vidsch *sched = queue->sched;
	unsigned long flags;
	bool cookie, retire;

	cookie = dma_fence_begin_signalling();
	spin_lock_irqsave(&sched->lock, flags);

	account(job, gpu_ns);
	trace_gpup_job_preempted(queue->sp->name, queue->handle, job->value, gpu_ns);
	if (job->stop_error) {
		/* It was to be stopped anyway. */
		job->error = job->stop_error;
		end_job(job);
	} else {
		queue->sp->shares[queue->engine_class].preemptions++;
		queue->stats.preemptions++;
		engine_leave(job);
		hw->resume = true;
		list_add(&job->link, &queue->jobs);
		if (queue->cancelled)
			queue_work(sched->wq, &queue->work);
	}
	retire = engine_go_on(queue);
	spin_unlock_irqrestore(&sched->lock, flags);

	if (retire)
		gpup_queue_retire(queue);
	dma_fence_end_signalling(cookie);
}
EXPORT_SYMBOL_GPL(gpup_hw_job_preempted);
