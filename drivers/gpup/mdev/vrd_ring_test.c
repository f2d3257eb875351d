// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the rings of a Virtual Render Device.
 */
#include <kunit/test.h>

#include <linux/errno.h>
#include <linux/string.h>

#include "vrd_ring.h"

#define SIZE	64u

/* A ring with both of its ends: the guest's is made of plain stores. */
struct ring {
	struct gpup_vrd_ring_end end;
	struct gpup_vrd_ring *ctl;
	u8 *data;
};

static struct ring *new_ring(struct kunit *test)
{
	struct ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ring);
	ring->ctl = kunit_kzalloc(test, sizeof(*ring->ctl) + SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ring->ctl);
	ring->data = (u8 *)(ring->ctl + 1);
	/* What an earlier user has left. */
	memset(ring->ctl, 0x5a, sizeof(*ring->ctl));
	return ring;
}

static struct ring *new_command_ring(struct kunit *test)
{
	struct ring *ring = new_ring(test);

	ring->ctl->tail = 0;
	ring->ctl->room_wanted = 0;
	gpup_vrd_ring_init_consumer(&ring->end, ring->ctl, SIZE);
	return ring;
}

static struct ring *new_event_ring(struct kunit *test)
{
	struct ring *ring = new_ring(test);

	ring->ctl->head = 0;
	ring->ctl->notify = 0;
	gpup_vrd_ring_init_producer(&ring->end, ring->ctl, SIZE);
	return ring;
}

static void control_page_is_a_page(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, sizeof(struct gpup_vrd_ring), GPUP_VRD_PAGE_SIZE);
	/* The two sides do not share a cache line. */
	KUNIT_EXPECT_EQ(test, offsetof(struct gpup_vrd_ring, head), 64);
}

static void own_fields_are_cleared(struct kunit *test)
{
	struct ring *ring = new_command_ring(test);

	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->head), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->notify), 0);
	ring = new_event_ring(test);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->tail), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->room_wanted), 0);
}

static void messages_wrap_around(struct kunit *test)
{
	struct ring *ring = new_command_ring(test);
	u32 i, pos = 0;
	u8 buf[24];

	/* Indices run through 2^32 as well. */
	ring->end.pos = U32_MAX - 127;
	pos = ring->end.pos;
	for (i = 0; i < 100; i++) {
		u32 j;

		for (j = 0; j < sizeof(buf); j++)
			ring->data[(pos + j) % SIZE] = i + j;
		pos += sizeof(buf);
		ring->ctl->tail = cpu_to_le32(pos);

		KUNIT_ASSERT_EQ(test, gpup_vrd_ring_pending(&ring->end), sizeof(buf));
		gpup_vrd_ring_copy_out(&ring->end, 0, buf, 8);
		gpup_vrd_ring_copy_out(&ring->end, 8, buf + 8, sizeof(buf) - 8);
		for (j = 0; j < sizeof(buf); j++)
			KUNIT_ASSERT_EQ(test, buf[j], (u8)(i + j));
		gpup_vrd_ring_consume(&ring->end, sizeof(buf));
		KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->head), pos);
	}
}

static void made_up_indices_are_noticed(struct kunit *test)
{
	static const struct {
		u32 tail;
		int ret;
	} cases[] = {
		{ 0, 0 }, { 8, 8 }, { SIZE, SIZE }, { SIZE + 8, -EPROTO }, { 4, -EPROTO },
		{ 1, -EPROTO }, { U32_MAX, -EPROTO }, { U32_MAX - 7, -EPROTO },
		{ 1u << 31, -EPROTO },
	};
	struct ring *ring = new_command_ring(test);
	struct ring *events = new_event_ring(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ring->ctl->tail = cpu_to_le32(cases[i].tail);
		KUNIT_EXPECT_EQ_MSG(test, gpup_vrd_ring_pending(&ring->end), cases[i].ret,
				    "tail %u", cases[i].tail);
	}
	/* A guest cannot have consumed what was not produced. */
	events->ctl->head = cpu_to_le32(8);
	KUNIT_EXPECT_EQ(test, gpup_vrd_ring_room(&events->end), -EPROTO);
	events->ctl->head = cpu_to_le32(-8);
	KUNIT_EXPECT_EQ(test, gpup_vrd_ring_room(&events->end), SIZE - 8);
	events->ctl->head = cpu_to_le32(-72);
	KUNIT_EXPECT_EQ(test, gpup_vrd_ring_room(&events->end), -EPROTO);
}

