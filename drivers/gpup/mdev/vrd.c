// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a Virtual Render Device: creation, open, reset, loss of memory, close.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mdev.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "../gpup_event.h"
#include "vrd.h"

/**
 * DOC: Locks of a VRD
 *
 * From the outside in; VFIO's and the memory management's own are in brackets::
 *
 *   [VFIO: dev_set->lock; type 1: device_list_lock]
 *     gpup_vrd.lock               register and configuration accesses, reset, open, close,
 *                                 dma_unmap. Waits for the worker, which never takes it.
 *       [VFIO type 1: iommu->lock]
 *         [mmap_lock of the VMM]
 *           gpup_vrd_aperture.lock     faults on BAR 4, and whoever changes what is there
 *             [dma_resv, page tables]
 *       gpup_handle_table.lock
 *         gpup_timeline.lock           any context
 *           gpup_vrd_irqs.lock         any context
 *       gpup_vrd_guest_memory.lock
 *       [VidMm's lock]
 *         gpup_vrd_memory.lock         any context
 *
 * The worker enters at iommu->lock or below. Pages are pinned with no lock but gpup_vrd.lock
 * held, since that may fault on our own regions: a guest may pass addresses of its BAR 4 for
 * memory. Mappings are zapped with no lock held that a fault handler takes.
 *
 * VFIO type 1 calls dma_unmap with device_list_lock held and takes that lock under
 * iommu->lock; a VMM that unmaps in two threads at once can thereby block these two of its own
 * threads, with any mediated device.
 */

/* A released device is asked for every ten seconds; then the GPU is taken from the VM. */
#define PATIENCE	3

/* For so long after its memory was taken away a device takes none, in jiffies. */
#define LOSS_PAUSE	(HZ / 10)
/* If that happens more often than so in so many seconds, it takes none for as long. */
#define LOSSES		4
#define LOSS_SECONDS	600

static void timeline_interrupt(void *data)
{
	gpup_vrd_interrupt(data, GPUP_VRD_VECTOR_TIMELINE);
}

/* What the guest has sent without notifying us is looked for when its turn may have come. */
static void timeline_drained(void *data)
{
	struct gpup_vrd *vrd = data;

	if (READ_ONCE(vrd->slept_at) && gpup_vrd_ring_pending(&vrd->cmd))
		gpup_vrd_kick(vrd);
}

static void memory_kick(void *data)
{
	gpup_vrd_kick(data);
}

/**
 * gpup_vrd_fail() - Stop the device until the guest resets it
 * @vrd: The device.
 * @error: GPUP_VRD_ERROR_*.
 *
 * Only the first failure counts. Any context.
 */
void gpup_vrd_fail(struct gpup_vrd *vrd, u32 error)
{
	if (!gpup_vrd_regs_fail(&vrd->regs, error))
		return;
	if (__ratelimit(&vrd->log_limit)) {
		dev_notice(vrd->vdev.dev, "stopped with error %u, needs a reset\n", error);
		atomic_set(&vrd->fail_untold, error);
	}
	gpup_vrd_interrupt(vrd, GPUP_VRD_VECTOR_EVENT);
	/* It may sleep, and it alone may touch the ring: it tells everybody. */
	gpup_vrd_kick(vrd);
}

/**
 * gpup_vrd_tell_failure() - Tell operators that the device has stopped, if it has
 * @vrd: The device. May sleep.
 */
void gpup_vrd_tell_failure(struct gpup_vrd *vrd)
{
	u32 error = atomic_xchg(&vrd->fail_untold, GPUP_VRD_ERROR_NONE);

	if (error != GPUP_VRD_ERROR_NONE)
		gpup_event_needs_reset(vrd->partition, error);
}

static void destroy_objects(struct gpup_vrd *vrd)
{
	struct gpup_client *client;
	struct gpup_bo *bo;
	unsigned long cursor = 0;

	while ((client = gpup_handle_remove_next(&vrd->handles, GPUP_OBJECT_CLIENT, NULL,
						 &cursor)))
		gpup_client_destroy(client);
	cursor = 0;
	while ((bo = gpup_handle_remove_next(&vrd->handles, GPUP_OBJECT_BO, NULL, &cursor))) {
		gpup_bo_put(bo);
		cond_resched();
	}
}

