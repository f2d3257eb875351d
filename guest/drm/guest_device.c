// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Virtual Render Device: bringing it up, and its end.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>

#include "guest_bo.h"
#include "guest_call.h"
#include "guest_channel.h"
#include "guest_device.h"
#include "guest_fence.h"
#include "guest_name.h"
#include "guest_query.h"

/* What this driver understands. */
/* Queues and address spaces of all processes together. Each costs 64 bytes, used or not. */
#define GUEST_MAX_TIMELINES	1024u

#define GUEST_FEATURES	(GPUP_VRD_F_DOORBELL_PAGE | GPUP_VRD_F_MEMORY_STATUS | \
			 GPUP_VRD_F_RING_STATUS | GPUP_VRD_F_NOTIFY_IDLE | GPUP_VRD_F_QUIET)

static u32 reg_read(struct guest_device *gdev, u32 reg)
{
	return readl(gdev->regs + reg);
}

static void reg_write(struct guest_device *gdev, u32 reg, u32 value)
{
	writel(value, gdev->regs + reg);
}

static void reg_write64(struct guest_device *gdev, u32 reg, u64 value)
{
	reg_write(gdev, reg, lower_32_bits(value));
	reg_write(gdev, reg + 4, upper_32_bits(value));
}

static void add_status(struct guest_device *gdev, u32 bits)
{
	reg_write(gdev, GPUP_VRD_REG_STATUS, reg_read(gdev, GPUP_VRD_REG_STATUS) | bits);
}

/* Synchronous: afterwards no job runs, and the device has let go of all our memory. */
static void reset(struct guest_device *gdev)
{
	reg_write(gdev, GPUP_VRD_REG_STATUS, 0);
}

static void lost_work(struct work_struct *work)
{
	struct guest_device *gdev = container_of(work, struct guest_device, lost_work);

	/* First the reset: what ends after it frees memory that the device had. */
	reset(gdev);
	/* Nobody begins to send any more. After this, what awaits an answer is all known. */
	mutex_lock(&gdev->cmd_lock);
	mutex_unlock(&gdev->cmd_lock);
	guest_calls_fail(gdev);
	guest_timelines_fail(gdev);
	guest_names_reset(gdev);
}

/**
 * guest_device_lose() - Give the device up
 * @gdev: The device.
 * @why: For the log, or NULL if nothing is wrong.
 *
 * From now on all ioctls fail with -ENODEV; soon the device is reset and what waits for it
 * has ended. Does nothing the second time. Does not sleep.
 */
void guest_device_lose(struct guest_device *gdev, const char *why)
{
	if (test_and_set_bit(GUEST_DEVICE_LOST, &gdev->flags))
		return;
	if (why)
		dev_err(&gdev->pdev->dev, "device lost: %s\n", why);
	wake_up_all(&gdev->room);
	queue_work(gdev->wq, &gdev->lost_work);
}

/**
 * guest_device_check_status() - Look whether the device has failed
 * @gdev: The device, while it runs.
 */
void guest_device_check_status(struct guest_device *gdev)
{
	u32 status = reg_read(gdev, GPUP_VRD_REG_STATUS);

	if (!(status & (GPUP_VRD_STATUS_NEEDS_RESET | GPUP_VRD_STATUS_FAILED)) ||
	    guest_device_is_lost(gdev))
		return;
	dev_err(&gdev->pdev->dev, "status %#x, error %u\n", status,
		reg_read(gdev, GPUP_VRD_REG_ERROR));
	guest_device_lose(gdev, "it needs a reset");
}

/**
 * guest_device_stop() - Leave the device
 * @gdev: The device.
 *
 * When this returns, the device is reset, and all that waits for it has ended.
 */
void guest_device_stop(struct guest_device *gdev)
{
	guest_device_lose(gdev, NULL);
	flush_work(&gdev->lost_work);
}

static void free_slots(struct drm_device *drm, void *slots)
{
	struct guest_device *gdev = guest_device_from_drm(drm);

	/* Somebody may look at a fence that has just signalled. */
	synchronize_rcu();
	free_pages_exact(slots, PAGE_ALIGN(gdev->max_timelines * sizeof(*gdev->slots)));
	ida_destroy(&gdev->slot_ids);
}

static void unmap_slots(void *data)
{
	struct guest_device *gdev = data;

	dma_unmap_single(&gdev->pdev->dev, gdev->slots_dma,
			 gdev->max_timelines * sizeof(*gdev->slots), DMA_BIDIRECTIONAL);
}

/*
 * The slots live as long as the DRM device, because open files keep timelines. They are
 * shared with another processor, not with a bus: no cache stands between.
 */
static int alloc_slots(struct guest_device *gdev)
{
	size_t size = gdev->max_timelines * sizeof(*gdev->slots);
	int ret;

	gdev->slots = alloc_pages_exact(PAGE_ALIGN(size), GFP_KERNEL | __GFP_ZERO);
	if (!gdev->slots)
		return -ENOMEM;
	ida_init(&gdev->slot_ids);
	ret = drmm_add_action_or_reset(&gdev->drm, free_slots, gdev->slots);
	if (ret)
		return ret;

	gdev->slots_dma = dma_map_single(&gdev->pdev->dev, gdev->slots, size, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(&gdev->pdev->dev, gdev->slots_dma))
		return -EIO;
	return devm_add_action_or_reset(&gdev->pdev->dev, unmap_slots, gdev);
}

