// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_gem_ttm_helper.h>
#include <drm/drm_prime.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include "../gpup_compat.h"
#include "../gpup_trace.h"
#include "vidmm_tt.h"
#include "vidmm_vm.h"

/**
 * DOC: Buffer objects
 *
 * An object for VRAM or in the host's memory is a TTM object. One for VRAM begins there
 * if there is room, and otherwise without any memory; it is evicted to host memory and
 * comes back (see "Making room"). One in system memory is pinned. The pages of a
 * virtual machine are not TTM's: for them only the GEM object is used, and whoever gave
 * the pages is told when the last user is gone.
 *
 * A move waits for the jobs that use the object, takes it out of all page tables and
 * CPU mappings, and has it copied by the paging queue. Nobody waits for the copy but those who then
 * look at the contents: its fence is among those of the object.
 *
 * An object holds the module of the GPU's driver: a dma-buf of it may outlive every open
 * file.
 */

/*
 * Pages that are looked at for how far they are contiguous: who maps single pages
 * of a large object, as a guest may, shall not have all of it looked at each time.
 */
#define EXTENT_PAGES	512ul

static struct gpup_bo *to_bo(struct ttm_buffer_object *tbo)
{
	return container_of(tbo, struct gpup_bo, tbo);
}

static struct gpup_vidmm *to_mm(struct ttm_device *ttm)
{
	return container_of(ttm, struct gpup_vidmm, ttm);
}

/* How many of @count pages from here on are one after the other. */
static unsigned long pages_run(struct page **pages, unsigned long count)
{
	unsigned long n = 1;

	while (n < count && page_to_pfn(pages[n]) == page_to_pfn(pages[0]) + n)
		n++;
	return n;
}

/* How many such runs there are. */
static unsigned long pages_runs(struct page **pages, unsigned long count)
{
	unsigned long i = 0, runs = 0;

	for (; i < count; runs++)
		i += pages_run(pages + i, count - i);
	return runs;
}

static bool is_foreign(const struct gpup_bo *bo)
{
	return bo->pages;
}

static struct ttm_tt *bo_tt_create(struct ttm_buffer_object *tbo, uint32_t page_flags)
{
	struct gpup_tt *gtt = gpup_tt_create(tbo, to_bo(tbo)->memcg, page_flags);

	return gtt ? &gtt->base : NULL;
}

/* Partitions choose, not TTM. */
static bool bo_eviction_valuable(struct ttm_buffer_object *tbo, const struct ttm_place *place)
{
	return false;
}

static void bo_evict_flags(struct ttm_buffer_object *tbo, struct ttm_placement *placement)
{
	placement->num_placement = 0;
}

/**
 * gpup_bo_zap() - Take an object out of all CPU mappings
 * @bo: The object, reserved. May sleep.
 */
void gpup_bo_zap(struct gpup_bo *bo)
{
	struct gpup_bo_window *window;

	dma_resv_assert_held(bo->tbo.base.resv);
	ttm_bo_unmap_virtual(&bo->tbo);
	list_for_each_entry(window, &bo->windows, link)
		window->zap(window);
}

static bool has_pages(struct ttm_buffer_object *tbo)
{
	return tbo->ttm && ttm_tt_is_populated(tbo->ttm);
}

/* A copy between the pages of an object and @res, in VRAM. */
static struct gpup_paging_copy *prepare_copy(struct ttm_buffer_object *tbo,
					     struct ttm_resource *res, bool to_vram)
{
	u64 size = tbo->base.size, offset = 0;
	struct gpup_paging_copy *copy;
	struct gpup_extent extent;
	unsigned int pieces = 0;
	struct page **pages = tbo->ttm->pages, **run;

	/* Twice: the size of a copy of large pieces is small. */
	while (offset < size) {
		gpup_vram_extent(res, offset, &extent);
		pieces += pages_runs(pages + (offset >> PAGE_SHIFT),
					  extent.size >> PAGE_SHIFT);
		offset += extent.size;
	}
	copy = gpup_paging_copy_create(to_mm(tbo->bdev), to_vram, pieces);
	if (!copy)
		return NULL;
	for (offset = 0; offset < size; offset += extent.size) {
		gpup_vram_extent(res, offset, &extent);
		run = pages + (offset >> PAGE_SHIFT);
		extent.size = pages_run(run, extent.size >> PAGE_SHIFT) << PAGE_SHIFT;
		gpup_paging_copy_add(copy, extent.addr, page_to_phys(*run), extent.size);
	}
	return copy;
}

