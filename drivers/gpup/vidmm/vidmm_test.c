// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the memory manager: limits, scrubbing, buffer objects.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "vidmm_test_gpu.h"
#include "vidmm_tt.h"

static int try_bo(struct gpup_vidmm_partition *mp, u64 size, u32 flags)
{
	struct gpup_bo *bo = gpup_bo_create(mp, size, flags);

	if (IS_ERR(bo))
		return PTR_ERR(bo);
	gpup_bo_put(bo);
	return 0;
}

static u64 vram_used(struct gpup_vidmm_partition *mp)
{
	struct drm_gpup_memory_info info = {};

	gpup_vidmm_partition_usage(mp, &info);
	return info.vram_used;
}

static u64 system_used(struct gpup_vidmm_partition *mp)
{
	struct drm_gpup_memory_info info = {};

	gpup_vidmm_partition_usage(mp, &info);
	return info.system_used;
}

static void limit_is_exact_to_the_page(struct kunit *test)
{
	struct gpup_vidmm_partition mp;
	struct gpup_bo *a, *b;

	mm_test_join(test, &mp, 0, SZ_2M);
	a = mm_test_bo(test, &mp, SZ_2M - PAGE_SIZE, DRM_GPUP_BO_VRAM);
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, 2 * PAGE_SIZE, DRM_GPUP_BO_VRAM));
	KUNIT_EXPECT_EQ(test, SZ_2M - PAGE_SIZE, vram_used(&mp));
	b = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, PAGE_SIZE, DRM_GPUP_BO_VRAM));
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, SZ_1G, DRM_GPUP_BO_VRAM));
	KUNIT_EXPECT_EQ(test, SZ_2M, vram_used(&mp));
	gpup_bo_put(a);
	gpup_bo_put(b);
	KUNIT_EXPECT_EQ(test, 0, vram_used(&mp));
	gpup_vidmm_partition_fini(&mp);
}

static void guarantee_is_kept_from_the_others(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition a, b, c;
	struct gpup_bo *of_a, *of_b[TEST_VRAM / SZ_512K];
	unsigned int i, resident = 0;

	mm_test_join(test, &a, SZ_1M, TEST_VRAM);
	mm_test_join(test, &b, 0, TEST_VRAM);
	KUNIT_EXPECT_EQ(test, TEST_VRAM - SZ_1M, gpup_vidmm_available(gpu->mm));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			gpup_vidmm_partition_init(&c, gpu->mm, TEST_VRAM - SZ_1M + PAGE_SIZE,
						  TEST_VRAM, 0));
	/* What nobody uses is lent. */
	for (i = 0; i < ARRAY_SIZE(of_b); i++) {
		of_b[i] = mm_test_bo(test, &b, SZ_512K, DRM_GPUP_BO_VRAM);
		KUNIT_EXPECT_TRUE(test, of_b[i]->resident);
	}
	KUNIT_EXPECT_EQ(test, TEST_VRAM - SZ_1M, gpup_vidmm_available(gpu->mm));
	/* Creation takes nothing from anybody; use does. */
	of_a = mm_test_bo(test, &a, SZ_1M, DRM_GPUP_BO_VRAM);
	KUNIT_EXPECT_FALSE(test, of_a->resident);
	KUNIT_EXPECT_EQ(test, 0, mm_test_make_resident(of_a));
	KUNIT_EXPECT_TRUE(test, of_a->resident);
	for (i = 0; i < ARRAY_SIZE(of_b); i++)
		resident += of_b[i]->resident;
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(of_b) - 2, resident);
	/* Those that were there longest have gone. */
	KUNIT_EXPECT_FALSE(test, of_b[0]->resident);
	KUNIT_EXPECT_FALSE(test, of_b[1]->resident);
	/* And not the other way round: who is within the guarantee stays. */
	KUNIT_EXPECT_EQ(test, 0, mm_test_make_resident(of_b[0]));
	KUNIT_EXPECT_TRUE(test, of_a->resident);

	for (i = 0; i < ARRAY_SIZE(of_b); i++)
		gpup_bo_put(of_b[i]);
	gpup_bo_put(of_a);
	gpup_vidmm_partition_fini(&a);
	gpup_vidmm_partition_fini(&b);
	KUNIT_EXPECT_EQ(test, TEST_VRAM, gpup_vidmm_available(gpu->mm));
}

