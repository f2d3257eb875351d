// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timelines and the dma_fences on them.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <asm/barrier.h>

#include "guest_device.h"
#include "guest_fence.h"
#include "guest_submit.h"
#include "guest_trace.h"

/**
 * DOC: Fences of the guest
 *
 * The device writes the progress of a timeline into its slot, and nothing else happens.
 * Only a fence that somebody waits for has a price: its value becomes the slot's wake
 * value, at which the device raises an interrupt. Whoever only looks (the
 * &dma_fence_ops.signaled operation) reads the slot.
 *
 * A fence keeps no reference to its timeline. One that has not signalled is on the
 * timeline's list, and the timeline signals all that are left before it goes,
 * an RCU grace period later. So whoever finds, inside an RCU section, that a fence has not
 * signalled may use its timeline within that section. For this to be true, whoever takes
 * fences off the list of a timeline that he does not hold signals them in one RCU section
 * with it.
 *
 * Fences are signalled without &guest_device.fence_lock, because it is taken inside a
 * fence's lock by &dma_fence_ops.enable_signaling.
 */

static const struct dma_fence_ops guest_fence_ops;

static bool fence_has_signalled(const struct dma_fence *fence)
{
	return test_bit(DMA_FENCE_FLAG_SIGNALED_BIT, &fence->flags);
}

/* What the slot says of a failure; the device is not trusted with our errors. */
static int slot_error(const struct gpup_vrd_slot *slot)
{
	u32 error = le32_to_cpu(READ_ONCE(slot->error));

	return error && error <= MAX_ERRNO ? -(int)error : -EIO;
}

/* Whether the device says that a value has ended, and how. Any context. */
static bool value_ended(const struct guest_timeline *tl, u64 value, int *error)
{
	u64 completed = guest_timeline_completed(tl);
	u64 failed_at;

	/* A failure is written before the value that carries it. */
	virt_rmb();
	failed_at = le64_to_cpu(READ_ONCE(tl->slot->failed_at));
	*error = 0;
	if (failed_at && value >= failed_at) {
		/*
		 * Not only when it is completed: a value that the device has refused
		 * to take never is. The rest of the failure is written before this.
		 */
		virt_rmb();
		*error = value == failed_at ? slot_error(tl->slot) : -ECANCELED;
		return true;
	}
	return value <= completed;
}

/* Move the fences that have ended from the front of the timeline to @done. */
static void collect(struct guest_timeline *tl, struct list_head *done)
{
	struct guest_fence *fence, *next;
	int error;

	lockdep_assert_held(&tl->gdev->fence_lock);

	list_for_each_entry_safe(fence, next, &tl->fences, link) {
		if (!value_ended(tl, fence->base.seqno, &error)) {
			if (!tl->error)
				break;
			error = tl->error;
		}
		fence->error = error;
		fence->queued = false;
		list_move_tail(&fence->link, done);
	}
}

/* The first fence that somebody waits for. */
static struct guest_fence *first_armed(struct guest_timeline *tl)
{
	struct guest_fence *fence;

	list_for_each_entry(fence, &tl->fences, link)
		if (fence->armed)
			return fence;
	return NULL;
}

static void set_wake(struct guest_timeline *tl, u64 value)
{
	tl->wake = value;
	WRITE_ONCE(tl->slot->wake, cpu_to_le64(value));
	if (!value)
		list_del_init(&tl->armed);
	else if (list_empty(&tl->armed))
		list_add_tail(&tl->armed, &tl->gdev->armed);
	/* Store, full barrier, load: pairs with the device's completed and load of wake. */
	virt_mb();
}

/* Collect what has ended, and have the device wake us for what is next. */
static void scan(struct guest_timeline *tl, struct list_head *done)
{
	struct guest_fence *fence;
	int error;

	do {
		collect(tl, done);
		fence = first_armed(tl);
		set_wake(tl, fence ? fence->base.seqno : 0);
	} while (fence && value_ended(tl, fence->base.seqno, &error));
}

/*
 * What has ended counts no more. What a queue was still sent when it was banned is never completed
 * if the device has refused it, and if it had taken it, the device may hold it for a moment yet. It
 * does not say which, so that counts until the queue is destroyed: what is sent between the ban and
 * the failure that shows it. If it counted no more, the device might refuse what others send.
 */
static void settle(struct guest_timeline *tl)
{
	u64 completed = tl->error ? U64_MAX : guest_timeline_completed(tl);

	lockdep_assert_held(&tl->gdev->fence_lock);
	tl->gdev->pending -= guest_pending_end(&tl->pending, completed);
}

