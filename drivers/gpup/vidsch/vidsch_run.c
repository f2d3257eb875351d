// SPDX-License-Identifier: GPL-2.0-only
/*
 * Engines: giving them jobs, and taking jobs back.
 */
#include <linux/dma-fence.h>
#include <linux/export.h>
#include <linux/jiffies.h>

#include "../gpup_trace.h"
#include "vidsch_internal.h"

/**
 * gpup_engine_arm_timeout() - Have the running job looked at when its time is over
 * @engine: The engine, with a job; the scheduler's lock is held.
 *
 * Jobs are short and timeouts long, so that the timer is left alone where it fires
 * soon enough: it then finds another job, and is set for that one's time.
 */
void gpup_engine_arm_timeout(struct gpup_engine *engine)
{
	u32 timeout_ms = engine->job->queue->sp->job_timeout_ms;
	unsigned long expires = engine->started + msecs_to_jiffies(timeout_ms);
	unsigned long now = jiffies;

	lockdep_assert_held(&engine->sched->lock);

	if (engine->armed && time_before_eq(engine->expires, expires))
		return;
	engine->armed = true;
	engine->expires = expires;
	mod_delayed_work(engine->sched->wq, &engine->timeout,
			 time_after(expires, now) ? expires - now : 0);
}

static void engine_start(struct gpup_engine *engine, struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = engine->sched;
	struct gpup_job *job;

	job = list_first_entry(&queue->jobs, struct gpup_job, link);
	list_del_init(&job->link);
	queue->running = job;
	job->engine = engine;
	engine->job = job;
	engine->started = jiffies;
	gpup_engine_arm_timeout(engine);
	gpup_sched_group_started(queue->group);

	trace_gpup_job_run(queue->sp->name, queue->handle, job->value, engine->engine_class,
			   engine->index);
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
	unsigned int i;

	lockdep_assert_held(&sched->lock);

	for (i = 0; i < class->count; i++) {
		struct gpup_engine *engine = &class->engines[i];

		if (engine->job || engine->halted)
			continue;
		entity = gpup_pick_next(&class->pick);
		if (!entity)
			return;
		engine_start(engine, container_of(entity, struct gpup_queue, entity));
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
static void account(struct gpup_queue *queue, struct gpup_pick *pick, u64 gpu_ns)
{
	struct gpup_sched_class *sc = queue->entity.sc;

	gpup_pick_charge(pick, sc, gpu_ns, queue->sp->weight);
	sc->gpu_ns += gpu_ns;
	sc->jobs++;
	queue->gpu_ns += gpu_ns;
}

/**
 * gpup_hw_job_done() - A job has ended
 * @hw: The job, as it was passed to &gpup_adapter_ops.run; it is gone on return.
 * @error: 0, -EFAULT: it touched an address that is not mapped, or not writable,
 *	-EINVAL: malformed command, -ECANCELED: a reset stopped it, or another negative errno.
 * @fault_addr: GPU virtual address with -EFAULT, else zero.
 * @gpu_ns: Time that the engine spent on it, in ns.
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
	u32 engine_class = queue->engine_class;
	struct gpup_pick *pick = &sched->classes[engine_class].pick;
	unsigned long flags;
	bool cookie, retire;

	cookie = dma_fence_begin_signalling();
	spin_lock_irqsave(&sched->lock, flags);

	job->error = job_error(job, error);
	job->fault_addr = job->error == -EFAULT ? fault_addr : 0;
	account(queue, pick, gpu_ns);
	trace_gpup_job_done(queue->sp->name, queue->handle, job->value, job->error, gpu_ns);
	if (job->error)
		gpup_queue_ban(queue, job);

	job->engine->job = NULL;
	job->engine = NULL;
	queue->running = NULL;
	list_add_tail(&job->link, &queue->ended);
	gpup_sched_group_ended(queue->group);

	/* Its next job competes for the engine that it has just left. */
	gpup_queue_advance(queue);
	gpup_pick_stop(pick, queue->entity.sc);
	gpup_class_kick(sched, engine_class);
	/* Unless it is for us to retire, the queue may be gone once the lock is dropped. */
	retire = gpup_queue_begin_retire(queue);
	spin_unlock_irqrestore(&sched->lock, flags);

	if (retire)
		gpup_queue_retire(queue);
	dma_fence_end_signalling(cookie);
}
EXPORT_SYMBOL_GPL(gpup_hw_job_done);
