// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the timeline slots of a Virtual Render Device.
 */
#include <kunit/test.h>

#include <linux/errno.h>
#include <linux/string.h>

#include "vrd_slot.h"

#define COUNT	4
#define CLIENT	0x10001

struct fixture {
	struct gpup_vrd_slot shared[COUNT];
	struct gpup_vrd_slots slots;
	struct gpup_timeline tl;
	struct gpup_notifier notifier;
	unsigned int interrupts;
	unsigned int drains;
};

static void count_interrupt(void *data)
{
	struct fixture *f = data;

	f->interrupts++;
}

static void count_drain(void *data)
{
	struct fixture *f = data;

	f->drains++;
}

static void free_slots(void *data)
{
	gpup_vrd_slots_fini(data);
}

static struct fixture *new_fixture(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	memset(f->shared, 0x5a, sizeof(f->shared));
	KUNIT_ASSERT_EQ(test, gpup_vrd_slots_init(&f->slots, f->shared, COUNT, count_interrupt,
						  count_drain, f), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_slots, &f->slots), 0);
	f->shared[2].wake = 0;
	KUNIT_ASSERT_EQ(test, gpup_vrd_slot_claim(&f->slots, 2, CLIENT, &f->notifier), 0);
	return f;
}

static void reach(struct fixture *f, u64 value)
{
	f->tl.completed = value;
	f->notifier.notify(&f->tl, f->notifier.data);
}

static void break_at(struct fixture *f, u64 value, int error, u64 addr)
{
	f->tl.failed_at = value;
	f->tl.error = error;
	f->tl.fault_addr = addr;
}

static void slots_are_checked(struct kunit *test)
{
	struct fixture *f = new_fixture(test);
	struct gpup_notifier notifier;

	KUNIT_EXPECT_EQ(test, sizeof(struct gpup_vrd_slot), 64);
	KUNIT_EXPECT_EQ(test, gpup_vrd_slot_claim(&f->slots, COUNT, CLIENT, &notifier), -EINVAL);
	KUNIT_EXPECT_EQ(test, gpup_vrd_slot_claim(&f->slots, U32_MAX, CLIENT, &notifier),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, gpup_vrd_slot_claim(&f->slots, 2, CLIENT, &notifier), -EBUSY);
	KUNIT_EXPECT_EQ(test, gpup_vrd_slot_claim(&f->slots, 3, 0x20002, &notifier), 0);

	gpup_vrd_slots_release_client(&f->slots, CLIENT);
	KUNIT_EXPECT_EQ(test, gpup_vrd_slot_claim(&f->slots, 3, CLIENT, &notifier), -EBUSY);
	KUNIT_EXPECT_EQ(test, gpup_vrd_slot_claim(&f->slots, 2, CLIENT, &notifier), 0);
	gpup_vrd_slot_release(notifier.data);
	KUNIT_EXPECT_EQ(test, gpup_vrd_slot_claim(&f->slots, 2, CLIENT, &notifier), 0);
}

static void new_slot_is_clear(struct kunit *test)
{
	struct fixture *f = new_fixture(test);
	struct gpup_notifier notifier;
	struct gpup_vrd_slot *slot = &f->shared[1];

	KUNIT_ASSERT_EQ(test, gpup_vrd_slot_claim(&f->slots, 1, CLIENT, &notifier), 0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->completed), 0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->failed_at), 0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->fault_addr), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(slot->error), 0);
	/* The driver may have asked for the first value already. */
	KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->wake), 0x5a5a5a5a5a5a5a5a);
	/* And nobody has touched another. */
	KUNIT_EXPECT_EQ(test, le64_to_cpu(f->shared[0].completed), 0x5a5a5a5a5a5a5a5a);
}

static void progress_is_silent(struct kunit *test)
{
	struct fixture *f = new_fixture(test);

	reach(f, 1);
	reach(f, 7);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(f->shared[2].completed), 7);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(f->shared[2].failed_at), 0);
	KUNIT_EXPECT_EQ(test, f->interrupts, 0);
}