/* Signal fences and drop the list's references. Any context, without our locks. */
static void signal_fences(struct list_head *done)
{
	struct guest_fence *fence, *next;
	unsigned long flags;

	list_for_each_entry_safe(fence, next, done, link) {
		list_del(&fence->link);
		spin_lock_irqsave(&fence->lock, flags);
		if (!fence_has_signalled(&fence->base)) {
			if (fence->error)
				dma_fence_set_error(&fence->base, fence->error);
			trace_gpup_guest_signal(fence->base.context, fence->base.seqno,
						fence->error);
			dma_fence_signal_locked(&fence->base);
		}
		spin_unlock_irqrestore(&fence->lock, flags);
		dma_fence_put(&fence->base);
	}
}

/**
 * guest_timeline_create() - Create a timeline
 * @gdev: The device.
 * @max_pending: Values that may be given out and not reached: a power of two.
 *
 * Return: The timeline, without @handle; or ERR_PTR: -ENOSPC without a free slot,
 * -ENOMEM, -ENODEV.
 */
struct guest_timeline *guest_timeline_create(struct guest_device *gdev, u32 max_pending)
{
	struct guest_timeline *tl;
	int id;

	tl = kzalloc(struct_size(tl, pending.costs, max_pending), GFP_KERNEL);
	if (!tl)
		return ERR_PTR(-ENOMEM);
	guest_pending_init(&tl->pending, max_pending);
	id = ida_alloc_max(&gdev->slot_ids, gdev->max_timelines - 1, GFP_KERNEL);
	if (id < 0) {
		kfree(tl);
		return ERR_PTR(id);
	}

	tl->gdev = gdev;
	tl->slot_index = id;
	tl->slot = &gdev->slots[id];
	/* The device clears it too, but not before somebody may look at a fence. */
	memset(tl->slot, 0, sizeof(*tl->slot));
	tl->context = dma_fence_context_alloc(1);
	INIT_LIST_HEAD(&tl->armed);
	INIT_LIST_HEAD(&tl->fences);
	INIT_LIST_HEAD(&tl->deferred);
	mutex_init(&tl->lock);
	INIT_WORK(&tl->work, guest_submit_work);

	spin_lock_irq(&gdev->fence_lock);
	/* guest_timelines_fail() takes the lock after the device was marked. */
	if (guest_device_is_lost(gdev))
		tl->error = -ENODEV;
	list_add_tail(&tl->all, &gdev->timelines);
	spin_unlock_irq(&gdev->fence_lock);
	return tl;
}

static void end_locked(struct guest_timeline *tl, int error, struct list_head *done)
{
	if (!tl->error)
		tl->error = error;
	settle(tl);
	collect(tl, done);
	set_wake(tl, 0);
}

/**
 * guest_timeline_end() - End all values that the device has not ended
 * @tl: The timeline.
 * @error: How they and all later ones end: a negative errno.
 *
 * Any context.
 */
void guest_timeline_end(struct guest_timeline *tl, int error)
{
	unsigned long flags;
	LIST_HEAD(done);

	spin_lock_irqsave(&tl->gdev->fence_lock, flags);
	end_locked(tl, error, &done);
	spin_unlock_irqrestore(&tl->gdev->fence_lock, flags);
	signal_fences(&done);
}

/**
 * guest_timeline_free() - Free a timeline
 * @tl: The timeline, or NULL. The device writes to its slot no more.
 */
void guest_timeline_free(struct guest_timeline *tl)
{
	struct guest_device *gdev;

	if (!tl)
		return;
	gdev = tl->gdev;
	guest_timeline_end(tl, -ECANCELED);
	spin_lock_irq(&gdev->fence_lock);
	list_del(&tl->all);
	spin_unlock_irq(&gdev->fence_lock);
	ida_free(&gdev->slot_ids, tl->slot_index);
	mutex_destroy(&tl->lock);
	kfree_rcu(tl, rcu);
}

/**
 * guest_timelines_fail() - End everything: the device is lost
 * @gdev: The device, marked as lost.
 */
void guest_timelines_fail(struct guest_device *gdev)
{
	struct guest_timeline *tl;
	LIST_HEAD(done);

	rcu_read_lock();
	spin_lock_irq(&gdev->fence_lock);
	list_for_each_entry(tl, &gdev->timelines, all)
		end_locked(tl, -ENODEV, &done);
	spin_unlock_irq(&gdev->fence_lock);
	signal_fences(&done);
	rcu_read_unlock();
}

/* Whether the device takes so much more; only if it seems not to, all timelines are looked at. */
static bool has_room(struct guest_device *gdev, u32 cost)
{
	struct guest_timeline *tl;

	lockdep_assert_held(&gdev->fence_lock);
	if (gdev->pending + cost <= GPUP_VRD_MAX_PENDING)
		return true;
	list_for_each_entry(tl, &gdev->timelines, all)
		settle(tl);
	return gdev->pending + cost <= GPUP_VRD_MAX_PENDING;
}

