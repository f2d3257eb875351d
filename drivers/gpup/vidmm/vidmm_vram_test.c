// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the VRAM: who gets what, and what is in it.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_placement.h>

#include "vidmm_test_vram.h"

#define POOL		SZ_16M
#define POOL_PAGES	(POOL / PAGE_SIZE)

struct fill {
	struct vram_test *t;
	u8 value;
	bool ok;
};

static void fill_piece(u64 addr, u64 size, void *data)
{
	struct fill *fill = data;

	memset(fill->t->bytes + addr, fill->value, size);
}

static void fill(struct vram_test *t, struct ttm_resource *res, u8 value)
{
	struct fill fill = { .t = t, .value = value };

	gpup_vram_walk(res, fill_piece, &fill);
}

static void check_piece(u64 addr, u64 size, void *data)
{
	struct fill *fill = data;

	if (memchr_inv(fill->t->bytes + addr, fill->value, size))
		fill->ok = false;
}

static bool is_filled(struct vram_test *t, struct ttm_resource *res, u8 value)
{
	struct fill fill = { .t = t, .value = value, .ok = true };

	gpup_vram_walk(res, check_piece, &fill);
	return fill.ok;
}

/* All of the VRAM is somebody's old data, and the scrubber does not come to it. */
static struct vram_test *begin_dirty(struct kunit *test)
{
	struct vram_test *t = vram_test_begin(test, POOL, true);
	struct ttm_resource *res;

	vram_test_park(t);
	res = vram_test_take(test, t, POOL);
	fill(t, res, 0xa5);
	vram_test_give(t, res);
	KUNIT_ASSERT_EQ(test, POOL, vram_test_dirty(t));
	t->cleared = 0;
	t->scrubbed = 0;
	t->scrubs = 0;
	t->largest = 0;
	return t;
}

static struct vram_test *begin_clear(struct kunit *test)
{
	struct vram_test *t = vram_test_begin(test, POOL, true);

	vram_test_settle(t);
	KUNIT_ASSERT_EQ(test, 0, vram_test_dirty(t));
	return t;
}

static void all_is_cleared_once_from_the_start(struct kunit *test)
{
	struct vram_test *t = vram_test_begin(test, POOL, true);
	struct ttm_resource *res;

	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, POOL, t->vram->buddy.clear_avail);
	KUNIT_EXPECT_EQ(test, POOL, t->scrubbed);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->largest);
	KUNIT_EXPECT_NULL(test, memchr_inv(t->bytes, 0, POOL));

	/* Nor is anything cleared again for those who get it. */
	res = vram_test_take(test, t, POOL);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res));
	KUNIT_EXPECT_EQ(test, 0, t->cleared);
	vram_test_give(t, res);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, 2ull * POOL, t->scrubbed);
	res = vram_test_take(test, t, SZ_1M);
	vram_test_give(t, res);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, 2ull * POOL + SZ_1M, t->scrubbed);
	vram_test_end(test, t);
}

static void clear_memory_goes_first(struct kunit *test)
{
	struct vram_test *t = begin_clear(test);
	struct ttm_resource *a, *b, *rest;

	vram_test_park(t);
	a = vram_test_take(test, t, SZ_4M);
	fill(t, a, 0x5a);
	vram_test_give(t, a);
	KUNIT_EXPECT_EQ(test, SZ_4M, vram_test_dirty(t));

	b = vram_test_take(test, t, SZ_4M);
	KUNIT_EXPECT_EQ(test, SZ_4M, vram_test_dirty(t));
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(b));
	KUNIT_EXPECT_EQ(test, 0, t->cleared);
	KUNIT_EXPECT_TRUE(test, is_filled(t, b, 0));

	/* What is dirty is better than nothing. */
	rest = vram_test_take(test, t, POOL - SZ_4M);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(rest));
	KUNIT_EXPECT_EQ(test, SZ_4M, t->cleared);
	KUNIT_EXPECT_TRUE(test, is_filled(t, rest, 0));
	vram_test_give(t, rest);
	vram_test_give(t, b);
	vram_test_unpark(t);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, 0, vram_test_dirty(t));
	vram_test_end(test, t);
}

