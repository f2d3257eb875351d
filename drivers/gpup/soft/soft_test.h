/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gpup_soft: what the tests share.
 */
#ifndef _GPUP_SOFT_TEST_H_
#define _GPUP_SOFT_TEST_H_

#include <kunit/test.h>

#include "soft.h"
#include "soft_shader.h"

/*
 * The test's GPU has this much VRAM, in three parts: what is mapped for reading and writing,
 * one page that is mapped for reading only, and the rest, which is not mapped.
 */
#define TEST_VRAM_SIZE		(64 * PAGE_SIZE)
#define TEST_DATA_SIZE		(32 * PAGE_SIZE)
#define TEST_READONLY_OFFSET	TEST_DATA_SIZE
#define TEST_HIDDEN_OFFSET	(TEST_DATA_SIZE + PAGE_SIZE)

/* Where they are mapped. */
#define TEST_DATA_VA		0x7ffff0000ULL
#define TEST_READONLY_VA	(TEST_DATA_VA + TEST_DATA_SIZE)
#define TEST_UNMAPPED_VA	(TEST_READONLY_VA + PAGE_SIZE)

/* What the data is used for, as offsets. */
#define TEST_STREAM		0
#define TEST_PROGRAM		(1 * PAGE_SIZE)
#define TEST_ARGS		(17 * PAGE_SIZE)
#define TEST_BUFFER		(18 * PAGE_SIZE)

/**
 * struct soft_test - A GPU without engines, and a context to execute in
 */
struct soft_test {
	/** @gpu: The GPU. */
	struct soft_gpu gpu;
	/** @ctx: The context, whose state has a shader. */
	struct soft_context ctx;
	/** @preemptions: How often a stream was left off. */
	unsigned int preemptions;
	/** @num_insns: Instructions of the program so far. */
	u32 num_insns;
	/** @rng: State of the random numbers; the same in each run. */
	u64 rng;
};

int soft_test_init(struct kunit *test);
void soft_test_exit(struct kunit *test);
void *soft_test_mem(struct soft_test *t, u64 offset);
u64 soft_test_random(struct soft_test *t);
void soft_test_emit(struct soft_test *t, u64 insn);
int soft_test_stream(struct soft_test *t, const void *stream, u32 size);
int soft_test_dispatch(struct soft_test *t, const struct gpup_soft_cmd_dispatch *cmd);
int soft_test_run(struct soft_test *t, u32 lanes);

/* An instruction with registers. */
static inline u64 insn_r(u8 op, u8 type, u8 d, u8 a, u8 b, u8 c)
{
	return op | (u64)type << GPUP_SOFT_TYPE_SHIFT | (u64)d << GPUP_SOFT_D_SHIFT |
	       (u64)a << GPUP_SOFT_A_SHIFT | (u64)b << GPUP_SOFT_B_SHIFT |
	       (u64)c << GPUP_SOFT_C_SHIFT;
}

/* An instruction that always has an imm32. */
static inline u64 insn_i(u8 op, u8 type, u8 d, u8 a, s32 imm)
{
	return insn_r(op, type, d, a, 0, 0) | (u64)imm << GPUP_SOFT_IMM32_SHIFT;
}

static inline u64 insn_flags(u64 insn, u64 flags)
{
	return insn | flags << GPUP_SOFT_FLAGS_SHIFT;
}

/* An instruction with an imm32 instead of register b (of MOV: instead of a). */
static inline u64 insn_b_imm(u8 op, u8 type, u8 d, u8 a, s32 imm)
{
	return insn_flags(insn_i(op, type, d, a, imm), GPUP_SOFT_FLAG_IMM);
}

static inline u64 insn_op(u8 op)
{
	return op;
}

static inline u64 insn_cond(u8 op, u8 a)
{
	return insn_r(op, 0, 0, a, 0, 0);
}

#endif /* _GPUP_SOFT_TEST_H_ */