/* From nowhere: nobody has written to it yet, or its contents were dropped. */
static int move_new(struct ttm_buffer_object *tbo, struct ttm_resource *new_mem)
{
	int ret = 0;

	if (new_mem->mem_type == TTM_PL_VRAM)
		ret = gpup_vram_clear(new_mem);
	if (!ret)
		ttm_bo_move_null(tbo, new_mem);
	return ret;
}

static int move_in(struct ttm_buffer_object *tbo, struct ttm_resource *new_mem)
{
	struct gpup_paging_copy *copy;
	struct dma_fence *fence;
	int ret;

	ret = gpup_tt_restore(tbo->ttm);
	if (ret)
		return ret;
	copy = prepare_copy(tbo, new_mem, true);
	if (!copy)
		return -ENOMEM;
	gpup_bo_zap(to_bo(tbo));
	fence = gpup_paging_copy_submit(copy, to_bo(tbo), new_mem);
	/* The pages live on in a ghost of the object until the copy is made. */
	ret = ttm_bo_move_accel_cleanup(tbo, fence, false, true, new_mem);
	if (ret)
		dma_fence_wait(fence, false);
	dma_fence_put(fence);
	return ret;
}

/* Pages for what is in VRAM, which a copy overwrites. */
static int populate_to_evict(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx)
{
	struct gpup_tt *gtt = to_gpup_tt(tbo->ttm);
	int ret;

	tbo->ttm->page_flags &= ~TTM_TT_FLAG_ZERO_ALLOC;
	gtt->evicting = true;
	ret = gpup_ttm_bo_populate(tbo, ctx);
	gtt->evicting = false;
	tbo->ttm->page_flags |= TTM_TT_FLAG_ZERO_ALLOC;
	return ret;
}

static int move_out(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
		    struct ttm_resource *new_mem)
{
	struct gpup_bo *bo = to_bo(tbo);
	struct gpup_paging_copy *copy;
	struct dma_fence *fence;
	long left;
	int ret;

	if (READ_ONCE(bo->advice) != DRM_GPUP_BO_DONT_NEED) {
		ret = populate_to_evict(tbo, ctx);
		if (ret)
			return ret;
		ret = -ENOMEM;
		copy = prepare_copy(tbo, tbo->resource, false);
		if (!copy)
			return ret;
	} else {
		/* TTM expects a copy, which would overwrite all. */
		tbo->ttm->page_flags |= TTM_TT_FLAG_ZERO_ALLOC;
		copy = NULL;
	}
	/* Jobs of the host, and address spaces that give way. */
	left = dma_resv_wait_timeout(tbo->base.resv, DMA_RESV_USAGE_BOOKKEEP, false,
				     MAX_SCHEDULE_TIMEOUT);
	if (WARN_ON_ONCE(left < 0)) {
		kvfree(copy);
		return left;
	}
	gpup_bo_unmap_gpu(bo);
	gpup_bo_zap(bo);
	if (copy && READ_ONCE(bo->unclean)) {
		/* There is nothing of its owner's to be copied. */
		kvfree(copy);
		copy = NULL;
		gpup_tt_drop(tbo->ttm);
	}
	if (!copy) {
		bo->purged = true;
		ttm_bo_move_null(tbo, new_mem);
		return 0;
	}
	fence = gpup_paging_copy_submit(copy, bo, NULL);
	ret = ttm_bo_move_accel_cleanup(tbo, fence, true, true, new_mem);
	dma_fence_put(fence);
	return ret;
}

static int bo_move(struct ttm_buffer_object *tbo, bool evict, struct ttm_operation_ctx *ctx,
		   struct ttm_resource *new_mem, struct ttm_place *hop)
{
	struct gpup_bo *bo = to_bo(tbo);
	bool was_resident = bo->resident;
	bool resident = new_mem->mem_type == TTM_PL_VRAM;
	bool copied = false;
	int ret;

