// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoding: a program is checked and taken apart once for a dispatch.
 *
 * Whatever passes can be executed without further checks, except for addresses: register
 * numbers are in range, blocks are nested, and each instruction that may leave no lane
 * active knows where the block ends that it is in.
 */
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "soft_shader.h"

/* Fields that an instruction has. */
#define F_D		BIT(0)
#define F_A		BIT(1)
#define F_B		BIT(2)
#define F_C		BIT(3)
#define F_IMM16		BIT(4)
#define F_IMM32		BIT(5)
/* Register a, or imm32 in its place with the flag IMM. */
#define F_A_OR_IMM	BIT(6)

/* Types that an instruction takes, one bit each. */
#define T_NONE		BIT(0)
#define T_INT		(BIT(GPUP_SOFT_I32) | BIT(GPUP_SOFT_I64))
#define T_FLOAT		BIT(GPUP_SOFT_F32)
#define T_ANY		(T_INT | T_FLOAT)
#define T_STORE		(BIT(GPUP_SOFT_U8) | BIT(GPUP_SOFT_U16) | BIT(GPUP_SOFT_U32) | \
			 BIT(GPUP_SOFT_U64))
#define T_LOAD		(T_STORE | BIT(GPUP_SOFT_S8) | BIT(GPUP_SOFT_S16) | BIT(GPUP_SOFT_S32))

#define NO_INSN		U32_MAX

/**
 * struct op_desc - What an opcode may look like
 */
struct op_desc {
	/** @types: T_*; zero for an opcode that does not exist. */
	u8 types;
	/** @fields: F_*. */
	u8 fields;
	/** @flags: GPUP_SOFT_FLAG_* that are allowed. */
	u8 flags;
	/** @unit: One of &enum soft_unit. */
	u8 unit;
	/** @cost: Units of work for each lane. */
	u8 cost;
};

#define FLOW(_fields, _flags) \
	{ .types = T_NONE, .fields = (_fields), .flags = (_flags), \
	  .unit = SOFT_UNIT_FLOW, .cost = 1 }
#define MOVE(_types, _fields) \
	{ .types = (_types), .fields = (_fields), .unit = SOFT_UNIT_MOVE, .cost = 1 }
#define UNARY(_types) \
	{ .types = (_types), .fields = F_D | F_A, .unit = SOFT_UNIT_ALU, .cost = 1 }
#define BINARY(_types, _cost) \
	{ .types = (_types), .fields = F_D | F_A | F_B, .flags = GPUP_SOFT_FLAG_IMM, \
	  .unit = SOFT_UNIT_ALU, .cost = (_cost) }
#define TERNARY(_types) \
	{ .types = (_types), .fields = F_D | F_A | F_B | F_C, .unit = SOFT_UNIT_ALU, .cost = 1 }
#define FLOAT(_types, _cost) \
	{ .types = (_types), .fields = F_D | F_A, .unit = SOFT_UNIT_FPU, .cost = (_cost) }
#define MEM(_types) \
	{ .types = (_types), .fields = F_D | F_A | F_IMM32, .flags = GPUP_SOFT_FLAG_LOCAL, \
	  .unit = SOFT_UNIT_LSU, .cost = 2 }
#define ATOMIC(_fields) \
	{ .types = T_INT, .fields = F_D | F_A | F_B | F_IMM16 | (_fields), \
	  .flags = GPUP_SOFT_FLAG_LOCAL, .unit = SOFT_UNIT_LSU, .cost = 8 }

