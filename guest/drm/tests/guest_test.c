// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the parts of the guest's driver that need no device.
 */
#include <kunit/test.h>

#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/string.h>

#include "guest_handle.h"
#include "guest_ring.h"
#include "guest_runs.h"

#define TEST_RING_SIZE	64u

/* Both ends of one ring: what the producer writes, the consumer reads. */
struct ring_pair {
	struct guest_ring producer;
	struct guest_ring consumer;
};

static void ring_pair_init(struct kunit *test, struct ring_pair *pair, u32 start)
{
	struct gpup_vrd_ring *ctl;

	ctl = kunit_kzalloc(test, sizeof(*ctl) + TEST_RING_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctl);
	guest_ring_init(&pair->producer, ctl, TEST_RING_SIZE);
	guest_ring_init(&pair->consumer, ctl, TEST_RING_SIZE);

	/* As if so many bytes had gone through it. */
	ctl->head = cpu_to_le32(start);
	ctl->tail = cpu_to_le32(start);
	pair->producer.pos = start;
	pair->producer.published = start;
	pair->consumer.pos = start;
	pair->consumer.published = start;
}

static void ring_keeps_messages_across_the_wrap(struct kunit *test)
{
	struct ring_pair pair;
	u8 in[40], out[40];
	int i;

	/* The indices wrap around too while this runs. */
	ring_pair_init(test, &pair, U32_MAX - 103);
	for (i = 0; i < 16; i++) {
		memset(in, i + 1, sizeof(in));
		memset(out, 0, sizeof(out));
		KUNIT_ASSERT_EQ(test, guest_ring_room(&pair.producer), TEST_RING_SIZE);
		guest_ring_copy_in(&pair.producer, in, sizeof(in));
		guest_ring_publish(&pair.producer);
		KUNIT_ASSERT_EQ(test, guest_ring_pending(&pair.consumer), sizeof(in));
		guest_ring_copy_out(&pair.consumer, out, sizeof(out));
		guest_ring_release(&pair.consumer);
		KUNIT_EXPECT_MEMEQ(test, in, out, sizeof(in));
	}
}

static void ring_hides_what_is_not_published(struct kunit *test)
{
	struct ring_pair pair;
	u64 in = 0x1122334455667788, out = 0;

	ring_pair_init(test, &pair, 0);
	guest_ring_copy_in(&pair.producer, &in, sizeof(in));
	KUNIT_EXPECT_EQ(test, guest_ring_pending(&pair.consumer), 0);
	guest_ring_rewind(&pair.producer);
	KUNIT_EXPECT_EQ(test, guest_ring_room(&pair.producer), TEST_RING_SIZE);

	in = 1;
	guest_ring_copy_in(&pair.producer, &in, sizeof(in));
	guest_ring_publish(&pair.producer);
	KUNIT_EXPECT_EQ(test, guest_ring_pending(&pair.consumer), sizeof(in));
	guest_ring_copy_out(&pair.consumer, &out, sizeof(out));
	KUNIT_EXPECT_EQ(test, out, 1);
}

static void ring_is_full_when_it_is_full(struct kunit *test)
{
	u8 in[TEST_RING_SIZE] = {}, out[8];
	struct ring_pair pair;

	ring_pair_init(test, &pair, 24);
	guest_ring_copy_in(&pair.producer, in, sizeof(in));
	guest_ring_publish(&pair.producer);
	KUNIT_EXPECT_EQ(test, guest_ring_room(&pair.producer), 0);
	KUNIT_EXPECT_EQ(test, guest_ring_pending(&pair.consumer), TEST_RING_SIZE);

	guest_ring_copy_out(&pair.consumer, out, sizeof(out));
	KUNIT_EXPECT_EQ(test, guest_ring_room(&pair.producer), 0);
	guest_ring_release(&pair.consumer);
	KUNIT_EXPECT_EQ(test, guest_ring_room(&pair.producer), sizeof(out));
}

