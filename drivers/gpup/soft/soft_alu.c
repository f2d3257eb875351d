// SPDX-License-Identifier: GPL-2.0-only
/*
 * Integer arithmetic, over a row of lanes.
 *
 * Each operation is a function of one lane, which the compiler puts into the loops of
 * map*(): one for groups whose lanes are all active, one for the others.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/math64.h>

#include "soft_shader.h"

#define SIGN32	BIT(31)

static __always_inline void map1(const struct soft_vec *v, u64 (*fn)(u64 a))
{
	const u64 *a = v->a;
	u64 *d = v->d;
	u32 i;

	if (!v->lanes) {
		for (i = 0; i < v->count; i++)
			d[i] = fn(a[i]);
		return;
	}
	for (i = 0; i < v->count; i++) {
		u32 lane = v->lanes[i];

		d[lane] = fn(a[lane]);
	}
}

static __always_inline void map2(const struct soft_vec *v, u64 (*fn)(u64 a, u64 b))
{
	const u64 *a = v->a;
	const u64 *b = v->b;
	u32 mask = v->b_mask;
	u64 *d = v->d;
	u32 i;

	if (!v->lanes) {
		for (i = 0; i < v->count; i++)
			d[i] = fn(a[i], b[i & mask]);
		return;
	}
	for (i = 0; i < v->count; i++) {
		u32 lane = v->lanes[i];

		d[lane] = fn(a[lane], b[lane & mask]);
	}
}

static __always_inline void map3(const struct soft_vec *v, u64 (*fn)(u64 a, u64 b, u64 c))
{
	const u64 *a = v->a;
	const u64 *b = v->b;
	const u64 *c = v->c;
	u64 *d = v->d;
	u32 i;

	if (!v->lanes) {
		for (i = 0; i < v->count; i++)
			d[i] = fn(a[i], b[i], c[i]);
		return;
	}
	for (i = 0; i < v->count; i++) {
		u32 lane = v->lanes[i];

		d[lane] = fn(a[lane], b[lane], c[lane]);
	}
}

/* Operations of one operand; those of 32 bits return what is zero-extended. */
static inline u64 op_mov(u64 a) { return a; }
static inline u64 op_neg32(u64 a) { return -(u32)a; }
static inline u64 op_neg64(u64 a) { return -a; }
static inline u64 op_fneg(u64 a) { return (u32)a ^ SIGN32; }
static inline u64 op_abs32(u64 a) { return (s32)a < 0 ? -(u32)a : (u32)a; }
static inline u64 op_abs64(u64 a) { return (s64)a < 0 ? -a : a; }
static inline u64 op_fabs(u64 a) { return (u32)a & ~SIGN32; }
static inline u64 op_not32(u64 a) { return ~(u32)a; }
static inline u64 op_not64(u64 a) { return ~a; }
static inline u64 op_u8(u64 a) { return (u8)a; }
static inline u64 op_u16(u64 a) { return (u16)a; }
static inline u64 op_u32(u64 a) { return (u32)a; }
static inline u64 op_s8(u64 a) { return (s64)(s8)a; }
static inline u64 op_s16(u64 a) { return (s64)(s16)a; }
static inline u64 op_s32(u64 a) { return (s64)(s32)a; }

/* Operations of two operands. */
static inline u64 op_second(u64 a, u64 b) { return b; }
static inline u64 op_movhi(u64 a, u64 b) { return b << 32 | (u32)a; }
static inline u64 op_add32(u64 a, u64 b) { return (u32)a + (u32)b; }
static inline u64 op_add64(u64 a, u64 b) { return a + b; }
static inline u64 op_sub32(u64 a, u64 b) { return (u32)a - (u32)b; }
static inline u64 op_sub64(u64 a, u64 b) { return a - b; }
static inline u64 op_mul32(u64 a, u64 b) { return (u32)a * (u32)b; }
static inline u64 op_mul64(u64 a, u64 b) { return a * b; }
static inline u64 op_mulhi32(u64 a, u64 b) { return (u32)(((s64)(s32)a * (s32)b) >> 32); }
static inline u64 op_umulhi32(u64 a, u64 b) { return ((u64)(u32)a * (u32)b) >> 32; }
static inline u64 op_umulhi64(u64 a, u64 b) { return mul_u64_u64_shr(a, b, 64); }

static inline u64 op_mulhi64(u64 a, u64 b)
{
	/* A negative factor was taken for one that is 2^64 larger. */
	return op_umulhi64(a, b) - ((s64)a < 0 ? b : 0) - ((s64)b < 0 ? a : 0);
}