static void old_data_is_not_seen_and_only_the_own_size_is_paid(struct kunit *test)
{
	static const u64 sizes[] = { PAGE_SIZE, 3 * PAGE_SIZE, SZ_1M, SZ_2M + PAGE_SIZE, SZ_8M };
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource *res[ARRAY_SIZE(sizes)];
	u64 sum = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		res[i] = vram_test_take(test, t, sizes[i]);
		KUNIT_EXPECT_FALSE(test, is_filled(t, res[i], 0));
		KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res[i]));
		KUNIT_EXPECT_TRUE(test, is_filled(t, res[i], 0));
		sum += sizes[i];
		KUNIT_EXPECT_EQ(test, sum, t->cleared);
	}
	KUNIT_EXPECT_EQ(test, SZ_2M, t->largest);
	KUNIT_EXPECT_EQ(test, 0, t->scrubbed);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		vram_test_give(t, res[i]);
	vram_test_end(test, t);
}

static void scrubber_retires_what_it_cannot_clear(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource *res;

	t->fail_start = SZ_4M + SZ_1M;
	t->fail_end = t->fail_start + PAGE_SIZE;
	vram_test_unpark(t);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->vram->retired_size);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->mm->pool.retired);
	KUNIT_EXPECT_EQ(test, POOL - SZ_2M, t->vram->buddy.clear_avail);
	KUNIT_EXPECT_EQ(test, -ENOSPC, vram_test_try_alloc(t, POOL - SZ_2M + PAGE_SIZE, &res));
	res = vram_test_take(test, t, POOL - SZ_2M);
	KUNIT_EXPECT_TRUE(test, is_filled(t, res, 0));
	vram_test_give(t, res);
	vram_test_end(test, t);
}

static void owner_that_cannot_be_served_retires_a_piece(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource *res, *none;
	struct gpup_extent extent;
	u64 bad;

	res = vram_test_take(test, t, SZ_8M);
	gpup_vram_extent(res, SZ_4M + SZ_1M, &extent);
	bad = round_down(extent.addr, SZ_2M);
	t->fail_start = extent.addr;
	t->fail_end = extent.addr + 1;
	KUNIT_EXPECT_EQ(test, -EIO, gpup_vram_clear(res));
	KUNIT_EXPECT_EQ(test, 0, t->vram->retired_size);
	vram_test_give(t, res);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->vram->retired_size);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->mm->pool.retired);
	KUNIT_EXPECT_EQ(test, POOL - SZ_2M, t->vram->buddy.avail);

	/* All the rest is good, and only the rest. */
	t->fail_start = bad;
	t->fail_end = bad + SZ_2M;
	res = vram_test_take(test, t, POOL - SZ_2M);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res));
	KUNIT_EXPECT_TRUE(test, is_filled(t, res, 0));
	KUNIT_EXPECT_EQ(test, -ENOSPC, vram_test_try_alloc(t, PAGE_SIZE, &none));
	vram_test_give(t, res);
	vram_test_unpark(t);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, POOL - SZ_2M, t->vram->buddy.clear_avail);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->vram->retired_size);
	vram_test_end(test, t);
}

/* The block was clear when its owner got it, who has written to all of it. */
static void what_is_around_the_lost_is_dirty(struct kunit *test)
{
	struct vram_test *t = begin_clear(test);
	struct gpup_extent extent;
	struct ttm_resource *res;

	vram_test_park(t);
	res = vram_test_take(test, t, SZ_1M);
	fill(t, res, 0x5a);
	gpup_vram_extent(res, SZ_1M - PAGE_SIZE, &extent);
	gpup_vram_lose(res, extent.addr, PAGE_SIZE);
	vram_test_give(t, res);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, t->vram->retired_size);
	KUNIT_EXPECT_EQ(test, SZ_1M - PAGE_SIZE, vram_test_dirty(t));
	KUNIT_EXPECT_EQ(test, POOL - SZ_1M, t->vram->buddy.clear_avail);

	res = vram_test_take(test, t, POOL - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res));
	KUNIT_EXPECT_TRUE(test, is_filled(t, res, 0));
	vram_test_give(t, res);
	vram_test_unpark(t);
	vram_test_end(test, t);
}

