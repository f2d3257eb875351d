// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbell page of a Virtual Render Device.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/minmax.h>

#include "../gpup_trace.h"
#include "vrd.h"

/**
 * DOC: Doorbell by page fault
 *
 * While the worker is awake the page is mapped into the VM, and a store to it costs
 * nothing and does nothing. Before the worker sleeps it takes the page away; the next
 * store faults, straight into doorbell_fault(), without a trip through the VMM. The
 * fault handler maps the page again and queues the worker.
 *
 * No store is lost, though the fault handler takes no lock::
 *
 *   worker                             fault
 *   ------                             -----
 *   W1 if mapped: mapped = 0, unmap    F1 insert page
 *   W2 notify = 1                      F2 mapped = 1
 *   W3 look at the ring, sleep         F3 queue worker
 *
 * A store that does not fault has come between an F1 and the next W1 that sees F2. If
 * the worker sleeps after that F1, then F3 wakes it once more; it then sees F2 at W1 (if
 * no earlier W1 has), and what the guest has put on the ring before its store at W3.
 *
 * A store that has faulted is tried again by the guest once KVM has mapped the page, which can
 * take longer than the worker needs to empty the ring. Were the page gone by then, the
 * store would fault again, and again. But the worker can see the store: it finds its value in
 * the page, and wipes it when it has taken the page away. Until it is there, the worker
 * *lingers*, and watches the ring as well. A guest that has touched the page in another way, and
 * never stores what is expected, has the worker look at it now and then for LINGER_US, which
 * costs nobody else anything.
 */

/* The slowest emulated KVM takes some ten milliseconds. */
#define LINGER_US	256000u
/* How often to look, at first and in the end. */
#define STEP_MIN_US	10u
#define STEP_MAX_US	1000u

/**
 * gpup_vrd_kick() - Have the worker look at the command ring
 * @vrd: The device.
 *
 * Any context. Does nothing while the worker is disabled, or if it has no ring.
 */
void gpup_vrd_kick(struct gpup_vrd *vrd)
{
	queue_work(vrd->wq, &vrd->work);
}

/**
 * gpup_vrd_doorbell() - The guest has rung
 * @vrd: The device.
 *
 * Any context.
 */
void gpup_vrd_doorbell(struct gpup_vrd *vrd)
{
	trace_gpup_doorbell(vrd->partition->name);
	atomic64_inc(&vrd->partition->doorbells);
	gpup_vrd_kick(vrd);
}

static vm_fault_t doorbell_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct gpup_vrd *vrd = vma->vm_private_data;
	vm_fault_t ret;

	WRITE_ONCE(vrd->doorbell.mapped_at, ktime_get());
	ret = vmf_insert_pfn(vma, vmf->address, page_to_pfn(vrd->doorbell.page));
	atomic_set_release(&vrd->doorbell.mapped, 1);
	gpup_vrd_doorbell(vrd);
	return gpup_vrd_fault_done(vmf, ret);
}

const struct vm_operations_struct gpup_vrd_doorbell_vm_ops = {
	.fault = doorbell_fault,
};

/* The guest's store, in memory that the guest can write to at any time. */
static u32 *bell(struct gpup_vrd *vrd)
{
	return page_address(vrd->doorbell.page);
}

/**
 * gpup_vrd_doorbell_linger() - Give a store that has faulted the time to complete
 * @vrd: The device.
 *
 * Called by the worker, which has nothing to do. Sleeps for at most LINGER_US.
 *
 * Return: True if there are messages now.
 */
bool gpup_vrd_doorbell_linger(struct gpup_vrd *vrd)
{
	u32 step = STEP_MIN_US;
	ktime_t end;

	if (!atomic_read_acquire(&vrd->doorbell.mapped))
		return false;
	end = ktime_add_us(READ_ONCE(vrd->doorbell.mapped_at), LINGER_US);
	while (!READ_ONCE(*bell(vrd)) && ktime_before(ktime_get(), end)) {
		if (gpup_vrd_ring_pending(&vrd->cmd))
			return true;
		usleep_range(step, 2 * step);
		step = min(2 * step, STEP_MAX_US);
	}
	return false;
}

/**
 * gpup_vrd_doorbell_arm() - Have the next store to the page wake the worker
 * @vrd: The device.
 *
 * Called by the worker, before it tells the guest that it wants to be notified. May sleep.
 */
void gpup_vrd_doorbell_arm(struct gpup_vrd *vrd)
{
	if (!atomic_xchg(&vrd->doorbell.mapped, 0))
		return;
	gpup_vrd_zap(vrd, GPUP_VRD_BAR_DOORBELL, 0, GPUP_VRD_DOORBELL_SIZE);
	/* If it has been mapped again since, and this wipes a new store, we linger for nothing. */
	WRITE_ONCE(*bell(vrd), 0);
}

/**
 * gpup_vrd_doorbell_reset() - Make the page as new
 * @vrd: The device.
 *
 * May sleep.
 */
void gpup_vrd_doorbell_reset(struct gpup_vrd *vrd)
{
	atomic_set(&vrd->doorbell.mapped, 0);
	gpup_vrd_zap(vrd, GPUP_VRD_BAR_DOORBELL, 0, GPUP_VRD_DOORBELL_SIZE);
	clear_highpage(vrd->doorbell.page);
}

/**
 * gpup_vrd_doorbell_init() - Allocate the page
 * @vrd: The device.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_vrd_doorbell_init(struct gpup_vrd *vrd)
{
	vrd->doorbell.page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	return vrd->doorbell.page ? 0 : -ENOMEM;
}

/**
 * gpup_vrd_doorbell_fini() - Free the page
 * @vrd: The device; nothing maps it any more.
 */
void gpup_vrd_doorbell_fini(struct gpup_vrd *vrd)
{
	__free_page(vrd->doorbell.page);
}
