// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the commands, of loads, stores and atomics.
 */
#include <linux/string.h>

#include "soft_test.h"

#define BUFFER_VA	(TEST_DATA_VA + TEST_BUFFER)

static struct gpup_soft_cmd_header header(u16 opcode, size_t size)
{
	return (struct gpup_soft_cmd_header) { .opcode = opcode, .size = size / 8 };
}

static void fill_random(struct soft_test *t, void *mem, size_t size)
{
	u8 *bytes = mem;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = soft_test_random(t);
}

static int do_copy(struct soft_test *t, u64 dst, u64 src, u64 size)
{
	struct gpup_soft_cmd_copy cmd = {
		.header = header(GPUP_SOFT_CMD_COPY, sizeof(cmd)),
		.dst = dst, .src = src, .size = size,
	};

	return soft_test_stream(t, &cmd, sizeof(cmd));
}

static void test_copy(struct kunit *test)
{
	static const u32 sizes[] = { 0, 1, 7, 4095, 4096, 4097, 3 * 4096 + 5 };
	struct soft_test *t = test->priv;
	u8 *src = soft_test_mem(t, TEST_BUFFER);
	u8 *dst = src + 6 * PAGE_SIZE;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < 4; j++) {
			u32 from = soft_test_random(t) % PAGE_SIZE;
			u32 to = 1 + soft_test_random(t) % PAGE_SIZE;

			fill_random(t, src, 6 * PAGE_SIZE);
			memset(dst, 0xee, 6 * PAGE_SIZE);
			KUNIT_EXPECT_EQ(test, 0,
					do_copy(t, BUFFER_VA + 6 * PAGE_SIZE + to,
						BUFFER_VA + from, sizes[i]));
			KUNIT_EXPECT_EQ(test, 0, memcmp(dst + to, src + from, sizes[i]));
			KUNIT_EXPECT_EQ(test, dst[to - 1], 0xee);
			KUNIT_EXPECT_EQ(test, dst[to + sizes[i]], 0xee);
		}
	}
}

static void test_copy_faults(struct kunit *test)
{
	struct soft_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, do_copy(t, BUFFER_VA, TEST_UNMAPPED_VA - 16, 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, t->ctx.fault_addr, TEST_UNMAPPED_VA);
	KUNIT_EXPECT_EQ(test, do_copy(t, TEST_READONLY_VA - 16, BUFFER_VA, 64), -EFAULT);
	KUNIT_EXPECT_EQ(test, t->ctx.fault_addr, TEST_READONLY_VA);
	KUNIT_EXPECT_EQ(test, do_copy(t, BUFFER_VA, BUFFER_VA + 64, U64_MAX), -EFAULT);
}

static void test_copy_2d(struct kunit *test)
{
	struct soft_test *t = test->priv;
	struct gpup_soft_cmd_copy_2d cmd = {
		.header = header(GPUP_SOFT_CMD_COPY_2D, sizeof(cmd)),
		.dst = BUFFER_VA + 4 * PAGE_SIZE, .src = BUFFER_VA + 3,
		.dst_pitch = 700, .src_pitch = 501, .width = 333, .height = 20,
	};
	u8 *src = soft_test_mem(t, TEST_BUFFER) + 3;
	u8 *dst = soft_test_mem(t, TEST_BUFFER + 4 * PAGE_SIZE);
	int row;

	fill_random(t, src, 4 * PAGE_SIZE - 3);
	memset(dst, 0xee, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), 0);
	for (row = 0; row < 20; row++) {
		KUNIT_EXPECT_EQ(test, 0, memcmp(dst + row * 700, src + row * 501, 333));
		KUNIT_EXPECT_NULL(test, memchr_inv(dst + row * 700 + 333, 0xee, 700 - 333));
	}
	cmd.width = 0;
	cmd.height = U32_MAX;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), 0);
}

