// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects in video memory: their places in the aperture.
 *
 * Video memory is the host's, which alone knows where in it an object lies. BAR 4 is a
 * range of addresses at which the host lets objects appear. An object gets a place when
 * a process touches it first, and keeps it; if the range has no hole that is large
 * enough, those that were not touched for longest lose theirs, and get another when
 * they are touched again.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>

#include "guest_bo.h"
#include "guest_call.h"
#include "guest_channel.h"
#include "guest_device.h"

/**
 * guest_aperture_init() - Set up the places
 * @gdev: The device, whose BAR 4 belongs to us.
 */
void guest_aperture_init(struct guest_device *gdev)
{
	struct guest_aperture *ap = &gdev->aperture;

	ap->start = pci_resource_start(gdev->pdev, GPUP_VRD_BAR_APERTURE);
	ap->size = pci_resource_len(gdev->pdev, GPUP_VRD_BAR_APERTURE);
	mutex_init(&ap->lock);
	INIT_LIST_HEAD(&ap->lru);
	drm_mm_init(&ap->mm, 0, ap->size);
	/* Otherwise x86 maps the pages uncached, whatever is asked for: slow, but right. */
	if (devm_arch_io_reserve_memtype_wc(&gdev->pdev->dev, ap->start, ap->size))
		dev_info(&gdev->pdev->dev, "video memory is not write-combined\n");
}

/**
 * guest_aperture_fini() - Free what is left of the places
 * @gdev: The device, after its last object is gone.
 */
void guest_aperture_fini(struct guest_device *gdev)
{
	drm_mm_takedown(&gdev->aperture.mm);
	mutex_destroy(&gdev->aperture.lock);
}

/* Take the object's place away, if it has one. */
static void unmap_locked(struct guest_bo *bo)
{
	struct guest_device *gdev = bo->name.gdev;
	struct gpup_vrd_destroy body = { .handle = cpu_to_le32(bo->name.handle) };

	lockdep_assert_held(&gdev->aperture.lock);
	if (!drm_mm_node_allocated(&bo->aperture))
		return;
	drm_vma_node_unmap(&bo->base.vma_node, gdev->drm.anon_inode->i_mapping);
	/* Whoever gets the place next is sent later. Fails only if the device is lost. */
	guest_cmd_post(gdev, bo->name.client, GPUP_VRD_OP_APERTURE_UNMAP, &body, sizeof(body));
	list_del_init(&bo->aperture_link);
	drm_mm_remove_node(&bo->aperture);
}

/**
 * guest_aperture_unmap() - Take the place of an object away
 * @bo: The object; one in guest memory has none.
 *
 * May sleep.
 */
void guest_aperture_unmap(struct guest_bo *bo)
{
	struct guest_aperture *ap = &bo->name.gdev->aperture;

	if (!(bo->flags & DRM_GPUP_BO_VRAM))
		return;
	mutex_lock(&ap->lock);
	unmap_locked(bo);
	mutex_unlock(&ap->lock);
}

/* Large objects begin where the host can map them in large pages. */
static int insert_node(struct guest_aperture *ap, struct guest_bo *bo)
{
	u64 align = bo->base.size >= SZ_2M ? SZ_2M : 0;
	int ret = drm_mm_insert_node_generic(&ap->mm, &bo->aperture, bo->base.size, align, 0,
					     DRM_MM_INSERT_BEST);

	if (ret != -ENOSPC || !align)
		return ret;
	return drm_mm_insert_node(&ap->mm, &bo->aperture, bo->base.size);
}

static int reserve_place(struct guest_aperture *ap, struct guest_bo *bo)
{
	struct guest_bo *victim;
	int ret;

	if (bo->base.size > ap->size)
		return -ENOSPC;
	for (;;) {
		ret = insert_node(ap, bo);
		if (ret != -ENOSPC)
			return ret;
		victim = list_first_entry_or_null(&ap->lru, struct guest_bo, aperture_link);
		if (!victim)
			return -ENOSPC;
		unmap_locked(victim);
	}
}

/* See to it that the object has a place. */
static int map_locked(struct guest_aperture *ap, struct guest_bo *bo)
{
	struct gpup_vrd_aperture_map body = { .handle = cpu_to_le32(bo->name.handle) };
	int ret;

	lockdep_assert_held(&ap->lock);
	if (drm_mm_node_allocated(&bo->aperture)) {
		list_move_tail(&bo->aperture_link, &ap->lru);
		return 0;
	}
	ret = reserve_place(ap, bo);
	if (ret)
		return ret;
	list_add_tail(&bo->aperture_link, &ap->lru);

	body.offset = cpu_to_le64(bo->aperture.start);
	ret = guest_request(bo->name.gdev, bo->name.client, GPUP_VRD_OP_APERTURE_MAP, &body,
			    sizeof(body), NULL, 0);
	if (ret < 0) {
		/* If the process was killed, the device may still do it. */
		unmap_locked(bo);
		return ret;
	}
	return 0;
}

static vm_fault_t insert_pages(struct vm_fault *vmf, const struct guest_aperture *ap,
			       const struct guest_bo *bo)
{
	struct vm_area_struct *vma = vmf->vma;
	u64 offset = (u64)(vmf->pgoff - drm_vma_node_start(&bo->base.vma_node)) << PAGE_SHIFT;
	u64 end = min3((u64)bo->base.size, offset + (vma->vm_end - vmf->address),
		       offset + 16 * PAGE_SIZE);
	unsigned long address = vmf->address;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	for (; offset < end; offset += PAGE_SIZE, address += PAGE_SIZE) {
		ret = vmf_insert_pfn(vma, address,
				     PHYS_PFN(ap->start + bo->aperture.start + offset));
		if (ret != VM_FAULT_NOPAGE)
			/* Only the page that was touched matters. */
			return address == vmf->address ? ret : VM_FAULT_NOPAGE;
	}
	return ret;
}

/**
 * guest_aperture_fault() - A process touches an object in video memory
 * @vmf: The fault.
 *
 * Maps some of the following pages too.
 *
 * Return: VM_FAULT_NOPAGE, or VM_FAULT_SIGBUS if the device is gone or the process is
 * being killed: a fault in the kernel would be repeated for ever otherwise.
 */
vm_fault_t guest_aperture_fault(struct vm_fault *vmf)
{
	struct guest_bo *bo = guest_bo_from_gem(vmf->vma->vm_private_data);
	struct guest_device *gdev = bo->name.gdev;
	struct guest_aperture *ap = &gdev->aperture;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	int idx;

	if (!drm_dev_enter(&gdev->drm, &idx))
		return VM_FAULT_SIGBUS;
	if (!guest_device_is_lost(gdev) && !mutex_lock_killable(&ap->lock)) {
		/* The lock keeps the place from being taken away before it is mapped. */
		if (!map_locked(ap, bo))
			ret = insert_pages(vmf, ap, bo);
		mutex_unlock(&ap->lock);
	}
	drm_dev_exit(idx);
	return ret;
}