/* Nothing traps: the cases that have no result are given one. */
static inline u64 op_div32(u64 a, u64 b)
{
	if (!(u32)b)
		return U32_MAX;
	return (u32)div_s64((s32)a, (s32)b);
}

static inline u64 op_div64(u64 a, u64 b)
{
	if (!b)
		return U64_MAX;
	if (b == U64_MAX)
		return -a;
	return (s64)a / (s64)b;
}

static inline u64 op_udiv32(u64 a, u64 b) { return (u32)b ? (u32)a / (u32)b : U32_MAX; }
static inline u64 op_udiv64(u64 a, u64 b) { return b ? a / b : U64_MAX; }

static inline u64 op_rem32(u64 a, u64 b)
{
	if (!(u32)b)
		return (u32)a;
	return (u32)((s64)(s32)a % (s32)b);
}

static inline u64 op_rem64(u64 a, u64 b)
{
	if (!b)
		return a;
	if (b == U64_MAX)
		return 0;
	return (s64)a % (s64)b;
}

static inline u64 op_urem32(u64 a, u64 b) { return (u32)b ? (u32)a % (u32)b : (u32)a; }
static inline u64 op_urem64(u64 a, u64 b) { return b ? a % b : a; }
static inline u64 op_min32(u64 a, u64 b) { return (s32)a < (s32)b ? (u32)a : (u32)b; }
static inline u64 op_min64(u64 a, u64 b) { return (s64)a < (s64)b ? a : b; }
static inline u64 op_max32(u64 a, u64 b) { return (s32)a > (s32)b ? (u32)a : (u32)b; }
static inline u64 op_max64(u64 a, u64 b) { return (s64)a > (s64)b ? a : b; }
static inline u64 op_umin32(u64 a, u64 b) { return (u32)a < (u32)b ? (u32)a : (u32)b; }
static inline u64 op_umin64(u64 a, u64 b) { return a < b ? a : b; }
static inline u64 op_umax32(u64 a, u64 b) { return (u32)a > (u32)b ? (u32)a : (u32)b; }
static inline u64 op_umax64(u64 a, u64 b) { return a > b ? a : b; }
static inline u64 op_and32(u64 a, u64 b) { return (u32)(a & b); }
static inline u64 op_and64(u64 a, u64 b) { return a & b; }
static inline u64 op_or32(u64 a, u64 b) { return (u32)(a | b); }
static inline u64 op_or64(u64 a, u64 b) { return a | b; }
static inline u64 op_xor32(u64 a, u64 b) { return (u32)(a ^ b); }
static inline u64 op_xor64(u64 a, u64 b) { return a ^ b; }
static inline u64 op_shl32(u64 a, u64 b) { return (u32)a << (b & 31); }
static inline u64 op_shl64(u64 a, u64 b) { return a << (b & 63); }
static inline u64 op_shr32(u64 a, u64 b) { return (u32)a >> (b & 31); }
static inline u64 op_shr64(u64 a, u64 b) { return a >> (b & 63); }
static inline u64 op_sar32(u64 a, u64 b) { return (u32)((s32)a >> (b & 31)); }
static inline u64 op_sar64(u64 a, u64 b) { return (s64)a >> (b & 63); }

static inline u64 op_ceq32(u64 a, u64 b) { return (u32)a == (u32)b; }
static inline u64 op_ceq64(u64 a, u64 b) { return a == b; }
static inline u64 op_cne32(u64 a, u64 b) { return (u32)a != (u32)b; }
static inline u64 op_cne64(u64 a, u64 b) { return a != b; }
static inline u64 op_clt32(u64 a, u64 b) { return (s32)a < (s32)b; }
static inline u64 op_clt64(u64 a, u64 b) { return (s64)a < (s64)b; }
static inline u64 op_cle32(u64 a, u64 b) { return (s32)a <= (s32)b; }
static inline u64 op_cle64(u64 a, u64 b) { return (s64)a <= (s64)b; }
static inline u64 op_cgt32(u64 a, u64 b) { return (s32)a > (s32)b; }
static inline u64 op_cgt64(u64 a, u64 b) { return (s64)a > (s64)b; }
static inline u64 op_cge32(u64 a, u64 b) { return (s32)a >= (s32)b; }
static inline u64 op_cge64(u64 a, u64 b) { return (s64)a >= (s64)b; }
static inline u64 op_cult32(u64 a, u64 b) { return (u32)a < (u32)b; }
static inline u64 op_cult64(u64 a, u64 b) { return a < b; }
static inline u64 op_cule32(u64 a, u64 b) { return (u32)a <= (u32)b; }
static inline u64 op_cule64(u64 a, u64 b) { return a <= b; }
static inline u64 op_cugt32(u64 a, u64 b) { return (u32)a > (u32)b; }
static inline u64 op_cugt64(u64 a, u64 b) { return a > b; }
static inline u64 op_cuge32(u64 a, u64 b) { return (u32)a >= (u32)b; }
static inline u64 op_cuge64(u64 a, u64 b) { return a >= b; }