static void ring_notifies_only_who_asks(struct kunit *test)
{
	struct ring_pair pair;
	u64 word = 0;

	ring_pair_init(test, &pair, 0);
	guest_ring_copy_in(&pair.producer, &word, sizeof(word));
	KUNIT_EXPECT_FALSE(test, guest_ring_publish(&pair.producer));
	guest_ring_set_notify(&pair.consumer, true);
	guest_ring_copy_in(&pair.producer, &word, sizeof(word));
	KUNIT_EXPECT_TRUE(test, guest_ring_publish(&pair.producer));

	guest_ring_copy_out(&pair.consumer, &word, sizeof(word));
	KUNIT_EXPECT_FALSE(test, guest_ring_release(&pair.consumer));
	guest_ring_want_room(&pair.producer, true);
	guest_ring_copy_out(&pair.consumer, &word, sizeof(word));
	KUNIT_EXPECT_TRUE(test, guest_ring_release(&pair.consumer));
}

static void ring_refuses_wild_indices(struct kunit *test)
{
	struct ring_pair pair;

	ring_pair_init(test, &pair, 0);
	pair.consumer.ctl->tail = cpu_to_le32(TEST_RING_SIZE + 8);
	KUNIT_EXPECT_EQ(test, guest_ring_pending(&pair.consumer), -EPROTO);
	pair.consumer.ctl->tail = cpu_to_le32(4);
	KUNIT_EXPECT_EQ(test, guest_ring_pending(&pair.consumer), -EPROTO);
	/* The device cannot have read what was not written. */
	pair.producer.ctl->head = cpu_to_le32(8);
	KUNIT_EXPECT_EQ(test, guest_ring_room(&pair.producer), -EPROTO);
}

static void handles_are_never_zero_or_alike(struct kunit *test)
{
	struct guest_handle_pool pool;
	u32 handles[4], more;
	int i, j;

	KUNIT_ASSERT_EQ(test, guest_handle_pool_init(&pool, ARRAY_SIZE(handles)), 0);
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		KUNIT_EXPECT_EQ(test, guest_handle_alloc(&pool, &handles[i]), 0);
		KUNIT_EXPECT_NE(test, GPUP_VRD_HANDLE_GENERATION(handles[i]), 0);
		KUNIT_EXPECT_LT(test, GPUP_VRD_HANDLE_INDEX(handles[i]), ARRAY_SIZE(handles));
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, GPUP_VRD_HANDLE_INDEX(handles[i]),
					GPUP_VRD_HANDLE_INDEX(handles[j]));
	}
	KUNIT_EXPECT_EQ(test, guest_handle_alloc(&pool, &more), -ENOSPC);
	guest_handle_free(&pool, handles[2]);
	KUNIT_EXPECT_EQ(test, guest_handle_alloc(&pool, &more), 0);
	KUNIT_EXPECT_EQ(test, GPUP_VRD_HANDLE_INDEX(more), GPUP_VRD_HANDLE_INDEX(handles[2]));
	KUNIT_EXPECT_NE(test, more, handles[2]);
	guest_handle_pool_fini(&pool);
}

static void handles_skip_generation_zero(struct kunit *test)
{
	struct guest_handle_pool pool;
	u32 handle, last = 0;
	int i;

	KUNIT_ASSERT_EQ(test, guest_handle_pool_init(&pool, 1), 0);
	for (i = 0; i < U16_MAX + 2; i++) {
		KUNIT_ASSERT_EQ(test, guest_handle_alloc(&pool, &handle), 0);
		KUNIT_ASSERT_NE(test, GPUP_VRD_HANDLE_GENERATION(handle), 0);
		KUNIT_ASSERT_NE(test, handle, last);
		last = handle;
		guest_handle_free(&pool, handle);
	}
	guest_handle_pool_fini(&pool);
}

struct segment {
	u64 address;
	u32 pages;
};

