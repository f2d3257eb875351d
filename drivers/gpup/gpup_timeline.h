/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timelines: the progress of a queue or of an address space, as a number.
 */
#ifndef _GPUP_TIMELINE_H_
#define _GPUP_TIMELINE_H_

#include <linux/atomic.h>
#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct gpup_timeline - Progress of a queue or of an address space
 *
 * Values are given out one by one (@submitted) and are reached in order
 * (@completed). The first value that ends with an error is kept, and all values
 * after it end with -ECANCELED.
 */
struct gpup_timeline {
	/** @ref: Reference count. */
	struct kref ref;
	/** @lock: Protects all that follows. Taken from any context. */
	spinlock_t lock;
	/** @submitted: Last value that was given out. */
	u64 submitted;
	/** @completed: Last value that was reached. */
	u64 completed;
	/** @failed_at: First value that ended with an error, or zero. */
	u64 failed_at;
	/** @fault_addr: GPU virtual address of the fault if @error is -EFAULT. */
	u64 fault_addr;
	/** @error: Error of @failed_at. */
	int error;
	/** @closed: No more values are given out. */
	bool closed;
	/** @waiters: &struct gpup_timeline_waiter, by rising value. */
	struct rb_root_cached waiters;
	/** @fence_context: Context of the dma_fences on this timeline. */
	u64 fence_context;
	/**
	 * @notify: Called with @lock held, in any context, whenever @completed or
	 * @error has changed. NULL once the timeline is closed.
	 */
	void (*notify)(struct gpup_timeline *tl, void *data);
	/** @notify_data: Passed to @notify. */
	void *notify_data;
};

/**
 * struct gpup_timeline_waiter - Someone to be told when a value is reached
 */
struct gpup_timeline_waiter {
	/** @node: Entry of the timeline's waiters; empty when not waiting. */
	struct rb_node node;
	/** @value: Value that is waited for. */
	u64 value;
	/**
	 * @func: Called once, with the timeline's lock held and @node empty, in any
	 * context. @error is how @value ended. Must not take another timeline's lock.
	 */
	void (*func)(struct gpup_timeline_waiter *waiter, int error);
};

struct gpup_timeline *gpup_timeline_create(void (*notify)(struct gpup_timeline *, void *),
					   void *notify_data);
struct gpup_timeline *gpup_timeline_get(struct gpup_timeline *tl);
void gpup_timeline_put(struct gpup_timeline *tl);
int gpup_timeline_submit(struct gpup_timeline *tl, u64 *value);
int gpup_timeline_submit_many(struct gpup_timeline *tl, u64 *first, unsigned int count);
void gpup_timeline_complete(struct gpup_timeline *tl, u64 value, int error, u64 fault_addr);
void gpup_timeline_fail(struct gpup_timeline *tl, int error);
void gpup_timeline_close(struct gpup_timeline *tl);
int gpup_timeline_error(struct gpup_timeline *tl);
void gpup_timeline_waiter_init(struct gpup_timeline_waiter *waiter,
			       void (*func)(struct gpup_timeline_waiter *waiter, int error));
int gpup_timeline_add_waiter(struct gpup_timeline *tl, struct gpup_timeline_waiter *waiter,
			     u64 value);
bool gpup_timeline_remove_waiter(struct gpup_timeline *tl, struct gpup_timeline_waiter *waiter);

/* A dma_fence that signals when a timeline reaches a value: only for clients of the host. */
struct dma_fence *gpup_fence_create(struct gpup_timeline *tl);
bool gpup_fence_is_on(const struct dma_fence *fence, const struct gpup_timeline *tl);
void gpup_fence_arm(struct dma_fence *fence, u64 value);
void gpup_fence_abandon(struct dma_fence *fence);

/**
 * struct gpup_wait - One condition that a job or a bind waits for
 *
 * Either a dma_fence (clients of the host) or a value of a timeline (clients in a
 * VM, for which no dma_fence exists).
 */
struct gpup_wait {
	/** @fence: Fence to wait for, or NULL. */
	struct dma_fence *fence;
	/** @timeline: Timeline to wait for, or NULL. */
	struct gpup_timeline *timeline;
	/** @value: Value of @timeline. */
	u64 value;
};

/**
 * struct gpup_deps - All that a job or a bind waits for
 */
struct gpup_deps {
	/** @pending: Conditions that are not met yet, and one until it is armed. */
	atomic_t pending;
	/** @count: Number of @entries. */
	unsigned int count;
	/** @armed: Number of @entries that were armed. */
	unsigned int armed;
	/** @entries: One for each condition. */
	struct gpup_dep *entries;
	/** @ready: Called once, in any context, when all conditions are met. */
	void (*ready)(struct gpup_deps *deps);
};

int gpup_deps_init(struct gpup_deps *deps, const struct gpup_wait *waits, unsigned int count,
		   void (*ready)(struct gpup_deps *deps));
void gpup_deps_arm(struct gpup_deps *deps);
bool gpup_deps_cancel(struct gpup_deps *deps);
void gpup_deps_fini(struct gpup_deps *deps);

#endif /* _GPUP_TIMELINE_H_ */
