// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM aperture of a Virtual Render Device: BAR 4.
 *
 * The guest says which object appears where; the pages of the object are filled in when
 * they are touched, and taken out when the object moves. Where no object is, there is one
 * scratch page of the device's own: a VM that touches what it has not mapped harms
 * nobody, itself included.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/pgtable.h>
#include <linux/slab.h>

#include "../gpup_compat.h"
#include "vrd.h"

/**
 * struct gpup_vrd_window - One object in the aperture
 */
struct gpup_vrd_window {
	/** @base: How the object has its pages taken out. */
	struct gpup_bo_window base;
	/** @vrd: The device. */
	struct gpup_vrd *vrd;
	/** @bo: The object; the window holds a reference. */
	struct gpup_bo *bo;
	/** @handle: Its handle at the time. */
	u32 handle;
	/** @first: First page in the aperture. */
	unsigned long first;
	/** @count: Number of pages. */
	unsigned long count;
};

static void zap_window(struct gpup_bo_window *base)
{
	struct gpup_vrd_window *window = container_of(base, struct gpup_vrd_window, base);

	gpup_vrd_zap(window->vrd, GPUP_VRD_BAR_APERTURE, (u64)window->first << PAGE_SHIFT,
		     (u64)window->count << PAGE_SHIFT);
}

/* The window that a page of the aperture belongs to, with its object locked, or NULL. */
static struct gpup_vrd_window *lock_window(struct gpup_vrd_aperture *aperture, unsigned long page,
					   bool nowait, int *error)
{
	struct gpup_vrd_window *window;

	lockdep_assert_held(&aperture->lock);
	*error = 0;
	window = mtree_load(&aperture->tree, page);
	if (!window)
		return NULL;
	*error = gpup_bo_cpu_lock(window->bo, nowait);
	return *error ? NULL : window;
}

static unsigned long window_pfn(const struct gpup_vrd_window *window, unsigned long page)
{
	return gpup_bo_pfn(window->bo, (u64)(page - window->first) << PAGE_SHIFT);
}

/* The object is being moved: look again when that is over, without holding up the VMM. */
static vm_fault_t wait_for_window(struct vm_fault *vmf, struct gpup_vrd *vrd, unsigned long page)
{
	struct gpup_vrd_window *window;
	struct gpup_bo *bo = NULL;
	struct file *file;

	mutex_lock(&vrd->aperture.lock);
	window = mtree_load(&vrd->aperture.tree, page);
	if (window)
		bo = gpup_bo_get(window->bo);
	mutex_unlock(&vrd->aperture.lock);

	/* The object needs its partition, which may go once the mapping and the file have. */
	file = get_file(vmf->vma->vm_file);
	mmap_read_unlock(vmf->vma->vm_mm);
	if (bo) {
		if (!gpup_bo_cpu_lock(bo, false))
			gpup_bo_cpu_unlock(bo);
		gpup_bo_put(bo);
	}
	fput(file);
	return VM_FAULT_RETRY;
}

/* Another CPU may have filled in all of it since the kernel has looked: there is no table then. */
static bool has_huge(struct vm_fault *vmf)
{
	return pmd_leaf(pmdp_get_lockless(vmf->pmd));
}

/*
 * The page goes into the table with the object locked, so that it does not move before, and
 * is zapped if it moves afterwards; and with the aperture's lock held: whoever changes what is
 * in the aperture takes that to do so and zaps afterwards, and so cannot miss it.
 */