static void test_fill(struct kunit *test)
{
	struct soft_test *t = test->priv;
	struct gpup_soft_cmd_fill cmd = {
		.header = header(GPUP_SOFT_CMD_FILL, sizeof(cmd)),
		.dst = BUFFER_VA + 4, .size = PAGE_SIZE + 8, .value = 0x12345678,
	};
	u32 *mem = soft_test_mem(t, TEST_BUFFER);
	int i;

	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), 0);
	KUNIT_EXPECT_EQ(test, mem[0], 0);
	for (i = 1; i < (PAGE_SIZE + 12) / 4; i++)
		KUNIT_ASSERT_EQ(test, mem[i], 0x12345678);
	KUNIT_EXPECT_EQ(test, mem[i], 0);

	cmd.dst++;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), -EINVAL);
	cmd.header.flags = GPUP_SOFT_FILL_BYTE;
	cmd.size = 3;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), 0);
	KUNIT_EXPECT_EQ(test, mem[1], 0x78787878);
	cmd.header.flags = GPUP_SOFT_FILL_BYTE << 1;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), -EINVAL);
}

static void test_writes(struct kunit *test)
{
	struct soft_test *t = test->priv;
	struct {
		struct gpup_soft_cmd_timestamp stamp;
		struct gpup_soft_cmd_header nop;
		u64 payload[2];
		struct gpup_soft_cmd_timeline_write timeline;
		struct gpup_soft_cmd_header end;
		u64 garbage;
	} stream = {
		.stamp.header = header(GPUP_SOFT_CMD_TIMESTAMP, sizeof(stream.stamp)),
		.stamp.dst = BUFFER_VA,
		.nop = header(GPUP_SOFT_CMD_NOP, 24),
		.payload = { U64_MAX, U64_MAX },
		.timeline.header = header(GPUP_SOFT_CMD_TIMELINE_WRITE, sizeof(stream.timeline)),
		.timeline.dst = BUFFER_VA + 8,
		.timeline.value = 0x1122334455667788ULL,
		.end = header(GPUP_SOFT_CMD_END, 8),
		.garbage = U64_MAX,
	};
	u64 *mem = soft_test_mem(t, TEST_BUFFER);
	u64 before = ktime_get_ns();

	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &stream, sizeof(stream)), 0);
	KUNIT_EXPECT_GE(test, mem[0], before);
	KUNIT_EXPECT_LE(test, mem[0], ktime_get_ns());
	KUNIT_EXPECT_EQ(test, mem[1], 0x1122334455667788ULL);

	stream.timeline.dst += 4;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &stream, sizeof(stream)), -EINVAL);
}

static void test_malformed_streams(struct kunit *test)
{
	struct soft_test *t = test->priv;
	struct gpup_soft_cmd_copy cmd = {
		.header = header(GPUP_SOFT_CMD_COPY, sizeof(cmd)),
		.dst = BUFFER_VA, .src = BUFFER_VA + 64, .size = 8,
	};
	u32 opcode;

	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, 0), 0);
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, 12), -EINVAL);
	cmd.header.size--;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), -EINVAL);
	cmd.header.size = 0;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), -EINVAL);
	cmd.header.size = U16_MAX;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), -EINVAL);
	cmd.header.size = sizeof(cmd) / 8;
	cmd.header.flags = 1;
	KUNIT_EXPECT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), -EINVAL);
	cmd.header.flags = 0;
	for (opcode = GPUP_SOFT_CMD_DISPATCH + 1; opcode < 0x10000; opcode += 37) {
		cmd.header.opcode = opcode;
		KUNIT_ASSERT_EQ(test, soft_test_stream(t, &cmd, sizeof(cmd)), -EINVAL);
	}
}

/* Lanes copy elements of all widths from one table to another, at a stride. */
static void test_load_store(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u8 *src = soft_test_mem(t, TEST_BUFFER);
	u64 *dst = soft_test_mem(t, TEST_BUFFER + 4 * PAGE_SIZE);
	int type, lane;

	for (type = GPUP_SOFT_U8; type <= GPUP_SOFT_S32; type++) {
		fill_random(t, src, 4 * PAGE_SIZE);
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 1, 0, 0));
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_SREG, 0, 2, 0, GPUP_SOFT_SREG_LANE));
		soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MUL, GPUP_SOFT_I64, 3, 2, 48));
		soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 3, 3, 1, 0));
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_LD, type, 4, 3, 8));
		soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_SHL, GPUP_SOFT_I64, 3, 2, 3));
		soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 3, 3, 1, 0));
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, 4, 3, 4 * PAGE_SIZE));
		KUNIT_ASSERT_EQ(test, soft_test_run(t, 300), 0);

		for (lane = 0; lane < 300; lane++) {
			u64 value = *(u64 *)(src + lane * 48 + 8);
			u32 drop = 64 - (8 << (type & 3));

			if (type < GPUP_SOFT_S8)
				value = value << drop >> drop;
			else
				value = (s64)(value << drop) >> drop;
			KUNIT_ASSERT_EQ(test, dst[lane], value);
		}
	}
}