static int alloc_ring(struct guest_device *gdev, struct guest_ring *ring, u32 size,
		      dma_addr_t *addr)
{
	void *mem;

	mem = dmam_alloc_coherent(&gdev->pdev->dev, sizeof(*ring->ctl) + size, addr, GFP_KERNEL);
	if (!mem)
		return -ENOMEM;
	guest_ring_init(ring, mem, size);
	return 0;
}

static int map_bars(struct guest_device *gdev)
{
	struct pci_dev *pdev = gdev->pdev;
	static const int bars[] = {
		GPUP_VRD_BAR_REGS, GPUP_VRD_BAR_DOORBELL, GPUP_VRD_BAR_APERTURE,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		ret = pcim_request_region(pdev, bars[i], "gpup");
		if (ret)
			return dev_err_probe(&pdev->dev, ret, "cannot have BAR %d\n", bars[i]);
	}
	if (pci_resource_len(pdev, GPUP_VRD_BAR_REGS) < GPUP_VRD_REGS_END)
		return dev_err_probe(&pdev->dev, -ENODEV, "BAR 0 is too small\n");
	gdev->regs = pcim_iomap(pdev, GPUP_VRD_BAR_REGS, 0);
	return gdev->regs ? 0 : -ENOMEM;
}

static int check_version(struct guest_device *gdev)
{
	struct device *dev = &gdev->pdev->dev;
	u32 version;

	if (reg_read(gdev, GPUP_VRD_REG_MAGIC) != GPUP_VRD_MAGIC)
		return dev_err_probe(dev, -ENODEV, "this is no Virtual Render Device\n");
	version = reg_read(gdev, GPUP_VRD_REG_VERSION);
	if (version >> 16 != GPUP_VRD_VERSION_MAJOR)
		return dev_err_probe(dev, -ENODEV,
				     "device speaks version %u.%u, this driver %u.x\n",
				     version >> 16, version & 0xffff, GPUP_VRD_VERSION_MAJOR);
	return 0;
}

static int negotiate(struct guest_device *gdev, u32 *accepted)
{
	u32 features;

	reset(gdev);
	add_status(gdev, GPUP_VRD_STATUS_ACKNOWLEDGE);
	add_status(gdev, GPUP_VRD_STATUS_DRIVER);
	features = reg_read(gdev, GPUP_VRD_REG_DEVICE_FEATURES) & GUEST_FEATURES;
	reg_write(gdev, GPUP_VRD_REG_DRIVER_FEATURES, features);
	add_status(gdev, GPUP_VRD_STATUS_FEATURES_OK);
	if (!(reg_read(gdev, GPUP_VRD_REG_STATUS) & GPUP_VRD_STATUS_FEATURES_OK))
		return dev_err_probe(&gdev->pdev->dev, -ENODEV,
				     "device refuses features %#x\n", features);

	gdev->doorbell = gdev->regs + GPUP_VRD_REG_DOORBELL;
	if (features & GPUP_VRD_F_DOORBELL_PAGE) {
		gdev->doorbell = pcim_iomap(gdev->pdev, GPUP_VRD_BAR_DOORBELL, 0);
		if (!gdev->doorbell)
			return -ENOMEM;
	}
	*accepted = features;
	return 0;
}

/* The page goes with the driver's binding, and so is not looked at after drm_dev_unplug(). */
static int set_up_memory_status(struct guest_device *gdev)
{
	dma_addr_t addr;

	gdev->memory_status = dmam_alloc_coherent(&gdev->pdev->dev, GPUP_VRD_PAGE_SIZE, &addr,
						  GFP_KERNEL);
	if (!gdev->memory_status)
		return -ENOMEM;
	reg_write64(gdev, GPUP_VRD_REG_MEMORY_LO, addr);
	return guest_trims_init(gdev);
}

static int set_up_areas(struct guest_device *gdev, u32 features)
{
	dma_addr_t cmd, evt;
	int ret;

	ret = alloc_ring(gdev, &gdev->cmd, GUEST_CMD_SIZE, &cmd);
	if (!ret)
		ret = alloc_ring(gdev, &gdev->evt, GUEST_EVT_SIZE, &evt);
	if (ret)
		return ret;

	gdev->quiet = features & GPUP_VRD_F_QUIET ? GPUP_VRD_MSG_QUIET : 0;
	gdev->ring_status = features & GPUP_VRD_F_RING_STATUS;
	guest_ring_set_notify(&gdev->evt, true);
	reg_write64(gdev, GPUP_VRD_REG_CMD_LO, cmd);
	reg_write(gdev, GPUP_VRD_REG_CMD_SIZE, GUEST_CMD_SIZE);
	reg_write64(gdev, GPUP_VRD_REG_EVT_LO, evt);
	reg_write(gdev, GPUP_VRD_REG_EVT_SIZE, GUEST_EVT_SIZE);
	reg_write64(gdev, GPUP_VRD_REG_SLOTS_LO, gdev->slots_dma);
	reg_write(gdev, GPUP_VRD_REG_SLOTS_COUNT, gdev->max_timelines);
	return features & GPUP_VRD_F_MEMORY_STATUS ? set_up_memory_status(gdev) : 0;
}