	if (was_resident && !resident) {
		copied = READ_ONCE(bo->advice) != DRM_GPUP_BO_DONT_NEED;
		ret = move_out(tbo, ctx, new_mem);
		copied = copied && !bo->purged;
	} else if (resident && tbo->resource && has_pages(tbo)) {
		copied = true;
		ret = move_in(tbo, new_mem);
	} else {
		ret = move_new(tbo, new_mem);
	}
	if (!(bo->flags & DRM_GPUP_BO_VRAM))
		return ret;
	if (!ret)
		gpup_mem_moved(bo, resident, copied ? gpup_bo_size(bo) : 0);
	/* If it failed, then some may have come back from swap. */
	gpup_mem_set_swappable(bo, !bo->resident && has_pages(tbo));
	return ret;
}

static int bo_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res)
{
	if (res->mem_type != TTM_PL_VRAM)
		return 0;
	/* TTM asks when the copy has been made, and before anything is mapped. */
	if (READ_ONCE(to_bo(res->bo)->unclean))
		return -EIO;
	res->bus.is_iomem = true;
	res->bus.caching = ttm_cached;
	return 0;
}

static unsigned long bo_io_mem_pfn(struct ttm_buffer_object *tbo, unsigned long page)
{
	struct gpup_vidmm *mm = to_mm(tbo->bdev);
	struct gpup_extent extent;

	gpup_vram_extent(tbo->resource, (u64)page << PAGE_SHIFT, &extent);
	return mm->ops->vram_pfn(mm->adapter, extent.addr);
}

const struct ttm_device_funcs gpup_ttm_funcs = {
	.ttm_tt_create = bo_tt_create,
	.ttm_tt_populate = gpup_tt_populate,
	.ttm_tt_unpopulate = gpup_tt_unpopulate,
	.ttm_tt_destroy = gpup_tt_destroy,
	.eviction_valuable = bo_eviction_valuable,
	.evict_flags = bo_evict_flags,
	.move = bo_move,
	.io_mem_reserve = bo_io_mem_reserve,
	.io_mem_pfn = bo_io_mem_pfn,
};

static void bo_destroy(struct ttm_buffer_object *tbo)
{
	struct gpup_bo *bo = to_bo(tbo);
	struct module *owner = bo->mp->mm->ops->owner;

	drm_gem_object_release(&tbo->base);
	gpup_mem_forget(bo);
	mem_cgroup_put(bo->memcg);
	kfree(bo);
	module_put(owner);
}

/* In this order: whoever gets the last pages back may end the partition at once. */
static void release_foreign(struct gpup_bo *bo)
{
	void (*release)(struct page **, unsigned long, void *) = bo->release_pages;
	unsigned long count = gpup_bo_size(bo) >> PAGE_SHIFT;
	struct page **pages = bo->pages;
	void *data = bo->release_data;

	bo_destroy(&bo->tbo);
	release(pages, count, data);
}

static struct dma_fence *first_bookkeeping(struct dma_resv *resv)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, resv, DMA_RESV_USAGE_BOOKKEEP, fence)
		if (dma_resv_iter_usage(&cursor) == DMA_RESV_USAGE_BOOKKEEP &&
		    !dma_fence_is_signaled(fence))
			return fence;
	return NULL;
}

static void drop_fences(struct ttm_buffer_object *tbo)
{
	struct dma_resv *resv = tbo->base.resv;
	struct dma_fence *stub = dma_fence_get_stub();
	struct dma_fence *fence;

	while ((fence = first_bookkeeping(resv)))
		dma_resv_replace_fences(resv, fence->context, stub, DMA_RESV_USAGE_BOOKKEEP);
	dma_fence_put(stub);
}

static void bo_gem_free(struct drm_gem_object *obj)
{
	struct gpup_bo *bo = gpup_bo_from_gem(obj);

	if (is_foreign(bo)) {
		release_foreign(bo);
		return;
	}
	if (bo->flags & DRM_GPUP_BO_SYSTEM) {
		ttm_bo_reserve(&bo->tbo, false, false, NULL);
		ttm_bo_unpin(&bo->tbo);
		ttm_bo_unreserve(&bo->tbo);
	} else if (dma_resv_trylock(bo->tbo.base.resv)) {
		/*
		 * It is in no page table any more: only its copies count. Whoever puts it
		 * may hold other reservations; should TTM be looking at this one, then it
		 * waits for the fences.
		 */
		drop_fences(&bo->tbo);
		dma_resv_unlock(bo->tbo.base.resv);
	}
	gpup_ttm_bo_fini(&bo->tbo);
}

