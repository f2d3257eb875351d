// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of arithmetic: each instruction against plain C, with all lanes active and with
 * some, with a register and with an immediate as second operand.
 */
#include "soft_test.h"
#include "soft_test_vectors.h"

#define LANES		256
#define ROW		(LANES * 8)
#define MARKER		0x5a

static const u64 edges[] = {
	0, 1, 2, 3, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
	0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
	0x100000000, 0x100000001, 0x7fffffff00000000, 0x7fffffffffffffff,
	0x8000000000000000, 0x8000000000000001, 0xffffffff00000000,
	0xffffffff7fffffff, 0xffffffff80000000, 0xfffffffffffffffe, 0xffffffffffffffff,
};

static const u8 binary_ops[] = {
	GPUP_SOFT_OP_ADD, GPUP_SOFT_OP_SUB, GPUP_SOFT_OP_MUL, GPUP_SOFT_OP_MULHI,
	GPUP_SOFT_OP_UMULHI, GPUP_SOFT_OP_DIV, GPUP_SOFT_OP_UDIV, GPUP_SOFT_OP_REM,
	GPUP_SOFT_OP_UREM, GPUP_SOFT_OP_MIN, GPUP_SOFT_OP_MAX, GPUP_SOFT_OP_UMIN,
	GPUP_SOFT_OP_UMAX, GPUP_SOFT_OP_AND, GPUP_SOFT_OP_OR, GPUP_SOFT_OP_XOR,
	GPUP_SOFT_OP_SHL, GPUP_SOFT_OP_SHR, GPUP_SOFT_OP_SAR, GPUP_SOFT_OP_CEQ,
	GPUP_SOFT_OP_CNE, GPUP_SOFT_OP_CLT, GPUP_SOFT_OP_CLE, GPUP_SOFT_OP_CGT,
	GPUP_SOFT_OP_CGE, GPUP_SOFT_OP_CULT, GPUP_SOFT_OP_CULE, GPUP_SOFT_OP_CUGT,
	GPUP_SOFT_OP_CUGE,
};

/*
 * Computed with more bits than needed: @sa and @sb are the operands as signed numbers of the
 * type, @a and @b as unsigned ones. The result is cut to @bits by the caller.
 */
static u64 binary_reference(u8 op, u32 bits, u64 a, u64 b, s64 sa, s64 sb)
{
	u32 shift = b & (bits - 1);

	switch (op) {
	case GPUP_SOFT_OP_ADD:
		return a + b;
	case GPUP_SOFT_OP_SUB:
		return a - b;
	case GPUP_SOFT_OP_MUL:
		return a * b;
	case GPUP_SOFT_OP_MULHI:
		return ((s128)sa * sb) >> bits;
	case GPUP_SOFT_OP_UMULHI:
		return ((u128)a * b) >> bits;
	case GPUP_SOFT_OP_DIV:
		return !sb ? U64_MAX : sb == -1 ? -a : sa / sb;
	case GPUP_SOFT_OP_UDIV:
		return b ? a / b : U64_MAX;
	case GPUP_SOFT_OP_REM:
		return !sb ? a : sb == -1 ? 0 : sa % sb;
	case GPUP_SOFT_OP_UREM:
		return b ? a % b : a;
	case GPUP_SOFT_OP_MIN:
		return sa <= sb ? a : b;
	case GPUP_SOFT_OP_MAX:
		return sa >= sb ? a : b;
	case GPUP_SOFT_OP_UMIN:
		return a <= b ? a : b;
	case GPUP_SOFT_OP_UMAX:
		return a >= b ? a : b;
	case GPUP_SOFT_OP_AND:
		return a & b;
	case GPUP_SOFT_OP_OR:
		return a | b;
	case GPUP_SOFT_OP_XOR:
		return a ^ b;
	case GPUP_SOFT_OP_SHL:
		return a << shift;
	case GPUP_SOFT_OP_SHR:
		return a >> shift;
	case GPUP_SOFT_OP_SAR:
		return sa >> shift;
	case GPUP_SOFT_OP_CEQ:
		return a == b;
	case GPUP_SOFT_OP_CNE:
		return a != b;
	case GPUP_SOFT_OP_CLT:
		return sa < sb;
	case GPUP_SOFT_OP_CLE:
		return sa <= sb;
	case GPUP_SOFT_OP_CGT:
		return sa > sb;
	case GPUP_SOFT_OP_CGE:
		return sa >= sb;
	case GPUP_SOFT_OP_CULT:
		return a < b;
	case GPUP_SOFT_OP_CULE:
		return a <= b;
	case GPUP_SOFT_OP_CUGT:
		return a > b;
	default:
		return a >= b;
	}
}