static void own_index_is_not_read_back(struct kunit *test)
{
	struct ring *ring = new_command_ring(test);

	ring->ctl->tail = cpu_to_le32(16);
	ring->ctl->head = cpu_to_le32(12345);
	KUNIT_EXPECT_EQ(test, gpup_vrd_ring_pending(&ring->end), 16);
	gpup_vrd_ring_consume(&ring->end, 16);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->head), 16);
}

static void events_stop_when_full(struct kunit *test)
{
	struct ring *ring = new_event_ring(test);
	u8 event[24];
	u32 i;

	memset(event, 7, sizeof(event));
	KUNIT_EXPECT_EQ(test, gpup_vrd_ring_room(&ring->end), SIZE);
	for (i = 1; i <= 2; i++) {
		gpup_vrd_ring_copy_in(&ring->end, 0, event, sizeof(event));
		gpup_vrd_ring_publish(&ring->end, sizeof(event));
		KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->tail), i * sizeof(event));
	}
	KUNIT_EXPECT_EQ(test, gpup_vrd_ring_room(&ring->end), SIZE - 48);

	/* The guest takes one, and the next goes around the end. */
	ring->ctl->head = cpu_to_le32(sizeof(event));
	KUNIT_EXPECT_EQ(test, gpup_vrd_ring_room(&ring->end), SIZE - 24);
	event[16] = 9;
	gpup_vrd_ring_copy_in(&ring->end, 0, event, 16);
	gpup_vrd_ring_copy_in(&ring->end, 16, event + 16, 8);
	gpup_vrd_ring_publish(&ring->end, sizeof(event));
	KUNIT_EXPECT_EQ(test, ring->data[SIZE - 1], 7);
	KUNIT_EXPECT_EQ(test, ring->data[0], 9);
	KUNIT_EXPECT_EQ(test, ring->data[7], 7);
}

static void wishes_are_passed_on(struct kunit *test)
{
	struct ring *ring = new_command_ring(test);
	struct ring *events = new_event_ring(test);

	gpup_vrd_ring_set_notify(&ring->end, GPUP_VRD_NOTIFY_ALWAYS);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->notify), 1);
	gpup_vrd_ring_set_notify(&ring->end, 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->ctl->notify), 0);
	KUNIT_EXPECT_FALSE(test, gpup_vrd_ring_room_wanted(&ring->end));
	ring->ctl->room_wanted = cpu_to_le32(1);
	KUNIT_EXPECT_TRUE(test, gpup_vrd_ring_room_wanted(&ring->end));

	gpup_vrd_ring_set_room_wanted(&events->end, true);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(events->ctl->room_wanted), 1);
	KUNIT_EXPECT_FALSE(test, gpup_vrd_ring_notify_wanted(&events->end));
	events->ctl->notify = cpu_to_le32(1);
	KUNIT_EXPECT_TRUE(test, gpup_vrd_ring_notify_wanted(&events->end));
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(control_page_is_a_page),
	KUNIT_CASE(own_fields_are_cleared),
	KUNIT_CASE(messages_wrap_around),
	KUNIT_CASE(made_up_indices_are_noticed),
	KUNIT_CASE(own_index_is_not_read_back),
	KUNIT_CASE(events_stop_when_full),
	KUNIT_CASE(wishes_are_passed_on),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "gpup_vrd_ring",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