static void limits_can_be_changed_while_in_use(struct kunit *test)
{
	struct gpup_vidmm_partition a, b;
	struct gpup_bo *bo;

	mm_test_join(test, &a, 0, SZ_2M);
	mm_test_join(test, &b, SZ_1M, SZ_1M);
	bo = mm_test_bo(test, &a, SZ_1M, DRM_GPUP_BO_VRAM);

	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_vidmm_partition_set_min(&a, PAGE_SIZE / 2));
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_vidmm_partition_set_min(&a, SZ_2M + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_vidmm_partition_set_max(&a, SZ_2M + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_vidmm_partition_set_max(&a, TEST_VRAM + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, gpup_vidmm_partition_set_max(&a, TEST_VRAM));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			gpup_vidmm_partition_set_min(&a, TEST_VRAM - SZ_1M + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, gpup_vidmm_partition_set_min(&a, TEST_VRAM - SZ_1M));
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_vidmm_partition_set_max(&a, SZ_2M));
	KUNIT_EXPECT_EQ(test, 0, gpup_vidmm_partition_set_min(&a, 0));
	KUNIT_EXPECT_EQ(test, 0, gpup_vidmm_partition_set_max(&a, SZ_1M));
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&a, PAGE_SIZE, DRM_GPUP_BO_VRAM));
	flush_delayed_work(&a.trim_work);
	KUNIT_EXPECT_TRUE(test, bo->resident);
	/* Below what is in use: it is asked, and then it goes. */
	KUNIT_EXPECT_EQ(test, 0, gpup_vidmm_partition_set_max(&a, SZ_1M - PAGE_SIZE));
	while (READ_ONCE(bo->resident))
		flush_delayed_work(&a.trim_work);
	KUNIT_EXPECT_EQ(test, 1, a.trims);
	KUNIT_EXPECT_EQ(test, -ENOMEM, mm_test_make_resident(bo));
	KUNIT_EXPECT_EQ(test, 0, gpup_vidmm_partition_set_max(&a, SZ_1M));
	KUNIT_EXPECT_EQ(test, 0, mm_test_make_resident(bo));
	KUNIT_EXPECT_EQ(test, SZ_1M, vram_used(&a));

	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&a);
	gpup_vidmm_partition_fini(&b);
}

static void scattered_memory_is_as_good_as_any(struct kunit *test)
{
	struct gpup_bo *bos[TEST_VRAM / SZ_64K];
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *rest;
	unsigned int i;
	u64 page;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	for (i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = mm_test_bo(test, &mp, SZ_64K, DRM_GPUP_BO_VRAM);
	for (i = 0; i < ARRAY_SIZE(bos); i += 2)
		gpup_bo_put(bos[i]);
	rest = mm_test_bo(test, &mp, TEST_VRAM / 2, DRM_GPUP_BO_VRAM);

	/* Every page is there once: written last to first, each keeps its own number. */
	for (page = gpup_bo_size(rest) >> PAGE_SHIFT; page--;)
		*(u64 *)mm_test_bo_page(gpu, rest, page) = page;
	for (page = 0; page < gpup_bo_size(rest) >> PAGE_SHIFT; page++)
		KUNIT_ASSERT_EQ(test, page, *(u64 *)mm_test_bo_page(gpu, rest, page));
	for (i = 1; i < ARRAY_SIZE(bos); i += 2) {
		KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bos[i], 0));
		gpup_bo_put(bos[i]);
	}
	gpup_bo_put(rest);
	gpup_vidmm_partition_fini(&mp);
}

