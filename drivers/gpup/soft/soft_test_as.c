// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of page tables with huge entries, and of the video memory behind them.
 */
#include <linux/debug_locks.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "soft_test.h"

/* A range that begins and ends within a table of the last level. */
#define HUGE_VA		(3 * SOFT_LEAF_SPAN)
#define RANGE_VA	(HUGE_VA - 5 * PAGE_SIZE)
#define RANGE_BLOCKS	3
#define RANGE_PAGES	(RANGE_BLOCKS * SOFT_LEVEL_ENTRIES + 16)
#define HUGE_VRAM_SIZE	((RANGE_PAGES + 32) * PAGE_SIZE)

/* Made-up physical memory: it is translated to, and never touched. */
#define SYSTEM_ADDR	0x40003000ULL

/**
 * struct huge_test - An address space, and what is expected of it
 */
struct huge_test {
	/** @t: The GPU, and a context without a shader. */
	struct soft_test t;
	/** @expect: For each page of the range where it is, with SOFT_PTE_*, or 0. */
	u64 expect[RANGE_PAGES];
};

static int huge_init(struct kunit *test)
{
	struct huge_test *h = kvzalloc(sizeof(*h), GFP_KERNEL);
	struct gpup_hw_as *as;

	KUNIT_ASSERT_NOT_NULL(test, h);
	test->priv = h;
	h->t.rng = 88172645463325252ULL;
	KUNIT_ASSERT_EQ(test, soft_vram_init(&h->t.gpu, HUGE_VRAM_SIZE), 0);
	as = soft_as_new(&h->t.gpu);
	KUNIT_ASSERT_FALSE(test, IS_ERR(as));
	h->t.ctx.as = as;
	KUNIT_ASSERT_EQ(test, 0, soft_as_prepare(as, RANGE_VA, RANGE_PAGES * PAGE_SIZE));
	return 0;
}

static void huge_exit(struct kunit *test)
{
	struct huge_test *h = test->priv;

	if (!h)
		return;
	if (h->t.ctx.as)
		soft_as_destroy(h->t.ctx.as);
	soft_vram_fini(&h->t.gpu);
	kvfree(h);
}

/* The huge entry that maps @va, found as the hardware would. */
static u64 huge_entry(struct huge_test *h, u64 va)
{
	u64 *table = h->t.ctx.as->root;

	table = (u64 *)(uintptr_t)table[va >> 39 & 511];
	table = (u64 *)(uintptr_t)table[va >> 30 & 511];
	return table[SOFT_LEVEL_ENTRIES + (va >> 21 & 511)];
}

static void map(struct huge_test *h, u32 page, u32 count, enum gpup_mem_domain domain, u64 addr,
		bool writable)
{
	void *mem = domain == GPUP_MEM_VRAM ? h->t.gpu.vram + addr : phys_to_virt(addr);
	u64 pte = (u64)(uintptr_t)mem | SOFT_PTE_VALID | (writable ? SOFT_PTE_WRITE : 0);
	u32 i;

	soft_as_map(h->t.ctx.as, RANGE_VA + page * PAGE_SIZE, count * PAGE_SIZE, domain, addr,
		    writable);
	for (i = 0; i < count; i++)
		h->expect[page + i] = pte + i * PAGE_SIZE;
}

static void unmap(struct huge_test *h, u32 page, u32 count)
{
	soft_as_unmap(h->t.ctx.as, RANGE_VA + page * PAGE_SIZE, count * PAGE_SIZE);
	memset(&h->expect[page], 0, count * sizeof(h->expect[0]));
}

