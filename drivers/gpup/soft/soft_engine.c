// SPDX-License-Identifier: GPL-2.0-only
/*
 * Engines: threads that execute one job at a time.
 *
 * Jobs of an engine are numbered as they are started. To stop the one that runs, its
 * number is written to &soft_context.cancel, where the thread finds it at its next
 * checkpoint; since a number is never used again, a job that is started meanwhile
 * is not stopped by mistake. To leave it off is asked for in the same way.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "soft.h"

static const char * const class_names[DRM_GPUP_ENGINE_CLASSES] = {
	[DRM_GPUP_ENGINE_COMPUTE] = "compute",
	[DRM_GPUP_ENGINE_COPY] = "copy",
};

/* How long the thread sleeps between two looks at whether a delayed job is to stop. */
#define DELAY_STEP_US	200

static bool is_to_leave(const struct soft_context *ctx)
{
	return soft_cancelled(ctx) || soft_preempted(ctx);
}

/* The job takes longer than it should; how much is left is remembered. */
static void delay(struct soft_context *ctx)
{
	ktime_t end = ktime_add_us(ktime_get(), ctx->state->delay_us);
	s64 left = ctx->state->delay_us;

	while (left > 0 && !is_to_leave(ctx)) {
		usleep_range_state(DELAY_STEP_US / 2, DELAY_STEP_US, TASK_IDLE);
		left = ktime_us_delta(end, ktime_get());
	}
	ctx->state->delay_us = max(left, 0ll);
}

/* A job that takes longer than it should, or for ever, or ends badly. */
static int inject_faults(struct soft_engine *engine, struct gpup_hw_job *job)
{
	struct soft_context *ctx = &engine->context;

	/* One that hangs does not hear that others want to run, either. */
	if (soft_fault_take(&engine->faults.hang) ||
	    job->stream_size == READ_ONCE(engine->faults.hang_size))
		wait_event_idle(engine->wake, soft_cancelled(ctx));

	delay(ctx);
	if (soft_cancelled(ctx))
		return -ECANCELED;
	if (soft_preempted(ctx))
		return -EAGAIN;

	if (soft_fault_take(&engine->faults.page_fault)) {
		ctx->fault_addr = job->stream_addr;
		return -EFAULT;
	}
	return 0;
}

static void execute(struct soft_engine *engine, struct gpup_hw_job *job)
{
	struct soft_context *ctx = &engine->context;
	u64 begin = ktime_get_ns();
	u64 fault_addr = 0;
	int error;

	ctx->as = job->as;
	ctx->state = job->context;
	if (!job->resume) {
		soft_cmd_begin(ctx->state, job->stream_addr, job->stream_size);
		ctx->state->delay_us = READ_ONCE(engine->faults.delay_us);
	}
	error = inject_faults(engine, job);
	if (!error) {
		soft_section_begin(ctx);
		error = soft_cmd_execute(ctx);
		soft_section_end(ctx);
	}
	if (error == -EFAULT)
		fault_addr = ctx->fault_addr;
	ctx->as = NULL;
	ctx->state = NULL;

	/* The engine is idle before its job is reported: that may start the next one. */
	spin_lock_irq(&engine->lock);
	engine->job = NULL;
	spin_unlock_irq(&engine->lock);

	if (error == -EAGAIN)
		gpup_hw_job_preempted(job, ktime_get_ns() - begin);
	else
		gpup_hw_job_done(job, error, fault_addr, ktime_get_ns() - begin);
}

static int engine_thread(void *data)
{
	struct soft_engine *engine = data;
	struct gpup_hw_job *job;
	u64 seq;

	while (!kthread_should_stop()) {
		wait_event_idle(engine->wake, READ_ONCE(engine->job) || kthread_should_stop());

		spin_lock_irq(&engine->lock);
		job = engine->job;
		seq = engine->started;
		spin_unlock_irq(&engine->lock);
		if (!job)
			continue;

		engine->context.seq = seq;
		execute(engine, job);

		spin_lock_irq(&engine->lock);
		engine->reported = seq;
		spin_unlock_irq(&engine->lock);
		wake_up_all(&engine->idle);
	}
	return 0;
}

/**
 * soft_run() - Start a job on an idle engine
 * @adapter: The GPU.
 * @engine_class: Class of the engine.
 * @engine: Number of the engine.
 * @job: The job.
 *
 * Any context.
 */
void soft_run(struct gpup_adapter *adapter, u32 engine_class, u32 engine,
	      struct gpup_hw_job *job)
{
	struct soft_gpu *gpu = gpup_adapter_priv(adapter);
	struct soft_engine *e = &gpu->engines[engine_class][engine];
	unsigned long flags;