static const struct op_desc op_descs[256] = {
	[GPUP_SOFT_OP_NOP] = FLOW(0, 0),
	[GPUP_SOFT_OP_EXIT] = FLOW(0, 0),
	[GPUP_SOFT_OP_BARRIER] = FLOW(0, 0),
	[GPUP_SOFT_OP_IF] = FLOW(F_A, GPUP_SOFT_FLAG_NOT),
	[GPUP_SOFT_OP_ELSE] = FLOW(0, 0),
	[GPUP_SOFT_OP_ENDIF] = FLOW(0, 0),
	[GPUP_SOFT_OP_LOOP] = FLOW(0, 0),
	[GPUP_SOFT_OP_ENDLOOP] = FLOW(0, 0),
	[GPUP_SOFT_OP_BREAK] = FLOW(0, 0),
	[GPUP_SOFT_OP_BREAKIF] = FLOW(F_A, GPUP_SOFT_FLAG_NOT),
	[GPUP_SOFT_OP_CONTINUE] = FLOW(0, 0),
	[GPUP_SOFT_OP_CONTIF] = FLOW(F_A, GPUP_SOFT_FLAG_NOT),

	[GPUP_SOFT_OP_MOV] = {
		.types = T_NONE, .fields = F_D | F_A_OR_IMM, .flags = GPUP_SOFT_FLAG_IMM,
		.unit = SOFT_UNIT_ALU, .cost = 1
	},
	[GPUP_SOFT_OP_MOVHI] = {
		.types = T_NONE, .fields = F_D | F_A | F_IMM32,
		.unit = SOFT_UNIT_ALU, .cost = 1
	},
	[GPUP_SOFT_OP_SREG] = MOVE(T_NONE, F_D | F_IMM32),
	[GPUP_SOFT_OP_LDARG] = MOVE(T_LOAD, F_D | F_IMM32),
	[GPUP_SOFT_OP_SELECT] = TERNARY(T_NONE),
	[GPUP_SOFT_OP_EXT] = UNARY(T_LOAD),

	[GPUP_SOFT_OP_ADD] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_SUB] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_MUL] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_MULHI] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_UMULHI] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_DIV] = BINARY(T_ANY, 8),
	[GPUP_SOFT_OP_UDIV] = BINARY(T_INT, 8),
	[GPUP_SOFT_OP_REM] = BINARY(T_INT, 8),
	[GPUP_SOFT_OP_UREM] = BINARY(T_INT, 8),
	[GPUP_SOFT_OP_MIN] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_MAX] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_UMIN] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_UMAX] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_MAD] = TERNARY(T_ANY),
	[GPUP_SOFT_OP_NEG] = UNARY(T_ANY),
	[GPUP_SOFT_OP_ABS] = UNARY(T_ANY),
	[GPUP_SOFT_OP_AND] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_OR] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_XOR] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_NOT] = UNARY(T_INT),
	[GPUP_SOFT_OP_SHL] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_SHR] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_SAR] = BINARY(T_INT, 1),

	[GPUP_SOFT_OP_CEQ] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_CNE] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_CLT] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_CLE] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_CGT] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_CGE] = BINARY(T_ANY, 1),
	[GPUP_SOFT_OP_CULT] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_CULE] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_CUGT] = BINARY(T_INT, 1),
	[GPUP_SOFT_OP_CUGE] = BINARY(T_INT, 1),

	[GPUP_SOFT_OP_SQRT] = FLOAT(T_FLOAT, 8),
	[GPUP_SOFT_OP_RSQRT] = FLOAT(T_FLOAT, 16),
	[GPUP_SOFT_OP_RCP] = FLOAT(T_FLOAT, 8),
	[GPUP_SOFT_OP_FLOOR] = FLOAT(T_FLOAT, 2),
	[GPUP_SOFT_OP_CEIL] = FLOAT(T_FLOAT, 2),
	[GPUP_SOFT_OP_TRUNC] = FLOAT(T_FLOAT, 2),
	[GPUP_SOFT_OP_ROUND] = FLOAT(T_FLOAT, 2),
	[GPUP_SOFT_OP_EXP2] = FLOAT(T_FLOAT, 24),
	[GPUP_SOFT_OP_LOG2] = FLOAT(T_FLOAT, 24),
	[GPUP_SOFT_OP_SIN] = FLOAT(T_FLOAT, 32),
	[GPUP_SOFT_OP_COS] = FLOAT(T_FLOAT, 32),

	[GPUP_SOFT_OP_F2I] = FLOAT(T_INT, 2),
	[GPUP_SOFT_OP_F2U] = FLOAT(T_INT, 2),
	[GPUP_SOFT_OP_I2F] = FLOAT(T_INT, 2),
	[GPUP_SOFT_OP_U2F] = FLOAT(T_INT, 2),

	[GPUP_SOFT_OP_LD] = MEM(T_LOAD),
	[GPUP_SOFT_OP_ST] = MEM(T_STORE),
	[GPUP_SOFT_OP_ATOM_ADD] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_SUB] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_AND] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_OR] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_XOR] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_MIN] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_MAX] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_UMIN] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_UMAX] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_XCHG] = ATOMIC(0),
	[GPUP_SOFT_OP_ATOM_CMPXCHG] = ATOMIC(F_C),
};