/* Have the worker not run, without waiting for more than the message that it is at. */
static void disable_worker(struct gpup_vrd *vrd)
{
	lockdep_assert_held(&vrd->lock);

	WRITE_ONCE(vrd->stop_wanted, true);
	disable_work_sync(&vrd->work);
	WRITE_ONCE(vrd->stop_wanted, false);
}

/*
 * Take everything away from the guest, and let go of all of its memory. Jobs come first,
 * then what they use, then where they report to. The registers stay.
 */
static void take_down(struct gpup_vrd *vrd)
{
	lockdep_assert_held(&vrd->lock);

	disable_worker(vrd);
	/* Which the worker may not have come to. */
	gpup_vrd_tell_failure(vrd);
	vrd->running = false;
	gpup_vrd_memory_stop(&vrd->memory);
	destroy_objects(vrd);
	gpup_vrd_aperture_reset(vrd);
	gpup_vrd_guest_memory_reset(vrd);
	gpup_vrd_slots_fini(&vrd->slots);
	gpup_vrd_area_unmap(vrd, &vrd->memory_area);
	gpup_vrd_area_unmap(vrd, &vrd->slots_area);
	gpup_vrd_area_unmap(vrd, &vrd->evt_area);
	gpup_vrd_area_unmap(vrd, &vrd->cmd_area);
	enable_work(&vrd->work);
}

/**
 * gpup_vrd_reset() - Become a new device
 * @vrd: The device, with its lock held.
 *
 * May sleep. The interrupts stay connected: they are the VMM's, not the guest's.
 */
void gpup_vrd_reset(struct gpup_vrd *vrd)
{
	take_down(vrd);
	gpup_vrd_doorbell_reset(vrd);
	gpup_vrd_regs_init(&vrd->regs, vrd->handles.max);
	gpup_sched_partition_pardon(&vrd->partition->sched);
}

static int map_areas(struct gpup_vrd *vrd)
{
	struct gpup_vrd_regs *regs = &vrd->regs;
	int ret;

	ret = gpup_vrd_area_map(vrd, &vrd->cmd_area, regs->cmd_addr,
				GPUP_VRD_PAGE_SIZE + regs->cmd_size);
	if (ret)
		return ret;
	ret = gpup_vrd_area_map(vrd, &vrd->evt_area, regs->evt_addr,
				GPUP_VRD_PAGE_SIZE + regs->evt_size);
	if (ret)
		goto err_cmd;
	ret = gpup_vrd_area_map(vrd, &vrd->slots_area, regs->slots_addr,
				regs->slots_count * sizeof(struct gpup_vrd_slot));
	if (ret)
		goto err_evt;
	if (gpup_vrd_regs_has_memory_status(regs)) {
		ret = gpup_vrd_area_map(vrd, &vrd->memory_area, regs->memory_addr,
					GPUP_VRD_PAGE_SIZE);
		if (ret)
			goto err_slots;
	}
	ret = gpup_vrd_slots_init(&vrd->slots, vrd->slots_area.addr, regs->slots_count,
				  timeline_interrupt, timeline_drained, vrd);
	if (ret)
		goto err_memory;
	return 0;

err_memory:
	gpup_vrd_area_unmap(vrd, &vrd->memory_area);
err_slots:
	gpup_vrd_area_unmap(vrd, &vrd->slots_area);
err_evt:
	gpup_vrd_area_unmap(vrd, &vrd->evt_area);
err_cmd:
	gpup_vrd_area_unmap(vrd, &vrd->cmd_area);
	return ret;
}

static void wait_until(u64 jiffies64)
{
	u64 now = get_jiffies_64();

	if (time_before64(now, jiffies64))
		schedule_timeout_uninterruptible(jiffies64 - now);
}

/*
 * VFIO type 1 takes memory away until nobody has pinned it, and after ten times in vain it is a
 * BUG(). A VMM that has another thread reset and start the device meanwhile is kept waiting,
 * which is long enough if the one that unmaps gets the processor; and as a VMM can see to it that
 * it does not, the device cannot be had often enough either.
 */