/* Copies have pieces as small as pages of the host. */
static void pages_of_the_gpu_are_lost_as_a_whole(struct kunit *test)
{
	struct vram_test *t = vram_test_begin_with(test, POOL, SZ_64K, true);
	struct gpup_extent extent;
	struct ttm_resource *res;

	vram_test_settle(t);
	res = vram_test_take(test, t, SZ_1M);
	gpup_vram_extent(res, SZ_512K + PAGE_SIZE, &extent);
	gpup_vram_lose(res, extent.addr, PAGE_SIZE);
	vram_test_give(t, res);
	KUNIT_EXPECT_EQ(test, SZ_64K, t->vram->retired_size);

	/* It is the right one: all the others are good. */
	t->fail_start = extent.addr;
	t->fail_end = extent.addr + PAGE_SIZE;
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, POOL - SZ_64K, t->vram->buddy.clear_avail);

	/* Of two pages. */
	t->fail_end = 0;
	res = vram_test_take(test, t, SZ_1M);
	gpup_vram_extent(res, SZ_512K, &extent);
	gpup_vram_lose(res, extent.addr - PAGE_SIZE, 2 * PAGE_SIZE);
	vram_test_give(t, res);
	KUNIT_EXPECT_EQ(test, 3 * SZ_64K, t->vram->retired_size);
	vram_test_end(test, t);
}

struct taker {
	struct work_struct work;
	struct completion done;
	struct vram_test *t;
	struct ttm_resource *res;
	unsigned int scrubs;
	int ret;
};

static void take_all(struct work_struct *work)
{
	struct taker *taker = container_of(work, struct taker, work);

	taker->ret = vram_test_try_take(taker->t, POOL, &taker->res);
	taker->scrubs = READ_ONCE(taker->t->scrubs);
	complete(&taker->done);
}

static void what_is_being_scrubbed_is_waited_for(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct taker taker = { .t = t };
	struct ttm_resource *res, *none;

	WRITE_ONCE(t->hold, true);
	vram_test_unpark(t);
	wait_event(t->wait, READ_ONCE(t->scrubs) == 1);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->vram->in_hand);

	/* Who can do without gets it at once; what is not there cannot be waited for. */
	res = vram_test_take(test, t, POOL - SZ_2M);
	KUNIT_EXPECT_EQ(test, -ENOSPC, vram_test_try_alloc(t, SZ_2M + PAGE_SIZE, &none));
	vram_test_give(t, res);

	init_completion(&taker.done);
	INIT_WORK_ONSTACK(&taker.work, take_all);
	queue_work(system_unbound_wq, &taker.work);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&taker.done, HZ / 10));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->vram->urgent));
	vram_test_let_go(t);
	wait_for_completion(&taker.done);
	destroy_work_on_stack(&taker.work);
	KUNIT_ASSERT_EQ(test, 0, taker.ret);
	KUNIT_EXPECT_EQ(test, 1, taker.scrubs);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(taker.res));
	KUNIT_EXPECT_EQ(test, POOL - SZ_2M, t->cleared);
	KUNIT_EXPECT_TRUE(test, is_filled(t, taker.res, 0));
	vram_test_give(t, taker.res);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, 0, vram_test_dirty(t));
	vram_test_end(test, t);
}

/* Nothing can be cleared. */
static void piece_that_is_lost_in_the_hand_ends_the_wait(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct taker taker = { .t = t };

	t->fail_end = POOL;
	WRITE_ONCE(t->hold, true);
	vram_test_unpark(t);
	wait_event(t->wait, READ_ONCE(t->scrubs) == 1);
	init_completion(&taker.done);
	INIT_WORK_ONSTACK(&taker.work, take_all);
	queue_work(system_unbound_wq, &taker.work);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&taker.done, HZ / 10));
	vram_test_let_go(t);
	wait_for_completion(&taker.done);
	destroy_work_on_stack(&taker.work);
	KUNIT_EXPECT_EQ(test, -ENOSPC, taker.ret);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, POOL, t->vram->retired_size);
	KUNIT_EXPECT_EQ(test, 0, t->vram->buddy.avail);
	vram_test_end(test, t);
}

