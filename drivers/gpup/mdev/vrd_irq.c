// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a Virtual Render Device.
 *
 * A vector is an eventfd of the VMM. With KVM the eventfd is tied to the VM (irqfd), so
 * that an interrupt reaches the guest without leaving the kernel.
 */
#include <linux/eventfd.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../gpup_trace.h"
#include "vrd.h"

/**
 * gpup_vrd_irqs_init() - Start without interrupts
 * @vrd: The device.
 */
void gpup_vrd_irqs_init(struct gpup_vrd *vrd)
{
	spin_lock_init(&vrd->irqs.lock);
}

static void set_trigger(struct gpup_vrd *vrd, struct eventfd_ctx **slot, struct eventfd_ctx *ctx)
{
	struct eventfd_ctx *old;
	unsigned long flags;

	spin_lock_irqsave(&vrd->irqs.lock, flags);
	old = *slot;
	*slot = ctx;
	spin_unlock_irqrestore(&vrd->irqs.lock, flags);
	if (old)
		eventfd_ctx_put(old);
}

static bool signal_trigger(struct gpup_vrd *vrd, struct eventfd_ctx **slot)
{
	unsigned long flags;
	bool present;

	spin_lock_irqsave(&vrd->irqs.lock, flags);
	present = *slot;
	if (present)
		eventfd_signal(*slot);
	spin_unlock_irqrestore(&vrd->irqs.lock, flags);
	return present;
}

/**
 * gpup_vrd_irqs_release() - Forget the VMM's eventfds
 * @vrd: The device, about to be closed.
 */
void gpup_vrd_irqs_release(struct gpup_vrd *vrd)
{
	int i;

	for (i = 0; i < GPUP_VRD_VECTORS; i++)
		set_trigger(vrd, &vrd->irqs.msix[i], NULL);
	set_trigger(vrd, &vrd->irqs.request, NULL);
}

/**
 * gpup_vrd_interrupt() - Raise an interrupt
 * @vrd: The device.
 * @vector: GPUP_VRD_VECTOR_*.
 *
 * Any context.
 */
void gpup_vrd_interrupt(struct gpup_vrd *vrd, unsigned int vector)
{
	trace_gpup_interrupt(vrd->partition->name, vector);
	if (signal_trigger(vrd, &vrd->irqs.msix[vector]))
		atomic64_inc(&vrd->partition->interrupts);
}

/**
 * gpup_vrd_request_release() - Ask the VMM to let the device go
 * @vrd: The device.
 *
 * Return: False if the VMM has not said how to ask it.
 */
bool gpup_vrd_request_release(struct gpup_vrd *vrd)
{
	return signal_trigger(vrd, &vrd->irqs.request);
}

/**
 * gpup_vrd_irq_count() - Tell how many interrupts of a kind there are
 * @index: VFIO_PCI_*_IRQ_INDEX.
 *
 * Return: Their number.
 */
u32 gpup_vrd_irq_count(u32 index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return GPUP_VRD_VECTORS;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	}
	return 0;
}

static struct eventfd_ctx **trigger(struct gpup_vrd *vrd, u32 index, u32 number)
{
	if (index == VFIO_PCI_REQ_IRQ_INDEX)
		return &vrd->irqs.request;
	return &vrd->irqs.msix[array_index_nospec(number, GPUP_VRD_VECTORS)];
}

static int set_eventfds(struct gpup_vrd *vrd, const struct vfio_irq_set *hdr, const s32 *fds)
{
	u32 i;

	for (i = 0; i < hdr->count; i++) {
		struct eventfd_ctx *ctx = NULL;

		if (fds[i] >= 0) {
			ctx = eventfd_ctx_fdget(fds[i]);
			if (IS_ERR(ctx))
				return PTR_ERR(ctx);
		} else if (fds[i] != -1) {
			return -EINVAL;
		}
		set_trigger(vrd, trigger(vrd, hdr->index, hdr->start + i), ctx);
	}
	return 0;
}

static int apply(struct gpup_vrd *vrd, const struct vfio_irq_set *hdr, const void *data)
{
	const u8 *bools = data;
	u32 i;

	/* There is nothing to mask: the VMM emulates the MSI-X table. */
	if ((hdr->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -EINVAL;

	switch (hdr->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return set_eventfds(vrd, hdr, data);
	case VFIO_IRQ_SET_DATA_NONE:
		if (!hdr->count) {
			for (i = 0; i < gpup_vrd_irq_count(hdr->index); i++)
				set_trigger(vrd, trigger(vrd, hdr->index, i), NULL);
			return 0;
		}
		for (i = 0; i < hdr->count; i++)
			signal_trigger(vrd, trigger(vrd, hdr->index, hdr->start + i));
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		for (i = 0; i < hdr->count; i++)
			if (bools[i])
				signal_trigger(vrd, trigger(vrd, hdr->index, hdr->start + i));
		return 0;
	}
	return -EINVAL;
}

/**
 * gpup_vrd_set_irqs() - VFIO_DEVICE_SET_IRQS
 * @vrd: The device.
 * @arg: User pointer to &struct vfio_irq_set.
 *
 * May sleep.
 *
 * Return: 0 or a negative errno.
 */
int gpup_vrd_set_irqs(struct gpup_vrd *vrd, unsigned long arg)
{
	size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set hdr;
	size_t size = 0;
	void *data = NULL;
	int ret;

	if (copy_from_user(&hdr, (void __user *)arg, minsz))
		return -EFAULT;
	ret = vfio_set_irqs_validate_and_prepare(&hdr, gpup_vrd_irq_count(hdr.index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;
	if (size) {
		data = memdup_user((void __user *)(arg + minsz), size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	ret = apply(vrd, &hdr, data);
	kfree(data);
	return ret;
}