static void nobody_reads_what_another_wrote(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition a, b;
	int round;

	mm_test_join(test, &a, 0, TEST_VRAM);
	mm_test_join(test, &b, 0, TEST_VRAM);
	for (round = 0; round < 4; round++) {
		struct gpup_bo *bo = mm_test_bo(test, round % 2 ? &a : &b, TEST_VRAM,
					     DRM_GPUP_BO_VRAM);

		KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
		mm_test_bo_fill(gpu, bo, 0xc0 + round);
		gpup_bo_put(bo);
	}
	gpup_vidmm_partition_fini(&a);
	gpup_vidmm_partition_fini(&b);
}

/* So that the pages of an object, which are one after the other, are copied one by one. */
static void reverse_pages(struct kunit *test, struct gpup_bo *bo)
{
	struct page **pages = bo->tbo.ttm->pages;
	u64 count = gpup_bo_size(bo) >> PAGE_SHIFT, i;

	dma_resv_lock(bo->tbo.base.resv, NULL);
	gpup_tt_split(bo->tbo.ttm);
	for (i = 1; i < count; i++)
		KUNIT_EXPECT_EQ(test, page_to_pfn(pages[0]) + i, page_to_pfn(pages[i]));
	for (i = 0; i < count / 2; i++)
		swap(pages[i], pages[count - 1 - i]);
	dma_resv_unlock(bo->tbo.base.resv);
}

static void nobody_reads_what_is_around_the_lost(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_extent last;
	struct gpup_bo *bo, *rest;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	mm_test_settle(gpu);
	bo = mm_test_bo(test, &mp, SZ_64K, DRM_GPUP_BO_VRAM);
	rest = mm_test_bo(test, &mp, TEST_VRAM - SZ_64K, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(gpu, bo, 0x5a);
	gpup_bo_extent(bo, SZ_64K - PAGE_SIZE, &last);
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
	mm_test_settle(gpu);
	reverse_pages(test, bo);

	/* There is no other place for it. */
	gpu->copy_fails = true;
	gpu->no_window = true;
	gpu->fail_start = last.addr;
	gpu->fail_end = last.addr + PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, 0, mm_test_make_resident(bo));
	KUNIT_EXPECT_TRUE(test, bo->unclean);
	KUNIT_EXPECT_EQ(test, 0x5a, *(u8 *)mm_test_bo_page(gpu, bo, 0));
	gpu->copy_fails = false;
	gpu->no_window = false;
	gpup_bo_put(bo);
	gpup_bo_put(rest);
	mm_test_settle(gpu);
	KUNIT_EXPECT_EQ(test, TEST_VRAM - PAGE_SIZE, gpup_vidmm_available(gpu->mm));

	bo = mm_test_bo(test, &mp, TEST_VRAM - PAGE_SIZE, DRM_GPUP_BO_VRAM);
	KUNIT_EXPECT_TRUE(test, bo->resident);
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static void what_is_free_is_always_clean(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	mm_test_settle(gpu);
	KUNIT_EXPECT_NULL(test, memchr_inv(gpu->vram, 0, TEST_VRAM));
	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, SZ_1M, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(gpu, bo, 0xff);
	gpup_bo_put(bo);
	mm_test_settle(gpu);
	KUNIT_EXPECT_NULL(test, memchr_inv(gpu->vram, 0, TEST_VRAM));
	gpup_vidmm_partition_fini(&mp);
}

/* An allocation by somebody else. */
struct allocation {
	struct work_struct work;
	struct gpup_vidmm_partition *mp;
	u64 size;
	struct gpup_bo *bo;
	struct completion done;
};

static void allocate(struct work_struct *work)
{
	struct allocation *allocation = container_of(work, struct allocation, work);

	allocation->bo = gpup_bo_create(allocation->mp, allocation->size, DRM_GPUP_BO_VRAM);
	complete(&allocation->done);
}

static void allocation_waits_only_for_what_it_lacks(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct allocation waits = { .mp = &mp, .size = SZ_2M };
	struct gpup_bo *bo;

	INIT_WORK_ONSTACK(&waits.work, allocate);
	init_completion(&waits.done);
	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, 3 * SZ_1M, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(gpu, bo, 0x77);
	mm_test_settle(gpu);
	mm_test_hold_clears(gpu, true);
	gpup_bo_put(bo);

	/* That much is clean. */
	bo = mm_test_bo(test, &mp, SZ_1M, DRM_GPUP_BO_VRAM);
	queue_work(system_unbound_wq, &waits.work);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&waits.done, HZ / 10));
	/* It is charged, but nobody finds it before it is made. */
	KUNIT_EXPECT_EQ(test, SZ_1M + SZ_2M, vram_used(&mp));
	KUNIT_EXPECT_TRUE(test, list_empty(&mp.evicted));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&mp.resident));
	mm_test_hold_clears(gpu, false);
	wait_for_completion(&waits.done);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, waits.bo);
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, waits.bo, 0));
	KUNIT_EXPECT_PTR_EQ(test, &waits.bo->link, mp.resident.prev);
	flush_work(&waits.work);
	destroy_work_on_stack(&waits.work);
	gpup_bo_put(waits.bo);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

