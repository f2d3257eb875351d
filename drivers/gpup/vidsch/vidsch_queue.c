// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues: the way of a job from its submission to its timeline value.
 */
#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../gpup_trace.h"
#include "vidsch_internal.h"

/* Empty jobs that are ended with interrupts off. */
#define EMPTY_BATCH	32

static struct gpup_job *first_job(struct list_head *list)
{
	return list_first_entry_or_null(list, struct gpup_job, link);
}

static void free_job(struct gpup_job *job)
{
	gpup_deps_fini(&job->deps);
	kfree(job);
}

static void wake_closer(struct gpup_queue *queue)
{
	lockdep_assert_held(&queue->sched->lock);
	if (queue->closed)
		wake_up(&queue->idle);
}

/* Who drops the last reference must not touch the queue any more. */
static void put_job(struct gpup_job *job)
{
	struct gpup_queue *queue = job->queue;
	struct gpup_vidsch *sched = queue->sched;
	unsigned long flags;

	if (!refcount_dec_and_test(&job->ref))
		return;
	free_job(job);
	spin_lock_irqsave(&sched->lock, flags);
	queue->live--;
	wake_closer(queue);
	spin_unlock_irqrestore(&sched->lock, flags);
}

static void compete(struct gpup_queue *queue)
{
	u64 now = ktime_get_ns();

	/* Who was preempted has been waiting for its next slice since then. */
	if (!queue->waits_since)
		queue->waits_since = now;
	gpup_pick_add(&queue->sched->classes[queue->engine_class].pick, &queue->entity, now);
}

/**
 * gpup_queue_advance() - Let the first job of a queue compete, if it can run
 * @queue: The queue; the scheduler's lock is held.
 *
 * Called whenever something has happened to the first job. The caller kicks the engines.
 */
void gpup_queue_advance(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;
	struct gpup_job *job;

	lockdep_assert_held(&sched->lock);

	if (queue->cancelled || queue->running || !list_empty(&queue->entity.link))
		return;
	job = first_job(&queue->jobs);
	if (!job || !job->ready)
		return;
	if (!job->hw.stream_size)
		queue_work(sched->wq, &queue->work);
	else if (!gpup_sched_group_holds(queue->group))
		compete(queue);
}

/* In any context, with a timeline's or fence's lock held: nothing is completed here. */
static void job_ready(struct gpup_deps *deps)
{
	struct gpup_job *job = container_of(deps, struct gpup_job, deps);
	struct gpup_queue *queue = job->queue;
	struct gpup_vidsch *sched = queue->sched;
	unsigned long flags;

	spin_lock_irqsave(&sched->lock, flags);
	job->ready = true;
	gpup_queue_advance(queue);
	gpup_class_kick(sched, queue->engine_class);
	spin_unlock_irqrestore(&sched->lock, flags);
	put_job(job);
}

/**
 * gpup_queue_begin_retire() - Become the one who completes the ended jobs
 * @queue: The queue; the scheduler's lock is held.
 *
 * Return: True if the caller must call gpup_queue_retire(), after it has dropped the
 * lock; the queue stays until then. False if somebody else is at it, or there are none.
 */
bool gpup_queue_begin_retire(struct gpup_queue *queue)
{
	lockdep_assert_held(&queue->sched->lock);

	if (queue->retiring || list_empty(&queue->ended))
		return false;
	queue->retiring = true;
	return true;
}

static void end_retire(struct gpup_queue *queue)
{
	lockdep_assert_held(&queue->sched->lock);

	queue->retiring = false;
	if (queue->cancelled && !queue->running && (queue->untold || !list_empty(&queue->jobs)))
		queue_work(queue->sched->wq, &queue->work);
	wake_closer(queue);
}

/*
 * From here on it does not count: who sees its value reached may submit the next one at once.
 */
