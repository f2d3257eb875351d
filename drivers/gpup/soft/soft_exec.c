// SPDX-License-Identifier: GPL-2.0-only
/*
 * Execution: the groups of a dispatch one after the other, the lanes of a group in
 * lockstep.
 *
 * An instruction is executed for all active lanes before the next one is looked at.
 * IF and LOOP put the lanes that do not take part aside, in a frame; ELSE, ENDIF and
 * ENDLOOP take them out again. A lane is in the active mask, or in exactly those
 * frames that will make it active again, or has ended. Where no lane is left,
 * execution goes on at the end of the block.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/cpufeature.h>
#include <asm/fpu/api.h>

#include "soft.h"
#include "soft_shader.h"

/* Work of an instruction, besides that of its lanes. */
#define INSN_COST	8

/* Lanes that the FPU works on before preemption is possible again. */
#define FPU_LANES	128

/**
 * soft_shader_create() - Allocate what executes programs
 *
 * May sleep.
 *
 * Return: The shader, or NULL.
 */
struct soft_shader *soft_shader_create(void)
{
	struct soft_shader *sh = vzalloc(sizeof(*sh));

	if (sh)
		sh->cpu_fma = boot_cpu_has(X86_FEATURE_FMA);
	return sh;
}

/**
 * soft_shader_destroy() - Free a shader
 * @sh: The shader or NULL. May sleep.
 */
void soft_shader_destroy(struct soft_shader *sh)
{
	vfree(sh);
}

/**
 * soft_shader_reset() - Forget what was left off
 * @sh: The shader.
 */
void soft_shader_reset(struct soft_shader *sh)
{
	sh->in_dispatch = false;
}

static u64 *row(struct soft_shader *sh, u8 reg)
{
	return sh->regs + reg * sh->lanes;
}

/* To be called whenever the active mask has changed. */
static void update_list(struct soft_shader *sh)
{
	u32 lane, i = 0;

	sh->count = bitmap_weight(sh->active, sh->lanes);
	if (sh->count == sh->lanes)
		return;
	for_each_set_bit(lane, sh->active, sh->lanes)
		sh->list[i++] = lane;
}

static const u16 *lane_list(const struct soft_shader *sh)
{
	return sh->count == sh->lanes ? NULL : sh->list;
}

/* The active lanes in which a condition is true. */
static void evaluate(struct soft_shader *sh, const struct soft_insn *insn, unsigned long *mask)
{
	const u64 *a = row(sh, insn->a);
	bool not = insn->flags & GPUP_SOFT_FLAG_NOT;
	const u16 *list = lane_list(sh);
	u32 i;

	bitmap_zero(mask, sh->lanes);
	for (i = 0; i < sh->count; i++) {
		u32 lane = list ? list[i] : i;

		if (!a[lane] != not)
			continue;
		__set_bit(lane, mask);
	}
}

static void flow_if(struct soft_shader *sh, const struct soft_insn *insn)
{
	struct soft_frame *frame = &sh->frames[sh->depth++];
	DECLARE_BITMAP(mask, GPUP_SOFT_MAX_LANES);

	evaluate(sh, insn, mask);
	frame->loop = false;
	bitmap_copy(frame->outer, sh->active, sh->lanes);
	bitmap_andnot(frame->waiting, sh->active, mask, sh->lanes);
	bitmap_copy(sh->active, mask, sh->lanes);
}

static void flow_loop(struct soft_shader *sh)
{
	struct soft_frame *frame = &sh->frames[sh->depth++];

	frame->loop = true;
	bitmap_copy(frame->outer, sh->active, sh->lanes);
	bitmap_zero(frame->waiting, sh->lanes);
}

static void flow_else(struct soft_shader *sh)
{
	struct soft_frame *frame = &sh->frames[sh->depth - 1];

	bitmap_copy(sh->active, frame->waiting, sh->lanes);
}

static void flow_endif(struct soft_shader *sh)
{
	bitmap_copy(sh->active, sh->frames[--sh->depth].outer, sh->lanes);
}

/* Returns whether the loop goes on. */
static bool flow_endloop(struct soft_shader *sh)
{
	struct soft_frame *frame = &sh->frames[sh->depth - 1];

	bitmap_or(sh->active, sh->active, frame->waiting, sh->lanes);
	bitmap_zero(frame->waiting, sh->lanes);
	if (!bitmap_empty(sh->active, sh->lanes))
		return true;
	bitmap_copy(sh->active, frame->outer, sh->lanes);
	sh->depth--;
	return false;
}

