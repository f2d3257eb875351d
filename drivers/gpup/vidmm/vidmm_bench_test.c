// SPDX-License-Identifier: GPL-2.0-only
/*
 * What memory management costs, side by side with the least that it could cost.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <drm/ttm/ttm_placement.h>

#include "vidmm_test_vram.h"

/* Checkers look at every page that is allocated or freed: with them, figures mean nothing. */
#define FIGURES_COUNT	(!IS_ENABLED(CONFIG_KASAN))

#define TRACE_POOL	SZ_256M
#define TRACE_OBJECTS	256
/* Rounds that are short: in some of them nobody else has had the processor. */
#define TRACE_STEPS	5000
#define TRACE_ROUNDS	(FIGURES_COUNT ? 400 : 20)

#define MOVE_ROUNDS	25

static int compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static u64 median(u64 *values, unsigned int count)
{
	sort(values, count, sizeof(*values), compare, NULL);
	return values[count / 2];
}

/* Allocate what is free, free what is not. */
struct trace_step {
	unsigned int object;
	u64 size;
};

static u64 run_vram(struct vram_test *t, const struct trace_step *trace, unsigned int *refused)
{
	static struct ttm_resource *res[TRACE_OBJECTS];
	const struct ttm_place place = { .mem_type = TTM_PL_VRAM };
	struct ttm_resource_manager *man = &t->vram->man;
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < TRACE_STEPS; i++) {
		struct ttm_resource **r = &res[trace[i].object];

		if (*r) {
			man->func->free(man, *r);
			*r = NULL;
			continue;
		}
		t->bo.tbo.base.size = trace[i].size;
		if (man->func->alloc(man, &t->bo.tbo, &place, r))
			++*refused;
	}
	start = ktime_get_ns() - start;
	for (i = 0; i < TRACE_OBJECTS; i++)
		if (res[i])
			man->func->free(man, res[i]);
	memset(res, 0, sizeof(res));
	return start;
}

static u64 run_buddy(struct gpu_buddy *buddy, const struct trace_step *trace,
		     unsigned int *refused)
{
	static struct list_head blocks[TRACE_OBJECTS];
	u64 start;
	unsigned int i;

	for (i = 0; i < TRACE_OBJECTS; i++)
		INIT_LIST_HEAD(&blocks[i]);
	start = ktime_get_ns();
	for (i = 0; i < TRACE_STEPS; i++) {
		struct list_head *list = &blocks[trace[i].object];

		if (!list_empty(list))
			gpu_buddy_free_list(buddy, list, 0);
		else if (gpu_buddy_alloc_blocks(buddy, 0, buddy->size, trace[i].size,
						buddy->chunk_size, list, 0))
			++*refused;
	}
	start = ktime_get_ns() - start;
	for (i = 0; i < TRACE_OBJECTS; i++)
		gpu_buddy_free_list(buddy, &blocks[i], 0);
	return start;
}