/* Operations of three operands. */
static inline u64 op_mad32(u64 a, u64 b, u64 c) { return (u32)a * (u32)b + (u32)c; }
static inline u64 op_mad64(u64 a, u64 b, u64 c) { return a * b + c; }
static inline u64 op_select(u64 a, u64 b, u64 c) { return a ? b : c; }

static void ext(const struct soft_insn *insn, const struct soft_vec *v)
{
	switch (insn->type) {
	case GPUP_SOFT_U8:
		return map1(v, op_u8);
	case GPUP_SOFT_U16:
		return map1(v, op_u16);
	case GPUP_SOFT_U32:
		return map1(v, op_u32);
	case GPUP_SOFT_S8:
		return map1(v, op_s8);
	case GPUP_SOFT_S16:
		return map1(v, op_s16);
	case GPUP_SOFT_S32:
		return map1(v, op_s32);
	default:
		return map1(v, op_mov);
	}
}

/* What does not depend on I32 or I64. */
static bool alu_untyped(const struct soft_insn *insn, const struct soft_vec *v)
{
	struct soft_vec imm = *v;
	u64 value = insn->imm;

	switch (insn->op) {
	case GPUP_SOFT_OP_MOV:
		if (insn->flags & GPUP_SOFT_FLAG_IMM)
			map2(v, op_second);
		else
			map1(v, op_mov);
		return true;
	case GPUP_SOFT_OP_MOVHI:
		imm.b = &value;
		imm.b_mask = 0;
		map2(&imm, op_movhi);
		return true;
	case GPUP_SOFT_OP_SELECT:
		map3(v, op_select);
		return true;
	case GPUP_SOFT_OP_EXT:
		ext(insn, v);
		return true;
	default:
		return false;
	}
}

static void alu32(const struct soft_insn *insn, const struct soft_vec *v)
{
	switch (insn->op) {
	case GPUP_SOFT_OP_ADD:
		return map2(v, op_add32);
	case GPUP_SOFT_OP_SUB:
		return map2(v, op_sub32);
	case GPUP_SOFT_OP_MUL:
		return map2(v, op_mul32);
	case GPUP_SOFT_OP_MULHI:
		return map2(v, op_mulhi32);
	case GPUP_SOFT_OP_UMULHI:
		return map2(v, op_umulhi32);
	case GPUP_SOFT_OP_DIV:
		return map2(v, op_div32);
	case GPUP_SOFT_OP_UDIV:
		return map2(v, op_udiv32);
	case GPUP_SOFT_OP_REM:
		return map2(v, op_rem32);
	case GPUP_SOFT_OP_UREM:
		return map2(v, op_urem32);
	case GPUP_SOFT_OP_MIN:
		return map2(v, op_min32);
	case GPUP_SOFT_OP_MAX:
		return map2(v, op_max32);
	case GPUP_SOFT_OP_UMIN:
		return map2(v, op_umin32);
	case GPUP_SOFT_OP_UMAX:
		return map2(v, op_umax32);
	case GPUP_SOFT_OP_MAD:
		return map3(v, op_mad32);
	case GPUP_SOFT_OP_NEG:
		return map1(v, op_neg32);
	case GPUP_SOFT_OP_ABS:
		return map1(v, op_abs32);
	case GPUP_SOFT_OP_AND:
		return map2(v, op_and32);
	case GPUP_SOFT_OP_OR:
		return map2(v, op_or32);
	case GPUP_SOFT_OP_XOR:
		return map2(v, op_xor32);
	case GPUP_SOFT_OP_NOT:
		return map1(v, op_not32);
	case GPUP_SOFT_OP_SHL:
		return map2(v, op_shl32);
	case GPUP_SOFT_OP_SHR:
		return map2(v, op_shr32);
	case GPUP_SOFT_OP_SAR:
		return map2(v, op_sar32);
	case GPUP_SOFT_OP_CEQ:
		return map2(v, op_ceq32);
	case GPUP_SOFT_OP_CNE:
		return map2(v, op_cne32);
	case GPUP_SOFT_OP_CLT:
		return map2(v, op_clt32);
	case GPUP_SOFT_OP_CLE:
		return map2(v, op_cle32);
	case GPUP_SOFT_OP_CGT:
		return map2(v, op_cgt32);
	case GPUP_SOFT_OP_CGE:
		return map2(v, op_cge32);
	case GPUP_SOFT_OP_CULT:
		return map2(v, op_cult32);
	case GPUP_SOFT_OP_CULE:
		return map2(v, op_cule32);
	case GPUP_SOFT_OP_CUGT:
		return map2(v, op_cugt32);
	case GPUP_SOFT_OP_CUGE:
		return map2(v, op_cuge32);
	}
}

