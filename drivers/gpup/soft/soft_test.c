// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tests share, and the tests of address spaces.
 */
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "soft_test.h"

/**
 * soft_test_init() - Set up a test
 * @test: The test.
 *
 * Return: 0 or -ENOMEM.
 */
int soft_test_init(struct kunit *test)
{
	struct soft_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct gpup_hw_as *as;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->rng = 88172645463325252ULL;
	KUNIT_ASSERT_EQ(test, soft_vram_init(&t->gpu, TEST_VRAM_SIZE), 0);
	as = soft_as_new(&t->gpu);
	KUNIT_ASSERT_FALSE(test, IS_ERR(as));
	t->ctx.as = as;
	t->ctx.seq = 1;
	t->ctx.state = soft_context_create(NULL, DRM_GPUP_ENGINE_COMPUTE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->ctx.state);

	KUNIT_ASSERT_EQ(test, soft_as_prepare(as, TEST_DATA_VA, TEST_VRAM_SIZE), 0);
	soft_as_map(as, TEST_DATA_VA, TEST_DATA_SIZE, GPUP_MEM_VRAM, 0, true);
	soft_as_map(as, TEST_READONLY_VA, PAGE_SIZE, GPUP_MEM_VRAM, TEST_READONLY_OFFSET, false);
	return 0;
}

/**
 * soft_test_exit() - Clean up after a test
 * @test: The test.
 */
void soft_test_exit(struct kunit *test)
{
	struct soft_test *t = test->priv;

	if (!t)
		return;
	soft_context_destroy(t->ctx.state);
	if (t->ctx.as)
		soft_as_destroy(t->ctx.as);
	soft_vram_fini(&t->gpu);
}

/**
 * soft_test_mem() - The CPU's view of the VRAM
 * @t: The test.
 * @offset: Offset into the VRAM.
 *
 * Return: A pointer.
 */
void *soft_test_mem(struct soft_test *t, u64 offset)
{
	return t->gpu.vram + offset;
}

/**
 * soft_test_random() - A random number
 * @t: The test.
 *
 * Return: 64 random bits, the same in each run.
 */
u64 soft_test_random(struct soft_test *t)
{
	t->rng ^= t->rng << 13;
	t->rng ^= t->rng >> 7;
	t->rng ^= t->rng << 17;
	return t->rng * 0x9e3779b97f4a7c15ULL;
}

/**
 * soft_test_emit() - Append an instruction to the program
 * @t: The test.
 * @insn: The instruction.
 */
void soft_test_emit(struct soft_test *t, u64 insn)
{
	u64 *program = soft_test_mem(t, TEST_PROGRAM);

	program[t->num_insns++] = insn;
}

/**
 * soft_test_stream() - Execute a command stream
 * @t: The test.
 * @stream: The stream; copied to GPU memory.
 * @size: Bytes.
 *
 * It is left off again and again, after random numbers of steps; nobody must notice.
 *
 * Return: What soft_cmd_execute() returns.
 */
int soft_test_stream(struct soft_test *t, const void *stream, u32 size)
{
	struct soft_context *ctx = &t->ctx;
	unsigned int i = 0;
	int ret;

	memcpy(soft_test_mem(t, TEST_STREAM), stream, size);
	soft_cmd_begin(ctx->state, TEST_DATA_VA + TEST_STREAM, size);
	ctx->preempt = ctx->seq;
	do {
		soft_section_begin(ctx);
		/* Now and then enough for the largest step that there is. */
		ctx->budget = ++i % 64 ? 1 + soft_test_random(t) % 2048 : 8 * SOFT_SLICE;
		ret = soft_cmd_execute(ctx);
		soft_section_end(ctx);
		t->preemptions += ret == -EAGAIN;
	} while (ret == -EAGAIN);
	return ret;
}

/**
 * soft_test_dispatch() - Execute a dispatch
 * @t: The test.
 * @cmd: The command, without header.
 *
 * Return: What soft_cmd_execute() returns.
 */
int soft_test_dispatch(struct soft_test *t, const struct gpup_soft_cmd_dispatch *cmd)
{
	struct gpup_soft_cmd_dispatch copy = *cmd;

	copy.header = (struct gpup_soft_cmd_header) {
		.opcode = GPUP_SOFT_CMD_DISPATCH,
		.size = sizeof(copy) / 8,
	};
	return soft_test_stream(t, &copy, sizeof(copy));
}

/**
 * soft_test_run() - Execute the program that was emitted, and start a new one
 * @t: The test.
 * @lanes: Lanes of the only group.
 *
 * Register 0 of the program is not special; the buffer is found with LDARG 0.
 *
 * Return: What soft_cmd_execute() returns.
 */
int soft_test_run(struct soft_test *t, u32 lanes)
{
	struct gpup_soft_cmd_dispatch cmd = {
		.program = TEST_DATA_VA + TEST_PROGRAM,
		.program_size = t->num_insns * 8,
		.args = TEST_DATA_VA + TEST_ARGS,
		.args_size = 16,
		.local_size = 4096,
		.grid = { 1, 1, 1 },
		.group = { lanes, 1, 1 },
	};
	u64 *args = soft_test_mem(t, TEST_ARGS);

	args[0] = TEST_DATA_VA + TEST_BUFFER;
	args[1] = 0xfedcba9876543210ULL;
	t->num_insns = 0;
	return soft_test_dispatch(t, &cmd);
}

static int translate(struct soft_test *t, u64 va, bool write, void **mem)
{
	soft_section_begin(&t->ctx);
	*mem = soft_translate(&t->ctx, va, write);
	soft_section_end(&t->ctx);
	return *mem ? 0 : -EFAULT;
}