static void unlink_job(struct gpup_job *job)
{
	struct gpup_queue *queue = job->queue;

	lockdep_assert_held(&queue->sched->lock);
	list_del_init(&job->link);
	queue->held--;
	queue->sp->pending -= job->cost;
}

static void complete_job(struct gpup_job *job)
{
	gpup_timeline_complete(job->queue->timeline, job->value, job->error, job->fault_addr);
	put_job(job);
}

/**
 * gpup_queue_retire() - Complete the ended jobs
 * @queue: The queue, after gpup_queue_begin_retire(). Any context, without the
 *	scheduler's lock; the queue may be gone on return.
 */
void gpup_queue_retire(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;
	struct gpup_job *job;
	unsigned long flags;

	spin_lock_irqsave(&sched->lock, flags);
	while ((job = first_job(&queue->ended))) {
		unlink_job(job);
		spin_unlock_irqrestore(&sched->lock, flags);
		complete_job(job);
		spin_lock_irqsave(&sched->lock, flags);
	}
	end_retire(queue);
	spin_unlock_irqrestore(&sched->lock, flags);
}

/* By whoever is retiring, when no job runs or has ended: the next value is that of none of them. */
static void tell_failure(struct gpup_queue *queue)
{
	int error = queue->untold;

	if (!error)
		return;
	queue->untold = 0;
	spin_unlock_irq(&queue->sched->lock);
	gpup_timeline_fail(queue->timeline, error);
	spin_lock_irq(&queue->sched->lock);
}

/*
 * Jobs that will not run; those that did run come first, and why the others do not run is told
 * in between. May drop the lock.
 */
static struct gpup_job *next_cancelled(struct gpup_queue *queue)
{
	struct gpup_job *job = first_job(&queue->ended);

	if (job || queue->running)
		return job;
	tell_failure(queue);
	job = first_job(&queue->jobs);
	if (job)
		job->error = -ECANCELED;
	return job;
}

static void retire_cancelled(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;
	struct gpup_job *job;

	spin_lock_irq(&sched->lock);
	if (queue->retiring || !queue->cancelled) {
		/* Who is retiring it queues the work again. */
		spin_unlock_irq(&sched->lock);
		return;
	}
	queue->retiring = true;
	while ((job = next_cancelled(queue))) {
		unlink_job(job);
		spin_unlock_irq(&sched->lock);
		/* If it comes too late for that, job_ready() finds the job still there. */
		if (gpup_deps_cancel(&job->deps))
			put_job(job);
		complete_job(job);
		cond_resched();
		spin_lock_irq(&sched->lock);
	}
	end_retire(queue);
	spin_unlock_irq(&sched->lock);
}

static bool is_empty_job(const struct gpup_job *job)
{
	return job && job->ready && !job->hw.stream_size;
}

static void retire_empty(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;
	unsigned int left = EMPTY_BATCH;
	struct gpup_job *job;
	bool retire;

	spin_lock_irq(&sched->lock);
	if (!queue->cancelled && !queue->running) {
		while (is_empty_job(job = first_job(&queue->jobs)) && left--) {
			list_move_tail(&job->link, &queue->ended);
			queue->sp->shares[queue->engine_class].jobs++;
			queue->stats.jobs++;
			trace_gpup_job_done(queue->sp->name, queue->handle, job->value, 0, 0);
		}
		gpup_queue_advance(queue);
		gpup_class_kick(sched, queue->engine_class);
	}
	retire = gpup_queue_begin_retire(queue);
	spin_unlock_irq(&sched->lock);

	if (retire)
		gpup_queue_retire(queue);
}

static void queue_work_func(struct work_struct *work)
{
	struct gpup_queue *queue = container_of(work, struct gpup_queue, work);
	bool cookie;

	cookie = dma_fence_begin_signalling();
	retire_empty(queue);
	retire_cancelled(queue);
	dma_fence_end_signalling(cookie);
}

