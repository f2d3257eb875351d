// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timelines, and dma_fences over them.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "gpup_compat.h"
#include "gpup_timeline.h"

/**
 * DOC: Timelines
 *
 * A timeline belongs to one queue or one address space. Its owner gives out values
 * (gpup_timeline_submit()), and completes each of them once and in order
 * (gpup_timeline_complete()). A value is *reached* when it was completed; a failure
 * alone does not make it so, because what the value stands for may still be running.
 *
 * The first value that ends with an error is kept. From then on no value is given out,
 * and those that are out already end with -ECANCELED, whatever their owner says. So
 * every value ends exactly once: with 0, with the error of the timeline, or with
 * -ECANCELED.
 *
 * Lock order: a timeline's lock, then that of a dma_fence on it, then that of a
 * scheduler. Two timelines' locks are never held at once, so what a waiter sets off
 * completes no other timeline before it returns.
 *
 * Waiters are kept in a tree, and told in batches between which the lock is dropped:
 * a guest decides how many there are and in what order they come.
 */

/* Waiters that are told with the lock held and interrupts off. */
#define FIRE_BATCH	32

struct gpup_fence {
	/* First, for dma_fence_free(). */
	struct dma_fence base;
	/* Lock of @base: its own, because it may outlive the timeline's owner. */
	spinlock_t lock;
	struct gpup_timeline_waiter waiter;
	struct gpup_timeline *timeline;
};

/**
 * gpup_timeline_create() - Create a timeline
 * @notify: Told about progress, see &gpup_timeline.notify, or NULL.
 * @notify_data: Passed to @notify.
 *
 * Return: The timeline, with one reference, or ERR_PTR(-ENOMEM).
 */
struct gpup_timeline *gpup_timeline_create(void (*notify)(struct gpup_timeline *, void *),
					   void *notify_data)
{
	struct gpup_timeline *tl;

	tl = kzalloc(sizeof(*tl), GFP_KERNEL_ACCOUNT);
	if (!tl)
		return ERR_PTR(-ENOMEM);
	kref_init(&tl->ref);
	spin_lock_init(&tl->lock);
	tl->waiters = RB_ROOT_CACHED;
	tl->fence_context = dma_fence_context_alloc(1);
	tl->notify = notify;
	tl->notify_data = notify_data;
	return tl;
}

/**
 * gpup_timeline_get() - Take a reference
 * @tl: The timeline.
 *
 * Return: @tl.
 */
struct gpup_timeline *gpup_timeline_get(struct gpup_timeline *tl)
{
	kref_get(&tl->ref);
	return tl;
}
EXPORT_SYMBOL_GPL(gpup_timeline_get);

static void timeline_release(struct kref *ref)
{
	kfree(container_of(ref, struct gpup_timeline, ref));
}

/**
 * gpup_timeline_put() - Drop a reference
 * @tl: The timeline, or NULL. Nothing waits on it when the last one goes: a waiter's
 *	owner holds one. Any context.
 */
void gpup_timeline_put(struct gpup_timeline *tl)
{
	if (tl)
		kref_put(&tl->ref, timeline_release);
}
EXPORT_SYMBOL_GPL(gpup_timeline_put);

/**
 * gpup_timeline_submit_many() - Give out values in a row
 * @tl: The timeline.
 * @first: In: the first value as the caller expects it, or zero for any. Out: the first
 *	value.
 * @count: Number of values.
 *
 * Either all are given out or none. Any context.
 *
 * Return: 0, -EINVAL if @first is not the next value, -ECANCELED if the timeline has failed
 * or is closed.
 */
int gpup_timeline_submit_many(struct gpup_timeline *tl, u64 *first, unsigned int count)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&tl->lock, flags);
	if (tl->failed_at || tl->closed) {
		ret = -ECANCELED;
	} else if (*first && *first != tl->submitted + 1) {
		ret = -EINVAL;
	} else {
		*first = tl->submitted + 1;
		tl->submitted += count;
	}
	spin_unlock_irqrestore(&tl->lock, flags);
	return ret;
}

/**
 * gpup_timeline_submit() - Give out a value
 * @tl: The timeline.
 * @value: In: the value as the caller expects it, or zero for any. Out: the value.
 *
 * Return: As gpup_timeline_submit_many().
 */
int gpup_timeline_submit(struct gpup_timeline *tl, u64 *value)
{
	return gpup_timeline_submit_many(tl, value, 1);
}

/* How a value ended that was reached. */
static int value_error(const struct gpup_timeline *tl, u64 value)
{
	if (!tl->failed_at || value < tl->failed_at)
		return 0;
	return value == tl->failed_at ? tl->error : -ECANCELED;
}

static void set_failed(struct gpup_timeline *tl, u64 value, int error, u64 fault_addr)
{
	if (tl->failed_at)
		return;
	tl->failed_at = value;
	tl->error = error;
	tl->fault_addr = fault_addr;
}

static void notify(struct gpup_timeline *tl)
{
	if (tl->notify)
		tl->notify(tl, tl->notify_data);
}

