// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of registers and bring-up of a Virtual Render Device.
 */
#include <kunit/test.h>

#include "vrd_regs.h"

#define ACK		GPUP_VRD_STATUS_ACKNOWLEDGE
#define DRIVER		GPUP_VRD_STATUS_DRIVER
#define FEATURES_OK	GPUP_VRD_STATUS_FEATURES_OK
#define DRIVER_OK	GPUP_VRD_STATUS_DRIVER_OK
#define NEEDS_RESET	GPUP_VRD_STATUS_NEEDS_RESET
#define FAILED		GPUP_VRD_STATUS_FAILED

static struct gpup_vrd_regs *new_regs(struct kunit *test)
{
	struct gpup_vrd_regs *regs = kunit_kzalloc(test, sizeof(*regs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, regs);
	gpup_vrd_regs_init(regs, 100);
	return regs;
}

static enum gpup_vrd_action write_status(struct gpup_vrd_regs *regs, u32 value)
{
	return gpup_vrd_regs_write(regs, GPUP_VRD_REG_STATUS, value);
}

static u32 status(struct gpup_vrd_regs *regs)
{
	return gpup_vrd_regs_read(regs, GPUP_VRD_REG_STATUS);
}

static u32 error(struct gpup_vrd_regs *regs)
{
	return gpup_vrd_regs_read(regs, GPUP_VRD_REG_ERROR);
}

static void set_up(struct gpup_vrd_regs *regs)
{
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_CMD_LO, 0x10000);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_CMD_HI, 1);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_CMD_SIZE, GPUP_VRD_RING_MIN);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_EVT_LO, 0x20000);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_EVT_SIZE, GPUP_VRD_RING_MAX);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_SLOTS_LO, 0x400000);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_SLOTS_COUNT, GPUP_VRD_SLOTS_MAX);
}

static struct gpup_vrd_regs *new_negotiated(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_regs(test);

	write_status(regs, ACK);
	write_status(regs, ACK | DRIVER);
	write_status(regs, ACK | DRIVER | FEATURES_OK);
	KUNIT_ASSERT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK);
	return regs;
}

static struct gpup_vrd_regs *new_running(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_negotiated(test);

	set_up(regs);
	KUNIT_ASSERT_EQ(test, write_status(regs, ACK | DRIVER | FEATURES_OK | DRIVER_OK),
			GPUP_VRD_DO_START);
	gpup_vrd_regs_started(regs);
	return regs;
}

static void identity(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_regs(test);
	u32 offset;

	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, GPUP_VRD_REG_MAGIC), GPUP_VRD_MAGIC);
	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, GPUP_VRD_REG_VERSION), 0x10000);
	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, GPUP_VRD_REG_MAX_OBJECTS), 100);
	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, GPUP_VRD_REG_MAX_TIMELINES),
			GPUP_VRD_SLOTS_MAX);
	for (offset = GPUP_VRD_REGS_END; offset < GPUP_VRD_REGS_SIZE; offset += 4) {
		KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, offset), 0);
		KUNIT_EXPECT_EQ(test, gpup_vrd_regs_write(regs, offset, 1), GPUP_VRD_DO_NOTHING);
	}
	/* Read-only. */
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_MAGIC, 0);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_ERROR, 3);
	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, GPUP_VRD_REG_MAGIC), GPUP_VRD_MAGIC);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_NONE);
	KUNIT_EXPECT_EQ(test, status(regs), 0);
}

static struct gpup_vrd_regs *new_with_memory_status(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_regs(test);

	write_status(regs, ACK | DRIVER);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_DRIVER_FEATURES, GPUP_VRD_F_MEMORY_STATUS);
	write_status(regs, ACK | DRIVER | FEATURES_OK);
	KUNIT_ASSERT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK);
	set_up(regs);
	return regs;
}

static void bring_up(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_running(test);

	KUNIT_EXPECT_FALSE(test, gpup_vrd_regs_has_memory_status(regs));
	KUNIT_EXPECT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK | DRIVER_OK);
	KUNIT_EXPECT_EQ(test, regs->cmd_addr, 0x100010000);
	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, GPUP_VRD_REG_CMD_HI), 1);
	KUNIT_EXPECT_EQ(test, regs->evt_addr, 0x20000);
	KUNIT_EXPECT_TRUE(test, gpup_vrd_regs_setup_valid(regs));
	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_write(regs, GPUP_VRD_REG_DOORBELL, 0),
			GPUP_VRD_DO_KICK);
	KUNIT_EXPECT_EQ(test, write_status(regs, 0), GPUP_VRD_DO_RESET);
}

static void steps_may_be_taken_together(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_regs(test);

	KUNIT_EXPECT_EQ(test, write_status(regs, ACK | DRIVER | FEATURES_OK),
			GPUP_VRD_DO_NOTHING);
	KUNIT_EXPECT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK);
}