/* The first page that is not translated as expected, or RANGE_PAGES. */
static u32 find_wrong(struct huge_test *h)
{
	struct soft_context *ctx = &h->t.ctx;
	u32 i;

	soft_section_begin(ctx);
	for (i = 0; i < RANGE_PAGES; i++) {
		u64 va = RANGE_VA + i * PAGE_SIZE + 8;
		void *mem = h->expect[i] ? (void *)(uintptr_t)(h->expect[i] & PAGE_MASK) + 8 : NULL;

		if (soft_tlb_lookup(ctx, va) != h->expect[i] ||
		    soft_translate(ctx, va, false) != mem ||
		    soft_translate(ctx, va, true) != (h->expect[i] & SOFT_PTE_WRITE ? mem : NULL))
			break;
	}
	soft_section_end(ctx);
	return i;
}

#define expect_right(test, h)	KUNIT_ASSERT_EQ(test, find_wrong(h), RANGE_PAGES)

/* Pages of the range before the first aligned block. */
#define HEAD			((HUGE_VA - RANGE_VA) / PAGE_SIZE)

/* Aligned and large enough is all that is asked for. */
static void test_when_huge(struct kunit *test)
{
	struct huge_test *h = test->priv;

	map(h, 0, RANGE_PAGES, GPUP_MEM_VRAM, 3 * PAGE_SIZE, true);
	KUNIT_EXPECT_EQ(test, huge_entry(h, RANGE_VA), 0);
	KUNIT_EXPECT_EQ(test, huge_entry(h, HUGE_VA), h->expect[HEAD]);
	KUNIT_EXPECT_NE(test, huge_entry(h, HUGE_VA + 2 * SOFT_LEAF_SPAN), 0);
	KUNIT_EXPECT_EQ(test, huge_entry(h, HUGE_VA + 3 * SOFT_LEAF_SPAN), 0);
	expect_right(test, h);
	unmap(h, 0, RANGE_PAGES);
	KUNIT_EXPECT_EQ(test, huge_entry(h, HUGE_VA), 0);
	expect_right(test, h);

	map(h, HEAD, SOFT_LEVEL_ENTRIES - 1, GPUP_MEM_SYSTEM, SYSTEM_ADDR, true);
	KUNIT_EXPECT_EQ(test, huge_entry(h, HUGE_VA), 0);
	map(h, HEAD + SOFT_LEVEL_ENTRIES, SOFT_LEVEL_ENTRIES, GPUP_MEM_SYSTEM, SYSTEM_ADDR, false);
	KUNIT_EXPECT_EQ(test, huge_entry(h, HUGE_VA + SOFT_LEAF_SPAN),
			h->expect[HEAD + SOFT_LEVEL_ENTRIES]);
	expect_right(test, h);
}

/* A part of a huge entry goes; the rest stays, and is as writable as before. */
static void check_split(struct kunit *test, u32 first, u32 count, bool writable)
{
	struct huge_test *h = test->priv;

	map(h, HEAD, SOFT_LEVEL_ENTRIES, GPUP_MEM_VRAM, 7 * PAGE_SIZE, writable);
	KUNIT_EXPECT_NE(test, huge_entry(h, HUGE_VA), 0);
	expect_right(test, h);
	unmap(h, HEAD + first, count);
	KUNIT_EXPECT_EQ(test, huge_entry(h, HUGE_VA), 0);
	expect_right(test, h);

	map(h, HEAD + first, count, GPUP_MEM_SYSTEM, SYSTEM_ADDR, !writable);
	expect_right(test, h);
	unmap(h, HEAD, SOFT_LEVEL_ENTRIES);
	expect_right(test, h);
}

static void test_split(struct kunit *test)
{
	int writable;

	for (writable = 0; writable <= 1; writable++) {
		check_split(test, 0, 1, writable);
		check_split(test, 0, 100, writable);
		check_split(test, 200, 17, writable);
		check_split(test, SOFT_LEVEL_ENTRIES - 1, 1, writable);
		check_split(test, SOFT_LEVEL_ENTRIES - 100, 100, writable);
		check_split(test, 1, SOFT_LEVEL_ENTRIES - 1, writable);
	}
}

