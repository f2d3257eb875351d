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

#include "vidmm_internal.h"
#include "vidmm_test_gpu.h"

#define POOL		SZ_16M
#define POOL_PAGES	(POOL / PAGE_SIZE)

/* The memory manager of a test, with a VRAM of another size and another way to clear it. */
struct vram_test {
	struct gpup_vidmm *mm;
	struct gpup_vram *vram;
	/* Also how clearing finds the test. */
	struct gpup_adapter_caps caps;
	struct gpup_vidmm_partition mp;
	/* For whom TTM allocates. */
	struct gpup_bo bo;
	/* The memory, or NULL if nobody looks. */
	u8 *bytes;
	/* Bytes cleared by the scrubber, and by others. */
	u64 scrubbed, cleared;
	/* How often the scrubber began, and how often when another clear last ended. */
	unsigned int scrubs, scrubs_seen;
	/* Most that was ever cleared at once. */
	u64 largest;
	/* Clearing fails where it touches these bytes. */
	u64 fail_start, fail_end;
	/* The scrubber waits before it clears. */
	bool hold;
	wait_queue_head_t wait;
	/* Others take their time, and let the scrubber go. */
	bool slow;
};

static void let_go(struct vram_test *t)
{
	WRITE_ONCE(t->hold, false);
	wake_up_all(&t->wait);
}

static int test_clear(struct gpup_vidmm *mm, u64 offset, u64 size)
{
	struct vram_test *t = container_of(mm->caps, struct vram_test, caps);
	bool scrubber = current->flags & PF_WQ_WORKER;

	t->largest = max(t->largest, size);
	if (scrubber) {
		WRITE_ONCE(t->scrubs, t->scrubs + 1);
		wake_up_all(&t->wait);
		wait_event(t->wait, !READ_ONCE(t->hold));
	} else if (t->slow) {
		let_go(t);
		msleep(20);
	}
	if (offset < t->fail_end && t->fail_start < offset + size)
		return -EIO;
	if (t->bytes)
		memset(t->bytes + offset, 0, size);
	if (scrubber)
		t->scrubbed += size;
	else
		t->cleared += size;
	t->scrubs_seen = t->scrubs;
	return 0;
}

static struct vram_test *begin(struct kunit *test, u64 size, bool bytes)
{
	struct mm_test_gpu *gpu = test->priv;
	struct vram_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->mm = gpu->mm;
	t->vram = &gpu->mm->vram;
	t->caps = *gpu->mm->caps;
	t->caps.vram_size = size;
	init_waitqueue_head(&t->wait);
	if (bytes) {
		t->bytes = vmalloc(size);
		KUNIT_ASSERT_NOT_NULL(test, t->bytes);
		memset(t->bytes, 0xa5, size);
	}

	gpup_vram_fini(t->vram);
	gpup_pool_init(&t->mm->pool, size);
	t->mm->caps = &t->caps;
	KUNIT_ASSERT_EQ(test, 0, gpup_vram_init_with(t->vram, t->mm, test_clear));
	KUNIT_ASSERT_EQ(test, 0, gpup_vidmm_partition_init(&t->mp, t->mm, 0, size, 0));
	t->bo.mp = &t->mp;
	t->bo.tbo.bdev = &t->mm->ttm;
	return t;
}

/* What a test has allocated it has freed. */
static void end(struct kunit *test, struct vram_test *t)
{
	KUNIT_EXPECT_EQ(test, 0, t->mp.vram.resident);
	KUNIT_EXPECT_EQ(test, t->vram->buddy.size,
			t->vram->buddy.avail + t->vram->in_hand + t->vram->retired_size);
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->vram->huge));
	gpup_vidmm_partition_fini(&t->mp);
	mm_test_exit(test);
	test->priv = NULL;
	vfree(t->bytes);
}

/* Without a charge to the partition. */
static int try_alloc(struct vram_test *t, u64 size, struct ttm_resource **res)
{
	const struct ttm_place place = { .mem_type = TTM_PL_VRAM };

	t->bo.tbo.base.size = size;
	return t->vram->man.func->alloc(&t->vram->man, &t->bo.tbo, &place, res);
}