/* The end of a partition, by somebody else. */
struct departure {
	struct work_struct work;
	struct gpup_vidmm_partition *mp;
	struct completion done;
};

static void depart(struct work_struct *work)
{
	struct departure *departure = container_of(work, struct departure, work);

	gpup_vidmm_partition_fini(departure->mp);
	complete(&departure->done);
}

/* As when another's pass has chosen an object, and its owner drops it. */
static void partition_ends_after_the_last_who_looks_at_an_object(struct kunit *test)
{
	static const u32 flags[] = { DRM_GPUP_BO_VRAM, DRM_GPUP_BO_SYSTEM };
	struct gpup_vidmm_partition mp;
	struct departure departure = { .mp = &mp };
	struct gpup_bo *bo;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		INIT_WORK_ONSTACK(&departure.work, depart);
		init_completion(&departure.done);
		mm_test_join(test, &mp, 0, TEST_VRAM);
		bo = mm_test_bo(test, &mp, SZ_64K, flags[i]);
		gpup_bo_get(bo);
		gpup_bo_put(bo);
		queue_work(system_unbound_wq, &departure.work);
		KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&departure.done, HZ / 10));
		gpup_bo_put(bo);
		wait_for_completion(&departure.done);
		flush_work(&departure.work);
		destroy_work_on_stack(&departure.work);
	}
}