static void scrubber_stands_back_for_owners(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource *res = vram_test_take(test, t, SZ_8M);

	WRITE_ONCE(t->hold, true);
	vram_test_unpark(t);
	wait_event(t->wait, READ_ONCE(t->scrubs) == 1);
	/* The first piece lets the scrubber go; it may end what it has, and no more. */
	t->slow = true;
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res));
	KUNIT_EXPECT_EQ(test, SZ_8M, t->cleared);
	KUNIT_EXPECT_EQ(test, 1, t->scrubs_seen);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, 0, vram_test_dirty(t));
	KUNIT_EXPECT_EQ(test, SZ_8M, t->scrubbed);
	vram_test_give(t, res);
	vram_test_end(test, t);
}

struct pieces {
	u64 offset;
	u64 addr;
	unsigned int count;
	unsigned int crooked;
};

static void look_at_piece(u64 addr, u64 size, void *data)
{
	struct pieces *pieces = data;

	pieces->count++;
	pieces->addr = addr;
	/* It can be mapped in large pages as far as it goes. */
	if (size >= SZ_2M && !IS_ALIGNED(pieces->offset ^ addr, SZ_2M))
		pieces->crooked++;
	pieces->offset += size;
}

static struct pieces look_at(struct ttm_resource *res)
{
	struct pieces pieces = {};

	gpup_vram_walk(res, look_at_piece, &pieces);
	return pieces;
}

static void large_objects_get_large_pieces(struct kunit *test)
{
	struct vram_test *t = begin_clear(test);
	struct ttm_resource *small, *a, *b;
	struct pieces pieces;

	small = vram_test_take(test, t, PAGE_SIZE);
	a = vram_test_take(test, t, SZ_8M);
	pieces = look_at(a);
	KUNIT_EXPECT_EQ(test, 1, pieces.count);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pieces.addr, SZ_2M));
	KUNIT_EXPECT_EQ(test, SZ_8M, atomic64_read(&t->vram->huge));

	b = vram_test_take(test, t, SZ_4M + SZ_2M + SZ_1M + PAGE_SIZE);
	pieces = look_at(b);
	KUNIT_EXPECT_EQ(test, b->size, pieces.offset);
	KUNIT_EXPECT_EQ(test, 0, pieces.crooked);
	KUNIT_EXPECT_EQ(test, SZ_8M + SZ_4M + SZ_2M, atomic64_read(&t->vram->huge));
	vram_test_give(t, a);
	vram_test_give(t, b);
	vram_test_give(t, small);
	vram_test_end(test, t);
}

static void report_adds_up(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	char *text = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);
	struct drm_print_iterator iter = { .data = text, .remain = SZ_4K - 1 };
	struct drm_printer p = drm_coredump_printer(&iter);
	struct ttm_resource *res;

	KUNIT_ASSERT_NOT_NULL(test, text);
	t->fail_end = PAGE_SIZE;
	vram_test_unpark(t);
	vram_test_settle(t);
	vram_test_park(t);
	res = vram_test_take(test, t, SZ_4M);
	vram_test_give(t, vram_test_take(test, t, SZ_1M));
	gpup_vram_report(t->vram, &p);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "size: 16777216\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "allocated: 4194304\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "allocated-huge: 4194304 (100%)\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "free: 10485760\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "clear: 9437184\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "dirty: 1048576\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "retired: 2097152\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "     1048576        1        1\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "largest free: 8388608\n"));
	vram_test_give(t, res);
	vram_test_unpark(t);
	vram_test_end(test, t);
}