static void note_loss(struct gpup_vrd *vrd)
{
	u64 now = get_jiffies_64();

	lockdep_assert_held(&vrd->lock);
	vrd->paused_until = now + LOSS_PAUSE;
	if (__ratelimit(&vrd->loss_limit) || time_before64(now, vrd->barred_until))
		return;
	vrd->barred_until = now + LOSS_SECONDS * HZ;
	dev_notice(vrd->vdev.dev, "lost its memory %u times, not started for %u s\n", LOSSES + 1,
		   LOSS_SECONDS);
}

/**
 * gpup_vrd_start() - Take the rings into use
 * @vrd: The device, with its lock held. It is not running.
 *
 * May sleep, and takes the VMM's mmap_lock. The registers tell whether it has worked.
 */
void gpup_vrd_start(struct gpup_vrd *vrd)
{
	struct gpup_vrd_regs *regs = &vrd->regs;

	lockdep_assert_held(&vrd->lock);
	if (!gpup_vrd_regs_setup_valid(regs)) {
		gpup_vrd_fail(vrd, GPUP_VRD_ERROR_SETUP);
		return;
	}
	if (time_before64(get_jiffies_64(), vrd->barred_until)) {
		gpup_vrd_fail(vrd, GPUP_VRD_ERROR_UNMAPPED);
		return;
	}
	wait_until(vrd->paused_until);
	/* All that the guest had pinned is not any more: it may well succeed this time. */
	wait_until(vrd->no_pin_until);
	if (map_areas(vrd)) {
		gpup_vrd_fail(vrd, GPUP_VRD_ERROR_MEMORY);
		return;
	}

	disable_worker(vrd);
	gpup_vrd_ring_init_consumer(&vrd->cmd, vrd->cmd_area.addr, regs->cmd_size);
	gpup_vrd_ring_init_producer(&vrd->evt, vrd->evt_area.addr, regs->evt_size);
	if (vrd->memory_area.count)
		gpup_vrd_memory_start(&vrd->memory, vrd->memory_area.addr);
	gpup_vrd_update_memory(vrd);
	gpup_vrd_regs_started(regs);
	vrd->running = true;
	enable_work(&vrd->work);
	gpup_vrd_kick(vrd);
}

static int open_device(struct vfio_device *vdev)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);

	vrd->scratch = gpup_vrd_scratch_create();
	if (!vrd->scratch)
		return -ENOMEM;
	/* The VMM pays for what is evicted. */
	gpup_vidmm_partition_set_owner(&vrd->partition->mm, current->mm);
	mutex_lock(&vrd->lock);
	/* Another VMM may pin what the last one was refused. */
	vrd->no_pin_until = 0;
	gpup_vrd_reset(vrd);
	gpup_vrd_pci_init(&vrd->pci, vrd->aperture.size);
	mutex_unlock(&vrd->lock);
	return 0;
}

static void close_device(struct vfio_device *vdev)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);

	mutex_lock(&vrd->lock);
	gpup_vrd_reset(vrd);
	mutex_unlock(&vrd->lock);
	gpup_vrd_irqs_release(vrd);
	cancel_work_sync(&vrd->work);
	gpup_vrd_scratch_destroy(vrd->scratch);
	vrd->scratch = NULL;
	gpup_vidmm_partition_set_owner(&vrd->partition->mm, NULL);
}

static bool uses_memory(struct gpup_vrd *vrd, u64 iova, u64 length)
{
	return gpup_vrd_area_overlaps(&vrd->cmd_area, iova, length) ||
	       gpup_vrd_area_overlaps(&vrd->evt_area, iova, length) ||
	       gpup_vrd_area_overlaps(&vrd->slots_area, iova, length) ||
	       gpup_vrd_area_overlaps(&vrd->memory_area, iova, length) ||
	       gpup_vrd_guest_memory_overlaps(vrd, iova, length);
}