static void memory_that_cannot_be_cleared_is_retired(struct kunit *test)
{
	struct gpup_bo *bos[TEST_VRAM / SZ_64K];
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp, other;
	struct gpup_bo *bo, *rest;
	unsigned int i;
	u64 page, left;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	for (i = 0; i < ARRAY_SIZE(bos); i++) {
		bos[i] = mm_test_bo(test, &mp, SZ_64K, DRM_GPUP_BO_VRAM);
		mm_test_bo_fill(gpu, bos[i], 0x5a);
	}
	gpu->fail_start = (u8 *)mm_test_bo_page(gpu, bos[7], 3) - gpu->vram;
	gpu->fail_end = gpu->fail_start + 1;
	for (i = 0; i < ARRAY_SIZE(bos); i++)
		gpup_bo_put(bos[i]);
	mm_test_settle(gpu);

	/* As much as was tried at once, and no more. */
	left = gpup_vidmm_available(gpu->mm);
	KUNIT_EXPECT_GE(test, left, TEST_VRAM - SZ_2M);
	KUNIT_EXPECT_LE(test, left, TEST_VRAM - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			gpup_vidmm_partition_init(&other, gpu->mm, left + PAGE_SIZE, TEST_VRAM, 0));
	bo = mm_test_bo(test, &mp, left, DRM_GPUP_BO_VRAM);
	KUNIT_ASSERT_TRUE(test, bo->resident);
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
	for (page = 0; page < gpup_bo_size(bo) >> PAGE_SHIFT; page++)
		KUNIT_EXPECT_PTR_NE(test, gpu->vram + gpu->fail_start,
				    (u8 *)mm_test_bo_page(gpu, bo, page));
	/* What there is no room for exists, but is never in VRAM. */
	rest = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	KUNIT_EXPECT_FALSE(test, rest->resident);
	gpup_bo_put(rest);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

/* What was guaranteed may be lost; whoever asks for it gets an error and nothing hangs. */
static void lost_guarantee_is_an_error(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, TEST_VRAM, TEST_VRAM);
	bo = mm_test_bo(test, &mp, TEST_VRAM, DRM_GPUP_BO_VRAM);
	gpu->fail_end = TEST_VRAM;
	gpup_bo_put(bo);
	mm_test_settle(gpu);
	KUNIT_EXPECT_EQ(test, 0, gpup_vidmm_available(gpu->mm));
	bo = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	KUNIT_EXPECT_FALSE(test, bo->resident);
	KUNIT_EXPECT_EQ(test, -ENOSPC, mm_test_make_resident(bo));
	gpup_bo_put(bo);
	KUNIT_EXPECT_EQ(test, 0, vram_used(&mp));
	gpup_vidmm_partition_fini(&mp);
	KUNIT_EXPECT_EQ(test, 0, gpup_vidmm_available(gpu->mm));
}

#define MODEL_PARTITIONS	4
#define MODEL_OBJECTS		48
#define MODEL_STEPS		1200

/* Each may be anywhere, and is what it was. */
static noinline_for_stack void move_and_check(struct kunit *test, struct gpup_bo *bo,
					      bool in, u8 value)
{
	KUNIT_ASSERT_EQ(test, 0, in ? mm_test_make_resident(bo) : mm_test_evict(bo));
	KUNIT_ASSERT_TRUE(test, mm_test_bo_is_filled(test->priv, bo, value));
}

static noinline_for_stack void check_figures(struct kunit *test,
					     struct gpup_vidmm_partition *mp, u64 used)
{
	KUNIT_ASSERT_EQ(test, used, vram_used(mp));
	KUNIT_ASSERT_LE(test, mp->vram.resident, used);
	KUNIT_ASSERT_LE(test, mp->mm->pool.resident, (u64)TEST_VRAM);
}