static void test_translate(struct kunit *test)
{
	struct soft_test *t = test->priv;
	void *mem;

	KUNIT_EXPECT_EQ(test, translate(t, TEST_DATA_VA, true, &mem), 0);
	KUNIT_EXPECT_PTR_EQ(test, mem, soft_test_mem(t, 0));
	KUNIT_EXPECT_EQ(test, translate(t, TEST_DATA_VA + 3 * PAGE_SIZE + 7, true, &mem), 0);
	KUNIT_EXPECT_PTR_EQ(test, mem, soft_test_mem(t, 3 * PAGE_SIZE + 7));
	KUNIT_EXPECT_EQ(test, translate(t, TEST_READONLY_VA + 1, false, &mem), 0);
	KUNIT_EXPECT_PTR_EQ(test, mem, soft_test_mem(t, TEST_READONLY_OFFSET + 1));
}

static void test_faults(struct kunit *test)
{
	static const u64 bad[] = {
		0, TEST_DATA_VA - 1, TEST_UNMAPPED_VA + 5, TEST_DATA_VA + BIT_ULL(48),
		TEST_DATA_VA | BIT_ULL(63), BIT_ULL(48) - 1, U64_MAX,
	};
	struct soft_test *t = test->priv;
	void *mem;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, translate(t, bad[i], false, &mem), -EFAULT);
		KUNIT_EXPECT_EQ(test, t->ctx.fault_addr, bad[i]);
	}
	KUNIT_EXPECT_EQ(test, translate(t, TEST_READONLY_VA, true, &mem), -EFAULT);
	KUNIT_EXPECT_EQ(test, t->ctx.fault_addr, TEST_READONLY_VA);
}

/* What was cached must not outlive the mapping. */
static void test_unmap(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 va = TEST_DATA_VA + 5 * PAGE_SIZE;
	void *mem;

	KUNIT_EXPECT_EQ(test, translate(t, va, true, &mem), 0);
	soft_as_unmap(t->ctx.as, va, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, translate(t, va, false, &mem), -EFAULT);
	KUNIT_EXPECT_EQ(test, translate(t, va - 1, true, &mem), 0);
	KUNIT_EXPECT_EQ(test, translate(t, va + PAGE_SIZE, true, &mem), 0);

	soft_as_map(t->ctx.as, va, PAGE_SIZE, GPUP_MEM_VRAM, 9 * PAGE_SIZE, false);
	KUNIT_EXPECT_EQ(test, translate(t, va + 1, false, &mem), 0);
	KUNIT_EXPECT_PTR_EQ(test, mem, soft_test_mem(t, 9 * PAGE_SIZE + 1));
	KUNIT_EXPECT_EQ(test, translate(t, va, true, &mem), -EFAULT);
}

static void test_unmap_what_is_not_mapped(struct kunit *test)
{
	struct soft_test *t = test->priv;
	void *mem;

	soft_as_unmap(t->ctx.as, 0, BIT_ULL(36));
	soft_as_unmap(t->ctx.as, TEST_UNMAPPED_VA, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, translate(t, TEST_DATA_VA, true, &mem), -EFAULT);
}

static void test_two_address_spaces(struct kunit *test)
{
	struct soft_test *t = test->priv;
	struct gpup_hw_as *first = t->ctx.as;
	struct gpup_hw_as *second = soft_as_new(&t->gpu);
	void *mem;

	KUNIT_ASSERT_FALSE(test, IS_ERR(second));
	KUNIT_EXPECT_EQ(test, translate(t, TEST_DATA_VA, true, &mem), 0);
	t->ctx.as = second;
	KUNIT_EXPECT_EQ(test, translate(t, TEST_DATA_VA, true, &mem), -EFAULT);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(second, TEST_DATA_VA, PAGE_SIZE), 0);
	soft_as_map(second, TEST_DATA_VA, PAGE_SIZE, GPUP_MEM_VRAM, PAGE_SIZE, true);
	KUNIT_EXPECT_EQ(test, translate(t, TEST_DATA_VA, true, &mem), 0);
	KUNIT_EXPECT_PTR_EQ(test, mem, soft_test_mem(t, PAGE_SIZE));
	t->ctx.as = first;
	KUNIT_EXPECT_EQ(test, translate(t, TEST_DATA_VA, true, &mem), 0);
	KUNIT_EXPECT_PTR_EQ(test, mem, soft_test_mem(t, 0));
	soft_as_destroy(second);
}

static void test_prepare_is_bounded(struct kunit *test)
{
	struct soft_test *t = test->priv;
	struct gpup_hw_as *as = t->ctx.as;

	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, 0, BIT_ULL(48)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, BIT_ULL(48) - PAGE_SIZE, 2 * PAGE_SIZE),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, BIT_ULL(48), PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, PAGE_SIZE, -PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, BIT_ULL(48) - PAGE_SIZE, PAGE_SIZE), 0);

	as->tables = SOFT_AS_MAX_TABLES - 2;
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, BIT_ULL(46), PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, soft_as_prepare(as, TEST_DATA_VA, PAGE_SIZE), 0);
}

static struct kunit_case as_cases[] = {
	KUNIT_CASE(test_translate),
	KUNIT_CASE(test_faults),
	KUNIT_CASE(test_unmap),
	KUNIT_CASE(test_unmap_what_is_not_mapped),
	KUNIT_CASE(test_two_address_spaces),
	KUNIT_CASE(test_prepare_is_bounded),
	{}
};

static struct kunit_suite as_suite = {
	.name = "gpup_soft_as",
	.init = soft_test_init,
	.exit = soft_test_exit,
	.test_cases = as_cases,
};

kunit_test_suite(as_suite);