/* Have all pages of an object in the host's memory, where a CPU can map them. */
static int have_pages(struct gpup_bo *bo)
{
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	int ret;

	if (READ_ONCE(bo->unclean))
		return -EIO;
	if (bo->resident || is_foreign(bo))
		return 0;
	ret = gpup_ttm_bo_populate(&bo->tbo, &ctx);
	if (!ret)
		ret = gpup_tt_restore(bo->tbo.ttm);
	if (!ret)
		gpup_tt_split(bo->tbo.ttm);
	if (bo->flags & DRM_GPUP_BO_VRAM)
		gpup_mem_set_swappable(bo, has_pages(&bo->tbo));
	return ret;
}

static vm_fault_t handle_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct ttm_buffer_object *tbo = vma->vm_private_data;
	vm_fault_t ret = ttm_bo_vm_reserve(tbo, vmf);
	int error;

	if (ret)
		return ret;
	error = have_pages(to_bo(tbo));
	if (error)
		ret = error == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	else
		ret = ttm_bo_vm_fault_reserved(vmf, vma->vm_page_prot, TTM_BO_VM_NUM_PREFAULT);
	/* It has unlocked the object already if it says so. */
	if (ret == VM_FAULT_RETRY && !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		return ret;
	dma_resv_unlock(tbo->base.resv);
	return ret;
}

static vm_fault_t bo_fault(struct vm_fault *vmf)
{
	/* TTM may wait for the object without the mapping's lock: the device has to stay. */
	struct file *file = get_file(vmf->vma->vm_file);
	vm_fault_t ret = handle_fault(vmf);

	fput(file);
	return ret;
}

static const struct vm_operations_struct bo_vm_ops = {
	.fault = bo_fault,
	.open = ttm_bo_vm_open,
	.close = ttm_bo_vm_close,
};

static int bo_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct gpup_bo *bo = gpup_bo_from_gem(obj);

	if ((bo->flags & DRM_GPUP_BO_NO_MMAP) || is_foreign(bo))
		return -EINVAL;
	return drm_gem_ttm_mmap(obj, vma);
}

static struct sg_table *bo_gem_get_sg_table(struct drm_gem_object *obj)
{
	struct gpup_bo *bo = gpup_bo_from_gem(obj);

	/* Other devices cannot reach VRAM. */
	if (!(bo->flags & DRM_GPUP_BO_SYSTEM) || is_foreign(bo))
		return ERR_PTR(-EOPNOTSUPP);
	return drm_prime_pages_to_sg(obj->dev, bo->tbo.ttm->pages, bo->tbo.ttm->num_pages);
}

static enum drm_gem_object_status bo_gem_status(struct drm_gem_object *obj)
{
	struct gpup_bo *bo = gpup_bo_from_gem(obj);

	return (READ_ONCE(bo->resident) || !(bo->flags & DRM_GPUP_BO_VRAM) ?
		DRM_GEM_OBJECT_RESIDENT : 0) |
	       (READ_ONCE(bo->advice) == DRM_GPUP_BO_DONT_NEED ? DRM_GEM_OBJECT_PURGEABLE : 0);
}

static const struct drm_gem_object_funcs bo_gem_funcs = {
	.free = bo_gem_free,
	.mmap = bo_gem_mmap,
	.get_sg_table = bo_gem_get_sg_table,
	.status = bo_gem_status,
	.vm_ops = &bo_vm_ops,
};

/* What only gpup_mem_publish() shows to others: TTM frees one that fails, whoever refers to it. */
static struct gpup_bo *bo_alloc(struct gpup_vidmm_partition *mp, u64 size, u32 flags)
{
	struct gpup_vidmm *mm = mp->mm;
	struct gpup_bo *bo;
	int ret;

	if (!try_module_get(mm->ops->owner))
		return ERR_PTR(-ENODEV);
	bo = kzalloc(sizeof(*bo), GFP_KERNEL_ACCOUNT);
	if (!bo) {
		ret = -ENOMEM;
		goto err_module;
	}
	ret = gpup_mem_charge(mp, flags, size);
	if (ret == -ENOMEM) {
		/* Who has seen an unmapping end may count on what it held. */
		synchronize_srcu(&mm->binds_end);
		ret = gpup_mem_charge(mp, flags, size);
	}
	if (ret)
		goto err_free;
	bo->mp = mp;
	bo->flags = flags;
	bo->charged = size;
	bo->id = atomic64_inc_return(&mm->bo_ids);
	spin_lock_init(&bo->vms_lock);
	INIT_LIST_HEAD(&bo->vms);
	INIT_LIST_HEAD(&bo->windows);
	INIT_LIST_HEAD(&bo->link);
	INIT_LIST_HEAD(&bo->swap_link);
	gpup_mem_remember(bo);
	bo->tbo.base.funcs = &bo_gem_funcs;
	drm_gem_private_object_init(mm->drm, &bo->tbo.base, size);
	return bo;

err_free:
	kfree(bo);
err_module:
	module_put(mm->ops->owner);
	return ERR_PTR(ret);
}