static int try_take(struct vram_test *t, u64 size, struct ttm_resource **res)
{
	int ret;

	ret = gpup_mem_charge(&t->mp, DRM_GPUP_BO_VRAM, size);
	if (ret)
		return ret;
	ret = try_alloc(t, size, res);
	if (ret)
		gpup_mem_uncharge(&t->mp, DRM_GPUP_BO_VRAM, size);
	return ret;
}

static struct ttm_resource *take(struct kunit *test, struct vram_test *t, u64 size)
{
	struct ttm_resource *res;

	KUNIT_ASSERT_EQ(test, 0, try_take(t, size, &res));
	return res;
}

static void give(struct vram_test *t, struct ttm_resource *res)
{
	u64 size = res->size;

	/* TTM may have given it to an object that is not ours. */
	res->bo = NULL;
	t->vram->man.func->free(&t->vram->man, res);
	gpup_mem_uncharge(&t->mp, DRM_GPUP_BO_VRAM, size);
}

static void park(struct vram_test *t)
{
	atomic_inc(&t->vram->urgent);
	flush_delayed_work(&t->vram->work);
}

static void unpark(struct vram_test *t)
{
	if (atomic_dec_and_test(&t->vram->urgent))
		queue_delayed_work(t->vram->wq, &t->vram->work, 0);
}

static void settle(struct vram_test *t)
{
	flush_delayed_work(&t->vram->work);
}

static u64 dirty(struct vram_test *t)
{
	return t->vram->buddy.avail - t->vram->buddy.clear_avail;
}

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
	struct vram_test *t = begin(test, POOL, true);
	struct ttm_resource *res;

	park(t);
	res = take(test, t, POOL);
	fill(t, res, 0xa5);
	give(t, res);
	KUNIT_ASSERT_EQ(test, POOL, dirty(t));
	t->cleared = 0;
	t->scrubbed = 0;
	t->scrubs = 0;
	t->largest = 0;
	return t;
}

static struct vram_test *begin_clear(struct kunit *test)
{
	struct vram_test *t = begin(test, POOL, true);

	settle(t);
	KUNIT_ASSERT_EQ(test, 0, dirty(t));
	return t;
}

static void all_is_cleared_once_from_the_start(struct kunit *test)
{
	struct vram_test *t = begin(test, POOL, true);
	struct ttm_resource *res;

	settle(t);
	KUNIT_EXPECT_EQ(test, POOL, t->vram->buddy.clear_avail);
	KUNIT_EXPECT_EQ(test, POOL, t->scrubbed);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->largest);
	KUNIT_EXPECT_NULL(test, memchr_inv(t->bytes, 0, POOL));

	/* Nor is anything cleared again for those who get it. */
	res = take(test, t, POOL);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res));
	KUNIT_EXPECT_EQ(test, 0, t->cleared);
	give(t, res);
	settle(t);
	KUNIT_EXPECT_EQ(test, 2ull * POOL, t->scrubbed);
	res = take(test, t, SZ_1M);
	give(t, res);
	settle(t);
	KUNIT_EXPECT_EQ(test, 2ull * POOL + SZ_1M, t->scrubbed);
	end(test, t);
}

static void clear_memory_goes_first(struct kunit *test)
{
	struct vram_test *t = begin_clear(test);
	struct ttm_resource *a, *b, *rest;

	park(t);
	a = take(test, t, SZ_4M);
	fill(t, a, 0x5a);
	give(t, a);
	KUNIT_EXPECT_EQ(test, SZ_4M, dirty(t));

	b = take(test, t, SZ_4M);
	KUNIT_EXPECT_EQ(test, SZ_4M, dirty(t));
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(b));
	KUNIT_EXPECT_EQ(test, 0, t->cleared);
	KUNIT_EXPECT_TRUE(test, is_filled(t, b, 0));

	/* What is dirty is better than nothing. */
	rest = take(test, t, POOL - SZ_4M);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(rest));
	KUNIT_EXPECT_EQ(test, SZ_4M, t->cleared);
	KUNIT_EXPECT_TRUE(test, is_filled(t, rest, 0));
	give(t, rest);
	give(t, b);
	unpark(t);
	settle(t);
	KUNIT_EXPECT_EQ(test, 0, dirty(t));
	end(test, t);
}

