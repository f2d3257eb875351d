/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timelines and the dma_fences on them.
 */
#ifndef _GUEST_FENCE_H_
#define _GUEST_FENCE_H_

#include <linux/dma-fence.h>
#include <linux/irqreturn.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <linux/gpup_vrd.h>

#include "guest_pending.h"

struct guest_device;

/**
 * struct guest_timeline - Progress of a queue or of an address space
 */
struct guest_timeline {
	/** @gdev: The device. */
	struct guest_device *gdev;
	/** @slot: Where the device shows it. */
	struct gpup_vrd_slot *slot;
	/** @slot_index: Index of @slot. */
	u32 slot_index;
	/** @handle: Handle of the queue or address space. */
	u32 handle;
	/** @context: Context of the fences. */
	u64 context;

	/** @all: Entry of &guest_device.timelines. */
	struct list_head all;
	/** @armed: Entry of &guest_device.armed while @wake is not zero. */
	struct list_head armed;
	/** @fences: &struct guest_fence not yet signalled, by rising value. */
	struct list_head fences;
	/** @wake: Value that the device shall wake us for, or zero. */
	u64 wake;
	/** @error: It ended for our side, with this negative errno; else zero. */
	int error;

	/** @lock: Protects the members that follow, and the order of what is sent. */
	struct mutex lock;
	/** @submitted: Last value that was given out. */
	u64 submitted;
	/** @closed: Takes nothing any more. */
	bool closed;
	/** @deferred: &struct guest_op that are not sent yet, in order. */
	struct list_head deferred;
	/** @work: Sends what is in @deferred. */
	struct work_struct work;

	/** @sent: Last value that was sent. Under &guest_device.cmd_lock. */
	u64 sent;
	/** @destroyed: The device was told to destroy it. Under &guest_device.cmd_lock. */
	bool destroyed;

	/** @rcu: For freeing it. */
	struct rcu_head rcu;
	/** @pending: What counts in &guest_device.pending. Under &guest_device.fence_lock. */
	struct guest_pending pending;
};

/**
 * struct guest_timeline_state - What is known of a timeline
 */
struct guest_timeline_state {
	/** @completed: Value that it has reached. */
	u64 completed;
	/** @fault_addr: GPU virtual address of the fault if @error is -EFAULT. */
	u64 fault_addr;
	/** @error: Negative errno that it failed with, or zero. */
	int error;
};

/**
 * struct guest_fence - A dma_fence that signals when a timeline reaches a value
 */
struct guest_fence {
	/** @base: The fence; its seqno is the value. First, for dma_fence_free(). */
	struct dma_fence base;
	/** @lock: Lock of @base. */
	spinlock_t lock;
	/** @timeline: The timeline; only valid until the fence is signalled. */
	struct guest_timeline *timeline;
	/** @link: Entry of &guest_timeline.fences, with a reference, while @queued. */
	struct list_head link;
	/** @queued: See @link. */
	bool queued;
	/** @armed: Somebody wants to be told. */
	bool armed;
	/** @error: How it ended, from when it is no more @queued. */
	int error;
};

struct guest_timeline *guest_timeline_create(struct guest_device *gdev, u32 max_pending);
void guest_timeline_end(struct guest_timeline *tl, int error);
void guest_timeline_free(struct guest_timeline *tl);
void guest_timelines_fail(struct guest_device *gdev);
int guest_timeline_reserve(struct guest_timeline *tl, const u8 *costs, u32 count);
void guest_timeline_unreserve(struct guest_timeline *tl, u32 count);
bool guest_timeline_refuses(const struct guest_timeline *tl, u64 value);
u64 guest_timeline_completed(const struct guest_timeline *tl);
void guest_timeline_state(struct guest_timeline *tl, struct guest_timeline_state *state);
void guest_timelines_scan(struct work_struct *work);
irqreturn_t guest_timeline_interrupt(int irq, void *data);

struct guest_fence *guest_fence_alloc(void);
void guest_fence_discard(struct guest_fence *fence);
void guest_fence_arm(struct guest_fence *fence, struct guest_timeline *tl, u64 value);
struct guest_timeline *guest_fence_timeline(struct dma_fence *fence);

#endif /* _GUEST_FENCE_H_ */