/* With the first job, as many a queue never has one. */
static int provide_context(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;
	struct gpup_hw_context *context;
	s64 size;
	int ret;

	lockdep_assert_held(&queue->submit_lock);
	if (queue->context ||
	    sched->classes[queue->engine_class].preemption != GPUP_PREEMPT_INSIDE)
		return 0;
	size = sched->ops->context_memory(sched->adapter, queue->engine_class);
	ret = queue->charge ? queue->charge(queue->release_data, size) : 0;
	if (ret)
		return ret;
	context = sched->ops->context_create(sched->adapter, queue->engine_class);
	if (IS_ERR(context)) {
		if (queue->charge)
			queue->charge(queue->release_data, -size);
		return PTR_ERR(context);
	}
	queue->context = context;
	return 0;
}

/* No job of the queue is anywhere any more. */
static void drop_context(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;

	if (!queue->context)
		return;
	sched->ops->context_destroy(queue->context);
	queue->context = NULL;
	if (queue->charge)
		queue->charge(queue->release_data,
			      -(s64)sched->ops->context_memory(sched->adapter,
							       queue->engine_class));
}

/**
 * gpup_queue_create() - Create a queue
 * @sp: The share of the partition that it belongs to.
 * @params: What it is to be.
 *
 * Return: The queue, with one reference, or ERR_PTR(-EINVAL) for a class or priority that
 * there is not, or ERR_PTR(-ENOMEM); on failure &gpup_queue_params.release is not called.
 */
struct gpup_queue *gpup_queue_create(struct gpup_sched_partition *sp,
				     const struct gpup_queue_params *params)
{
	struct gpup_vidsch *sched = sp->sched;
	struct gpup_queue *queue;

	if (params->engine_class >= DRM_GPUP_ENGINE_CLASSES ||
	    !sched->classes[params->engine_class].count ||
	    params->priority > DRM_GPUP_QUEUE_PRIORITY_HIGH)
		return ERR_PTR(-EINVAL);

	queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	kref_init(&queue->ref);
	queue->sched = sched;
	queue->sp = sp;
	queue->engine_class = params->engine_class;
	INIT_LIST_HEAD(&queue->entity.link);
	queue->entity.sc = &sp->shares[params->engine_class].sc;
	queue->entity.priority = params->priority;
	queue->as = params->as;
	queue->group = params->group;
	queue->charge = params->charge;
	queue->release = params->release;
	queue->release_data = params->release_data;
	queue->timeline = gpup_timeline_get(params->timeline);
	strscpy(queue->label, params->label, sizeof(queue->label));
	mutex_init(&queue->submit_lock);
	INIT_LIST_HEAD(&queue->jobs);
	INIT_LIST_HEAD(&queue->ended);
	init_waitqueue_head(&queue->idle);
	INIT_WORK(&queue->work, queue_work_func);
	INIT_WORK(&queue->report, gpup_queue_report);

	spin_lock_irq(&sched->lock);
	if (queue->group)
		list_add_tail(&queue->group_link, &queue->group->queues);
	list_add_tail(&queue->sp_link, &sp->queue_list);
	sched->queues++;
	sp->queues++;
	spin_unlock_irq(&sched->lock);
	return queue;
}

/**
 * gpup_queue_get() - Take a reference
 * @queue: The queue.
 *
 * Return: @queue.
 */
struct gpup_queue *gpup_queue_get(struct gpup_queue *queue)
{
	kref_get(&queue->ref);
	return queue;
}

static void queue_release(struct kref *ref)
{
	struct gpup_queue *queue = container_of(ref, struct gpup_queue, ref);

	gpup_timeline_put(queue->timeline);
	mutex_destroy(&queue->submit_lock);
	kfree(queue);
}

/**
 * gpup_queue_put() - Drop a reference
 * @queue: The queue; closed, if this is the last one. Process context.
 */
void gpup_queue_put(struct gpup_queue *queue)
{
	kref_put(&queue->ref, queue_release);
}

/**
 * gpup_queue_set_name() - Tell a queue its handle, for logs and traces
 * @queue: The queue.
 * @handle: The handle.
 */
