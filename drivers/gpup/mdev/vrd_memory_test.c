// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the memory status of a Virtual Render Device.
 */
#include <kunit/test.h>

#include <linux/string.h>

#include "vrd_memory.h"

struct fixture {
	u8 page[GPUP_VRD_PAGE_SIZE] __aligned(8);
	struct gpup_vrd_memory memory;
	unsigned int kicks;
};

static void count_kick(void *data)
{
	struct fixture *f = data;

	f->kicks++;
}

static struct fixture *new_fixture(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	memset(f->page, 0x5a, sizeof(f->page));
	gpup_vrd_memory_init(&f->memory, count_kick, f);
	return f;
}

static struct fixture *new_started(struct kunit *test)
{
	struct fixture *f = new_fixture(test);

	gpup_vrd_memory_start(&f->memory, f->page);
	return f;
}

static void say_changed(struct fixture *f)
{
	gpup_vrd_memory_listener.changed(&f->memory);
}

static void say_trim(struct fixture *f, u64 budget, u64 over, u32 grace_ms)
{
	gpup_vrd_memory_listener.trim(&f->memory, budget, over, grace_ms);
}

static const struct drm_gpup_memory_info some_figures = {
	.vram_min = 0x1111111122222222,
	.vram_max = 0x3333333344444444,
	.vram_used = 0x5555555566666666,
	.vram_budget = 0x7777777788888888,
	.vram_evicted = 0x99999999aaaaaaaa,
	.system_max = 0xbbbbbbbbcccccccc,
	.system_used = 0xddddddddeeeeeeee,
	.trims = 0xffffffff12345678,
};

static void expect_figures(struct kunit *test, struct fixture *f, u32 sequence)
{
	const struct drm_gpup_memory_info *info = &some_figures;
	struct gpup_vrd_memory_status *status = (void *)f->page;

	KUNIT_EXPECT_EQ(test, le32_to_cpu(status->sequence), sequence);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(status->reserved), 0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(status->vram_min), info->vram_min);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(status->vram_max), info->vram_max);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(status->vram_used), info->vram_used);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(status->vram_budget), info->vram_budget);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(status->vram_evicted), info->vram_evicted);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(status->system_max), info->system_max);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(status->system_used), info->system_used);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(status->trims), info->trims);
}

static void page_is_cleared_and_filled(struct kunit *test)
{
	struct fixture *f = new_started(test);

	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(f->page, 0, sizeof(f->page)), NULL);
	KUNIT_EXPECT_TRUE(test, gpup_vrd_memory_take_changed(&f->memory));
	KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_take_changed(&f->memory));
	gpup_vrd_memory_write(&f->memory, &some_figures);
	expect_figures(test, f, 2);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(f->page + sizeof(struct gpup_vrd_memory_status), 0,
					     sizeof(f->page) -
					     sizeof(struct gpup_vrd_memory_status)), NULL);
}

static void page_is_never_read(struct kunit *test)
{
	struct fixture *f = new_started(test);

	gpup_vrd_memory_write(&f->memory, &some_figures);
	memset(f->page, 0xff, sizeof(struct gpup_vrd_memory_status));
	((struct gpup_vrd_memory_status *)f->page)->reserved = 0;
	gpup_vrd_memory_write(&f->memory, &some_figures);
	expect_figures(test, f, 4);
}

static void sequence_wraps_around(struct kunit *test)
{
	struct fixture *f = new_started(test);

	f->memory.sequence = U32_MAX - 1;
	gpup_vrd_memory_write(&f->memory, &some_figures);
	expect_figures(test, f, 0);
}

static void changes_are_noted_once(struct kunit *test)
{
	struct fixture *f = new_started(test);

	KUNIT_EXPECT_EQ(test, f->kicks, 0);
	gpup_vrd_memory_take_changed(&f->memory);
	say_changed(f);
	say_changed(f);
	KUNIT_EXPECT_NE(test, f->kicks, 0);
	KUNIT_EXPECT_TRUE(test, gpup_vrd_memory_take_changed(&f->memory));
	KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_take_changed(&f->memory));
	KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_trim_pending(&f->memory));
}

static void newest_trim_is_kept(struct kunit *test)
{
	struct fixture *f = new_started(test);
	struct gpup_vrd_trim trim;

	gpup_vrd_memory_take_changed(&f->memory);
	KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_take_trim(&f->memory, &trim));
	say_trim(f, 100, 10, 1);
	say_trim(f, 0x123456789a, 0xabcdef0123, 250);
	KUNIT_EXPECT_EQ(test, f->kicks, 2);
	KUNIT_EXPECT_TRUE(test, gpup_vrd_memory_trim_pending(&f->memory));
	KUNIT_EXPECT_TRUE(test, gpup_vrd_memory_take_changed(&f->memory));
	KUNIT_ASSERT_TRUE(test, gpup_vrd_memory_take_trim(&f->memory, &trim));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(trim.budget), 0x123456789a);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(trim.over), 0xabcdef0123);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(trim.grace_ms), 250);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(trim.reserved), 0);
	KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_trim_pending(&f->memory));
	KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_take_trim(&f->memory, &trim));
}

static void nothing_is_noted_without_a_page(struct kunit *test)
{
	struct fixture *f = new_fixture(test);
	struct gpup_vrd_trim trim;
	int i;

	/* Before the first start, and after each stop. */
	for (i = 0; i < 3; i++) {
		say_changed(f);
		say_trim(f, 1, 2, 3);
		KUNIT_EXPECT_EQ(test, f->kicks, 0);
		KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_take_changed(&f->memory));
		KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_trim_pending(&f->memory));

		gpup_vrd_memory_start(&f->memory, f->page);
		KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_take_trim(&f->memory, &trim));
		say_trim(f, 1, 2, 3);
		KUNIT_EXPECT_EQ(test, f->kicks, 1);
		gpup_vrd_memory_stop(&f->memory);
		KUNIT_EXPECT_PTR_EQ(test, f->memory.status, NULL);
		f->kicks = 0;
	}
	/* It may be stopped twice. */
	gpup_vrd_memory_stop(&f->memory);
	KUNIT_EXPECT_FALSE(test, gpup_vrd_memory_take_changed(&f->memory));
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(page_is_cleared_and_filled),
	KUNIT_CASE(page_is_never_read),
	KUNIT_CASE(sequence_wraps_around),
	KUNIT_CASE(changes_are_noted_once),
	KUNIT_CASE(newest_trim_is_kept),
	KUNIT_CASE(nothing_is_noted_without_a_page),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "gpup_vrd_memory",
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