static void old_data_is_not_seen_and_only_the_own_size_is_paid(struct kunit *test)
{
	static const u64 sizes[] = { PAGE_SIZE, 3 * PAGE_SIZE, SZ_1M, SZ_2M + PAGE_SIZE, SZ_8M };
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource *res[ARRAY_SIZE(sizes)];
	u64 sum = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		res[i] = take(test, t, sizes[i]);
		KUNIT_EXPECT_FALSE(test, is_filled(t, res[i], 0));
		KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res[i]));
		KUNIT_EXPECT_TRUE(test, is_filled(t, res[i], 0));
		sum += sizes[i];
		KUNIT_EXPECT_EQ(test, sum, t->cleared);
	}
	KUNIT_EXPECT_EQ(test, SZ_2M, t->largest);
	KUNIT_EXPECT_EQ(test, 0, t->scrubbed);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		give(t, res[i]);
	end(test, t);
}

static void scrubber_retires_what_it_cannot_clear(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource *res;

	t->fail_start = SZ_4M + SZ_1M;
	t->fail_end = t->fail_start + PAGE_SIZE;
	unpark(t);
	settle(t);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->vram->retired_size);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->mm->pool.retired);
	KUNIT_EXPECT_EQ(test, POOL - SZ_2M, t->vram->buddy.clear_avail);
	KUNIT_EXPECT_EQ(test, -ENOSPC, try_alloc(t, POOL - SZ_2M + PAGE_SIZE, &res));
	res = take(test, t, POOL - SZ_2M);
	KUNIT_EXPECT_TRUE(test, is_filled(t, res, 0));
	give(t, res);
	end(test, t);
}

static void owner_that_cannot_be_served_retires_a_piece(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource *res, *none;
	struct gpup_extent extent;
	u64 bad;

	res = take(test, t, SZ_8M);
	gpup_vram_extent(res, SZ_4M + SZ_1M, &extent);
	bad = round_down(extent.addr, SZ_2M);
	t->fail_start = extent.addr;
	t->fail_end = extent.addr + 1;
	KUNIT_EXPECT_EQ(test, -EIO, gpup_vram_clear(res));
	KUNIT_EXPECT_EQ(test, 0, t->vram->retired_size);
	give(t, res);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->vram->retired_size);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->mm->pool.retired);
	KUNIT_EXPECT_EQ(test, POOL - SZ_2M, t->vram->buddy.avail);

	/* All the rest is good, and only the rest. */
	t->fail_start = bad;
	t->fail_end = bad + SZ_2M;
	res = take(test, t, POOL - SZ_2M);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res));
	KUNIT_EXPECT_TRUE(test, is_filled(t, res, 0));
	KUNIT_EXPECT_EQ(test, -ENOSPC, try_alloc(t, PAGE_SIZE, &none));
	give(t, res);
	unpark(t);
	settle(t);
	KUNIT_EXPECT_EQ(test, POOL - SZ_2M, t->vram->buddy.clear_avail);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->vram->retired_size);
	end(test, t);
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

	taker->ret = try_take(taker->t, POOL, &taker->res);
	taker->scrubs = READ_ONCE(taker->t->scrubs);
	complete(&taker->done);
}

