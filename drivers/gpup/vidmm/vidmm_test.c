// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of buffer objects and address spaces, on an adapter that is an array.
 */
#include <drm/drm_drv.h>
#include <drm/drm_kunit_helpers.h>
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "vidmm_vm.h"

#define VRAM		SZ_4M
#define VA_START	SZ_64K
#define VA_PAGES	256

struct fake {
	struct drm_device drm;
	u8 *vram;
	bool fail_clear;
	int fail_prepare;
	struct gpup_vidmm *mm;
};

/* What the GPU would find at each page: the address and one, and a bit for system memory. */
struct gpup_hw_as {
	struct fake *fake;
	u64 entry[VA_PAGES];
	bool writable[VA_PAGES];
};

#define SYSTEM_ENTRY	BIT_ULL(63)

/* The operations are given the adapter, which here is the fake itself. */
static struct fake *to_fake(struct gpup_adapter *adapter)
{
	return (struct fake *)adapter;
}

static unsigned long fake_vram_pfn(struct gpup_adapter *adapter, u64 offset)
{
	return vmalloc_to_pfn(to_fake(adapter)->vram + offset);
}

static int fake_vram_clear(struct gpup_adapter *adapter, u64 offset, u64 size)
{
	if (READ_ONCE(to_fake(adapter)->fail_clear))
		return -EIO;
	memset(to_fake(adapter)->vram + offset, 0, size);
	return 0;
}

static struct gpup_hw_as *fake_as_create(struct gpup_adapter *adapter)
{
	struct gpup_hw_as *as = kzalloc(sizeof(*as), GFP_KERNEL);

	if (!as)
		return ERR_PTR(-ENOMEM);
	as->fake = to_fake(adapter);
	return as;
}

static void fake_as_destroy(struct gpup_hw_as *as)
{
	kfree(as);
}

static int fake_as_prepare(struct gpup_hw_as *as, u64 va, u64 size)
{
	if (as->fake->fail_prepare && !--as->fake->fail_prepare)
		return -ENOMEM;
	return 0;
}

static void fake_as_map(struct gpup_hw_as *as, u64 va, u64 size, enum gpup_mem_domain domain,
			u64 addr, bool writable)
{
	u64 i;

	for (i = 0; i < size >> PAGE_SHIFT; i++) {
		u64 page = ((va - VA_START) >> PAGE_SHIFT) + i;

		WARN_ON(as->entry[page]);
		as->entry[page] = (addr + i * PAGE_SIZE + 1) |
				  (domain == GPUP_MEM_SYSTEM ? SYSTEM_ENTRY : 0);
		as->writable[page] = writable;
	}
}

static void fake_as_unmap(struct gpup_hw_as *as, u64 va, u64 size)
{
	u64 i;

	for (i = 0; i < size >> PAGE_SHIFT; i++)
		as->entry[((va - VA_START) >> PAGE_SHIFT) + i] = 0;
}

static const struct gpup_adapter_ops fake_ops = {
	.vram_pfn = fake_vram_pfn,
	.vram_clear = fake_vram_clear,
	.as_create = fake_as_create,
	.as_destroy = fake_as_destroy,
	.as_prepare = fake_as_prepare,
	.as_map = fake_as_map,
	.as_unmap = fake_as_unmap,
};

static const struct gpup_adapter_caps fake_caps = {
	.vram_size = VRAM,
	.va_start = VA_START,
	.va_end = VA_START + VA_PAGES * PAGE_SIZE,
	.page_size = PAGE_SIZE,
};

static int fake_init(struct kunit *test)
{
	struct device *dev = drm_kunit_helper_alloc_device(test);
	struct fake *fake;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	fake = drm_kunit_helper_alloc_drm_device(test, dev, struct fake, drm, DRIVER_GEM);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fake);
	/* Everything is dirty at first. */
	fake->vram = vmalloc(VRAM);
	KUNIT_ASSERT_NOT_NULL(test, fake->vram);
	memset(fake->vram, 0xa5, VRAM);
	fake->mm = gpup_vidmm_create((struct gpup_adapter *)fake, &fake->drm, &fake_ops, &fake_caps);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fake->mm);
	test->priv = fake;
	return 0;
}

