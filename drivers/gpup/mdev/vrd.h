/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Virtual Render Device: an emulated PCI function on top of VFIO.
 */
#ifndef _GPUP_VRD_H_
#define _GPUP_VRD_H_

#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/vfio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../gpup_core.h"
#include "../gpup_handle.h"
#include "vrd_decode.h"
#include "vrd_memory.h"
#include "vrd_pci.h"
#include "vrd_regs.h"
#include "vrd_ring.h"
#include "vrd_slot.h"

struct eventfd_ctx;
struct gpup_vrd_scratch;
struct mdev_device;

/* A region's index stands above this bit of an offset in the device file, as in vfio-pci. */
#define GPUP_VRD_REGION_SHIFT	40

/**
 * struct gpup_vrd_area - Contiguous guest memory that the device uses for its protocol
 */
struct gpup_vrd_area {
	/** @iova: Guest physical address. */
	u64 iova;
	/** @count: Number of pages; zero if the area is not in use. */
	u32 count;
	/** @pages: The pages, pinned. */
	struct page **pages;
	/** @addr: Where the kernel sees them. */
	void *addr;
};

/**
 * struct gpup_vrd_irqs - Interrupts: eventfds of the VMM
 */
struct gpup_vrd_irqs {
	/** @lock: Protects the pointers. Innermost, taken from any context. */
	spinlock_t lock;
	/** @msix: For each MSI-X vector, or NULL. */
	struct eventfd_ctx *msix[GPUP_VRD_VECTORS];
	/** @request: Asks the VMM to release the device, or NULL. */
	struct eventfd_ctx *request;
};

/**
 * struct gpup_vrd_doorbell - Doorbell page
 */
struct gpup_vrd_doorbell {
	/** @page: What the VM's stores go to. */
	struct page *page;
	/** @mapped: The page may be mapped, so that a store may go unnoticed. */
	atomic_t mapped;
	/** @mapped_at: When a store has faulted last. */
	ktime_t mapped_at;
};

/**
 * struct gpup_vrd_aperture - VRAM aperture
 */
struct gpup_vrd_aperture {
	/** @size: Size in bytes, a power of two. */
	u64 size;
	/** @lock: Protects all that follows. Taken by page faults: see the lock order. */
	struct mutex lock;
	/** @tree: &struct gpup_vrd_window by page of the aperture. */
	struct maple_tree tree;
	/** @windows: &struct gpup_vrd_window by index of the object's handle. */
	struct xarray windows;
	/** @scratch: What is behind the offsets where no object is. */
	struct page *scratch;
	/** @scratch_mapped: The scratch page may be mapped. */
	bool scratch_mapped;
};

/**
 * struct gpup_vrd_guest_memory - Buffer objects in guest memory
 */
struct gpup_vrd_guest_memory {
	/** @objects: &struct gpup_vrd_guest_bo by index of the handle. Worker only. */
	struct xarray objects;
	/** @pages: Number of pages of all objects. Worker only. */
	u64 pages;
	/** @lock: Protects what follows, and the objects' lists. */
	spinlock_t lock;
	/** @released: Objects whose pages nobody uses any more. */
	struct list_head released;
	/** @in_use: Number of objects whose pages are in use. */
	unsigned int in_use;
	/** @idle: Waits for @in_use to become zero. */
	wait_queue_head_t idle;
};

/**
 * struct gpup_vrd - Virtual Render Device
 */