/* Every second page is free, and the scrubber has been to half of these. */
static void scattered_memory_is_as_good_as_any(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource **pages, *res;
	struct gpup_extent extent;
	unsigned int i, wrong = 0;
	struct pieces pieces;

	pages = kunit_kcalloc(test, POOL_PAGES, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < POOL_PAGES; i++)
		pages[i] = vram_test_take(test, t, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -ENOSPC, vram_test_try_alloc(t, PAGE_SIZE, &res));
	for (i = 0; i < POOL_PAGES / 2; i += 2)
		vram_test_give(t, pages[i]);
	vram_test_unpark(t);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, 0, vram_test_dirty(t));
	vram_test_park(t);
	for (; i < POOL_PAGES; i += 2)
		vram_test_give(t, pages[i]);
	KUNIT_EXPECT_EQ(test, POOL / 4, vram_test_dirty(t));

	t->cleared = 0;
	res = vram_test_take(test, t, POOL / 2);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res));
	KUNIT_EXPECT_EQ(test, POOL / 4, t->cleared);
	KUNIT_EXPECT_TRUE(test, is_filled(t, res, 0));
	pieces = look_at(res);
	KUNIT_EXPECT_EQ(test, POOL_PAGES / 2, pieces.count);
	for (i = 0; i < POOL_PAGES / 2; i++) {
		gpup_vram_extent(res, (u64)i * PAGE_SIZE, &extent);
		t->bytes[extent.addr] = 1;
		if (extent.size != PAGE_SIZE)
			wrong++;
	}
	/* Each page was another one. */
	for (i = 0; i < POOL_PAGES; i++)
		wrong += t->bytes[i * PAGE_SIZE] == 1 ? 0 : 1;
	KUNIT_EXPECT_EQ(test, POOL_PAGES / 2, wrong);

	/* It grows together again. */
	vram_test_give(t, res);
	for (i = 1; i < POOL_PAGES; i += 2)
		vram_test_give(t, pages[i]);
	vram_test_unpark(t);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, 0, vram_test_dirty(t));
	res = vram_test_take(test, t, SZ_8M);
	pieces = look_at(res);
	KUNIT_EXPECT_EQ(test, 1, pieces.count);
	vram_test_give(t, res);
	vram_test_end(test, t);
}

#define RANDOM_STEPS	24000
#define RANDOM_OBJECTS	128

/* Who has each page, by the slow way. */
struct owners {
	u8 owner[POOL_PAGES];
	u8 me;
	unsigned int wrong;
};

static void own_piece(u64 addr, u64 size, void *data)
{
	struct owners *owners = data;
	u64 page;

	for (page = addr / PAGE_SIZE; page < (addr + size) / PAGE_SIZE; page++) {
		if (owners->owner[page])
			owners->wrong++;
		owners->owner[page] = owners->me;
	}
}

static void disown_piece(u64 addr, u64 size, void *data)
{
	struct owners *owners = data;
	u64 page;

	for (page = addr / PAGE_SIZE; page < (addr + size) / PAGE_SIZE; page++) {
		if (owners->owner[page] != owners->me)
			owners->wrong++;
		owners->owner[page] = 0;
	}
}

/* A page of what its owner has written to. */
static void lose_a_page(struct ttm_resource *res, struct rnd_state *rnd)
{
	u64 page = prandom_u32_state(rnd) % (res->size / PAGE_SIZE);
	struct gpup_extent extent;

	gpup_vram_extent(res, page * PAGE_SIZE, &extent);
	gpup_vram_lose(res, extent.addr, PAGE_SIZE);
}