static void fake_exit(struct kunit *test)
{
	struct fake *fake = test->priv;

	gpup_vidmm_destroy(fake->mm);
	vfree(fake->vram);
}

static void join(struct kunit *test, struct gpup_vidmm_partition *mp, u64 min, u64 max)
{
	struct fake *fake = test->priv;

	KUNIT_ASSERT_EQ(test, gpup_vidmm_partition_init(mp, fake->mm, min, max, SZ_1M), 0);
}

static struct gpup_bo *vram_bo(struct kunit *test, struct gpup_vidmm_partition *mp, u64 size)
{
	struct gpup_bo *bo = gpup_bo_create(mp, size, DRM_GPUP_BO_VRAM);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	return bo;
}

static u8 *bo_page(struct fake *fake, struct gpup_bo *bo, u64 offset)
{
	struct gpup_extent extent;

	gpup_bo_extent(bo, offset, &extent);
	return fake->vram + extent.addr;
}

static bool bo_is_zero(struct fake *fake, struct gpup_bo *bo)
{
	u64 offset;

	for (offset = 0; offset < gpup_bo_size(bo); offset += PAGE_SIZE)
		if (memchr_inv(bo_page(fake, bo, offset), 0, PAGE_SIZE))
			return false;
	return true;
}

static void limit_is_exact_to_the_page(struct kunit *test)
{
	struct gpup_vidmm_partition mp;
	struct drm_gpup_memory_info info;
	struct gpup_bo *a, *b;

	join(test, &mp, 0, SZ_2M);
	a = vram_bo(test, &mp, SZ_2M - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gpup_bo_create(&mp, 2 * PAGE_SIZE, DRM_GPUP_BO_VRAM)),
			-ENOMEM);
	b = vram_bo(test, &mp, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gpup_bo_create(&mp, PAGE_SIZE, DRM_GPUP_BO_VRAM)), -ENOMEM);
	gpup_vidmm_partition_usage(&mp, &info);
	KUNIT_EXPECT_EQ(test, info.vram_used, SZ_2M);
	gpup_bo_put(a);
	gpup_bo_put(b);
	gpup_vidmm_partition_fini(&mp);
}

static void all_of_the_vram_can_be_had_in_pieces(struct kunit *test)
{
	struct gpup_bo *bos[VRAM / SZ_64K];
	struct gpup_vidmm_partition mp;
	struct gpup_bo *rest;
	int i;

	join(test, &mp, 0, VRAM);
	for (i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = vram_bo(test, &mp, SZ_64K);
	/* Fragmented as can be, and still as good as contiguous. */
	for (i = 0; i < ARRAY_SIZE(bos); i += 2)
		gpup_bo_put(bos[i]);
	rest = vram_bo(test, &mp, VRAM / 2);
	gpup_bo_put(rest);
	for (i = 1; i < ARRAY_SIZE(bos); i += 2)
		gpup_bo_put(bos[i]);
	gpup_vidmm_partition_fini(&mp);
}

static void nobody_reads_what_another_wrote(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct gpup_vidmm_partition a, b;
	struct gpup_bo *bo;
	int round;
	u64 offset;

	join(test, &a, 0, VRAM);
	join(test, &b, 0, VRAM);
	for (round = 0; round < 4; round++) {
		bo = vram_bo(test, round % 2 ? &a : &b, VRAM);
		KUNIT_EXPECT_TRUE(test, bo_is_zero(fake, bo));
		for (offset = 0; offset < VRAM; offset += PAGE_SIZE)
			memset(bo_page(fake, bo, offset), 0xc0 + round, PAGE_SIZE);
		gpup_bo_put(bo);
	}
	gpup_vidmm_partition_fini(&a);
	gpup_vidmm_partition_fini(&b);
}

static void memory_that_cannot_be_cleared_is_retired(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	join(test, &mp, 0, VRAM);
	bo = vram_bo(test, &mp, VRAM);
	WRITE_ONCE(fake->fail_clear, true);
	gpup_bo_put(bo);
	flush_workqueue(fake->mm->ttm.wq);
	flush_work(&fake->mm->vram.work);
	WRITE_ONCE(fake->fail_clear, false);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gpup_bo_create(&mp, PAGE_SIZE, DRM_GPUP_BO_VRAM)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, mp.vram.used, 0);
	gpup_vidmm_partition_fini(&mp);
}