/**
 * struct block - An IF or a LOOP that is open
 */
struct block {
	/** @loop: It is a LOOP. */
	bool loop;
	/** @has_else: Its ELSE was seen. */
	bool has_else;
	/** @start: Index of the first instruction inside. */
	u32 start;
	/**
	 * @pending: Last of the instructions that wait to learn where the block ends;
	 * each one's target is the index of the one before, or NO_INSN.
	 */
	u32 pending;
};

/**
 * struct decoder - State of decoding
 */
struct decoder {
	/** @sh: What is decoded for. */
	struct soft_shader *sh;
	/** @depth: Blocks that are open. */
	u32 depth;
	/** @loops: How many of them are LOOPs. */
	u32 loops;
	/** @blocks: The program itself, then the blocks that are open. */
	struct block blocks[1 + GPUP_SOFT_MAX_DEPTH];
};

/* A register number, or a field that must be zero as it is not used. */
static bool decode_reg(struct soft_shader *sh, u8 *reg, u8 value, bool used)
{
	if (!used)
		return !value;
	if (value >= GPUP_SOFT_NUM_REGS)
		return false;
	sh->num_regs = max_t(u32, sh->num_regs, value + 1);
	*reg = value;
	return true;
}

static bool decode_operands(struct soft_shader *sh, struct soft_insn *insn, u64 word, u8 fields)
{
	u8 a = word >> GPUP_SOFT_A_SHIFT;
	u8 d = word >> GPUP_SOFT_D_SHIFT;
	u16 imm16;

	if (insn->flags & GPUP_SOFT_FLAG_IMM)
		fields = (fields & ~(F_B | F_A_OR_IMM)) | F_IMM32;
	else if (fields & F_A_OR_IMM)
		fields |= F_A;

	if (!decode_reg(sh, &insn->d, d, fields & F_D) ||
	    !decode_reg(sh, &insn->a, a, fields & F_A))
		return false;

	if (fields & F_IMM32) {
		insn->imm = (s32)(word >> GPUP_SOFT_IMM32_SHIFT);
		return true;
	}

	imm16 = word >> GPUP_SOFT_IMM16_SHIFT;
	if (imm16 && !(fields & F_IMM16))
		return false;
	insn->imm = (s16)imm16;
	return decode_reg(sh, &insn->b, word >> GPUP_SOFT_B_SHIFT, fields & F_B) &&
	       decode_reg(sh, &insn->c, word >> GPUP_SOFT_C_SHIFT, fields & F_C);
}

/* What only the dispatch can tell. */
static bool check_move(const struct soft_shader *sh, const struct soft_insn *insn)
{
	u32 size;

	if (insn->op == GPUP_SOFT_OP_SREG)
		return insn->imm >= 0 && insn->imm <= GPUP_SOFT_SREG_GLOBAL_ID_Z;

	size = 1 << (insn->type & 3);
	return insn->imm >= 0 && insn->imm < sh->cmd.args_size && insn->imm % size == 0;
}