static void steps_may_not_be_left_out(struct kunit *test)
{
	static const u32 wrong[] = {
		DRIVER, FEATURES_OK, DRIVER_OK, ACK | FEATURES_OK, ACK | DRIVER | DRIVER_OK,
		1 << 4, 1 << 5, 1 << 8, 1u << 31,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct gpup_vrd_regs *regs = new_regs(test);

		KUNIT_EXPECT_EQ(test, write_status(regs, wrong[i]), GPUP_VRD_DO_NOTHING);
		KUNIT_EXPECT_EQ_MSG(test, status(regs), FAILED, "write of %#x", wrong[i]);
		KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_SEQUENCE);
	}
}

static void steps_are_not_taken_back(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_negotiated(test);

	write_status(regs, ACK | DRIVER);
	KUNIT_EXPECT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK | FAILED);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_SEQUENCE);
}

static void unknown_features_are_not_accepted(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_regs(test);

	write_status(regs, ACK | DRIVER);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_DRIVER_FEATURES, 1u << 31);
	write_status(regs, ACK | DRIVER | FEATURES_OK);
	KUNIT_EXPECT_EQ(test, status(regs), ACK | DRIVER);
	/* The driver may think again. */
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_DRIVER_FEATURES, GPUP_VRD_F_DOORBELL_PAGE);
	write_status(regs, ACK | DRIVER | FEATURES_OK);
	KUNIT_EXPECT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_NONE);
}

static void set_up_has_its_time(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_regs(test);

	gpup_vrd_regs_write(regs, GPUP_VRD_REG_CMD_LO, 0x1000);
	KUNIT_EXPECT_EQ(test, status(regs), FAILED);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_SEQUENCE);

	regs = new_negotiated(test);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_DRIVER_FEATURES, 0);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_SEQUENCE);

	regs = new_running(test);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_SLOTS_COUNT, 1);
	KUNIT_EXPECT_EQ(test, status(regs),
			ACK | DRIVER | FEATURES_OK | DRIVER_OK | NEEDS_RESET);
	KUNIT_EXPECT_EQ(test, regs->slots_count, GPUP_VRD_SLOTS_MAX);
}

static void doorbell_is_silent_before(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_negotiated(test);

	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_write(regs, GPUP_VRD_REG_DOORBELL, 1),
			GPUP_VRD_DO_NOTHING);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_NONE);
}

static void after_a_failure_only_reset_helps(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_running(test);
	u32 before;

	KUNIT_EXPECT_TRUE(test, gpup_vrd_regs_fail(regs, GPUP_VRD_ERROR_RING));
	KUNIT_EXPECT_FALSE(test, gpup_vrd_regs_fail(regs, GPUP_VRD_ERROR_MESSAGE));
	before = status(regs);
	KUNIT_EXPECT_TRUE(test, before & NEEDS_RESET);
	KUNIT_EXPECT_FALSE(test, before & FAILED);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_RING);

	write_status(regs, ACK);
	KUNIT_EXPECT_EQ(test, gpup_vrd_regs_write(regs, GPUP_VRD_REG_DOORBELL, 1),
			GPUP_VRD_DO_NOTHING);
	KUNIT_EXPECT_EQ(test, status(regs), before);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_RING);
	KUNIT_EXPECT_EQ(test, write_status(regs, 0), GPUP_VRD_DO_RESET);
	gpup_vrd_regs_init(regs, 100);
	KUNIT_EXPECT_EQ(test, status(regs), 0);
}

static void start_that_fails_is_a_failure(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_negotiated(test);

	KUNIT_ASSERT_EQ(test, write_status(regs, ACK | DRIVER | FEATURES_OK | DRIVER_OK),
			GPUP_VRD_DO_START);
	KUNIT_EXPECT_FALSE(test, gpup_vrd_regs_setup_valid(regs));
	gpup_vrd_regs_fail(regs, GPUP_VRD_ERROR_SETUP);
	KUNIT_EXPECT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK | FAILED);
}

static void set_up_is_checked(struct kunit *test)
{
	static const struct {
		u32 offset;
		u32 value;
	} wrong[] = {
		{ GPUP_VRD_REG_CMD_LO, 0x10800 }, { GPUP_VRD_REG_EVT_LO, 1 },
		{ GPUP_VRD_REG_SLOTS_LO, 0x400040 }, { GPUP_VRD_REG_CMD_SIZE, 0 },
		{ GPUP_VRD_REG_CMD_SIZE, GPUP_VRD_RING_MIN / 2 },
		{ GPUP_VRD_REG_CMD_SIZE, GPUP_VRD_RING_MIN + 8 },
		{ GPUP_VRD_REG_EVT_SIZE, GPUP_VRD_RING_MAX * 2 },
		{ GPUP_VRD_REG_EVT_SIZE, 1u << 31 }, { GPUP_VRD_REG_SLOTS_COUNT, 0 },
		{ GPUP_VRD_REG_SLOTS_COUNT, GPUP_VRD_SLOTS_MAX + 1 },
		{ GPUP_VRD_REG_SLOTS_COUNT, U32_MAX },
	};
	struct gpup_vrd_regs *regs;
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		regs = new_negotiated(test);
		set_up(regs);
		KUNIT_EXPECT_TRUE(test, gpup_vrd_regs_setup_valid(regs));
		gpup_vrd_regs_write(regs, wrong[i].offset, wrong[i].value);
		KUNIT_EXPECT_FALSE_MSG(test, gpup_vrd_regs_setup_valid(regs), "case %d", i);
	}

	/* An area that would wrap around the end of the address space. */
	regs = new_negotiated(test);
	set_up(regs);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_EVT_HI, U32_MAX);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_EVT_LO, 0xfffff000);
	KUNIT_EXPECT_FALSE(test, gpup_vrd_regs_setup_valid(regs));
}