/**
 * gpup_bo_create() - Create a buffer object
 * @mp: Partition to charge.
 * @size: Size in bytes, a multiple of the page size.
 * @flags: &enum drm_gpup_bo_flags.
 *
 * Evicts nobody. May sleep, for as long as it takes to clear what is not clear yet.
 *
 * Return: The object, whose contents are zero, or ERR_PTR: -ENOMEM, -ENODEV.
 */
struct gpup_bo *gpup_bo_create(struct gpup_vidmm_partition *mp, u64 size, u32 flags)
{
	static const struct ttm_place places[] = {
		{ .mem_type = TTM_PL_VRAM },
		{ .mem_type = TTM_PL_SYSTEM },
	};
	struct ttm_placement placement = {
		.placement = flags & DRM_GPUP_BO_VRAM ? &places[0] : &places[1],
		.num_placement = flags & DRM_GPUP_BO_VRAM ? 2 : 1,
	};
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	struct gpup_vidmm *mm = mp->mm;
	struct gpup_bo *bo;
	int ret;

	/* The host's processes have no limit; TTM would try, and count pages in 32 bits. */
	if (size >> PAGE_SHIFT > totalram_pages() && flags & DRM_GPUP_BO_SYSTEM) {
		ret = -ENOMEM;
		goto out;
	}
	bo = bo_alloc(mp, size, flags);
	if (IS_ERR(bo)) {
		ret = PTR_ERR(bo);
		goto out;
	}

	/* On failure TTM calls bo_destroy(). */
	ret = ttm_bo_init_reserved(&mm->ttm, &bo->tbo, ttm_bo_type_device, &placement,
				   mm->caps->page_size >> PAGE_SHIFT, &ctx, NULL, NULL,
				   bo_destroy);
	if (ret)
		goto out;
	if (flags & DRM_GPUP_BO_SYSTEM) {
		ttm_bo_pin(&bo->tbo);
		ret = gpup_ttm_bo_populate(&bo->tbo, &ctx);
	}
	if (!ret)
		gpup_mem_publish(bo);
	ttm_bo_unreserve(&bo->tbo);
	if (ret)
		gpup_bo_put(bo);
out:
	/* Memory that could not be cleared is lost, and there is that much less. */
	if (ret == -ENOSPC || ret == -EIO)
		ret = -ENOMEM;
	trace_gpup_alloc(size, flags, ret);
	return ret ? ERR_PTR(ret) : bo;
}

/**
 * gpup_bo_place() - Move an object
 * @bo: The object, for VRAM, reserved.
 * @mem_type: TTM_PL_VRAM or TTM_PL_SYSTEM.
 *
 * Evicts nobody. May sleep; out of VRAM it waits for the jobs that use the object.
 *
 * Return: 0, -ENOSPC if there is no room, -ENOMEM, -EIO.
 */
int gpup_bo_place(struct gpup_bo *bo, u32 mem_type)
{
	/* TTM need not look for somebody to evict: for it nothing is worth that. */
	struct ttm_place place = { .mem_type = mem_type, .flags = TTM_PL_FLAG_DESIRED };
	struct ttm_placement placement = { .placement = &place, .num_placement = 1 };
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	int ret;

	bo->no_room = false;
	ret = ttm_bo_validate(&bo->tbo, &placement, &ctx);
	/* TTM says so for want of VRAM, too. */
	return ret == -ENOMEM && bo->no_room ? -ENOSPC : ret;
}

/**
 * gpup_bo_is_wanted() - Has an object to be in VRAM for a job to run?
 * @bo: The object. If it is not reserved, the answer may be out of date.
 *
 * Return: False if its owner has said that it does not need the contents, and it is not there.
 */