static vm_fault_t aperture_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct gpup_vrd *vrd = vma->vm_private_data;
	struct gpup_vrd_aperture *aperture = &vrd->aperture;
	unsigned long page = vmf->pgoff & ((1UL << (GPUP_VRD_REGION_SHIFT - PAGE_SHIFT)) - 1);
	bool can_retry = fault_flag_allow_retry_first(vmf->flags) &&
			 !(vmf->flags & FAULT_FLAG_VMA_LOCK);
	struct gpup_vrd_window *window;
	vm_fault_t ret;
	int error;

	mutex_lock(&aperture->lock);
	window = lock_window(aperture, page, can_retry, &error);
	if (error == -EBUSY) {
		mutex_unlock(&aperture->lock);
		if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
			return VM_FAULT_RETRY;
		return wait_for_window(vmf, vrd, page);
	}
	if (error) {
		ret = error == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	} else if (has_huge(vmf)) {
		ret = VM_FAULT_NOPAGE;
	} else if (window) {
		ret = vmf_insert_pfn(vma, vmf->address, window_pfn(window, page));
	} else {
		ret = vmf_insert_pfn(vma, vmf->address, page_to_pfn(aperture->scratch));
		aperture->scratch_mapped = true;
	}
	if (window)
		gpup_bo_cpu_unlock(window->bo);
	mutex_unlock(&aperture->lock);
	return gpup_vrd_fault_done(vmf, ret);
}

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
/* The page frame that a huge page in the window would begin with; the object is locked. */
static bool window_huge_pfn(const struct gpup_vrd_window *window, unsigned long page,
			    unsigned long *pfn)
{
	const unsigned long count = PMD_SIZE >> PAGE_SHIFT;
	unsigned long i;

	if (page < window->first || page + count > window->first + window->count)
		return false;
	*pfn = window_pfn(window, page);
	if (!IS_ALIGNED(*pfn, count))
		return false;
	for (i = 1; i < count; i++) {
		if (window_pfn(window, page + i) != *pfn + i)
			return false;
	}
	return true;
}

/*
 * The kernel has looked without a lock of ours: another CPU may have filled the place with a
 * table of single pages since, which is not to be written over.
 */
static bool has_place(pmd_t pmd, unsigned long pfn)
{
	return pmd_none(pmd) || (pmd_leaf(pmd) && pmd_pfn(pmd) == pfn);
}

/* Whatever is not simple is left to aperture_fault(): the kernel calls it next. */
static vm_fault_t aperture_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct gpup_vrd *vrd = vma->vm_private_data;
	struct gpup_vrd_aperture *aperture = &vrd->aperture;
	unsigned long addr = vmf->address & PMD_MASK;
	vm_fault_t ret = VM_FAULT_FALLBACK;
	struct gpup_vrd_window *window;
	unsigned long page, pfn;
	int error;

	if (order != PMD_SHIFT - PAGE_SHIFT ||
	    addr < vma->vm_start || addr + PMD_SIZE > vma->vm_end)
		return VM_FAULT_FALLBACK;
	page = vmf->pgoff - ((vmf->address - addr) >> PAGE_SHIFT);
	page &= (1UL << (GPUP_VRD_REGION_SHIFT - PAGE_SHIFT)) - 1;

	mutex_lock(&aperture->lock);
	window = lock_window(aperture, page, true, &error);
	if (window) {
		if (window_huge_pfn(window, page, &pfn) &&
		    has_place(pmdp_get_lockless(vmf->pmd), pfn))
			ret = gpup_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
		gpup_bo_cpu_unlock(window->bo);
	}
	mutex_unlock(&aperture->lock);
	return gpup_vrd_fault_done(vmf, ret);
}
#endif

const struct vm_operations_struct gpup_vrd_aperture_vm_ops = {
	.fault = aperture_fault,
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	.huge_fault = aperture_huge_fault,
#endif
};

/* Nobody finds it in the aperture any more. */
static void destroy_window(struct gpup_vrd_window *window)
{
	gpup_bo_remove_window(window->bo, &window->base);
	gpup_bo_put(window->bo);
	kfree(window);
}

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
	window->base.zap = zap_window;
	window->vrd = vrd;
	window->bo = gpup_bo_get(bo);
	window->handle = handle;
	window->first = offset >> PAGE_SHIFT;
	window->count = size >> PAGE_SHIFT;
	/* Before anybody finds it there. */
	gpup_bo_add_window(bo, &window->base);

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
	destroy_window(window);
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

	zap_window(&window->base);
	destroy_window(window);
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
		destroy_window(window);
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
	unsigned long page = offset >> PAGE_SHIFT;
	struct gpup_vrd_window *window;
	unsigned long pfn;
	void *addr = NULL;
	int error;

	mutex_lock(&aperture->lock);
	window = lock_window(aperture, page, false, &error);
	pfn = window ? window_pfn(window, page) : page_to_pfn(aperture->scratch);
	if (!error)
		addr = map_pfn(pfn);
	if (addr && in)
		memcpy(addr + offset_in_page(offset), in, count);
	else if (addr)
		memcpy(out, addr + offset_in_page(offset), count);
	else if (out)
		memset(out, 0xff, count);
	if (addr)
		unmap_pfn(pfn, addr);
	if (window)
		gpup_bo_cpu_unlock(window->bo);
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