/* Some of the active lanes leave all blocks inside the innermost loop. */
static struct soft_frame *leave_loop(struct soft_shader *sh, const unsigned long *mask)
{
	struct soft_frame *frame = &sh->frames[sh->depth - 1];

	for (; !frame->loop; frame--)
		bitmap_andnot(frame->outer, frame->outer, mask, sh->lanes);
	bitmap_andnot(sh->active, sh->active, mask, sh->lanes);
	return frame;
}

static void flow_break(struct soft_shader *sh, const unsigned long *mask)
{
	leave_loop(sh, mask);
}

static void flow_continue(struct soft_shader *sh, const unsigned long *mask)
{
	struct soft_frame *frame = leave_loop(sh, mask);

	bitmap_or(frame->waiting, frame->waiting, mask, sh->lanes);
}

static void flow_exit(struct soft_shader *sh)
{
	u32 i;

	for (i = 0; i < sh->depth; i++)
		bitmap_andnot(sh->frames[i].outer, sh->frames[i].outer, sh->active, sh->lanes);
	bitmap_andnot(sh->alive, sh->alive, sh->active, sh->lanes);
	bitmap_zero(sh->active, sh->lanes);
}

/* Executes control flow; @pc is the index of the next instruction. */
static int flow(struct soft_shader *sh, const struct soft_insn *insn, u32 *pc)
{
	DECLARE_BITMAP(mask, GPUP_SOFT_MAX_LANES);

	switch (insn->op) {
	case GPUP_SOFT_OP_IF:
		flow_if(sh, insn);
		break;
	case GPUP_SOFT_OP_ELSE:
		flow_else(sh);
		break;
	case GPUP_SOFT_OP_ENDIF:
		flow_endif(sh);
		break;
	case GPUP_SOFT_OP_LOOP:
		flow_loop(sh);
		return 0;
	case GPUP_SOFT_OP_ENDLOOP:
		if (flow_endloop(sh))
			*pc = insn->imm;
		break;
	case GPUP_SOFT_OP_BREAK:
		bitmap_copy(mask, sh->active, sh->lanes);
		flow_break(sh, mask);
		break;
	case GPUP_SOFT_OP_BREAKIF:
		evaluate(sh, insn, mask);
		flow_break(sh, mask);
		break;
	case GPUP_SOFT_OP_CONTINUE:
		bitmap_copy(mask, sh->active, sh->lanes);
		flow_continue(sh, mask);
		break;
	case GPUP_SOFT_OP_CONTIF:
		evaluate(sh, insn, mask);
		flow_continue(sh, mask);
		break;
	case GPUP_SOFT_OP_EXIT:
		flow_exit(sh);
		break;
	case GPUP_SOFT_OP_BARRIER:
		/* Lockstep is all the synchronization there is to do. */
		return bitmap_equal(sh->active, sh->alive, sh->lanes) ? 0 : -EINVAL;
	default:
		return 0;
	}

	update_list(sh);
	if (!sh->count)
		*pc = insn->target;
	return 0;
}

/* The value of a special register that all lanes share. */
static u64 uniform_sreg(const struct soft_shader *sh, u32 sreg)
{
	const struct gpup_soft_cmd_dispatch *cmd = &sh->cmd;

	switch (sreg) {
	case GPUP_SOFT_SREG_GROUP_ID_X:
		return sh->group[0];
	case GPUP_SOFT_SREG_GROUP_ID_Y:
		return sh->group[1];
	case GPUP_SOFT_SREG_GROUP_ID_Z:
		return sh->group[2];
	case GPUP_SOFT_SREG_ARGS:
		return cmd->args;
	case GPUP_SOFT_SREG_GROUP_SIZE_X:
		return cmd->group[0];
	case GPUP_SOFT_SREG_GROUP_SIZE_Y:
		return cmd->group[1];
	case GPUP_SOFT_SREG_GROUP_SIZE_Z:
		return cmd->group[2];
	case GPUP_SOFT_SREG_ARGS_SIZE:
		return cmd->args_size;
	case GPUP_SOFT_SREG_GRID_SIZE_X:
		return cmd->grid[0];
	case GPUP_SOFT_SREG_GRID_SIZE_Y:
		return cmd->grid[1];
	case GPUP_SOFT_SREG_GRID_SIZE_Z:
		return cmd->grid[2];
	default:
		return cmd->local_size;
	}
}