/* One range takes the tail of one huge entry, all of the next, the head of the third. */
static void test_split_across(struct kunit *test)
{
	struct huge_test *h = test->priv;

	map(h, 0, RANGE_PAGES, GPUP_MEM_VRAM, 0, true);
	unmap(h, HEAD + 500, SOFT_LEVEL_ENTRIES + 30);
	expect_right(test, h);
	unmap(h, HEAD + 10, 1);
	unmap(h, HEAD + 2 * SOFT_LEVEL_ENTRIES + 400, RANGE_PAGES - HEAD -
	      (2 * SOFT_LEVEL_ENTRIES + 400));
	expect_right(test, h);
}

static bool is_unmapped(const struct huge_test *h, u32 page, u32 count)
{
	return !memchr_inv(&h->expect[page], 0, count * sizeof(h->expect[0]));
}

static u32 pick(struct huge_test *h, u32 below)
{
	return (soft_test_random(&h->t) >> 32) % below;
}

static void random_op(struct huge_test *h)
{
	bool vram = pick(h, 2);
	u32 first, count;

	switch (pick(h, 4)) {
	case 0:
		first = pick(h, RANGE_PAGES);
		count = 1 + pick(h, RANGE_PAGES - first);
		break;
	case 1:
		first = pick(h, RANGE_PAGES);
		count = 1 + pick(h, min(64U, RANGE_PAGES - first));
		break;
	default:
		first = pick(h, RANGE_BLOCKS);
		count = (1 + pick(h, RANGE_BLOCKS - first)) * SOFT_LEVEL_ENTRIES;
		first = HEAD + first * SOFT_LEVEL_ENTRIES;
		break;
	}
	if (!is_unmapped(h, first, count))
		unmap(h, first, count);
	else
		map(h, first, count, vram ? GPUP_MEM_VRAM : GPUP_MEM_SYSTEM,
		    (vram ? 0 : SYSTEM_ADDR) + pick(h, 32) * PAGE_SIZE, pick(h, 2));
}

static void test_random(struct kunit *test)
{
	struct huge_test *h = test->priv;
	u64 memory = soft_as_memory(h->t.ctx.as);
	u32 huge = 0, split = 0;
	int op;

	for (op = 0; op < 20000; op++) {
		u64 before = huge_entry(h, HUGE_VA);

		random_op(h);
		expect_right(test, h);
		huge += !before && huge_entry(h, HUGE_VA);
		split += before && !huge_entry(h, HUGE_VA) &&
			 !is_unmapped(h, HEAD, SOFT_LEVEL_ENTRIES);
		if (op % 256 == 0)
			cond_resched();
	}
	/* That it was about something. */
	KUNIT_EXPECT_GT(test, huge, 500);
	KUNIT_EXPECT_GT(test, split, 100);
	KUNIT_EXPECT_EQ(test, soft_as_memory(h->t.ctx.as), memory);
	kunit_info(test, "%u huge entries made, %u split\n", huge, split);
}