void gpup_queue_set_name(struct gpup_queue *queue, u32 handle)
{
	spin_lock_irq(&queue->sched->lock);
	queue->handle = handle;
	spin_unlock_irq(&queue->sched->lock);
}

/**
 * gpup_queue_cancel() - Start no job of a queue any more
 * @queue: The queue; the scheduler's lock is held.
 *
 * A job that runs goes on, to the end of its slice; where it cannot be interrupted, to its own. The
 * others are completed by the work item after it.
 */
void gpup_queue_cancel(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;

	lockdep_assert_held(&sched->lock);

	if (queue->cancelled)
		return;
	queue->cancelled = true;
	if (!list_empty(&queue->entity.link))
		gpup_pick_remove(&sched->classes[queue->engine_class].pick, &queue->entity);
	queue_work(sched->wq, &queue->work);
}

/**
 * gpup_queue_cancel_for() - Ban a queue for a reason that no job of it has given
 * @queue: The queue; the scheduler's lock is held.
 * @error: Why, a negative errno.
 *
 * As gpup_queue_fail(), but its timeline is always told by the work item.
 */
void gpup_queue_cancel_for(struct gpup_queue *queue, int error)
{
	lockdep_assert_held(&queue->sched->lock);

	if (queue->cancelled)
		return;
	queue->untold = error;
	gpup_queue_cancel(queue);
}

/**
 * gpup_queue_fail() - Ban a queue for a reason that no job of it has given
 * @queue: The queue.
 * @error: Why, a negative errno.
 *
 * Its timeline fails with @error at the next value: before this returns if no job runs or is
 * being completed, or else after those. A job that runs goes on as with gpup_queue_cancel(); if it
 * is taken off it is the next value. Does nothing if the queue is banned already: the job that it
 * was banned for may not be completed yet, and has the first word. Process context.
 */
void gpup_queue_fail(struct gpup_queue *queue, int error)
{
	struct gpup_vidsch *sched = queue->sched;

	spin_lock_irq(&sched->lock);
	gpup_queue_cancel_for(queue, error);
	if (!queue->running && !queue->retiring) {
		queue->retiring = true;
		tell_failure(queue);
		end_retire(queue);
	}
	spin_unlock_irq(&sched->lock);
}

/**
 * gpup_queue_close() - End a queue
 * @queue: The queue.
 *
 * When this returns, no job of it runs or will run, all its values are reached, those of
 * jobs that had not ended with -ECANCELED, and &gpup_queue_params.release was called.
 * A job that runs is taken off its engine, or has the preemption timeout to end where the engine
 * cannot interrupt it; if that fails it hangs, and ends with -ETIME by a reset. A second call does
 * nothing. May sleep, until the GPU has answered; depends on no other queue and on no client.
 */
void gpup_queue_close(struct gpup_queue *queue)
{
	struct gpup_vidsch *sched = queue->sched;

	spin_lock_irq(&sched->lock);
	if (queue->closed) {
		spin_unlock_irq(&sched->lock);
		return;
	}
	queue->closed = true;
	gpup_queue_cancel(queue);
	spin_unlock_irq(&sched->lock);

	gpup_queue_stop_running(queue);

	spin_lock_irq(&sched->lock);
	wait_event_lock_irq(queue->idle, !queue->live && !queue->retiring, sched->lock);
	spin_unlock_irq(&sched->lock);
	/* Not cancelled: there may be something to report. Nobody queues them any more. */
	flush_work(&queue->work);
	flush_work(&queue->report);

	gpup_timeline_close(queue->timeline);
	drop_context(queue);
	/* The release may be the group's end, too. */
	spin_lock_irq(&sched->lock);
	if (queue->group)
		list_del(&queue->group_link);
	spin_unlock_irq(&sched->lock);
	queue->release(queue->release_data);

	spin_lock_irq(&sched->lock);
	list_del(&queue->sp_link);
	sched->queues--;
	queue->sp->queues--;
	spin_unlock_irq(&sched->lock);
}