static int request_interrupts(struct guest_device *gdev)
{
	struct pci_dev *pdev = gdev->pdev;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, GPUP_VRD_VECTORS, GPUP_VRD_VECTORS, PCI_IRQ_MSIX);
	if (ret < 0)
		return dev_err_probe(&pdev->dev, ret, "no interrupt vectors\n");
	ret = devm_request_threaded_irq(&pdev->dev, pci_irq_vector(pdev, GPUP_VRD_VECTOR_EVENT),
					guest_event_interrupt, guest_event_thread, 0,
					"gpup-event", gdev);
	if (ret)
		return ret;
	return devm_request_irq(&pdev->dev, pci_irq_vector(pdev, GPUP_VRD_VECTOR_TIMELINE),
				guest_timeline_interrupt, 0, "gpup-timeline", gdev);
}

static void fini_handles(struct drm_device *drm, void *data)
{
	guest_handle_pool_fini(data);
}

static void fini_aperture(struct drm_device *drm, void *data)
{
	guest_aperture_fini(guest_device_from_drm(drm));
}

static void fini_workqueue(struct drm_device *drm, void *data)
{
	/* Finishes what is queued: the last objects go here. */
	destroy_workqueue(data);
}

/* What has to stay as long as files are open; the DRM device frees it in reverse order. */
static int init_software(struct guest_device *gdev)
{
	int ret;

	mutex_init(&gdev->cmd_lock);
	mutex_init(&gdev->system_lock);
	init_waitqueue_head(&gdev->room);
	spin_lock_init(&gdev->calls_lock);
	spin_lock_init(&gdev->names_lock);
	spin_lock_init(&gdev->fence_lock);
	hash_init(gdev->calls);
	INIT_LIST_HEAD(&gdev->reap);
	INIT_LIST_HEAD(&gdev->awaiting);
	INIT_LIST_HEAD(&gdev->timelines);
	INIT_LIST_HEAD(&gdev->armed);
	INIT_LIST_HEAD(&gdev->system);
	xa_init(&gdev->pinned);
	INIT_WORK(&gdev->lost_work, lost_work);
	INIT_WORK(&gdev->reap_work, guest_names_reap);
	INIT_WORK(&gdev->scan_work, guest_timelines_scan);

	guest_aperture_init(gdev);
	ret = drmm_add_action_or_reset(&gdev->drm, fini_aperture, NULL);
	if (ret)
		return ret;
	ret = guest_handle_pool_init(&gdev->handles,
				     clamp(reg_read(gdev, GPUP_VRD_REG_MAX_OBJECTS), 1, SZ_64K));
	if (!ret)
		ret = drmm_add_action_or_reset(&gdev->drm, fini_handles, &gdev->handles);
	if (ret)
		return ret;

	ret = alloc_slots(gdev);
	if (ret)
		return ret;
	/*
	 * Last, so that it ends first: what it finishes needs all the rest. Fences are
	 * signalled from it, and so memory may be reclaimed through it.
	 */
	gdev->wq = alloc_workqueue("gpup", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!gdev->wq)
		return -ENOMEM;
	return drmm_add_action_or_reset(&gdev->drm, fini_workqueue, gdev->wq);
}

/**
 * guest_device_init() - Get hold of the device
 * @gdev: Zeroed but for @drm and @pdev.
 *
 * Return: 0 or a negative errno.
 */
int guest_device_init(struct guest_device *gdev)
{
	struct pci_dev *pdev = gdev->pdev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = map_bars(gdev);
	if (!ret)
		ret = check_version(gdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	pci_set_master(pdev);

	gdev->max_timelines = clamp(reg_read(gdev, GPUP_VRD_REG_MAX_TIMELINES), 1,
				    GUEST_MAX_TIMELINES);
	return init_software(gdev);
}

/**
 * guest_device_start() - Bring the device up
 * @gdev: The device.
 *
 * After a failure, call guest_device_stop() as well.
 *
 * Return: 0 or a negative errno.
 */
int guest_device_start(struct guest_device *gdev)
{
	struct device *dev = &gdev->pdev->dev;
	u32 status, features;
	int ret;

	ret = negotiate(gdev, &features);
	if (!ret)
		ret = set_up_areas(gdev, features);
	if (!ret)
		ret = request_interrupts(gdev);
	if (ret)
		return ret;

	add_status(gdev, GPUP_VRD_STATUS_DRIVER_OK);
	status = reg_read(gdev, GPUP_VRD_REG_STATUS);
	if (status & GPUP_VRD_STATUS_FAILED || !(status & GPUP_VRD_STATUS_DRIVER_OK))
		return dev_err_probe(dev, -ENODEV, "bring-up failed: status %#x, error %u\n",
				     status, reg_read(gdev, GPUP_VRD_REG_ERROR));
	return guest_query_constants(gdev);
}