static void system_memory_is_limited(struct kunit *test)
{
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	join(test, &mp, 0, 0);
	bo = gpup_bo_create(&mp, SZ_1M, DRM_GPUP_BO_SYSTEM);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gpup_bo_create(&mp, PAGE_SIZE, DRM_GPUP_BO_SYSTEM)),
			-ENOMEM);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static int bind_one(struct gpup_vm *vm, u32 op, struct gpup_bo *bo, u64 bo_page, u64 page,
		    u64 pages)
{
	struct gpup_bind_op bind = {
		.op = op,
		.bo = bo,
		.bo_offset = bo_page << PAGE_SHIFT,
		.va = VA_START + (page << PAGE_SHIFT),
		.size = pages << PAGE_SHIFT,
	};
	u64 value = 0;

	return gpup_vm_bind(vm, &bind, 1, NULL, 0, NULL, &value);
}

static struct gpup_vm *create_vm(struct kunit *test, struct gpup_vidmm_partition *mp)
{
	struct gpup_timeline *tl = gpup_timeline_create(NULL, NULL);
	struct gpup_vm *vm;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tl);
	vm = gpup_vm_create(mp, tl);
	gpup_timeline_put(tl);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vm);
	return vm;
}

static void random_binds_follow_the_model(struct kunit *test)
{
	struct fake *fake = test->priv;
	u64 model[VA_PAGES] = {};
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bos[4];
	struct rnd_state rnd;
	struct gpup_vm *vm;
	int step, i;

	prandom_seed_state(&rnd, 42);
	join(test, &mp, 0, VRAM);
	vm = create_vm(test, &mp);
	for (i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = vram_bo(test, &mp, VA_PAGES * PAGE_SIZE);

	for (step = 0; step < 3000; step++) {
		u64 page = prandom_u32_state(&rnd) % VA_PAGES;
		u64 pages = 1 + prandom_u32_state(&rnd) % min_t(u64, VA_PAGES - page, 40);
		u64 from = prandom_u32_state(&rnd) % (VA_PAGES - pages + 1);
		struct gpup_bo *bo = bos[prandom_u32_state(&rnd) % ARRAY_SIZE(bos)];
		bool map = prandom_u32_state(&rnd) % 3;

		KUNIT_ASSERT_EQ(test, bind_one(vm, map ? DRM_GPUP_BIND_MAP : DRM_GPUP_BIND_UNMAP,
					       map ? bo : NULL, map ? from : 0, page, pages), 0);
		for (i = 0; i < pages; i++) {
			struct gpup_extent extent;

			gpup_bo_extent(bo, (from + i) << PAGE_SHIFT, &extent);
			model[page + i] = map ? extent.addr + 1 : 0;
		}
		flush_workqueue(fake->mm->wq);
		KUNIT_ASSERT_MEMEQ(test, vm->as->entry, model, sizeof(model));
	}
	gpup_vm_close(vm);
	KUNIT_EXPECT_NULL(test, memchr_inv(vm->as->entry, 0, sizeof(vm->as->entry)));
	KUNIT_EXPECT_EQ(test, atomic_read(&vm->mappings), 0);
	gpup_vm_put(vm);
	for (i = 0; i < ARRAY_SIZE(bos); i++)
		gpup_bo_put(bos[i]);
	gpup_vidmm_partition_fini(&mp);
}

static void malformed_binds_change_nothing(struct kunit *test)
{
	const u64 size = 4 * PAGE_SIZE;
	struct gpup_vidmm_partition mp, other;
	struct gpup_bo *bo, *foreign;
	struct gpup_vm *vm;

	join(test, &mp, 0, VRAM / 2);
	join(test, &other, 0, VRAM / 2);
	vm = create_vm(test, &mp);
	bo = vram_bo(test, &mp, size);
	foreign = vram_bo(test, &other, size);
	KUNIT_EXPECT_EQ(test, bind_one(vm, 2, bo, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, bo, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, bo, 0, 0, 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, bo, 4, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, bo, 1, 0, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, bo, 0, VA_PAGES, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, bo, 0, VA_PAGES - 1, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, NULL, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_UNMAP, bo, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, foreign, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, atomic_read(&vm->mappings), 0);
	KUNIT_EXPECT_EQ(test, vm->timeline->submitted, 0);
	gpup_vm_close(vm);
	gpup_vm_put(vm);
	gpup_bo_put(bo);
	gpup_bo_put(foreign);
	gpup_vidmm_partition_fini(&mp);
	gpup_vidmm_partition_fini(&other);
}

static void failed_preparation_changes_nothing(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bind_op ops[3];
	struct gpup_bo *bo;
	struct gpup_vm *vm;
	u64 value;
	int i;

	join(test, &mp, 0, VRAM);
	vm = create_vm(test, &mp);
	bo = vram_bo(test, &mp, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = (struct gpup_bind_op) {
			.op = DRM_GPUP_BIND_MAP,
			.bo = bo,
			.va = VA_START + i * PAGE_SIZE,
			.size = PAGE_SIZE,
		};
	for (i = 1; i <= ARRAY_SIZE(ops); i++) {
		fake->fail_prepare = i;
		value = 0;
		KUNIT_EXPECT_EQ(test, gpup_vm_bind(vm, ops, ARRAY_SIZE(ops), NULL, 0, NULL, &value),
				-ENOMEM);
		KUNIT_EXPECT_EQ(test, atomic_read(&vm->mappings), 0);
		KUNIT_EXPECT_EQ(test, kref_read(&bo->tbo.base.refcount), 1);
	}
	gpup_vm_close(vm);
	gpup_vm_put(vm);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static void binds_keep_their_order(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct gpup_timeline *gate = gpup_timeline_create(NULL, NULL);
	struct gpup_wait wait = { .timeline = gate };
	struct gpup_bind_op op = { .op = DRM_GPUP_BIND_MAP, .va = VA_START, .size = PAGE_SIZE };
	struct gpup_vidmm_partition mp;
	struct gpup_vm *vm;
	u64 value = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gate);
	join(test, &mp, 0, VRAM);
	vm = create_vm(test, &mp);
	op.bo = vram_bo(test, &mp, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, gpup_timeline_submit(gate, &wait.value), 0);

	KUNIT_ASSERT_EQ(test, gpup_vm_bind(vm, &op, 1, &wait, 1, NULL, &value), 0);
	KUNIT_ASSERT_EQ(test, bind_one(vm, DRM_GPUP_BIND_UNMAP, NULL, 0, 0, 1), 0);
	flush_workqueue(fake->mm->wq);
	KUNIT_EXPECT_EQ(test, vm->timeline->completed, 0);
	gpup_timeline_complete(gate, wait.value, 0, 0);
	flush_workqueue(fake->mm->wq);
	KUNIT_EXPECT_EQ(test, vm->timeline->completed, 2);
	KUNIT_EXPECT_EQ(test, vm->as->entry[0], 0);

	/* A value that is not the next one is refused. */
	value = 2;
	KUNIT_EXPECT_EQ(test, gpup_vm_bind(vm, &op, 1, NULL, 0, NULL, &value), -EINVAL);
	gpup_vm_fail(vm, -EIO);
	value = 0;
	KUNIT_EXPECT_EQ(test, gpup_vm_bind(vm, &op, 1, NULL, 0, NULL, &value), -EIO);
	gpup_vm_close(vm);
	gpup_vm_put(vm);
	gpup_bo_put(op.bo);
	gpup_timeline_put(gate);
	gpup_vidmm_partition_fini(&mp);
}

static void close_cancels_what_waits(struct kunit *test)
{
	struct gpup_timeline *gate = gpup_timeline_create(NULL, NULL);
	struct gpup_wait wait = { .timeline = gate };
	struct gpup_bind_op op = { .op = DRM_GPUP_BIND_MAP, .va = VA_START, .size = PAGE_SIZE };
	struct gpup_vidmm_partition mp;
	struct gpup_vm *vm;
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gate);
	join(test, &mp, 0, VRAM);
	vm = create_vm(test, &mp);
	op.bo = vram_bo(test, &mp, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, gpup_timeline_submit(gate, &wait.value), 0);
	for (i = 0; i < 10; i++) {
		u64 value = 0;

		KUNIT_ASSERT_EQ(test, gpup_vm_bind(vm, &op, 1, &wait, 1, NULL, &value), 0);
	}
	gpup_vm_close(vm);
	KUNIT_EXPECT_EQ(test, vm->timeline->completed, 10);
	KUNIT_EXPECT_EQ(test, vm->timeline->error, -ECANCELED);
	KUNIT_EXPECT_EQ(test, kref_read(&op.bo->tbo.base.refcount), 1);
	gpup_timeline_complete(gate, wait.value, 0, 0);
	gpup_vm_put(vm);
	gpup_bo_put(op.bo);
	gpup_timeline_put(gate);
	gpup_vidmm_partition_fini(&mp);
}

static void count_release(struct page **pages, unsigned long count, void *data)
{
	*(unsigned long *)data += count;
}

static void foreign_pages_are_released_once(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct page *pages[3];
	struct gpup_vidmm_partition mp;
	unsigned long released = 0;
	struct gpup_vm *vm;
	struct gpup_bo *bo;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pages[i]);
	}
	join(test, &mp, 0, 0);
	vm = create_vm(test, &mp);
	bo = gpup_bo_create_foreign(&mp, pages, ARRAY_SIZE(pages), count_release, &released);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	KUNIT_ASSERT_EQ(test, bind_one(vm, DRM_GPUP_BIND_MAP, bo, 0, 7, 3), 0);
	flush_workqueue(fake->mm->wq);
	gpup_bo_put(bo);
	KUNIT_EXPECT_EQ(test, released, 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_EXPECT_EQ(test, vm->as->entry[7 + i],
				(page_to_phys(pages[i]) + 1) | SYSTEM_ENTRY);
	KUNIT_ASSERT_EQ(test, bind_one(vm, DRM_GPUP_BIND_UNMAP, NULL, 0, 0, VA_PAGES), 0);
	flush_workqueue(fake->mm->wq);
	KUNIT_EXPECT_EQ(test, released, 3);
	gpup_vm_close(vm);
	gpup_vm_put(vm);
	KUNIT_EXPECT_EQ(test, released, 3);
	KUNIT_EXPECT_EQ(test, mp.system_used, 0);
	gpup_vidmm_partition_fini(&mp);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		__free_page(pages[i]);
}

static struct kunit_case vidmm_cases[] = {
	KUNIT_CASE(limit_is_exact_to_the_page),
	KUNIT_CASE(all_of_the_vram_can_be_had_in_pieces),
	KUNIT_CASE(nobody_reads_what_another_wrote),
	KUNIT_CASE(memory_that_cannot_be_cleared_is_retired),
	KUNIT_CASE(system_memory_is_limited),
	KUNIT_CASE(random_binds_follow_the_model),
	KUNIT_CASE(malformed_binds_change_nothing),
	KUNIT_CASE(failed_preparation_changes_nothing),
	KUNIT_CASE(binds_keep_their_order),
	KUNIT_CASE(close_cancels_what_waits),
	KUNIT_CASE(foreign_pages_are_released_once),
	{}
};

static struct kunit_suite vidmm_suite = {
	.name = "gpup_vidmm",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = vidmm_cases,
};

kunit_test_suite(vidmm_suite);