static void what_is_being_scrubbed_is_waited_for(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct taker taker = { .t = t };
	struct ttm_resource *res, *none;

	WRITE_ONCE(t->hold, true);
	unpark(t);
	wait_event(t->wait, READ_ONCE(t->scrubs) == 1);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->vram->in_hand);

	/* Who can do without gets it at once; what is not there cannot be waited for. */
	res = take(test, t, POOL - SZ_2M);
	KUNIT_EXPECT_EQ(test, -ENOSPC, try_alloc(t, SZ_2M + PAGE_SIZE, &none));
	give(t, res);

	init_completion(&taker.done);
	INIT_WORK_ONSTACK(&taker.work, take_all);
	queue_work(system_unbound_wq, &taker.work);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&taker.done, HZ / 10));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->vram->urgent));
	let_go(t);
	wait_for_completion(&taker.done);
	destroy_work_on_stack(&taker.work);
	KUNIT_ASSERT_EQ(test, 0, taker.ret);
	KUNIT_EXPECT_EQ(test, 1, taker.scrubs);
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(taker.res));
	KUNIT_EXPECT_EQ(test, POOL - SZ_2M, t->cleared);
	KUNIT_EXPECT_TRUE(test, is_filled(t, taker.res, 0));
	give(t, taker.res);
	settle(t);
	KUNIT_EXPECT_EQ(test, 0, dirty(t));
	end(test, t);
}

/* Nothing can be cleared. */
static void piece_that_is_lost_in_the_hand_ends_the_wait(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct taker taker = { .t = t };

	t->fail_end = POOL;
	WRITE_ONCE(t->hold, true);
	unpark(t);
	wait_event(t->wait, READ_ONCE(t->scrubs) == 1);
	init_completion(&taker.done);
	INIT_WORK_ONSTACK(&taker.work, take_all);
	queue_work(system_unbound_wq, &taker.work);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&taker.done, HZ / 10));
	let_go(t);
	wait_for_completion(&taker.done);
	destroy_work_on_stack(&taker.work);
	KUNIT_EXPECT_EQ(test, -ENOSPC, taker.ret);
	settle(t);
	KUNIT_EXPECT_EQ(test, POOL, t->vram->retired_size);
	KUNIT_EXPECT_EQ(test, 0, t->vram->buddy.avail);
	end(test, t);
}

static void scrubber_stands_back_for_owners(struct kunit *test)
{
	struct vram_test *t = begin_dirty(test);
	struct ttm_resource *res = take(test, t, SZ_8M);

	WRITE_ONCE(t->hold, true);
	unpark(t);
	wait_event(t->wait, READ_ONCE(t->scrubs) == 1);
	/* The first piece lets the scrubber go; it may end what it has, and no more. */
	t->slow = true;
	KUNIT_EXPECT_EQ(test, 0, gpup_vram_clear(res));
	KUNIT_EXPECT_EQ(test, SZ_8M, t->cleared);
	KUNIT_EXPECT_EQ(test, 1, t->scrubs_seen);
	settle(t);
	KUNIT_EXPECT_EQ(test, 0, dirty(t));
	KUNIT_EXPECT_EQ(test, SZ_8M, t->scrubbed);
	give(t, res);
	end(test, t);
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

	small = take(test, t, PAGE_SIZE);
	a = take(test, t, SZ_8M);
	pieces = look_at(a);
	KUNIT_EXPECT_EQ(test, 1, pieces.count);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pieces.addr, SZ_2M));
	KUNIT_EXPECT_EQ(test, SZ_8M, atomic64_read(&t->vram->huge));

	b = take(test, t, SZ_4M + SZ_2M + SZ_1M + PAGE_SIZE);
	pieces = look_at(b);
	KUNIT_EXPECT_EQ(test, b->size, pieces.offset);
	KUNIT_EXPECT_EQ(test, 0, pieces.crooked);
	KUNIT_EXPECT_EQ(test, SZ_8M + SZ_4M + SZ_2M, atomic64_read(&t->vram->huge));
	give(t, a);
	give(t, b);
	give(t, small);
	end(test, t);
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
	unpark(t);
	settle(t);
	park(t);
	res = take(test, t, SZ_4M);
	give(t, take(test, t, SZ_1M));
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
	give(t, res);
	unpark(t);
	end(test, t);
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
		pages[i] = take(test, t, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -ENOSPC, try_alloc(t, PAGE_SIZE, &res));
	for (i = 0; i < POOL_PAGES / 2; i += 2)
		give(t, pages[i]);
	unpark(t);
	settle(t);
	KUNIT_EXPECT_EQ(test, 0, dirty(t));
	park(t);
	for (; i < POOL_PAGES; i += 2)
		give(t, pages[i]);
	KUNIT_EXPECT_EQ(test, POOL / 4, dirty(t));

	t->cleared = 0;
	res = take(test, t, POOL / 2);
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
	give(t, res);
	for (i = 1; i < POOL_PAGES; i += 2)
		give(t, pages[i]);
	unpark(t);
	settle(t);
	KUNIT_EXPECT_EQ(test, 0, dirty(t));
	res = take(test, t, SZ_8M);
	pieces = look_at(res);
	KUNIT_EXPECT_EQ(test, 1, pieces.count);
	give(t, res);
	end(test, t);
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