static void allocation_costs_little_more_than_bare_gpu_buddy(struct kunit *test)
{
	struct vram_test *t = vram_test_begin(test, TRACE_POOL, false);
	u64 cost = U64_MAX, least = U64_MAX;
	struct trace_step *trace;
	struct gpu_buddy buddy;
	struct rnd_state rnd;
	unsigned int i, refused = 0;

	trace = kvmalloc_array(TRACE_STEPS, sizeof(*trace), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, trace);
	prandom_seed_state(&rnd, 5);
	for (i = 0; i < TRACE_STEPS; i++) {
		trace[i].object = prandom_u32_state(&rnd) % TRACE_OBJECTS;
		trace[i].size = vram_test_random_size(&rnd, 10);
	}
	KUNIT_ASSERT_EQ(test, 0, gpu_buddy_init(&buddy, TRACE_POOL, PAGE_SIZE));

	/* The scrubber would take the processor away. Both have only dirty memory. */
	vram_test_park(t);
	vram_test_give(t, vram_test_take(test, t, TRACE_POOL));
	KUNIT_ASSERT_EQ(test, 0, gpup_mem_charge(&t->mp, DRM_GPUP_BO_VRAM, TRACE_POOL));
	for (i = 0; i < TRACE_ROUNDS; i++) {
		cost = min(cost, run_vram(t, trace, &refused));
		least = min(least, run_buddy(&buddy, trace, &refused));
		cond_resched();
	}
	gpup_mem_uncharge(&t->mp, DRM_GPUP_BO_VRAM, TRACE_POOL);
	/* That would not be the same work: gpu_buddy finds out only when it has taken all. */
	KUNIT_EXPECT_EQ(test, 0, refused);
	kunit_info(test, "ns per step: %llu, bare gpu_buddy: %llu, ratio %llu/100\n",
		   div_u64(cost, TRACE_STEPS), div_u64(least, TRACE_STEPS),
		   div64_u64(100 * cost, least));
	if (FIGURES_COUNT)
		KUNIT_EXPECT_LE(test, 100 * cost, 150 * least);
	gpu_buddy_fini(&buddy);
	kvfree(trace);
	vram_test_end(test, t);
}

/* Nanoseconds for the same bytes by memcpy(), there and back. */
static u64 time_memcpy(u8 *vram, u8 *copy, size_t size)
{
	ktime_t start = ktime_get();

	memcpy(copy, vram, size);
	memcpy(vram, copy, size);
	return ktime_to_ns(ktime_sub(ktime_get(), start));
}

static noinline_for_stack u64 time_moves(struct kunit *test, struct gpup_bo *bo)
{
	ktime_t start = ktime_get();

	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
	KUNIT_ASSERT_EQ(test, 0, mm_test_make_resident(bo));
	return ktime_to_ns(ktime_sub(ktime_get(), start));
}

/*
 * Of User Mode Linux the host learns page by page what memory it needs, and that takes longer than
 * to copy the page. So all that is free is touched once.
 */
static void touch_free_memory(void)
{
	LIST_HEAD(blocks);
	struct page *page, *next;

	while ((page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NORETRY | __GFP_NOWARN,
				   get_order(SZ_1M))))
		list_add(&page->lru, &blocks);
	list_for_each_entry_safe(page, next, &blocks, lru)
		__free_pages(page, get_order(SZ_1M));
}

static void moving_costs_little_more_than_copying(struct kunit *test)
{
	u64 *percents = kunit_kcalloc(test, MOVE_ROUNDS, sizeof(*percents), GFP_KERNEL);
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	u8 *copy = vmalloc(TEST_VRAM);
	struct gpup_bo *bo;
	u64 percent, plain;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, percents);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, TEST_VRAM, DRM_GPUP_BO_VRAM);
	touch_free_memory();
	for (i = 0; i < MOVE_ROUNDS; i++) {
		/* The scrubber is not what is measured. */
		mm_test_settle(gpu);
		plain = time_memcpy(gpu->vram, copy, TEST_VRAM);
		percents[i] = div64_u64(100 * plain, time_moves(test, bo));
	}
	percent = median(percents, MOVE_ROUNDS);
	kunit_info(test, "evicting and returning: %llu %% of the speed of memcpy()\n", percent);
	if (FIGURES_COUNT)
		KUNIT_EXPECT_GE(test, percent, 80);
	vfree(copy);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static struct kunit_case bench_cases[] = {
	KUNIT_CASE_SLOW(allocation_costs_little_more_than_bare_gpu_buddy),
	KUNIT_CASE(moving_costs_little_more_than_copying),
	{}
};

static struct kunit_suite bench_suite = {
	.name = "gpup_vidmm_bench",
	.init = mm_test_init,
	.exit = mm_test_exit,
	.test_cases = bench_cases,
};

kunit_test_suite(bench_suite);
