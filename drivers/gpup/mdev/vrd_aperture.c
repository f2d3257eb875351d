// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM aperture of a Virtual Render Device: BAR 4.
 *
 * The guest says which object appears where; the pages of the object are filled in when
 * they are touched. Where no object is, there is one scratch page of the device's own:
 * a VM that touches what it has not mapped harms nobody, itself included.
 */
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/slab.h>

#include "vrd.h"

/**
 * struct gpup_vrd_window - One object in the aperture
 */
struct gpup_vrd_window {
	/** @bo: The object; the window holds a reference. */
	struct gpup_bo *bo;
	/** @handle: Its handle at the time. */
	u32 handle;
	/** @first: First page in the aperture. */
	unsigned long first;
	/** @count: Number of pages. */
	unsigned long count;
};

/* Page frame behind a page of the aperture; sets @scratch if that is the scratch page. */
static unsigned long find_pfn(struct gpup_vrd_aperture *aperture, unsigned long page,
			      bool *scratch)
{
	struct gpup_vrd_window *window;
	unsigned long pfn;
	u64 offset;

	lockdep_assert_held(&aperture->lock);
	window = mtree_load(&aperture->tree, page);
	if (window) {
		offset = (u64)(page - window->first) << PAGE_SHIFT;
		*scratch = gpup_bo_vram_pfn(window->bo, offset, &pfn);
	} else {
		*scratch = true;
	}
	return *scratch ? page_to_pfn(aperture->scratch) : pfn;
}

/*
 * The page goes into the table with the lock held: whoever changes what is in the
 * aperture takes the lock to do so and zaps afterwards, and so cannot miss it.
 */
static vm_fault_t aperture_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct gpup_vrd *vrd = vma->vm_private_data;
	struct gpup_vrd_aperture *aperture = &vrd->aperture;
	unsigned long page = vmf->pgoff & ((1UL << (GPUP_VRD_REGION_SHIFT - PAGE_SHIFT)) - 1);
	unsigned long pfn;
	vm_fault_t ret;
	bool scratch;

	mutex_lock(&aperture->lock);
	pfn = find_pfn(aperture, page, &scratch);
	ret = vmf_insert_pfn(vma, vmf->address, pfn);
	if (scratch)
		aperture->scratch_mapped = true;
	mutex_unlock(&aperture->lock);
	return gpup_vrd_fault_done(vmf, ret);
}

const struct vm_operations_struct gpup_vrd_aperture_vm_ops = {
	.fault = aperture_fault,
};

/**
 * gpup_vrd_aperture_map() - Make an object appear in the aperture
 * @vrd: The device.
 * @handle: Handle of the object.
 * @bo: The object.
 * @offset: Where, in bytes, page-aligned.
 *
 * Called by the worker. May sleep.
 *
 * Return: 0, -EINVAL if the object is not in VRAM or does not fit, -EEXIST if it has a
 * place already, -EBUSY if another object is there, -ENOMEM.
 */
int gpup_vrd_aperture_map(struct gpup_vrd *vrd, u32 handle, struct gpup_bo *bo, u64 offset)
{
	struct gpup_vrd_aperture *aperture = &vrd->aperture;
	u64 size = gpup_bo_size(bo);
	struct gpup_vrd_window *window;
	bool zap = false;
	int ret;

	if (!(bo->flags & DRM_GPUP_BO_VRAM) || (bo->flags & DRM_GPUP_BO_NO_MMAP))
		return -EINVAL;
	if (offset > aperture->size || size > aperture->size - offset)
		return -EINVAL;

	window = kzalloc(sizeof(*window), GFP_KERNEL_ACCOUNT);
	if (!window)
		return -ENOMEM;
	window->bo = gpup_bo_get(bo);
	window->handle = handle;
	window->first = offset >> PAGE_SHIFT;
	window->count = size >> PAGE_SHIFT;

	mutex_lock(&aperture->lock);
	ret = xa_insert(&aperture->windows, GPUP_VRD_HANDLE_INDEX(handle), window,
			GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EBUSY ? -EEXIST : ret;
		goto err_unlock;
	}
	ret = mtree_insert_range(&aperture->tree, window->first,
				 window->first + window->count - 1, window, GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EEXIST ? -EBUSY : ret;
		xa_erase(&aperture->windows, GPUP_VRD_HANDLE_INDEX(handle));
		goto err_unlock;
	}
	/* Somewhere, maybe here, the scratch page was touched. */
	zap = aperture->scratch_mapped;
	mutex_unlock(&aperture->lock);

	if (zap)
		gpup_vrd_zap(vrd, GPUP_VRD_BAR_APERTURE, offset, size);
	return 0;

err_unlock:
	mutex_unlock(&aperture->lock);
	gpup_bo_put(window->bo);
	kfree(window);
	return ret;
}

/**
 * gpup_vrd_aperture_unmap() - Make an object disappear from the aperture
 * @vrd: The device.
 * @handle: Handle of the object.
 *
 * Called by the worker. May sleep. When it returns the VM cannot reach the object there.
 *
 * Return: 0, -ENOENT if it is not in the aperture.
 */