static u64 lane_sreg(const struct soft_shader *sh, u32 sreg, u32 lane)
{
	const u32 *size = sh->cmd.group;
	u32 x = lane % size[0];
	u32 y = lane / size[0] % size[1];
	u32 z = lane / size[0] / size[1];

	switch (sreg) {
	case GPUP_SOFT_SREG_LOCAL_ID_X:
		return x;
	case GPUP_SOFT_SREG_LOCAL_ID_Y:
		return y;
	case GPUP_SOFT_SREG_LOCAL_ID_Z:
		return z;
	case GPUP_SOFT_SREG_GLOBAL_ID_X:
		return (u64)sh->group[0] * size[0] + x;
	case GPUP_SOFT_SREG_GLOBAL_ID_Y:
		return (u64)sh->group[1] * size[1] + y;
	case GPUP_SOFT_SREG_GLOBAL_ID_Z:
		return (u64)sh->group[2] * size[2] + z;
	default:
		return lane;
	}
}

static bool sreg_is_uniform(u32 sreg)
{
	return sreg >= GPUP_SOFT_SREG_GROUP_ID_X && sreg <= GPUP_SOFT_SREG_LOCAL_SIZE;
}

static u64 load_arg(const struct soft_shader *sh, const struct soft_insn *insn)
{
	const u8 *arg = sh->args + insn->imm;

	switch (insn->type) {
	case GPUP_SOFT_U8:
		return *arg;
	case GPUP_SOFT_U16:
		return *(const u16 *)arg;
	case GPUP_SOFT_U32:
		return *(const u32 *)arg;
	case GPUP_SOFT_S8:
		return (s64)*(const s8 *)arg;
	case GPUP_SOFT_S16:
		return (s64)*(const s16 *)arg;
	case GPUP_SOFT_S32:
		return (s64)*(const s32 *)arg;
	default:
		return *(const u64 *)arg;
	}
}

static void move(struct soft_shader *sh, const struct soft_insn *insn)
{
	bool per_lane = insn->op == GPUP_SOFT_OP_SREG && !sreg_is_uniform(insn->imm);
	const u16 *list = lane_list(sh);
	u64 *d = row(sh, insn->d);
	u64 value = 0;
	u32 i;

	if (insn->op == GPUP_SOFT_OP_LDARG)
		value = load_arg(sh, insn);
	else if (!per_lane)
		value = uniform_sreg(sh, insn->imm);

	for (i = 0; i < sh->count; i++) {
		u32 lane = list ? list[i] : i;

		d[lane] = per_lane ? lane_sreg(sh, insn->imm, lane) : value;
	}
}

/* In pieces, as nobody else gets the CPU while the FPU is in use. */
static void run_fpu(const struct soft_insn *insn, struct soft_vec *v)
{
	u32 left = v->count;

	while (left) {
		v->count = min(left, FPU_LANES);
		kernel_fpu_begin();
		soft_fpu(insn, v);
		kernel_fpu_end();

		left -= v->count;
		if (v->lanes) {
			v->lanes += v->count;
			continue;
		}
		v->d += v->count;
		v->a += v->count;
		v->b += v->count & v->b_mask;
		v->c += v->count;
	}
}

static int execute(struct soft_context *ctx, struct soft_shader *sh,
		   const struct soft_insn *insn, u32 *pc)
{
	u64 imm = insn->imm;
	struct soft_vec v;

	if (insn->unit == SOFT_UNIT_FLOW)
		return flow(sh, insn, pc);

	v.d = row(sh, insn->d);
	v.a = row(sh, insn->a);
	v.c = row(sh, insn->c);
	if (insn->flags & GPUP_SOFT_FLAG_IMM) {
		v.b = &imm;
		v.b_mask = 0;
	} else {
		v.b = row(sh, insn->b);
		v.b_mask = U32_MAX;
	}
	v.lanes = lane_list(sh);
	v.count = sh->count;
	v.cpu_fma = sh->cpu_fma;

	switch (insn->unit) {
	case SOFT_UNIT_MOVE:
		move(sh, insn);
		return 0;
	case SOFT_UNIT_ALU:
		soft_alu(insn, &v);
		return 0;
	case SOFT_UNIT_FPU:
		run_fpu(insn, &v);
		return 0;
	default:
		return soft_lsu(ctx, insn, &v);
	}
}