static void random_allocations_follow_the_model(struct kunit *test)
{
	static const u64 limits[MODEL_PARTITIONS][2] = {
		{ 0, TEST_VRAM }, { SZ_1M, SZ_1M }, { SZ_512K, SZ_2M }, { SZ_64K, SZ_64K * 3 },
	};
	struct gpup_vidmm_partition *mps = kunit_kcalloc(test, MODEL_PARTITIONS, sizeof(*mps),
							 GFP_KERNEL);
	struct gpup_bo *bos[MODEL_OBJECTS] = {};
	u8 owner[MODEL_OBJECTS] = {};
	u64 used[MODEL_PARTITIONS] = {};
	struct mm_test_gpu *gpu = test->priv;
	struct rnd_state rnd;
	int step, i;

	KUNIT_ASSERT_NOT_NULL(test, mps);
	gpu->mm->grace = 0;
	prandom_seed_state(&rnd, 20261123);
	for (i = 0; i < MODEL_PARTITIONS; i++)
		mm_test_join(test, &mps[i], limits[i][0], limits[i][1]);

	for (step = 0; step < MODEL_STEPS; step++) {
		int slot = prandom_u32_state(&rnd) % MODEL_OBJECTS;
		int who = prandom_u32_state(&rnd) % MODEL_PARTITIONS;
		u64 size = (1 + prandom_u32_state(&rnd) % (step % 8 ? 16 : 400)) * PAGE_SIZE;
		struct gpup_bo *bo = bos[slot];

		if (bo && prandom_u32_state(&rnd) % 3) {
			move_and_check(test, bo, prandom_u32_state(&rnd) % 4, slot + 1);
		} else if (bo) {
			KUNIT_ASSERT_TRUE(test, mm_test_bo_is_filled(gpu, bo, slot + 1));
			used[owner[slot]] -= gpup_bo_size(bo);
			bos[slot] = NULL;
			gpup_bo_put(bo);
		} else {
			bool fits = used[who] + size <= limits[who][1];

			bo = gpup_bo_create(&mps[who], size, DRM_GPUP_BO_VRAM);
			KUNIT_ASSERT_EQ_MSG(test, fits ? 0 : -ENOMEM, PTR_ERR_OR_ZERO(bo),
					    "step %d", step);
			if (IS_ERR(bo))
				continue;
			move_and_check(test, bo, true, 0);
			mm_test_bo_fill(gpu, bo, slot + 1);
			bos[slot] = bo;
			owner[slot] = who;
			used[who] += size;
		}
		for (i = 0; i < MODEL_PARTITIONS; i++)
			check_figures(test, &mps[i], used[i]);
	}
	for (i = 0; i < MODEL_PARTITIONS; i++)
		KUNIT_EXPECT_GT(test, mps[i].bytes_moved, 0);
	for (i = 0; i < MODEL_OBJECTS; i++)
		if (bos[i])
			gpup_bo_put(bos[i]);
	for (i = 0; i < MODEL_PARTITIONS; i++)
		gpup_vidmm_partition_fini(&mps[i]);
	KUNIT_EXPECT_EQ(test, TEST_VRAM, gpup_vidmm_available(gpu->mm));
}

static void system_memory_is_limited_and_zero(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;
	int round;

	mm_test_join(test, &mp, 0, 0);
	for (round = 0; round < 3; round++) {
		bo = mm_test_bo(test, &mp, TEST_SYSTEM_MAX - PAGE_SIZE, DRM_GPUP_BO_SYSTEM);
		KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
		mm_test_bo_fill(gpu, bo, 0x99);
		KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, 2 * PAGE_SIZE, DRM_GPUP_BO_SYSTEM));
		KUNIT_EXPECT_EQ(test, TEST_SYSTEM_MAX - PAGE_SIZE, system_used(&mp));
		KUNIT_EXPECT_EQ(test, 0, try_bo(&mp, PAGE_SIZE, DRM_GPUP_BO_SYSTEM));
		KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, PAGE_SIZE, DRM_GPUP_BO_VRAM));
		gpup_bo_put(bo);
	}
	KUNIT_EXPECT_EQ(test, 0, system_used(&mp));
	gpup_vidmm_partition_fini(&mp);
}

static void sizes_beyond_all_memory_are_refused(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;

	KUNIT_ASSERT_EQ(test, 0, gpup_vidmm_partition_init(&mp, gpu->mm, 0, TEST_VRAM,
							   U64_MAX >> 1));
	/* In pages, these are zero and one in 32 bits, and what a page array may be at most. */
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, 1ULL << (32 + PAGE_SHIFT), DRM_GPUP_BO_SYSTEM));
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, (1ULL << (32 + PAGE_SHIFT)) + PAGE_SIZE,
					      DRM_GPUP_BO_SYSTEM));
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, 1ULL << (28 + PAGE_SHIFT), DRM_GPUP_BO_SYSTEM));
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, S64_MAX & PAGE_MASK, DRM_GPUP_BO_SYSTEM));
	KUNIT_EXPECT_EQ(test, -ENOMEM, try_bo(&mp, S64_MAX & PAGE_MASK, DRM_GPUP_BO_VRAM));
	KUNIT_EXPECT_EQ(test, 0, system_used(&mp));
	KUNIT_EXPECT_EQ(test, 0, vram_used(&mp));
	gpup_vidmm_partition_fini(&mp);
}