/**
 * guest_timeline_reserve() - See to it that the device will take the next values
 * @tl: The timeline; its lock is held.
 * @costs: What each of them counts for in GPUP_VRD_MAX_PENDING.
 * @count: How many.
 *
 * Signals fences that have ended and that nobody waits for, too.
 *
 * Return: 0, or -EBUSY if the timeline or the device holds too much.
 */
int guest_timeline_reserve(struct guest_timeline *tl, const u8 *costs, u32 count)
{
	struct guest_device *gdev = tl->gdev;
	u32 i, cost = 0;
	LIST_HEAD(done);
	int ret = 0;

	lockdep_assert_held(&tl->lock);
	for (i = 0; i < count; i++)
		cost += costs[i];

	spin_lock_irq(&gdev->fence_lock);
	collect(tl, &done);
	settle(tl);
	if (guest_pending_has_room(&tl->pending, count) && has_room(gdev, cost))
		gdev->pending += guest_pending_add(&tl->pending, costs, count);
	else
		ret = -EBUSY;
	spin_unlock_irq(&gdev->fence_lock);
	signal_fences(&done);
	return ret;
}

/**
 * guest_timeline_unreserve() - Do without values after all
 * @tl: The timeline; its lock is held.
 * @count: How many of the last ones were reserved and will not be sent.
 *
 * If they were given out, the timeline has failed before them and takes no others.
 */
void guest_timeline_unreserve(struct guest_timeline *tl, u32 count)
{
	lockdep_assert_held(&tl->lock);
	spin_lock_irq(&tl->gdev->fence_lock);
	tl->gdev->pending -= guest_pending_take_back(&tl->pending, count);
	spin_unlock_irq(&tl->gdev->fence_lock);
}

/**
 * guest_timeline_refuses() - Whether a value that was not sent has ended all the same
 * @tl: The timeline.
 * @value: The value.
 *
 * It has when the timeline has failed before it: the device would refuse it. Any context.
 *
 * Return: True if the value's fence, if it has one, has ended with an error.
 */
bool guest_timeline_refuses(const struct guest_timeline *tl, u64 value)
{
	int error;

	return READ_ONCE(tl->error) || (value_ended(tl, value, &error) && error);
}

/**
 * guest_timeline_completed() - Look which value a timeline has reached
 * @tl: The timeline.
 *
 * Any context.
 *
 * Return: The value.
 */
u64 guest_timeline_completed(const struct guest_timeline *tl)
{
	return le64_to_cpu(READ_ONCE(tl->slot->completed));
}

/**
 * guest_timeline_state() - Look how far a timeline is
 * @tl: The timeline.
 * @state: Receives its state.
 */
void guest_timeline_state(struct guest_timeline *tl, struct guest_timeline_state *state)
{
	state->fault_addr = 0;
	state->completed = guest_timeline_completed(tl);
	/* A failure is written before the value that carries it. */
	virt_rmb();
	if (READ_ONCE(tl->slot->failed_at)) {
		/* It is written after the rest of the failure. */
		virt_rmb();
		state->error = slot_error(tl->slot);
		if (state->error == -EFAULT)
			state->fault_addr = le64_to_cpu(READ_ONCE(tl->slot->fault_addr));
	} else {
		state->error = READ_ONCE(tl->error);
	}
}

static void scan_armed(struct guest_device *gdev)
{
	struct guest_timeline *tl, *next;
	unsigned long flags;
	LIST_HEAD(done);

	rcu_read_lock();
	spin_lock_irqsave(&gdev->fence_lock, flags);
	list_for_each_entry_safe(tl, next, &gdev->armed, armed)
		scan(tl, &done);
	spin_unlock_irqrestore(&gdev->fence_lock, flags);
	signal_fences(&done);
	rcu_read_unlock();
}

/**
 * guest_timelines_scan() - Look for values that were reached without an interrupt
 * @work: &guest_device.scan_work.
 */
void guest_timelines_scan(struct work_struct *work)
{
	scan_armed(container_of(work, struct guest_device, scan_work));
}

/**
 * guest_timeline_interrupt() - Vector 1: a timeline has reached its wake value
 * @irq: Interrupt number.
 * @data: The device.
 *
 * Context: Hard interrupt.
 *
 * Return: IRQ_HANDLED.
 */
irqreturn_t guest_timeline_interrupt(int irq, void *data)
{
	trace_gpup_guest_interrupt(GPUP_VRD_VECTOR_TIMELINE);
	scan_armed(data);
	return IRQ_HANDLED;
}