static u64 reference(u64 insn, u64 a, u64 b, u64 c)
{
	u8 type = insn >> GPUP_SOFT_TYPE_SHIFT & GPUP_SOFT_TYPE_MASK;
	u32 bits = type == GPUP_SOFT_I32 ? 32 : 64;
	u64 mask = U64_MAX >> (64 - bits);
	u8 op = insn;

	switch (op) {
	case GPUP_SOFT_OP_SELECT:
		return a ? b : c;
	case GPUP_SOFT_OP_EXT:
		bits = 8 << (type & 3);
		a <<= 64 - bits;
		return type < GPUP_SOFT_S8 ? a >> (64 - bits) : (u64)((s64)a >> (64 - bits));
	case GPUP_SOFT_OP_MOV:
		return a;
	case GPUP_SOFT_OP_MOVHI:
		return (a & U32_MAX) | insn >> 32 << 32;
	case GPUP_SOFT_OP_MAD:
		return (a * b + c) & mask;
	case GPUP_SOFT_OP_NEG:
		return type == GPUP_SOFT_F32 ? (a & U32_MAX) ^ 0x80000000 : -a & mask;
	case GPUP_SOFT_OP_ABS:
		if (type == GPUP_SOFT_F32)
			return a & 0x7fffffff;
		return (a >> (bits - 1) & 1 ? -a : a) & mask;
	case GPUP_SOFT_OP_NOT:
		return ~a & mask;
	default:
		return binary_reference(op, bits, a & mask, b & mask,
					bits == 32 ? (s32)a : (s64)a,
					bits == 32 ? (s32)b : (s64)b) & mask;
	}
}

static void fill_operands(struct soft_test *t)
{
	u64 *rows = soft_test_mem(t, TEST_BUFFER);
	int i;

	for (i = 0; i < 3 * LANES; i++) {
		u64 random = soft_test_random(t);

		rows[i] = random % 4 ? edges[(random >> 8) % ARRAY_SIZE(edges)] :
			  soft_test_random(t) >> (random >> 8) % 64;
	}
}

/* d (register 7) of a, b, c (4, 5, 6), in all lanes or in the odd ones. */
static void run_insn(struct kunit *test, u64 insn, bool odd)
{
	struct soft_test *t = test->priv;
	int reg;

	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 1, 0, 0));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_SREG, 0, 2, 0, GPUP_SOFT_SREG_LANE));
	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_SHL, GPUP_SOFT_I64, 3, 2, 3));
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 3, 3, 1, 0));
	for (reg = 0; reg < 3; reg++)
		soft_test_emit(t, insn_i(GPUP_SOFT_OP_LD, GPUP_SOFT_U64, 4 + reg, 3, reg * ROW));
	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_MOV, 0, 7, 0, MARKER));
	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_AND, GPUP_SOFT_I64, 8, 2, 1));
	if (odd)
		soft_test_emit(t, insn_cond(GPUP_SOFT_OP_IF, 8));
	soft_test_emit(t, insn);
	if (odd)
		soft_test_emit(t, insn_op(GPUP_SOFT_OP_ENDIF));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, 7, 3, 3 * ROW));
	KUNIT_ASSERT_EQ_MSG(test, soft_test_run(t, LANES), 0, "%016llx", insn);
}

static void check_insn(struct kunit *test, u64 insn, const s32 *imm)
{
	struct soft_test *t = test->priv;
	const u64 *a = soft_test_mem(t, TEST_BUFFER);
	const u64 *b = a + LANES;
	const u64 *c = b + LANES;
	const u64 *d = c + LANES;
	int odd, lane;

	for (odd = 0; odd < 2; odd++) {
		fill_operands(t);
		run_insn(test, insn, odd);
		for (lane = 0; lane < LANES; lane++) {
			u64 second = imm ? (u64)*imm : b[lane];
			u64 expected = reference(insn, a[lane], second, c[lane]);

			if (odd && !(lane & 1))
				expected = MARKER;
			KUNIT_ASSERT_EQ_MSG(test, d[lane], expected,
					    "%016llx of %016llx, %016llx, %016llx", insn,
					    a[lane], second, c[lane]);
		}
	}
}

static void test_binary(struct kunit *test)
{
	static const s32 imms[] = { 0, 1, -1, 7, 33, S32_MIN, S32_MAX };
	int i, j;
	u8 type;

	for (i = 0; i < ARRAY_SIZE(binary_ops); i++) {
		for (type = GPUP_SOFT_I32; type <= GPUP_SOFT_I64; type++) {
			check_insn(test, insn_r(binary_ops[i], type, 7, 4, 5, 0), NULL);
			for (j = 0; j < ARRAY_SIZE(imms); j++)
				check_insn(test, insn_b_imm(binary_ops[i], type, 7, 4, imms[j]),
					   &imms[j]);
		}
	}
}

static void test_unary_and_ternary(struct kunit *test)
{
	static const u8 unary[] = { GPUP_SOFT_OP_NEG, GPUP_SOFT_OP_ABS };
	u8 type;
	int i;

	for (type = GPUP_SOFT_I32; type <= GPUP_SOFT_F32; type++) {
		for (i = 0; i < ARRAY_SIZE(unary); i++)
			check_insn(test, insn_r(unary[i], type, 7, 4, 0, 0), NULL);
	}
	for (type = GPUP_SOFT_I32; type <= GPUP_SOFT_I64; type++) {
		check_insn(test, insn_r(GPUP_SOFT_OP_NOT, type, 7, 4, 0, 0), NULL);
		check_insn(test, insn_r(GPUP_SOFT_OP_MAD, type, 7, 4, 5, 6), NULL);
	}
}

