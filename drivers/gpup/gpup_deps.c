// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a job or a bind waits for: dma_fences, values of timelines, any number of both.
 */
#include <linux/slab.h>

#include "gpup_timeline.h"

/**
 * DOC: Dependencies
 *
 * A condition is met when its fence has signalled or its value was reached, however
 * that ended: order is what was asked for, and whoever cares about the result of
 * something looks at it.
 *
 * &gpup_deps.pending counts the conditions that are not met, and one more while they
 * are being armed. Whoever brings it to zero calls &gpup_deps.ready. To cancel is to
 * keep it from zero for ever, by taking one more; if it was zero already, it is too
 * late.
 */

/* One condition. */
struct gpup_dep {
	struct gpup_deps *deps;
	struct dma_fence *fence;
	struct dma_fence_cb cb;
	struct gpup_timeline *timeline;
	struct gpup_timeline_waiter waiter;
};

/* Must not touch @deps after ready(), which may free it. */
static void dep_met(struct gpup_deps *deps)
{
	if (atomic_dec_and_test(&deps->pending))
		deps->ready(deps);
}

static void dep_fence_signalled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	dep_met(container_of(cb, struct gpup_dep, cb)->deps);
}

static void dep_value_reached(struct gpup_timeline_waiter *waiter, int error)
{
	dep_met(container_of(waiter, struct gpup_dep, waiter)->deps);
}

static bool was_given_out(struct gpup_timeline *tl, u64 value)
{
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&tl->lock, flags);
	ret = value <= tl->submitted;
	spin_unlock_irqrestore(&tl->lock, flags);
	return ret;
}

/**
 * gpup_deps_init() - Note what is to be waited for
 * @deps: Not initialised.
 * @waits: The conditions; references are taken on their fences and timelines.
 * @count: Number of conditions, may be zero.
 * @ready: See &gpup_deps.ready. Runs with arbitrary locks held, among them that of a
 *	timeline, whose order see there.
 *
 * A value must have been given out, so that no two jobs can wait for each other.
 * May sleep.
 *
 * Return: 0, -EINVAL for a value that was not given out, or -ENOMEM. On failure there is
 * nothing to undo.
 */
int gpup_deps_init(struct gpup_deps *deps, const struct gpup_wait *waits, unsigned int count,
		   void (*ready)(struct gpup_deps *deps))
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (waits[i].timeline && !was_given_out(waits[i].timeline, waits[i].value))
			return -EINVAL;

	deps->entries = NULL;
	if (count) {
		deps->entries = kcalloc(count, sizeof(*deps->entries), GFP_KERNEL);
		if (!deps->entries)
			return -ENOMEM;
	}
	atomic_set(&deps->pending, 1);
	deps->count = count;
	deps->armed = 0;
	deps->ready = ready;

	for (i = 0; i < count; i++) {
		struct gpup_dep *dep = &deps->entries[i];

		dep->deps = deps;
		if (waits[i].fence)
			dep->fence = dma_fence_get(waits[i].fence);
		if (waits[i].timeline)
			dep->timeline = gpup_timeline_get(waits[i].timeline);
		gpup_timeline_waiter_init(&dep->waiter, dep_value_reached);
		dep->waiter.value = waits[i].value;
	}
	return 0;
}

static void arm_dep(struct gpup_deps *deps, struct gpup_dep *dep)
{
	if (dep->fence) {
		atomic_inc(&deps->pending);
		if (dma_fence_add_callback(dep->fence, &dep->cb, dep_fence_signalled))
			atomic_dec(&deps->pending);
	}
	if (dep->timeline) {
		atomic_inc(&deps->pending);
		if (gpup_timeline_add_waiter(dep->timeline, &dep->waiter, dep->waiter.value))
			atomic_dec(&deps->pending);
	}
}

/**
 * gpup_deps_arm() - Start to wait
 * @deps: Initialised, and not armed.
 *
 * From here on ready() is called once, unless gpup_deps_cancel() forbids it; it may be
 * called before this returns. Any context, with no lock of a timeline or fence held.
 */
void gpup_deps_arm(struct gpup_deps *deps)
{
	for (; deps->armed < deps->count; deps->armed++)
		arm_dep(deps, &deps->entries[deps->armed]);
	dep_met(deps);
}

/**
 * gpup_deps_cancel() - Stop waiting
 * @deps: Initialised. Must not be called while gpup_deps_arm() is at work, nor twice.
 *
 * Safe against conditions that are met at the same time. Any context, with no lock of a
 * timeline or fence held.
 *
 * Return: True if ready() was not called and will never be, so that @deps may be freed.
 * False if it was called, or is just being called, by somebody else.
 */
bool gpup_deps_cancel(struct gpup_deps *deps)
{
	unsigned int i;

	if (!atomic_inc_not_zero(&deps->pending))
		return false;

	for (i = 0; i < deps->armed; i++) {
		struct gpup_dep *dep = &deps->entries[i];

		/* Both wait for a call that is under way. */
		if (dep->fence)
			dma_fence_remove_callback(dep->fence, &dep->cb);
		if (dep->timeline)
			gpup_timeline_remove_waiter(dep->timeline, &dep->waiter);
	}
	return true;
}

/**
 * gpup_deps_fini() - Forget what was waited for
 * @deps: Initialised; ready() was called, or never will be. Any context.
 */
void gpup_deps_fini(struct gpup_deps *deps)
{
	unsigned int i;

	for (i = 0; i < deps->count; i++) {
		dma_fence_put(deps->entries[i].fence);
		gpup_timeline_put(deps->entries[i].timeline);
	}
	kfree(deps->entries);
}