/* Small ones are as likely as large ones. */
static void random_sequence_keeps_owners_apart(struct kunit *test)
{
	struct vram_test *t = vram_test_begin(test, POOL, true);
	struct ttm_resource *res[RANDOM_OBJECTS] = {};
	struct owners *owners = kunit_kzalloc(test, sizeof(*owners), GFP_KERNEL);
	u64 live = 0, lost = 0, size;
	unsigned int step, seen = 0, refused = 0, failed = 0;
	struct rnd_state rnd;
	bool parked = false, lose = false;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, owners);
	prandom_seed_state(&rnd, 3);
	for (step = 0; step < RANDOM_STEPS; step++) {
		unsigned int i = prandom_u32_state(&rnd) % RANDOM_OBJECTS;

		/* Once in a while a page goes bad, and the scrubber is too late for it. */
		if (step % 6000 == 3000) {
			vram_test_park(t);
			parked = true;
			t->fail_start = (prandom_u32_state(&rnd) % POOL_PAGES) * PAGE_SIZE;
			t->fail_end = t->fail_start + PAGE_SIZE;
		} else if (step % 6000 == 4000) {
			vram_test_unpark(t);
			parked = false;
		}
		if (step % 500 == 0)
			lose = true;
		owners->me = i + 1;
		if (res[i]) {
			if (!is_filled(t, res[i], i + 1))
				seen++;
			gpup_vram_walk(res[i], disown_piece, owners);
			live -= res[i]->size;
			if (lose)
				lose_a_page(res[i], &rnd);
			lost = t->vram->retired_size;
			vram_test_give(t, res[i]);
			res[i] = NULL;
			if (lose)
				KUNIT_ASSERT_GE(test, t->vram->retired_size, lost + PAGE_SIZE);
			lose = false;
		} else {
			size = vram_test_random_size(&rnd, 7);
			ret = vram_test_try_take(t, size, &res[i]);
			if (ret) {
				refused++;
				KUNIT_ASSERT_GT(test, size, POOL - live - t->vram->retired_size);
				continue;
			}
			lost = t->vram->retired_size;
			if (gpup_vram_clear(res[i])) {
				failed++;
				vram_test_give(t, res[i]);
				res[i] = NULL;
				KUNIT_ASSERT_GT(test, t->vram->retired_size, lost);
				continue;
			}
			if (!is_filled(t, res[i], 0))
				seen++;
			gpup_vram_walk(res[i], own_piece, owners);
			fill(t, res[i], i + 1);
			live += size;
		}
		KUNIT_ASSERT_EQ(test, 0, owners->wrong);
		KUNIT_ASSERT_EQ(test, 0, seen);
		KUNIT_ASSERT_EQ(test, live, t->mp.vram.resident);
		if (step % 64 == 0 && !parked) {
			vram_test_settle(t);
			KUNIT_ASSERT_EQ(test, 0, vram_test_dirty(t));
			KUNIT_ASSERT_EQ(test, POOL, live + t->vram->retired_size +
					t->vram->buddy.avail);
		}
		cond_resched();
	}
	for (step = 0; step < RANDOM_OBJECTS; step++)
		if (res[step])
			vram_test_give(t, res[step]);
	vram_test_settle(t);
	KUNIT_EXPECT_EQ(test, 0, vram_test_dirty(t));
	KUNIT_EXPECT_GT(test, refused, 0);
	KUNIT_EXPECT_GT(test, failed, 0);
	KUNIT_EXPECT_EQ(test, t->vram->retired_size, t->mm->pool.retired);
	KUNIT_EXPECT_GT(test, t->vram->retired_size, 0);
	KUNIT_EXPECT_GT(test, t->scrubbed, 0);
	KUNIT_EXPECT_GT(test, t->cleared, 0);
	kunit_info(test, "%u refused, %u could not be cleared, %llu MiB scrubbed, %llu MiB not\n",
		   refused, failed, t->scrubbed >> 20, t->cleared >> 20);
	vram_test_end(test, t);
}

static struct kunit_case vram_cases[] = {
	KUNIT_CASE(all_is_cleared_once_from_the_start),
	KUNIT_CASE(clear_memory_goes_first),
	KUNIT_CASE(old_data_is_not_seen_and_only_the_own_size_is_paid),
	KUNIT_CASE(scrubber_retires_what_it_cannot_clear),
	KUNIT_CASE(owner_that_cannot_be_served_retires_a_piece),
	KUNIT_CASE(what_is_around_the_lost_is_dirty),
	KUNIT_CASE(pages_of_the_gpu_are_lost_as_a_whole),
	KUNIT_CASE(what_is_being_scrubbed_is_waited_for),
	KUNIT_CASE(piece_that_is_lost_in_the_hand_ends_the_wait),
	KUNIT_CASE(scrubber_stands_back_for_owners),
	KUNIT_CASE(large_objects_get_large_pieces),
	KUNIT_CASE(report_adds_up),
	KUNIT_CASE(scattered_memory_is_as_good_as_any),
	KUNIT_CASE(random_sequence_keeps_owners_apart),
	{}
};

static struct kunit_suite vram_suite = {
	.name = "gpup_vram",
	.init = mm_test_init,
	.exit = mm_test_exit,
	.test_cases = vram_cases,
};

kunit_test_suite(vram_suite);
