// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VRAM for the unit tests of it.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <drm/ttm/ttm_placement.h>

#include "vidmm_test_vram.h"

/**
 * vram_test_let_go() - Let a scrubber that is held go on
 * @t: The test.
 */
void vram_test_let_go(struct vram_test *t)
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
		vram_test_let_go(t);
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

/**
 * vram_test_begin_with() - Give a test a VRAM of its own, with pages of another size
 * @test: The test, of mm_test_init().
 * @size: Bytes.
 * @page_size: Bytes of a page of the GPU.
 * @bytes: There is memory behind it.
 *
 * Return: What it needs.
 */
struct vram_test *vram_test_begin_with(struct kunit *test, u64 size, u32 page_size, bool bytes)
{
	struct mm_test_gpu *gpu = test->priv;
	struct vram_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->mm = gpu->mm;
	t->vram = &gpu->mm->vram;
	t->caps = *gpu->mm->caps;
	t->caps.vram_size = size;
	t->caps.page_size = page_size;
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

/**
 * vram_test_begin() - Give a test a VRAM of its own
 * @test: The test, of mm_test_init().
 * @size: Bytes.
 * @bytes: There is memory behind it.
 *
 * Return: What it needs.
 */
struct vram_test *vram_test_begin(struct kunit *test, u64 size, bool bytes)
{
	return vram_test_begin_with(test, size, PAGE_SIZE, bytes);
}

/**
 * vram_test_end() - Look whether all is as it was, and destroy it
 * @test: The test.
 * @t: From vram_test_begin().
 *
 * What a test has allocated it has freed.
 */
void vram_test_end(struct kunit *test, struct vram_test *t)
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

/**
 * vram_test_try_alloc() - Allocate without a charge to the partition
 * @t: The test.
 * @size: Bytes.
 * @res: Receives the resource.
 *
 * Return: As TTM's managers do.
 */
int vram_test_try_alloc(struct vram_test *t, u64 size, struct ttm_resource **res)
{
	const struct ttm_place place = { .mem_type = TTM_PL_VRAM };

	t->bo.tbo.base.size = size;
	return t->vram->man.func->alloc(&t->vram->man, &t->bo.tbo, &place, res);
}

/**
 * vram_test_try_take() - Allocate
 * @t: The test.
 * @size: Bytes.
 * @res: Receives the resource.
 *
 * Return: As gpup_mem_charge() and TTM's managers do.
 */
int vram_test_try_take(struct vram_test *t, u64 size, struct ttm_resource **res)
{
	int ret;

	ret = gpup_mem_charge(&t->mp, DRM_GPUP_BO_VRAM, size);
	if (ret)
		return ret;
	ret = vram_test_try_alloc(t, size, res);
	if (ret)
		gpup_mem_uncharge(&t->mp, DRM_GPUP_BO_VRAM, size);
	return ret;
}

/**
 * vram_test_take() - Allocate, which must succeed
 * @test: The test.
 * @t: Its VRAM.
 * @size: Bytes.
 *
 * Return: The resource.
 */
struct ttm_resource *vram_test_take(struct kunit *test, struct vram_test *t, u64 size)
{
	struct ttm_resource *res;

	KUNIT_ASSERT_EQ(test, 0, vram_test_try_take(t, size, &res));
	return res;
}

/**
 * vram_test_give() - Free
 * @t: The test.
 * @res: The resource.
 */
void vram_test_give(struct vram_test *t, struct ttm_resource *res)
{
	u64 size = res->size;

	/* TTM may have given it to an object that is not ours. */
	res->bo = NULL;
	t->vram->man.func->free(&t->vram->man, res);
	gpup_mem_uncharge(&t->mp, DRM_GPUP_BO_VRAM, size);
}

/**
 * vram_test_park() - Keep the scrubber from working
 * @t: The test.
 */
void vram_test_park(struct vram_test *t)
{
	atomic_inc(&t->vram->urgent);
	flush_delayed_work(&t->vram->work);
}

/**
 * vram_test_unpark() - Let the scrubber work again
 * @t: The test.
 */
void vram_test_unpark(struct vram_test *t)
{
	if (atomic_dec_and_test(&t->vram->urgent))
		queue_delayed_work(t->vram->wq, &t->vram->work, 0);
}

/**
 * vram_test_settle() - Wait until the scrubber is at rest
 * @t: The test.
 */
void vram_test_settle(struct vram_test *t)
{
	flush_delayed_work(&t->vram->work);
}

/**
 * vram_test_dirty() - Free VRAM that is to be cleared
 * @t: The test.
 *
 * Return: Bytes.
 */
u64 vram_test_dirty(struct vram_test *t)
{
	return t->vram->buddy.avail - t->vram->buddy.clear_avail;
}

/**
 * vram_test_random_size() - Choose the size of an object
 * @rnd: Source of numbers.
 * @orders: Powers of two to choose from.
 *
 * Return: Bytes, a multiple of the page size.
 */
u64 vram_test_random_size(struct rnd_state *rnd, unsigned int orders)
{
	u32 bound = 1u << prandom_u32_state(rnd) % (orders + 1);

	return (bound + prandom_u32_state(rnd) % bound) * PAGE_SIZE;
}