/* As if memory was being reclaimed: lockdep reports whoever allocates. */
static void test_no_allocation(struct kunit *test)
{
	struct huge_test *h = test->priv;

	if (!IS_ENABLED(CONFIG_LOCKDEP) || !debug_locks)
		kunit_skip(test, "no lockdep");
	fs_reclaim_acquire(GFP_KERNEL);
	map(h, 0, RANGE_PAGES, GPUP_MEM_VRAM, 0, true);
	unmap(h, HEAD + 5, 600);
	map(h, HEAD + 5, 600, GPUP_MEM_SYSTEM, SYSTEM_ADDR, true);
	unmap(h, 0, RANGE_PAGES);
	soft_vram_copy(&h->t.gpu, GPUP_MEM_VRAM, 0, GPUP_MEM_VRAM, PAGE_SIZE, PAGE_SIZE);
	fs_reclaim_release(GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

/* Tables of level 1 are two pages, all others one. */
static void test_memory(struct kunit *test)
{
	struct gpup_hw_as *as = soft_as_new(&((struct huge_test *)test->priv)->t.gpu);
	u64 empty;

	KUNIT_ASSERT_FALSE(test, IS_ERR(as));
	empty = soft_as_memory(as);
	KUNIT_EXPECT_EQ(test, empty, sizeof(*as) + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, HUGE_VA, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, soft_as_memory(as), empty + 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, HUGE_VA, SOFT_LEAF_SPAN + PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, soft_as_memory(as), empty + 5 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, BIT_ULL(30), PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, soft_as_memory(as), empty + 8 * PAGE_SIZE);

	as->tables = SOFT_AS_MAX_TABLES - 1;
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, BIT_ULL(31), PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, as->tables, SOFT_AS_MAX_TABLES - 1);
	soft_as_destroy(as);
}

/* VRAM is zeroed, and as contiguous as it is said to be. */
static void test_vram(struct kunit *test)
{
	struct huge_test *h = test->priv;
	struct soft_gpu *gpu = &h->t.gpu;
	u64 offset;

	KUNIT_EXPECT_NULL(test, memchr_inv(gpu->vram, 0, gpu->vram_size));
	KUNIT_ASSERT_TRUE(test, gpu->vram_block == PAGE_SIZE || gpu->vram_block == PMD_SIZE);
	for (offset = 0; offset < round_down(gpu->vram_size, gpu->vram_block);
	     offset += PAGE_SIZE) {
		u64 in_block = offset % gpu->vram_block;
		u64 first = PFN_PHYS((u64)vmalloc_to_pfn(gpu->vram + offset - in_block));

		KUNIT_ASSERT_EQ(test, first % gpu->vram_block, 0);
		KUNIT_ASSERT_EQ(test, PFN_PHYS((u64)vmalloc_to_pfn(gpu->vram + offset)),
				first + in_block);
	}
}

static void test_copy(struct kunit *test)
{
	struct huge_test *h = test->priv;
	struct soft_gpu *gpu = &h->t.gpu;
	/* More than one chunk, and not a multiple of one. */
	size_t size = SZ_1M + 3 * PAGE_SIZE;
	u64 to = SZ_2M + PAGE_SIZE;
	u64 *mem = gpu->vram;
	void *system;
	size_t i;

	for (i = 0; i < size / sizeof(*mem); i++)
		mem[i] = soft_test_random(&h->t);
	soft_vram_copy(gpu, GPUP_MEM_VRAM, to, GPUP_MEM_VRAM, 0, size);
	KUNIT_EXPECT_EQ(test, memcmp(gpu->vram + to, mem, size), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(gpu->vram + size, 0, to - size));
	KUNIT_EXPECT_NULL(test, memchr_inv(gpu->vram + to + size, 0,
					   gpu->vram_size - to - size));

	/* Out to the host, and back in elsewhere. */
	system = alloc_pages_exact(size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, system);
	soft_vram_copy(gpu, GPUP_MEM_SYSTEM, virt_to_phys(system), GPUP_MEM_VRAM, 0, size);
	KUNIT_EXPECT_EQ(test, memcmp(system, mem, size), 0);
	memset(gpu->vram + to, 0, size);
	soft_vram_copy(gpu, GPUP_MEM_VRAM, to, GPUP_MEM_SYSTEM, virt_to_phys(system), size);
	KUNIT_EXPECT_EQ(test, memcmp(gpu->vram + to, mem, size), 0);
	free_pages_exact(system, size);
}

static struct kunit_case huge_cases[] = {
	KUNIT_CASE(test_when_huge),
	KUNIT_CASE(test_split),
	KUNIT_CASE(test_split_across),
	KUNIT_CASE(test_random),
	KUNIT_CASE(test_no_allocation),
	KUNIT_CASE(test_memory),
	KUNIT_CASE(test_vram),
	KUNIT_CASE(test_copy),
	{}
};

static struct kunit_suite huge_suite = {
	.name = "gpup_soft_huge",
	.init = huge_init,
	.exit = huge_exit,
	.test_cases = huge_cases,
};

kunit_test_suite(huge_suite);