static void aperture_finds_every_page(struct kunit *test)
{
	struct gpup_bo *vram, *hidden, *system;
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	u64 page;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	vram = mm_test_bo(test, &mp, 5 * PAGE_SIZE, DRM_GPUP_BO_VRAM);
	hidden = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM | DRM_GPUP_BO_NO_MMAP);
	system = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_SYSTEM);

	KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(vram, true));
	for (page = 0; page < 5; page++)
		KUNIT_EXPECT_EQ(test, vmalloc_to_pfn(mm_test_bo_page(gpu, vram, page)),
				gpup_bo_pfn(vram, page << PAGE_SHIFT));
	gpup_bo_cpu_unlock(vram);
	/* And where it is when it is not there. */
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(vram));
	KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(vram, true));
	KUNIT_EXPECT_EQ(test, -EBUSY, gpup_bo_cpu_lock(vram, true));
	for (page = 0; page < 5; page++)
		KUNIT_EXPECT_EQ(test, page_to_pfn(virt_to_page(mm_test_bo_page(gpu, vram, page))),
				gpup_bo_pfn(vram, page << PAGE_SHIFT));
	gpup_bo_cpu_unlock(vram);
	KUNIT_EXPECT_EQ(test, -EPERM, gpup_bo_cpu_lock(hidden, false));
	/* Refused before anything is looked at. */
	KUNIT_EXPECT_EQ(test, -EINVAL, hidden->tbo.base.funcs->mmap(&hidden->tbo.base, NULL));

	gpup_bo_put(vram);
	gpup_bo_put(hidden);
	gpup_bo_put(system);
	gpup_vidmm_partition_fini(&mp);
}

static void advice_is_shown(struct kunit *test)
{
	struct gpup_vidmm_partition mp;
	struct drm_gem_object *obj;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	obj = &bo->tbo.base;
	KUNIT_EXPECT_EQ(test, DRM_GEM_OBJECT_RESIDENT, obj->funcs->status(obj));
	KUNIT_EXPECT_TRUE(test, gpup_bo_advise(bo, DRM_GPUP_BO_DONT_NEED));
	KUNIT_EXPECT_EQ(test, DRM_GEM_OBJECT_RESIDENT | DRM_GEM_OBJECT_PURGEABLE,
			obj->funcs->status(obj));
	KUNIT_EXPECT_TRUE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
	KUNIT_EXPECT_EQ(test, DRM_GEM_OBJECT_RESIDENT, obj->funcs->status(obj));
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static struct kunit_case vidmm_cases[] = {
	KUNIT_CASE(limit_is_exact_to_the_page),
	KUNIT_CASE(guarantee_is_kept_from_the_others),
	KUNIT_CASE(limits_can_be_changed_while_in_use),
	KUNIT_CASE(scattered_memory_is_as_good_as_any),
	KUNIT_CASE(nobody_reads_what_another_wrote),
	KUNIT_CASE(nobody_reads_what_is_around_the_lost),
	KUNIT_CASE(what_is_free_is_always_clean),
	KUNIT_CASE(allocation_waits_only_for_what_it_lacks),
	KUNIT_CASE(partition_ends_after_the_last_who_looks_at_an_object),
	KUNIT_CASE(memory_that_cannot_be_cleared_is_retired),
	KUNIT_CASE(lost_guarantee_is_an_error),
	KUNIT_CASE_SLOW(random_allocations_follow_the_model),
	KUNIT_CASE(system_memory_is_limited_and_zero),
	KUNIT_CASE(sizes_beyond_all_memory_are_refused),
	KUNIT_CASE(aperture_finds_every_page),
	KUNIT_CASE(advice_is_shown),
	{}
};

static struct kunit_suite vidmm_suite = {
	.name = "gpup_vidmm",
	.init = mm_test_init,
	.exit = mm_test_exit,
	.test_cases = vidmm_cases,
};

kunit_test_suite(vidmm_suite);