int gpup_vrd_aperture_unmap(struct gpup_vrd *vrd, u32 handle)
{
	struct gpup_vrd_aperture *aperture = &vrd->aperture;
	struct gpup_vrd_window *window;

	mutex_lock(&aperture->lock);
	window = xa_load(&aperture->windows, GPUP_VRD_HANDLE_INDEX(handle));
	if (!window || window->handle != handle) {
		mutex_unlock(&aperture->lock);
		return -ENOENT;
	}
	xa_erase(&aperture->windows, GPUP_VRD_HANDLE_INDEX(handle));
	mtree_erase(&aperture->tree, window->first);
	mutex_unlock(&aperture->lock);

	gpup_vrd_zap(vrd, GPUP_VRD_BAR_APERTURE, (u64)window->first << PAGE_SHIFT,
		     (u64)window->count << PAGE_SHIFT);
	gpup_bo_put(window->bo);
	kfree(window);
	return 0;
}

/**
 * gpup_vrd_aperture_reset() - Make the aperture as new
 * @vrd: The device; its worker is disabled.
 *
 * May sleep.
 */
void gpup_vrd_aperture_reset(struct gpup_vrd *vrd)
{
	struct gpup_vrd_aperture *aperture = &vrd->aperture;
	struct gpup_vrd_window *window;
	unsigned long index;

	mutex_lock(&aperture->lock);
	mtree_destroy(&aperture->tree);
	aperture->scratch_mapped = false;
	mutex_unlock(&aperture->lock);

	/* From here on faults find only the scratch page. */
	gpup_vrd_zap(vrd, GPUP_VRD_BAR_APERTURE, 0, aperture->size);
	clear_highpage(aperture->scratch);

	xa_for_each(&aperture->windows, index, window) {
		xa_erase(&aperture->windows, index);
		gpup_bo_put(window->bo);
		kfree(window);
		cond_resched();
	}
}

static void *map_pfn(unsigned long pfn)
{
	/* VRAM may be memory of the host, or behind a BAR of the GPU. */
	if (pfn_valid(pfn))
		return kmap_local_page(pfn_to_page(pfn));
	return memremap(PFN_PHYS(pfn), PAGE_SIZE, MEMREMAP_WC);
}

static void unmap_pfn(unsigned long pfn, void *addr)
{
	if (pfn_valid(pfn))
		kunmap_local(addr);
	else
		memunmap(addr);
}

/* Copy within one page of the aperture. One of @in and @out is NULL. */
static void access_page(struct gpup_vrd *vrd, u64 offset, const void *in, void *out, u32 count)
{
	struct gpup_vrd_aperture *aperture = &vrd->aperture;
	unsigned long pfn;
	bool scratch;
	void *addr;

	mutex_lock(&aperture->lock);
	pfn = find_pfn(aperture, offset >> PAGE_SHIFT, &scratch);
	addr = map_pfn(pfn);
	if (addr && in)
		memcpy(addr + offset_in_page(offset), in, count);
	else if (addr)
		memcpy(out, addr + offset_in_page(offset), count);
	else if (out)
		memset(out, 0xff, count);
	if (addr)
		unmap_pfn(pfn, addr);
	mutex_unlock(&aperture->lock);
}

/**
 * gpup_vrd_aperture_read() - Read through the aperture
 * @vrd: The device.
 * @offset: First byte.
 * @buf: Receives the bytes; kernel memory.
 * @count: Number of bytes; all of them are in the aperture.
 *
 * May sleep.
 */
void gpup_vrd_aperture_read(struct gpup_vrd *vrd, u64 offset, void *buf, u32 count)
{
	u32 done, n;

	for (done = 0; done < count; done += n) {
		n = min_t(u32, count - done, PAGE_SIZE - offset_in_page(offset + done));
		access_page(vrd, offset + done, NULL, buf + done, n);
	}
}

/**
 * gpup_vrd_aperture_write() - Write through the aperture
 * @vrd: The device.
 * @offset: First byte.
 * @buf: The bytes; kernel memory.
 * @count: Number of bytes; all of them are in the aperture.
 *
 * May sleep.
 */
void gpup_vrd_aperture_write(struct gpup_vrd *vrd, u64 offset, const void *buf, u32 count)
{
	u32 done, n;

	for (done = 0; done < count; done += n) {
		n = min_t(u32, count - done, PAGE_SIZE - offset_in_page(offset + done));
		access_page(vrd, offset + done, buf + done, NULL, n);
	}
}

/**
 * gpup_vrd_aperture_init() - Make an empty aperture
 * @vrd: The device.
 * @size: Size in bytes: a power of two, at least a page.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_vrd_aperture_init(struct gpup_vrd *vrd, u64 size)
{
	struct gpup_vrd_aperture *aperture = &vrd->aperture;

	aperture->scratch = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!aperture->scratch)
		return -ENOMEM;
	aperture->size = size;
	mutex_init(&aperture->lock);
	mt_init(&aperture->tree);
	xa_init(&aperture->windows);
	return 0;
}

/**
 * gpup_vrd_aperture_fini() - Free what an empty aperture needs
 * @vrd: The device; nothing maps the aperture any more.
 */
void gpup_vrd_aperture_fini(struct gpup_vrd *vrd)
{
	struct gpup_vrd_aperture *aperture = &vrd->aperture;

	mtree_destroy(&aperture->tree);
	xa_destroy(&aperture->windows);
	mutex_destroy(&aperture->lock);
	__free_page(aperture->scratch);
}