bool gpup_bo_is_wanted(struct gpup_bo *bo)
{
	return READ_ONCE(bo->resident) || READ_ONCE(bo->advice) != DRM_GPUP_BO_DONT_NEED;
}

/**
 * gpup_bo_create_foreign() - Create a buffer object of somebody else's pages
 * @mp: Partition to charge.
 * @pages: The pages, which stay where they are until @release is called.
 * @count: Number of pages, not zero.
 * @release: See &gpup_bo.release_pages. Not called if this function fails.
 * @data: Passed to @release.
 *
 * May sleep.
 *
 * Return: The object, or ERR_PTR: -ENOMEM, -ENODEV.
 */
struct gpup_bo *gpup_bo_create_foreign(struct gpup_vidmm_partition *mp, struct page **pages,
				       unsigned long count,
				       void (*release)(struct page **, unsigned long, void *),
				       void *data)
{
	u64 size = (u64)count << PAGE_SHIFT;
	struct gpup_bo *bo = bo_alloc(mp, size, DRM_GPUP_BO_SYSTEM);

	trace_gpup_alloc(size, DRM_GPUP_BO_SYSTEM, PTR_ERR_OR_ZERO(bo));
	if (!IS_ERR(bo)) {
		bo->pages = pages;
		bo->release_pages = release;
		bo->release_data = data;
		gpup_mem_publish(bo);
	}
	return bo;
}
EXPORT_SYMBOL_GPL(gpup_bo_create_foreign);

/**
 * gpup_bo_get() - Take a reference
 * @bo: The object.
 *
 * Return: @bo.
 */
struct gpup_bo *gpup_bo_get(struct gpup_bo *bo)
{
	drm_gem_object_get(&bo->tbo.base);
	return bo;
}
EXPORT_SYMBOL_GPL(gpup_bo_get);

/**
 * gpup_bo_put() - Drop a reference
 * @bo: The object. May sleep with the last one.
 */
void gpup_bo_put(struct gpup_bo *bo)
{
	drm_gem_object_put(&bo->tbo.base);
}
EXPORT_SYMBOL_GPL(gpup_bo_put);

/**
 * gpup_bo_size() - Size of a buffer object
 * @bo: The object.
 *
 * Return: Bytes.
 */
u64 gpup_bo_size(const struct gpup_bo *bo)
{
	return bo->tbo.base.size;
}
EXPORT_SYMBOL_GPL(gpup_bo_size);

/* The host's memory is free at once; VRAM is as good as free, and may not even be needed. */
static void drop_copy(struct gpup_bo *bo)
{
	if (bo->resident || !has_pages(&bo->tbo))
		return;
	dma_resv_wait_timeout(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL, false,
			      MAX_SCHEDULE_TIMEOUT);
	gpup_bo_zap(bo);
	gpup_tt_drop(bo->tbo.ttm);
	gpup_mem_set_swappable(bo, false);
	bo->purged = true;
}

/**
 * gpup_bo_advise() - Say what will happen to an object
 * @bo: The object.
 * @advice: One of &enum drm_gpup_bo_advice.
 *
 * The contents of one that is not needed are dropped instead of being moved out of VRAM, or
 * at once if they were moved out already; from then on it is in no page table, until it is
 * needed again. May sleep.
 *
 * Return: Whether the contents are still there. If not, because they were dropped or because
 * they could not be copied (see &gpup_bo.lost), they are zero when it is next needed,
 * and only the first who says that it will be is told. If they could not be made zero either
 * (see &gpup_bo.unclean), that is for ever.
 */
bool gpup_bo_advise(struct gpup_bo *bo, u32 advice)
{
	bool retained;

	if (!(bo->flags & DRM_GPUP_BO_VRAM)) {
		WRITE_ONCE(bo->advice, advice);
		return true;
	}
	dma_resv_lock(bo->tbo.base.resv, NULL);
	WRITE_ONCE(bo->advice, advice);
	if (advice == DRM_GPUP_BO_DONT_NEED)
		drop_copy(bo);
	retained = !bo->purged && !READ_ONCE(bo->lost) && !READ_ONCE(bo->unclean);
	if (advice == DRM_GPUP_BO_WILL_NEED) {
		bo->purged = false;
		WRITE_ONCE(bo->lost, false);
		gpup_bo_invalidate(bo);
	}
	dma_resv_unlock(bo->tbo.base.resv);
	return retained;
}
EXPORT_SYMBOL_GPL(gpup_bo_advise);

