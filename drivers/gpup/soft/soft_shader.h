/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gpup_soft: what executes programs.
 */
#ifndef _GPUP_SOFT_SHADER_H_
#define _GPUP_SOFT_SHADER_H_

#include <linux/bitops.h>
#include <linux/types.h>

#include <drm/gpup_soft.h>

struct soft_context;

/**
 * enum soft_unit - What executes an instruction
 * @SOFT_UNIT_FLOW: Control flow, soft_exec.c.
 * @SOFT_UNIT_MOVE: Moves that need to know the dispatch, soft_exec.c.
 * @SOFT_UNIT_ALU: Integers, soft_alu.c.
 * @SOFT_UNIT_FPU: Floating point, soft_fpu.c.
 * @SOFT_UNIT_LSU: Memory, soft_lsu.c.
 */
enum soft_unit {
	SOFT_UNIT_FLOW,
	SOFT_UNIT_MOVE,
	SOFT_UNIT_ALU,
	SOFT_UNIT_FPU,
	SOFT_UNIT_LSU,
};

/**
 * struct soft_insn - A decoded instruction
 */
struct soft_insn {
	/** @imm: imm32 or imm16, sign-extended; of ENDLOOP the index after its LOOP. */
	s64 imm;
	/** @target: Where to go on if no lane is left: the end of the block, or the program's. */
	u32 target;
	/** @op: One of &enum gpup_soft_opcode. */
	u8 op;
	/** @type: One of &enum gpup_soft_type or &enum gpup_soft_width. */
	u8 type;
	/** @flags: GPUP_SOFT_FLAG_*. */
	u8 flags;
	/** @unit: One of &enum soft_unit. */
	u8 unit;
	/** @d: Register of the result, below GPUP_SOFT_NUM_REGS; so are the others. */
	u8 d;
	/** @a: First operand. */
	u8 a;
	/** @b: Second operand. */
	u8 b;
	/** @c: Third operand. */
	u8 c;
	/** @cost: Units of work for each lane. */
	u8 cost;
};

/**
 * struct soft_vec - One instruction over a row of lanes
 *
 * Registers are stored as rows: one register of all lanes lies in one piece.
 */
struct soft_vec {
	/** @d: Row of the result. */
	u64 *d;
	/** @a: Row of the first operand. */
	const u64 *a;
	/** @b: Row of the second operand, or one value. */
	const u64 *b;
	/** @c: Row of the third operand. */
	const u64 *c;
	/** @lanes: The lanes to work on; NULL for all. */
	const u16 *lanes;
	/** @count: How many lanes that are. */
	u32 count;
	/** @b_mask: Applied to the lane to find @b's entry: all ones, or zero for one value. */
	u32 b_mask;
	/** @cpu_fma: See &soft_shader.cpu_fma. */
	bool cpu_fma;
};

/**
 * struct soft_frame - An IF or a LOOP that execution is inside of
 */
struct soft_frame {
	/** @outer: Lanes that go on after the end of the block. */
	DECLARE_BITMAP(outer, GPUP_SOFT_MAX_LANES);
	/** @waiting: Lanes that wait for the ELSE of an IF, or the ENDLOOP of a LOOP. */
	DECLARE_BITMAP(waiting, GPUP_SOFT_MAX_LANES);
	/** @loop: It is a LOOP. */
	bool loop;
};

/**
 * struct soft_shader - What executes the programs of an engine
 */
struct soft_shader {
	/** @cmd: The dispatch. */
	struct gpup_soft_cmd_dispatch cmd;
	/** @lanes: Lanes of a group. */
	u32 lanes;
	/** @num_insns: Instructions of the program. */
	u32 num_insns;
	/** @num_regs: Registers that the program names: 0 to this minus one. */
	u32 num_regs;
	/** @cpu_fma: The CPU has fused multiply-add. The result is the same without. */
	bool cpu_fma;
	/** @in_dispatch: A dispatch is at work. */
	bool in_dispatch;
	/** @in_group: So is a group of it. */
	bool in_group;
	/** @pc: Index of the instruction that is next. */
	u32 pc;
	/** @depth: Frames in use. */
	u32 depth;
	/** @group: Position of the group in the grid. */
	u32 group[3];
	/** @count: Lanes that are active. */
	u32 count;
	/** @active: The lanes that execute. */
	DECLARE_BITMAP(active, GPUP_SOFT_MAX_LANES);
	/** @alive: The lanes that have not ended. */
	DECLARE_BITMAP(alive, GPUP_SOFT_MAX_LANES);
	/** @list: The active lanes, one by one, unless all are. */
	u16 list[GPUP_SOFT_MAX_LANES];
	/** @frames: The blocks that execution is inside of. */
	struct soft_frame frames[GPUP_SOFT_MAX_DEPTH];
	/** @args: The argument buffer. */
	u8 args[GPUP_SOFT_MAX_ARGS_SIZE] __aligned(8);
	/** @words: The program, as it was copied. */
	u64 words[GPUP_SOFT_MAX_INSNS];
	/** @insns: The program, decoded. */
	struct soft_insn insns[GPUP_SOFT_MAX_INSNS];
	/** @local: Local memory. */
	u8 local[GPUP_SOFT_MAX_LOCAL_SIZE] __aligned(8);
	/** @regs: Registers, a row of @lanes for each. */
	u64 regs[GPUP_SOFT_NUM_REGS * GPUP_SOFT_MAX_LANES];
};

/* soft_exec.c */
struct soft_shader *soft_shader_create(void);
void soft_shader_destroy(struct soft_shader *sh);
void soft_shader_reset(struct soft_shader *sh);
int soft_dispatch(struct soft_context *ctx, const struct gpup_soft_cmd_dispatch *cmd);

/* soft_decode.c */
int soft_decode(struct soft_shader *sh);

/* soft_alu.c */
void soft_alu(const struct soft_insn *insn, const struct soft_vec *v);

/* soft_fpu.c */
void soft_fpu(const struct soft_insn *insn, const struct soft_vec *v);

/* soft_lsu.c */
int soft_lsu(struct soft_context *ctx, const struct soft_insn *insn, const struct soft_vec *v);

#endif /* _GPUP_SOFT_SHADER_H_ */