/*
 * Guest memory goes away. If it is ours the device cannot go on: the GPU may be
 * writing to it, and the guest was not asked. Nothing of it may be pinned when this returns,
 * so the worker, which may be pinning right now, is stopped before anything is looked at.
 */
static void dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);

	mutex_lock(&vrd->lock);
	disable_worker(vrd);
	if (uses_memory(vrd, iova, length)) {
		take_down(vrd);
		note_loss(vrd);
		gpup_vrd_fail(vrd, GPUP_VRD_ERROR_UNMAPPED);
	}
	enable_work(&vrd->work);
	gpup_vrd_kick(vrd);
	mutex_unlock(&vrd->lock);
}

/*
 * The mdev or the GPU is to go, and @count times the VMM was waited for in vain. QEMU unplugs
 * the device when it is asked to. If it cannot, the VM loses the GPU, but the one
 * who wants the device removed still has to wait for the VMM to close it.
 */
static void ask_for_release(struct vfio_device *vdev, unsigned int count)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);

	if (!gpup_vrd_request_release(vrd) && !count)
		dev_notice(vdev->dev, "in use by a VMM that takes no request to release it\n");
	/* Each time from then on: a guest may have reset the device and started again. */
	if (count < PATIENCE)
		return;
	mutex_lock(&vrd->lock);
	take_down(vrd);
	gpup_vrd_fail(vrd, GPUP_VRD_ERROR_ADAPTER);
	mutex_unlock(&vrd->lock);
}

static long get_device_info(unsigned long arg)
{
	size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}

static long get_irq_info(unsigned long arg)
{
	size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.count = gpup_vrd_irq_count(info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD : 0;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}

#ifdef GPUP_HAVE_VFIO_REGION_INFO_OP
static int get_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			   struct vfio_info_cap *caps)
{
	if (info->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	gpup_vrd_region_info(gpup_vrd_from_vfio(vdev), info);
	return 0;
}
#else
static long get_region_info(struct gpup_vrd *vrd, unsigned long arg)
{
	size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info;

	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	gpup_vrd_region_info(vrd, &info);
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}
#endif

static long device_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_device_info(arg);
#ifndef GPUP_HAVE_VFIO_REGION_INFO_OP
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(vrd, arg);
#endif
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(arg);
	case VFIO_DEVICE_SET_IRQS:
		return gpup_vrd_set_irqs(vrd, arg);
	case VFIO_DEVICE_RESET:
		mutex_lock(&vrd->lock);
		gpup_vrd_reset(vrd);
		gpup_vrd_pci_init(&vrd->pci, vrd->aperture.size);
		mutex_unlock(&vrd->lock);
		return 0;
	}
	return -ENOTTY;
}

static int init_device(struct vfio_device *vdev)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);
	int ret;

	ret = gpup_vrd_doorbell_init(vrd);
	if (ret)
		return ret;
	INIT_WORK(&vrd->work, gpup_vrd_worker);
	mutex_init(&vrd->lock);
	ratelimit_state_init(&vrd->loss_limit, LOSS_SECONDS * HZ, LOSSES);
	ratelimit_set_flags(&vrd->loss_limit, RATELIMIT_MSG_ON_RELEASE);
	ratelimit_default_init(&vrd->no_pin_limit);
	ratelimit_set_flags(&vrd->no_pin_limit, RATELIMIT_MSG_ON_RELEASE);
	ratelimit_default_init(&vrd->log_limit);
	ratelimit_set_flags(&vrd->log_limit, RATELIMIT_MSG_ON_RELEASE);
	gpup_vrd_irqs_init(vrd);
	gpup_vrd_memory_init(&vrd->memory, memory_kick, vrd);
	gpup_vrd_guest_memory_init(vrd);
	gpup_handle_table_init(&vrd->handles, GPUP_DEFAULT_MAX_OBJECTS);
	return 0;
}

static void release_device(struct vfio_device *vdev)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);

	gpup_handle_table_fini(&vrd->handles);
	gpup_vrd_guest_memory_fini(vrd);
	if (vrd->aperture.size)
		gpup_vrd_aperture_fini(vrd);
	mutex_destroy(&vrd->lock);
	gpup_vrd_doorbell_fini(vrd);
}

