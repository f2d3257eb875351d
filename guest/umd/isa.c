// SPDX-License-Identifier: MIT
/* libgpup: the table of instructions. */
#include <string.h>

#include "gpup_soft.h"
#include "isa.h"

#define PLAIN(name, op)		{ name, GPUP_SOFT_OP_##op, ISA_PLAIN, ISA_UNTYPED, false }
#define CONDITION(name, op)	{ name, GPUP_SOFT_OP_##op, ISA_CONDITION, ISA_UNTYPED, false }
#define UNARY(name, op, types)	{ name, GPUP_SOFT_OP_##op, ISA_UNARY, types, false }
#define BINARY(name, op, types)	{ name, GPUP_SOFT_OP_##op, ISA_BINARY, types, false }
#define ATOMIC(name, op)	{ name, GPUP_SOFT_OP_ATOM_##op, ISA_ATOMIC, ISA_INT, false }

const struct isa_insn isa_insns[] = {
	PLAIN("nop", NOP),
	PLAIN("exit", EXIT),
	PLAIN("barrier", BARRIER),
	CONDITION("if", IF),
	PLAIN("else", ELSE),
	PLAIN("endif", ENDIF),
	PLAIN("loop", LOOP),
	PLAIN("endloop", ENDLOOP),
	PLAIN("break", BREAK),
	CONDITION("breakif", BREAKIF),
	PLAIN("continue", CONTINUE),
	CONDITION("contif", CONTIF),

	{ "mov", GPUP_SOFT_OP_MOV, ISA_MOVE, ISA_UNTYPED, false },
	{ "movhi", GPUP_SOFT_OP_MOVHI, ISA_MOVE_HIGH, ISA_UNTYPED, false },
	{ "sreg", GPUP_SOFT_OP_SREG, ISA_SPECIAL, ISA_UNTYPED, false },
	{ "ldarg", GPUP_SOFT_OP_LDARG, ISA_ARGUMENT, ISA_WIDTHS, true },
	{ "select", GPUP_SOFT_OP_SELECT, ISA_TERNARY, ISA_UNTYPED, false },
	{ "ext", GPUP_SOFT_OP_EXT, ISA_UNARY, ISA_WIDTHS, true },

	BINARY("add", ADD, ISA_ARITH),
	BINARY("sub", SUB, ISA_ARITH),
	BINARY("mul", MUL, ISA_ARITH),
	BINARY("mulhi", MULHI, ISA_INT),
	BINARY("umulhi", UMULHI, ISA_INT),
	BINARY("div", DIV, ISA_ARITH),
	BINARY("udiv", UDIV, ISA_INT),
	BINARY("rem", REM, ISA_INT),
	BINARY("urem", UREM, ISA_INT),
	BINARY("min", MIN, ISA_ARITH),
	BINARY("max", MAX, ISA_ARITH),
	BINARY("umin", UMIN, ISA_INT),
	BINARY("umax", UMAX, ISA_INT),
	{ "mad", GPUP_SOFT_OP_MAD, ISA_TERNARY, ISA_ARITH, false },
	UNARY("neg", NEG, ISA_ARITH),
	UNARY("abs", ABS, ISA_ARITH),
	BINARY("and", AND, ISA_INT),
	BINARY("or", OR, ISA_INT),
	BINARY("xor", XOR, ISA_INT),
	UNARY("not", NOT, ISA_INT),
	BINARY("shl", SHL, ISA_INT),
	BINARY("shr", SHR, ISA_INT),
	BINARY("sar", SAR, ISA_INT),

	BINARY("ceq", CEQ, ISA_ARITH),
	BINARY("cne", CNE, ISA_ARITH),
	BINARY("clt", CLT, ISA_ARITH),
	BINARY("cle", CLE, ISA_ARITH),
	BINARY("cgt", CGT, ISA_ARITH),
	BINARY("cge", CGE, ISA_ARITH),
	BINARY("cult", CULT, ISA_INT),
	BINARY("cule", CULE, ISA_INT),
	BINARY("cugt", CUGT, ISA_INT),
	BINARY("cuge", CUGE, ISA_INT),

	UNARY("sqrt", SQRT, ISA_FLOAT),
	UNARY("rsqrt", RSQRT, ISA_FLOAT),
	UNARY("rcp", RCP, ISA_FLOAT),
	UNARY("floor", FLOOR, ISA_FLOAT),
	UNARY("ceil", CEIL, ISA_FLOAT),
	UNARY("trunc", TRUNC, ISA_FLOAT),
	UNARY("round", ROUND, ISA_FLOAT),
	UNARY("exp2", EXP2, ISA_FLOAT),
	UNARY("log2", LOG2, ISA_FLOAT),
	UNARY("sin", SIN, ISA_FLOAT),
	UNARY("cos", COS, ISA_FLOAT),

	UNARY("f2i", F2I, ISA_INT),
	UNARY("f2u", F2U, ISA_INT),
	UNARY("i2f", I2F, ISA_INT),
	UNARY("u2f", U2F, ISA_INT),

	{ "ld", GPUP_SOFT_OP_LD, ISA_LOAD, ISA_WIDTHS, true },
	{ "st", GPUP_SOFT_OP_ST, ISA_STORE, ISA_STORES, true },

	ATOMIC("atom.add", ADD),
	ATOMIC("atom.sub", SUB),
	ATOMIC("atom.and", AND),
	ATOMIC("atom.or", OR),
	ATOMIC("atom.xor", XOR),
	ATOMIC("atom.min", MIN),
	ATOMIC("atom.max", MAX),
	ATOMIC("atom.umin", UMIN),
	ATOMIC("atom.umax", UMAX),
	ATOMIC("atom.xchg", XCHG),
	{ "atom.cmpxchg", GPUP_SOFT_OP_ATOM_CMPXCHG, ISA_ATOMIC2, ISA_INT, false },
};