/* Tell the first waiters; returns whether there are more to tell. */
static bool fire_waiters(struct gpup_timeline *tl)
{
	unsigned int left = FIRE_BATCH;
	struct rb_node *node;

	lockdep_assert_held(&tl->lock);

	while ((node = rb_first_cached(&tl->waiters))) {
		struct gpup_timeline_waiter *waiter;

		waiter = rb_entry(node, struct gpup_timeline_waiter, node);
		if (waiter->value > tl->completed)
			return false;
		if (!left--)
			return true;
		rb_erase_cached(node, &tl->waiters);
		RB_CLEAR_NODE(node);
		waiter->func(waiter, value_error(tl, waiter->value));
	}
	return false;
}

static void fire_all_waiters(struct gpup_timeline *tl)
{
	unsigned long flags;
	bool more;

	do {
		spin_lock_irqsave(&tl->lock, flags);
		more = fire_waiters(tl);
		spin_unlock_irqrestore(&tl->lock, flags);
	} while (more);
}

/**
 * gpup_timeline_complete() - Reach a value
 * @tl: The timeline, on which the caller holds a reference.
 * @value: The value, above those that were completed before.
 * @error: How it ended: 0 or a negative errno.
 * @fault_addr: GPU virtual address if @error is -EFAULT, else zero.
 *
 * Called by the owner alone, once for each value and in order. Any context, with no
 * timeline's lock held. On a timeline that is closed it does nothing.
 */
void gpup_timeline_complete(struct gpup_timeline *tl, u64 value, int error, u64 fault_addr)
{
	unsigned long flags;
	bool more = false;

	spin_lock_irqsave(&tl->lock, flags);
	if (!tl->closed) {
		if (error)
			set_failed(tl, value, error, fault_addr);
		tl->completed = value;
		notify(tl);
		more = fire_waiters(tl);
	}
	spin_unlock_irqrestore(&tl->lock, flags);
	if (more)
		fire_all_waiters(tl);
}

/**
 * gpup_timeline_fail() - Let everything that is not completed yet end in failure
 * @tl: The timeline.
 * @error: Why, a negative errno: how the next value ends. Those after it end with
 *	-ECANCELED.
 *
 * The owner still completes the values that are out. Does nothing if the timeline has
 * failed before. Any context.
 */
void gpup_timeline_fail(struct gpup_timeline *tl, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&tl->lock, flags);
	if (!tl->failed_at && !tl->closed) {
		set_failed(tl, tl->completed + 1, error, 0);
		notify(tl);
	}
	spin_unlock_irqrestore(&tl->lock, flags);
}

/**
 * gpup_timeline_close() - End a timeline
 * @tl: The timeline, on which the caller holds a reference.
 *
 * All values that are out end, those that were not completed with -ECANCELED. When this
 * returns, @notify does not run and will not run again. May be called again. Any
 * context, with no timeline's lock held.
 */
void gpup_timeline_close(struct gpup_timeline *tl)
{
	unsigned long flags;

	spin_lock_irqsave(&tl->lock, flags);
	tl->closed = true;
	if (tl->completed < tl->submitted) {
		set_failed(tl, tl->completed + 1, -ECANCELED, 0);
		tl->completed = tl->submitted;
		notify(tl);
	}
	tl->notify = NULL;
	spin_unlock_irqrestore(&tl->lock, flags);
	fire_all_waiters(tl);
}

/**
 * gpup_timeline_error() - Has it failed?
 * @tl: The timeline.
 *
 * Return: 0, or the negative errno that it failed with.
 */
int gpup_timeline_error(struct gpup_timeline *tl)
{
	unsigned long flags;
	int error;

	spin_lock_irqsave(&tl->lock, flags);
	error = tl->error;
	spin_unlock_irqrestore(&tl->lock, flags);
	return error;
}
EXPORT_SYMBOL_GPL(gpup_timeline_error);

/**
 * gpup_timeline_waiter_init() - Initialise a waiter that waits for nothing yet
 * @waiter: The waiter.
 * @func: See &gpup_timeline_waiter.func.
 */
void gpup_timeline_waiter_init(struct gpup_timeline_waiter *waiter,
			       void (*func)(struct gpup_timeline_waiter *waiter, int error))
{
	RB_CLEAR_NODE(&waiter->node);
	waiter->value = 0;
	waiter->func = func;
}

static bool waiter_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct gpup_timeline_waiter, node)->value <
	       rb_entry(b, struct gpup_timeline_waiter, node)->value;
}

static void insert_waiter(struct gpup_timeline *tl, struct gpup_timeline_waiter *waiter,
			  u64 value)
{
	lockdep_assert_held(&tl->lock);
	waiter->value = value;
	rb_add_cached(&waiter->node, &tl->waiters, waiter_less);
}

/**
 * gpup_timeline_add_waiter() - Be told when a value is reached
 * @tl: The timeline, on which the waiter's owner holds a reference until then.
 * @waiter: Initialised, and not waiting.
 * @value: The value.
 *
 * Any context, with no timeline's lock held.
 *
 * Return: 0 if the waiter will be told, 1 if the value is reached already (it will not),
 * -EINVAL if the value was never given out.
 */