/* Find out which value the first job shall have, or zero if any will do. */
static int expected_value(const struct gpup_job_params *params, unsigned int count, u64 *first)
{
	unsigned int i;

	*first = 0;
	for (i = 0; i < count; i++) {
		if (!params[i].value)
			continue;
		if (params[i].value <= i || (*first && *first != params[i].value - i))
			return -EINVAL;
		*first = params[i].value - i;
	}
	return 0;
}

static int reserve(struct gpup_queue *queue, unsigned int count, unsigned int cost)
{
	struct gpup_sched_partition *sp = queue->sp;
	int ret = 0;

	spin_lock_irq(&queue->sched->lock);
	if (queue->cancelled) {
		ret = -ECANCELED;
	} else if (count > GPUP_QUEUE_MAX_JOBS - queue->held ||
		   cost > GPUP_PARTITION_MAX_PENDING - sp->pending) {
		ret = -EBUSY;
	} else {
		queue->held += count;
		queue->live += count;
		sp->pending += cost;
	}
	spin_unlock_irq(&queue->sched->lock);
	return ret;
}

static void unreserve(struct gpup_queue *queue, unsigned int count, unsigned int cost)
{
	spin_lock_irq(&queue->sched->lock);
	queue->held -= count;
	queue->live -= count;
	queue->sp->pending -= cost;
	wake_closer(queue);
	spin_unlock_irq(&queue->sched->lock);
}

static struct gpup_job *create_job(struct gpup_queue *queue, const struct gpup_job_params *params)
{
	struct gpup_job *job;
	int ret;

	/* Charged to no cgroup, nor is what it waits for: they are few, and that costs time. */
	job = kzalloc(sizeof(*job), GFP_KERNEL);
	if (!job)
		return ERR_PTR(-ENOMEM);
	ret = gpup_deps_init(&job->deps, params->waits, params->wait_count, job_ready);
	if (ret) {
		kfree(job);
		return ERR_PTR(ret);
	}
	job->hw.as = queue->as;
	job->hw.stream_addr = params->stream_addr;
	job->hw.stream_size = params->stream_size;
	INIT_LIST_HEAD(&job->hw.link);
	job->queue = queue;
	job->cost = 1 + params->wait_count;
	refcount_set(&job->ref, 2);
	return job;
}

static void free_jobs(struct list_head *list)
{
	struct gpup_job *job, *next;

	list_for_each_entry_safe(job, next, list, link)
		free_job(job);
}

static int create_jobs(struct gpup_queue *queue, const struct gpup_job_params *params,
		       unsigned int count, struct list_head *list)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct gpup_job *job = create_job(queue, &params[i]);

		if (IS_ERR(job)) {
			free_jobs(list);
			return PTR_ERR(job);
		}
		list_add_tail(&job->link, list);
	}
	return 0;
}

/* Cannot fail. The jobs are armed while only we know them, so nobody cancels them meanwhile. */
static void publish(struct gpup_queue *queue, struct gpup_job_params *params,
		    struct list_head *list, u64 first)
{
	struct gpup_vidsch *sched = queue->sched;
	struct gpup_job *job;
	u64 value = first;

	list_for_each_entry(job, list, link) {
		job->hw.context = queue->context;
		job->value = value++;
		params->value = job->value;
		if (params->fence)
			gpup_fence_arm(params->fence, job->value);
		params++;
		gpup_deps_arm(&job->deps);
	}

	spin_lock_irq(&sched->lock);
	list_for_each_entry(job, list, link)
		trace_gpup_job_queued(queue->sp->name, queue->handle, job->value);
	list_splice_tail_init(list, &queue->jobs);
	gpup_queue_advance(queue);
	gpup_class_kick(sched, queue->engine_class);
	/* It may have been banned since we looked. */
	if (queue->cancelled)
		queue_work(sched->wq, &queue->work);
	spin_unlock_irq(&sched->lock);
}

