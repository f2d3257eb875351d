// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the parts of the guest's driver that need no device.
 */
#include <kunit/test.h>

#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "guest_handle.h"
#include "guest_memory.h"
#include "guest_pending.h"
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

static void memory_figures_come_whole(struct kunit *test)
{
	struct gpup_vrd_memory_status status = {
		.sequence = cpu_to_le32(6),
		.vram_min = cpu_to_le64(0x1111111122222222),
		.vram_max = cpu_to_le64(0x3333333344444444),
		.vram_used = cpu_to_le64(0x5555555566666666),
		.vram_budget = cpu_to_le64(0x7777777788888888),
		.vram_evicted = cpu_to_le64(0x99999999aaaaaaaa),
		.system_max = cpu_to_le64(0xbbbbbbbbcccccccc),
		.system_used = cpu_to_le64(0xddddddddeeeeeeee),
		.trims = cpu_to_le64(0xffffffff12345678),
	};
	struct drm_gpup_memory_info info;

	KUNIT_ASSERT_EQ(test, guest_memory_read(&status, &info), 0);
	KUNIT_EXPECT_EQ(test, info.vram_min, 0x1111111122222222);
	KUNIT_EXPECT_EQ(test, info.vram_max, 0x3333333344444444);
	KUNIT_EXPECT_EQ(test, info.vram_used, 0x5555555566666666);
	KUNIT_EXPECT_EQ(test, info.vram_budget, 0x7777777788888888);
	KUNIT_EXPECT_EQ(test, info.vram_evicted, 0x99999999aaaaaaaa);
	KUNIT_EXPECT_EQ(test, info.system_max, 0xbbbbbbbbcccccccc);
	KUNIT_EXPECT_EQ(test, info.system_used, 0xddddddddeeeeeeee);
	KUNIT_EXPECT_EQ(test, info.trims, 0xffffffff12345678);
}

/* A device that is in the middle of it for ever holds nobody up. */
static void memory_figures_are_not_waited_for(struct kunit *test)
{
	struct gpup_vrd_memory_status status = {};
	struct drm_gpup_memory_info info;

	status.sequence = cpu_to_le32(U32_MAX);
	KUNIT_EXPECT_EQ(test, guest_memory_read(&status, &info), -EAGAIN);
	status.sequence = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, guest_memory_read(&status, &info), -EAGAIN);
	status.sequence = cpu_to_le32(2);
	KUNIT_EXPECT_EQ(test, guest_memory_read(&status, &info), 0);
}

struct writer {
	struct gpup_vrd_memory_status status;
	u64 rounds;
};

/* Plays the device: in each round all figures are the same. */
static int write_figures(void *data)
{
	struct writer *writer = data;
	struct gpup_vrd_memory_status *status = &writer->status;
	u32 sequence = 0;
	u64 value = 0;

	while (!kthread_should_stop()) {
		value++;
		WRITE_ONCE(status->sequence, cpu_to_le32(++sequence));
		/* Odd before the figures. */
		virt_wmb();
		WRITE_ONCE(status->vram_min, cpu_to_le64(value));
		WRITE_ONCE(status->vram_max, cpu_to_le64(value));
		WRITE_ONCE(status->vram_used, cpu_to_le64(value));
		cond_resched();
		WRITE_ONCE(status->vram_budget, cpu_to_le64(value));
		WRITE_ONCE(status->vram_evicted, cpu_to_le64(value));
		WRITE_ONCE(status->system_max, cpu_to_le64(value));
		WRITE_ONCE(status->system_used, cpu_to_le64(value));
		WRITE_ONCE(status->trims, cpu_to_le64(value));
		/* The figures before even. */
		virt_wmb();
		WRITE_ONCE(status->sequence, cpu_to_le32(++sequence));
		WRITE_ONCE(writer->rounds, value);
		cond_resched();
	}
	return 0;
}

static bool all_alike(const struct drm_gpup_memory_info *info)
{
	const u64 *figures = (const u64 *)info;
	int i;

	for (i = 1; i < sizeof(*info) / sizeof(*figures); i++)
		if (figures[i] != figures[0])
			return false;
	return true;
}

static void memory_figures_belong_together(struct kunit *test)
{
	struct writer *writer = kunit_kzalloc(test, sizeof(*writer), GFP_KERNEL);
	struct drm_gpup_memory_info info;
	struct task_struct *task;
	unsigned int reads = 0, torn = 0;
	unsigned long end;

	KUNIT_ASSERT_NOT_NULL(test, writer);
	task = kthread_run(write_figures, writer, "gpup-writer");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (end = jiffies + HZ / 2; time_before(jiffies, end); cond_resched()) {
		if (guest_memory_read(&writer->status, &info))
			continue;
		reads++;
		if (!all_alike(&info))
			torn++;
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, torn, 0);
	KUNIT_EXPECT_NE(test, reads, 0);
	KUNIT_EXPECT_NE(test, writer->rounds, 0);
}

