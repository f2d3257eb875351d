// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of decoding, of control flow, and of what programs must never be able to do.
 */
#include <linux/string.h>

#include "soft_test.h"

#define LANES	200

/* Register 1: the buffer; 2: the lane; 3: the lane's 8 bytes in the buffer. */
static void emit_prologue(struct soft_test *t)
{
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 1, 0, 0));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_SREG, 0, 2, 0, GPUP_SOFT_SREG_LANE));
	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_SHL, GPUP_SOFT_I64, 3, 2, 3));
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 3, 3, 1, 0));
}

static void emit_imm(struct soft_test *t, u8 op, u8 d, u8 a, s32 imm)
{
	soft_test_emit(t, insn_b_imm(op, GPUP_SOFT_I64, d, a, imm));
}

static void emit_store(struct soft_test *t, u8 reg)
{
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, reg, 3, 0));
}

/* x = lane; if (x & 1) { x += 10; if (x & 2) x *= 3; else x ^= 7; } else x -= 5 */
static void test_if_else(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 *out = soft_test_mem(t, TEST_BUFFER);
	u64 lane;

	emit_prologue(t);
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_MOV, 0, 4, 2, 0, 0));
	emit_imm(t, GPUP_SOFT_OP_AND, 5, 4, 1);
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_IF, 5));
	emit_imm(t, GPUP_SOFT_OP_ADD, 4, 4, 10);
	emit_imm(t, GPUP_SOFT_OP_AND, 5, 4, 2);
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_IF, 5));
	emit_imm(t, GPUP_SOFT_OP_MUL, 4, 4, 3);
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ELSE));
	emit_imm(t, GPUP_SOFT_OP_XOR, 4, 4, 7);
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ELSE));
	emit_imm(t, GPUP_SOFT_OP_SUB, 4, 4, 5);
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
	emit_store(t, 4);
	KUNIT_ASSERT_EQ(test, soft_test_run(t, LANES), 0);

	for (lane = 0; lane < LANES; lane++) {
		u64 x = lane;

		if (x & 1) {
			x += 10;
			x = x & 2 ? x * 3 : x ^ 7;
		} else {
			x -= 5;
		}
		KUNIT_ASSERT_EQ(test, out[lane], x);
	}
}

/* A condition that no lane or every lane meets. */
static void test_uniform_if(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 *out = soft_test_mem(t, TEST_BUFFER);
	int value, not, lane;

	for (value = 0; value < 2; value++) {
		for (not = 0; not < 2; not++) {
			emit_prologue(t);
			soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, 5, 0, value));
			soft_test_emit(t, insn_flags(insn_cond(GPUP_SOFT_OP_IF, 5),
						     not ? GPUP_SOFT_FLAG_NOT : 0));
			soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, 4, 0, 11));
			soft_test_emit(t, insn_op(GPUP_SOFT_OP_ELSE));
			soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, 4, 0, 22));
			soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
			emit_store(t, 4);
			KUNIT_ASSERT_EQ(test, soft_test_run(t, LANES), 0);
			for (lane = 0; lane < LANES; lane++)
				KUNIT_ASSERT_EQ(test, out[lane], value != not ? 11 : 22);
		}
	}
}

/*
 * x = lane + 1; steps = 0;
 * for (;;) { if (x == 1) break; steps++; if (x & 1) { x = 3x + 1; continue; } x /= 2; extra++; }
 */