static void test_moves(struct kunit *test)
{
	u8 type;

	check_insn(test, insn_r(GPUP_SOFT_OP_MOV, 0, 7, 4, 0, 0), NULL);
	check_insn(test, insn_i(GPUP_SOFT_OP_MOVHI, 0, 7, 4, 0x12345678), NULL);
	check_insn(test, insn_i(GPUP_SOFT_OP_MOVHI, 0, 7, 4, -2), NULL);
	check_insn(test, insn_r(GPUP_SOFT_OP_SELECT, 0, 7, 4, 5, 6), NULL);
	for (type = GPUP_SOFT_U8; type <= GPUP_SOFT_S32; type++)
		check_insn(test, insn_r(GPUP_SOFT_OP_EXT, type, 7, 4, 0, 0), NULL);
}

/* The result may be stored where an operand is. */
static void test_operand_is_result(struct kunit *test)
{
	struct soft_test *t = test->priv;
	const u64 *a = soft_test_mem(t, TEST_BUFFER);
	const u64 *d = a + 3 * LANES;
	int lane;

	fill_operands(t);
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 1, 0, 0));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_SREG, 0, 2, 0, GPUP_SOFT_SREG_LANE));
	soft_test_emit(t, insn_b_imm(GPUP_SOFT_OP_SHL, GPUP_SOFT_I64, 3, 2, 3));
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_ADD, GPUP_SOFT_I64, 3, 3, 1, 0));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_LD, GPUP_SOFT_U64, 4, 3, 0));
	soft_test_emit(t, insn_r(GPUP_SOFT_OP_MAD, GPUP_SOFT_I64, 4, 4, 4, 4));
	soft_test_emit(t, insn_i(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, 4, 3, 3 * ROW));
	KUNIT_ASSERT_EQ(test, soft_test_run(t, LANES), 0);
	for (lane = 0; lane < LANES; lane++)
		KUNIT_ASSERT_EQ(test, d[lane], a[lane] * a[lane] + a[lane]);
}

static u64 vector_insn(const struct fpu_vector *vec)
{
	u64 insn = insn_r(vec->op, vec->type, 7, 4, 0, 0);

	if (vec->op == GPUP_SOFT_OP_MAD)
		insn = insn_r(vec->op, vec->type, 7, 4, 5, 6);
	else if (vec->op < GPUP_SOFT_OP_SQRT)
		insn = insn_r(vec->op, vec->type, 7, 4, 5, 0);
	return insn;
}

static void check_vectors(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 *a = soft_test_mem(t, TEST_BUFFER);
	u64 *b = a + LANES;
	u64 *c = b + LANES;
	u64 *d = c + LANES;
	int i, lane, odd;

	for (i = 0; i < ARRAY_SIZE(fpu_vectors); i++) {
		const struct fpu_vector *vec = &fpu_vectors[i];

		for (lane = 0; lane < LANES; lane++) {
			a[lane] = vec->a;
			b[lane] = vec->b;
			c[lane] = vec->c;
		}
		for (odd = 0; odd < 2; odd++) {
			run_insn(test, vector_insn(vec), odd);
			for (lane = 0; lane < LANES; lane++) {
				u64 expected = odd && !(lane & 1) ? MARKER : vec->d;

				KUNIT_ASSERT_EQ_MSG(test, d[lane], expected,
						    "vector %d: op %#x of %#llx, %#llx, %#llx", i,
						    vec->op, vec->a, vec->b, vec->c);
			}
		}
	}
}

static void test_float(struct kunit *test)
{
	check_vectors(test);
}

static void test_float_without_fma(struct kunit *test)
{
	struct soft_test *t = test->priv;

	t->ctx.state->shader->cpu_fma = false;
	check_vectors(test);
}

static void test_float_immediate(struct kunit *test)
{
	struct soft_test *t = test->priv;
	u64 *a = soft_test_mem(t, TEST_BUFFER);
	u64 *d = a + 3 * LANES;
	int lane;

	/* 1.5 - -2.0; what is above the low half does not count. */
	for (lane = 0; lane < LANES; lane++)
		a[lane] = 0xdeadbeef3fc00000;
	run_insn(test, insn_b_imm(GPUP_SOFT_OP_SUB, GPUP_SOFT_F32, 7, 4, (s32)0xc0000000), false);
	for (lane = 0; lane < LANES; lane++)
		KUNIT_ASSERT_EQ(test, d[lane], 0x40600000);
}

static struct kunit_case alu_cases[] = {
	KUNIT_CASE(test_binary),
	KUNIT_CASE(test_unary_and_ternary),
	KUNIT_CASE(test_moves),
	KUNIT_CASE(test_operand_is_result),
	KUNIT_CASE(test_float),
	KUNIT_CASE(test_float_without_fma),
	KUNIT_CASE(test_float_immediate),
	{}
};

static struct kunit_suite alu_suite = {
	.name = "gpup_soft_alu",
	.init = soft_test_init,
	.exit = soft_test_exit,
	.test_cases = alu_cases,
};

kunit_test_suite(alu_suite);