#define TEST_PENDING	8u

static struct guest_pending *new_pending(struct kunit *test)
{
	struct guest_pending *pending;

	pending = kunit_kzalloc(test, struct_size(pending, costs, TEST_PENDING), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pending);
	guest_pending_init(pending, TEST_PENDING);
	return pending;
}

static void pending_gives_back_what_has_ended(struct kunit *test)
{
	struct guest_pending *pending = new_pending(test);
	static const u8 costs[] = { 1, 65, 7 };

	KUNIT_EXPECT_EQ(test, guest_pending_add(pending, costs, 3), 73);
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, 0), 0);
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, 2), 66);
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, 2), 0);
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, 3), 7);
}

static void pending_is_full_when_it_is_full(struct kunit *test)
{
	struct guest_pending *pending = new_pending(test);
	static const u8 costs[TEST_PENDING] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	u64 value;

	KUNIT_EXPECT_TRUE(test, guest_pending_has_room(pending, TEST_PENDING));
	KUNIT_EXPECT_FALSE(test, guest_pending_has_room(pending, TEST_PENDING + 1));
	KUNIT_EXPECT_EQ(test, guest_pending_add(pending, costs, TEST_PENDING), 36);
	/* One ends, another comes, around and around. */
	for (value = 1; value <= 5 * TEST_PENDING; value++) {
		KUNIT_ASSERT_FALSE(test, guest_pending_has_room(pending, 1));
		KUNIT_ASSERT_EQ(test, guest_pending_end(pending, value),
				costs[(value - 1) % TEST_PENDING]);
		KUNIT_ASSERT_TRUE(test, guest_pending_has_room(pending, 1));
		KUNIT_ASSERT_FALSE(test, guest_pending_has_room(pending, 2));
		guest_pending_add(pending, &costs[(value - 1) % TEST_PENDING], 1);
	}
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, U64_MAX), 36);
}

static void pending_takes_values_back(struct kunit *test)
{
	struct guest_pending *pending = new_pending(test);
	static const u8 costs[] = { 1, 2, 4, 8 };

	guest_pending_add(pending, costs, 4);
	KUNIT_EXPECT_EQ(test, guest_pending_take_back(pending, 2), 12);
	KUNIT_EXPECT_EQ(test, guest_pending_add(pending, &costs[3], 1), 8);
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, U64_MAX), 11);
	/* The next value is the fourth. */
	KUNIT_EXPECT_EQ(test, guest_pending_add(pending, costs, 1), 1);
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, 3), 0);
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, 4), 1);
}

/* Whatever it says, what comes back in the end is what was added. */
static void pending_believes_no_device(struct kunit *test)
{
	struct guest_pending *pending = new_pending(test);
	static const u8 costs[] = { 1, 2, 4, 8 };
	u32 balance;

	balance = guest_pending_add(pending, costs, 4);
	balance -= guest_pending_end(pending, 3);
	balance -= guest_pending_end(pending, 1);
	KUNIT_EXPECT_EQ(test, balance, 8);
	balance -= guest_pending_end(pending, U64_MAX);
	KUNIT_EXPECT_EQ(test, balance, 0);

	/* It has ended what it was not sent. */
	balance = guest_pending_add(pending, costs, 2);
	balance -= guest_pending_end(pending, U64_MAX);
	balance -= guest_pending_take_back(pending, 2);
	KUNIT_EXPECT_EQ(test, balance, 0);
	/* It has ended some of what it was not sent, and ends more when that is gone. */
	balance = guest_pending_add(pending, costs, 4);
	balance -= guest_pending_end(pending, pending->last - 1);
	KUNIT_EXPECT_EQ(test, guest_pending_take_back(pending, 3), 8);
	KUNIT_EXPECT_EQ(test, balance, 8);
	KUNIT_EXPECT_EQ(test, guest_pending_end(pending, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, guest_pending_take_back(pending, 1), 0);
	KUNIT_EXPECT_TRUE(test, guest_pending_has_room(pending, TEST_PENDING));
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
	KUNIT_CASE(memory_figures_come_whole),
	KUNIT_CASE(memory_figures_are_not_waited_for),
	KUNIT_CASE(memory_figures_belong_together),
	KUNIT_CASE(pending_gives_back_what_has_ended),
	KUNIT_CASE(pending_is_full_when_it_is_full),
	KUNIT_CASE(pending_takes_values_back),
	KUNIT_CASE(pending_believes_no_device),
	{}
};

static struct kunit_suite guest_suite = {
	.name = "gpup_guest",
	.test_cases = guest_cases,
};

kunit_test_suites(&guest_suite);

MODULE_DESCRIPTION("GPU partitioning: tests of the virtual machines' driver");
MODULE_LICENSE("GPL");