static void test_loop(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 *out = soft_test_mem(t, TEST_BUFFER);
	u64 lane;

	emit_prologue(t);
	emit_imm(t, GPUP_SOFT_OP_ADD, 4, 2, 1);
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_LOOP));
	emit_imm(t, GPUP_SOFT_OP_CEQ, 7, 4, 1);
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_BREAKIF, 7));
	emit_imm(t, GPUP_SOFT_OP_ADD, 5, 5, 1);
	emit_imm(t, GPUP_SOFT_OP_AND, 7, 4, 1);
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_IF, 7));
	emit_imm(t, GPUP_SOFT_OP_MUL, 4, 4, 3);
	emit_imm(t, GPUP_SOFT_OP_ADD, 4, 4, 1);
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_CONTINUE));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
	emit_imm(t, GPUP_SOFT_OP_SHR, 4, 4, 1);
	emit_imm(t, GPUP_SOFT_OP_ADD, 6, 6, 1);
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDLOOP));
	emit_imm(t, GPUP_SOFT_OP_SHL, 6, 6, 32);
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_OR, GPUP_SOFT_I64, 5, 5, 6, 0));
	emit_store(t, 5);
	KUNIT_ASSERT_EQ(test, soft_test_run(t, LANES), 0);

	for (lane = 0; lane < LANES; lane++) {
		u64 x = lane + 1, steps = 0, extra = 0;

		while (x != 1) {
			steps++;
			if (x & 1) {
				x = 3 * x + 1;
				continue;
			}
			x /= 2;
			extra++;
		}
		KUNIT_ASSERT_EQ(test, out[lane], extra << 32 | steps);
	}
}

/* Lanes leave an inner and an outer loop, or end, at different times. */
static void test_nested_loops(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 *out = soft_test_mem(t, TEST_BUFFER);
	u64 lane;

	memset(out, 0xff, LANES * 8);
	emit_prologue(t);
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_LOOP));
	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, 5, 0, 0));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_LOOP));
	emit_imm(t, GPUP_SOFT_OP_ADD, 5, 5, 1);
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 6, 6, 5, 0));
	/* if (inner > lane % 5) { if (lane % 7 == 6) exit; break; } */
	emit_imm(t, GPUP_SOFT_OP_UREM, 7, 2, 5);
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_CUGT, GPUP_SOFT_I64, 7, 5, 7, 0));
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_IF, 7));
	emit_imm(t, GPUP_SOFT_OP_UREM, 8, 2, 7);
	emit_imm(t, GPUP_SOFT_OP_CEQ, 8, 8, 6);
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_IF, 8));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_EXIT));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_BREAK));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDLOOP));
	emit_imm(t, GPUP_SOFT_OP_ADD, 4, 4, 1);
	emit_imm(t, GPUP_SOFT_OP_UREM, 7, 2, 11);
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_CULE, GPUP_SOFT_I64, 7, 4, 7, 0));
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_CONTIF, 7));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_BREAK));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDLOOP));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_BARRIER));
	emit_store(t, 6);
	KUNIT_ASSERT_EQ(test, soft_test_run(t, LANES), 0);

	for (lane = 0; lane < LANES; lane++) {
		u64 inner = lane % 5 + 1;
		u64 outer = lane % 11 + 1;
		u64 sum = outer * inner * (inner + 1) / 2;

		KUNIT_ASSERT_EQ(test, out[lane], lane % 7 == 6 ? U64_MAX : sum);
	}
}

static void test_barrier(struct kunit *test)
{
	struct soft_test *t = test->priv;

	emit_prologue(t);
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_IF, 2));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_BARRIER));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
	KUNIT_EXPECT_EQ(test, soft_test_run(t, LANES), -EINVAL);

	emit_prologue(t);
	soft_test_emit(t, insn_cond(GPUP_SOFT_OP_IF, 2));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_EXIT));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_BARRIER));
	KUNIT_EXPECT_EQ(test, soft_test_run(t, LANES), 0);
}