static void memory_status_is_checked(struct kunit *test)
{
	static const struct {
		u32 low;
		u32 high;
		bool valid;
	} cases[] = {
		{ 0, 0, false }, { 0x1000, 0, true }, { 0, 1, true }, { 1, 0, false },
		{ 0x800, 0, false }, { 0x10008, 5, false }, { 0xffffe000, U32_MAX, true },
		/* The page would reach beyond the last address. */
		{ 0xfffff000, U32_MAX, false },
	};
	struct gpup_vrd_regs *regs;
	int i;

	/* It is not there if it was not asked for, whatever its registers hold. */
	regs = new_negotiated(test);
	set_up(regs);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		gpup_vrd_regs_write(regs, GPUP_VRD_REG_MEMORY_LO, cases[i].low);
		gpup_vrd_regs_write(regs, GPUP_VRD_REG_MEMORY_HI, cases[i].high);
		KUNIT_EXPECT_TRUE(test, gpup_vrd_regs_setup_valid(regs));
	}
	KUNIT_EXPECT_FALSE(test, gpup_vrd_regs_has_memory_status(regs));

	regs = new_with_memory_status(test);
	KUNIT_EXPECT_TRUE(test, gpup_vrd_regs_has_memory_status(regs));
	/* Not given at all. */
	KUNIT_EXPECT_FALSE(test, gpup_vrd_regs_setup_valid(regs));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		gpup_vrd_regs_write(regs, GPUP_VRD_REG_MEMORY_LO, cases[i].low);
		gpup_vrd_regs_write(regs, GPUP_VRD_REG_MEMORY_HI, cases[i].high);
		KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, GPUP_VRD_REG_MEMORY_LO),
				cases[i].low);
		KUNIT_EXPECT_EQ(test, gpup_vrd_regs_read(regs, GPUP_VRD_REG_MEMORY_HI),
				cases[i].high);
		KUNIT_EXPECT_EQ_MSG(test, gpup_vrd_regs_setup_valid(regs), cases[i].valid,
				    "case %d", i);
	}
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_NONE);

	/* It is set up when everything else is. */
	regs = new_regs(test);
	write_status(regs, ACK | DRIVER);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_MEMORY_LO, 0x1000);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_SEQUENCE);
	regs = new_running(test);
	gpup_vrd_regs_write(regs, GPUP_VRD_REG_MEMORY_HI, 1);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_SEQUENCE);
	gpup_vrd_regs_init(regs, 100);
	KUNIT_EXPECT_EQ(test, regs->memory_addr, 0);
}

static void driver_may_give_up(struct kunit *test)
{
	struct gpup_vrd_regs *regs = new_negotiated(test);

	write_status(regs, ACK | DRIVER | FEATURES_OK | FAILED);
	KUNIT_EXPECT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK | FAILED);
	KUNIT_EXPECT_EQ(test, error(regs), GPUP_VRD_ERROR_NONE);
	write_status(regs, ACK | DRIVER | FEATURES_OK | DRIVER_OK);
	KUNIT_EXPECT_EQ(test, status(regs), ACK | DRIVER | FEATURES_OK | FAILED);
}

static struct kunit_case regs_cases[] = {
	KUNIT_CASE(identity),
	KUNIT_CASE(bring_up),
	KUNIT_CASE(steps_may_be_taken_together),
	KUNIT_CASE(steps_may_not_be_left_out),
	KUNIT_CASE(steps_are_not_taken_back),
	KUNIT_CASE(unknown_features_are_not_accepted),
	KUNIT_CASE(set_up_has_its_time),
	KUNIT_CASE(doorbell_is_silent_before),
	KUNIT_CASE(after_a_failure_only_reset_helps),
	KUNIT_CASE(start_that_fails_is_a_failure),
	KUNIT_CASE(set_up_is_checked),
	KUNIT_CASE(memory_status_is_checked),
	KUNIT_CASE(driver_may_give_up),
	{}
};

static struct kunit_suite regs_suite = {
	.name = "gpup_vrd_regs",
	.test_cases = regs_cases,
};

kunit_test_suite(regs_suite);