const size_t isa_insn_count = sizeof(isa_insns) / sizeof(isa_insns[0]);

static const char *const arith_names[] = { "i32", "i64", "f32" };
static const char *const width_names[] = { "u8", "u16", "u32", "u64", "s8", "s16", "s32" };

static const char *const special_names[] = {
	[GPUP_SOFT_SREG_LOCAL_ID_X] = "local_id_x",
	[GPUP_SOFT_SREG_LOCAL_ID_Y] = "local_id_y",
	[GPUP_SOFT_SREG_LOCAL_ID_Z] = "local_id_z",
	[GPUP_SOFT_SREG_LANE] = "lane",
	[GPUP_SOFT_SREG_GROUP_ID_X] = "group_id_x",
	[GPUP_SOFT_SREG_GROUP_ID_Y] = "group_id_y",
	[GPUP_SOFT_SREG_GROUP_ID_Z] = "group_id_z",
	[GPUP_SOFT_SREG_ARGS] = "args",
	[GPUP_SOFT_SREG_GROUP_SIZE_X] = "group_size_x",
	[GPUP_SOFT_SREG_GROUP_SIZE_Y] = "group_size_y",
	[GPUP_SOFT_SREG_GROUP_SIZE_Z] = "group_size_z",
	[GPUP_SOFT_SREG_ARGS_SIZE] = "args_size",
	[GPUP_SOFT_SREG_GRID_SIZE_X] = "grid_size_x",
	[GPUP_SOFT_SREG_GRID_SIZE_Y] = "grid_size_y",
	[GPUP_SOFT_SREG_GRID_SIZE_Z] = "grid_size_z",
	[GPUP_SOFT_SREG_LOCAL_SIZE] = "local_size",
	[GPUP_SOFT_SREG_GLOBAL_ID_X] = "global_id_x",
	[GPUP_SOFT_SREG_GLOBAL_ID_Y] = "global_id_y",
	[GPUP_SOFT_SREG_GLOBAL_ID_Z] = "global_id_z",
};

const struct isa_insn *isa_find_opcode(uint8_t opcode)
{
	size_t i;

	for (i = 0; i < isa_insn_count; i++)
		if (isa_insns[i].opcode == opcode)
			return &isa_insns[i];
	return NULL;
}

const struct isa_insn *isa_find_name(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < isa_insn_count; i++)
		if (strlen(isa_insns[i].name) == length &&
		    !memcmp(isa_insns[i].name, name, length))
			return &isa_insns[i];
	return NULL;
}

const char *isa_type_name(const struct isa_insn *insn, unsigned int type)
{
	if (type > 7 || !(insn->types & (1u << type)))
		return NULL;
	return insn->widths ? width_names[type] : arith_names[type];
}

const char *isa_special_name(uint32_t number)
{
	return number < sizeof(special_names) / sizeof(special_names[0]) ?
		special_names[number] : NULL;
}

bool isa_is_memory(const struct isa_insn *insn)
{
	return insn->form == ISA_LOAD || insn->form == ISA_STORE ||
	       insn->form == ISA_ATOMIC || insn->form == ISA_ATOMIC2;
}