/* Every lane of a grid in three dimensions writes all special registers. */
static void test_special_registers(struct kunit *test)
{
	struct soft_test *t = test->priv;
	struct gpup_soft_cmd_dispatch cmd = {
		.program = TEST_DATA_VA + TEST_PROGRAM,
		.args = TEST_DATA_VA + TEST_ARGS,
		.args_size = 24,
		.local_size = 80,
		.grid = { 3, 2, 2 },
		.group = { 2, 3, 1 },
	};
	u64 *args = soft_test_mem(t, TEST_ARGS);
	u64 *out = soft_test_mem(t, TEST_BUFFER);
	u32 i, x, y, z;

	args[0] = TEST_DATA_VA + TEST_BUFFER;
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 30, 0, 0));
	for (i = 0; i <= GPUP_SOFT_SREG_GLOBAL_ID_Z; i++)
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_SREG, 0, i, 0, i));
	/* (global z * 6 + global y) * 6 + global x, times the size of a record. */
	emit_imm(t, GPUP_SOFT_OP_MUL, 31, GPUP_SOFT_SREG_GLOBAL_ID_Z, 6);
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 31, 31,
				 GPUP_SOFT_SREG_GLOBAL_ID_Y, 0));
	emit_imm(t, GPUP_SOFT_OP_MUL, 31, 31, 6);
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 31, 31,
				 GPUP_SOFT_SREG_GLOBAL_ID_X, 0));
	emit_imm(t, GPUP_SOFT_OP_MUL, 31, 31, 19 * 8);
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 30, 30, 31, 0));
	for (i = 0; i <= GPUP_SOFT_SREG_GLOBAL_ID_Z; i++)
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, i, 30, i * 8));
	cmd.program_size = t->num_insns * 8;
	KUNIT_ASSERT_EQ(test, soft_test_dispatch(t, &cmd), 0);

	for (i = 0; i < 2 * 6 * 6; i++, out += 19) {
		x = i % 6;
		y = i / 6 % 6;
		z = i / 36;
		{
			u64 expected[19] = {
				x % 2, y % 3, 0, x % 2 + y % 3 * 2,
				x / 2, y / 3, z, cmd.args,
				2, 3, 1, 24, 3, 2, 2, 80,
				x, y, z,
			};

			KUNIT_ASSERT_EQ(test, 0, memcmp(out, expected, sizeof(expected)));
		}
	}
}

/* What a group leaves behind must not be seen by the next one. */
static void test_nothing_is_left_over(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 *out = soft_test_mem(t, TEST_BUFFER);
	int reg, offset;

	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, 0, 0, -1));
	for (offset = 0; offset < 4096; offset += 8)
		soft_test_emit(t, insn_flags(insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, 0, 1, offset),
					     GPUP_SOFT_FLAG_LOCAL));
	for (reg = 1; reg < GPUP_SOFT_NUM_REGS; reg++)
		soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, reg, 0, -1));
	KUNIT_ASSERT_EQ(test, soft_test_run(t, GPUP_SOFT_MAX_LANES), 0);

	memset(out, 0, LANES * 8);
	for (reg = 0; reg < GPUP_SOFT_NUM_REGS; reg++)
		soft_test_emit(t, insn_r(GPUP_SOFT_OP_OR, GPUP_SOFT_I64, 9, 9, reg, 0));
	for (offset = 0; offset < 4096; offset += 8) {
		soft_test_emit(t, insn_flags(insn_i(GPUP_SOFT_OP_LD, GPUP_SOFT_U64, 8, 7, offset),
					     GPUP_SOFT_FLAG_LOCAL));
		soft_test_emit(t, insn_r(GPUP_SOFT_OP_OR, GPUP_SOFT_I64, 9, 9, 8, 0));
	}
	emit_prologue(t);
	emit_store(t, 9);
	KUNIT_ASSERT_EQ(test, soft_test_run(t, LANES), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(out, 0, LANES * 8));
}

static void test_endless_loop_is_stopped(struct kunit *test)
{
	struct soft_test *t = test->priv;
	struct gpup_soft_cmd_dispatch cmd = {
		.program = TEST_DATA_VA + TEST_PROGRAM,
		.program_size = 8,
		.grid = { U32_MAX, U32_MAX, U32_MAX },
		.group = { 1, 1, 1 },
	};

	t->ctx.cancel = t->ctx.seq;
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_LOOP));
	soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDLOOP));
	KUNIT_EXPECT_EQ(test, soft_test_run(t, 1), -ECANCELED);

	soft_test_emit(t, insn_op(GPUP_SOFT_OP_NOP));
	KUNIT_EXPECT_EQ(test, soft_test_dispatch(t, &cmd), -ECANCELED);
}

