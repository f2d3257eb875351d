// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPU for VidMm's unit tests: its VRAM and its page tables are arrays.
 */
#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_kunit_helpers.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "vidmm_test_gpu.h"

/* The memory manager passes the adapter on, and nobody else looks at it. */
static struct mm_test_gpu *to_test_gpu(struct gpup_adapter *adapter)
{
	return (struct mm_test_gpu *)adapter;
}

static unsigned long test_vram_pfn(struct gpup_adapter *adapter, u64 offset)
{
	if (to_test_gpu(adapter)->no_window)
		return ULONG_MAX;
	return vmalloc_to_pfn(to_test_gpu(adapter)->vram + offset);
}

static int test_vram_clear(struct gpup_adapter *adapter, u64 offset, u64 size)
{
	struct mm_test_gpu *gpu = to_test_gpu(adapter);

	wait_event(gpu->released, !READ_ONCE(gpu->hold_clears));
	if (offset < gpu->fail_end && gpu->fail_start < offset + size)
		return -EIO;
	memset(gpu->vram + offset, 0, size);
	return 0;
}

static void *test_mem(struct mm_test_gpu *gpu, enum gpup_mem_domain domain, u64 addr)
{
	return domain == GPUP_MEM_VRAM ? gpu->vram + addr : phys_to_virt(addr);
}

static int test_copy(struct gpup_adapter *adapter, enum gpup_mem_domain dst_domain, u64 dst,
		     enum gpup_mem_domain src_domain, u64 src, u64 size)
{
	struct mm_test_gpu *gpu = to_test_gpu(adapter);
	u64 vram = dst_domain == GPUP_MEM_VRAM ? dst : src;

	wait_event(gpu->released, !READ_ONCE(gpu->hold_clears));
	if (gpu->copy_fails && (!gpu->fail_end || (vram < gpu->fail_end &&
						   gpu->fail_start < vram + size)))
		return -EIO;
	memcpy(test_mem(gpu, dst_domain, dst), test_mem(gpu, src_domain, src), size);
	return 0;
}

static struct gpup_hw_as *test_as_create(struct gpup_adapter *adapter)
{
	struct gpup_hw_as *as = kzalloc(sizeof(*as), GFP_KERNEL);

	if (!as)
		return ERR_PTR(-ENOMEM);
	as->gpu = to_test_gpu(adapter);
	return as;
}

static void test_as_destroy(struct gpup_hw_as *as)
{
	if (memchr_inv(as->entry, 0, sizeof(as->entry)))
		as->gpu->misused = true;
	kfree(as);
}

static u64 va_page(u64 va)
{
	return (va - TEST_VA_START) >> PAGE_SHIFT;
}

static int test_as_prepare(struct gpup_hw_as *as, u64 va, u64 size)
{
	u64 i;

	if (as->gpu->prepare_fails_at && !--as->gpu->prepare_fails_at)
		return -ENOMEM;
	for (i = va_page(va); i < va_page(va + size); i++)
		as->prepared[i] = true;
	return 0;
}

static u64 test_as_memory(struct gpup_hw_as *as)
{
	return as->gpu->as_memory;
}

static void test_as_map(struct gpup_hw_as *as, u64 va, u64 size, enum gpup_mem_domain domain,
			u64 addr, bool writable)
{
	u64 i;

	for (i = va_page(va); i < va_page(va + size); i++) {
		if (as->entry[i] || !as->prepared[i])
			as->gpu->misused = true;
		as->entry[i] = (addr + 1) | (domain == GPUP_MEM_SYSTEM ? TEST_SYSTEM_ENTRY : 0);
		as->writable[i] = writable;
		addr += PAGE_SIZE;
	}
}

static void test_as_unmap(struct gpup_hw_as *as, u64 va, u64 size)
{
	u64 i;

	for (i = va_page(va); i < va_page(va + size); i++) {
		if (!as->prepared[i])
			as->gpu->misused = true;
		as->entry[i] = 0;
		as->writable[i] = false;
	}
}