static void alu64(const struct soft_insn *insn, const struct soft_vec *v)
{
	switch (insn->op) {
	case GPUP_SOFT_OP_ADD:
		return map2(v, op_add64);
	case GPUP_SOFT_OP_SUB:
		return map2(v, op_sub64);
	case GPUP_SOFT_OP_MUL:
		return map2(v, op_mul64);
	case GPUP_SOFT_OP_MULHI:
		return map2(v, op_mulhi64);
	case GPUP_SOFT_OP_UMULHI:
		return map2(v, op_umulhi64);
	case GPUP_SOFT_OP_DIV:
		return map2(v, op_div64);
	case GPUP_SOFT_OP_UDIV:
		return map2(v, op_udiv64);
	case GPUP_SOFT_OP_REM:
		return map2(v, op_rem64);
	case GPUP_SOFT_OP_UREM:
		return map2(v, op_urem64);
	case GPUP_SOFT_OP_MIN:
		return map2(v, op_min64);
	case GPUP_SOFT_OP_MAX:
		return map2(v, op_max64);
	case GPUP_SOFT_OP_UMIN:
		return map2(v, op_umin64);
	case GPUP_SOFT_OP_UMAX:
		return map2(v, op_umax64);
	case GPUP_SOFT_OP_MAD:
		return map3(v, op_mad64);
	case GPUP_SOFT_OP_NEG:
		return map1(v, op_neg64);
	case GPUP_SOFT_OP_ABS:
		return map1(v, op_abs64);
	case GPUP_SOFT_OP_AND:
		return map2(v, op_and64);
	case GPUP_SOFT_OP_OR:
		return map2(v, op_or64);
	case GPUP_SOFT_OP_XOR:
		return map2(v, op_xor64);
	case GPUP_SOFT_OP_NOT:
		return map1(v, op_not64);
	case GPUP_SOFT_OP_SHL:
		return map2(v, op_shl64);
	case GPUP_SOFT_OP_SHR:
		return map2(v, op_shr64);
	case GPUP_SOFT_OP_SAR:
		return map2(v, op_sar64);
	case GPUP_SOFT_OP_CEQ:
		return map2(v, op_ceq64);
	case GPUP_SOFT_OP_CNE:
		return map2(v, op_cne64);
	case GPUP_SOFT_OP_CLT:
		return map2(v, op_clt64);
	case GPUP_SOFT_OP_CLE:
		return map2(v, op_cle64);
	case GPUP_SOFT_OP_CGT:
		return map2(v, op_cgt64);
	case GPUP_SOFT_OP_CGE:
		return map2(v, op_cge64);
	case GPUP_SOFT_OP_CULT:
		return map2(v, op_cult64);
	case GPUP_SOFT_OP_CULE:
		return map2(v, op_cule64);
	case GPUP_SOFT_OP_CUGT:
		return map2(v, op_cugt64);
	case GPUP_SOFT_OP_CUGE:
		return map2(v, op_cuge64);
	}
}

/**
 * soft_alu() - Execute an integer instruction
 * @insn: The instruction.
 * @v: Its operands and lanes.
 *
 * Any context.
 */
void soft_alu(const struct soft_insn *insn, const struct soft_vec *v)
{
	if (alu_untyped(insn, v))
		return;
	if (insn->type == GPUP_SOFT_I64)
		alu64(insn, v);
	else if (insn->type == GPUP_SOFT_I32)
		alu32(insn, v);
	else if (insn->op == GPUP_SOFT_OP_NEG)
		map1(v, op_fneg);
	else
		map1(v, op_fabs);
}