/**
 * gpup_bo_cpu_lock() - Keep an object where it is, for the CPU to look at
 * @bo: The object, not of foreign pages.
 * @nowait: Do not wait.
 *
 * May sleep.
 *
 * Return: 0, -EBUSY with @nowait if somebody moves it, -EPERM if it was created not to be
 * mapped, -ENOMEM, -EIO.
 */
int gpup_bo_cpu_lock(struct gpup_bo *bo, bool nowait)
{
	struct dma_resv *resv = bo->tbo.base.resv;
	int ret;

	if (bo->flags & DRM_GPUP_BO_NO_MMAP)
		return -EPERM;
	if (!nowait)
		dma_resv_lock(resv, NULL);
	else if (!dma_resv_trylock(resv))
		return -EBUSY;

	ret = have_pages(bo);
	if (!ret && !nowait)
		dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, false, MAX_SCHEDULE_TIMEOUT);
	else if (!ret && !dma_resv_test_signaled(resv, DMA_RESV_USAGE_KERNEL))
		ret = -EBUSY;
	if (!ret && READ_ONCE(bo->unclean))
		ret = -EIO;
	if (ret)
		dma_resv_unlock(resv);
	return ret;
}
EXPORT_SYMBOL_GPL(gpup_bo_cpu_lock);

/**
 * gpup_bo_cpu_unlock() - Let an object move again
 * @bo: The object; who has mapped its pages has a window.
 */
void gpup_bo_cpu_unlock(struct gpup_bo *bo)
{
	dma_resv_unlock(bo->tbo.base.resv);
}
EXPORT_SYMBOL_GPL(gpup_bo_cpu_unlock);

/**
 * gpup_bo_pfn() - Page frame of an object
 * @bo: The object, after gpup_bo_cpu_lock().
 * @offset: Byte of the object, a multiple of PAGE_SIZE below its size.
 *
 * Return: The page frame number; good until the object is zapped in its windows.
 */
unsigned long gpup_bo_pfn(struct gpup_bo *bo, u64 offset)
{
	if (bo->resident)
		return bo_io_mem_pfn(&bo->tbo, offset >> PAGE_SHIFT);
	return page_to_pfn(bo->tbo.ttm->pages[offset >> PAGE_SHIFT]);
}
EXPORT_SYMBOL_GPL(gpup_bo_pfn);

/**
 * gpup_bo_add_window() - Somewhere shows an object from now on
 * @bo: The object.
 * @window: The window. May sleep.
 */
void gpup_bo_add_window(struct gpup_bo *bo, struct gpup_bo_window *window)
{
	dma_resv_lock(bo->tbo.base.resv, NULL);
	list_add(&window->link, &bo->windows);
	dma_resv_unlock(bo->tbo.base.resv);
}
EXPORT_SYMBOL_GPL(gpup_bo_add_window);

/**
 * gpup_bo_remove_window() - Somewhere shows an object no more
 * @bo: The object.
 * @window: The window; is not called any more on return. May sleep.
 */
void gpup_bo_remove_window(struct gpup_bo *bo, struct gpup_bo_window *window)
{
	dma_resv_lock(bo->tbo.base.resv, NULL);
	list_del(&window->link);
	dma_resv_unlock(bo->tbo.base.resv);
}
EXPORT_SYMBOL_GPL(gpup_bo_remove_window);

/**
 * gpup_bo_extent() - Where a byte of an object is
 * @bo: The object.
 * @offset: The byte, a multiple of PAGE_SIZE below the object's size.
 * @extent: Receives the contiguous rest behind it, or a part of that.
 *
 * The object does not move meanwhile. Any context.
 */
void gpup_bo_extent(struct gpup_bo *bo, u64 offset, struct gpup_extent *extent)
{
	struct page **pages = bo->pages;
	unsigned long i = offset >> PAGE_SHIFT;
	unsigned long n = min(gpup_bo_size(bo) >> PAGE_SHIFT, i + EXTENT_PAGES);

	if (bo->resident) {
		gpup_vram_extent(bo->tbo.resource, offset, extent);
		return;
	}
	if (!pages)
		pages = bo->tbo.ttm->pages;
	extent->domain = GPUP_MEM_SYSTEM;
	extent->addr = page_to_phys(pages[i]);
	extent->size = (u64)pages_run(pages + i, n - i) << PAGE_SHIFT;
}