/* Small ones are as likely as large ones. */
static u64 random_size(struct rnd_state *rnd, unsigned int orders)
{
	u32 bound = 1u << prandom_u32_state(rnd) % (orders + 1);

	return (bound + prandom_u32_state(rnd) % bound) * PAGE_SIZE;
}

static void random_sequence_keeps_owners_apart(struct kunit *test)
{
	struct vram_test *t = begin(test, POOL, true);
	struct ttm_resource *res[RANDOM_OBJECTS] = {};
	struct owners *owners = kunit_kzalloc(test, sizeof(*owners), GFP_KERNEL);
	u64 live = 0, lost = 0, size;
	unsigned int step, seen = 0, refused = 0, failed = 0;
	struct rnd_state rnd;
	bool parked = false;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, owners);
	prandom_seed_state(&rnd, 3);
	for (step = 0; step < RANDOM_STEPS; step++) {
		unsigned int i = prandom_u32_state(&rnd) % RANDOM_OBJECTS;

		/* Once in a while a page goes bad, and the scrubber is too late for it. */
		if (step % 6000 == 3000) {
			park(t);
			parked = true;
			t->fail_start = (prandom_u32_state(&rnd) % POOL_PAGES) * PAGE_SIZE;
			t->fail_end = t->fail_start + PAGE_SIZE;
		} else if (step % 6000 == 4000) {
			unpark(t);
			parked = false;
		}
		owners->me = i + 1;
		if (res[i]) {
			if (!is_filled(t, res[i], i + 1))
				seen++;
			gpup_vram_walk(res[i], disown_piece, owners);
			live -= res[i]->size;
			give(t, res[i]);
			res[i] = NULL;
		} else {
			size = random_size(&rnd, 7);
			ret = try_take(t, size, &res[i]);
			if (ret) {
				refused++;
				KUNIT_ASSERT_GT(test, size, POOL - live - t->vram->retired_size);
				continue;
			}
			lost = t->vram->retired_size;
			if (gpup_vram_clear(res[i])) {
				failed++;
				give(t, res[i]);
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
			settle(t);
			KUNIT_ASSERT_EQ(test, 0, dirty(t));
			KUNIT_ASSERT_EQ(test, POOL, live + t->vram->retired_size +
					t->vram->buddy.avail);
		}
		cond_resched();
	}
	for (step = 0; step < RANDOM_OBJECTS; step++)
		if (res[step])
			give(t, res[step]);
	settle(t);
	KUNIT_EXPECT_EQ(test, 0, dirty(t));
	KUNIT_EXPECT_GT(test, refused, 0);
	KUNIT_EXPECT_GT(test, failed, 0);
	KUNIT_EXPECT_EQ(test, t->vram->retired_size, t->mm->pool.retired);
	KUNIT_EXPECT_GT(test, t->vram->retired_size, 0);
	KUNIT_EXPECT_GT(test, t->scrubbed, 0);
	KUNIT_EXPECT_GT(test, t->cleared, 0);
	kunit_info(test, "%u refused, %u could not be cleared, %llu MiB scrubbed, %llu MiB not\n",
		   refused, failed, t->scrubbed >> 20, t->cleared >> 20);
	end(test, t);
}

#define TRACE_POOL	SZ_256M
#define TRACE_OBJECTS	256
#define TRACE_STEPS	(IS_ENABLED(CONFIG_KASAN) ? 20000 : 200000)
#define TRACE_ROUNDS	9

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