static int begin_group(struct soft_context *ctx, struct soft_shader *sh)
{
	int ret;

	/* What an earlier group has left, maybe of another job, is nobody's business. */
	ret = soft_spend(ctx, sh->num_regs * sh->lanes / 4 + sh->cmd.local_size / 64);
	if (ret)
		return ret;
	memset(sh->regs, 0, sizeof(*sh->regs) * sh->num_regs * sh->lanes);
	memset(sh->local, 0, sh->cmd.local_size);

	bitmap_zero(sh->active, GPUP_SOFT_MAX_LANES);
	bitmap_set(sh->active, 0, sh->lanes);
	bitmap_copy(sh->alive, sh->active, GPUP_SOFT_MAX_LANES);
	sh->depth = 0;
	sh->pc = 0;
	sh->in_group = true;
	update_list(sh);
	return 0;
}

/* From where it was left off, if it was. */
static int run_group(struct soft_context *ctx, struct soft_shader *sh)
{
	int ret;

	if (!sh->in_group) {
		ret = begin_group(ctx, sh);
		if (ret)
			return ret;
	}
	while (sh->pc < sh->num_insns) {
		const struct soft_insn *insn = &sh->insns[sh->pc];

		ret = soft_spend(ctx, INSN_COST + sh->count * insn->cost);
		if (ret)
			return ret;
		sh->pc++;
		ret = execute(ctx, sh, insn, &sh->pc);
		if (ret)
			return ret;
	}
	sh->in_group = false;
	return 0;
}

static int check_dispatch(const struct gpup_soft_cmd_dispatch *cmd)
{
	if (cmd->pad || cmd->program % sizeof(u64) || cmd->program_size % sizeof(u64) ||
	    !cmd->program_size || cmd->program_size / sizeof(u64) > GPUP_SOFT_MAX_INSNS)
		return -EINVAL;
	if (cmd->local_size % sizeof(u64) || cmd->local_size > GPUP_SOFT_MAX_LOCAL_SIZE)
		return -EINVAL;
	if (cmd->args_size % sizeof(u64) || cmd->args_size > GPUP_SOFT_MAX_ARGS_SIZE ||
	    (cmd->args_size && cmd->args % sizeof(u64)))
		return -EINVAL;
	if (!cmd->grid[0] || !cmd->grid[1] || !cmd->grid[2] ||
	    !cmd->group[0] || !cmd->group[1] || !cmd->group[2])
		return -EINVAL;
	if (cmd->group[0] > GPUP_SOFT_MAX_LANES ||
	    cmd->group[1] > GPUP_SOFT_MAX_LANES / cmd->group[0] ||
	    cmd->group[2] > GPUP_SOFT_MAX_LANES / (cmd->group[0] * cmd->group[1]))
		return -EINVAL;
	return 0;
}

static bool next_group(struct soft_shader *sh)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (++sh->group[i] < sh->cmd.grid[i])
			return true;
		sh->group[i] = 0;
	}
	return false;
}

static int begin_dispatch(struct soft_context *ctx, struct soft_shader *sh,
			  const struct gpup_soft_cmd_dispatch *cmd)
{
	int ret;

	ret = check_dispatch(cmd);
	if (ret)
		return ret;

	sh->cmd = *cmd;
	sh->lanes = cmd->group[0] * cmd->group[1] * cmd->group[2];
	sh->num_insns = cmd->program_size / sizeof(u64);
	ret = soft_spend(ctx, sh->num_insns * INSN_COST);
	if (ret)
		return ret;
	ret = soft_read(ctx, sh->words, cmd->program, cmd->program_size);
	if (ret)
		return ret;
	ret = soft_read(ctx, sh->args, cmd->args, cmd->args_size);
	if (ret)
		return ret;
	ret = soft_decode(sh);
	if (ret)
		return ret;
	memset(sh->group, 0, sizeof(sh->group));
	sh->in_group = false;
	sh->in_dispatch = true;
	return 0;
}

/**
 * soft_dispatch() - Run a program over a grid
 * @ctx: The context, inside a section, with a shader.
 * @cmd: The command, in the engine's own memory; the same as before after -EAGAIN.
 *
 * May sleep.
 *
 * Return: 0, -EINVAL for a malformed command or program, -EFAULT with the fault's address
 * set, -ECANCELED if it was stopped, -EAGAIN if it was left off.
 */
int soft_dispatch(struct soft_context *ctx, const struct gpup_soft_cmd_dispatch *cmd)
{
	struct soft_shader *sh = ctx->state->shader;
	int ret;

	if (!sh->in_dispatch) {
		ret = begin_dispatch(ctx, sh, cmd);
		if (ret)
			return ret;
	}
	do {
		ret = run_group(ctx, sh);
	} while (!ret && next_group(sh));
	if (!ret)
		sh->in_dispatch = false;
	return ret;
}