static void make_table(struct kunit *test, struct sg_table *sgt, const struct segment *segments,
		       unsigned int count)
{
	unsigned int i;

	sgt->sgl = kunit_kcalloc(test, count, sizeof(*sgt->sgl), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sgt->sgl);
	sg_init_table(sgt->sgl, count);
	sgt->nents = count;
	sgt->orig_nents = count;
	for (i = 0; i < count; i++) {
		sgt->sgl[i].length = segments[i].pages * GPUP_VRD_PAGE_SIZE;
		sg_dma_address(&sgt->sgl[i]) = segments[i].address;
		sg_dma_len(&sgt->sgl[i]) = segments[i].pages * GPUP_VRD_PAGE_SIZE;
	}
}

static void expect_run(struct kunit *test, const struct gpup_vrd_run *run, u64 address, u32 pages)
{
	KUNIT_EXPECT_EQ(test, le64_to_cpu(run->address), address);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(run->pages), pages);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(run->reserved), 0);
}

static const struct segment some_segments[] = {
	{ 0x10000, 2 }, { 0x12000, 1 },	/* one run of three pages */
	{ 0x20000, 1 },
	{ 0x1f000, 1 },			/* before the last: another run */
	{ 0x20000, 4 }, { 0x24000, 4 },	/* together with the one before */
};

static void runs_are_joined(struct kunit *test)
{
	struct guest_run_cursor cursor;
	struct gpup_vrd_run runs[8];
	struct sg_table sgt;

	make_table(test, &sgt, some_segments, ARRAY_SIZE(some_segments));
	guest_runs_start(&cursor, &sgt);
	KUNIT_ASSERT_EQ(test, guest_runs_next(&cursor, runs, ARRAY_SIZE(runs)), 3);
	expect_run(test, &runs[0], 0x10000, 3);
	expect_run(test, &runs[1], 0x20000, 1);
	expect_run(test, &runs[2], 0x1f000, 9);
	KUNIT_EXPECT_EQ(test, guest_runs_next(&cursor, runs, ARRAY_SIZE(runs)), 0);
}

static void runs_go_on_in_the_next_message(struct kunit *test)
{
	struct guest_run_cursor cursor;
	struct gpup_vrd_run runs[2];
	struct sg_table sgt;

	make_table(test, &sgt, some_segments, ARRAY_SIZE(some_segments));
	guest_runs_start(&cursor, &sgt);
	KUNIT_ASSERT_EQ(test, guest_runs_next(&cursor, runs, ARRAY_SIZE(runs)), 2);
	expect_run(test, &runs[0], 0x10000, 3);
	expect_run(test, &runs[1], 0x20000, 1);
	KUNIT_ASSERT_EQ(test, guest_runs_next(&cursor, runs, ARRAY_SIZE(runs)), 1);
	expect_run(test, &runs[0], 0x1f000, 9);
	KUNIT_EXPECT_EQ(test, guest_runs_next(&cursor, runs, ARRAY_SIZE(runs)), 0);
}

static struct kunit_case guest_cases[] = {
	KUNIT_CASE(ring_keeps_messages_across_the_wrap),
	KUNIT_CASE(ring_hides_what_is_not_published),
	KUNIT_CASE(ring_is_full_when_it_is_full),
	KUNIT_CASE(ring_notifies_only_who_asks),
	KUNIT_CASE(ring_refuses_wild_indices),
	KUNIT_CASE(handles_are_never_zero_or_alike),
	KUNIT_CASE(handles_skip_generation_zero),
	KUNIT_CASE(runs_are_joined),
	KUNIT_CASE(runs_go_on_in_the_next_message),
	{}
};

static struct kunit_suite guest_suite = {
	.name = "gpup_guest",
	.test_cases = guest_cases,
};

kunit_test_suites(&guest_suite);

MODULE_DESCRIPTION("GPU partitioning: tests of the virtual machines' driver");
MODULE_LICENSE("GPL");
