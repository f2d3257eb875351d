/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Virtual Render Device, as its driver holds it.
 */
#ifndef _GUEST_DEVICE_H_
#define _GUEST_DEVICE_H_

#include <linux/hashtable.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_mm.h>
#include <drm/gpup_drm.h>
#include <linux/gpup_vrd.h>

#include "guest_handle.h"
#include "guest_ring.h"
#include "guest_trim.h"

/**
 * DOC: Locks of the guest's driver
 *
 * From the outermost to the innermost; a line's locks are never held together:
 *
 * - mmap lock of a process (a fault on a mapping of video memory)
 * - &guest_file.lock, &guest_aperture.lock, &guest_device.system_lock
 * - &guest_timeline.lock
 * - &guest_device.cmd_lock
 * - &guest_device.calls_lock, &guest_device.names_lock, &guest_handle_pool.lock,
 *   locks of dma_fences and syncobjs
 * - &guest_device.fence_lock, from hard interrupts too
 *
 * A dma_fence can depend on what is sent under &guest_timeline.lock and
 * &guest_device.cmd_lock. So neither is held over an allocation, a copy from user
 * space, or a wait for anything but room in the command ring, which the device makes
 * by itself. The thread that takes events off the event ring takes none
 * but the spinlocks and &guest_device.system_lock, which is held over no wait.
 */

/**
 * struct guest_aperture - Places in BAR 4
 */
struct guest_aperture {
	/** @start: Physical address of the BAR. */
	resource_size_t start;
	/** @size: Size of the BAR in bytes. */
	resource_size_t size;
	/** @lock: Protects @mm, @lru and what maps objects; held over called messages. */
	struct mutex lock;
	/** @mm: Which offsets are taken. */
	struct drm_mm mm;
	/** @lru: &guest_bo.aperture_link of objects that have a place, oldest fault first. */
	struct list_head lru;
};

/**
 * struct guest_device - A Virtual Render Device
 */
struct guest_device {
	/** @drm: DRM device. */
	struct drm_device drm;
	/** @pdev: PCI device. */
	struct pci_dev *pdev;
	/** @regs: BAR 0. */
	void __iomem *regs;
	/** @doorbell: Where a store wakes the device: in BAR 2 or BAR 0. */
	void __iomem *doorbell;
	/** @max_timelines: Timeline slots are below this. */
	u32 max_timelines;
	/** @adapter: Answer to DRM_GPUP_QUERY_ADAPTER, which does not change. */
	struct drm_gpup_adapter_info adapter;
	/** @engine_classes: A bit for each class of engines that there is. */
	u32 engine_classes;

	/** @flags: Bit GUEST_DEVICE_LOST. */
	unsigned long flags;
	/** @lost_work: Resets a device that was lost and ends what waits for it. */
	struct work_struct lost_work;
	/** @wq: Runs @lost_work, @reap_work, @scan_work and &guest_timeline.work. */
	struct workqueue_struct *wq;

	/** @cmd_lock: Protects the producer's end of the command ring. */
	struct mutex cmd_lock;
	/** @cmd: The command ring. */
	struct guest_ring cmd;
	/** @cmd_enter: Cookie of drm_dev_enter() while @cmd_lock is held. */
	int cmd_enter;
	/** @room: Waits of the holder of @cmd_lock for room in @cmd. */
	wait_queue_head_t room;
	/** @evt: The event ring; only the thread of vector 0 uses it. */
	struct guest_ring evt;
	/** @quiet: GPUP_VRD_MSG_QUIET if the device understands it, or zero. */
	u16 quiet;
	/** @ring_status: The device shows in the event ring when something is wrong with it. */
	bool ring_status;

	/** @calls_lock: Protects @calls and @sequence. */
	spinlock_t calls_lock;
	/** @calls: &struct guest_call that wait for their reply, by sequence. */
	DECLARE_HASHTABLE(calls, 8);
	/** @sequence: Last sequence number that was used. */
	u32 sequence;

	/** @handles: Handles of all objects. */
	struct guest_handle_pool handles;
	/** @names_lock: Protects the members below and those of &struct guest_name. */
	spinlock_t names_lock;
	/** @reap: Names that are to be destroyed. */
	struct list_head reap;
	/** @awaiting: Names that the device has to let go of. */
	struct list_head awaiting;
	/** @pinned: Names of objects in guest memory, by index of the handle. */
	struct xarray pinned;
	/** @reset_done: The device has been reset for good: it holds nothing any more. */
	bool reset_done;
	/** @reap_work: Sends what is in @reap. */
	struct work_struct reap_work;

	/** @fence_lock: Protects the two lists, @pending and what &struct guest_timeline says. */
	spinlock_t fence_lock;
	/** @pending: Cost of what all timelines may have pending, up to GPUP_VRD_MAX_PENDING. */
	u32 pending;
	/** @timelines: All timelines. */
	struct list_head timelines;
	/** @armed: Timelines with a wake value. */
	struct list_head armed;
	/** @scan_work: Looks at @armed. */
	struct work_struct scan_work;
	/** @slots: Timeline slots, shared with the device. */
	struct gpup_vrd_slot *slots;
	/** @slots_dma: Address of @slots for the device. */
	dma_addr_t slots_dma;
	/** @slot_ids: Which slots are taken. */
	struct ida slot_ids;

	/**
	 * @memory_status: Figures of the memory, written by the device; NULL if it does not.
	 * Only between drm_dev_enter() and drm_dev_exit().
	 */
	struct gpup_vrd_memory_status *memory_status;
	/** @vram_taken: Size of all objects in video memory that the device may have, in bytes. */
	atomic64_t vram_taken;
	/** @creating: Number of objects whose creation was posted and not answered. */
	atomic_t creating;
	/** @trims: Trims on their way to user space. */
	struct guest_trims trims;

	/** @aperture: Places in BAR 4. */
	struct guest_aperture aperture;
	/** @system_lock: Protects @system. */
	struct mutex system_lock;
	/** @system: &guest_bo.system_link of objects in guest memory that are mapped for DMA. */
	struct list_head system;
};

/* The device has failed, or is about to go. Set once, never cleared. */
#define GUEST_DEVICE_LOST	0

static inline struct guest_device *guest_device_from_drm(struct drm_device *drm)
{
	return container_of(drm, struct guest_device, drm);
}

static inline bool guest_device_is_lost(struct guest_device *gdev)
{
	return test_bit(GUEST_DEVICE_LOST, &gdev->flags);
}

int guest_device_init(struct guest_device *gdev);
int guest_device_start(struct guest_device *gdev);
void guest_device_stop(struct guest_device *gdev);
void guest_device_lose(struct guest_device *gdev, const char *why);
void guest_device_check_status(struct guest_device *gdev);

#endif /* _GUEST_DEVICE_H_ */