struct gpup_vrd {
	/** @vdev: VFIO's part; must be the first. */
	struct vfio_device vdev;
	/** @partition: The slice of the GPU. */
	struct gpup_partition *partition;
	/** @wq: Where @work runs. */
	struct workqueue_struct *wq;
	/** @work: The worker: carries out messages. */
	struct work_struct work;
	/** @lock: Makes register writes, resets and the loss of memory exclude each other. */
	struct mutex lock;
	/** @running: The rings are in use. Changes only while the worker is disabled. */
	bool running;
	/** @pci: Configuration space. Protected by @lock. */
	struct gpup_vrd_pci pci;
	/** @regs: Registers. Protected by @lock. */
	struct gpup_vrd_regs regs;
	/** @cmd_area: Memory of the command ring. */
	struct gpup_vrd_area cmd_area;
	/** @evt_area: Memory of the event ring. */
	struct gpup_vrd_area evt_area;
	/** @slots_area: Memory of the timeline slots. */
	struct gpup_vrd_area slots_area;
	/** @memory_area: Memory of the memory status, if the driver wants that. */
	struct gpup_vrd_area memory_area;
	/** @cmd: Command ring. */
	struct gpup_vrd_ring_end cmd;
	/** @evt: Event ring. */
	struct gpup_vrd_ring_end evt;
	/** @slots: Timeline slots. */
	struct gpup_vrd_slots slots;
	/** @memory: Memory status. */
	struct gpup_vrd_memory memory;
	/** @scratch: Memory of the worker, while the device is open. */
	struct gpup_vrd_scratch *scratch;
	/** @handles: Clients, buffer objects, address spaces and queues. */
	struct gpup_handle_table handles;
	/** @guest_memory: Buffer objects in guest memory. */
	struct gpup_vrd_guest_memory guest_memory;
	/** @aperture: VRAM aperture. */
	struct gpup_vrd_aperture aperture;
	/** @unannounced: Events since the last interrupt for which there need not be one. */
	u32 unannounced;
	/** @slept_at: When the worker has gone to sleep, in ns; zero if it is awake. */
	u64 slept_at;
	/** @watch_ns: How long the worker watches the ring before it sleeps, in ns. */
	u32 watch_ns;
	/** @doorbell: Doorbell page. */
	struct gpup_vrd_doorbell doorbell;
	/** @irqs: Interrupts. */
	struct gpup_vrd_irqs irqs;
	/** @fail_untold: Error that operators were not told of by an event yet, or NONE. */
	atomic_t fail_untold;
	/** @stop_wanted: Somebody with @lock waits for the worker, which ends its turn. */
	bool stop_wanted;
	/** @paused_until: It is not started before that, in jiffies. Protected by @lock. */
	u64 paused_until;
	/** @loss_limit: How often its memory may be taken away before it is barred. */
	struct ratelimit_state loss_limit;
	/** @barred_until: Up to then it fails to start, in jiffies. Protected by @lock. */
	u64 barred_until;
	/** @no_pin_limit: How often guest memory may fail to be pinned. */
	struct ratelimit_state no_pin_limit;
	/** @no_pin_until: It is not tried before that, in jiffies. Whoever may pin. */
	u64 no_pin_until;
	/** @log_limit: Its own, so that no other VM can keep its failures out of the log. */
	struct ratelimit_state log_limit;
};

static inline struct gpup_vrd *gpup_vrd_from_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct gpup_vrd, vdev);
}

/* vrd.c */
struct gpup_vrd *gpup_vrd_create(struct mdev_device *mdev, struct gpup_adapter *adapter,
				 struct workqueue_struct *wq, u64 vram);
void gpup_vrd_destroy(struct gpup_vrd *vrd);
void gpup_vrd_reset(struct gpup_vrd *vrd);
void gpup_vrd_start(struct gpup_vrd *vrd);
void gpup_vrd_fail(struct gpup_vrd *vrd, u32 error);
void gpup_vrd_tell_failure(struct gpup_vrd *vrd);

/* vrd_region.c */
vm_fault_t gpup_vrd_fault_done(struct vm_fault *vmf, vm_fault_t ret);
void gpup_vrd_region_info(struct gpup_vrd *vrd, struct vfio_region_info *info);
ssize_t gpup_vrd_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos);
ssize_t gpup_vrd_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos);
int gpup_vrd_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);
void gpup_vrd_zap(struct gpup_vrd *vrd, unsigned int region, u64 offset, u64 size);

/* vrd_irq.c */
void gpup_vrd_irqs_init(struct gpup_vrd *vrd);
void gpup_vrd_irqs_release(struct gpup_vrd *vrd);
u32 gpup_vrd_irq_count(u32 index);
int gpup_vrd_set_irqs(struct gpup_vrd *vrd, unsigned long arg);
void gpup_vrd_interrupt(struct gpup_vrd *vrd, unsigned int vector);
bool gpup_vrd_request_release(struct gpup_vrd *vrd);