/* Only the bytes that were meant are written. */
static void test_store_widths(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 *mem = soft_test_mem(t, TEST_BUFFER);
	int type;

	for (type = GPUP_SOFT_U8; type <= GPUP_SOFT_U64; type++) {
		u64 mask = U64_MAX >> (64 - (8 << type));

		mem[0] = 0;
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 1, 0, 0));
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 2, 0, 8));
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_ST, type, 2, 1, 0));
		KUNIT_ASSERT_EQ(test, soft_test_run(t, 1), 0);
		KUNIT_EXPECT_EQ(test, mem[0], 0xfedcba9876543210ULL & mask);
	}
}

static int access_at(struct soft_test *t, u8 op, u8 type, u64 addr, bool local)
{
	u64 insn = insn_i(op, type, 2, 1, -8);

	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, 1, 0, addr));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_MOVHI, 0, 1, 1, addr >> 32));
	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 1, 1, 8));
	if (op >= GPUP_SOFT_OP_ATOM_ADD)
		insn = insn_r(op, type, 2, 1, 0, 0) | (u64)(u16)-8 << GPUP_SOFT_IMM16_SHIFT;
	soft_test_emit(t, local ? insn_flags(insn, GPUP_SOFT_FLAG_LOCAL) : insn);
	return soft_test_run(t, 1);
}

static void expect_fault(struct kunit *test, u8 op, u8 type, u64 addr, bool local)
{
	struct soft_test *t = test->priv;

	t->ctx.fault_addr = 0;
	KUNIT_EXPECT_EQ(test, access_at(t, op, type, addr, local), -EFAULT);
	KUNIT_EXPECT_EQ(test, t->ctx.fault_addr, addr);
}

static void test_access_faults(struct kunit *test)
{
	struct soft_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, access_at(t, GPUP_SOFT_OP_LD, GPUP_SOFT_U8,
					   TEST_UNMAPPED_VA - 1, false));
	KUNIT_EXPECT_EQ(test, 0, access_at(t, GPUP_SOFT_OP_LD, GPUP_SOFT_U64, 4088, true));
	expect_fault(test, GPUP_SOFT_OP_LD, GPUP_SOFT_U8, TEST_UNMAPPED_VA, false);
	expect_fault(test, GPUP_SOFT_OP_LD, GPUP_SOFT_U16, BUFFER_VA + 1, false);
	expect_fault(test, GPUP_SOFT_OP_LD, GPUP_SOFT_U32, BUFFER_VA + 2, false);
	expect_fault(test, GPUP_SOFT_OP_LD, GPUP_SOFT_U64, BUFFER_VA + 4, false);
	expect_fault(test, GPUP_SOFT_OP_LD, GPUP_SOFT_U64, (u64)soft_test_mem(t, 0), false);
	expect_fault(test, GPUP_SOFT_OP_ST, GPUP_SOFT_U8, TEST_READONLY_VA, false);
	expect_fault(test, GPUP_SOFT_OP_ATOM_ADD, GPUP_SOFT_I32, TEST_READONLY_VA, false);
	expect_fault(test, GPUP_SOFT_OP_ATOM_ADD, GPUP_SOFT_I64, BUFFER_VA + 4, false);
	expect_fault(test, GPUP_SOFT_OP_LD, GPUP_SOFT_U8, 4096, true);
	expect_fault(test, GPUP_SOFT_OP_LD, GPUP_SOFT_U8, U64_MAX, true);
	expect_fault(test, GPUP_SOFT_OP_ST, GPUP_SOFT_U32, 4094, true);
	expect_fault(test, GPUP_SOFT_OP_ATOM_XCHG, GPUP_SOFT_I64, 1ULL << 32, true);
}