static void wake_value_interrupts_once(struct kunit *test)
{
	struct fixture *f = new_fixture(test);

	reach(f, 1);
	f->shared[2].wake = cpu_to_le64(3);
	reach(f, 2);
	KUNIT_EXPECT_EQ(test, f->interrupts, 0);
	reach(f, 3);
	KUNIT_EXPECT_EQ(test, f->interrupts, 1);
	reach(f, 4);
	KUNIT_EXPECT_EQ(test, f->interrupts, 1);
	/* It may be passed over. */
	f->shared[2].wake = cpu_to_le64(6);
	reach(f, 9);
	KUNIT_EXPECT_EQ(test, f->interrupts, 2);
	/* A value of the past is for the driver to notice itself. */
	f->shared[2].wake = cpu_to_le64(9);
	reach(f, 10);
	KUNIT_EXPECT_EQ(test, f->interrupts, 2);
}

static void failure_is_shown(struct kunit *test)
{
	struct fixture *f = new_fixture(test);
	struct gpup_vrd_slot *slot = &f->shared[2];

	reach(f, 4);
	break_at(f, 5, -EFAULT, 0xdeadb000);
	reach(f, 5);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->completed), 5);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->failed_at), 5);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->fault_addr), 0xdeadb000);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(slot->error), EFAULT);
	KUNIT_EXPECT_EQ(test, f->interrupts, 0);
}

static void failure_interrupts_whoever_waits(struct kunit *test)
{
	struct fixture *f = new_fixture(test);

	f->shared[2].wake = cpu_to_le64(100);
	break_at(f, 1, -ETIME, 0);
	/* A posted message has failed: no value was reached. */
	reach(f, 0);
	KUNIT_EXPECT_EQ(test, f->interrupts, 1);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(f->shared[2].error), ETIME);
	/* Once is enough. */
	reach(f, 1);
	KUNIT_EXPECT_EQ(test, f->interrupts, 1);
	reach(f, 100);
	KUNIT_EXPECT_EQ(test, f->interrupts, 2);
}

static void guest_cannot_confuse_us(struct kunit *test)
{
	struct fixture *f = new_fixture(test);

	f->shared[2].wake = cpu_to_le64(2);
	reach(f, 1);
	/* What the guest writes over our values is its own affair. */
	f->shared[2].completed = cpu_to_le64(U64_MAX);
	f->shared[2].failed_at = cpu_to_le64(1);
	reach(f, 2);
	KUNIT_EXPECT_EQ(test, f->interrupts, 1);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(f->shared[2].completed), 2);
}

static void a_queue_that_runs_dry_is_noticed(struct kunit *test)
{
	struct fixture *f = new_fixture(test);

	f->tl.submitted = 4;
	reach(f, 1);
	reach(f, 2);
	KUNIT_EXPECT_EQ(test, 0, f->drains);
	/* One is left, which runs by now. */
	reach(f, 3);
	KUNIT_EXPECT_EQ(test, 1, f->drains);
	reach(f, 4);
	KUNIT_EXPECT_EQ(test, 2, f->drains);

	f->tl.submitted = 10;
	break_at(f, 5, -EFAULT, 0x1000);
	reach(f, 5);
	KUNIT_EXPECT_EQ(test, 3, f->drains);
}

static struct kunit_case slot_cases[] = {
	KUNIT_CASE(slots_are_checked),
	KUNIT_CASE(new_slot_is_clear),
	KUNIT_CASE(progress_is_silent),
	KUNIT_CASE(wake_value_interrupts_once),
	KUNIT_CASE(failure_is_shown),
	KUNIT_CASE(failure_interrupts_whoever_waits),
	KUNIT_CASE(guest_cannot_confuse_us),
	KUNIT_CASE(a_queue_that_runs_dry_is_noticed),
	{}
};

static struct kunit_suite slot_suite = {
	.name = "gpup_vrd_slot",
	.test_cases = slot_cases,
};

kunit_test_suite(slot_suite);