/* vrd_doorbell.c */
int gpup_vrd_doorbell_init(struct gpup_vrd *vrd);
void gpup_vrd_doorbell_fini(struct gpup_vrd *vrd);
void gpup_vrd_doorbell_reset(struct gpup_vrd *vrd);
bool gpup_vrd_doorbell_linger(struct gpup_vrd *vrd);
void gpup_vrd_doorbell_arm(struct gpup_vrd *vrd);
void gpup_vrd_kick(struct gpup_vrd *vrd);
void gpup_vrd_doorbell(struct gpup_vrd *vrd);
extern const struct vm_operations_struct gpup_vrd_doorbell_vm_ops;

/* vrd_aperture.c */
int gpup_vrd_aperture_init(struct gpup_vrd *vrd, u64 size);
void gpup_vrd_aperture_fini(struct gpup_vrd *vrd);
void gpup_vrd_aperture_reset(struct gpup_vrd *vrd);
int gpup_vrd_aperture_map(struct gpup_vrd *vrd, u32 handle, struct gpup_bo *bo, u64 offset);
int gpup_vrd_aperture_unmap(struct gpup_vrd *vrd, u32 handle);
void gpup_vrd_aperture_read(struct gpup_vrd *vrd, u64 offset, void *buf, u32 count);
void gpup_vrd_aperture_write(struct gpup_vrd *vrd, u64 offset, const void *buf, u32 count);
extern const struct vm_operations_struct gpup_vrd_aperture_vm_ops;

/* vrd_pin.c */
int gpup_vrd_pin(struct gpup_vrd *vrd, u64 iova, u32 count, struct page **pages);
void gpup_vrd_unpin(struct gpup_vrd *vrd, u64 iova, u32 count);

/* vrd_area.c */
int gpup_vrd_area_map(struct gpup_vrd *vrd, struct gpup_vrd_area *area, u64 iova, u64 size);
void gpup_vrd_area_unmap(struct gpup_vrd *vrd, struct gpup_vrd_area *area);
bool gpup_vrd_area_overlaps(const struct gpup_vrd_area *area, u64 iova, u64 length);
bool gpup_vrd_ranges_overlap(u64 a, u64 a_size, u64 b, u64 b_size);

/* vrd_guest_memory.c */
void gpup_vrd_guest_memory_init(struct gpup_vrd *vrd);
void gpup_vrd_guest_memory_fini(struct gpup_vrd *vrd);
void gpup_vrd_guest_memory_reset(struct gpup_vrd *vrd);
bool gpup_vrd_guest_memory_overlaps(struct gpup_vrd *vrd, u64 iova, u64 length);
bool gpup_vrd_guest_memory_named(struct gpup_vrd *vrd, u32 handle);
int gpup_vrd_guest_bo_create(struct gpup_vrd *vrd, u32 handle, u64 size);
int gpup_vrd_guest_bo_add_pages(struct gpup_vrd *vrd, u32 handle,
				const struct gpup_vrd_run *runs, u32 count, u64 pages);
int gpup_vrd_guest_bo_destroy(struct gpup_vrd *vrd, u32 handle);
bool gpup_vrd_guest_memory_released(struct gpup_vrd *vrd);
u32 gpup_vrd_guest_memory_reap(struct gpup_vrd *vrd);

/* vrd_message.c */
struct gpup_vrd_scratch *gpup_vrd_scratch_create(void);
void gpup_vrd_scratch_destroy(struct gpup_vrd_scratch *scratch);
u8 *gpup_vrd_scratch_message(struct gpup_vrd_scratch *scratch);
void gpup_vrd_message(struct gpup_vrd *vrd, const struct gpup_vrd_header *header);

/* vrd_worker.c */
void gpup_vrd_worker(struct work_struct *work);
void gpup_vrd_update_memory(struct gpup_vrd *vrd);
void gpup_vrd_send_event(struct gpup_vrd *vrd, const struct gpup_vrd_event *event,
			 const void *body, u32 size, bool quiet);

#endif /* _GPUP_VRD_H_ */