static const struct vfio_device_ops vrd_ops = {
	.name = "gpup-vrd",
	.init = init_device,
	.release = release_device,
	.open_device = open_device,
	.close_device = close_device,
	.read = gpup_vrd_read,
	.write = gpup_vrd_write,
	.ioctl = device_ioctl,
#ifdef GPUP_HAVE_VFIO_REGION_INFO_OP
	.get_region_info_caps = get_region_info,
#endif
	.mmap = gpup_vrd_mmap,
	.request = ask_for_release,
	.dma_unmap = dma_unmap,
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
};

/* The VM keeps hanging the GPU. What it has goes with the reset, if it asks for one. */
static void lost(void *data)
{
	gpup_vrd_fail(data, GPUP_VRD_ERROR_HANGS);
}

static bool needs_reset(void *data)
{
	struct gpup_vrd *vrd = data;

	return gpup_vrd_regs_needs_reset(&vrd->regs);
}

static const struct gpup_partition_owner owner = {
	.lost = lost,
	.needs_reset = needs_reset,
};

static struct gpup_partition *create_partition(struct gpup_vrd *vrd, struct mdev_device *mdev,
					       struct gpup_adapter *adapter, u64 vram)
{
	struct gpup_partition_config config = {
		.name = dev_name(mdev_dev(mdev)),
		.vram_min = vram,
		.vram_max = vram,
		/* As much again of the VM's own memory, and some for the smallest slices. */
		.system_max = max_t(u64, vram, SZ_256M),
		.sched_weight = GPUP_DEFAULT_WEIGHT,
		.is_virtual = true,
		.listener = &gpup_vrd_memory_listener,
		.listener_data = &vrd->memory,
		.owner = &owner,
		.owner_data = vrd,
	};

	return gpup_partition_create(adapter, &config);
}

/**
 * gpup_vrd_create() - Create a Virtual Render Device
 * @mdev: Its mediated device.
 * @adapter: The GPU.
 * @wq: Where its worker runs.
 * @vram: Size of its slice in bytes.
 *
 * May sleep.
 *
 * Return: The device, registered with VFIO, or ERR_PTR: -ENOSPC when the GPU is sold
 * out, -ENOMEM, and what VFIO may fail with.
 */
struct gpup_vrd *gpup_vrd_create(struct mdev_device *mdev, struct gpup_adapter *adapter,
				 struct workqueue_struct *wq, u64 vram)
{
	struct gpup_partition *partition;
	struct gpup_vrd *vrd;
	int ret;

	/* First of all, as the partition tells it about its memory from the beginning. */
	vrd = vfio_alloc_device(gpup_vrd, vdev, mdev_dev(mdev), &vrd_ops);
	if (IS_ERR(vrd))
		return vrd;
	vrd->wq = wq;
	partition = create_partition(vrd, mdev, adapter, vram);
	if (IS_ERR(partition)) {
		ret = PTR_ERR(partition);
		goto err_vdev;
	}
	vrd->partition = partition;
	ret = gpup_vrd_aperture_init(vrd, roundup_pow_of_two(vram));
	if (ret)
		goto err_partition;
	gpup_vrd_pci_init(&vrd->pci, vrd->aperture.size);
	gpup_vrd_regs_init(&vrd->regs, vrd->handles.max);

	ret = vfio_register_emulated_iommu_dev(&vrd->vdev);
	if (ret)
		goto err_partition;
	return vrd;

err_partition:
	gpup_partition_destroy(partition);
err_vdev:
	vfio_put_device(&vrd->vdev);
	return ERR_PTR(ret);
}

/**
 * gpup_vrd_destroy() - Destroy a Virtual Render Device
 * @vrd: The device.
 *
 * Waits until the VMM has closed it, see ask_for_release(). May sleep.
 */
void gpup_vrd_destroy(struct gpup_vrd *vrd)
{
	vfio_unregister_group_dev(&vrd->vdev);
	cancel_work_sync(&vrd->work);
	gpup_partition_destroy(vrd->partition);
	vfio_put_device(&vrd->vdev);
}
