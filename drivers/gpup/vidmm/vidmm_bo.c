// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects.
 */
#include <linux/export.h>
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
#include "vidmm_internal.h"

/**
 * DOC: Buffer objects
 *
 * An object in VRAM or in the host's memory is a TTM object, pinned where it was
 * created. The pages of a virtual machine are not TTM's: for them only the GEM
 * object is used, and whoever gave the pages is told when the last user is gone.
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

static bool is_foreign(const struct gpup_bo *bo)
{
	return bo->pages;
}

static struct ttm_tt *bo_tt_create(struct ttm_buffer_object *tbo, uint32_t page_flags)
{
	struct ttm_tt *tt = kzalloc(sizeof(*tt), GFP_KERNEL_ACCOUNT);

	if (tt && ttm_tt_init(tt, tbo, page_flags, ttm_cached, 0)) {
		kfree(tt);
		return NULL;
	}
	return tt;
}

static void bo_tt_destroy(struct ttm_device *bdev, struct ttm_tt *tt)
{
	ttm_tt_fini(tt);
	kfree(tt);
}

static bool bo_eviction_valuable(struct ttm_buffer_object *tbo, const struct ttm_place *place)
{
	return false;
}

static void bo_evict_flags(struct ttm_buffer_object *tbo, struct ttm_placement *placement)
{
	placement->num_placement = 0;
}

/* Only the first placement of a new object is ever asked for. */
static int bo_move(struct ttm_buffer_object *tbo, bool evict, struct ttm_operation_ctx *ctx,
		   struct ttm_resource *new_mem, struct ttm_place *hop)
{
	if (tbo->resource && tbo->resource->mem_type != new_mem->mem_type &&
	    !(tbo->resource->mem_type == TTM_PL_SYSTEM && !tbo->ttm))
		return -EINVAL;
	ttm_bo_move_null(tbo, new_mem);
	return 0;
}

static int bo_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res)
{
	if (res->mem_type != TTM_PL_VRAM)
		return 0;
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
	.ttm_tt_destroy = bo_tt_destroy,
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
	gpup_mem_uncharge(bo->mp, bo->flags, bo->charged);
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

static void bo_gem_free(struct drm_gem_object *obj)
{
	struct gpup_bo *bo = gpup_bo_from_gem(obj);

	if (is_foreign(bo)) {
		release_foreign(bo);
		return;
	}
	ttm_bo_reserve(&bo->tbo, false, false, NULL);
	ttm_bo_unpin(&bo->tbo);
	ttm_bo_unreserve(&bo->tbo);
	gpup_ttm_bo_fini(&bo->tbo);
}

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

	return DRM_GEM_OBJECT_RESIDENT |
	       (READ_ONCE(bo->advice) == DRM_GPUP_BO_DONT_NEED ? DRM_GEM_OBJECT_PURGEABLE : 0);
}

static const struct drm_gem_object_funcs bo_gem_funcs = {
	.free = bo_gem_free,
	.mmap = bo_gem_mmap,
	.get_sg_table = bo_gem_get_sg_table,
	.status = bo_gem_status,
};

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
 * May sleep: also for the scrubber, for no longer than what is lacking takes.
 *
 * Return: The object, whose contents are zero, or ERR_PTR: -ENOMEM, -ENODEV.
 */
struct gpup_bo *gpup_bo_create(struct gpup_vidmm_partition *mp, u64 size, u32 flags)
{
	struct ttm_place place = {
		.mem_type = flags & DRM_GPUP_BO_VRAM ? TTM_PL_VRAM : TTM_PL_SYSTEM,
	};
	struct ttm_placement placement = { .placement = &place, .num_placement = 1 };
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	struct gpup_vidmm *mm = mp->mm;
	struct gpup_bo *bo;
	int ret;

	/* The host's processes have no limit; TTM would try, and count pages in 32 bits. */
	if (flags & DRM_GPUP_BO_SYSTEM && size >> PAGE_SHIFT > totalram_pages()) {
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
	ttm_bo_pin(&bo->tbo);
	if (flags & DRM_GPUP_BO_SYSTEM)
		ret = gpup_ttm_bo_populate(&bo->tbo, &ctx);
	ttm_bo_unreserve(&bo->tbo);
	if (ret)
		gpup_bo_put(bo);
out:
	if (ret == -ENOSPC)
		ret = -ENOMEM;
	trace_gpup_alloc(size, flags, ret);
	return ret ? ERR_PTR(ret) : bo;
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

/**
 * gpup_bo_advise() - Say what will happen to an object
 * @bo: The object.
 * @advice: One of &enum drm_gpup_bo_advice.
 *
 * Nothing is evicted yet, so that nothing is dropped; what could be is shown.
 *
 * Return: Whether the contents are still there.
 */
bool gpup_bo_advise(struct gpup_bo *bo, u32 advice)
{
	WRITE_ONCE(bo->advice, advice);
	return true;
}
EXPORT_SYMBOL_GPL(gpup_bo_advise);

/**
 * gpup_bo_vram_pfn() - Page frame of an object in VRAM
 * @bo: The object.
 * @offset: Byte of the object, a multiple of PAGE_SIZE.
 * @pfn: Receives the page frame.
 *
 * Any context.
 *
 * Return: 0, -ENXIO if the object is not in VRAM, -EINVAL beyond its end, -EPERM if it
 * was created not to be mapped.
 */
int gpup_bo_vram_pfn(struct gpup_bo *bo, u64 offset, unsigned long *pfn)
{
	if (!(bo->flags & DRM_GPUP_BO_VRAM))
		return -ENXIO;
	if (bo->flags & DRM_GPUP_BO_NO_MMAP)
		return -EPERM;
	if (offset >= gpup_bo_size(bo))
		return -EINVAL;
	*pfn = bo_io_mem_pfn(&bo->tbo, offset >> PAGE_SHIFT);
	return 0;
}
EXPORT_SYMBOL_GPL(gpup_bo_vram_pfn);

/**
 * gpup_bo_extent() - Where a byte of an object is
 * @bo: The object.
 * @offset: The byte, a multiple of PAGE_SIZE below the object's size.
 * @extent: Receives the contiguous rest behind it, or a part of that.
 *
 * Any context.
 */
void gpup_bo_extent(struct gpup_bo *bo, u64 offset, struct gpup_extent *extent)
{
	struct page **pages = bo->pages;
	unsigned long i = offset >> PAGE_SHIFT;
	unsigned long n = min(gpup_bo_size(bo) >> PAGE_SHIFT, i + EXTENT_PAGES);

	if (bo->flags & DRM_GPUP_BO_VRAM) {
		gpup_vram_extent(bo->tbo.resource, offset, extent);
		return;
	}
	if (!pages)
		pages = bo->tbo.ttm->pages;
	extent->domain = GPUP_MEM_SYSTEM;
	extent->addr = page_to_phys(pages[i]);
	extent->size = PAGE_SIZE;
	while (++i < n && page_to_phys(pages[i]) == extent->addr + extent->size)
		extent->size += PAGE_SIZE;
}
