// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbell page of a Virtual Render Device.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>

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
 */

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

static vm_fault_t doorbell_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct gpup_vrd *vrd = vma->vm_private_data;
	vm_fault_t ret;

	ret = vmf_insert_pfn(vma, vmf->address, page_to_pfn(vrd->doorbell.page));
	atomic_set_release(&vrd->doorbell.mapped, 1);
	gpup_vrd_kick(vrd);
	return ret;
}

const struct vm_operations_struct gpup_vrd_doorbell_vm_ops = {
	.fault = doorbell_fault,
};

/**
 * gpup_vrd_doorbell_arm() - Have the next store to the page wake the worker
 * @vrd: The device.
 *
 * Called by the worker, before it tells the guest that it wants to be notified. May sleep.
 */
void gpup_vrd_doorbell_arm(struct gpup_vrd *vrd)
{
	if (atomic_xchg(&vrd->doorbell.mapped, 0))
		gpup_vrd_zap(vrd, GPUP_VRD_BAR_DOORBELL, 0, GPUP_VRD_DOORBELL_SIZE);
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