static const struct gpup_adapter_ops test_ops = {
	.vram_pfn = test_vram_pfn,
	.vram_clear = test_vram_clear,
	.copy = test_copy,
	.as_create = test_as_create,
	.as_destroy = test_as_destroy,
	.as_prepare = test_as_prepare,
	.as_memory = test_as_memory,
	.as_map = test_as_map,
	.as_unmap = test_as_unmap,
};

static const struct gpup_adapter_caps test_caps = {
	.vram_size = TEST_VRAM,
	.va_start = TEST_VA_START,
	.va_end = TEST_VA_START + TEST_VA_PAGES * PAGE_SIZE,
	.page_size = PAGE_SIZE,
};

/**
 * mm_test_init() - Create a GPU, whose VRAM is full of somebody's data
 * @test: The test; its private pointer becomes the GPU.
 *
 * Return: 0.
 */
int mm_test_init(struct kunit *test)
{
	struct device *dev = drm_kunit_helper_alloc_device(test);
	struct mm_test_gpu *gpu;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	gpu = drm_kunit_helper_alloc_drm_device(test, dev, struct mm_test_gpu, drm, DRIVER_GEM);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gpu);
	init_waitqueue_head(&gpu->released);
	gpu->vram = vmalloc(TEST_VRAM);
	KUNIT_ASSERT_NOT_NULL(test, gpu->vram);
	memset(gpu->vram, 0xa5, TEST_VRAM);
	gpu->mm = gpup_vidmm_create((struct gpup_adapter *)gpu, &gpu->drm, &test_ops, &test_caps);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gpu->mm);
	test->priv = gpu;
	return 0;
}

/**
 * mm_test_exit() - Destroy the GPU of a test, and look whether it was used well
 * @test: The test.
 */
void mm_test_exit(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;

	if (!gpu)
		return;
	mm_test_hold_clears(gpu, false);
	gpup_vidmm_destroy(gpu->mm);
	vfree(gpu->vram);
	KUNIT_EXPECT_FALSE(test, gpu->misused);
}

/**
 * mm_test_hold_clears() - Let clearing wait, or go on
 * @gpu: The GPU.
 * @hold: Let it wait.
 */
void mm_test_hold_clears(struct mm_test_gpu *gpu, bool hold)
{
	WRITE_ONCE(gpu->hold_clears, hold);
	wake_up_all(&gpu->released);
}

/**
 * mm_test_settle() - Wait until freed objects are gone, and the scrubber and all binds at rest
 * @gpu: The GPU.
 */
void mm_test_settle(struct mm_test_gpu *gpu)
{
	flush_workqueue(gpu->mm->paging.wq);
	flush_workqueue(gpu->mm->ttm.wq);
	flush_workqueue(gpu->mm->wq);
	flush_delayed_work(&gpu->mm->vram.work);
}

/**
 * mm_test_join() - Admit a partition
 * @test: The test.
 * @mp: The partition.
 * @min: Guaranteed VRAM in bytes.
 * @max: Limit of VRAM in bytes.
 */
void mm_test_join(struct kunit *test, struct gpup_vidmm_partition *mp, u64 min, u64 max)
{
	struct mm_test_gpu *gpu = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			gpup_vidmm_partition_init(mp, gpu->mm, min, max, TEST_SYSTEM_MAX));
}

/**
 * mm_test_bo() - Create an object, which must succeed
 * @test: The test.
 * @mp: The partition.
 * @size: Bytes.
 * @flags: &enum drm_gpup_bo_flags.
 *
 * Return: The object.
 */
struct gpup_bo *mm_test_bo(struct kunit *test, struct gpup_vidmm_partition *mp, u64 size,
			   u32 flags)
{
	struct gpup_bo *bo = gpup_bo_create(mp, size, flags);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	return bo;
}

/**
 * mm_test_bo_page() - Where the CPU finds a page of an object
 * @gpu: The GPU.
 * @bo: The object.
 * @page: Number of the page.
 *
 * Return: The page.
 */