/* One after the other, as lanes do; 32 bits wide if @narrow. */
static u64 atomic_reference(u8 op, u64 old, u64 b, u64 c, bool narrow)
{
	s64 x = narrow ? (s32)old : old;
	s64 y = narrow ? (s32)b : b;

	switch (op) {
	case GPUP_SOFT_OP_ATOM_ADD:
		return old + b;
	case GPUP_SOFT_OP_ATOM_SUB:
		return old - b;
	case GPUP_SOFT_OP_ATOM_AND:
		return old & b;
	case GPUP_SOFT_OP_ATOM_OR:
		return old | b;
	case GPUP_SOFT_OP_ATOM_XOR:
		return old ^ b;
	case GPUP_SOFT_OP_ATOM_MIN:
		return x < y ? old : b;
	case GPUP_SOFT_OP_ATOM_MAX:
		return x > y ? old : b;
	case GPUP_SOFT_OP_ATOM_UMIN:
		return old < b ? old : b;
	case GPUP_SOFT_OP_ATOM_UMAX:
		return old > b ? old : b;
	case GPUP_SOFT_OP_ATOM_XCHG:
		return b;
	default:
		return old == c ? b : old;
	}
}

static void check_atomic(struct kunit *test, u8 op, u8 type, bool local)
{
	struct soft_test *t = test->priv;
	bool narrow = type == GPUP_SOFT_I32;
	u64 mask = narrow ? U32_MAX : U64_MAX;
	u64 *operands = soft_test_mem(t, TEST_BUFFER + 4096);
	u64 *results = soft_test_mem(t, TEST_BUFFER + 8192);
	u64 *target = soft_test_mem(t, TEST_BUFFER);
	u64 flags = local ? GPUP_SOFT_FLAG_LOCAL : 0;
	u64 old, wide = soft_test_random(t);
	int lane;

	fill_random(t, operands, 4096);
	*target = wide;
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 1, 0, 0));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_SREG, 0, 2, 0, GPUP_SOFT_SREG_LANE));
	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_SHL, GPUP_SOFT_I64, 3, 2, 3));
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 3, 3, 1, 0));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LD, GPUP_SOFT_U64, 4, 3, 4096));
	/* The comparison of CMPXCHG hits in lane 0 only. */
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LD, GPUP_SOFT_U64, 5, 1, 0));
	if (local) {
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_LD, GPUP_SOFT_U64, 6, 1, 0));
		soft_test_emit(t, insn_r(GPUP_SOFT_OP_MOV, 0, 7, 1, 0, 0));
		soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, 1, 0, 64));
		soft_test_emit(t, insn_flags(insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, 6, 1, 0),
					     flags));
	}
	soft_test_emit(t, insn_flags(insn_r(op, type, 8, 1, 4,
					    op == GPUP_SOFT_OP_ATOM_CMPXCHG ? 5 : 0), flags));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, 8, 3, 8192));
	if (local) {
		soft_test_emit(t, insn_flags(insn_i(GPUP_SOFT_OP_LD, GPUP_SOFT_U64, 6, 1, 0),
					     flags));
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, 6, 7, 0));
	}
	KUNIT_ASSERT_EQ(test, soft_test_run(t, 200), 0);

	old = wide & mask;
	for (lane = 0; lane < 200; lane++) {
		KUNIT_ASSERT_EQ(test, results[lane], old);
		old = atomic_reference(op, old, operands[lane] & mask, wide & mask, narrow) & mask;
	}
	KUNIT_EXPECT_EQ(test, *target, narrow ? (wide & ~mask) | old : old);
}

static void test_atomics(struct kunit *test)
{
	u8 op;

	for (op = GPUP_SOFT_OP_ATOM_ADD; op <= GPUP_SOFT_OP_ATOM_CMPXCHG; op++) {
		check_atomic(test, op, GPUP_SOFT_I32, false);
		check_atomic(test, op, GPUP_SOFT_I64, false);
		check_atomic(test, op, GPUP_SOFT_I32, true);
		check_atomic(test, op, GPUP_SOFT_I64, true);
	}
}

static struct kunit_case mem_cases[] = {
	KUNIT_CASE(test_copy),
	KUNIT_CASE(test_copy_faults),
	KUNIT_CASE(test_copy_2d),
	KUNIT_CASE(test_fill),
	KUNIT_CASE(test_writes),
	KUNIT_CASE(test_malformed_streams),
	KUNIT_CASE(test_load_store),
	KUNIT_CASE(test_store_widths),
	KUNIT_CASE(test_access_faults),
	KUNIT_CASE(test_atomics),
	{}
};

static struct kunit_suite mem_suite = {
	.name = "gpup_soft_mem",
	.init = soft_test_init,
	.exit = soft_test_exit,
	.test_cases = mem_cases,
};

kunit_test_suite(mem_suite);