static bool decode_one(struct soft_shader *sh, struct soft_insn *insn, u64 word)
{
	const struct op_desc *desc = &op_descs[word & 0xff];

	*insn = (struct soft_insn) {
		.op = word & 0xff,
		.type = word >> GPUP_SOFT_TYPE_SHIFT & GPUP_SOFT_TYPE_MASK,
		.flags = word >> GPUP_SOFT_FLAGS_SHIFT & GPUP_SOFT_FLAGS_MASK,
		.unit = desc->unit,
		.cost = desc->cost,
	};
	if (!(desc->types & BIT(insn->type)) || insn->flags & ~desc->flags ||
	    !decode_operands(sh, insn, word, desc->fields))
		return false;

	if (insn->unit == SOFT_UNIT_MOVE)
		return check_move(sh, insn);
	/* The sign of a float is a bit like any other. */
	if (desc->types == T_ANY && insn->type == GPUP_SOFT_F32 &&
	    insn->op != GPUP_SOFT_OP_NEG && insn->op != GPUP_SOFT_OP_ABS)
		insn->unit = SOFT_UNIT_FPU;
	return true;
}

static void wait_for_end(struct decoder *dec, u32 index)
{
	struct block *block = &dec->blocks[dec->depth];

	dec->sh->insns[index].target = block->pending;
	block->pending = index;
}

static void end_is_at(struct decoder *dec, u32 index)
{
	struct block *block = &dec->blocks[dec->depth];
	u32 i = block->pending;

	while (i != NO_INSN) {
		u32 next = dec->sh->insns[i].target;

		dec->sh->insns[i].target = index;
		i = next;
	}
	block->pending = NO_INSN;
}

static bool open_block(struct decoder *dec, u32 index, bool loop)
{
	if (dec->depth == GPUP_SOFT_MAX_DEPTH)
		return false;
	dec->depth++;
	dec->loops += loop;
	dec->blocks[dec->depth] = (struct block) {
		.loop = loop,
		.start = index + 1,
		.pending = NO_INSN,
	};
	return true;
}

static bool close_block(struct decoder *dec, u32 index, bool loop)
{
	struct block *block = &dec->blocks[dec->depth];

	if (!dec->depth || block->loop != loop)
		return false;
	end_is_at(dec, index);
	dec->sh->insns[index].imm = block->start;
	dec->depth--;
	dec->loops -= loop;
	wait_for_end(dec, index);
	return true;
}

static bool turn_block(struct decoder *dec, u32 index)
{
	struct block *block = &dec->blocks[dec->depth];

	if (!dec->depth || block->loop || block->has_else)
		return false;
	block->has_else = true;
	end_is_at(dec, index);
	wait_for_end(dec, index);
	return true;
}

static bool decode_flow(struct decoder *dec, u32 index)
{
	switch (dec->sh->insns[index].op) {
	case GPUP_SOFT_OP_IF:
		if (!open_block(dec, index, false))
			return false;
		wait_for_end(dec, index);
		return true;
	case GPUP_SOFT_OP_ELSE:
		return turn_block(dec, index);
	case GPUP_SOFT_OP_ENDIF:
		return close_block(dec, index, false);
	case GPUP_SOFT_OP_LOOP:
		return open_block(dec, index, true);
	case GPUP_SOFT_OP_ENDLOOP:
		return close_block(dec, index, true);
	case GPUP_SOFT_OP_BREAK:
	case GPUP_SOFT_OP_BREAKIF:
	case GPUP_SOFT_OP_CONTINUE:
	case GPUP_SOFT_OP_CONTIF:
		if (!dec->loops)
			return false;
		fallthrough;
	case GPUP_SOFT_OP_EXIT:
		wait_for_end(dec, index);
		return true;
	default:
		return true;
	}
}

/**
 * soft_decode() - Check a program and take it apart
 * @sh: The shader, with the dispatch, the program's words and their number set.
 *
 * Sets the instructions, and the number of registers that they use.
 *
 * Return: 0, or -EINVAL for a program that is not well-formed.
 */
int soft_decode(struct soft_shader *sh)
{
	struct decoder dec = {
		.sh = sh,
		.blocks[0].pending = NO_INSN,
	};
	u32 i;

	sh->num_regs = 0;
	for (i = 0; i < sh->num_insns; i++) {
		if (!decode_one(sh, &sh->insns[i], sh->words[i]))
			return -EINVAL;
		if (sh->insns[i].unit == SOFT_UNIT_FLOW && !decode_flow(&dec, i))
			return -EINVAL;
	}
	if (dec.depth)
		return -EINVAL;
	end_is_at(&dec, sh->num_insns);
	return 0;
}