void *mm_test_bo_page(struct mm_test_gpu *gpu, struct gpup_bo *bo, u64 page)
{
	struct gpup_extent extent;

	gpup_bo_extent(bo, page << PAGE_SHIFT, &extent);
	return extent.domain == GPUP_MEM_VRAM ? gpu->vram + extent.addr :
						phys_to_virt(extent.addr);
}

/**
 * mm_test_bo_is_filled() - Is every byte of an object the same?
 * @gpu: The GPU.
 * @bo: The object.
 * @value: The byte.
 *
 * Return: Whether all bytes are @value.
 */
bool mm_test_bo_is_filled(struct mm_test_gpu *gpu, struct gpup_bo *bo, u8 value)
{
	u64 page;

	for (page = 0; page < gpup_bo_size(bo) >> PAGE_SHIFT; page++)
		if (memchr_inv(mm_test_bo_page(gpu, bo, page), value, PAGE_SIZE))
			return false;
	return true;
}

/**
 * mm_test_bo_fill() - Write to all of an object
 * @gpu: The GPU.
 * @bo: The object.
 * @value: The byte.
 */
void mm_test_bo_fill(struct mm_test_gpu *gpu, struct gpup_bo *bo, u8 value)
{
	u64 page;

	for (page = 0; page < gpup_bo_size(bo) >> PAGE_SHIFT; page++)
		memset(mm_test_bo_page(gpu, bo, page), value, PAGE_SIZE);
}

/**
 * mm_test_bo_entry() - What an address space has where a page is mapped
 * @bo: The object.
 * @page: Number of the page.
 *
 * Return: The entry, as in &struct gpup_hw_as.
 */
u64 mm_test_bo_entry(struct gpup_bo *bo, u64 page)
{
	struct gpup_extent extent;

	gpup_bo_extent(bo, page << PAGE_SHIFT, &extent);
	return (extent.addr + 1) | (extent.domain == GPUP_MEM_SYSTEM ? TEST_SYSTEM_ENTRY : 0);
}

/**
 * mm_test_make_resident() - Move an object into VRAM, and others out of it if need be
 * @bo: The object.
 *
 * Return: As gpup_bo_make_resident(), but that grace periods are waited for.
 */
int mm_test_make_resident(struct gpup_bo *bo)
{
	struct gpup_mem_pass pass = { .may_evict = true };
	struct drm_exec exec;
	int ret = 0;

	pass.exec = &exec;
	mutex_lock(&bo->mp->mm->turn);
	do {
		if (pass.wait)
			schedule_timeout_uninterruptible(pass.wait);
		pass.wait = 0;
		drm_exec_init(&exec, DRM_EXEC_IGNORE_DUPLICATES, 1);
		drm_exec_until_all_locked(&exec) {
			ret = drm_exec_lock_obj(&exec, &bo->tbo.base);
			drm_exec_retry_on_contention(&exec);
			if (ret)
				break;
			ret = gpup_bo_make_resident(bo, &pass);
			drm_exec_retry_on_contention(&exec);
			if (ret)
				break;
			dma_resv_wait_timeout(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL, false,
					      MAX_SCHEDULE_TIMEOUT);
		}
		drm_exec_fini(&exec);
	} while (ret == -EAGAIN);
	mutex_unlock(&bo->mp->mm->turn);
	return ret;
}

/**
 * mm_test_evict() - Move an object out of VRAM
 * @bo: The object.
 *
 * Return: As gpup_bo_evict(); the contents are there.
 */
int mm_test_evict(struct gpup_bo *bo)
{
	int ret;

	dma_resv_lock(bo->tbo.base.resv, NULL);
	ret = gpup_bo_evict(bo);
	dma_resv_wait_timeout(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL, false,
			      MAX_SCHEDULE_TIMEOUT);
	dma_resv_unlock(bo->tbo.base.resv);
	return ret;
}