/**
 * gpup_queue_submit() - Queue jobs
 * @queue: The queue.
 * @params: The jobs. On success their values are filled in and their fences armed, on
 *	failure nothing has happened.
 * @count: Number of jobs, at least one.
 *
 * May sleep.
 *
 * Return: 0, -EINVAL if a value is not the one that the job will have or if something
 * is waited for that was never given out, -EBUSY if the queue or the partition holds too
 * many, -ENOMEM, -ECANCELED if the queue is banned or closed.
 */
int gpup_queue_submit(struct gpup_queue *queue, struct gpup_job_params *params,
		      unsigned int count)
{
	unsigned int i, cost = count;
	LIST_HEAD(list);
	bool cookie;
	u64 first;
	int ret;

	ret = expected_value(params, count, &first);
	if (ret)
		return ret;
	for (i = 0; i < count; i++)
		cost += params[i].wait_count;
	ret = reserve(queue, count, cost);
	if (ret)
		return ret;
	ret = create_jobs(queue, params, count, &list);
	if (ret)
		goto err_reserve;

	mutex_lock(&queue->submit_lock);
	ret = provide_context(queue);
	if (ret)
		goto err_jobs;
	ret = gpup_timeline_submit_many(queue->timeline, &first, count);
	if (ret)
		goto err_jobs;
	cookie = dma_fence_begin_signalling();
	publish(queue, params, &list, first);
	dma_fence_end_signalling(cookie);
	mutex_unlock(&queue->submit_lock);
	return 0;

err_jobs:
	mutex_unlock(&queue->submit_lock);
	free_jobs(&list);
err_reserve:
	unreserve(queue, count, cost);
	return ret;
}

/**
 * gpup_queue_timeline() - The timeline of a queue
 * @queue: The queue.
 *
 * Return: The timeline; valid as long as the queue, of which it has no reference.
 */
struct gpup_timeline *gpup_queue_timeline(struct gpup_queue *queue)
{
	return queue->timeline;
}

/**
 * gpup_queue_get_data() - Keep what a queue was created with, whatever becomes of the queue
 * @queue: The queue.
 * @get: Takes a reference to &gpup_queue_params.release_data. Called with the scheduler's lock
 *	held, and before &gpup_queue_params.release.
 *
 * Return: &gpup_queue_params.release_data, or NULL if the queue is closed.
 */
void *gpup_queue_get_data(struct gpup_queue *queue, void (*get)(void *data))
{
	void *data = NULL;

	spin_lock_irq(&queue->sched->lock);
	if (!queue->closed) {
		data = queue->release_data;
		get(data);
	}
	spin_unlock_irq(&queue->sched->lock);
	return data;
}

/**
 * gpup_queue_class() - The engine class of a queue
 * @queue: The queue.
 *
 * Return: One of &enum drm_gpup_engine_class.
 */
u32 gpup_queue_class(const struct gpup_queue *queue)
{
	return queue->engine_class;
}

/**
 * gpup_queue_gpu_time() - What a queue has used
 * @queue: The queue.
 *
 * Return: GPU time of the slices that have ended, in ns.
 */
u64 gpup_queue_gpu_time(struct gpup_queue *queue)
{
	u64 gpu_ns;

	spin_lock_irq(&queue->sched->lock);
	gpu_ns = queue->stats.gpu_ns;
	spin_unlock_irq(&queue->sched->lock);
	return gpu_ns;
}

/**
 * gpup_queue_stats() - All that is known of what a queue has used
 * @queue: The queue.
 * @stats: Filled in.
 */
void gpup_queue_stats(struct gpup_queue *queue, struct gpup_queue_stats *stats)
{
	spin_lock_irq(&queue->sched->lock);
	*stats = queue->stats;
	spin_unlock_irq(&queue->sched->lock);
}