static void test_malformed_dispatches(struct kunit *test)
{
	struct soft_test *t = test->priv;
	const struct gpup_soft_cmd_dispatch good = {
		.program = TEST_DATA_VA + TEST_PROGRAM,
		.program_size = 8,
		.args = TEST_DATA_VA,
		.args_size = 8,
		.grid = { 1, 1, 1 },
		.group = { 1, 1, 1 },
	};
	struct gpup_soft_cmd_dispatch cmd;

#define REFUSED(field, value) do {						\
		cmd = good;							\
		cmd.field = (value);						\
		KUNIT_EXPECT_EQ(test, soft_test_dispatch(t, &cmd), -EINVAL);	\
	} while (0)

	soft_test_emit(t, insn_op(GPUP_SOFT_OP_NOP));
	KUNIT_EXPECT_EQ(test, soft_test_dispatch(t, &good), 0);
	REFUSED(pad, 1);
	REFUSED(program, good.program + 4);
	REFUSED(program_size, 0);
	REFUSED(program_size, 4);
	REFUSED(program_size, (GPUP_SOFT_MAX_INSNS + 1) * 8);
	REFUSED(program_size, U32_MAX - 7);
	REFUSED(local_size, 4);
	REFUSED(local_size, GPUP_SOFT_MAX_LOCAL_SIZE + 8);
	REFUSED(args, good.args + 1);
	REFUSED(args_size, 7);
	REFUSED(args_size, GPUP_SOFT_MAX_ARGS_SIZE + 8);
	REFUSED(grid[0], 0);
	REFUSED(grid[2], 0);
	REFUSED(group[1], 0);
	REFUSED(group[0], GPUP_SOFT_MAX_LANES + 1);
	REFUSED(group[2], U32_MAX);
#undef REFUSED
	cmd = good;
	cmd.group[0] = 64;
	cmd.group[1] = 17;
	KUNIT_EXPECT_EQ(test, soft_test_dispatch(t, &cmd), -EINVAL);
	cmd.group[1] = 16;
	KUNIT_EXPECT_EQ(test, soft_test_dispatch(t, &cmd), 0);
	t->ctx.state->shader = NULL;
	KUNIT_EXPECT_EQ(test, soft_test_dispatch(t, &good), -EINVAL);
}

static int decode_one(struct soft_test *t, u64 word)
{
	struct soft_shader *sh = t->ctx.state->shader;

	sh->num_insns = 1;
	sh->words[0] = word;
	sh->cmd.args_size = 16;
	return soft_decode(sh);
}

static void test_bad_encodings(struct kunit *test)
{
	struct soft_test *t = test->priv;
	const u64 good = insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 63, 63, 63, 0);
	const u64 bad[] = {
		0, U64_MAX,
		/* Registers that do not exist. */
		insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 64, 0, 0, 0),
		insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 0, 64, 0, 0),
		insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 0, 0, 64, 0),
		insn_r(GPUP_SOFT_OP_MAD, GPUP_SOFT_I64, 0, 0, 0, 255),
		/* Fields that are not used. */
		insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 0, 0, 0, 1),
		good | 1ULL << GPUP_SOFT_IMM16_SHIFT,
		insn_r(GPUP_SOFT_OP_NEG, GPUP_SOFT_I64, 0, 0, 1, 0),
		insn_r(GPUP_SOFT_OP_NOP, 0, 1, 0, 0, 0),
		insn_i(GPUP_SOFT_OP_SREG, 0, 0, 1, 0),
		insn_b_imm(GPUP_SOFT_OP_MOV, 0, 0, 1, 0),
		/* Types and flags. */
		insn_r(GPUP_SOFT_OP_ADD, 3, 0, 0, 0, 0),
		insn_r(GPUP_SOFT_OP_AND, GPUP_SOFT_F32, 0, 0, 0, 0),
		insn_r(GPUP_SOFT_OP_SIN, GPUP_SOFT_I32, 0, 0, 0, 0),
		insn_i(GPUP_SOFT_OP_LD, 7, 0, 0, 0),
		insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_S8, 0, 0, 0),
		insn_r(GPUP_SOFT_OP_EXIT, 1, 0, 0, 0, 0),
		insn_flags(good, GPUP_SOFT_FLAG_NOT),
		insn_flags(good, GPUP_SOFT_FLAG_LOCAL),
		insn_flags(good, 1),
		insn_flags(insn_r(GPUP_SOFT_OP_MAD, 0, 0, 0, 0, 0), GPUP_SOFT_FLAG_IMM),
		insn_flags(insn_r(GPUP_SOFT_OP_ATOM_ADD, 0, 0, 0, 0, 0), GPUP_SOFT_FLAG_IMM),
		/* What the dispatch does not have. */
		insn_i(GPUP_SOFT_OP_SREG, 0, 0, 0, GPUP_SOFT_SREG_GLOBAL_ID_Z + 1),
		insn_i(GPUP_SOFT_OP_SREG, 0, 0, 0, -1),
		insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 0, 0, 16),
		insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 0, 0, 4),
		insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U8, 0, 0, -1),
	};
	int i;

	KUNIT_EXPECT_EQ(test, decode_one(t, good), 0);
	KUNIT_EXPECT_EQ(test, t->ctx.state->shader->num_regs, 64);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, decode_one(t, bad[i]), -EINVAL, "%d: %016llx", i,
				    bad[i]);
}