static int compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void allocation_costs_little_more_than_bare_gpu_buddy(struct kunit *test)
{
	struct vram_test *t = begin(test, TRACE_POOL, false);
	u64 vram[TRACE_ROUNDS], bare[TRACE_ROUNDS];
	struct trace_step *trace;
	struct gpu_buddy buddy;
	struct rnd_state rnd;
	unsigned int i, refused = 0;

	trace = kvmalloc_array(TRACE_STEPS, sizeof(*trace), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, trace);
	prandom_seed_state(&rnd, 5);
	for (i = 0; i < TRACE_STEPS; i++) {
		trace[i].object = prandom_u32_state(&rnd) % TRACE_OBJECTS;
		trace[i].size = random_size(&rnd, 10);
	}
	KUNIT_ASSERT_EQ(test, 0, gpu_buddy_init(&buddy, TRACE_POOL, PAGE_SIZE));

	/* The scrubber would take the processor away. Both have only dirty memory. */
	park(t);
	give(t, take(test, t, TRACE_POOL));
	KUNIT_ASSERT_EQ(test, 0, gpup_mem_charge(&t->mp, DRM_GPUP_BO_VRAM, TRACE_POOL));
	for (i = 0; i < TRACE_ROUNDS + 1; i++) {
		u64 v = run_vram(t, trace, &refused);
		u64 b = run_buddy(&buddy, trace, &refused);

		/* The first round is for the caches. */
		if (i) {
			vram[i - 1] = v;
			bare[i - 1] = b;
		}
	}
	gpup_mem_uncharge(&t->mp, DRM_GPUP_BO_VRAM, TRACE_POOL);
	/* That would not be the same work: gpu_buddy finds out only when it has taken all. */
	KUNIT_EXPECT_EQ(test, 0, refused);
	sort(vram, TRACE_ROUNDS, sizeof(*vram), compare, NULL);
	sort(bare, TRACE_ROUNDS, sizeof(*bare), compare, NULL);
	kunit_info(test, "ns per step: %llu, bare gpu_buddy: %llu, ratio %llu/100\n",
		   div_u64(vram[TRACE_ROUNDS / 2], TRACE_STEPS),
		   div_u64(bare[TRACE_ROUNDS / 2], TRACE_STEPS),
		   div64_u64(100 * vram[TRACE_ROUNDS / 2], bare[TRACE_ROUNDS / 2]));
	if (!IS_ENABLED(CONFIG_KASAN))
		KUNIT_EXPECT_LE(test, 100 * vram[TRACE_ROUNDS / 2], 150 * bare[TRACE_ROUNDS / 2]);
	gpu_buddy_fini(&buddy);
	kvfree(trace);
	end(test, t);
}

static struct kunit_case vram_cases[] = {
	KUNIT_CASE(all_is_cleared_once_from_the_start),
	KUNIT_CASE(clear_memory_goes_first),
	KUNIT_CASE(old_data_is_not_seen_and_only_the_own_size_is_paid),
	KUNIT_CASE(scrubber_retires_what_it_cannot_clear),
	KUNIT_CASE(owner_that_cannot_be_served_retires_a_piece),
	KUNIT_CASE(what_is_being_scrubbed_is_waited_for),
	KUNIT_CASE(piece_that_is_lost_in_the_hand_ends_the_wait),
	KUNIT_CASE(scrubber_stands_back_for_owners),
	KUNIT_CASE(large_objects_get_large_pieces),
	KUNIT_CASE(report_adds_up),
	KUNIT_CASE(scattered_memory_is_as_good_as_any),
	KUNIT_CASE(random_sequence_keeps_owners_apart),
	KUNIT_CASE_SLOW(allocation_costs_little_more_than_bare_gpu_buddy),
	{}
};

static struct kunit_suite vram_suite = {
	.name = "gpup_vram",
	.init = mm_test_init,
	.exit = mm_test_exit,
	.test_cases = vram_cases,
};

kunit_test_suite(vram_suite);