static struct guest_fence *to_guest_fence(struct dma_fence *fence)
{
	return container_of(fence, struct guest_fence, base);
}

static const char *get_driver_name(struct dma_fence *fence)
{
	return "gpup";
}

static const char *get_timeline_name(struct dma_fence *fence)
{
	return "timeline";
}

/* Called with the fence's lock held and interrupts off. */
static bool enable_signaling(struct dma_fence *base)
{
	struct guest_fence *fence = to_guest_fence(base);
	struct guest_timeline *tl = fence->timeline;
	bool pending = true;
	int error;

	spin_lock(&tl->gdev->fence_lock);
	/* If it is not on the list, somebody is just about to signal it. */
	if (fence->queued) {
		fence->armed = true;
		pending = !value_ended(tl, base->seqno, &error);
		if (pending && (!tl->wake || base->seqno < tl->wake)) {
			set_wake(tl, base->seqno);
			pending = !value_ended(tl, base->seqno, &error);
			/* Nothing will wake us for it, nor for the values above it. */
			if (!pending)
				queue_work(tl->gdev->wq, &tl->gdev->scan_work);
		}
		if (!pending && error)
			dma_fence_set_error(base, error);
	}
	spin_unlock(&tl->gdev->fence_lock);
	return pending;
}

static bool signaled(struct dma_fence *base)
{
	struct guest_fence *fence = to_guest_fence(base);
	bool ended = true;
	int error = 0;

	rcu_read_lock();
	if (!fence_has_signalled(base)) {
		ended = value_ended(fence->timeline, base->seqno, &error);
		/*
		 * Not dma_fence_set_error(): somebody else may signal it just now, and
		 * stores the same.
		 */
		if (ended && error)
			WRITE_ONCE(base->error, error);
	}
	rcu_read_unlock();
	return ended;
}

static void release(struct dma_fence *base)
{
	dma_fence_free(base);
	/* A sync_file, say, may keep a fence for longer than the device is open. */
	module_put(THIS_MODULE);
}

static const struct dma_fence_ops guest_fence_ops = {
	.get_driver_name = get_driver_name,
	.get_timeline_name = get_timeline_name,
	.enable_signaling = enable_signaling,
	.signaled = signaled,
	.release = release,
};

/**
 * guest_fence_alloc() - Allocate a fence
 *
 * Done before anything is sent, because it is all that can fail. The fence is no
 * dma_fence before guest_fence_arm().
 *
 * Return: The fence or NULL.
 */
struct guest_fence *guest_fence_alloc(void)
{
	struct guest_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (fence)
		__module_get(THIS_MODULE);
	return fence;
}

/**
 * guest_fence_discard() - Free a fence that was not armed
 * @fence: The fence, or NULL.
 */
void guest_fence_discard(struct guest_fence *fence)
{
	if (!fence)
		return;
	kfree(fence);
	module_put(THIS_MODULE);
}

/**
 * guest_fence_arm() - Let a fence signal when its timeline reaches a value
 * @fence: From guest_fence_alloc(). The caller's pointer becomes a reference.
 * @tl: The timeline.
 * @value: The value, above those of all fences of the timeline. It will be sent, or the
 *	timeline will be ended.
 *
 * Does not allocate or sleep.
 */
void guest_fence_arm(struct guest_fence *fence, struct guest_timeline *tl, u64 value)
{
	LIST_HEAD(done);

	spin_lock_init(&fence->lock);
	fence->timeline = tl;
	/*
	 * Values are compared by their lower halves, which is right for any two that are
	 * pending together.
	 */
	dma_fence_init(&fence->base, &guest_fence_ops, &fence->lock, tl->context, value);

	dma_fence_get(&fence->base);
	spin_lock_irq(&tl->gdev->fence_lock);
	fence->queued = true;
	list_add_tail(&fence->link, &tl->fences);
	/* It has ended already, and nobody would look for it again. */
	if (tl->error)
		collect(tl, &done);
	spin_unlock_irq(&tl->gdev->fence_lock);
	signal_fences(&done);
}

/**
 * guest_fence_timeline() - Find the timeline of a fence
 * @fence: Any fence.
 *
 * Called in an RCU read section, which is how long the timeline can be used.
 *
 * Return: The timeline; NULL if the fence is another driver's, or has signalled.
 */
struct guest_timeline *guest_fence_timeline(struct dma_fence *fence)
{
	const struct dma_fence_ops *ops;

	/* Newer kernels protect the pointer by RCU, older ones do not. */
	ops = (__force const struct dma_fence_ops *)READ_ONCE(fence->ops);
	if (ops != &guest_fence_ops || fence_has_signalled(fence))
		return NULL;
	return to_guest_fence(fence)->timeline;
}