static void expect_bad_flow(struct kunit *test, const u8 *ops, int count)
{
	struct soft_test *t = test->priv;
	struct soft_shader *sh = t->ctx.state->shader;
	int i;

	sh->num_insns = count;
	for (i = 0; i < count; i++)
		sh->words[i] = ops[i];
	KUNIT_EXPECT_EQ(test, soft_decode(sh), -EINVAL);
}

static void test_bad_nesting(struct kunit *test)
{
	static const u8 bad[][4] = {
		{ GPUP_SOFT_OP_ENDIF },
		{ GPUP_SOFT_OP_ELSE },
		{ GPUP_SOFT_OP_ENDLOOP },
		{ GPUP_SOFT_OP_IF },
		{ GPUP_SOFT_OP_LOOP },
		{ GPUP_SOFT_OP_BREAK },
		{ GPUP_SOFT_OP_CONTIF },
		{ GPUP_SOFT_OP_IF, GPUP_SOFT_OP_ENDLOOP },
		{ GPUP_SOFT_OP_LOOP, GPUP_SOFT_OP_ENDIF },
		{ GPUP_SOFT_OP_LOOP, GPUP_SOFT_OP_ELSE, GPUP_SOFT_OP_ENDLOOP },
		{ GPUP_SOFT_OP_IF, GPUP_SOFT_OP_ELSE, GPUP_SOFT_OP_ELSE, GPUP_SOFT_OP_ENDIF },
		{ GPUP_SOFT_OP_IF, GPUP_SOFT_OP_BREAK, GPUP_SOFT_OP_ENDIF },
		{ GPUP_SOFT_OP_LOOP, GPUP_SOFT_OP_ENDLOOP, GPUP_SOFT_OP_BREAK },
	};
	u8 deep[2 * GPUP_SOFT_MAX_DEPTH + 2];
	int i, count;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (count = 4; !bad[i][count - 1]; count--)
			;
		expect_bad_flow(test, bad[i], count);
	}
	memset(deep, GPUP_SOFT_OP_LOOP, GPUP_SOFT_MAX_DEPTH + 1);
	memset(deep + GPUP_SOFT_MAX_DEPTH + 1, GPUP_SOFT_OP_ENDLOOP, GPUP_SOFT_MAX_DEPTH + 1);
	expect_bad_flow(test, deep, sizeof(deep));
}

/* A word that decodes, other than control flow; a quarter are accesses near the buffer. */
static u64 random_insn(struct soft_test *t)
{
	for (;;) {
		u64 random = soft_test_random(t);
		u64 word = soft_test_random(t) & 0xffffff070707ffffULL;

		if (random % 4 == 0)
			word = insn_i(GPUP_SOFT_OP_LD + (random >> 8) % 2, (random >> 16) % 4,
				      (random >> 24) % 8, 8, (random >> 32) % 16384 & ~7ULL);
		else
			word = (word & ~0xffULL) | (GPUP_SOFT_OP_MOV + (random >> 8) % 0x80);
		if ((u8)(word >> GPUP_SOFT_D_SHIFT) != 8 && !decode_one(t, word))
			return word;
	}
}

