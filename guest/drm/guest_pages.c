// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects in guest memory: their pages.
 *
 * The host pins the pages, and the GPU may write to them, until the host sends
 * BO_RELEASED or the device is reset. Only then are they given back.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_vma_manager.h>

#include "guest_bo.h"
#include "guest_call.h"
#include "guest_device.h"
#include "guest_runs.h"

/* Runs in one message. */
#define MAX_RUNS ((GPUP_VRD_MSG_MAX - sizeof(struct gpup_vrd_msg) - \
		   sizeof(struct gpup_vrd_bo_pages)) / sizeof(struct gpup_vrd_run))

/**
 * guest_pages_check() - Refuse what could never be allocated
 * @size: Size of an object in bytes, a multiple of the page size.
 *
 * Return: 0 or -ENOMEM.
 */
int guest_pages_check(u64 size)
{
	u64 pages = size >> PAGE_SHIFT;

	return pages > totalram_pages() || pages > INT_MAX / sizeof(struct page *) ? -ENOMEM : 0;
}

static void unmap_locked(struct guest_bo *bo)
{
	struct guest_device *gdev = bo->name.gdev;

	lockdep_assert_held(&gdev->system_lock);
	if (!bo->sgt)
		return;
	list_del_init(&bo->system_link);
	dma_unmap_sgtable(&gdev->pdev->dev, bo->sgt, DMA_BIDIRECTIONAL, 0);
	sg_free_table(bo->sgt);
	kfree(bo->sgt);
	bo->sgt = NULL;
}

static int map_pages(struct guest_bo *bo)
{
	struct guest_device *gdev = bo->name.gdev;
	struct sg_table *sgt;
	int ret;

	sgt = drm_prime_pages_to_sg(&gdev->drm, bo->pages, bo->base.size >> PAGE_SHIFT);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = dma_map_sgtable(&gdev->pdev->dev, sgt, DMA_BIDIRECTIONAL, 0);
	if (ret) {
		sg_free_table(sgt);
		kfree(sgt);
		return ret;
	}

	mutex_lock(&gdev->system_lock);
	/* guest_pages_unmap_all() takes the lock after the device was marked. */
	bo->sgt = sgt;
	list_add_tail(&bo->system_link, &gdev->system);
	if (guest_device_is_lost(gdev)) {
		unmap_locked(bo);
		ret = -ENODEV;
	}
	mutex_unlock(&gdev->system_lock);
	return ret;
}

/**
 * guest_pages_get() - Allocate the pages of a new object
 * @bo: The object, with a name.
 *
 * What was done before a failure is undone by guest_pages_put().
 *
 * Return: 0, -ENOMEM, -ENODEV.
 */
int guest_pages_get(struct guest_bo *bo)
{
	struct page **pages = drm_gem_get_pages(&bo->base);
	int ret;

	if (IS_ERR(pages))
		return PTR_ERR(pages);
	bo->pages = pages;
	ret = map_pages(bo);
	return ret ?: guest_name_pin(&bo->name);
}

static int send_runs(struct guest_bo *bo, struct gpup_vrd_bo_pages *body, u32 count)
{
	int ret;

	body->handle = cpu_to_le32(bo->name.handle);
	body->count = cpu_to_le32(count);
	ret = guest_request(bo->name.gdev, bo->name.client, GPUP_VRD_OP_BO_PAGES, body,
			    struct_size(body, runs, count), NULL, 0);
	return min(ret, 0);
}

/**
 * guest_pages_send() - Tell the device the pages of a new object
 * @bo: The object, after guest_pages_get(); its creation was sent.
 *
 * Each message is called: the pages of the next go behind those of the last, so none
 * may be missing.
 *
 * Return: 0, the device's answer, -ENOMEM, -ENODEV, -EINTR or -ERESTARTSYS if the process
 * was killed.
 */
int guest_pages_send(struct guest_bo *bo)
{
	struct gpup_vrd_bo_pages *body;
	struct guest_run_cursor cursor;
	int ret = 0;
	u32 count;

	body = kvzalloc(struct_size(body, runs, MAX_RUNS), GFP_KERNEL);
	if (!body)
		return -ENOMEM;

	/* The table stays: it goes with the name, or after the device was lost. */
	guest_runs_start(&cursor, bo->sgt);
	do {
		mutex_lock(&bo->name.gdev->system_lock);
		count = bo->sgt ? guest_runs_next(&cursor, body->runs, MAX_RUNS) : 0;
		if (!bo->sgt)
			ret = -ENODEV;
		mutex_unlock(&bo->name.gdev->system_lock);
		if (count)
			ret = send_runs(bo, body, count);
	} while (!ret && count);
	kvfree(body);
	return ret;
}

/**
 * guest_pages_put() - Give the pages of an object back
 * @bo: The object; the device holds it no more. One in VRAM has none.
 */
void guest_pages_put(struct guest_bo *bo)
{
	if (!bo->pages)
		return;
	mutex_lock(&bo->name.gdev->system_lock);
	unmap_locked(bo);
	mutex_unlock(&bo->name.gdev->system_lock);
	drm_gem_put_pages(&bo->base, bo->pages, true, true);
	bo->pages = NULL;
}

/**
 * guest_pages_unmap_all() - Unmap all objects for DMA: the driver leaves the device
 * @gdev: The device, which was reset. The objects keep their pages.
 */
void guest_pages_unmap_all(struct guest_device *gdev)
{
	struct guest_bo *bo, *next;

	mutex_lock(&gdev->system_lock);
	list_for_each_entry_safe(bo, next, &gdev->system, system_link)
		unmap_locked(bo);
	mutex_unlock(&gdev->system_lock);
}

/**
 * guest_pages_fault() - A process touches an object in guest memory
 * @vmf: The fault.
 *
 * Maps some of the following pages too.
 *
 * Return: VM_FAULT_NOPAGE or an error.
 */
vm_fault_t guest_pages_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct guest_bo *bo = guest_bo_from_gem(vma->vm_private_data);
	pgoff_t first = vmf->pgoff - drm_vma_node_start(&bo->base.vma_node);
	unsigned long left = min_t(unsigned long, vma->vm_end - vmf->address,
				   16 * PAGE_SIZE) >> PAGE_SHIFT;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	pgoff_t i;

	for (i = 0; i < left && first + i < bo->base.size >> PAGE_SHIFT; i++) {
		ret = vmf_insert_pfn(vma, vmf->address + i * PAGE_SIZE,
				     page_to_pfn(bo->pages[first + i]));
		if (ret != VM_FAULT_NOPAGE)
			/* Only the page that was touched matters. */
			return i ? VM_FAULT_NOPAGE : ret;
	}
	return ret;
}
