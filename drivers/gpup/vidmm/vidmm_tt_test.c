// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the memory behind objects: who gets it when there is none.
 */
#include <kunit/static_stub.h>
#include <linux/gfp.h>

#include "vidmm_test_gpu.h"
#include "vidmm_tt.h"

/* One block will not do for it. */
#define OBJECT		(31 * PAGE_SIZE)
/* Allocations after which all of it is there, if the host has memory. */
#define ENOUGH		16

/* Where the pages come from: a host and a cgroup that have none left. */
static struct {
	/* Allocations until the host has free memory only for those who reclaim some. */
	unsigned int until_short;
	/* It has none even for them. */
	bool out;
	/* Somebody took of what is kept for those who cannot wait. */
	bool robbed;
} host;

static bool host_has(gfp_t gfp, unsigned int order)
{
	if (host.out)
		return false;
	if (host.until_short) {
		host.until_short--;
		return true;
	}
	return gfp & __GFP_DIRECT_RECLAIM && !order;
}

/* As the kernel: who may not reclaim has none of a full cgroup but by force. */
static struct page *pages_of_full_cgroup(gfp_t gfp, unsigned int order)
{
	KUNIT_EXPECT_TRUE(kunit_get_current_test(), gfp & __GFP_ACCOUNT);
	if (order && gfp & __GFP_HIGH && !(gfp & (__GFP_DIRECT_RECLAIM | __GFP_NOMEMALLOC)))
		host.robbed = true;
	if (!host_has(gfp, order) || !(gfp & __GFP_HIGH))
		return NULL;
	return alloc_pages(gfp & ~__GFP_ACCOUNT, order);
}

static void fill_cgroup(struct kunit *test, unsigned int until_short)
{
	host.until_short = until_short;
	host.out = false;
	host.robbed = false;
	kunit_activate_static_stub(test, gpup_tt_alloc_pages, pages_of_full_cgroup);
}

static void empty_cgroup(struct kunit *test)
{
	kunit_deactivate_static_stub(test, gpup_tt_alloc_pages);
}

/* Others have their guarantees, however little the owner's cgroup and the host have. */
static void eviction_goes_over_the_limit(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;
	unsigned int i;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	/* The host has become short before, in the middle, and not before the end. */
	for (i = 0; i <= ENOUGH; i++) {
		bo = mm_test_bo(test, &mp, OBJECT, DRM_GPUP_BO_VRAM);
		mm_test_bo_fill(gpu, bo, 0x5a);
		fill_cgroup(test, i);
		KUNIT_EXPECT_EQ_MSG(test, 0, mm_test_evict(bo), "%u", i);
		empty_cgroup(test);
		KUNIT_EXPECT_FALSE(test, bo->resident);
		KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0x5a));
		KUNIT_EXPECT_FALSE(test, host.robbed);
		gpup_bo_put(bo);
	}
	mm_test_settle(gpu);
	gpup_vidmm_partition_fini(&mp);
}

static void host_without_memory_ends_eviction(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, OBJECT, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(gpu, bo, 0x5a);
	fill_cgroup(test, 0);
	host.out = true;
	KUNIT_EXPECT_EQ(test, -ENOMEM, mm_test_evict(bo));
	empty_cgroup(test);
	KUNIT_EXPECT_TRUE(test, bo->resident);
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0x5a));
	gpup_bo_put(bo);
	mm_test_settle(gpu);
	gpup_vidmm_partition_fini(&mp);
}

/* As a CPU that touches it. */
static int touch(struct gpup_bo *bo)
{
	int ret = gpup_bo_cpu_lock(bo, false);

	if (!ret)
		gpup_bo_cpu_unlock(bo);
	return ret;
}

static void nothing_but_eviction_goes_over_the_limit(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_bo *all, *bo, *none;
	struct gpup_vidmm_partition mp, other;
	struct drm_gpup_memory_info info = {};

	mm_test_join(test, &mp, 0, TEST_VRAM);
	mm_test_join(test, &other, 0, TEST_VRAM);
	all = mm_test_bo(test, &other, TEST_VRAM, DRM_GPUP_BO_VRAM);
	bo = mm_test_bo(test, &mp, OBJECT, DRM_GPUP_BO_VRAM);
	KUNIT_ASSERT_TRUE(test, all->resident);
	KUNIT_ASSERT_FALSE(test, bo->resident);

	fill_cgroup(test, UINT_MAX);
	none = gpup_bo_create(&mp, OBJECT, DRM_GPUP_BO_SYSTEM);
	KUNIT_EXPECT_EQ(test, -ENOMEM, PTR_ERR_OR_ZERO(none));
	if (!IS_ERR(none))
		gpup_bo_put(none);
	mm_test_settle(gpu);
	gpup_vidmm_partition_usage(&mp, &info);
	KUNIT_EXPECT_EQ(test, 0, info.system_used);
	KUNIT_EXPECT_EQ(test, -ENOMEM, touch(bo));
	KUNIT_EXPECT_EQ(test, 0, mm_test_evict(all));
	/* It was not for all that come after. */
	KUNIT_EXPECT_EQ(test, -ENOMEM, touch(bo));
	empty_cgroup(test);

	KUNIT_ASSERT_EQ(test, 0, touch(bo));
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
	gpup_bo_put(bo);
	gpup_bo_put(all);
	mm_test_settle(gpu);
	gpup_vidmm_partition_fini(&other);
	gpup_vidmm_partition_fini(&mp);
}

static struct kunit_case tt_cases[] = {
	KUNIT_CASE(eviction_goes_over_the_limit),
	KUNIT_CASE(host_without_memory_ends_eviction),
	KUNIT_CASE(nothing_but_eviction_goes_over_the_limit),
	{}
};

static struct kunit_suite tt_suite = {
	.name = "gpup_vidmm_tt",
	.init = mm_test_init,
	.exit = mm_test_exit,
	.test_cases = tt_cases,
};

kunit_test_suite(tt_suite);