int gpup_timeline_add_waiter(struct gpup_timeline *tl, struct gpup_timeline_waiter *waiter,
			     u64 value)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&tl->lock, flags);
	if (value <= tl->completed)
		ret = 1;
	else if (value > tl->submitted)
		ret = -EINVAL;
	else
		insert_waiter(tl, waiter, value);
	spin_unlock_irqrestore(&tl->lock, flags);
	return ret;
}

/**
 * gpup_timeline_remove_waiter() - Be told no more
 * @tl: The timeline.
 * @waiter: The waiter; need not be waiting.
 *
 * Any context, with no timeline's lock held, and not from within the waiter.
 *
 * Return: True if it was waiting, and so was not told and will not be. False if it was
 * told, which is over when this returns, or never waited.
 */
bool gpup_timeline_remove_waiter(struct gpup_timeline *tl, struct gpup_timeline_waiter *waiter)
{
	unsigned long flags;
	bool removed;

	spin_lock_irqsave(&tl->lock, flags);
	removed = !RB_EMPTY_NODE(&waiter->node);
	if (removed) {
		rb_erase_cached(&waiter->node, &tl->waiters);
		RB_CLEAR_NODE(&waiter->node);
	}
	spin_unlock_irqrestore(&tl->lock, flags);
	return removed;
}

static const char *fence_driver_name(struct dma_fence *fence)
{
	return "gpup";
}

static const char *fence_timeline_name(struct dma_fence *fence)
{
	return "timeline";
}

static void fence_release(struct dma_fence *base)
{
	struct gpup_fence *fence = container_of(base, struct gpup_fence, base);

	gpup_timeline_put(fence->timeline);
	dma_fence_free(base);
	/* A sync_file, say, may keep a fence for longer than the device is open. */
	module_put(THIS_MODULE);
}

static const struct dma_fence_ops fence_ops = {
	GPUP_DMA_FENCE_OPS_64BIT
	.get_driver_name = fence_driver_name,
	.get_timeline_name = fence_timeline_name,
	.release = fence_release,
};

static void fence_signal(struct gpup_fence *fence, int error)
{
	if (error)
		dma_fence_set_error(&fence->base, error);
	dma_fence_signal(&fence->base);
	dma_fence_put(&fence->base);
}

static void fence_waiter(struct gpup_timeline_waiter *waiter, int error)
{
	fence_signal(container_of(waiter, struct gpup_fence, waiter), error);
}

/**
 * gpup_fence_create() - Allocate a dma_fence over a timeline
 * @tl: The timeline.
 *
 * The allocation is all that can fail, so it is done before anything is queued. The
 * fence is not usable before gpup_fence_arm(): not even for a reference.
 *
 * Return: The fence, or ERR_PTR(-ENOMEM).
 */
struct dma_fence *gpup_fence_create(struct gpup_timeline *tl)
{
	struct gpup_fence *fence;

	fence = kzalloc(sizeof(*fence), GFP_KERNEL_ACCOUNT);
	if (!fence)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&fence->lock);
	gpup_timeline_waiter_init(&fence->waiter, fence_waiter);
	fence->timeline = gpup_timeline_get(tl);
	__module_get(THIS_MODULE);
	return &fence->base;
}

/**
 * gpup_fence_is_on() - Which timeline was a fence made for?
 * @base: From gpup_fence_create(), not armed yet.
 * @tl: A timeline.
 *
 * Return: True if it was made for @tl: only then may a value of @tl arm it.
 */
bool gpup_fence_is_on(const struct dma_fence *base, const struct gpup_timeline *tl)
{
	return container_of_const(base, struct gpup_fence, base)->timeline == tl;
}

/**
 * gpup_fence_arm() - Let a fence signal when its timeline reaches a value
 * @base: From gpup_fence_create(), not armed before. The caller's pointer becomes a
 *	reference.
 * @value: A value that its timeline has given out.
 *
 * Cannot fail. Any context, with no timeline's lock held.
 */
void gpup_fence_arm(struct dma_fence *base, u64 value)
{
	struct gpup_fence *fence = container_of(base, struct gpup_fence, base);
	struct gpup_timeline *tl = fence->timeline;
	unsigned long flags;
	bool reached;
	int error;

	gpup_dma_fence_init64(base, &fence_ops, &fence->lock, tl->fence_context, value);
	dma_fence_get(base);

	spin_lock_irqsave(&tl->lock, flags);
	reached = value <= tl->completed;
	error = value_error(tl, value);
	if (!reached)
		insert_waiter(tl, &fence->waiter, value);
	spin_unlock_irqrestore(&tl->lock, flags);

	if (reached)
		fence_signal(fence, error);
}

/**
 * gpup_fence_abandon() - Free a fence that was not armed
 * @base: From gpup_fence_create().
 */
void gpup_fence_abandon(struct dma_fence *base)
{
	struct gpup_fence *fence = container_of(base, struct gpup_fence, base);

	gpup_timeline_put(fence->timeline);
	kfree(fence);
	module_put(THIS_MODULE);
}