	spin_lock_irqsave(&e->lock, flags);
	e->job = job;
	e->started++;
	spin_unlock_irqrestore(&e->lock, flags);
	wake_up(&e->wake);
}

/**
 * soft_preempt() - Ask an engine to give up its job
 * @adapter: The GPU.
 * @engine_class: Class of the engine.
 * @engine: Number of the engine.
 *
 * Any context.
 */
void soft_preempt(struct gpup_adapter *adapter, u32 engine_class, u32 engine)
{
	struct soft_gpu *gpu = gpup_adapter_priv(adapter);
	struct soft_engine *e = &gpu->engines[engine_class][engine];
	unsigned long flags;

	spin_lock_irqsave(&e->lock, flags);
	WRITE_ONCE(e->context.preempt, e->started);
	spin_unlock_irqrestore(&e->lock, flags);
}

static bool has_reported(struct soft_engine *engine, u64 seq)
{
	bool reported;

	spin_lock_irq(&engine->lock);
	reported = engine->reported >= seq;
	spin_unlock_irq(&engine->lock);
	return reported;
}

/* Stop what runs, and wait until gpup knows of its end. */
static void engine_stop(struct soft_engine *engine)
{
	u64 seq;

	spin_lock_irq(&engine->lock);
	seq = engine->started;
	WRITE_ONCE(engine->context.cancel, seq);
	spin_unlock_irq(&engine->lock);

	wake_up(&engine->wake);
	wait_event(engine->idle, has_reported(engine, seq));
}

/**
 * soft_engine_reset() - Stop what runs on an engine
 * @adapter: The GPU.
 * @engine_class: Class of the engine.
 * @engine: Number of the engine.
 *
 * May sleep.
 *
 * Return: 0, or -EIO if the engine was told to fail.
 */
int soft_engine_reset(struct gpup_adapter *adapter, u32 engine_class, u32 engine)
{
	struct soft_gpu *gpu = gpup_adapter_priv(adapter);
	struct soft_engine *e = &gpu->engines[engine_class][engine];

	if (soft_fault_take(&e->faults.fail_reset))
		return -EIO;
	engine_stop(e);
	return 0;
}

/**
 * soft_adapter_reset() - Stop what runs on an engine, by stronger means
 * @adapter: The GPU.
 * @engine_class: Class of the engine.
 * @engine: Number of the engine.
 *
 * Jobs on the other engines survive. May sleep.
 */
void soft_adapter_reset(struct gpup_adapter *adapter, u32 engine_class, u32 engine)
{
	struct soft_gpu *gpu = gpup_adapter_priv(adapter);

	engine_stop(&gpu->engines[engine_class][engine]);
}

static int engine_init(struct soft_gpu *gpu, u32 engine_class, u32 index)
{
	struct soft_engine *engine = &gpu->engines[engine_class][index];
	struct task_struct *thread;

	engine->gpu = gpu;
	engine->engine_class = engine_class;
	engine->index = index;
	spin_lock_init(&engine->lock);
	init_waitqueue_head(&engine->wake);
	init_waitqueue_head(&engine->idle);

	thread = kthread_run(engine_thread, engine, "%s:%s%u", gpu->name,
			     class_names[engine_class], index);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	engine->thread = thread;
	return 0;
}

/**
 * soft_engines_init() - Create the engines
 * @gpu: The GPU, with the numbers of its engines set.
 *
 * May sleep. soft_engines_fini() is to be called also after a failure.
 *
 * Return: 0 or -ENOMEM.
 */
int soft_engines_init(struct soft_gpu *gpu)
{
	u32 class, i;
	int ret;

	for (class = 0; class < DRM_GPUP_ENGINE_CLASSES; class++) {
		gpu->engines[class] = kvcalloc(gpu->num_engines[class],
					       sizeof(*gpu->engines[class]), GFP_KERNEL);
		if (!gpu->engines[class])
			return -ENOMEM;
		for (i = 0; i < gpu->num_engines[class]; i++) {
			ret = engine_init(gpu, class, i);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/**
 * soft_engines_fini() - Stop and free the engines
 * @gpu: The GPU. May sleep.
 */
void soft_engines_fini(struct soft_gpu *gpu)
{
	u32 class, i;

	for (class = 0; class < DRM_GPUP_ENGINE_CLASSES; class++) {
		if (!gpu->engines[class])
			continue;
		for (i = 0; i < gpu->num_engines[class]; i++) {
			struct soft_engine *engine = &gpu->engines[class][i];

			if (engine->thread) {
				engine_stop(engine);
				kthread_stop(engine->thread);
			}
		}
		kvfree(gpu->engines[class]);
		gpu->engines[class] = NULL;
	}
}