static void emit_random_program(struct soft_test *t)
{
	bool loop[8];
	int depth = 0;

	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 8, 0, 0));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_SREG, 0, 7, 0, GPUP_SOFT_SREG_LANE));
	while (t->num_insns < 60) {
		u32 random = soft_test_random(t) % 64;

		if (random < 6 && depth < ARRAY_SIZE(loop)) {
			loop[depth] = random & 1;
			soft_test_emit(t, loop[depth] ? insn_op(GPUP_SOFT_OP_LOOP) :
				       insn_cond(GPUP_SOFT_OP_IF, soft_test_random(t) % 8));
			depth++;
		} else if (random < 12 && depth) {
			depth--;
			soft_test_emit(t, insn_op(loop[depth] ? GPUP_SOFT_OP_ENDLOOP :
						  GPUP_SOFT_OP_ENDIF));
		} else if (random < 18 && depth && loop[depth - 1]) {
			soft_test_emit(t, insn_cond(GPUP_SOFT_OP_BREAKIF,
						    soft_test_random(t) % 8));
		} else if (random == 18) {
			soft_test_emit(t, insn_op(GPUP_SOFT_OP_EXIT));
		} else {
			soft_test_emit(t, random_insn(t));
		}
	}
	while (depth--)
		soft_test_emit(t, insn_op(loop[depth] ? GPUP_SOFT_OP_ENDLOOP :
					  GPUP_SOFT_OP_ENDIF));
}

/* Whatever a program does, it ends, and stays in its address space. */
static void test_random_programs(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u8 *readonly = soft_test_mem(t, TEST_READONLY_OFFSET);
	int i, ret, completed = 0;

	memset(readonly, 0xa5, TEST_VRAM_SIZE - TEST_READONLY_OFFSET);
	t->ctx.cancel = t->ctx.seq;
	for (i = 0; i < 2000; i++) {
		emit_random_program(t);
		ret = soft_test_run(t, 1 + i % 80);
		KUNIT_ASSERT_TRUE(test, !ret || ret == -EFAULT || ret == -ECANCELED);
		completed += !ret;
	}
	KUNIT_EXPECT_GT(test, completed, 100);
	KUNIT_EXPECT_NULL(test, memchr_inv(readonly, 0xa5,
					   TEST_VRAM_SIZE - TEST_READONLY_OFFSET));
}

/* Noise, as a program and as a stream. */
static void test_random_words(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 stream[16];
	int i, j, ret;

	t->ctx.cancel = t->ctx.seq;
	for (i = 0; i < 2000; i++) {
		for (j = 0; j < 16; j++)
			soft_test_emit(t, soft_test_random(t) & soft_test_random(t));
		ret = soft_test_run(t, 8);
		KUNIT_ASSERT_TRUE(test, ret <= 0 && ret >= -MAX_ERRNO);

		for (j = 0; j < 16; j++)
			stream[j] = soft_test_random(t);
		((struct gpup_soft_cmd_header *)stream)->opcode = 1 + i % 8;
		((struct gpup_soft_cmd_header *)stream)->size = 1 + soft_test_random(t) % 8;
		((struct gpup_soft_cmd_header *)stream)->flags = 0;
		ret = soft_test_stream(t, stream, sizeof(stream));
		KUNIT_ASSERT_TRUE(test, ret <= 0 && ret >= -MAX_ERRNO);
	}
}

static struct kunit_case flow_cases[] = {
	KUNIT_CASE(test_if_else),
	KUNIT_CASE(test_uniform_if),
	KUNIT_CASE(test_loop),
	KUNIT_CASE(test_nested_loops),
	KUNIT_CASE(test_barrier),
	KUNIT_CASE(test_special_registers),
	KUNIT_CASE(test_nothing_is_left_over),
	KUNIT_CASE(test_endless_loop_is_stopped),
	KUNIT_CASE(test_malformed_dispatches),
	KUNIT_CASE(test_bad_encodings),
	KUNIT_CASE(test_bad_nesting),
	KUNIT_CASE(test_random_programs),
	KUNIT_CASE(test_random_words),
	{}
};

static struct kunit_suite flow_suite = {
	.name = "gpup_soft_flow",
	.init = soft_test_init,
	.exit = soft_test_exit,
	.test_cases = flow_cases,
};

kunit_test_suite(flow_suite);
